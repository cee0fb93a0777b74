//! What the barrier costs: the gate beside the same program with its barrier switched off, in turn.
//!
//! Both are `consent-gate-faults`, the build with switches, so that nothing but the barrier differs. The gate
//! without it breaks promise P1 and is measured for the difference alone.

use crate::dataset::Format;
use crate::figures::{Barrier, Who};
use crate::latency::{self, Variant};
use crate::stage::Stage;
use crate::throughput;
use anyhow::Result;

/// The rate at which latencies are compared.
const RATE: u64 = 2_000;

/// All rounds.
pub(crate) fn run(stage: &mut Stage) -> Result<Barrier> {
    let program = stage.program("consent-gate-faults");
    let off = ("CONSENT_GATE_FAULT".to_owned(), "no_barrier".to_owned());
    let on = Variant { who: Who::Gate, program: program.clone(), environment: Vec::new() };
    let off = Variant { who: Who::GateWithoutBarrier, program, environment: vec![off] };
    let mut figures = Barrier { rate: RATE, throughput: Vec::new(), latency: Vec::new() };
    for round in 1..=stage.options.runs {
        for variant in [&on, &off] {
            let contacts = stage.options.contacts;
            let consent = stage.consent_topic(Format::Json, contacts)?;
            let outbound = stage.backlog_topic(Format::Json, contacts)?;
            stage.warm(Format::Json, &consent)?;
            let run = stage.next_run("barrier");
            let mut setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
            setup.program.clone_from(&variant.program);
            setup.environment.clone_from(&variant.environment);
            let run = throughput::over_backlog(stage, &setup, variant.who, round)?;
            throughput::tell(&run);
            figures.throughput.push(run);
            let run = latency::gate(stage, variant, RATE, round)?;
            figures.latency.push(latency::tell(run));
        }
    }
    Ok(figures)
}
