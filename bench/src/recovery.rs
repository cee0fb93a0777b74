//! Recovery after `kill -9`, seen by a `read_committed` reader of the outputs.
//!
//! - *again*: the same instance is started at once; until the first decision of the new process is visible.
//! - *takeover*: a second instance of the group lives on; until it has committed decisions in every partition of
//!   the killed one, and until readers have every message that was due in the second after the kill.
//! - *unblocked*: nobody restarts. The killed instance leaves a transaction open in the middle of a backlog; until
//!   readers see what another program wrote behind it in every partition of the outputs.

use crate::arrivals::Arrivals;
use crate::broker::{PARTITIONS, Quiet};
use crate::dataset::{Contact, Format, Message};
use crate::figures::{Recovery, Takeover};
use crate::gate::{Gate, Setup};
use crate::paced::{Load, Pace};
use crate::progress::say;
use crate::stage::{self, Stage};
use crate::wait;
use crate::window::GroupProgress;
use anyhow::{Context, Result};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::{Duration, Instant};

const RATE: u64 = 2_000;
/// Longest wait for anything to come back.
const BACK_MAX: Duration = Duration::from_secs(90);
/// Undisturbed running before each kill.
const CALM: Duration = Duration::from_millis(1_500);
/// For two instances: the group must have settled.
const SETTLED: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Room for the longest load.
const MESSAGES_MAX: u64 = RATE * 900;
/// Rounds of what takes as long as a session times out.
const TAKEOVERS: usize = 3;
/// Rounds of what takes as long as a transaction times out, if one was open.
const UNBLOCKINGS: u32 = 10;
/// A batch takes several of these, so that the rounds meet each of its phases: only at its end outputs are open.
const PHASE: Duration = Duration::from_millis(6);

/// All three.
pub(crate) fn run(stage: &mut Stage) -> Result<Recovery> {
    let again_ms = again(stage)?;
    let mut takeovers = Vec::new();
    for round in 1..=TAKEOVERS {
        let found = takeover(stage)?;
        let Takeover { decided_ms, visible_ms } = &found;
        say(&format!(
            "takeover round {round}: decided after {decided_ms:.0} ms, visible after {visible_ms:.0} ms"
        ));
        takeovers.push(found);
    }
    let mut unblocked_ms = Vec::new();
    for round in 1..=UNBLOCKINGS {
        let ms = unblocked(stage, PHASE * round)?;
        say(&format!("readers unblocked, round {round}: after {ms:.0} ms"));
        unblocked_ms.push(ms);
    }
    Ok(Recovery { rate: RATE, again_ms, takeovers, unblocked_ms })
}

/// A gate under a paced load, with a reader behind it.
struct Running {
    setup: Setup,
    gate: Gate,
    load: Load,
    arrivals: Arrivals,
}

fn start(stage: &mut Stage) -> Result<Running> {
    let contacts = stage.options.contacts;
    let consent = stage.consent_topic(Format::Json, contacts)?;
    stage.warm(Format::Json, &consent)?;
    let run = stage.next_run("recovery");
    let outbound = format!("outbound-message.{run}");
    let setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
    setup.create_topics()?;
    let gate = setup.spawn_ready()?;
    let client = stage.broker.client();
    let arrivals = Arrivals::follow(&client, &setup.topics.outputs(), MESSAGES_MAX)?;
    let began = Instant::now();
    let pace =
        Pace { client, topic: outbound, rate: RATE, messages_max: MESSAGES_MAX, contacts, began };
    let load = Load::start(pace)?;
    Ok(Running { setup, gate, load, arrivals })
}

/// Waits until the reader has nearly everything that was sent, then for a while longer.
fn calm(arrivals: &Arrivals, load: &Load, pause: Duration) -> Result<()> {
    wait::until("the gate keeps up with the load", BACK_MAX, Duration::from_millis(10), || {
        Ok((arrivals.n_seen() + RATE / 10 > load.n_sent()).then_some(()))
    })?;
    std::thread::sleep(pause);
    Ok(())
}

fn again(stage: &mut Stage) -> Result<Vec<f64>> {
    let kills = stage.options.kills;
    let Running { setup, mut gate, load, arrivals } = start(stage)?;
    let mut found = Vec::new();
    for n in 0..kills {
        // not always at the same phase of a batch
        calm(&arrivals, &load, CALM + Duration::from_millis(37) * n)?;
        let killed = Instant::now();
        gate.kill()?;
        gate = setup.spawn()?;
        // health comes first, long before a decision: whatever is seen later, the new process has decided
        gate.wait_answer("/livez")?;
        let alive = Instant::now();
        let back = wait::until("a decision after the kill", BACK_MAX, LOOK_EVERY, || {
            gate.must_run()?;
            Ok(arrivals.latest().filter(|latest| *latest > alive))
        })?;
        let ms = (back - killed).as_secs_f64() * 1e3;
        say(&format!(
            "kill {}: alive after {:.0} ms, decides after {ms:.0} ms",
            n + 1,
            (alive - killed).as_secs_f64() * 1e3
        ));
        found.push(ms);
    }
    let n_sent = load.stop()?;
    wait::until("every message arrives", BACK_MAX, Duration::from_millis(20), || {
        Ok((arrivals.n_seen() == n_sent).then_some(()))
    })?;
    gate.stop()?;
    setup.delete_topics(&stage.broker)?;
    Ok(found)
}

