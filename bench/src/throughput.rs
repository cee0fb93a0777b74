//! Throughput over a backlog: gate on JSON, gate on Avro, floor and peer, one after the other in each round.
//!
//! Every run starts a new process with a new group on new, empty output topics, reads the same backlog from its
//! beginning and ends when the last message is committed. The store is filled before. What is measured is the
//! window of `window.rs`.

use crate::dataset::{Expected, Format, Message};
use crate::figures::{Throughput, ThroughputRun, Who};
use crate::gate::Setup;
use crate::peer;
use crate::process::{self, Child};
use crate::progress::say;
use crate::stage::Stage;
use crate::window::{self, GroupProgress};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

/// The floor waits for its standard input to close, then has nothing left to do.
const FLOOR_END_MAX: Duration = Duration::from_secs(30);

/// Rounds of the floor that do not count.
const WARM_ROUNDS: usize = 4;

/// All rounds.
pub(crate) fn run(stage: &mut Stage) -> Result<Throughput> {
    let options = stage.options.clone();
    let mut figures = Throughput {
        contacts: options.contacts,
        messages: options.messages,
        lanes: options.lanes,
        memory_bytes: options.memory_bytes,
        runs: Vec::new(),
    };
    for round in 1..=options.runs {
        for who in [Who::Gate, Who::GateAvro, Who::Floor, Who::Peer] {
            if options.only.as_ref().is_some_and(|only| !only.contains(&who)) {
                continue;
            }
            let run = match who {
                Who::Gate | Who::GateWithoutBarrier => gate(stage, who, Format::Json, round)?,
                Who::GateAvro => gate(stage, who, Format::Avro, round)?,
                Who::Floor => floor(stage, round)?,
                Who::Peer => match stage.filled_peer()? {
                    Some(_) => peer(stage, round)?,
                    None => continue,
                },
            };
            tell(&run);
            figures.runs.push(run);
        }
    }
    Ok(figures)
}

/// Some rounds of the floor that do not count, once: the virtual machine of a broker that was just started is two
/// to five times as slow as a minute later, whoever comes first would pay for it.
pub(crate) fn warm_broker(stage: &mut Stage) -> Result<()> {
    if !stage.is_broker_warm {
        say("warming the broker");
        for _ in 0..WARM_ROUNDS {
            floor(stage, 0)?;
        }
        stage.is_broker_warm = true;
    }
    Ok(())
}

/// One line about a run.
pub(crate) fn tell(run: &ThroughputRun) {
    say(&format!(
        "{:<20} round {}: {:>7.0} messages/s, {:>5.2} CPU-s per million, {:>4.0} MiB, broker {:.2} CPU-s per million",
        run.who.title(),
        run.round,
        run.window.messages_per_s(),
        run.window.cpu_s_per_million(),
        run.peak_rss_mib,
        run.window.broker_cpu_s / run.window.messages as f64 * 1e6,
    ));
}

fn gate(stage: &mut Stage, who: Who, format: Format, round: usize) -> Result<ThroughputRun> {
    let contacts = stage.options.contacts;
    let consent = stage.consent_topic(format, contacts)?;
    let outbound = stage.backlog_topic(format, contacts)?;
    stage.warm(format, &consent)?;
    let run = stage.next_run(format.as_str());
    let setup = stage.gate(format, &consent, &outbound, &run)?;
    let run = over_backlog(stage, &setup, who, round)?;
    check_outcomes(&run.outcomes, stage.options.messages, contacts)?;
    Ok(run)
}

/// One gate over the backlog of its setup.
pub(crate) fn over_backlog(
    stage: &Stage,
    setup: &Setup,
    who: Who,
    round: usize,
) -> Result<ThroughputRun> {
    setup.create_topics()?;
    let progress = GroupProgress::new(&stage.broker, &setup.group, &setup.topics.outbound)?;
    let mut gate = setup.spawn()?;
    let window = window::measure(&stage.broker, &progress, stage.options.messages, &mut gate)?;
    let peak_rss_mib = process::peak_rss_mib(gate.pid())?;
    let outcomes = gate.metrics()?.decisions();
    gate.stop()?;
    setup.delete_topics(&stage.broker)?;
    Ok(ThroughputRun { who, round, window, peak_rss_mib, outcomes, own_words: None })
}

/// A gate that decides something else than the data set calls for is not worth measuring.
fn check_outcomes(outcomes: &BTreeMap<String, u64>, messages: u64, contacts: u64) -> Result<()> {
    let expected = (0..messages).map(|n| Message::backlog(n, contacts).expected());
    let n_approved = expected.filter(|expected| *expected == Expected::Approved).count() as u64;
    let of = |prefix: &str| -> u64 {
        let matching = outcomes.iter().filter(|(reason, _)| reason.starts_with(prefix));
        matching.map(|(_, n)| n).sum()
    };
    let n_blocked = messages - n_approved;
    if of("approved.") != n_approved || of("blocked.") != n_blocked {
        bail!("{n_approved} approved and {n_blocked} blocked were expected, but: {outcomes:?}");
    }
    Ok(())
}

fn floor(stage: &mut Stage, round: usize) -> Result<ThroughputRun> {
    let input = stage.backlog_topic(Format::Json, stage.options.contacts)?;
    let run = stage.next_run("floor");
    let output = format!("passed.{run}");
    stage.broker.create(&[&output])?;
    let messages = stage.options.messages;
    let mut command = process::tied(stage.program("gate-bench"));
    command.args(["floor", "--bootstrap", &stage.broker.bootstrap, "--group", &run]);
    command.args(["--input", &input, "--output", &output]);
    command.args(["--lanes", &stage.options.floor_lanes().to_string()]);
    command.args(["--messages", &messages.to_string()]).stdin(Stdio::piped());
    let progress = GroupProgress::new(&stage.broker, &run, &input)?;
    let mut floor = Child::spawn("the floor", &mut command)?;
    let window = window::measure(&stage.broker, &progress, messages, &mut floor)?;
    let peak_rss_mib = process::peak_rss_mib(floor.pid())?;
    floor.close_stdin();
    floor.wait_clean(FLOOR_END_MAX)?;
    stage.broker.delete(&[&output])?;
    Ok(ThroughputRun {
        who: Who::Floor,
        round,
        window,
        peak_rss_mib,
        outcomes: BTreeMap::new(),
        own_words: None,
    })
}

fn peer(stage: &Stage, round: usize) -> Result<ThroughputRun> {
    let Some(peer) = &stage.peer else { bail!("there is no peer") };
    let progress = GroupProgress::new(&stage.broker, peer::GROUP, peer::OUTBOUND)?;
    let mut running = peer.start(&stage.broker, "throughput-eos", "-Dbench.runs=1")?;
    let window = window::measure(&stage.broker, &progress, stage.options.messages, &mut running)?;
    let lines = running.lines()?;
    let line = peer::line(&lines, "throughput")?;
    let peak_rss_mib = line.figure("peak_rss_mib")?;
    Ok(ThroughputRun {
        who: Who::Peer,
        round,
        window,
        peak_rss_mib,
        outcomes: BTreeMap::new(),
        own_words: Some(line.text().to_owned()),
    })
}
