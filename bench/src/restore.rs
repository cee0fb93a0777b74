//! Restore: an empty state directory, all consent in the topic, until the gate says that it decides.
//!
//! The gate's time runs from the start of its process to 200 from `/readyz`, so start-up, policies, group and the
//! first look at the end of the topic are in it. The peer's time is what its harness reports: from the start of
//! Kafka Streams inside a running virtual machine to RUNNING, restoring its changelog.
//!
//! A gate can also begin with a checkpoint of the store. What is counted is then how many changes the store stands
//! for, not how many were folded. The checkpoint's files are out of the page cache before, unless they lie in
//! memory: the copying round takes its files from `/dev/shm`, since this machine has one disk, and writes them
//! to that disk.
//!
//! The large round shows whether memory grows with the contacts: its whole course is kept, and messages are then
//! decided over all of them.

use crate::dataset::Format;
use crate::figures::{LargeRestore, Origin, Restore, RestoreRun, Who};
use crate::gate::Setup;
use crate::peer;
use crate::process;
use crate::progress::say;
use crate::stage::Stage;
use crate::throughput;
use crate::wait;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const RESTORE_MAX: Duration = Duration::from_secs(900);
/// How long the first checkpoint may take, which is slowed down on purpose.
const CHECKPOINT_MAX: Duration = Duration::from_secs(900);
/// A file system in memory.
const OTHER_FILE_SYSTEM: &str = "/dev/shm";
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
        for origin in [Origin::Linked, Origin::Copied] {
            runs.push(tell(from_checkpoint(stage, &setup, origin, round)?));
        }
        setup.delete_topics(&stage.broker)?;
        if stage.filled_peer()?.is_some() {
            runs.push(tell(peer(stage, round)?));
        }
    }
    let large = if stage.options.large_contacts > 0 { Some(large(stage)?) } else { None };
    Ok(Restore { runs, large })
}

fn tell(run: RestoreRun) -> RestoreRun {
    let (who, rate, origin) = (run.who.title(), run.rate(), run.origin);
    let (seconds, changes, rss) = (run.seconds, run.changes, run.rss_mib);
    say(&format!(
        "{who:<20} restores {changes} changes ({origin:?}) in {seconds:.2} s: {rate:.0}/s, {rss:.0} MiB"
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
    let samples = gate.metrics()?;
    let changes = samples.sum("consent_gate_applied_offset");
    let folded = samples.sum("consent_gate_consent_changes_total");
    let rss_mib = process::rss_mib(gate.pid())?;
    course.push([seconds, changes, rss_mib]);
    let peak_rss_mib = process::peak_rss_mib(gate.pid())?;
    let cpu_s = process::cpu_seconds(gate.pid())?;
    gate.stop()?;
    let is_log = setup.environment.is_empty();
    if is_log != (folded > 0.0) {
        bail!("{folded} of {changes} changes were folded: not what is to be measured");
    }
    Ok(RestoreRun {
        who: Who::Gate,
        origin: Origin::Log,
        checkpoint_bytes: None,
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

/// Makes a checkpoint of the state there is, loses the state, and restores.
fn from_checkpoint(
    stage: &Stage,
    setup: &Setup,
    origin: Origin,
    round: usize,
) -> Result<RestoreRun> {
    let dir = Checkpoints::new(stage, origin);
    dir.make(setup)?;
    let checkpoint_bytes = dir.forget_cached()?;
    // none is made meanwhile
    let with = dir.configured(setup, Duration::from_secs(7 * 24 * 3600));
    let run = restore(&with, round)?;
    Ok(RestoreRun { origin, checkpoint_bytes: Some(checkpoint_bytes), ..run })
}

/// A directory for checkpoints, removed when dropped.
struct Checkpoints(PathBuf);

impl Checkpoints {
    fn new(stage: &Stage, origin: Origin) -> Self {
        let name = format!("gate-bench-checkpoints-{}", std::process::id());
        Self(match origin {
            Origin::Copied => Path::new(OTHER_FILE_SYSTEM).join(name),
            Origin::Linked | Origin::Log => stage.working_dir(&name),
        })
    }

    fn configured(&self, setup: &Setup, interval: Duration) -> Setup {
        let values = [
            ("DIR", self.0.display().to_string()),
            ("INTERVAL_MS", interval.as_millis().to_string()),
            ("KEEP", "1".to_owned()),
        ];
        let variable = |(key, value)| (format!("CONSENT_GATE__STATE__CHECKPOINTS__{key}"), value);
        Setup { environment: values.map(variable).to_vec(), ..setup.clone() }
    }

    /// Lets a gate on the filled state make one.
    fn make(&self, setup: &Setup) -> Result<()> {
        let with = self.configured(setup, Duration::from_secs(1));
        let mut gate = with.spawn_ready()?;
        let made = |samples: &crate::gate::Samples| {
            samples
                .of("consent_gate_checkpoints_total")
                .any(|(labels, n)| crate::gate::label(labels, "result") == "made" && n > 0.0)
        };
        wait::until("a checkpoint is made", CHECKPOINT_MAX, Duration::from_millis(100), || {
            gate.must_run()?;
            Ok(made(&gate.metrics()?).then_some(()))
        })?;
        gate.stop()
    }

    /// Writes what is not on disk yet and takes all files out of the page cache; their bytes.
    fn forget_cached(&self) -> Result<u64> {
        let mut bytes = 0;
        let mut n_checkpoints = 0;
        for checkpoint in std::fs::read_dir(&self.0)? {
            n_checkpoints += 1;
            for file in std::fs::read_dir(checkpoint?.path())? {
                let path = file?.path();
                let file = std::fs::File::open(&path)?;
                file.sync_all()?;
                bytes += file.metadata()?.len();
                let all = rustix::fs::Advice::DontNeed;
                rustix::fs::fadvise(&file, 0, None, all)
                    .with_context(|| path.display().to_string())?;
            }
        }
        if n_checkpoints != 1 {
            bail!("{n_checkpoints} checkpoints where one was expected");
        }
        Ok(bytes)
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        // nothing else can be done about it here; memory comes back with the next start of the machine
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn peer(stage: &Stage, round: usize) -> Result<RestoreRun> {
    let Some(peer) = &stage.peer else { bail!("there is no peer") };
    let lines = peer.run(&stage.broker, "restore", "-Dbench.runs=1")?;
    let line = peer::line(&lines, "restore")?;
    let killed = peer::line(&lines, "restart-after-kill-9")?;
    Ok(RestoreRun {
        who: Who::Peer,
        origin: Origin::Log,
        checkpoint_bytes: None,
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
    let mut checkpoints = Vec::new();
    for origin in [Origin::Linked, Origin::Copied] {
        checkpoints.push(tell(from_checkpoint(stage, &setup, origin, 1)?));
    }
    setup.delete_topics(&stage.broker)?;
    let run = stage.next_run("large");
    let mut under_load = stage.gate(Format::Json, &consent, &outbound, &run)?;
    under_load.memory_bytes = setup.memory_bytes;
    let load = throughput::over_backlog(stage, &under_load, Who::Gate, 1)?;
    throughput::tell(&load);
    under_load.delete_state()?;
    stage.empty(&[consent, outbound])?;
    let memory_bytes = setup.memory_bytes;
    Ok(LargeRestore { contacts, memory_bytes, restore: restored, checkpoints, load })
}
