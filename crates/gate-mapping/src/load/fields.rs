//! The fields of a mapping, the items they may be read from, and what is ignored.

use super::reader::{Reader, suggestion};
use crate::check::{Cursor, Shape};
use crate::mapping::Parts;
use crate::path::{Path, Root};
use crate::rule::{Condition, Field, Place};
use crate::target::{PERSON, Takes, Target, required, targets};
use crate::tree::{Each, SLOTS_MAX, Tree};
use gate_codec::Kind;
use gate_located::{Node, Value};
use jiff::tz::TimeZoneDatabase;

/// Reads the parts of a mapping that say where values come from.
pub(super) struct Loader<'r, 'f, 's> {
    pub(super) reader: &'r mut Reader<'f>,
    pub(super) kind: Kind,
    pub(super) zones: &'r TimeZoneDatabase,
    root: Cursor<'s>,
    /// The items' schema, when there is an `each`.
    item: Option<(Path, Cursor<'s>)>,
    tree: Tree,
    item_tree: Tree,
    key_tree: Tree,
    headers: Vec<(Box<str>, usize)>,
    key_slot: Option<usize>,
    n_slots: usize,
    n_item_slots: usize,
    /// Every path that has a slot.
    paths: Vec<(Path, usize)>,
    fields: Vec<Field>,
    ignore: Vec<Vec<Condition>>,
}

impl<'r, 'f, 's> Loader<'r, 'f, 's> {
    pub(super) fn new(
        reader: &'r mut Reader<'f>,
        kind: Kind,
        root: Cursor<'s>,
        zones: &'r TimeZoneDatabase,
    ) -> Self {
        Self {
            reader,
            kind,
            zones,
            root,
            item: None,
            tree: Tree::default(),
            item_tree: Tree::default(),
            key_tree: Tree::default(),
            headers: Vec::new(),
            key_slot: None,
            n_slots: 0,
            n_item_slots: 0,
            paths: Vec::new(),
            fields: Vec::new(),
            ignore: Vec::new(),
        }
    }

    pub(super) fn each(&mut self, node: &Node) {
        if self.kind == Kind::OutboundMessage {
            let reason = "a message has one recipient: it is decided as a whole, and yields exactly one record";
            self.reader.problem(node.place, reason, "write one message for each recipient");
            return;
        }
        let Some(text) = self.reader.text(node, "`each`") else { return };
        let path = match Path::parse(text) {
            Ok(path) if path.root == Root::Record => path,
            Ok(_) => {
                self.reader.problem(
                    node.place,
                    "`each` must be a list of the record",
                    "begin with `$`",
                );
                return;
            }
            Err(reason) => {
                self.reader.problem(node.place, format!("`{text}` {reason}"), "write `$.list`");
                return;
            }
        };
        let Some(at) = self.walk(node, &path) else { return };
        match at.item() {
            Some(item) => self.item = Some((path, item)),
            None => {
                let reason = format!("`{text}` is {}, which has no items", at.shape().name());
                self.reader.problem(node.place, reason, "name a list or an object");
            }
        }
    }

    pub(super) fn fields(&mut self, node: &Node) {
        let targets = targets(self.kind);
        let Value::Map(entries) = &node.value else {
            self.reader.problem(
                node.place,
                "`fields` must be a mapping",
                "write `event_id: $.id` lines",
            );
            return;
        };
        for (key, value) in entries {
            let found = targets.iter().position(|target| target.name == key.name);
            let Some((index, target)) = found.and_then(|at| Some((at, targets.get(at)?))) else {
                let fix = suggestion(&key.name, targets.iter().map(|target| target.name));
                self.reader.problem(key.place, format!("we have no field `{}`", key.name), fix);
                continue;
            };
            if let Some(rule) = self.rule(value, target) {
                if matches!(target.takes, Takes::Symbol(_)) && !rule.is_closed() {
                    let reason = format!(
                        "`{}` takes only values of ours, and this may be anything",
                        target.name
                    );
                    let fix = "add `values: {THEIRS: ours}`, or `values: ours` when the record has our names";
                    self.reader.problem(value.place, reason, fix);
                }
                self.fields.push(Field { index, name: target.name, takes: target.takes, rule });
            }
        }
        // the action decides what the instants of a change mean
        self.fields.sort_by_key(|field| field.index);
        for group in required(self.kind) {
            let is_there = entries.iter().any(|(key, _)| group.contains(&key.name.as_str()));
            if !is_there {
                let names = group.join("` or `");
                let fix = format!("add `{}:` to `fields`", group.first().unwrap_or(&""));
                self.reader.problem(
                    node.place,
                    format!("nothing gives `{names}`, which is required"),
                    fix,
                );
            }
        }
    }

    pub(super) fn ignore(&mut self, node: &Node) {
        if self.kind == Kind::OutboundMessage {
            let reason = "no message is ignored: each yields exactly one record";
            self.reader.problem(node.place, reason, "keep other records out of this topic");
            return;
        }
        for group in self.reader.items(node) {
            if let Some(conditions) = self.conditions(group) {
                if !conditions.iter().any(|it| matches!(it.test, crate::rule::Test::OneOf(_))) {
                    let reason = "would ignore records by what they do not say";
                    let fix = "name what is ignored: `{path: $.type, in: [contact.created]}`";
                    self.reader.problem(group.place, reason, fix);
                }
                self.ignore.push(conditions);
            }
        }
    }

