//! The tag that shows that a row was written by a gate with our pepper, for this recipient of this partition.

use crate::identity::Pepper;
use aws_lc_rs::{constant_time, hmac};
use gate_engine::{RowKey, Seal, TAG_BYTES, Tag};

/// Makes and checks tags, with a key that is derived from the pepper and tells nothing about it.
pub struct RowSeal {
    pepper_id: [u8; 8],
    key: hmac::Key,
}

impl RowSeal {
    /// From the pepper's id and its key for rows.
    #[must_use]
    pub fn new(pepper_id: [u8; 8], key: &[u8; 32]) -> Self {
        Self { pepper_id, key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The seal of a gate with this pepper.
    #[must_use]
    pub fn of(pepper: &Pepper) -> Self {
        Self::new(pepper.id(), &pepper.approvals_seal())
    }
}

/// Tags are HMAC-SHA256, cut.
impl Seal for RowSeal {
    fn pepper_id(&self) -> [u8; 8] {
        self.pepper_id
    }

    fn tag(&self, key: RowKey, bytes: &[u8]) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&key.partition.to_le_bytes());
        context.update(&key.subject.0);
        context.update(bytes);
        let mut tag = [0; TAG_BYTES];
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }

    fn is_ours(&self, key: RowKey, bytes: &[u8], tag: &Tag) -> bool {
        constant_time::verify_slices_are_equal(&self.tag(key, bytes), tag).is_ok()
    }
}

impl std::fmt::Debug for RowSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
