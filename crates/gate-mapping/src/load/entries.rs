//! The entries of a rule.

use gate_located::{Key, Node};

/// The entries of a rule.
pub(super) struct Entries<'n>(pub(super) Vec<(&'n Key, &'n Node)>);

impl<'n> Entries<'n> {
    /// The value of a key.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.0.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node)
    }
}
