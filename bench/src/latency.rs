//! Latency under a paced load: from the moment a message was due to be produced to its arrival at a
//! `read_committed` reader of the outputs. Gate and peer in turn, at each rate, in each round.
//!
//! The peer is measured by its own harness, which paces and reads in the same way.

use crate::arrivals::Arrivals;
use crate::dataset::Format;
use crate::figures::{Latency, LatencyRun, SHARES, Who};
use crate::paced::{Load, Pace};
use crate::peer;
use crate::progress::say;
use crate::stage::Stage;
use crate::stats::percentile;
use crate::wait;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Messages a second.
pub(crate) const RATES: [u64; 2] = [2_000, 20_000];
/// Load before the messages that count, as long as the peer's harness takes.
const WARM_SECONDS: u64 = 15;
/// How long the last messages may take to arrive.
const ARRIVE_MAX: Duration = Duration::from_secs(60);
/// Between the start of the clients and the first message.
const HEAD_START: Duration = Duration::from_millis(500);

/// All rounds at all rates.
pub(crate) fn run(stage: &mut Stage) -> Result<Latency> {
    let (rounds, seconds) = (stage.options.runs, stage.options.seconds);
    let (mut runs, mut failures) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        for rate in RATES {
            runs.push(tell(gate(stage, &Variant::gate(stage), rate, round)?));
            if stage.filled_peer()?.is_some() {
                // its harness fails when no message arrives in time; ours goes on without it
                match peer(stage, rate, round) {
                    Ok(run) => runs.push(tell(run)),
                    Err(error) => {
                        let failure =
                            format!("the peer failed at {rate}/s in round {round}: {error:#}");
                        say(&failure);
                        failures.push(failure);
                    }
                }
            }
        }
    }
    Ok(Latency { contacts: stage.options.contacts, seconds, runs, failures })
}

/// One line about a run.
pub(crate) fn tell(run: LatencyRun) -> LatencyRun {
    let LatencyRun { who, rate, round, missing, percentiles_ms, .. } = &run;
    let shown: Vec<String> = percentiles_ms.iter().map(|ms| format!("{ms:.1}")).collect();
    let (who, shown) = (who.title(), shown.join(" / "));
    say(&format!(
        "{who:<20} round {round}, {rate}/s: p50/p90/p99/p99.9/max {shown} ms, {missing} missing"
    ));
    run
}

/// Which gate is measured.
pub(crate) struct Variant {
    /// Its name in the figures.
    pub(crate) who: Who,
    /// Its program.
    pub(crate) program: PathBuf,
    /// Its environment.
    pub(crate) environment: Vec<(String, String)>,
}

impl Variant {
    /// The gate itself.
    pub(crate) fn gate(stage: &Stage) -> Self {
        let program = stage.program("consent-gate");
        Self { who: Who::Gate, program, environment: Vec::new() }
    }
}

/// One gate under one rate.
pub(crate) fn gate(
    stage: &mut Stage,
    variant: &Variant,
    rate: u64,
    round: usize,
) -> Result<LatencyRun> {
    let contacts = stage.options.contacts;
    let consent = stage.consent_topic(Format::Json, contacts)?;
    stage.warm(Format::Json, &consent)?;
    let run = stage.next_run("latency");
    let outbound = format!("outbound-message.{run}");
    let mut setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
    setup.program.clone_from(&variant.program);
    setup.environment.clone_from(&variant.environment);
    setup.create_topics()?;
    let mut gate = setup.spawn_ready()?;
    let (n_warm, n_counted) = (rate * WARM_SECONDS, rate * stage.options.seconds);
    let n_all = n_warm + n_counted;
    let client = stage.broker.client();
    let arrivals = Arrivals::follow(&client, &setup.topics.outputs(), n_all)?;
    let began = Instant::now() + HEAD_START;
    let pace = Pace { client, topic: outbound.clone(), rate, messages_max: n_all, contacts, began };
    Load::start(pace.clone())?.join()?;
    let what = "every message arrives";
    // what is still missing then is counted, not an error
    wait::until(what, ARRIVE_MAX, Duration::from_millis(20), || {
        gate.must_run()?;
        Ok((arrivals.n_seen() == n_all).then_some(()))
    })
    .ok();
    gate.must_run()?;
    let run = summary(variant.who, rate, round, &pace, &arrivals, n_warm..n_all)?;
    drop(arrivals);
    gate.stop()?;
    setup.delete_topics(&stage.broker)?;
    stage.broker.delete(&[&outbound])?;
    Ok(run)
}

fn summary(
    who: Who,
    rate: u64,
    round: usize,
    pace: &Pace,
    arrivals: &Arrivals,
    counted: std::ops::Range<u64>,
) -> Result<LatencyRun> {
    let messages = counted.end - counted.start;
    let latency_ms = |n| Some((arrivals.seen(n)? - pace.due(n)).as_secs_f64() * 1e3);
    let mut sorted: Vec<f64> = counted.filter_map(latency_ms).collect();
    sorted.sort_by(f64::total_cmp);
    if sorted.is_empty() {
        bail!("none of {messages} messages arrived");
    }
    let percentiles_ms = SHARES.map(|share| percentile(&sorted, share).unwrap_or(f64::NAN));
    let missing = messages - sorted.len() as u64;
    Ok(LatencyRun { who, rate, round, messages, missing, percentiles_ms, own_words: None })
}

fn peer(stage: &Stage, rate: u64, round: usize) -> Result<LatencyRun> {
    let Some(peer) = &stage.peer else { bail!("there is no peer") };
    let seconds = stage.options.seconds;
    let options = format!("-Dbench.runs=1 -Dbench.rate={rate} -Dbench.seconds={seconds}");
    let lines = peer.run(&stage.broker, "latency", &options)?;
    let line = peer::line(&lines, "latency")?;
    let mut percentiles_ms = [0.0; SHARES.len()];
    let names = ["p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms"];
    for (slot, name) in percentiles_ms.iter_mut().zip(names) {
        *slot = line.figure(name)?;
    }
    Ok(LatencyRun {
        who: Who::Peer,
        rate,
        round,
        messages: line.figure("messages")? as u64,
        missing: line.figure("missing")? as u64,
        percentiles_ms,
        own_words: Some(line.text().to_owned()),
    })
}
