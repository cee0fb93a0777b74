//! Reading back what was approved, from a given changelog.

use super::{cause_of, hold_of, metrics, native};
use crate::approvals::{
    Checkpoint, Horizon, LogRecord, Row, RowKey, RowSeal, SentIdentity, SentStore,
};
use crate::metrics::HoldCause;
use crate::pipeline::restore::{Approvals, ApprovalsParts, Changelog, ChangelogReader, Entry};
use gate_core::{Channel, EventKey, NameHash, SentKind, SentMessage, SubjectKey, Timestamp};
use rdkafka::Offset;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const NOW: i64 = 1_780_000_000_000;
const PEPPER: [u8; 8] = [7; 8];

/// A record of the changelog: partition, offset, key and value.
type Stored = (i32, i64, Vec<u8>, Option<Vec<u8>>);

/// A changelog with two partitions.
#[derive(Clone, Default)]
struct Log {
    records: Vec<Stored>,
    /// Where partitions end; behind their last record when not named here.
    ends: BTreeMap<i32, i64>,
    begins: BTreeMap<i32, i64>,
    is_away: bool,
    /// A batch nobody can unpack stands first.
    has_bomb: bool,
}

impl Log {
    fn end(&self, partition: i32) -> i64 {
        let here = self.records.iter().filter(|record| record.0 == partition);
        let behind = here.map(|record| record.1 + 1).max().unwrap_or(0);
        self.ends.get(&partition).copied().unwrap_or(behind)
    }

    fn append(&mut self, key: RowKey, value: Option<Vec<u8>>) {
        let offset = self.end(key.partition);
        self.records.push((key.partition, offset, key.subject.0.to_vec(), value));
    }
}

impl Changelog for Log {
    type Reader = Unread;

    fn offsets(
        &self,
        partitions: impl Iterator<Item = i32>,
        place: Offset,
    ) -> Result<BTreeMap<i32, i64>, (Option<i32>, KafkaError)> {
        if self.is_away {
            return Err((Some(1), KafkaError::MetadataFetch(Code::BrokerTransportFailure)));
        }
        let offset = |partition: i32| match place {
            Offset::Beginning => self.begins.get(&partition).copied().unwrap_or(0),
            _ => self.end(partition),
        };
        Ok(partitions.map(|partition| (partition, offset(partition))).collect())
    }

    fn reader(&self, from: impl Iterator<Item = (i32, i64)>) -> Result<Unread, KafkaError> {
        let from: BTreeMap<i32, i64> = from.collect();
        let is_wanted = |record: &&Stored| from.get(&record.0).is_some_and(|at| record.1 >= *at);
        let records = self.records.iter().filter(is_wanted).cloned().collect();
        let ends = from.keys().map(|partition| (*partition, self.end(*partition))).collect();
        Ok(Unread { records, ends, has_bomb: self.has_bomb })
    }
}

/// Hands out one record after the other, then the ends that no transaction stands before.
pub(super) struct Unread {
    records: Vec<Stored>,
    ends: BTreeMap<i32, i64>,
    has_bomb: bool,
}

