//! Whose rows are: a recipient's place, and the tag that shows that a gate with our pepper wrote a row. The hashing is
//! handed in.

use gate_core::SubjectKey;

/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;

/// The tag's bytes.
pub type Tag = [u8; TAG_BYTES];

/// A recipient in a partition of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The partition.
    pub partition: i32,
    /// The address's key.
    pub subject: SubjectKey,
}

/// Makes and checks tags.
pub trait Seal {
    /// Which pepper the rows' keys are made with.
    fn pepper_id(&self) -> [u8; 8];

    /// The tag of a row's bytes under that key.
    fn tag(&self, key: RowKey, bytes: &[u8]) -> Tag;

    /// Whether the tag is ours, in a time that tells nothing about it.
    fn is_ours(&self, key: RowKey, bytes: &[u8], tag: &Tag) -> bool;
}
