//! The paths of a mapping as one tree, so that a record is walked over once.

use crate::path::{Path, Step};
use std::borrow::Cow;

/// Most values a mapping looks at: one bit each while an object is read.
pub(crate) const SLOTS_MAX: usize = 64;

/// What is looked for at one place of a record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// Where the value goes.
    pub(crate) slot: Option<usize>,
    /// The names looked for in an object, and what in each.
    pub(crate) names: Vec<Box<str>>,
    pub(crate) fields: Vec<Tree>,
    /// The items looked for in a list.
    pub(crate) items: Vec<(usize, Tree)>,
    /// What is looked for in the JSON of a text.
    pub(crate) json: Option<Box<Tree>>,
    /// What is looked for in each item, and where the name of an entry goes.
    pub(crate) each: Option<Box<Each>>,
    /// A field of ours about a person, read from one item: more than one must not be there.
    pub(crate) only: Option<&'static str>,
    /// The symbols of an enum, which a reader cannot borrow from the record.
    pub(crate) symbols: Vec<Box<str>>,
}

/// What is looked for in each item of a list, or each entry of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Each {
    pub(crate) item: Tree,
}

impl Tree {
    /// The place of a path, made if nobody looked there before; `person` is the field of ours that is read from there, if
    /// it names a person.
    pub(crate) fn place(&mut self, path: &Path, person: Option<&'static str>) -> &mut Self {
        let mut tree = self;
        for step in &path.steps {
            tree = match step {
                Step::Name(name) => tree.field(name),
                Step::Index(index) => {
                    tree.only = tree.only.or(person);
                    tree.item(*index)
                }
                Step::Json => tree.json.get_or_insert_default(),
            };
        }
        tree
    }

    fn field(&mut self, name: &str) -> &mut Self {
        let at = self.names.iter().position(|known| **known == *name).unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        if self.fields.len() <= at {
            self.fields.resize_with(at + 1, Self::default);
        }
        #[expect(clippy::indexing_slicing, reason = "made long enough above")]
        &mut self.fields[at]
    }

    fn item(&mut self, index: usize) -> &mut Self {
        let at = self.items.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
            self.items.push((index, Self::default()));
            self.items.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found or made above")]
        &mut self.items[at].1
    }

    /// Nothing is looked for in an object here.
    pub(crate) fn is_leaf(&self) -> bool {
        self.names.is_empty() && self.items.is_empty() && self.json.is_none() && self.each.is_none()
    }

    /// Every place below this one, itself excluded.
    pub(crate) fn below(&self, visit: &mut impl FnMut(usize)) {
        let trees = self.fields.iter().chain(self.items.iter().map(|(_, tree)| tree));
        for tree in trees.chain(self.json.as_deref()) {
            tree.slot.into_iter().for_each(&mut *visit);
            tree.below(visit);
        }
    }

    /// A symbol that outlives the record.
    pub(crate) fn symbol<'a>(&'a self, text: &str) -> Option<Cow<'a, str>> {
        self.symbols.iter().find(|known| ***known == *text).map(|known| Cow::Borrowed(&**known))
    }
}
