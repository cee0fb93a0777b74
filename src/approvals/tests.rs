//! Rows and store of approvals: frozen bytes, strict decoding, what is kept and for how long, what is discarded.

use super::*;
use gate_core::{
    Channel, EventKey, NameHash, SENT_MESSAGES_MAX, SentKind, SentMessage, SubjectKey, Timestamp,
};
use gate_engine::TagFound;
use std::time::Duration;

const PEPPER: [u8; 8] = [7; 8];
const HOUR: Duration = Duration::from_secs(3600);

fn at(hours: u64) -> Timestamp {
    Timestamp::from_millis(0).saturating_add(HOUR * u32::try_from(hours).unwrap())
}

fn sent(n: u64, kind: SentKind, at: Timestamp) -> SentMessage {
    SentMessage {
        at,
        message: EventKey(n.to_be_bytes()),
        kind,
        channel: Channel::Sms,
        controller: NameHash(1),
        brand: NameHash(2),
        subject: NameHash(0),
    }
}

fn day_at(hours: u64) -> Horizon {
    Horizon { now: at(hours), window: HOUR * 24 }
}

fn row_of(entries: &[SentMessage]) -> Row {
    let horizon = Horizon { now: Timestamp::MIN, window: Duration::ZERO };
    let mut row = Row::default();
    for entry in entries {
        row.remember(*entry, &horizon);
    }
    row
}

fn seal() -> RowSeal {
    RowSeal::new(PEPPER, &[1; 32])
}

/// The bytes of a row under `key(0, 1)`.
fn encoded(row: &Row) -> Vec<u8> {
    row.encode(key(0, 1), &seal(), at(3))
}

/// A row as version 0.1 wrote it.
fn encoded_before_tags(row: &Row) -> Vec<u8> {
    let bytes = encoded(row);
    [&[1], &bytes[1..9], &bytes[17..bytes.len() - 16]].concat()
}

/// Golden: these bytes are in Kafka.
#[test]
fn the_bytes_are_frozen() {
    let entry = SentMessage {
        at: Timestamp::from_micros(0x0102_0304_0506_0708),
        message: EventKey([0xaa; 8]),
        kind: SentKind::Request,
        channel: Channel::Whatsapp,
        controller: NameHash(0x1122_3344),
        brand: NameHash(5),
        subject: NameHash(0),
    };
    let bytes = encoded(&row_of(&[entry]));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (written, row) =
        ("00ecba8302000000", "0807060504030201aaaaaaaaaaaaaaaa0305443322110500000000000000");
    let tag = "0559c030a4562ce91bfd5ce7bb0875e5";
    assert_eq!(hex(&bytes), format!("020707070707070707{written}{row}{tag}"));
    assert_eq!(Row::decode(&bytes, PEPPER).unwrap().messages(), [entry]);
    // and those of version 0.1 still are
    let former = encoded_before_tags(&row_of(&[entry]));
    assert_eq!(hex(&former), format!("010707070707070707{row}"));
    assert_eq!(Row::decode(&former, PEPPER).unwrap().messages(), [entry]);
}

#[test]
fn what_is_not_exactly_a_row_is_refused_and_nothing_panics() {
    let row =
        row_of(&[sent(1, SentKind::Marketing, at(1)), sent(2, SentKind::Confirmation, at(2))]);
    for (bytes, head) in [(encoded(&row), 17), (encoded_before_tags(&row), 9)] {
        let tag = if head == 17 { 16 } else { 0 };
        assert_eq!(Row::decode(&bytes, PEPPER), Ok(row.clone()));
        assert_eq!(Row::decode(&bytes, [8; 8]), Err(RowError::OtherPepper));
        for end in 0..bytes.len() {
            let cut = Row::decode(&bytes[..end], PEPPER);
            // the one prefix that has the layout of a row is that of the first entry
            assert_eq!(cut.is_ok(), end == head + 30 + tag, "prefix {end}");
        }
        assert!(Row::decode(&[&bytes[..], &[0]].concat(), PEPPER).is_err());
        for byte in [0, head + 16, head + 17] {
            let mut wrong = bytes.clone();
            wrong[byte] = 99;
            assert_eq!(Row::decode(&wrong, PEPPER), Err(RowError::Malformed), "byte {byte}");
        }
        let entries = bytes[head..head + 30].repeat(SENT_MESSAGES_MAX + 1);
        let long = [&bytes[..head], &entries, &bytes[bytes.len() - tag..]].concat();
        assert_eq!(Row::decode(&long, PEPPER), Err(RowError::Malformed));
    }
}

