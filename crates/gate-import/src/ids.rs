//! The ids of an import and of its events: the same whenever the same file is imported by the same plan under the same id.

use crate::input::Digest;
use crate::limits::IMPORT_ID_BYTES_MAX;
use gate_core::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// What the event ids of every import begin with.
const PREFIX: &str = "import:";

/// The name of an import, given by whoever starts it: it undoes the import later.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ImportId(String);

impl ImportId {
    /// A name of letters, digits, `-`, `_` and `.`; at most 64. It stands in event ids, so no address fits.
    ///
    /// # Errors
    /// What it may be made of.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_id = !text.is_empty()
            && text.len() <= IMPORT_ID_BYTES_MAX
            && text.bytes().all(is_part)
            && text.bytes().any(|byte| byte.is_ascii_alphanumeric());
        if is_id {
            Ok(Self(text.to_owned()))
        } else {
            Err("an import id is made of letters, digits, `-`, `_` and `.`, at most 64")
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an event id is one of this import.
    #[must_use]
    pub fn is_of(&self, event_id: &str) -> bool {
        let rest = event_id.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(self.as_str()));
        rest.is_some_and(|rest| rest.starts_with(':'))
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImportId({})", self.0)
    }
}

impl From<ImportId> for String {
    fn from(id: ImportId) -> Self {
        id.0
    }
}

impl TryFrom<String> for ImportId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

/// An import: which file, by which plan, begun when. What an event id and a resumption need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Its name.
    pub id: ImportId,
    /// What the file holds, as a preview found.
    pub file: Digest,
    /// What the plan says ([`crate::Plan::fingerprint`]).
    pub plan: Digest,
    /// When it was begun, in microseconds since 1970: what lies after it is in the future, also when it is resumed later.
    pub begun_at_micros: i64,
}

impl Import {
    /// When it was begun.
    #[must_use]
    pub const fn begun_at(&self) -> Timestamp {
        Timestamp::from_micros(self.begun_at_micros)
    }

    /// What its event ids begin with. Another file and another plan have others: the same line is another event there.
    pub(crate) fn event_prefix(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.file.0);
        hasher.update(self.plan.0);
        let tag: [u8; 32] = hasher.finalize().into();
        let tag = Digest(tag).to_string();
        format!("{PREFIX}{}:{}:", self.id, tag.get(..16).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let id = ImportId::new("crm-2026.11").unwrap();
        assert!(id.is_of("import:crm-2026.11:00ff:17"));
        for other in [
            "import:crm-2026.11-b:00ff:17",
            "import:crm-2026.1:0:1",
            "web:crm-2026.11:1",
            "import:crm-2026.11",
        ] {
            assert!(!id.is_of(other), "{other}");
        }
        for text in ["", "a b", "a:b", "ana@example.net", "..", &"a".repeat(65)] {
            assert!(ImportId::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn events_of_another_file_or_plan_are_others() {
        let import = Import {
            id: ImportId::new("a").unwrap(),
            file: Digest([1; 32]),
            plan: Digest([2; 32]),
            begun_at_micros: 0,
        };
        let prefix = import.event_prefix();
        assert!(import.id.is_of(&prefix));
        assert_eq!(prefix.len(), "import:a:".len() + 17);
        assert_ne!(prefix, Import { file: Digest([3; 32]), ..import.clone() }.event_prefix());
        assert_ne!(prefix, Import { plan: Digest([3; 32]), ..import.clone() }.event_prefix());
        assert_eq!(prefix, Import { begun_at_micros: 9, ..import }.event_prefix());
    }
}
