//! The synthetic probe: does an opt-out stop the next message, now, through the real topics?
//!
//! A contact of the reserved prefix opts in, is sent a message, which must be approved, opts out, is sent another,
//! which must be blocked; from outside, through the brokers. The gate decides about it as about anybody. What sets
//! it apart is done around the decision: outputs carry `gate-probe: 1`, and the counts of business leave it out.
//!
//! Each round takes the next message partition, and goes through the consent partitions as well, so that all of
//! them are proven in turn. A round that ran out of time is not forgotten: its message must still be decided, and
//! nothing new is written before it is, so that a gate that stands still is not buried under probes.
//!
//! INVARIANT: it can only observe. It shares no state with lanes and reader, no failure of it stops the gate, and
//! until a round has passed it says "not up".

mod cast;
mod client;
mod rehearsal;
mod round;
#[cfg(test)]
mod tests;

pub use rehearsal::rehearse;

use crate::clock::now;
use crate::headers::SourceRef;
use crate::logging::Limited;
use crate::metrics::{Metrics, ProbeResult};
use crate::policies::Policies;
use crate::registry::Registry;
use crate::shutdown::Shutdown;
use cast::{Cast, Contact};
use client::{Acknowledged, Client, Outgoing, Trouble};
use gate_codec::{Encoding, Format, Kind, OutboundMessageRecord, encode_consent, encode_message};
use rdkafka::ClientConfig;
use round::{Event, Step, Then, judge};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a message that is not decided in time is waited for again before the round is given up.
const FOLLOW_UPS_MAX: u32 = 20;
/// Longest wait for the acknowledgement of an erasure; when the process stops there is no more.
const ERASE_MAX: Duration = Duration::from_secs(1);
/// Contacts at a time: message partitions beyond it are not probed.
const CONTACTS_MAX: i32 = 1_024;

/// What the probe works with.
pub struct ProbeParts {
    /// Settings every client of the process shares.
    pub base: ClientConfig,
    /// The gate's group, for the sake of access lists; it is not joined.
    pub group_id: String,
    /// Makes the contacts of instances different.
    pub instance_id: String,
    /// The consent topic and how it is written.
    pub consent: (String, Format),
    /// The input topic and how it is written.
    pub outbound: (String, Format),
    /// Output topics in the order approved, blocked, deferred.
    pub outputs: [String; 3],
    /// Knows the ids of our schemas, for Avro.
    pub registry: Option<Registry>,
    /// The law in force, to say at the start whether the probe can pass.
    pub policies: Arc<Policies>,
    /// From the beginning of one round to that of the next.
    pub interval: Duration,
    /// For each acknowledgement and each decision.
    pub timeout: Duration,
    /// Where the contacts live.
    pub jurisdiction: String,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// The probe's thread.
pub struct Probe {
    parts: ProbeParts,
    cast: Cast,
    /// One for each message partition that was probed.
    contacts: BTreeMap<i32, Contact>,
    n_rounds: u32,
    /// What the registry calls our schemas of consent changes and messages, once it was asked.
    schema_ids: (OnceCell<u32>, OnceCell<u32>),
    warnings: Limited,
    is_up: bool,
}

/// One round on its way.
struct Round {
    contact: Contact,
    message_partition: i32,
    consent_partition: i32,
    step: Step,
    /// The message that a decision is awaited for.
    awaited: Option<String>,
    opted_out_at: Option<Instant>,
    n_follow_ups: u32,
}

impl Probe {
    /// Nothing is sent before [`Probe::run`].
    #[must_use]
    pub fn new(parts: ProbeParts) -> Self {
        parts.metrics.probe_enabled.set(1);
        Self {
            cast: Cast::new(&parts.instance_id, &parts.jurisdiction, now()),
            parts,
            contacts: BTreeMap::new(),
            n_rounds: 0,
            schema_ids: (OnceCell::new(), OnceCell::new()),
            warnings: Limited::new(),
            is_up: false,
        }
    }

    /// Plays rounds until shutdown. What goes wrong is counted and logged, and ends nothing.
    pub fn run(mut self) {
        let policies = self.parts.policies.current();
        if let Err(why) = rehearse(&policies, &self.parts.jurisdiction, now()) {
            tracing::error!(why, "the probe cannot pass");
        }
        drop(policies);
        let Some(mut client) = self.connect() else { return };
        let mut waiting: Option<Round> = None;
        while !self.parts.shutdown.is_requested() {
            let due = Instant::now() + self.parts.interval;
            let ended = match waiting.take() {
                Some(round) => self.go_on(&mut client, round),
                None => self.begin(&mut client),
            };
            match ended {
                Err(Trouble::Stopping) => break,
                // waited for again at once: nothing is written meanwhile
                Ok(Some(round)) => waiting = Some(round),
                Ok(None) | Err(Trouble::Overdue | Trouble::Failed(_)) => {
                    if client.nap_until(due).is_err() {
                        break;
                    }
                }
            }
        }
        self.leave(&mut client);
    }

