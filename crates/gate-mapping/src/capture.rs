//! One pass over a record of any format: what the mapping looks at is kept, everything else is walked over and counted.
//!
//! The rules are the plain reader's: null is absent, a blank text where an object should be is absent, a name that is repeated
//! in an object we look into makes the record unreadable. Besides: a path that runs into a value it cannot go through leaves
//! [`Raw::Elsewhere`], which only the fields read from there complain of.

use crate::budget::{At, Budget};
use crate::raw::Raw;
use crate::skip::{Key, Name, Skip};
use crate::tree::{Each, SLOTS_MAX, Tree};
use gate_codec::Class;
use gate_core::canonical::is_blank;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Most items of an `each`.
pub const ITEMS_MAX: usize = 1_000;

/// What was found, by the number of its slot.
pub(crate) type Slots<'a> = [Raw<'a>; SLOTS_MAX];

/// Nothing.
pub(crate) const fn no_slots<'a>() -> Slots<'a> {
    [const { Raw::Absent }; SLOTS_MAX]
}

/// One item of an `each`.
pub(crate) struct Item<'a> {
    pub(crate) slots: Box<Slots<'a>>,
    /// The name it has in its object.
    pub(crate) name: Option<Cow<'a, str>>,
}

/// Everything found in a record.
pub(crate) struct Found<'a> {
    pub(crate) slots: Slots<'a>,
    pub(crate) items: Items<'a>,
}

/// The items of an `each`.
#[derive(Default)]
pub(crate) enum Items<'a> {
    /// Nothing is there.
    #[default]
    Absent,
    /// Something is there that has no items.
    Elsewhere,
    /// These.
    Are(Vec<Item<'a>>),
}

impl Found<'_> {
    pub(crate) const fn nothing() -> Self {
        Self { slots: no_slots(), items: Items::Absent }
    }
}

/// Reads one place of a record.
pub(crate) struct Capture<'t, 's, 'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) at: At<'t>,
    pub(crate) slots: &'s mut Slots<'a>,
    /// Where items go; `None` inside of an item, where there is no further `each`.
    pub(crate) items: Option<&'s mut Items<'a>>,
}

impl<'t, 's, 'a> Capture<'t, 's, 'a> {
    /// The outermost value.
    pub(crate) fn root(tree: &'a Tree, budget: &'t Budget, found: &'s mut Found<'a>) -> Self {
        let Found { slots, items } = found;
        Self { tree, at: At::root(budget), slots, items: Some(items) }
    }

    fn put(&mut self, raw: Raw<'a>) {
        if let Some(slot) = self.tree.slot.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = raw;
        }
    }

    /// A value that nothing can be found in.
    fn scalar(mut self, raw: Raw<'a>) {
        if !self.tree.is_leaf() && !raw.is_absent() {
            self.elsewhere();
        }
        self.put(raw);
    }

    /// What is looked for further in is not there, but something else is.
    fn elsewhere(&mut self) {
        let slots = &mut *self.slots;
        self.tree.below(&mut |slot| {
            if let Some(slot) = slots.get_mut(slot) {
                *slot = Raw::Elsewhere;
            }
        });
        if self.tree.each.is_some()
            && let Some(items) = self.items.as_deref_mut()
        {
            *items = Items::Elsewhere;
        }
    }

    fn text<E: Error>(mut self, text: Cow<'a, str>) -> Result<(), E> {
        if let Some(tree) = &self.tree.json
            && !is_blank(&text)
        {
            self.inner(tree, &text)?;
            self.put(Raw::Text(text));
            return Ok(());
        }
        self.scalar(Raw::Text(text));
        Ok(())
    }

    /// The JSON of a text: a second document, which counts against the same budget.
    fn inner<E: Error>(&mut self, tree: &'a Tree, text: &str) -> Result<(), E> {
        let budget = self.at.budget;
        let mut slots = no_slots();
        let mut items = Items::Absent;
        let at = self.at.inside();
        let mut input = serde_json::Deserializer::from_str(text);
        let inner = Capture { tree, at, slots: &mut slots, items: Some(&mut items) };
        inner
            .deserialize(&mut input)
            .map_err(|error| budget.fail::<E>(budget.why(|| class_of_json(&error))))?;
        input.end().map_err(|_| budget.fail::<E>(Class::TrailingBytes))?;
        // they borrow from a text that may be gone, and only its own slots are looked at
        let mut keep = |slot: usize| {
            if let (Some(from), Some(to)) = (slots.get_mut(slot), self.slots.get_mut(slot)) {
                *to = std::mem::take(from).into_owned();
            }
        };
        tree.slot.into_iter().for_each(&mut keep);
        tree.below(&mut keep);
        if let (Some(to), true) = (self.items.as_deref_mut(), has_each(tree)) {
            *to = items.into_owned();
        }
        Ok(())
    }
}

fn has_each(tree: &Tree) -> bool {
    tree.each.is_some()
        || tree.fields.iter().chain(tree.items.iter().map(|(_, tree)| tree)).any(has_each)
        || tree.json.as_deref().is_some_and(has_each)
}