#[test]
fn a_tag_is_right_for_its_bytes_key_partition_and_pepper_alone() {
    let row = row_of(&[sent(1, SentKind::Marketing, at(1))]);
    let bytes = encoded(&row);
    let tag = |bytes: &[u8], key, seal: &RowSeal| Row::examine(bytes, key, seal).unwrap().tag;
    assert_eq!(tag(&bytes, key(0, 1), &seal()), TagFound::Ours);
    assert_eq!(Row::examine(&bytes, key(0, 1), &seal()).unwrap().written, at(3));
    assert_eq!(tag(&bytes, key(0, 2), &seal()), TagFound::Wrong, "somebody else's row");
    assert_eq!(tag(&bytes, key(1, 1), &seal()), TagFound::Wrong, "of another partition");
    assert_eq!(tag(&bytes, key(0, 1), &RowSeal::new(PEPPER, &[2; 32])), TagFound::Wrong);
    assert_eq!(tag(&encoded_before_tags(&row), key(0, 1), &seal()), TagFound::None);
    for place in (1..bytes.len()).filter(|place| ![33, 34].contains(place)) {
        let mut wrong = bytes.clone();
        wrong[place] ^= 1;
        assert_eq!(tag(&wrong, key(0, 1), &seal()), TagFound::Wrong, "byte {place}");
    }
    assert_eq!(format!("{:?}", seal()), "[redacted]");
}

#[test]
fn joined_rows_know_what_both_know() {
    let (a, b) = (sent(1, SentKind::Marketing, at(1)), sent(2, SentKind::Request, at(2)));
    let later = sent(1, SentKind::Marketing, at(5));
    let of = |rows: [&[SentMessage]; 2]| {
        let mut row = row_of(rows[0]);
        assert!(!row.join(&row_of(rows[1])));
        row
    };
    assert_eq!(of([&[a], &[b]]).messages(), [a, b]);
    assert_eq!(of([&[b], &[a]]).messages(), [a, b], "the oldest first");
    assert_eq!(of([&[a, b], &[a]]).messages(), [a, b], "an older row takes nothing away");
    assert_eq!(of([&[later], &[a]]).messages(), [later]);
    assert_eq!(of([&[a], &[later]]).messages(), [later]);
    // of marks the latest stays, and no number of others pushes it out
    let mut row = row_of(&[a]);
    row.mark_lost(at(7), 40);
    row.mark_lost(at(9), 50);
    let mark = SentMessage::unknown(at(9), EventKey(50i64.to_be_bytes()));
    assert_eq!(row.messages(), [a, mark]);
    let many: Vec<SentMessage> = (1_000..1_000 + SENT_MESSAGES_MAX as u64)
        .map(|n| sent(n, SentKind::Marketing, at(n)))
        .collect();
    assert!(row.join(&row_of(&many)), "it says that something had no room");
    assert_eq!(row.messages().len(), SENT_MESSAGES_MAX);
    assert_eq!(row.messages()[0], mark);
    row.prune(&day_at(1_000_000));
    assert_eq!(row.messages()[0], mark, "as long as requests");
    // a row behind the stranger's record ends the mark
    row.forget_marks_before(50);
    assert_eq!(row.messages()[0], mark);
    row.forget_marks_before(51);
    assert!(row.is_empty());
}