impl ChangelogReader for Unread {
    fn read<T>(&mut self, wait: Duration, take: impl FnOnce(Vec<Entry<'_>>) -> T) -> T {
        if self.has_bomb {
            let error = native(Code::BadCompression);
            return take(vec![Entry::UnreadableBatch { partition: 0, offset: 3, error }]);
        }
        if self.records.is_empty() {
            std::thread::sleep(wait);
            let end = |(partition, next): (&i32, &i64)| Entry::End {
                partition: *partition,
                next_offset: *next,
            };
            return take(self.ends.iter().map(end).collect());
        }
        let (partition, offset, key, value) = self.records.remove(0);
        take(vec![Entry::Record(LogRecord {
            partition,
            offset,
            timestamp_ms: NOW,
            key: &key,
            value: value.as_deref(),
        })])
    }
}

struct Scene {
    sent: Arc<SentStore>,
    approvals: Approvals<Unread>,
    _dir: tempfile::TempDir,
}

fn seal() -> RowSeal {
    RowSeal::new(PEPPER, &[1; 32])
}

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

fn horizon() -> Horizon {
    Horizon { now: now(), window: Duration::from_secs(86_400) }
}

fn key(partition: i32, n: u8) -> RowKey {
    RowKey { partition, subject: SubjectKey([n; 16]) }
}

fn row(key: RowKey, id: u8) -> Option<Vec<u8>> {
    let mut row = Row::default();
    row.add_as_it_is(SentMessage {
        at: now(),
        message: EventKey([id; 8]),
        kind: SentKind::Marketing,
        channel: Channel::Email,
        controller: NameHash(1),
        brand: NameHash(2),
        subject: NameHash(3),
    });
    Some(row.encode(key, &seal(), now()))
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let identity = SentIdentity {
            cluster_id: String::from("cluster"),
            topic: String::from("sent"),
            partitions: 2,
            pepper_id: PEPPER,
        };
        let (sent, _) = SentStore::open(dir.path(), &identity, 64 << 20).unwrap();
        let sent = Arc::new(sent);
        let approvals = Self::lane(&sent, 0);
        Self { sent, approvals, _dir: dir }
    }

    fn lane(sent: &Arc<SentStore>, lane: usize) -> Approvals<Unread> {
        Approvals::new(ApprovalsParts {
            lane,
            sent: Arc::clone(sent),
            seal: seal(),
            topic: String::from("sent"),
            transaction_timeout: Duration::from_secs(10),
            metrics: metrics(),
        })
    }

    fn restore(&mut self, log: &Log) -> Result<(), crate::pipeline::Setback> {
        self.approvals.restore([0, 1].into_iter(), log, horizon())
    }

    fn knows(&self) -> bool {
        self.approvals.knows([0, 1].into_iter())
    }

    fn n_known(&self, key: RowKey) -> usize {
        let found = self.sent.rows(&[key]).unwrap().remove(0);
        found.map_or(0, |row| Row::decode(&row, PEPPER).unwrap().messages().len())
    }

    fn next(&self, partition: i32) -> i64 {
        self.sent.checkpoint(partition).unwrap().next
    }
}

/// What a lane knows whose partitions are new, and the directory it lies in.
pub(super) fn nothing_approved() -> (tempfile::TempDir, Approvals<Unread>) {
    let Scene { mut approvals, _dir: dir, .. } = Scene::new();
    let restored = approvals.restore([0, 1].into_iter(), &Log::default(), horizon());
    assert!(restored.is_ok());
    (dir, approvals)
}

#[test]
fn an_empty_changelog_is_known_at_once() {
    let mut scene = Scene::new();
    assert!(!scene.knows());
    assert!(scene.restore(&Log::default()).is_ok());
    assert!(scene.knows());
}

#[test]
fn rows_are_read_back_to_the_end_that_was_asked_for() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    for n in 1..5 {
        log.append(key(i32::from(n % 2), n), row(key(i32::from(n % 2), n), n));
    }
    assert!(scene.restore(&log).is_ok());
    assert!(scene.knows());
    assert_eq!((1..5).map(|n| scene.n_known(key(i32::from(n % 2), n))).sum::<usize>(), 4);
    assert_eq!((scene.next(0), scene.next(1)), (2, 2));
}

#[test]
fn a_transaction_of_a_former_owner_is_waited_for() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.append(key(0, 1), row(key(0, 1), 1));
    log.ends.insert(0, 9);
    let hold = hold_of(scene.approvals.restore([0].into_iter(), &Stopped(log), horizon()));
    assert_eq!(hold.cause, HoldCause::SentRestoring);
    assert!(hold.detail.contains("is read up to offset 1, must be to 9"), "{}", hold.detail);
    assert!(!scene.approvals.knows([0].into_iter()));
}

