//! What the end of the changelog says about the pepper it was written with, and about who wrote there.
//!
//! Every row names its pepper by a keyed hash of a constant, which tells peppers apart and nothing about them. A
//! changelog without rows has nobody to say it; so whoever comes first writes an *announcement*: a row under a key of
//! its own, with an approval so long ago that it never counted. Every version of the gate reads it as a row that has
//! nothing to say, and compaction keeps one of them.
//!
//! Deliberately absent: reading and writing the topic (`service/common_pepper.rs`).

use super::changelog::Found;
use super::{LogRecord, Reading, Row, RowError, RowKey, RowSeal, Trail};
use crate::metrics::ForeignRow;
use gate_core::{Channel, EventKey, NameHash, SentKind, SentMessage, SubjectKey, Timestamp};
use gate_engine::Seal as _;
use std::collections::BTreeMap;
use std::time::Duration;

/// Where the announcement lies: the same for every pepper, so that compaction keeps the last.
pub const ANNOUNCEMENT: RowKey =
    RowKey { partition: 0, subject: SubjectKey(*b"pepper-in-force\0") };
/// An announcement says that it was written this long ago: it must not stand behind a row that another machine, whose
/// clock is behind, writes after it.
const DATED_BACK: Duration = Duration::from_secs(60);

/// A record of the changelog, and the pepper it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Which pepper: [`crate::identity::Pepper::id`].
    pub pepper_id: [u8; 8],
}

/// What was found at the end of the changelog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Rows and announcements of our pepper.
    pub n_ours: u64,
    /// Rows of other peppers that still count, and their announcements.
    pub n_others: u64,
    /// The last of them.
    pub other: Option<Named>,
    /// Records that no gate wrote there and then, by kind, with partition and offset of the last.
    pub foreign: BTreeMap<&'static str, (u64, i32, i64)>,
    /// Records that are no rows, and where the last is.
    pub unreadable: Option<(u64, i32, i64)>,
    /// How far each partition was read.
    pub(crate) trails: BTreeMap<i32, Trail>,
}

impl Tail {
    /// Takes note of the next record.
    pub fn add(&mut self, record: &LogRecord<'_>, reading: &Reading<'_>) {
        let named = |pepper_id| {
            let LogRecord { partition, offset, .. } = *record;
            Named { partition, offset, pepper_id }
        };
        let pepper_id = record.value.and_then(Row::pepper_id);
        let is_other = pepper_id.is_some_and(|id| id != reading.seal.pepper_id());
        if let (true, true, Some(id)) = (is_other, is_announcement(record), pepper_id) {
            self.n_others += 1;
            self.other = Some(named(id));
            return;
        }
        let trail = self.trails.entry(record.partition).or_default();
        match reading.examine(record, trail) {
            Ok(Found::Ours(..) | Found::Former(..)) => self.n_ours += 1,
            Ok(Found::Foreign(_, kind, _)) => self.note_foreign(kind, record),
            Ok(Found::Nothing) => {}
            Err(RowError::OtherPepper) => {
                self.n_others += 1;
                self.other = pepper_id.map(named).or(self.other);
            }
            Err(RowError::Malformed) => {
                let n = self.unreadable.map_or(0, |(n, ..)| n);
                self.unreadable = Some((n + 1, record.partition, record.offset));
            }
        }
    }

    fn note_foreign(&mut self, kind: ForeignRow, record: &LogRecord<'_>) {
        let known = self.foreign.entry(kind.as_str()).or_default();
        *known = (known.0 + 1, record.partition, record.offset);
    }

    /// Whether anybody has said which pepper is in force.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.n_ours == 0 && self.n_others == 0
    }
}

