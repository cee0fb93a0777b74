//! Batches: each message sees the approvals before it, what cannot be read stops, and what is asked for is bounded.

use crate::cases::{consent, message};
use crate::people::{Plain, at, codec, policies};
use gate_codec::{Class, Kind};
use gate_core::{EventKey, Receipt, SentKind, SubjectKey, Timestamp};
use gate_engine::{
    Decoded, Horizon, Inputs, JudgeError, Judged, Keys, Memory, Record, Row, RowKey, Scratch,
    States, StoredApprovals, fold, judge, understand,
};
use serde_json::Value;
use std::cell::RefCell;

const NOON: &str = "2026-03-02T12:00:00Z";

/// Ben has agreed.
fn memory() -> Memory {
    let mut memory = Memory::default();
    let value = consent().to_string();
    let codec = codec(Kind::ConsentChange);
    let change = codec.decode_consent(Some(value.as_bytes())).unwrap();
    let understood = understand(&Plain, &change, Receipt::by_broker(change.occurred_at)).unwrap();
    let folded =
        fold(&mut memory, &mut Scratch::default(), understood.subjects, &understood.placement);
    assert_eq!(folded, Ok(true));
    memory
}

fn row_key(partition: i32) -> RowKey {
    let address = gate_core::CanonicalAddress::parse("ben@example.net", None, None).unwrap();
    RowKey { partition, subject: Plain.address(&address) }
}

/// Judges messages of these partitions at noon.
fn judged(
    memory: &Memory,
    messages: &[(i32, Value)],
    before: &[(i32, Value)],
    repairs: &[RowKey],
) -> Judged {
    let codec = codec(Kind::OutboundMessage);
    let texts = |some: &[(i32, Value)]| some.iter().map(|(_, v)| v.to_string()).collect::<Vec<_>>();
    let (now, then) = (texts(messages), texts(before));
    let read = |texts: &'static [String]| -> Vec<Decoded<'static>> {
        texts
            .iter()
            .map(|text| {
                codec.decode_message(Some(text.as_bytes())).map_err(|_| Class::Malformed.into())
            })
            .collect()
    };
    // a test may leak
    let (now, then) = (read(now.leak()), read(then.leak()));
    let records = |some: &[(i32, Value)], read: &'static [Decoded<'static>]| {
        let partitions = some.iter().map(|(partition, _)| *partition);
        let records =
            partitions.zip(read).map(|(partition, message)| Record { partition, message });
        records.collect::<Vec<_>>()
    };
    let inputs = Inputs {
        keys: &Plain,
        policies: policies(),
        states: memory,
        approvals: memory,
        now: at(NOON),
    };
    judge(inputs, &records(messages, now.leak()), &records(before, then.leak()), repairs).unwrap()
}

fn reasons(judged: &Judged) -> Vec<&'static str> {
    judged.decisions.iter().map(|decision| decision.reason().code()).collect()
}

const APPROVED: &str = "approved.express_consent";
const CAP: &str = "blocked.frequency_cap";

#[test]
fn a_cap_holds_within_a_batch_and_by_partition() {
    let memory = memory();
    let batch = [
        (0, message("m1")),
        (0, message("m2")),
        (1, message("m3")),
        (0, Value::from("nothing")),
        (0, message("m1")),
    ];
    let judged = judged(&memory, &batch, &[], &[]);
    let unread = "blocked.invalid_message";
    assert_eq!(reasons(&judged), [APPROVED, CAP, APPROVED, unread, APPROVED]);
    assert_eq!((judged.n_full, judged.n_uncounted), (0, 0));
    let mut rows: Vec<(RowKey, Row)> = judged.history.changes().collect();
    rows.sort_by_key(|(key, _)| *key);
    let keys: Vec<RowKey> = rows.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, [row_key(0), row_key(1)]);
    assert!(rows.iter().all(|(_, row)| row.messages().len() == 1));
}

/// What a half-committed transaction has approved counts although it is remembered nowhere, and once when it is.
#[test]
fn what_is_out_already_counts_once() {
    let mut memory = memory();
    let late = [(0, message("m2"))];
    let first = judged(&memory, &late, &[(0, message("m1"))], &[]);
    assert_eq!(reasons(&first), [CAP]);
    let rows: Vec<_> = first.history.changes().collect();
    assert_eq!(rows[0].1.messages().len(), 1);
    memory.keep(rows);
    let again = judged(&memory, &late, &[(0, message("m1"))], &[]);
    assert_eq!(reasons(&again), [CAP]);
    assert_eq!(again.history.changes().count(), 0, "it is remembered already");
}

