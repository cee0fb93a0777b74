//! Rows and store of approvals: frozen bytes, strict decoding, what is kept and for how long, what is discarded.

use super::*;
use gate_core::{
    Channel, EventKey, NameHash, SENT_MESSAGES_MAX, SentKind, SentMessage, SubjectKey, Timestamp,
};
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
    let bytes = row_of(&[entry]).encode(PEPPER);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "01070707070707070708070605040302 01aaaaaaaaaaaaaaaa0305443322110500000000000000"
            .replace(' ', "")
    );
    assert_eq!(Row::decode(&bytes, PEPPER).unwrap().messages(), [entry]);
}

#[test]
fn what_is_not_exactly_a_row_is_refused_and_nothing_panics() {
    let row =
        row_of(&[sent(1, SentKind::Marketing, at(1)), sent(2, SentKind::Confirmation, at(2))]);
    let bytes = row.encode(PEPPER);
    assert_eq!(Row::decode(&bytes, PEPPER), Ok(row.clone()));
    assert_eq!(Row::decode(&bytes, [8; 8]), Err(RowError::OtherPepper));
    assert_eq!(Row::decode_any(&bytes), Ok((PEPPER, row)));
    for end in 0..bytes.len() {
        let cut = Row::decode(&bytes[..end], PEPPER);
        // the one prefix that is a row is that of the first entry
        assert_eq!(cut.is_ok(), end == 9 + 30, "prefix {end}");
    }
    assert!(Row::decode(&[&bytes[..], &[0]].concat(), PEPPER).is_err());
    for byte in [0, 9 + 16, 9 + 17] {
        let mut wrong = bytes.clone();
        wrong[byte] = 99;
        assert_eq!(Row::decode(&wrong, PEPPER), Err(RowError::Malformed), "byte {byte}");
    }
    let long = [&bytes[..9], &bytes[9..39].repeat(SENT_MESSAGES_MAX + 1)].concat();
    assert_eq!(Row::decode(&long, PEPPER), Err(RowError::Malformed));
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
    assert_eq!(store.checkpoint(0).unwrap(), 0);
    let rows = [(key(0, 9), Some(&b"a"[..])), (key(1, 9), Some(b"b")), (key(1, 3), Some(b"c"))];
    store.write(LANE, rows, [(0, 5), (1, 7)]).unwrap();
    store.flush(true).unwrap();
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!(opened, Opened::Reused);
    let found = store.rows(&[key(1, 9), key(0, 3), key(0, 9), key(1, 3)]).unwrap();
    assert_eq!(found, [Some(b"b".to_vec()), None, Some(b"a".to_vec()), Some(b"c".to_vec())]);
    assert_eq!([0, 1, 2].map(|p| store.checkpoint(p).unwrap()), [5, 7, 0]);
    store.write(LANE, [(key(1, 9), None)], []).unwrap();
    store.forget(0).unwrap();
    assert_eq!(store.rows(&[key(0, 9), key(1, 9), key(1, 3)]).unwrap().iter().flatten().count(), 1);
    assert_eq!([0, 1].map(|p| store.checkpoint(p).unwrap()), [0, 7]);
    store.flush_now_and_then().unwrap();
}

#[test]
fn what_a_crash_leaves_has_no_checkpoint_before_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.write(LANE, [(key(0, 1), Some(&b"old"[..]))], [(0, 1)]).unwrap();
    store.flush(true).unwrap();
    store.write(LANE, [(key(0, 1), Some(&b"new"[..]))], [(0, 2)]).unwrap();
    // nothing was flushed since: a copy of the files is what a killed process leaves
    let copy = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("sent/db"), copy.path().join("sent/db"));
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let (crashed, opened) = open(copy.path());
    assert_eq!(opened, Opened::Reused);
    assert_eq!(crashed.checkpoint(0).unwrap(), 1);
    assert_eq!(crashed.rows(&[key(0, 1)]).unwrap(), [Some(b"old".to_vec())]);
}

#[test]
fn what_belongs_elsewhere_or_is_damaged_is_discarded() {
    let dir = tempfile::tempdir().unwrap();
    let fill = |store: &SentStore| {
        store.write(LANE, [(key(0, 1), Some(&b"row"[..]))], [(0, 3)]).unwrap();
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
        assert_eq!(store.checkpoint(0).unwrap(), 0);
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
        .write(LANE, [(key(0, 1), Some(&b"a"[..])), (key(1, 1), Some(b"b"))], [(0, 4), (1, 9)])
        .unwrap();
    assert_eq!(store.rows(&[key(0, 1), key(1, 1)]).unwrap(), [Some(b"a".to_vec()), None]);
    assert_eq!([0, 1].map(|p| store.checkpoint(p).unwrap()), [4, 0]);
}