/// An announcement's value. It needs [`ANNOUNCEMENT`] as key and partition.
#[must_use]
pub fn announcement(seal: &RowSeal, now: Timestamp) -> Vec<u8> {
    let mut row = Row::default();
    row.add_as_it_is(SentMessage {
        at: Timestamp::from_millis(0),
        message: EventKey([0; 8]),
        kind: SentKind::Marketing,
        channel: Channel::Email,
        controller: NameHash(0),
        brand: NameHash(0),
        subject: NameHash(0),
    });
    row.encode(ANNOUNCEMENT, seal, now.saturating_sub(DATED_BACK))
}

fn is_announcement(record: &LogRecord<'_>) -> bool {
    record.key == ANNOUNCEMENT.subject.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approvals::Horizon;

    const NOW: i64 = 1_780_000_000_000;

    fn seal(id: u8) -> RowSeal {
        RowSeal::new([id; 8], &[id; 32])
    }

    fn value(id: u8, key: RowKey, days_ago: u32) -> Vec<u8> {
        let now = Timestamp::from_millis(NOW);
        let mut row = Row::default();
        row.add_as_it_is(SentMessage {
            at: now.saturating_sub(Duration::from_secs(86_400) * days_ago),
            message: EventKey([1; 8]),
            kind: SentKind::Marketing,
            channel: Channel::Sms,
            controller: NameHash(1),
            brand: NameHash(2),
            subject: NameHash(3),
        });
        row.encode(key, &seal(id), now)
    }

    /// What pepper 1 makes of these records, all appended now.
    fn tail(records: &[(RowKey, Option<Vec<u8>>)]) -> Tail {
        let ours = seal(1);
        let now = Timestamp::from_millis(NOW);
        let reading = Reading {
            seal: &ours,
            horizon: Horizon { now, window: Duration::ZERO },
            transaction_timeout: Duration::from_secs(10),
        };
        let mut tail = Tail::default();
        for (offset, (key, value)) in (0i64..).zip(records) {
            let record = LogRecord {
                partition: key.partition,
                offset,
                timestamp_ms: NOW,
                key: &key.subject.0,
                value: value.as_deref(),
            };
            tail.add(&record, &reading);
        }
        tail
    }

    fn recipient(n: u8) -> RowKey {
        RowKey { partition: 2, subject: SubjectKey([n; 16]) }
    }

    #[test]
    fn an_announcement_is_heard_by_everybody_and_counts_for_nobody() {
        let now = Timestamp::from_millis(NOW);
        let announced = |id| (ANNOUNCEMENT, Some(announcement(&seal(id), now)));
        assert!(tail(&[]).is_silent());
        let ours = tail(&[announced(1)]);
        assert_eq!((ours.n_ours, ours.n_others, ours.foreign.len()), (1, 0, 0));
        let other = tail(&[announced(9)]);
        assert_eq!((other.n_ours, other.n_others), (0, 1));
        assert_eq!(other.other, Some(Named { partition: 0, offset: 0, pepper_id: [9; 8] }));
        // what a former version makes of it: a row of ours without anything in it
        let bytes = announcement(&seal(1), now);
        let mut row = Row::decode(&bytes, [1; 8]).unwrap();
        row.prune(&Horizon { now, window: Duration::ZERO });
        assert!(row.is_empty());
    }

    #[test]
    fn rows_say_whose_they_are_as_long_as_they_count() {
        let row = |id, n, days| (recipient(n), Some(value(id, recipient(n), days)));
        let both = tail(&[row(1, 1, 0), row(9, 2, 1)]);
        assert_eq!((both.n_ours, both.n_others, both.is_silent()), (1, 1, false));
        assert!(tail(&[row(9, 2, 36)]).is_silent(), "nobody counts it any more");
        let strange =
            tail(&[(recipient(3), None), (recipient(4), Some(value(1, recipient(5), 0)))]);
        assert_eq!(strange.foreign.keys().copied().collect::<Vec<_>>(), ["deleted", "forged"]);
        assert!(strange.is_silent());
        let damaged = tail(&[(recipient(3), Some(b"row".to_vec()))]);
        assert_eq!(damaged.unreadable, Some((1, 2, 0)));
    }
}