/// A changelog with a transaction that is open: no reader gets past it.
struct Stopped(Log);

impl Changelog for Stopped {
    type Reader = Unread;

    fn offsets(
        &self,
        partitions: impl Iterator<Item = i32>,
        place: Offset,
    ) -> Result<BTreeMap<i32, i64>, (Option<i32>, KafkaError)> {
        self.0.offsets(partitions, place)
    }

    fn reader(&self, from: impl Iterator<Item = (i32, i64)>) -> Result<Unread, KafkaError> {
        let mut reader = self.0.reader(from)?;
        reader.ends.clear();
        Ok(reader)
    }
}

#[test]
fn what_the_local_store_has_is_not_read_again() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.append(key(0, 1), row(key(0, 1), 1));
    assert!(scene.restore(&log).is_ok());
    log.records.clear();
    log.ends.insert(0, 1);
    let mut successor = Scene::lane(&scene.sent, 1);
    assert!(successor.restore([0].into_iter(), &log, horizon()).is_ok());
    assert!(successor.knows([0].into_iter()), "the checkpoint covers it");
}

#[test]
fn a_changelog_that_ends_before_what_is_known_is_another_one_and_read_whole() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    for n in 1..4 {
        log.append(key(0, n), row(key(0, n), n));
    }
    assert!(scene.restore(&log).is_ok());
    let mut another = Log::default();
    another.append(key(0, 9), row(key(0, 9), 9));
    scene.approvals.forget(0);
    assert!(scene.restore(&another).is_ok());
    assert_eq!((scene.next(0), scene.n_known(key(0, 1)), scene.n_known(key(0, 9))), (1, 0, 1));
}

#[test]
fn records_that_were_deleted_before_they_were_read_hold_nobody() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.records.push((0, 7, key(0, 1).subject.0.to_vec(), row(key(0, 1), 1)));
    log.begins.insert(0, 7);
    assert!(scene.restore(&log).is_ok());
    assert_eq!((scene.next(0), scene.n_known(key(0, 1))), (8, 1));
}

#[test]
fn brokers_that_are_away_hold() {
    let mut scene = Scene::new();
    let hold = hold_of(scene.restore(&Log { is_away: true, ..Log::default() }));
    assert_eq!(hold.cause, HoldCause::BrokerUnavailable);
    assert!(hold.detail.contains("`sent` partition 1"), "{}", hold.detail);
    assert!(scene.restore(&Log::default()).is_ok(), "until they are back");
}

#[test]
fn a_batch_nobody_can_unpack_holds_and_is_not_read_again_at_once() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.append(key(0, 1), row(key(0, 1), 1));
    log.has_bomb = true;
    let hold = hold_of(scene.restore(&log));
    assert_eq!(hold.cause, HoldCause::SentUnreadable);
    assert!(hold.detail.contains("partition 0 offset 3"), "{}", hold.detail);
    log.has_bomb = false;
    assert_eq!(hold_of(scene.restore(&log)), hold, "a bomb takes a core for a moment");
    assert!(!scene.knows());
}

#[test]
fn a_record_that_is_no_row_holds_unless_a_later_one_takes_its_place() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.append(key(0, 1), Some(b"no row".to_vec()));
    let mut mended = log.clone();
    assert_eq!(cause_of(scene.restore(&log)), HoldCause::SentUnreadable);
    assert_eq!(scene.next(0), 0, "no checkpoint passes what is not in the store");
    mended.append(key(0, 1), row(key(0, 1), 1));
    let mut scene = Scene::new();
    assert!(scene.restore(&mended).is_ok());
    assert_eq!(scene.n_known(key(0, 1)), 1);
}

