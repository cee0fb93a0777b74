//! Restore: an empty state directory, all consent in the topic, until the gate says that it decides.
//!
//! The gate's time runs from the start of its process to 200 from `/readyz`, so start-up, policies, group and the
//! first look at the end of the topic are in it. The peer's time is what its harness reports: from the start of
//! Kafka Streams inside a running virtual machine to RUNNING, restoring its changelog.
//!
//! The large round shows whether memory grows with the contacts: its whole course is kept, and messages are then
//! decided over all of them.

use crate::dataset::Format;
use crate::figures::{LargeRestore, Restore, RestoreRun, Who};
use crate::gate::Setup;
use crate::peer;
use crate::process;
use crate::progress::say;
use crate::stage::Stage;
use crate::throughput;
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

const RESTORE_MAX: Duration = Duration::from_secs(900);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Between two points of the course.
const POINT_EVERY: Duration = Duration::from_millis(250);

/// All rounds.
pub(crate) fn run(stage: &mut Stage) -> Result<Restore> {
    let mut runs = Vec::new();
    for round in 1..=stage.options.runs {
        let consent = stage.consent_topic(Format::Json, stage.options.contacts)?;
        let run = stage.next_run("restore");
        let setup = idle_gate(stage, &consent, &run)?;
        runs.push(tell(restore(&setup, round)?));
        setup.delete_topics(&stage.broker)?;
        if stage.filled_peer()?.is_some() {
            runs.push(tell(peer(stage, round)?));
        }
    }
    let large = if stage.options.large_contacts > 0 { Some(large(stage)?) } else { None };
    Ok(Restore { runs, large })
}

fn tell(run: RestoreRun) -> RestoreRun {
    let (who, rate) = (run.who.title(), run.changes as f64 / run.seconds);
    let (seconds, changes, rss) = (run.seconds, run.changes, run.rss_mib);
    say(&format!(
        "{who:<20} restores {changes} changes in {seconds:.2} s: {rate:.0}/s, {rss:.0} MiB"
    ));
    run
}

/// A gate without messages.
fn idle_gate(stage: &Stage, consent: &str, run: &str) -> Result<Setup> {
    let setup = stage.gate(Format::Json, consent, &format!("outbound-message.{run}"), run)?;
    setup.create_topics()?;
    Ok(setup)
}

fn restore(setup: &Setup, round: usize) -> Result<RestoreRun> {
    setup.delete_state()?;
    let began = Instant::now();
    let mut gate = setup.spawn()?;
    let mut course: Vec<[f64; 3]> = Vec::new();
    let mut look = Instant::now();
    while !gate.answers("/readyz") {
        gate.must_run()?;
        if began.elapsed() > RESTORE_MAX {
            bail!("no restore within {} s", RESTORE_MAX.as_secs());
        }
        if look.elapsed() > POINT_EVERY
            && let Ok(samples) = gate.metrics()
        {
            look = Instant::now();
            let applied = samples.sum("consent_gate_applied_offset");
            course.push([began.elapsed().as_secs_f64(), applied, process::rss_mib(gate.pid())?]);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let seconds = began.elapsed().as_secs_f64();
    let changes = gate.metrics()?.sum("consent_gate_applied_offset");
    let rss_mib = process::rss_mib(gate.pid())?;
    course.push([seconds, changes, rss_mib]);
    let peak_rss_mib = process::peak_rss_mib(gate.pid())?;
    let cpu_s = process::cpu_seconds(gate.pid())?;
    gate.stop()?;
    Ok(RestoreRun {
        who: Who::Gate,
        round,
        changes: changes as u64,
        seconds,
        cpu_s,
        rss_mib,
        peak_rss_mib: Some(peak_rss_mib),
        course,
        kill_to_running_s: None,
        own_words: None,
    })
}

fn peer(stage: &Stage, round: usize) -> Result<RestoreRun> {
    let Some(peer) = &stage.peer else { bail!("there is no peer") };
    let lines = peer.run(&stage.broker, "restore", "-Dbench.runs=1")?;
    let line = peer::line(&lines, "restore")?;
    let killed = peer::line(&lines, "restart-after-kill-9")?;
    Ok(RestoreRun {
        who: Who::Peer,
        round,
        changes: line.figure("records")? as u64,
        seconds: line.figure("start_to_running_s")?,
        cpu_s: line.figure("app_cpu_s")?,
        rss_mib: line.figure("rss_mib")?,
        peak_rss_mib: None,
        course: Vec::new(),
        kill_to_running_s: Some(killed.figure("kill_to_running_s")?),
        own_words: Some(format!("{} | {}", line.text(), killed.text())),
    })
}

/// Many contacts under the default cap: the restore, then a backlog over all of them.
fn large(stage: &mut Stage) -> Result<LargeRestore> {
    let contacts = stage.options.large_contacts;
    let consent = stage.consent_topic(Format::Json, contacts)?;
    let outbound = stage.backlog_topic(Format::Json, contacts)?;
    let run = stage.next_run("large");
    let mut setup = idle_gate(stage, &consent, &run)?;
    setup.memory_bytes = stage.options.large_memory_bytes;
    let restored = tell(restore(&setup, 1)?);
    setup.delete_topics(&stage.broker)?;
    let run = stage.next_run("large");
    let mut under_load = stage.gate(Format::Json, &consent, &outbound, &run)?;
    under_load.memory_bytes = setup.memory_bytes;
    let load = throughput::over_backlog(stage, &under_load, Who::Gate, 1)?;
    throughput::tell(&load);
    under_load.delete_state()?;
    stage.empty(&[consent, outbound])?;
    Ok(LargeRestore { contacts, memory_bytes: setup.memory_bytes, restore: restored, load })
}
