//! The people's door under load, beside a gate that applies what it takes in: posts a second, time to answer, CPU; every record
//! that was answered for is looked up in Kafka afterwards. Then the same while strangers hold thousands of connections.
//!
//! Clients keep their connections, as providers and proxies do, and send again what was not answered. A paced load is open: a
//! post counts from the moment it was due. What takes part shares the processors, the clients too.

mod client;
mod crowd;
mod process;
mod taken;

use crate::dataset::Format;
use crate::figures::{Crowd, Door, DoorRun};
use crate::progress::say;
use crate::stage::Stage;
use anyhow::{Result, bail};
use client::{Plan, Posted};
use process::Doorway;
use std::time::Duration;
use taken::Taken;

/// What is wanted of it.
pub(crate) const POSTS_PER_S: u32 = 2_000;
/// Beside strangers: what a provider sends on a busy evening, so that slowness is theirs.
const BESIDE_PER_S: u32 = 500;
/// Connections of the clients.
const CONNECTIONS: u32 = 64;
/// Changes of a large post.
const BATCH: u32 = 100;
/// Opt-outs one after the other, each until it is in force.
const QUIET: usize = 500;
/// Connections that say nothing, and connections that say it slowly.
const IDLE: usize = 10_000;
const SLOW: usize = 1_000;

/// All rounds.
pub(crate) fn run(stage: &mut Stage) -> Result<Door> {
    client::many_files((IDLE + SLOW) as u64)?;
    let consent = stage.consent_topic(Format::Json, stage.options.contacts)?;
    let (mut runs, mut enforced_ms) = (Vec::new(), Vec::new());
    for round in 1..=stage.options.runs {
        let run = stage.next_run("door");
        stage.warm(Format::Json, &consent)?;
        let outbound = format!("outbound-message.{run}");
        let setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
        let mut doorway = Doorway::open(stage, setup, &run)?;
        let measured = one(stage, &mut doorway, round);
        doorway.close(&stage.broker)?;
        let (new, quiet) = measured?;
        runs.extend(new);
        enforced_ms.extend(quiet);
        stage.broker.delete(&[&outbound])?;
    }
    Ok(Door { runs, enforced_ms })
}

fn one(stage: &Stage, doorway: &mut Doorway, round: usize) -> Result<(Vec<DoorRun>, Vec<f64>)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let quiet = runtime.block_on(client::quiet(doorway.client(), QUIET))?;
    let length = Duration::from_secs(stage.options.seconds);
    let paced = |rate| Plan { rate: Some(rate), connections: CONNECTIONS, changes: 1, length };
    let full = |connections, changes| Plan { rate: None, connections, changes, length };
    let cases = [
        (paced(POSTS_PER_S), None),
        (full(CONNECTIONS, 1), None),
        (full(8, BATCH), None),
        (paced(BESIDE_PER_S), None),
        (paced(BESIDE_PER_S), Some((Crowd::Idle, IDLE))),
        (paced(BESIDE_PER_S), Some((Crowd::Slow, SLOW))),
    ];
    let mut runs = Vec::new();
    for (plan, crowd) in cases {
        let before = Taken::begin(&stage.broker, doorway.consent())?;
        let cost = doorway.cost()?;
        let client = doorway.client();
        let (posted, held) = runtime.block_on(async {
            match crowd {
                None => (client::post(client, plan).await, 0),
                Some((crowd, n)) => {
                    let crowd = crowd::gather(client.port, crowd, n).await;
                    let posted = client::post(client, plan).await;
                    (posted, crowd.leave())
                }
            }
        });
        let spent = doorway.cost()?.since(cost);
        let Posted { answered_ms, acknowledged, again, seconds } = posted?;
        let lost = before.lost(&stage.broker, &acknowledged)?;
        let run = DoorRun {
            round,
            wanted_per_s: plan.rate,
            changes_each: plan.changes,
            crowd: crowd.map(|(crowd, _)| crowd),
            connections_held: held,
            posts: answered_ms.len() as u64,
            seconds,
            percentiles_ms: client::percentiles(answered_ms),
            again,
            acknowledged: acknowledged.len() as u64,
            lost,
            door_cpu_s: spent.door_s,
            gate_cpu_s: spent.gate_s,
            peak_rss_mib: doorway.peak_rss_mib()?,
        };
        say(&format!(
            "door round {round}: {} × {} changes, wanted {:?}/s, crowd {:?} ({held} held): {:.0} posts/s, p50 {:.1}, p99 {:.1}, \
             max {:.1} ms, {again} again, {lost} lost of {}, door {:.1} CPU-s, gate {:.1}, {:.0} MiB",
            run.posts,
            run.changes_each,
            run.wanted_per_s,
            run.crowd,
            run.posts_per_s(),
            run.percentiles_ms[0],
            run.percentiles_ms[2],
            run.percentiles_ms[4],
            run.acknowledged,
            run.door_cpu_s,
            run.gate_cpu_s,
            run.peak_rss_mib,
        ));
        if lost > 0 {
            bail!("{lost} changes were answered with success and are not in Kafka");
        }
        runs.push(run);
    }
    Ok((runs, quiet))
}