#[test]
fn each_kind_is_kept_as_long_as_it_counts() {
    let day = 24;
    let mut row = row_of(&[
        sent(1, SentKind::Marketing, at(0)),
        sent(2, SentKind::Marketing, at(10 * day)),
        sent(3, SentKind::Confirmation, at(39 * day)),
        sent(4, SentKind::Confirmation, at(40 * day - 1)),
        sent(5, SentKind::Request, at(0)),
    ]);
    row.prune(&day_at(40 * day));
    let kept: Vec<u64> =
        row.messages().iter().map(|sent| u64::from_be_bytes(sent.message.0)).collect();
    assert_eq!(kept, [2, 4, 5]);
    // a longer window keeps marketing longer
    let mut row = row_of(&[sent(1, SentKind::Marketing, at(0))]);
    row.prune(&Horizon { now: at(60 * day), window: HOUR * 24 * 90 });
    assert_eq!(row.messages().len(), 1);
    // of requests the newest eight stay, however old
    let requests: Vec<SentMessage> = (0..20).map(|n| sent(n, SentKind::Request, at(n))).collect();
    let mut row = row_of(&requests);
    row.prune(&day_at(1_000_000));
    assert_eq!(row.messages(), &requests[12..]);
}

#[test]
fn a_message_counts_once_at_its_latest_time() {
    let mut row = row_of(&[sent(1, SentKind::Marketing, at(1))]);
    row.remember(sent(1, SentKind::Marketing, at(5)), &day_at(5));
    assert_eq!(row.messages(), [sent(1, SentKind::Marketing, at(5))]);
    assert!(row.contains(EventKey(1u64.to_be_bytes())) && !row.contains(EventKey([9; 8])));
}

#[test]
fn a_full_row_keeps_what_is_in_a_window_and_lets_go_of_the_rest() {
    let full: Vec<SentMessage> =
        (0..SENT_MESSAGES_MAX as u64).map(|n| sent(n, SentKind::Marketing, at(n))).collect();
    // all within a window of 200 hours: it stays full, and says so
    let horizon = Horizon { now: at(127), window: HOUR * 200 };
    let mut row = row_of(&full);
    row.prune(&horizon);
    assert_eq!(row.messages().len(), SENT_MESSAGES_MAX);
    assert!(row.remember(sent(500, SentKind::Request, at(127)), &horizon));
    assert_eq!(row.messages().len(), SENT_MESSAGES_MAX, "still full, still blocking");
    assert!(!row.contains(EventKey(0u64.to_be_bytes())), "the oldest made room");
    // the same row under a window of a day: what is outside makes room, one by one
    let mut row = row_of(&full);
    row.prune(&day_at(127));
    assert_eq!(row.messages().len(), SENT_MESSAGES_MAX - 1);
    assert!(row.remember(sent(600, SentKind::Marketing, at(127)), &day_at(127)));
}

fn identity() -> SentIdentity {
    SentIdentity {
        cluster_id: "cluster".to_owned(),
        topic: "consent-gate-sent".to_owned(),
        partitions: 4,
        pepper_id: PEPPER,
    }
}

const LANE: usize = 3;

/// Checkpoints without a time.
fn up_to<const N: usize>(ends: [(i32, i64); N]) -> [(i32, Checkpoint); N] {
    ends.map(|(partition, next)| (partition, Checkpoint { next, newest: None }))
}

fn next_of<const N: usize>(store: &SentStore, partitions: [i32; N]) -> [i64; N] {
    partitions.map(|partition| store.checkpoint(partition).unwrap().next)
}

fn open(dir: &std::path::Path) -> (SentStore, Opened) {
    open_as(dir, &identity())
}

fn open_as(dir: &std::path::Path, identity: &SentIdentity) -> (SentStore, Opened) {
    let (store, opened) = SentStore::open(dir, identity, 64 << 20).unwrap();
    (0..4).for_each(|partition| store.claim(partition, LANE));
    (store, opened)
}

fn key(partition: i32, n: u8) -> RowKey {
    RowKey { partition, subject: SubjectKey([n; 16]) }
}