fn takeover(stage: &mut Stage) -> Result<Takeover> {
    let Running { setup, gate, load, arrivals } = start(stage)?;
    let mut sibling = setup.clone();
    sibling.instance_id = "bench-2".to_owned();
    sibling.state = setup.state.with_extension("second");
    sibling.port = stage::free_port()?;
    let mut survivor = sibling.spawn_ready()?;
    calm(&arrivals, &load, SETTLED)?;
    let progress = GroupProgress::new(&stage.broker, &setup.group, &setup.topics.outbound)?;
    let killed = Instant::now();
    gate.kill()?;
    let n_killed = load.n_sent();
    let at_kill = progress.offsets()?;
    let mut moved: Vec<Option<Instant>> = vec![None; at_kill.len()];
    let decided =
        wait::until("takeover of every partition", BACK_MAX, Duration::from_millis(20), || {
            survivor.must_run()?;
            for ((slot, now), before) in moved.iter_mut().zip(progress.offsets()?).zip(&at_kill) {
                // an answer to the killed instance's last commit may have been under way
                if slot.is_none() && now > before + RATE / 10 {
                    *slot = Some(Instant::now());
                }
            }
            Ok(moved.iter().copied().collect::<Option<Vec<Instant>>>())
        })?;
    let next_second = n_killed..n_killed + RATE;
    let visible =
        wait::until("every message after the kill is seen", BACK_MAX, LOOK_EVERY, || {
            survivor.must_run()?;
            Ok(next_second.clone().map(|n| arrivals.seen(n)).collect::<Option<Vec<Instant>>>())
        })?;
    let since = |instants: Vec<Instant>| {
        let last = instants.into_iter().max().context("no partition, no message")?;
        anyhow::Ok((last - killed).as_secs_f64() * 1e3)
    };
    let found = Takeover { decided_ms: since(decided)?, visible_ms: since(visible)? };
    load.stop()?;
    survivor.stop()?;
    setup.delete_topics(&stage.broker)?;
    Ok(found)
}

fn unblocked(stage: &mut Stage, phase: Duration) -> Result<f64> {
    let contacts = stage.options.contacts;
    let consent = stage.consent_topic(Format::Json, contacts)?;
    let outbound = stage.backlog_topic(Format::Json, contacts)?;
    stage.warm(Format::Json, &consent)?;
    let run = stage.next_run("unblocked");
    let setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
    setup.create_topics()?;
    let progress = GroupProgress::new(&stage.broker, &setup.group, &outbound)?;
    // it reads along, so that it stands at the markers when they come
    let outputs = setup.topics.outputs();
    let n_markers = outputs.len() as u64 * u64::from(PARTITIONS.unsigned_abs());
    let arrivals = Arrivals::follow(&stage.broker.client(), &outputs, n_markers)?;
    let mut gate = setup.spawn()?;
    let some = stage.options.messages / 5;
    wait::until("some of the backlog is decided", BACK_MAX, LOOK_EVERY, || {
        gate.must_run()?;
        Ok((progress.committed()? > some).then_some(()))
    })?;
    std::thread::sleep(phase);
    let killed = Instant::now();
    gate.kill()?;
    write_markers(stage, &outputs)?;
    wait::until("readers see what was written after the kill", BACK_MAX, LOOK_EVERY, || {
        Ok((arrivals.n_seen() == n_markers).then_some(()))
    })?;
    let ms = killed.elapsed().as_secs_f64() * 1e3;
    drop(arrivals);
    setup.delete_topics(&stage.broker)?;
    Ok(ms)
}

/// One record in every partition of the outputs, as another program could write them.
fn write_markers(stage: &Stage, outputs: &[String]) -> Result<()> {
    let mut config = stage.broker.client();
    config.set("acks", "all");
    let producer: BaseProducer<Quiet> = config.create_with_context(Quiet)?;
    let mut n = 0;
    for topic in outputs {
        for partition in 0..PARTITIONS {
            let value = Message::to(Contact::nth(n), n).value(Format::Json)?;
            let record = BaseRecord::<str, [u8]>::to(topic).partition(partition).payload(&value);
            producer.send(record).map_err(|(error, _)| error)?;
            n += 1;
        }
    }
    Ok(producer.flush(BACK_MAX)?)
}