impl Items<'_> {
    fn into_owned<'b>(self) -> Items<'b> {
        match self {
            Self::Absent => Items::Absent,
            Self::Elsewhere => Items::Elsewhere,
            Self::Are(items) => Items::Are(
                items
                    .into_iter()
                    .map(|item| Item {
                        slots: Box::new(item.slots.map(Raw::into_owned)),
                        name: item.name.map(|name| Cow::Owned(name.into_owned())),
                    })
                    .collect(),
            ),
        }
    }
}

/// What serde_json's complaint is called here.
pub(crate) fn class_of_json(error: &serde_json::Error) -> Class {
    match error.classify() {
        serde_json::error::Category::Eof => Class::Truncated,
        serde_json::error::Category::Data => Class::WrongType,
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => Class::Malformed,
    }
}

impl<'de: 'a, 'a> DeserializeSeed<'de> for Capture<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        self.at.enter()?;
        input.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Capture<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.text(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.tree.slot.is_none() && self.tree.is_leaf() {
            return Ok(());
        }
        let text = self.tree.symbol(text).unwrap_or_else(|| Cow::Owned(text.to_owned()));
        self.text(text)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<(), E> {
        self.text(Cow::Owned(text))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.scalar(Raw::Flag(flag));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.scalar(Raw::Whole(number));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.scalar(i64::try_from(number).map_or(Raw::Great(number), Raw::Whole));
        Ok(())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.scalar(Raw::Elsewhere);
        Ok(())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.scalar(Raw::Elsewhere);
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.scalar(Raw::Fraction(number));
        Ok(())
    }

    /// A unit says that this is the number of a field without presence that nobody wrote.
    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.scalar(Raw::Unwritten);
        Ok(())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<(), E> {
        self.scalar(Raw::Elsewhere);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.put(Raw::Structure);
        let inside = self.at.inside();
        let tree = self.tree;
        if let Some(each) = &tree.each
            && tree.names.is_empty()
        {
            let items = entries(each, inside, map)?;
            if let Some(slot) = self.items {
                *slot = Items::Are(items);
            }
            return Ok(());
        }
        if tree.names.is_empty() && !tree.is_leaf() {
            self.elsewhere();
        }
        let mut seen = 0_u64;
        let mut next = 0;
        while let Some(index) = map.next_key_seed(Key { names: &tree.names, next })? {
            let Some((index, tree)) = index.and_then(|at| Some((at, tree.fields.get(at)?))) else {
                map.next_value_seed(Skip(inside))?;
                continue;
            };
            let bit = 1_u64 << (index & 63);
            if seen & bit != 0 {
                return Err(self.at.budget.fail(Class::DuplicateKey));
            }
            seen |= bit;
            next = index + 1;
            let items = self.items.as_deref_mut();
            map.next_value_seed(Capture { tree, at: inside, slots: self.slots, items })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.put(Raw::Structure);
        let inside = self.at.inside();
        let tree = self.tree;
        if let Some(each) = &tree.each {
            let items = listed(each, inside, list)?;
            if let Some(slot) = self.items {
                *slot = Items::Are(items);
            }
            return Ok(());
        }
        if tree.items.is_empty() && !tree.is_leaf() {
            self.elsewhere();
        }
        let mut index = 0;
        loop {
            let wanted = tree.items.iter().find(|(at, _)| *at == index);
            let there = match wanted {
                Some((_, tree)) => {
                    let items = self.items.as_deref_mut();
                    list.next_element_seed(Capture { tree, at: inside, slots: self.slots, items })?
                }
                None => list.next_element_seed(Skip(inside))?,
            };
            if there.is_none() {
                return Ok(());
            }
            index += 1;
            if let Some(field) = tree.only
                && index > 1
            {
                return Err(self.at.budget.fail(Class::Array.in_field(field)));
            }
        }
    }
}

/// The entries of an object as items.
fn entries<'de: 'a, 'a, A: MapAccess<'de>>(
    each: &'a Each,
    at: At<'_>,
    mut map: A,
) -> Result<Vec<Item<'a>>, A::Error> {
    let mut items: Vec<Item<'a>> = Vec::new();
    let mut seen = HashSet::new();
    while let Some(name) = map.next_key_seed(Name)? {
        if !seen.insert(name.clone()) {
            return Err(at.budget.fail(Class::DuplicateKey));
        }
        if items.len() >= ITEMS_MAX {
            return Err(at.budget.fail(Class::TooManyNodes));
        }
        let mut slots = Box::new(no_slots());
        map.next_value_seed(Capture { tree: &each.item, at, slots: &mut slots, items: None })?;
        items.push(Item { slots, name: Some(name) });
    }
    Ok(items)
}

/// The items of a list.
fn listed<'de: 'a, 'a, A: SeqAccess<'de>>(
    each: &'a Each,
    at: At<'_>,
    mut list: A,
) -> Result<Vec<Item<'a>>, A::Error> {
    let mut items = Vec::new();
    loop {
        let mut slots = Box::new(no_slots());
        let seed = Capture { tree: &each.item, at, slots: &mut slots, items: None };
        if list.next_element_seed(seed)?.is_none() {
            return Ok(items);
        }
        if items.len() >= ITEMS_MAX {
            return Err(at.budget.fail(Class::TooManyNodes));
        }
        items.push(Item { slots, name: None });
    }
}