#[test]
fn rows_and_checkpoints_come_back_and_partitions_are_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Fresh);
    assert_eq!(next_of(&store, [0]), [0]);
    let rows = [(key(0, 9), Some(&b"a"[..])), (key(1, 9), Some(b"b")), (key(1, 3), Some(b"c"))];
    store.write(LANE, rows, up_to([(0, 5), (1, 7)])).unwrap();
    store.flush(true).unwrap();
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Reused);
    let found = store.rows(&[key(1, 9), key(0, 3), key(0, 9), key(1, 3)]).unwrap();
    assert_eq!(found, [Some(b"b".to_vec()), None, Some(b"a".to_vec()), Some(b"c".to_vec())]);
    assert_eq!(next_of(&store, [0, 1, 2]), [5, 7, 0]);
    store.write(LANE, [(key(1, 9), None)], []).unwrap();
    store.forget(0).unwrap();
    assert_eq!(store.rows(&[key(0, 9), key(1, 9), key(1, 3)]).unwrap().iter().flatten().count(), 1);
    assert_eq!(next_of(&store, [0, 1]), [0, 7]);
    store.flush_now_and_then().unwrap();
}

/// Records of partition 0 as they are read back into an empty or a filled store.
mod changelog {
    use super::*;
    use crate::metrics::ForeignRow;
    use std::collections::{BTreeMap, BTreeSet};

    const NOW: u64 = 1_000;
    const NOBODY: &[u8] = &[];

    fn approvals(n: u64) -> Row {
        let each = (0..n).map(|n| sent(n, SentKind::Marketing, at(NOW - 10 + n)));
        row_of(&each.collect::<Vec<_>>())
    }

    /// A row of `n` approvals as a gate writes it, at the time of the last.
    fn written(n: u64) -> Vec<u8> {
        approvals(n).encode(key(0, 1), &seal(), at(NOW - 11 + n))
    }

    struct Scene {
        _dir: tempfile::TempDir,
        store: SentStore,
        trails: BTreeMap<i32, Trail>,
        next: i64,
        repairs: BTreeSet<RowKey>,
        foreign: Vec<ForeignRow>,
    }

    impl Scene {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (store, _) = open(dir.path());
            let (trails, repairs) = (BTreeMap::new(), BTreeSet::new());
            Self { _dir: dir, store, trails, next: 0, repairs, foreign: Vec::new() }
        }

        /// Reads one record that was appended at that hour; `Err` when the partition is held for it.
        fn read(&mut self, of: &[u8], value: Option<&[u8]>, hour: u64) -> Result<(), RowError> {
            let reading = Reading {
                seal: &seal(),
                horizon: day_at(NOW),
                transaction_timeout: Duration::from_secs(60),
            };
            let timestamp_ms = i64::try_from(hour * 3_600_000).unwrap();
            let record =
                LogRecord { partition: 0, offset: self.next, timestamp_ms, key: of, value };
            self.next += 1;
            let restored = reading.join(&self.store, &[record], &mut self.trails).unwrap();
            let rows = restored.rows.iter().map(|(key, row)| (*key, Some(row.as_slice())));
            self.store.write(LANE, rows, []).unwrap();
            self.repairs.retain(|key| !restored.whole.contains(key));
            self.repairs.extend(restored.repairs);
            self.foreign.extend(restored.foreign.iter().map(|(_, _, kind)| *kind));
            restored.unreadable.first().map_or(Ok(()), |(_, _, error)| Err(*error))
        }

        fn ours(&mut self, n: u64) {
            self.read(&[1; 16], Some(&written(n)), NOW - 11 + n).unwrap();
        }