    fn connect(&self) -> Option<Client> {
        let parts = &self.parts;
        while !parts.shutdown.is_requested() {
            let outputs = parts.outputs.clone();
            let (group_id, shutdown) = (&parts.group_id, parts.shutdown.clone());
            match Client::new(&parts.base, group_id, outputs, parts.timeout, shutdown) {
                Ok(client) => return Some(client),
                Err(error) => {
                    self.count(ProbeResult::Error, &format!("no client: {error}"));
                    let due = Instant::now() + parts.interval;
                    while Instant::now() < due && !parts.shutdown.is_requested() {
                        std::thread::sleep(Duration::from_millis(50));
                    }
                }
            }
        }
        None
    }

    /// Sets a round up and plays it. A round that cannot even begin is counted as well.
    fn begin(&mut self, client: &mut Client) -> Result<Option<Round>, Trouble> {
        match self.next_round(client) {
            Ok(round) => self.go_on(client, round),
            Err(Trouble::Stopping) => Err(Trouble::Stopping),
            Err(Trouble::Overdue) => {
                self.ended(ProbeResult::TimedOut, "the brokers do not answer in time");
                Ok(None)
            }
            Err(Trouble::Failed(why)) => {
                self.ended(ProbeResult::Error, &why);
                Ok(None)
            }
        }
    }

    fn next_round(&mut self, client: &Client) -> Result<Round, Trouble> {
        let (consent, outbound) = (&self.parts.consent.0, &self.parts.outbound.0);
        let n_outbound = client.n_partitions(outbound)?.clamp(1, CONTACTS_MAX);
        let n_consent = client.n_partitions(consent)?.max(1);
        let (message_partition, consent_partition) =
            partitions(self.n_rounds, n_outbound, n_consent);
        self.n_rounds = self.n_rounds.wrapping_add(1);
        let contact = self.contacts.remove(&message_partition);
        let mut contact = contact.unwrap_or_else(|| self.cast.contact(message_partition));
        if let Err(trouble) = client.watch(&contact.id) {
            self.contacts.insert(message_partition, contact);
            return Err(trouble);
        }
        contact.begin_round();
        Ok(Round {
            contact,
            message_partition,
            consent_partition,
            step: Step::OptIn,
            awaited: None,
            opted_out_at: None,
            n_follow_ups: 0,
        })
    }

    /// Plays a round to its end, or until it has to be waited for again.
    fn go_on(&mut self, client: &mut Client, mut round: Round) -> Result<Option<Round>, Trouble> {
        let (result, why) = loop {
            let event = match self.act(client, &mut round) {
                Ok(event) => event,
                Err(Trouble::Overdue) => Event::Overdue,
                Err(Trouble::Failed(why)) => Event::Failed(why),
                Err(Trouble::Stopping) => return Err(Trouble::Stopping),
            };
            match judge(round.step, event) {
                Then::Wait => {}
                Then::Go(step) => {
                    round.step = step;
                    round.awaited = None;
                }
                Then::End(result, why) => break (result, why),
            }
        };
        self.ended(result, &why);
        if result == ProbeResult::TimedOut && round.awaited.is_some() {
            if round.n_follow_ups < FOLLOW_UPS_MAX {
                round.n_follow_ups += 1;
                return Ok(Some(round));
            }
            tracing::warn!(
                "the probe gives a message up that nobody decides; it goes on with another contact"
            );
        }
        client.unwatch();
        // a contact whose round did not pass is left as it is: a message of it may still be decided
        if result == ProbeResult::Passed {
            self.keep_or_erase(client, round)?;
        }
        Ok(None)
    }

    /// Does what the step asks for; a message is sent once and waited for as often as it takes.
    fn act(&self, client: &mut Client, round: &mut Round) -> Result<Event, Trouble> {
        let deadline = Instant::now() + self.parts.timeout;
        match round.step {
            Step::OptIn | Step::OptOut => {
                let acknowledged = self.send_change(client, round, deadline)?;
                if round.step == Step::OptOut {
                    round.opted_out_at = Some(acknowledged.at);
                }
                Ok(Event::Acknowledged)
            }
            Step::Allowed | Step::Refused => {
                let Some(source) = &round.awaited else {
                    let acknowledged = self.send_message(client, round, deadline)?;
                    let source = SourceRef {
                        topic: &self.parts.outbound.0,
                        partition: acknowledged.partition,
                        record_offset: acknowledged.record_offset,
                    };
                    round.awaited = Some(source.to_string());
                    return Ok(Event::Acknowledged);
                };
                let (seen, at) = client.decision(source, deadline)?;
                let since = round.opted_out_at.filter(|_| round.step == Step::Refused);
                if let Some(since) = since.filter(|_| seen.outcome == gate_core::Outcome::Blocked) {
                    let took = at.saturating_duration_since(since).as_secs_f64();
                    self.parts.metrics.probe_seconds.observe(took);
                }
                Ok(Event::Decided(seen))
            }
        }
    }

