//! Enforcement under full message load: from the acknowledgement of an opt-out to its being applied.
//!
//! While the gate works off a backlog as fast as it can, opt-outs are produced one by one. Each is timed from the
//! delivery report (acks=all) to the moment `/metrics` shows its offset as applied: a look from outside, in which
//! the way to the endpoint and back counts against the gate. The gate's own histogram (from the record's timestamp
//! to applied) stands beside it. That no message taken up after the acknowledgement gets past it is not a matter
//! of time but of promise P1, which the tests on a real broker hold.

use crate::broker::Broker;
use crate::dataset::{Contact, Format};
use crate::figures::{Enforcement, EnforcementRound};
use crate::gate::{Gate, Samples, Setup, label};
use crate::load::Bulk;
use crate::progress::say;
use crate::stage::Stage;
use crate::stats::percentile;
use crate::wait;
use crate::window::GroupProgress;
use anyhow::{Context, Result, bail};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseRecord, DeliveryResult, ProducerContext, ThreadedProducer};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Between two opt-outs.
const PROBE_EVERY: Duration = Duration::from_millis(25);
/// Opt-outs of one round at most.
const PROBES_MAX: usize = 400;
/// Until the broker acknowledges, and until the gate has applied.
const STEP_MAX: Duration = Duration::from_secs(30);
const APPLIED: &str = "consent_gate_applied_offset";
const HISTOGRAM: &str = "consent_gate_enforcement_latency_seconds_bucket";

/// All rounds.
pub(crate) fn run(stage: &mut Stage) -> Result<Enforcement> {
    let rounds = stage.options.runs;
    let rounds = (1..=rounds).map(|round| one(stage, round)).collect::<Result<Vec<_>>>()?;
    Ok(Enforcement { rounds })
}

fn one(stage: &mut Stage, round: usize) -> Result<EnforcementRound> {
    let contacts = stage.options.contacts;
    let consent = stage.consent_topic(Format::Json, contacts)?;
    let outbound = stage.backlog_topic(Format::Json, contacts)?;
    let run = stage.next_run("enforcement");
    let people: Vec<Contact> =
        (0..PROBES_MAX).map(|n| Contact::named(format!("probe-{run}-{n}"))).collect();
    opt_in(&stage.broker, &consent, &people)?;
    stage.warm(Format::Json, &consent)?;
    let setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
    setup.create_topics()?;
    let round = probe(stage, &setup, &people, round)?;
    setup.delete_topics(&stage.broker)?;
    Ok(round)
}

fn opt_in(broker: &Broker, topic: &str, people: &[Contact]) -> Result<()> {
    let mut bulk = Bulk::new(&broker.client())?;
    for person in people {
        bulk.send(topic, &person.id, &person.opt_in().value(Format::Json)?)?;
    }
    bulk.finish().map(drop)
}

fn probe(
    stage: &Stage,
    setup: &Setup,
    people: &[Contact],
    round: usize,
) -> Result<EnforcementRound> {
    let messages = stage.options.messages;
    let progress = GroupProgress::new(&stage.broker, &setup.group, &setup.topics.outbound)?;
    let producer = Acknowledged::new(&stage.broker)?;
    let mut gate = setup.spawn()?;
    wait::until("the first decision", STEP_MAX * 4, Duration::from_millis(20), || {
        gate.must_run()?;
        Ok((progress.committed()? > 0).then_some(()))
    })?;
    let (began, committed_before) = (Instant::now(), progress.committed()?);
    let mut applied_ms = Vec::new();
    for (n, person) in (0_u32..).zip(people) {
        std::thread::sleep((began + PROBE_EVERY * n).saturating_duration_since(Instant::now()));
        if progress.committed()? >= messages {
            break; // no load any more
        }
        let value = person.opt_out().value(Format::Json)?;
        let acked = producer.send(&setup.topics.consent, &person.id, &value)?;
        let applied_at = until_applied(&mut gate, &acked)?;
        applied_ms.push((applied_at - acked.at).as_secs_f64() * 1e3);
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = (progress.committed()? - committed_before) as f64 / seconds;
    let own_buckets_s = buckets(&gate.metrics()?);
    gate.stop()?;
    let mut sorted = applied_ms.clone();
    sorted.sort_by(f64::total_cmp);
    let shown = |share| percentile(&sorted, share).unwrap_or(f64::NAN);
    say(&format!(
        "enforcement round {round}: {} opt-outs at {rate:.0} messages/s: p50 {:.1}, p99 {:.1}, max {:.1} ms",
        sorted.len(),
        shown(0.5),
        shown(0.99),
        shown(1.0)
    ));
    Ok(EnforcementRound { round, messages_per_s: rate, applied_ms, own_buckets_s })
}

/// When the gate was first seen to have applied the record.
fn until_applied(gate: &mut Gate, acked: &Acked) -> Result<Instant> {
    let partition = acked.partition.to_string();
    wait::until("an opt-out is applied", STEP_MAX, Duration::from_micros(200), || {
        gate.must_run()?;
        let samples = gate.metrics()?;
        let mut series = samples.of(APPLIED);
        let next = series.find(|(labels, _)| label(labels, "partition") == partition);
        Ok(next.filter(|(_, next)| *next > acked.offset as f64).map(|_| Instant::now()))
    })
}

/// Upper bounds in seconds and how many opt-outs lie below each.
fn buckets(samples: &Samples) -> Vec<(f64, u64)> {
    let bound = |labels| label(labels, "le").parse().ok().filter(|bound: &f64| bound.is_finite());
    samples.of(HISTOGRAM).filter_map(|(labels, n)| Some((bound(labels)?, n as u64))).collect()
}

/// Where a record stands, and when we learned that the broker has it.
struct Acked {
    partition: i32,
    offset: i64,
    at: Instant,
}

/// A producer that waits for each acknowledgement.
struct Acknowledged(ThreadedProducer<Tell>);

struct Tell;

type Ticket = SyncSender<Result<Acked, KafkaError>>;

impl ClientContext for Tell {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ProducerContext for Tell {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let told = match result {
            Ok(record) => Ok(Acked {
                partition: record.partition(),
                offset: record.offset(),
                at: Instant::now(),
            }),
            Err((error, _)) => Err(error.clone()),
        };
        // refused only when nobody waits any more
        ticket.try_send(told).ok();
    }
}

impl Acknowledged {
    fn new(broker: &Broker) -> Result<Self> {
        let mut config = broker.client();
        config.set("acks", "all").set("enable.idempotence", "true").set("linger.ms", "0");
        config.set("partitioner", "murmur2_random");
        Ok(Self(config.create_with_context(Tell)?))
    }

    fn send(&self, topic: &str, key: &str, value: &[u8]) -> Result<Acked> {
        let (ticket, receipt) = sync_channel(1);
        let record = BaseRecord::with_opaque_to(topic, Box::new(ticket)).key(key).payload(value);
        if let Err((error, _)) = self.0.send(record) {
            bail!("an opt-out cannot be sent: {error}");
        }
        Ok(receipt.recv_timeout(STEP_MAX).context("an opt-out is not acknowledged")??)
    }
}
