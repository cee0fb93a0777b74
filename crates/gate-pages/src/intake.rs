//! The pages of what comes in: sources, unreadable records, and the release of one that holds the gate.

use serde::{Deserialize, Serialize};

use crate::parts::{FieldError, Hold, Place, wrong};

/// `GET /intake`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakePage {
    /// The gate decides nothing.
    pub hold: Option<Hold>,
    /// Where consent comes from; `None`: not known.
    pub sources: Option<Vec<Source>>,
    /// Unreadable records, newest first.
    pub dead_letters: Vec<DeadLetter>,
    /// How many there are.
    pub dead_letters_total: u64,
}

/// Where consent comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name: `crm`.
    pub name: String,
    /// How it comes: "file each night"; may be empty.
    pub how: String,
    /// Its last record, RFC 3339.
    pub last: Option<String>,
    /// Records over the last 24 hours, oldest first, in even steps.
    pub over_time: Vec<u64>,
    /// Records in 24 hours.
    pub records: u64,
    /// How many of them nobody can read.
    pub unreadable: u64,
    /// How it does.
    pub state: SourceState,
}

/// How a source does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceState {
    /// Fine.
    Fine,
    /// One of its records holds the gate.
    Holds,
    /// Nothing for so many hours.
    Silent {
        /// How many.
        hours: u64,
    },
    /// Something else: "12 wrong signatures".
    Trouble {
        /// What, in words.
        sentence: String,
    },
}

/// A consent record that nobody can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Where it stands; leads to `/intake/{partition}/{offset}`.
    pub place: Place,
    /// What is wrong: `bad_timestamp`.
    pub class: String,
    /// The same in words: "No time zone in the date".
    pub sentence: String,
    /// Where it comes from; may be empty.
    pub source: String,
    /// Who gets nothing because of it.
    pub blocks: Blocks,
    /// When it came, RFC 3339.
    pub at: String,
}

/// Who gets nothing because of an unreadable record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Blocks {
    /// Everybody: the gate holds.
    Everybody,
    /// These contacts or addresses get no marketing.
    People(u64),
    /// Nobody any more: a valid event came at this instant, or it was released, RFC 3339.
    Nobody {
        /// When.
        since: String,
    },
    /// Nobody can tell from here.
    Unknown,
}

/// `GET /intake/{partition}/{offset}`: step 1, look and say what it was; also the answer to a POST with errors in step 1's fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoisonPage {
    /// The record.
    pub record: DeadLetter,
    /// Whether it holds the gate; otherwise it is only looked at.
    pub holds: bool,
    /// Its key; empty: none.
    pub key: String,
    /// About its neighbours, one sentence; may be empty.
    pub neighbours: String,
    /// The value as text.
    pub text: String,
    /// Where in the text reading ended, in bytes, if known.
    pub ends_at: Option<usize>,
    /// The value's bytes, or the first of them.
    pub bytes: Vec<u8>,
    /// How many bytes it has in all.
    pub size: u64,
    /// The form to release it; `None`: this role may not, or there is nothing to release.
    pub form: Option<ReleaseForm>,
    /// What is wrong with the form.
    pub errors: Vec<FieldError>,
}

/// Fields `what`, `event_id`, `reason`, `csrf`; step 2 adds `offset`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseForm {
    /// What it was.
    pub what: Option<What>,
    /// The event id of the record that was published again.
    pub event_id: String,
    /// Why, for the file.
    pub reason: String,
}

/// What an unreadable record was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// `again`: an opt-out (or another event), published again.
    Again,
    /// `test`: a test, about no person.
    Test,
    /// `unknown`: nobody can say.
    Unknown,
}

impl What {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Again, Self::Test, Self::Unknown];

    /// What the form sends.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Test => "test",
            Self::Unknown => "unknown",
        }
    }

    /// The one with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.code() == code)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Again => "what-again",
            Self::Test => "what-test",
            Self::Unknown => "what-unknown",
        }
    }
}

/// `POST /intake/{partition}/{offset}/confirm` without `offset`, or with a wrong one: step 2, read it once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmPage {
    /// The record.
    pub record: DeadLetter,
    /// What step 1 said.
    pub form: ReleaseForm,
    /// The new event, where the gate applied it: place and when, RFC 3339.
    pub found: Option<(Place, String)>,
    /// Messages that wait and are decided at once.
    pub waiting: Option<u64>,
    /// What was typed as offset.
    pub typed: String,
    /// What is wrong (fields `offset`, `event_id`).
    pub errors: Vec<FieldError>,
}

impl ReleaseForm {
    pub(crate) fn is_what(&self, what: &What) -> bool {
        self.what == Some(*what)
    }
}

impl DeadLetter {
    pub(crate) fn href(&self) -> String {
        format!("/intake/{}/{}", self.place.partition, self.place.offset)
    }
}

impl PoisonPage {
    pub(crate) fn wrong(&self, field: &str) -> Option<&str> {
        wrong(&self.errors, field)
    }

    /// The text up to where reading ended, and the rest.
    pub(crate) fn halves(&self) -> (&str, &str) {
        let at = self.ends_at.unwrap_or(self.text.len());
        self.text.split_at_checked(at).unwrap_or((&self.text, ""))
    }

    /// The bytes as one knows them from `hexdump -C`.
    pub(crate) fn dump(&self) -> String {
        dump(&self.bytes)
    }
}

impl ConfirmPage {
    pub(crate) fn wrong(&self, field: &str) -> Option<&str> {
        wrong(&self.errors, field)
    }
}

/// Bytes in one line of a dump.
const DUMP_WIDTH: usize = 16;

fn dump(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for (line, chunk) in bytes.chunks(DUMP_WIDTH).enumerate() {
        let mut hex = String::new();
        for (at, byte) in chunk.iter().enumerate() {
            let gap = if at == DUMP_WIDTH / 2 { "  " } else { " " };
            let _never_fails = write!(hex, "{gap}{byte:02x}");
        }
        let seen =
            chunk.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' });
        let seen: String = seen.collect();
        let _never_fails = writeln!(out, "{:08x} {hex:<49}  |{seen}|", line * DUMP_WIDTH);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_dumped_as_one_knows_them() {
        let text = dump(b"{\"event_id\":\"crm-88102\x00");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "00000000  7b 22 65 76 65 6e 74 5f  69 64 22 3a 22 63 72 6d  |{\"event_id\":\"crm|"
        );
        assert_eq!(
            lines[1],
            "00000010  2d 38 38 31 30 32 00                              |-88102.|"
        );
    }
}
