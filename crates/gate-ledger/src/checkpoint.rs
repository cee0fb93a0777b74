//! A checkpoint: how large the tree is and what its root is, signed; and how far in Kafka that goes.
//!
//! ```text
//! consent-gate/ledger                            the log's name
//! 4711                                           leaves
//! nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=   root
//! ordinal 12                                     which checkpoint it is, from 0 on
//! previous 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJW…  SHA-256 of the one before, unless it is the first
//! time 2026-11-30T14:00:00Z                      the ledger's clock
//! topic consent-change rCbQ…                     a topic by its id, where Kafka tells it
//! position consent-change 0 1234                 everything before this offset is in the tree
//! ```
//! The lines from the fourth on are extensions in the sense of C2SP tlog-checkpoint.

use crate::hash::{Hash, sha256};
use crate::note::{NoteError, PublicKey, SigningKey};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A partition: topic and number.
pub type Position = (String, i32);

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Which checkpoint it is.
    pub ordinal: u64,
    /// SHA-256 of the one before.
    pub previous: Option<Hash>,
    /// The ledger's clock.
    pub time: String,
    /// Ids of topics.
    pub topics: BTreeMap<String, String>,
    /// Next offset of each partition.
    pub positions: BTreeMap<Position, i64>,
}

/// Why something is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Another log.
    #[error("is of another log: its name is not that of the key")]
    Origin,
    /// A line.
    #[error("is signed, but line {0} is none of a checkpoint of this version")]
    Line(usize),
}

/// A checkpoint with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note.
    pub note: Vec<u8>,
}

impl Checkpoint {
    fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        // writing to a string cannot fail, here and below
        writeln!(text, "ordinal {}", self.ordinal).unwrap_or_default();
        if let Some(previous) = self.previous {
            writeln!(text, "previous {}", previous.to_base64()).unwrap_or_default();
        }
        writeln!(text, "time {}", self.time).unwrap_or_default();
        for (topic, id) in &self.topics {
            writeln!(text, "topic {topic} {id}").unwrap_or_default();
        }
        for ((topic, partition), next) in &self.positions {
            writeln!(text, "position {topic} {partition} {next}").unwrap_or_default();
        }
        text
    }

    /// Signs it.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> Signed {
        let note = key.sign(&self.text());
        Signed { checkpoint: self, note }
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines().enumerate();
        let mut next = |nth| lines.next().map(|(_, line)| line).ok_or(CheckpointError::Line(nth));
        let origin = next(1)?.to_owned();
        let size = next(2)?.parse().map_err(|_| CheckpointError::Line(2))?;
        let root = Hash::from_base64(next(3)?).ok_or(CheckpointError::Line(3))?;
        let mut checkpoint = Self {
            origin,
            size,
            root,
            ordinal: 0,
            previous: None,
            time: String::new(),
            topics: BTreeMap::new(),
            positions: BTreeMap::new(),
        };
        for (at, line) in lines {
            checkpoint.extension(line).ok_or(CheckpointError::Line(at + 1))?;
        }
        // one writing of each
        if checkpoint.text() != text {
            return Err(CheckpointError::Line(4));
        }
        Ok(checkpoint)
    }

    fn extension(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["ordinal", ordinal] => self.ordinal = ordinal.parse().ok()?,
            ["previous", hash] => self.previous = Some(Hash::from_base64(hash)?),
            ["time", time] => self.time = (*time).to_owned(),
            ["topic", topic, id] => {
                self.topics.insert((*topic).to_owned(), (*id).to_owned());
            }
            ["position", topic, partition, next] => {
                let place = ((*topic).to_owned(), partition.parse().ok()?);
                self.positions.insert(place, next.parse().ok()?);
            }
            _ => return None,
        }
        Some(())
    }
}

impl Signed {
    /// Reads a checkpoint that this key has signed.
    ///
    /// # Errors
    /// It has not, or it is none.
    pub fn open(note: &[u8], key: &PublicKey) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::parse(key.open(note)?)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin);
        }
        Ok(Self { checkpoint, note: note.to_vec() })
    }

    /// By which its successor names it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        sha256(&[&self.note])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Checkpoint {
        Checkpoint {
            origin: "log".to_owned(),
            size: 4_711,
            root: sha256(&[b"root"]),
            ordinal: 12,
            previous: Some(sha256(&[b"before"])),
            time: "2026-11-30T14:00:00Z".to_owned(),
            topics: BTreeMap::from([("t".to_owned(), "id".to_owned())]),
            positions: BTreeMap::from([(("t".to_owned(), 0), 7), (("t".to_owned(), 10), 8)]),
        }
    }

    #[test]
    fn a_checkpoint_reads_back_and_nothing_else_is_one() {
        let key = SigningKey::of_seed("log", [7; 32]).unwrap();
        let signed = sample().sign(&key);
        assert_eq!(Signed::open(&signed.note, key.public()), Ok(signed.clone()));
        let first = Checkpoint { previous: None, ordinal: 0, ..sample() }.sign(&key);
        assert_eq!(Signed::open(&first.note, key.public()), Ok(first.clone()));
        assert_ne!(first.hash(), signed.hash());
        let text = sample().text();
        for (wrong, line) in [
            (text.replace("4711", "04711"), 4),
            (text.replace("4711", "many"), 2),
            (text.replace("ordinal 12", "ordinal x"), 4),
            (text.replace("position t 0 7\n", ""), 0),
            (text.clone() + "and more\n", 10),
            (text.clone() + "time later\n", 4),
        ] {
            let opened = Signed::open(&key.sign(&wrong), key.public());
            match line {
                0 => drop(opened.unwrap()),
                line => assert_eq!(opened, Err(CheckpointError::Line(line)), "{wrong}"),
            }
        }
        let other = Checkpoint { origin: "other".to_owned(), ..sample() }.sign(&key);
        assert_eq!(Signed::open(&other.note, key.public()), Err(CheckpointError::Origin));
    }
}