    /// Where a path leads in the schema; a problem when it leads nowhere.
    pub(super) fn walk(&mut self, node: &Node, path: &Path) -> Option<Cursor<'s>> {
        let from = match (path.root, &self.item) {
            (Root::Record, _) => self.root.clone(),
            (Root::Key, _) => Cursor::Any,
            (Root::Item, Some((_, item))) => item.clone(),
            (Root::Item, None) => {
                let fix = "add `each: $.list`, or begin with `$`";
                self.reader.problem(
                    node.place,
                    "`@` is the item of `each`, which is not there",
                    fix,
                );
                return None;
            }
        };
        match from.walk(path) {
            Ok(at) => Some(at),
            Err(crate::check::Lost::Unknown { name, known }) => {
                let fix = suggestion(&name, known.iter().map(String::as_str));
                self.reader.problem(
                    node.place,
                    format!("`{path}`: the schema has no `{name}`"),
                    fix,
                );
                None
            }
            Err(crate::check::Lost::Not { step, shape }) => {
                let reason =
                    format!("`{path}`: there is {} where `{step}` is looked for", shape.name());
                self.reader.problem(node.place, reason, "correct the path");
                None
            }
        }
    }

    /// The slot of a path.
    pub(super) fn place(
        &mut self,
        node: &Node,
        path: &Path,
        target: Option<&Target>,
        shape: &Shape,
    ) -> Option<Place> {
        let person = target.map(|it| it.name).filter(|name| PERSON.contains(name));
        let (tree, n_slots) = match path.root {
            Root::Record => (&mut self.tree, &mut self.n_slots),
            Root::Key => (&mut self.key_tree, &mut self.n_slots),
            Root::Item => (&mut self.item_tree, &mut self.n_item_slots),
        };
        let leaf = tree.place(path, person);
        let slot = *leaf.slot.get_or_insert_with(|| {
            *n_slots += 1;
            *n_slots - 1
        });
        if let Shape::Symbols { names: symbols, .. } = shape {
            leaf.symbols = symbols.iter().map(|symbol| symbol.as_str().into()).collect();
        }
        if !self.paths.contains(&(path.clone(), slot)) {
            self.paths.push((path.clone(), slot));
        }
        self.bounded(node)?;
        Some(match path.root {
            Root::Record | Root::Key => Place::Record(slot),
            Root::Item => Place::Item(slot),
        })
    }

    pub(super) fn header(&mut self, node: &Node, name: &str) -> Option<Place> {
        if name.is_empty() {
            self.reader.problem(node.place, "`header:` has no name", "write `header:NAME`");
            return None;
        }
        let known = self.headers.iter().find(|(known, _)| **known == *name).map(|(_, slot)| *slot);
        let slot = known.unwrap_or_else(|| {
            self.n_slots += 1;
            self.headers.push((name.into(), self.n_slots - 1));
            self.n_slots - 1
        });
        self.bounded(node)?;
        Some(Place::Record(slot))
    }

    pub(super) fn key(&mut self, node: &Node) -> Option<Place> {
        let slot = *self.key_slot.get_or_insert_with(|| {
            self.n_slots += 1;
            self.n_slots - 1
        });
        self.bounded(node)?;
        Some(Place::Record(slot))
    }

    pub(super) fn has_item(&self) -> bool {
        self.item.is_some()
    }

    fn bounded(&mut self, node: &Node) -> Option<()> {
        if self.n_slots.max(self.n_item_slots) <= SLOTS_MAX {
            return Some(());
        }
        let reason = format!("the mapping looks at more than {SLOTS_MAX} values");
        self.reader.problem(node.place, reason, "take out what the gate does not judge by");
        None
    }

    /// Everything compiled, if nothing is wrong.
    pub(super) fn finish(mut self, node: &Node) -> Option<Parts> {
        if !self.reader.is_sound() {
            return None;
        }
        if let Some((path, _)) = &self.item {
            let place = self.tree.place(path, None);
            if place.each.is_some() || !place.items.is_empty() || !place.names.is_empty() {
                let fix = "name the values of an item with `@`";
                self.reader.problem(node.place, "a path goes into the list of `each`", fix);
                return None;
            }
            place.each = Some(Box::new(Each { item: self.item_tree.clone() }));
        }
        let who: Vec<Field> = self
            .fields
            .iter()
            .filter(|field| ["contact_id", "address", "region", "channel"].contains(&field.name))
            .cloned()
            .collect();
        let (who_tree, who_key_tree) = self.who_trees(&who);
        Some(Parts {
            tree: self.tree,
            key_tree: self.key_tree,
            who_tree,
            who_key_tree,
            headers: self.headers,
            key_slot: self.key_slot,
            fields: self.fields,
            who,
            has_each: self.item.is_some(),
            ignore: self.ignore,
            paths: self.paths.into_iter().map(|(path, _)| path).collect(),
            each: self.item.map(|(path, _)| path),
        })
    }

    /// The trees of what says whose record it is, and of nothing else.
    fn who_trees(&self, who: &[Field]) -> (Tree, Tree) {
        let mut places = Vec::new();
        who.iter().for_each(|field| field.rule.places(&mut places));
        let (mut tree, mut key_tree, mut item_tree) =
            (Tree::default(), Tree::default(), Tree::default());
        for (path, slot) in &self.paths {
            let (tree, place) = match path.root {
                Root::Record => (&mut tree, Place::Record(*slot)),
                Root::Key => (&mut key_tree, Place::Record(*slot)),
                Root::Item => (&mut item_tree, Place::Item(*slot)),
            };
            if places.contains(&place) {
                // more than one person in a list says nothing certain about either
                tree.place(path, Some("contact_id")).slot = Some(*slot);
            }
        }
        if let Some((path, _)) = &self.item {
            tree.place(path, None).each = Some(Box::new(Each { item: item_tree }));
        }
        (tree, key_tree)
    }
}