#[test]
fn a_row_of_another_pepper_holds_and_says_what_to_do() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    let mut other = Row::default();
    other.add_as_it_is(SentMessage {
        at: now(),
        message: EventKey([1; 8]),
        kind: SentKind::Marketing,
        channel: Channel::Sms,
        controller: NameHash(0),
        brand: NameHash(0),
        subject: NameHash(0),
    });
    let value = other.encode(key(0, 1), &RowSeal::new([9; 8], &[9; 32]), now());
    log.append(key(0, 1), Some(value));
    let hold = hold_of(scene.restore(&log));
    assert!(hold.detail.contains("state.pepper_file"), "{}", hold.detail);
}

#[test]
fn what_a_stranger_deleted_is_written_again_with_the_next_transaction() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.append(key(0, 1), row(key(0, 1), 1));
    log.append(key(0, 1), None);
    assert!(scene.restore(&log).is_ok());
    assert_eq!(scene.n_known(key(0, 1)), 2, "what is known, and a mark that counts against");
    assert_eq!(scene.approvals.repairs(|_| true), [key(0, 1)]);
    assert!(scene.approvals.repairs(|partition| partition == 1).is_empty());
    let written = row(key(0, 1), 1).unwrap();
    scene.approvals.write_rows(&[(key(0, 1), written)]).unwrap();
    assert!(scene.approvals.repairs(|_| true).is_empty());
}

#[test]
fn a_partition_that_was_given_away_is_read_back_when_it_returns() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    assert!(scene.restore(&log).is_ok());
    scene.approvals.forget(0);
    assert!(!scene.knows() && scene.approvals.knows([1].into_iter()));
    // meanwhile another instance approved
    log.append(key(0, 1), row(key(0, 1), 1));
    assert!(scene.restore(&log).is_ok());
    assert_eq!(scene.n_known(key(0, 1)), 1);
}

#[test]
fn after_a_transaction_of_unknown_end_everything_is_read_back() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    assert!(scene.restore(&log).is_ok());
    scene.approvals.forget_all();
    assert!(!scene.approvals.knows([1].into_iter()));
    log.append(key(1, 1), row(key(1, 1), 1));
    assert!(scene.restore(&log).is_ok());
    assert_eq!(scene.n_known(key(1, 1)), 1, "it was committed after all");
}

#[test]
fn a_lane_that_lost_a_partition_writes_no_row_of_it_any_more() {
    let (mut scene, log) = (Scene::new(), Log::default());
    assert!(scene.restore(&log).is_ok());
    let mut successor = Scene::lane(&scene.sent, 1);
    assert!(successor.restore([0].into_iter(), &log, horizon()).is_ok());
    scene.approvals.write_rows(&[(key(0, 1), row(key(0, 1), 1).unwrap())]).unwrap();
    assert_eq!(scene.n_known(key(0, 1)), 0);
    successor.write_rows(&[(key(0, 1), row(key(0, 1), 2).unwrap())]).unwrap();
    assert_eq!(scene.n_known(key(0, 1)), 1);
}

#[test]
fn rows_are_dated_one_after_the_other_whatever_clocks_say() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.append(key(0, 1), row(key(0, 1), 1));
    assert!(scene.restore(&log).is_ok());
    let hour = Duration::from_secs(3600);
    let earlier = now().saturating_sub(hour);
    let next = now().saturating_add(Duration::from_micros(1));
    assert_eq!(scene.approvals.written(0, earlier), next, "a clock that is behind");
    assert_eq!(scene.approvals.written(0, now().saturating_add(hour)), now().saturating_add(hour));
    assert_eq!(scene.approvals.written(1, earlier), earlier, "nothing was written there");
}

#[test]
fn a_checkpoint_follows_a_restore_with_the_newest_row() {
    let (mut scene, mut log) = (Scene::new(), Log::default());
    log.append(key(0, 1), row(key(0, 1), 1));
    assert!(scene.restore(&log).is_ok());
    let expected = Checkpoint { next: 1, newest: Some(now()) };
    assert_eq!(scene.sent.checkpoint(0).unwrap(), expected);
}