        /// Approvals known of the recipient, and whether some may be missing.
        fn known(&self) -> (usize, bool) {
            let rows = self.store.rows(&[key(0, 1)]).unwrap();
            let row = rows[0].as_ref().map(|row| Row::decode(row, PEPPER).unwrap());
            let row = row.unwrap_or_default();
            let n_marks =
                row.messages().iter().filter(|sent| sent.kind == SentKind::Unknown).count();
            (row.messages().len() - n_marks, n_marks > 0)
        }
    }

    #[test]
    fn our_rows_are_taken_as_they_are() {
        let mut scene = Scene::new();
        (1..=3).for_each(|n| scene.ours(n));
        assert_eq!((scene.known(), scene.repairs.len()), ((3, false), 0));
        assert!(scene.foreign.is_empty());
    }

    /// An old row that neither its time nor its order gives away.
    #[test]
    fn what_is_known_is_joined_with_our_rows_too() {
        let mut scene = Scene::new();
        scene.ours(3);
        let less = approvals(1).encode(key(0, 1), &seal(), at(NOW - 8));
        scene.read(&[1; 16], Some(&less), NOW - 8).unwrap();
        assert_eq!((scene.known(), scene.repairs.len()), ((3, false), 1));
        scene.ours(3);
        assert_eq!(scene.repairs.len(), 0, "the changelog says it all again");
    }

    #[test]
    fn a_null_value_takes_nothing_away_and_marks() {
        let mut scene = Scene::new();
        (1..=3).for_each(|n| scene.ours(n));
        scene.read(&[1; 16], None, NOW).unwrap();
        assert_eq!((scene.known(), scene.repairs.len()), ((3, true), 1));
        // after compaction it is all that is left
        let mut scene = Scene::new();
        scene.read(&[1; 16], None, NOW).unwrap();
        assert_eq!((scene.known(), scene.repairs.len()), ((0, true), 1));
        assert_eq!(scene.foreign, [ForeignRow::Deleted]);
        // what a gate has written behind it knows everything
        let mut repaired = approvals(3);
        repaired.join(&approvals(4));
        let bytes = repaired.encode(key(0, 1), &seal(), at(NOW));
        scene.read(&[1; 16], Some(&bytes), NOW).unwrap();
        assert_eq!((scene.known(), scene.repairs.len()), ((4, false), 0));
        // of a key that is nobody's it is nothing
        scene.read(NOBODY, None, NOW).unwrap();
        assert_eq!(scene.foreign.len(), 1);
    }

    #[test]
    fn a_row_that_is_written_again_takes_nothing_away_and_marks() {
        // by its time: the broker's, or the stranger did not think of it
        let mut scene = Scene::new();
        scene.ours(3);
        scene.read(&[1; 16], Some(&written(1)), NOW).unwrap();
        assert_eq!(scene.known(), (3, true));
        let mut scene = Scene::new();
        scene.read(&[1; 16], Some(&written(1)), NOW).unwrap();
        assert_eq!(scene.known(), (1, true), "compaction left nothing else");
        assert_eq!(
            (scene.foreign.as_slice(), scene.repairs.len()),
            ([ForeignRow::Replayed].as_slice(), 1)
        );
        // by the order, when the stranger dates it back
        let mut scene = Scene::new();
        let other = approvals(3).encode(key(0, 2), &seal(), at(NOW - 8));
        scene.read(&[2; 16], Some(&other), NOW - 8).unwrap();
        scene.read(&[1; 16], Some(&written(1)), NOW - 10).unwrap();
        assert_eq!(scene.known(), (1, true));
        assert_eq!(scene.foreign, [ForeignRow::Replayed]);
    }

    #[test]
    fn of_a_wrong_tag_nothing_is_believed() {
        let mut scene = Scene::new();
        scene.ours(2);
        let forged = approvals(1).encode(key(0, 1), &RowSeal::new(PEPPER, &[9; 32]), at(NOW));
        scene.read(&[1; 16], Some(&forged), NOW).unwrap();
        assert_eq!((scene.known(), scene.repairs.len()), ((2, true), 1));
        assert_eq!(scene.foreign, [ForeignRow::Forged]);
        // somebody else's row
        let mut scene = Scene::new();
        scene.read(&[1; 16], Some(&approvals(1).encode(key(0, 2), &seal(), at(NOW))), NOW).unwrap();
        assert_eq!(scene.known(), (0, true));
    }

    #[test]
    fn rows_without_tags_are_joined_until_a_tagged_one_was_there() {
        let former = encoded_before_tags(&approvals(2));
        let mut scene = Scene::new();
        scene.read(&[1; 16], Some(&former), NOW - 9).unwrap();
        assert_eq!((scene.known(), scene.foreign.len()), ((2, false), 0));
        scene.ours(3);
        assert_eq!(scene.known(), (3, false));
        scene.read(&[1; 16], Some(&former), NOW - 9).unwrap();
        assert_eq!(
            (scene.known(), scene.foreign.as_slice()),
            ((3, true), [ForeignRow::Untagged].as_slice())
        );
        // one that was written long before it was appended
        let mut scene = Scene::new();
        scene.read(&[1; 16], Some(&former), NOW).unwrap();
        assert_eq!(scene.known(), (2, true));
        // a date far ahead blocks nobody for years
        let mut scene = Scene::new();
        let ahead = encoded_before_tags(&row_of(&[sent(1, SentKind::Marketing, at(NOW * 99))]));
        scene.read(&[1; 16], Some(&ahead), NOW).unwrap();
        let row = scene.store.rows(&[key(0, 1)]).unwrap().remove(0).unwrap();
        assert_eq!(Row::decode(&row, PEPPER).unwrap().messages()[0].at, at(NOW));
        // so many that ours have no room
        let mut scene = Scene::new();
        let many: Vec<_> = (100..100 + SENT_MESSAGES_MAX as u64)
            .map(|n| sent(n, SentKind::Marketing, at(NOW)))
            .collect();
        scene.read(&[1; 16], Some(&encoded_before_tags(&approvals(3))), NOW - 8).unwrap();
        scene.read(&[1; 16], Some(&encoded_before_tags(&row_of(&many))), NOW).unwrap();
        assert!(scene.known().1, "something had no room");
    }

    #[test]
    fn what_is_no_row_is_said_and_other_peppers_count_only_once_over() {
        let mut scene = Scene::new();
        scene.ours(2);
        assert_eq!(scene.read(&[1; 16], Some(b"rubbish"), NOW), Err(RowError::Malformed));
        assert_eq!(scene.read(NOBODY, Some(&written(1)), NOW), Err(RowError::Malformed));
        let other = RowSeal::new([8; 8], &[1; 32]);
        let theirs = approvals(1).encode(key(0, 1), &other, at(NOW));
        assert_eq!(scene.read(&[1; 16], Some(&theirs), NOW), Err(RowError::OtherPepper));
        assert_eq!((scene.known(), scene.foreign.len()), ((2, false), 0));
        // one that counts no more is nothing, unless it was appended now
        let old = row_of(&[sent(1, SentKind::Marketing, at(1))]);
        let old = old.encode(key(0, 1), &other, at(1));
        scene.read(&[1; 16], Some(&old), 1).unwrap();
        assert_eq!(scene.known(), (2, false));
        scene.read(&[1; 16], Some(&old), NOW).unwrap();
        assert_eq!(
            (scene.known(), scene.foreign.as_slice()),
            ((2, true), [ForeignRow::Forged].as_slice())
        );
    }

    /// A start that goes on from a checkpoint knows what was written before it.
    #[test]
    fn the_order_is_known_across_starts() {
        let mut scene = Scene::new();
        scene.ours(3);
        // what is read again from a checkpoint is not behind itself
        let checkpoint = Checkpoint { next: 1, newest: scene.trails[&0] };
        scene.store.write(LANE, [], [(0, checkpoint)]).unwrap();
        assert_eq!(scene.store.checkpoint(0).unwrap(), checkpoint);
        scene.trails = [(0, checkpoint.newest)].into();
        scene.ours(3);
        assert!(scene.foreign.is_empty());
        let other = approvals(1).encode(key(0, 2), &seal(), at(NOW - 10));
        scene.read(&[2; 16], Some(&other), NOW - 10).unwrap();
        scene.read(&[1; 16], Some(&encoded_before_tags(&approvals(1))), NOW - 10).unwrap();
        assert_eq!(scene.foreign, [ForeignRow::Replayed, ForeignRow::Untagged]);
        assert_eq!(scene.trails[&0], Some(at(NOW - 8)), "a stranger does not set it");
    }

    /// Of many records of one key in one turn the same comes out.
    #[test]
    fn a_turn_takes_records_in_their_order() {
        let mut scene = Scene::new();
        let reading = Reading {
            seal: &seal(),
            horizon: day_at(NOW),
            transaction_timeout: Duration::from_secs(60),
        };
        let values = [Some(written(1)), Some(written(2)), None, Some(written(3))];
        let records: Vec<LogRecord<'_>> = (0i64..)
            .zip(&values)
            .map(|(offset, value)| LogRecord {
                partition: 0,
                offset,
                timestamp_ms: (i64::try_from(NOW).unwrap() - 10 + offset.min(2)) * 3_600_000,
                key: &[1; 16],
                value: value.as_deref(),
            })
            .collect();
        for (n, expected) in [(2, (2, false)), (3, (2, true)), (4, (3, false))] {
            let restored = reading.join(&scene.store, &records[..n], &mut scene.trails).unwrap();
            let rows = restored.rows.iter().map(|(key, row)| (*key, Some(row.as_slice())));
            scene.store.write(LANE, rows, []).unwrap();
            assert_eq!(scene.known(), expected, "{n} records");
            assert_eq!(restored.repairs.len(), usize::from(expected.1));
            scene = Scene::new();
        }
    }
}

