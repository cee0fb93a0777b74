//! Measures the consent store: `cargo run --release --example store-throughput [EVENTS [MIB]]`.
//!
//! Folds events of fresh contacts and addresses, reads them back as a lane does (one snapshot and one
//! sorted read per batch), folds them again, reopens. Prints wall-clock rates and, because those mean
//! little on a busy machine, CPU time per item of this thread and of the process with RocksDB's own
//! threads. Deliberately absent: Kafka, decoding, hashing.
#![allow(clippy::print_stdout, reason = "a measurement for people")]

use consent_gate::store::{Identity, MEMORY_BYTES_MIN, Source, Store, StoreError, Writer};
use gate_core::{
    Action, ConsentChange, ContactId, EventKey, Evidence, Receipt, SubjectKey, Subjects, Timestamp,
    place,
};
use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, Instant};

const EVENTS_DEFAULT: u64 = 1_000_000;
const BATCH: u64 = 2_000;

fn main() -> Result<(), StoreError> {
    let argument = |n| std::env::args().nth(n).and_then(|text| text.parse().ok());
    let n_events = argument(1).map_or(EVENTS_DEFAULT, |n: u32| u64::from(n));
    let memory_bytes = argument(2).map_or(4 * MEMORY_BYTES_MIN, |mib: u32| (mib as usize) << 20);
    let dir = std::env::temp_dir().join(format!("consent-gate-store-{}", std::process::id()));
    let measured = measure_all(&dir, n_events, memory_bytes);
    if let Err(error) = std::fs::remove_dir_all(&dir) {
        println!("{} stays: {error}", dir.display());
    }
    measured
}

fn measure_all(dir: &Path, n_events: u64, memory_bytes: usize) -> Result<(), StoreError> {
    let identity = Identity {
        cluster_id: "measured".into(),
        topic: "consent-change".into(),
        topic_id: String::new(),
        partitions: 1,
        pepper_id: [0; 8],
        mapping_id: [0; 8],
    };
    print_memory("before", memory_bytes);
    let (store, mut writer, _) = Store::open(dir, &identity, memory_bytes)?;
    measure("apply, fresh subjects", n_events, || apply_all(&mut writer, 0, n_events))?;
    measure("flush", 1, || writer.flush())?;
    measure("states, known, first time", n_events, || read_all(&store, n_events, CONTACT))?;
    measure("states, known, again", n_events, || read_all(&store, n_events, CONTACT))?;
    measure("states, unknown", n_events, || read_all(&store, n_events, NOBODY))?;
    measure("apply, redelivered", n_events, || apply_all(&mut writer, n_events, n_events))?;
    println!("{:?}", store.stats());
    drop((store, writer));
    measure("reopen with its checks", 1, || Store::open(dir, &identity, memory_bytes).map(drop))?;
    print_memory("after", memory_bytes);
    Ok(())
}

fn print_memory(when: &str, memory_bytes: usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines =
        status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("RssFile"));
    let shown: Vec<&str> = lines.collect();
    println!("{when}: {} with {} MiB for the store", shown.join(", "), memory_bytes >> 20);
}

/// Events 0..`n_events`, standing in the log from `first_offset` on.
fn apply_all(writer: &mut Writer, first_offset: u64, n_events: u64) -> Result<(), StoreError> {
    for start in (0..n_events).step_by(BATCH as usize) {
        let end = n_events.min(start + BATCH);
        let keys: Vec<SubjectKey> =
            (start..end).flat_map(|n| [subject(CONTACT, n), subject(ADDRESS, n)]).collect();
        writer.prefetch(&keys)?;
        for n in start..end {
            let subjects = Subjects {
                contact: Some(subject(CONTACT, n)),
                address: Some(subject(ADDRESS, n)),
                ..Subjects::default()
            };
            let at = Timestamp::from_millis(n.cast_signed());
            let change = opt_in(at);
            let placement =
                place(&change, subjects, EventKey(mix(n).to_be_bytes()), Receipt::by_broker(at));
            let offset = (first_offset + n).cast_signed();
            writer.apply(subjects, &placement, Source { partition: 0, offset })?;
        }
        writer.advance(0, (first_offset + end).cast_signed())?;
        writer.commit()?;
    }
    Ok(())
}

fn opt_in(at: Timestamp) -> ConsentChange<'static> {
    let mut change = ConsentChange::new("event", at, Action::OptIn);
    change.contact_id = ContactId::new(Cow::Borrowed("somebody"));
    change.controller = Some("acme".into());
    change.purpose = Some("marketing.newsletter".into());
    change.evidence = Some(Evidence {
        method: Some(Cow::Borrowed("web_form")),
        notice_version: Some(Cow::Borrowed("2026-01")),
        ..Evidence::default()
    });
    change
}

/// As many states as there are events, at random, a batch at a time.
fn read_all(store: &Store, n_events: u64, kind: u64) -> Result<(), StoreError> {
    for start in (0..n_events).step_by(BATCH as usize) {
        let some = |n| subject(kind, mix(n) % n_events);
        let keys: Vec<SubjectKey> = (start..n_events.min(start + BATCH)).map(some).collect();
        let snapshot = store.snapshot();
        std::hint::black_box(snapshot.states(&keys)?);
        std::hint::black_box(snapshot.positions()?);
    }
    Ok(())
}

const CONTACT: u64 = 1;
const ADDRESS: u64 = 2;
const NOBODY: u64 = 3;

fn subject(kind: u64, n: u64) -> SubjectKey {
    let wide = u128::from(mix(kind << 56 | n)) << 64 | u128::from(mix(kind << 60 | n));
    SubjectKey(wide.to_be_bytes())
}

/// splitmix64: looks random and is not.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn measure(
    what: &str,
    n: u64,
    work: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (started, all, own) = (Instant::now(), cpu("self"), cpu("thread-self"));
    work()?;
    let micros = |spent: Duration| spent.as_secs_f64() * 1e6 / n as f64;
    println!(
        "{what}: {:.0}/s wall; CPU {:.2} us each here, {:.2} us with RocksDB's own threads",
        n as f64 / started.elapsed().as_secs_f64(),
        micros(cpu("thread-self").saturating_sub(own)),
        micros(cpu("self").saturating_sub(all)),
    );
    Ok(())
}

/// CPU used so far by the process (`self`) or this thread (`thread-self`), in steps of 10 ms.
fn cpu(of: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{of}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
