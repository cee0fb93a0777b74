//! What reading the states of a batch costs, per state: `cargo bench -p gate-bench --bench store`.
//!
//! A hundred thousand contacts in 256 MiB, so every block is in the cache: the floor of a read. What it costs when
//! they are not, with a million contacts and more, `gate-bench scaling` and the example `store-throughput` say.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented functions; a store that cannot be filled must stop"
)]

use consent_gate::store::{Identity, MEMORY_BYTES_MIN, Source, Store, Writer};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gate_core::{
    Action, ConsentChange, ContactId, EventKey, Evidence, Receipt, SubjectKey, Subjects, Timestamp,
    place,
};
use std::borrow::Cow;
use std::hint::black_box;

const CONTACTS: u64 = 100_000;
const BATCH: u64 = 2_000;

fn subject(kind: u64, n: u64) -> SubjectKey {
    let mixed = |n: u64| n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let high = mixed(n ^ mixed(kind)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    SubjectKey((u128::from(high) << 64 | u128::from(mixed(high))).to_be_bytes())
}

fn fill(writer: &mut Writer) {
    for n in 0..CONTACTS {
        let at = Timestamp::from_millis(n.cast_signed() + 1);
        let mut change = ConsentChange::new("event", at, Action::OptIn);
        change.contact_id = ContactId::new(Cow::Borrowed("somebody"));
        change.controller = Some("acme".into());
        change.purpose = Some("marketing.newsletter".into());
        change.evidence = Some(Evidence {
            method: Some(Cow::Borrowed("web_form")),
            notice_version: Some(Cow::Borrowed("2026-01")),
            ..Evidence::default()
        });
        let contact = Some(subject(1, n));
        let subjects = Subjects { contact, address: Some(subject(2, n)), ..Subjects::default() };
        let placement = place(&change, subjects, EventKey(n.to_le_bytes()), Receipt::by_broker(at));
        let source = Source { partition: 0, offset: n.cast_signed() };
        writer.apply(subjects, &placement, source).unwrap();
    }
    writer.advance(0, CONTACTS.cast_signed()).unwrap();
    writer.commit().unwrap();
    writer.flush().unwrap();
}

fn read(criterion: &mut Criterion) {
    let dir = std::env::temp_dir().join(format!("consent-gate-bench-{}", std::process::id()));
    let identity = Identity {
        cluster_id: "measured".into(),
        topic: "consent-change".into(),
        topic_id: String::new(),
        partitions: 1,
        pepper_id: [0; 8],
        mapping_id: [0; 8],
    };
    let (store, mut writer, _) = Store::open(&dir, &identity, 4 * MEMORY_BYTES_MIN).unwrap();
    fill(&mut writer);
    let mut group = criterion.benchmark_group("store");
    group.throughput(Throughput::Elements(BATCH));
    for (name, kind) in [("known contacts", 1), ("unknown contacts", 9)] {
        let mut round = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                round += 1;
                let some = |n| subject(kind, (round * 7_919 + n * 104_729) % CONTACTS);
                let keys: Vec<SubjectKey> = (0..BATCH).map(some).collect();
                let snapshot = store.snapshot();
                let states = snapshot.states(&keys).unwrap();
                assert_eq!(states.iter().flatten().count() == keys.len(), kind == 1);
                black_box(states.len())
            });
        });
    }
    group.finish();
    drop((store, writer));
    std::fs::remove_dir_all(&dir).unwrap();
}

criterion_group!(benches, read);
criterion_main!(benches);
