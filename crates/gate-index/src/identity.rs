//! Whose index it is, and how large it may become.

/// The least [`Settings::memory_bytes`] with which its shares still make sense.
pub const MEMORY_BYTES_MIN: usize = 32 << 20;

/// What an index is built from. One with another identity is not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Kafka's cluster id.
    pub cluster_id: String,
    /// The decision log.
    pub decision_log: Topic,
    /// The topic of consent changes.
    pub consent_change: Topic,
    /// Which pepper the keys of people were made with: a fingerprint, not the pepper.
    pub pepper_id: [u8; 8],
}

/// A topic of Kafka.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Kafka's id of it, which a deleted and recreated topic does not share. Empty when unknown: then it is not compared.
    pub id: String,
}

/// Bounds of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Days for which decisions are kept, by the gate's clock at the decision.
    pub keep_days: u32,
    /// Days for which places of consent changes are kept, by receipt; `None`: as long as the topic keeps them, since an opt-out
    /// of years ago still counts.
    pub keep_changes_days: Option<u32>,
    /// Bytes of memory for blocks and what is not on disk yet; at least [`MEMORY_BYTES_MIN`].
    pub memory_bytes: usize,
    /// Different combinations of what decisions are counted by that are told apart in a half hour; the rest is counted as
    /// "other", by verdict.
    pub series_max: usize,
    /// Different verdicts, shapes and contexts that are told apart in the whole index; the rest is kept as "other".
    pub words_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep_days: 400,
            keep_changes_days: None,
            memory_bytes: 256 << 20,
            series_max: 10_000,
            words_max: 1 << 20,
        }
    }
}
