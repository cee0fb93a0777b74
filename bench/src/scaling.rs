//! Scaling: throughput by lanes on one backlog, and what a lookup costs as the contacts grow.

use crate::dataset::Format;
use crate::figures::{LanesRun, Scaling, StoreSize, Who};
use crate::process;
use crate::progress::say;
use crate::stage::Stage;
use crate::throughput;
use anyhow::{Context, Result};
use std::path::Path;

/// Numbers of lanes; the topics have four partitions.
const LANES: [usize; 3] = [1, 2, 4];
/// Bytes on disk a contact takes, with room for a compaction; measured, rounded up.
const DISK_BYTES_PER_CONTACT: u64 = 700;

/// Both curves.
pub(crate) fn run(stage: &mut Stage) -> Result<Scaling> {
    let lanes = lanes(stage)?;
    let memory_bytes = stage.options.store_memory_bytes;
    let contacts = stage.options.store_contacts.clone();
    let store = store(stage, &contacts, memory_bytes)?;
    Ok(Scaling { lanes, store_memory_bytes: memory_bytes, store })
}

fn lanes(stage: &mut Stage) -> Result<Vec<LanesRun>> {
    let contacts = stage.options.contacts;
    let consent = stage.consent_topic(Format::Json, contacts)?;
    let outbound = stage.backlog_topic(Format::Json, contacts)?;
    stage.warm(Format::Json, &consent)?;
    let mut runs = Vec::new();
    for round in 1..=stage.options.runs {
        for lanes in LANES {
            let run = stage.next_run("lanes");
            let mut setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
            setup.lanes = lanes;
            let run = throughput::over_backlog(stage, &setup, Who::Gate, round)?;
            say(&format!("{lanes} lanes:"));
            throughput::tell(&run);
            runs.push(LanesRun { lanes, run });
        }
    }
    Ok(runs)
}

fn store(stage: &Stage, contacts: &[u64], memory_bytes: u64) -> Result<Vec<StoreSize>> {
    let dir = stage.working_dir("store");
    let room = free_bytes(&dir).unwrap_or(u64::MAX) / DISK_BYTES_PER_CONTACT;
    let fits: Vec<String> =
        contacts.iter().filter(|contacts| **contacts <= room).map(u64::to_string).collect();
    if fits.len() < contacts.len() {
        say(&format!("the disk has room for {room} contacts: larger sizes are left out"));
    }
    say(&format!("filling a store with {} contacts", fits.join(", then ")));
    let mut command = process::tied(stage.program("gate-bench"));
    command.args(["store", "--contacts", &fits.join(",")]);
    command.args(["--memory-bytes", &memory_bytes.to_string(), "--dir"]).arg(&dir);
    let printed = process::output("gate-bench store", &mut command)?;
    std::fs::remove_dir_all(&dir)?;
    let sizes = printed.lines().map(|line| {
        let size: StoreSize = serde_json::from_str(line).with_context(|| line.to_owned())?;
        say(&format!(
            "{} contacts: {:.2} us a lookup of somebody, {:.2} of nobody, {:.0} MiB, {:.2} GiB on disk",
            size.contacts,
            size.known_us,
            size.unknown_us,
            size.rss_mib,
            size.disk_bytes as f64 / f64::from(1 << 30)
        ));
        Ok(size)
    });
    sizes.collect()
}

/// What `df` says about the file system the directory will lie on.
fn free_bytes(dir: &Path) -> Option<u64> {
    let mut command = std::process::Command::new("df");
    command.args(["--output=avail", "--block-size=1"]).arg(dir.parent()?);
    process::output("df", &mut command).ok()?.lines().nth(1)?.trim().parse().ok()
}