#[test]
fn what_a_crash_leaves_has_no_checkpoint_before_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.write(LANE, [(key(0, 1), Some(&b"old"[..]))], up_to([(0, 1)])).unwrap();
    store.flush(true).unwrap();
    store.write(LANE, [(key(0, 1), Some(&b"new"[..]))], up_to([(0, 2)])).unwrap();
    // nothing was flushed since: a copy of the files is what a killed process leaves
    let copy = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("sent/db"), copy.path().join("sent/db"));
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let (crashed, opened) = open(copy.path());
    assert_eq!(opened, Opened::Reused);
    assert_eq!(next_of(&crashed, [0]), [1]);
    assert_eq!(crashed.rows(&[key(0, 1)]).unwrap(), [Some(b"old".to_vec())]);
}

#[test]
fn what_belongs_elsewhere_or_is_damaged_is_discarded() {
    let dir = tempfile::tempdir().unwrap();
    let fill = |store: &SentStore| {
        store.write(LANE, [(key(0, 1), Some(&b"row"[..]))], up_to([(0, 3)])).unwrap();
        store.flush(true).unwrap();
    };
    let others = [
        SentIdentity { cluster_id: "other".to_owned(), ..identity() },
        SentIdentity { topic: "other".to_owned(), ..identity() },
        SentIdentity { partitions: 8, ..identity() },
        SentIdentity { pepper_id: [8; 8], ..identity() },
    ];
    for other in others {
        let (store, _) = open(dir.path());
        fill(&store);
        drop(store);
        let (store, opened) = open_as(dir.path(), &other);
        assert!(matches!(opened, Opened::Discarded(_)), "{opened:?}");
        assert_eq!(next_of(&store, [0]), [0]);
        assert_eq!(store.rows(&[key(0, 1)]).unwrap(), [None]);
    }
    let (store, _) = open(dir.path());
    fill(&store);
    assert!(matches!(store.unreadable_row(), SentError::Damaged { .. }));
    drop(store);
    assert!(matches!(open(dir.path()).1, Opened::Discarded(_)), "as the last process said");
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Reused);
    drop(store);
    std::fs::write(dir.path().join("sent/db/CURRENT"), "MANIFEST-999999\n").unwrap();
    assert!(matches!(open(dir.path()).1, Opened::Discarded(_)));
}

#[test]
fn a_lane_that_lost_a_partition_does_not_write_there() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.claim(1, LANE + 1);
    store
        .write(
            LANE,
            [(key(0, 1), Some(&b"a"[..])), (key(1, 1), Some(b"b"))],
            up_to([(0, 4), (1, 9)]),
        )
        .unwrap();
    assert_eq!(store.rows(&[key(0, 1), key(1, 1)]).unwrap(), [Some(b"a".to_vec()), None]);
    assert_eq!(next_of(&store, [0, 1]), [4, 0]);
}
