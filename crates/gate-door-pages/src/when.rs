//! Instants as a person reads them: in a zone that the shell has found out, since only it knows zones.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// An instant and the zone to tell it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The instant.
    pub at: Timestamp,
    /// How the zone's clocks differ from UTC at that instant, in seconds; east is positive. More than a day counts as UTC.
    pub offset_seconds: i32,
    /// What stands behind a time of day, such as `UTC`; empty where the zone is the person's own.
    pub zone: String,
}

impl When {
    /// The instant in UTC, and said to be.
    #[must_use]
    pub fn utc(at: Timestamp) -> Self {
        Self { at, offset_seconds: 0, zone: "UTC".to_owned() }
    }

    /// Date and time on the zone's clocks.
    pub(crate) fn civil(&self) -> DateTime {
        self.civil_of(self.at)
    }

    /// Another instant on the same clocks.
    pub(crate) fn civil_of(&self, at: Timestamp) -> DateTime {
        Offset::from_seconds(self.offset_seconds).unwrap_or(Offset::UTC).to_datetime(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_moves_the_clock() {
        let at: Timestamp = "2026-11-20T23:30:05Z".parse().unwrap();
        let when = When { at, offset_seconds: 3_600, zone: String::new() };
        assert_eq!((when.civil().day(), when.civil().hour()), (21, 0));
        let off = When { offset_seconds: i32::MAX, ..when };
        assert_eq!(off.civil().hour(), 23, "no such zone: UTC");
    }
}
