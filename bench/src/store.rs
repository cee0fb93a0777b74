//! The store alone, with many contacts: filled directly, without Kafka, then read as a lane reads it.
//!
//! Runs in a process of its own, so that its memory is the store's. Grows one store through the given sizes; at each
//! it reads states uniformly at random over everybody, which no cache of this size can hold, and says in one line
//! of JSON what a lookup costs. Every contact has an opt-in, known by contact id and by address.

use crate::figures::StoreSize;
use crate::process;
use anyhow::{Context, Result};
use consent_gate::store::{Identity, Source, Store, Writer};
use gate_core::{
    Action, ConsentChange, ContactId, EventKey, Evidence, Receipt, SubjectKey, Subjects, Timestamp,
    place,
};
use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Events and lookups of one batch.
const BATCH: u64 = 2_000;
/// Lookups at each size, half of them by contact id and half by address.
const LOOKUPS: u64 = 400_000;
/// Lookups before those that count.
const LOOKUPS_BEFORE: u64 = 100_000;
const CONTACT: u64 = 1;
const ADDRESS: u64 = 2;
const NOBODY: u64 = 3;

/// How far to grow, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Sizes in contacts, ascending, with commas between
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) contacts: Vec<u64>,
    /// Memory for caches and write buffers
    #[arg(long)]
    pub(crate) memory_bytes: usize,
    /// New directory
    #[arg(long)]
    pub(crate) dir: PathBuf,
}

/// Grows and measures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let identity = Identity {
        cluster_id: "measured".into(),
        topic: "consent-change".into(),
        topic_id: String::new(),
        partitions: 1,
        pepper_id: [0; 8],
        mapping_id: [0; 8],
    };
    let (store, mut writer, _) = Store::open(&arguments.dir, &identity, arguments.memory_bytes)?;
    let mut filled = 0;
    for &contacts in &arguments.contacts {
        let began = Instant::now();
        fill(&mut writer, filled, contacts)?;
        writer.flush()?;
        let fill_s = began.elapsed().as_secs_f64();
        let size = measure(&store, contacts, contacts - filled, fill_s)?;
        filled = contacts;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&size)?)?;
    }
    Ok(())
}

fn measure(store: &Store, contacts: u64, added: u64, fill_s: f64) -> Result<StoreSize> {
    read(store, contacts, LOOKUPS_BEFORE, [CONTACT, ADDRESS])?;
    let known = timed(|| read(store, contacts, LOOKUPS, [CONTACT, ADDRESS]))?;
    let unknown = timed(|| read(store, contacts, LOOKUPS, [NOBODY, NOBODY]))?;
    Ok(StoreSize {
        contacts,
        changes_per_s: added as f64 / fill_s,
        known_us: known[0],
        known_cpu_us: known[1],
        unknown_us: unknown[0],
        unknown_cpu_us: unknown[1],
        rss_mib: process::rss_mib(std::process::id())?,
        disk_bytes: store.stats().disk_bytes,
    })
}

/// Microseconds of time and of this process's CPU a lookup.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<[f64; 2]> {
    let own = std::process::id();
    let (began, cpu_before) = (Instant::now(), process::cpu_seconds(own)?);
    work()?;
    let (took, cpu) = (began.elapsed().as_secs_f64(), process::cpu_seconds(own)? - cpu_before);
    Ok([took, cpu].map(|seconds| seconds * 1e6 / LOOKUPS as f64))
}

/// One snapshot and one sorted read a batch, as a lane does it.
fn read(store: &Store, contacts: u64, n_lookups: u64, kinds: [u64; 2]) -> Result<()> {
    let [first, second] = kinds;
    for start in (0..n_lookups).step_by(BATCH as usize) {
        let key = |n: u64| {
            let kind = if n.is_multiple_of(2) { first } else { second };
            subject(kind, mix(n) % contacts)
        };
        let keys: Vec<SubjectKey> = (start..start + BATCH).map(key).collect();
        let snapshot = store.snapshot();
        std::hint::black_box(snapshot.states(&keys)?);
        std::hint::black_box(snapshot.positions()?);
    }
    Ok(())
}

/// Contacts `from..to`, each with one opt-in.
fn fill(writer: &mut Writer, from: u64, to: u64) -> Result<()> {
    for start in (from..to).step_by(BATCH as usize) {
        let end = to.min(start + BATCH);
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
            let change = opt_in(at)?;
            let placement =
                place(&change, subjects, EventKey(mix(n).to_be_bytes()), Receipt::by_broker(at));
            writer.apply(subjects, &placement, Source { partition: 0, offset: n.cast_signed() })?;
        }
        writer.advance(0, end.cast_signed())?;
        writer.commit()?;
    }
    Ok(())
}

fn opt_in(at: Timestamp) -> Result<ConsentChange<'static>> {
    let mut change = ConsentChange::new("event", at, Action::OptIn);
    let contact = ContactId::new(Cow::Borrowed("somebody"));
    change.contact_id = Some(contact.context("an id that is none")?);
    change.controller = Some("acme".into());
    change.purpose = Some("marketing.newsletter".into());
    change.evidence = Some(Evidence {
        method: Some(Cow::Borrowed("web_form")),
        notice_version: Some(Cow::Borrowed("2026-01")),
        ..Evidence::default()
    });
    Ok(change)
}

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