#[test]
fn a_row_to_be_repaired_is_written_again_unless_it_is_empty() {
    let mut memory = memory();
    memory.keep(judged(&memory, &[(0, message("m1"))], &[], &[]).history.changes());
    let nobody = RowKey { partition: 0, subject: SubjectKey([9; 16]) };
    let judged = judged(&memory, &[], &[], &[row_key(0), nobody]);
    let keys: Vec<RowKey> = judged.history.changes().map(|(key, _)| key).collect();
    assert_eq!(keys, [row_key(0)]);
}

/// More than a row can hold is a mark against the recipient, never a shorter history.
#[test]
fn a_full_row_is_counted() {
    let mut memory = memory();
    let mut row = Row::default();
    let sent = |n: u64| gate_core::SentMessage {
        message: EventKey(n.to_be_bytes()),
        ..gate_core::SentMessage::unknown(Timestamp::from_micros(n as i64), EventKey::default())
    };
    for n in 1..gate_core::SENT_MESSAGES_MAX as u64 {
        row.add_as_it_is(gate_core::SentMessage { kind: SentKind::Request, ..sent(n) });
    }
    memory.keep([(row_key(0), row)]);
    // requests beyond the latest eight are forgotten before anything is added, so the row has room again
    let judged = judged(&memory, &[(0, message("m1"))], &[], &[]);
    assert_eq!((reasons(&judged), judged.n_full), (vec![APPROVED], 0));
    let (_, row) = judged.history.changes().next().unwrap();
    assert_eq!(row.messages().len(), 9);
}

/// A store whose states are damaged, or which says that contacts cover their addresses.
struct Odd<'m> {
    memory: &'m Memory,
    bytes: &'static [u8],
    asked: RefCell<Vec<usize>>,
}

struct Answer<'s>(&'s [u8]);

impl std::ops::Deref for Answer<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.0
    }
}

#[derive(Debug, PartialEq)]
struct Damaged;

impl States for Odd<'_> {
    type State<'s>
        = Answer<'s>
    where
        Self: 's;
    type Error = Damaged;

    fn states(&self, keys: &[SubjectKey]) -> Result<Vec<Option<Answer<'_>>>, Damaged> {
        self.asked.borrow_mut().push(keys.len());
        let state = |key: &SubjectKey| match self.bytes {
            [] => Answer(self.memory.state(*key)),
            bytes => Answer(bytes),
        };
        Ok(keys.iter().map(|key| Some(state(key))).collect())
    }

    fn covers(_: &Answer<'_>, _: SubjectKey) -> bool {
        true
    }

    fn damaged(&self) -> Damaged {
        Damaged
    }
}

impl StoredApprovals for Odd<'_> {
    type Error = Damaged;

    fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>, Damaged> {
        if self.bytes.is_empty() { Err(Damaged) } else { Ok(vec![None; keys.len()]) }
    }
}

#[test]
fn what_cannot_be_read_stops_the_batch() {
    let memory = memory();
    let codec = codec(Kind::OutboundMessage);
    let judged = |bytes: &'static [u8], value: Value| {
        let odd = Odd { memory: &memory, bytes, asked: RefCell::default() };
        let text = value.to_string();
        let read: Decoded<'_> = Ok(codec.decode_message(Some(text.as_bytes())).unwrap());
        let inputs = Inputs {
            keys: &Plain,
            policies: policies(),
            states: &odd,
            approvals: &odd,
            now: at(NOON),
        };
        let records = [Record { partition: 0, message: &read }];
        let judged = judge(inputs, &records, &[], &[]);
        (judged.map(|judged| reasons(&judged)), odd.asked.into_inner())
    };
    // approvals that cannot be read: nothing else is asked
    assert_eq!(judged(&[], message("m1")), (Err(JudgeError::Approvals(Damaged)), vec![]));
    // a contact whose state is no state, and an address that its contact covers and nobody reads
    assert_eq!(judged(b"\xff", message("m1")), (Err(JudgeError::States(Damaged)), vec![1, 0]));
    // an address without a contact is read
    let mut alone = message("m1");
    alone["recipient"].as_object_mut().unwrap().remove("contact_id");
    assert_eq!(judged(b"\xff", alone), (Err(JudgeError::States(Damaged)), vec![0, 1]));
}

#[test]
fn the_horizon_is_the_longest_window_of_any_cap() {
    let horizon = Horizon::of(policies(), at(NOON));
    let days = horizon.window.as_secs() / 86_400;
    assert!(days >= 30, "calls in France are counted over 30 days: {days}");
    let none = Horizon::of(&gate_core::PolicySet::express_only(), at(NOON));
    assert!(none.window.is_zero());
}
