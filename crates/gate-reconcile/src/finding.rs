//! What the comparison found of one person in one lane, as a line for the operator's file.

use crate::frame::{Frame, Lane};
use crate::kind::{Class, Kind};
use crate::sigv4::hex;
use crate::time;
use gate_core::{SubjectKey, Timestamp};
use serde_json::{Map, Value};
use std::fmt;

/// An entry of the provider's.
#[derive(Clone, PartialEq, Eq)]
pub struct There {
    /// What it is.
    pub kind: Kind,
    /// When, as the provider says.
    pub at: Option<Timestamp>,
    /// Of a bounce: what the mail server said.
    pub smtp: Option<Box<str>>,
}

/// One person in one lane. `Debug` shows nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    /// What became of it.
    pub class: Class,
    /// What it is about.
    pub lane: Lane,
    /// What it is: as the provider says, or as we do where it has no entry.
    pub kind: Kind,
    /// Whom it is about.
    pub key: SubjectKey,
    /// The address, as the provider writes it or else as we know it. Personal data.
    pub address: Option<Box<str>>,
    /// The provider's entries, one of each kind.
    pub there: Vec<There>,
    /// The groups that the provider has the person in, whatever the lane: what replaces its entry must keep them.
    pub groups_there: Vec<u16>,
    /// Whether the provider has an entry of the person's that stops everything, whatever the lane.
    pub is_stopped_there: bool,
    /// When it was last refused here.
    pub since: Option<Timestamp>,
    /// The refusal here reaches messages that are no marketing too.
    pub is_whole: bool,
    /// The refusal here may be written to the provider.
    pub is_writable: bool,
    /// When consent was last proven here in this lane.
    pub agreed: Option<Timestamp>,
}

impl fmt::Debug for There {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("There")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("class", &self.class)
            .field("lane", &self.lane)
            .field("kind", &self.kind)
            .field("there", &self.there)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}

impl Finding {
    /// A line of JSON, with its line break. It names the person: the file is as confidential as the provider's list. Where no
    /// address is known it names the first half of the key, as `contact show` does.
    #[must_use]
    pub fn line(&self, frame: &Frame, remedy: &str) -> String {
        let mut line = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            line.extend(value.map(|value| (name.to_owned(), Value::from(value))));
        };
        put("class", Some(self.class.as_str().to_owned()));
        put("kind", Some(self.kind.as_str().to_owned()));
        let group = self.lane.group().and_then(|number| frame.group(number));
        put("group", group.map(|group| group.id.clone()));
        put("purpose", group.map(|group| group.purpose.clone()));
        match &self.address {
            Some(address) => put("address", Some(address.to_string())),
            None => put("person", self.key.0.get(..8).map(hex)),
        }
        put(
            "there_at",
            self.there.iter().filter_map(|entry| entry.at).max().and_then(time::rfc3339),
        );
        put("here_since", self.since.and_then(time::rfc3339));
        put("agreed_at", self.agreed.and_then(time::rfc3339));
        put("remedy", Some(remedy.to_owned()));
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        text
    }
}
