//! An entry of the log: a line that says where something stands in Kafka, and commits to what it says.
//!
//! `decision consent-gate-decisions/3/17/5 outbound-message/3/42 9f86d081…`

use crate::hash::{Hash, leaf_hash};
use std::fmt;

/// Bytes of a line; Kafka's topic names have 249 characters at most.
pub(crate) const ENTRY_BYTES_MAX: usize = 1_024;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A decision of the decision log.
    Decision,
    /// A consent change.
    Change,
    /// A record of the decision log that is none.
    Record,
    /// Records that were gone before the ledger came to them.
    Gap,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Decision, Self::Change, Self::Record, Self::Gap];

    /// As entries write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Change => "change",
            Self::Record => "record",
            Self::Gap => "gap",
        }
    }
}

/// Where something stands in Kafka.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Which of the decisions of that record, from 0 on.
    pub nth: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.topic, self.partition, self.offset, self.nth)
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let topic = parts.next().filter(|topic| !topic.is_empty())?.to_owned();
        let partition = parts.next()?.parse().ok().filter(|it| *it >= 0)?;
        let offset = parts.next()?.parse().ok().filter(|it| *it >= 0)?;
        let nth = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { topic, partition, offset, nth })
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about.
    pub kind: Kind,
    /// Where that stands.
    pub place: Place,
    /// Of a decision: where its message stands. Of a gap: the first offset behind it.
    pub about: Option<String>,
    /// To what it says, with the entry's salt.
    pub commitment: Hash,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.about.as_deref().unwrap_or("-");
        write!(f, "{} {} {about} {}", self.kind.as_str(), self.place, self.commitment.to_hex())
    }
}

impl Entry {
    /// Reads a line; `None` when it is not one that [`Entry`] writes.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        let mut words = text.split(' ');
        let kind = words.next()?;
        let kind = Kind::ALL.into_iter().find(|it| it.as_str() == kind)?;
        let place = Place::parse(words.next()?)?;
        let about = words.next()?;
        let about = (about != "-").then(|| about.to_owned());
        let commitment = Hash::from_hex(words.next()?)?;
        let entry = Self { kind, place, about, commitment };
        // one writing of each: what reads the same is the same
        (entry.to_string() == text).then_some(entry)
    }

    /// Its hash in the tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(self.to_string().as_bytes())
    }

    /// As a person names it.
    #[must_use]
    pub fn named(&self) -> String {
        let Place { topic, partition, offset, .. } = &self.place;
        match (self.kind, &self.about) {
            (Kind::Decision, Some(source)) => {
                format!("the decision about {source} ({topic}/{partition}/{offset})")
            }
            (Kind::Gap, Some(to)) => {
                format!("the gap {topic}/{partition} from {offset} to before {to}")
            }
            (Kind::Change, _) => format!("the consent change {topic}/{partition}/{offset}"),
            (Kind::Decision | Kind::Record | Kind::Gap, _) => {
                format!("the record {topic}/{partition}/{offset}")
            }
        }
    }
}

#[cfg(test)]
pub(crate) fn sample(n: u64) -> Entry {
    let offset = i64::try_from(n).unwrap();
    Entry {
        kind: Kind::Change,
        place: Place { topic: "consent-change".to_owned(), partition: 0, offset, nth: 0 },
        about: None,
        commitment: crate::hash::sha256(&[&n.to_be_bytes()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_and_nothing_else_is_one() {
        let line = format!("decision log/3/17/5 outbound-message/3/42 {}", "ab".repeat(32));
        let entry = Entry::parse(line.as_bytes()).unwrap();
        assert_eq!((entry.kind, entry.place.nth), (Kind::Decision, 5));
        assert_eq!(entry.to_string(), line);
        assert_eq!(entry.named(), "the decision about outbound-message/3/42 (log/3/17)");
        assert!(line.len() < ENTRY_BYTES_MAX);
        for wrong in [
            line.replace("decision", "decisions"),
            line.replace("/5 ", " "),
            line.replace("/17/", "/017/"),
            line.replace("/3/17", "/-3/17"),
            line.replace("log", ""),
            line.to_uppercase(),
            line.clone() + " ",
            line.clone() + "\n",
            line.replace(' ', "  "),
            line[..line.len() - 1].to_owned(),
        ] {
            assert_eq!(Entry::parse(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Entry::parse(b"\xff"), None);
    }
}
