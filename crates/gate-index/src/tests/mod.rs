//! Tests over the public interface, with a directory each.

mod behaviour;
mod bounds;
mod model;
mod opening;
mod property;

use crate::{Applied, Identity, Index, Log, Opened, Person, Place, Prefix, Settings, Topic};
use gate_log::{Context, DecisionBatch, Instant, Shape};
use std::borrow::Cow;
use std::path::Path;

/// Not the beginning of a half hour.
const NOON: i64 = 1_790_000_100_000_000;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const TOPIC: &str = "outbound-message";
/// Topics of messages, whose partitions are decided about side by side in one partition of the log.
const TOPICS: [&str; 4] = [TOPIC, "sms-outbound", "push.outbound", "retired"];

fn identity() -> Identity {
    let topic = |name: &str| Topic { name: name.into(), id: format!("{name}-id") };
    Identity {
        cluster_id: "cluster".into(),
        decision_log: topic("consent-gate-decisions"),
        consent_change: topic("consent-change"),
        pepper_id: [7; 8],
    }
}

fn settings() -> Settings {
    Settings { memory_bytes: crate::MEMORY_BYTES_MIN, ..Settings::default() }
}

/// In memory where there is such a place: hundreds of indices are opened, and each waits for its disk.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open(dir: &Path) -> Opened {
    Index::open(dir, &identity(), &settings()).unwrap()
}

/// What tests say of a decision; places in [`shapes`] and [`contexts`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    offset: i64,
    message_id: Option<String>,
    shape: usize,
    context: usize,
    contact: Option<u8>,
    address: Option<u8>,
    not_before: Option<i64>,
}

fn contact(nth: u8) -> Prefix {
    Prefix::new([nth + 1, 2, 3, 4, 5, 6]).unwrap()
}

fn address(nth: u8) -> Prefix {
    Prefix::new([0x80 | nth, 2, 3, 4, 5, 6]).unwrap()
}

fn person(contact_nth: Option<u8>, address_nth: Option<u8>) -> Person {
    Person { contact: contact_nth.map(contact), address: address_nth.map(address) }
}

/// Of these the last two were reconstructed.
fn shapes() -> Vec<Shape<'static>> {
    let text = |text: &'static str| Cow::Borrowed(text);
    let shape = |channel: &'static str, reason: &'static str, jurisdictions: &[&'static str]| {
        let outcome = reason.split('.').next().unwrap();
        Shape {
            channel: (!channel.is_empty()).then(|| text(channel)),
            outcome: text(outcome),
            reason: text(reason),
            reasons: vec![text(reason)],
            jurisdictions: jurisdictions.iter().map(|code| text(code)).collect(),
            ..Shape::default()
        }
    };
    let lost = |shape: Shape<'static>| Shape { is_reconstructed: true, reasons: vec![], ..shape };
    vec![
        shape("email", "approved.consent", &["GB"]),
        shape("email", "blocked.opted_out", &["GB", "FR"]),
        Shape {
            reasons: vec![text("blocked.opted_out"), text("blocked.no_consent")],
            ..shape("email", "blocked.opted_out", &["GB", "FR"])
        },
        shape("sms", "deferred.quiet_hours", &[]),
        shape("", "blocked.invalid_message", &[]),
        lost(shape("email", "approved.consent", &[])),
        lost(shape("", "unknown", &[])),
    ]
}

/// Of these the last is the probe's.
fn contexts() -> Vec<Context<'static>> {
    let text = |text: &'static str| Some(Cow::Borrowed(text));
    let shop = Context {
        purpose: text("marketing.newsletter"),
        brand: text("tents"),
        controller: text("shop"),
        campaign: text("spring"),
        probe: false,
    };
    vec![
        shop.clone(),
        Context { campaign: text("autumn"), brand: text("boots"), ..shop.clone() },
        Context { campaign: None, ..shop.clone() },
        Context::default(),
        Context { probe: true, ..shop },
    ]
}

fn batch(partition: i32, evaluated_at: i64, said: &[Said]) -> DecisionBatch<'static> {
    batch_of(TOPIC, partition, evaluated_at, said)
}

fn batch_of(
    topic: &'static str,
    partition: i32,
    evaluated_at: i64,
    said: &[Said],
) -> DecisionBatch<'static> {
    let mut out = DecisionBatch {
        source_topic: Cow::Borrowed(topic),
        source_partition: partition,
        first_offset: said.first().map_or(0, |first| first.offset),
        evaluated_at,
        policy_revision: Cow::Borrowed("r1"),
        shapes: shapes(),
        contexts: contexts(),
        ..DecisionBatch::default()
    };
    let mut before = out.first_offset;
    let bytes = |key: Option<Prefix>| key.map_or([0; 6], |key| *key.expose());
    for (nth, it) in said.iter().enumerate() {
        let nth = i32::try_from(nth).unwrap();
        out.offsets.push(i32::try_from(it.offset - before).unwrap());
        before = it.offset;
        out.message_ids.push(it.message_id.clone().map(Cow::Owned));
        out.shape.push(i32::try_from(it.shape).unwrap());
        out.context.push(i32::try_from(it.context).unwrap());
        out.contacts.extend_from_slice(&bytes(it.contact.map(contact)));
        out.addresses.extend_from_slice(&bytes(it.address.map(address)));
        out.evidence.extend_from_slice(&[0; 4]);
        out.not_before.extend(it.not_before.map(|at| Instant { nth, at }));
    }
    // as it comes out of Kafka
    DecisionBatch::decode(&out.encode().unwrap()).unwrap()
}

fn place(partition: i32, offset: i64) -> Place {
    Place { partition, offset }
}

/// Applies one record of decisions.
fn decide(opened: &mut Opened, at: (i32, i64), evaluated_at: i64, said: &[Said]) {
    let batch = batch(at.0, evaluated_at, said);
    let place = place(at.0, at.1);
    opened.writer.apply(&[Applied::Decisions { place, batch: &batch }]).unwrap();
}

fn next(opened: &Opened, partition: i32) -> i64 {
    let positions = opened.index.positions(Log::Decisions).unwrap();
    positions.get(&partition).copied().unwrap_or(0)
}

/// The directory as a process that was killed would leave it.
fn image(dir: &Path) -> tempfile::TempDir {
    loop {
        let to = directory();
        let before = listed(dir);
        // RocksDB may be at work: then what was copied is of no single moment
        if copy(dir, to.path()).is_ok() && listed(dir) == before {
            return to;
        }
    }
}

fn listed(dir: &Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            found.extend(listed(&entry.path()));
        } else {
            found.push((entry.path(), about.len()));
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&to)?;
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