    fn send_change(
        &self,
        client: &mut Client,
        round: &mut Round,
        deadline: Instant,
    ) -> Result<Acknowledged, Trouble> {
        let (topic, format) = &self.parts.consent;
        let encoding = self.encoding(topic, *format, Kind::ConsentChange)?;
        let record = match round.step {
            Step::OptOut => round.contact.opt_out(now()),
            Step::OptIn | Step::Allowed | Step::Refused => round.contact.opt_in(now()),
        };
        let value = encode_consent(&record, encoding).map_err(failed)?;
        let (partition, key) = (round.consent_partition, round.contact.id.as_str());
        client.send(&Outgoing { topic, partition, key, value: &value }, deadline)
    }

    fn send_message(
        &self,
        client: &mut Client,
        round: &mut Round,
        deadline: Instant,
    ) -> Result<Acknowledged, Trouble> {
        let (topic, format) = &self.parts.outbound;
        let encoding = self.encoding(topic, *format, Kind::OutboundMessage)?;
        let record: OutboundMessageRecord<'_> = round.contact.message(round.step.as_str());
        let value = encode_message(&record, encoding).map_err(failed)?;
        let (partition, key) = (round.message_partition, round.contact.id.as_str());
        client.send(&Outgoing { topic, partition, key, value: &value }, deadline)
    }

    fn encoding(&self, topic: &str, format: Format, kind: Kind) -> Result<Encoding, Trouble> {
        match format {
            Format::Json => Ok(Encoding::Json),
            Format::AvroSingleObject => Ok(Encoding::AvroSingleObject),
            Format::Avro => {
                let known = match kind {
                    Kind::ConsentChange => &self.schema_ids.0,
                    Kind::OutboundMessage => &self.schema_ids.1,
                };
                let schema_id = match known.get() {
                    Some(id) => *id,
                    None => {
                        let registry = self.parts.registry.as_ref();
                        let registry = registry.ok_or_else(|| failed("no schema registry"))?;
                        let id = registry.id_of(&format!("{topic}-value"), kind).map_err(failed)?;
                        *known.get_or_init(|| id)
                    }
                };
                Ok(Encoding::Avro { schema_id })
            }
        }
    }

    /// Passed: the contact stays for the next round of its partition, or makes room for another.
    fn keep_or_erase(&mut self, client: &mut Client, mut round: Round) -> Result<(), Trouble> {
        if !round.contact.is_worn() {
            self.contacts.insert(round.message_partition, round.contact);
            return Ok(());
        }
        let deadline = Instant::now() + self.parts.timeout;
        match self.erase(client, &mut round.contact, round.consent_partition, deadline) {
            Err(Trouble::Stopping) => Err(Trouble::Stopping),
            Err(trouble) => {
                tracing::warn!(?trouble, "the probe cannot erase a contact; its few rows stay");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    fn erase(
        &self,
        client: &mut Client,
        contact: &mut Contact,
        partition: i32,
        deadline: Instant,
    ) -> Result<Acknowledged, Trouble> {
        let (topic, format) = &self.parts.consent;
        let encoding = self.encoding(topic, *format, Kind::ConsentChange)?;
        let value = encode_consent(&contact.erase(now()), encoding).map_err(failed)?;
        let outgoing = Outgoing { topic, partition, key: &contact.id, value: &value };
        client.send(&outgoing, deadline)
    }

    /// A process that comes back makes contacts of its own: the present ones are erased, as far as a second goes.
    fn leave(&mut self, client: &mut Client) {
        client.leave();
        let deadline = Instant::now() + ERASE_MAX;
        for (_, mut contact) in std::mem::take(&mut self.contacts) {
            if self.erase(client, &mut contact, 0, deadline).is_err() {
                return;
            }
        }
    }

    fn ended(&mut self, result: ProbeResult, why: &str) {
        self.count(result, why);
        let is_up = result == ProbeResult::Passed;
        if is_up && !self.is_up {
            tracing::info!("the probe passes: opt-outs are enforced, messages are decided");
        }
        self.is_up = is_up;
    }

    fn count(&self, result: ProbeResult, why: &str) {
        self.parts.metrics.probe_ended(result);
        let n_suppressed = match result {
            ProbeResult::Passed => None,
            // every one of them
            ProbeResult::Violated => Some(0),
            ProbeResult::TimedOut | ProbeResult::Error => self.warnings.admit(result.as_str(), 0),
        };
        if let Some(n_suppressed) = n_suppressed {
            tracing::error!(result = result.as_str(), why, n_suppressed, "the probe did not pass");
        }
    }
}

/// Message and consent partition of a round: all message partitions in turn, and with each cycle another consent
/// partition beside them, so that every pair comes.
fn partitions(n_round: u32, n_outbound: i32, n_consent: i32) -> (i32, i32) {
    let place = |n: u32, of: i32| {
        let place = n.checked_rem(of.unsigned_abs()).unwrap_or(0);
        i32::try_from(place).unwrap_or(0)
    };
    let n_cycles = n_round.checked_div(n_outbound.unsigned_abs()).unwrap_or(0);
    (place(n_round, n_outbound), place(n_round.wrapping_add(n_cycles), n_consent))
}

fn failed(why: impl std::fmt::Display) -> Trouble {
    Trouble::Failed(why.to_string())
}
