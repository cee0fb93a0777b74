//! Runs the parts in their order, writes the figures after each, and shows the table at the end.

use crate::cli::{Options, Part};
use crate::figures::{Figures, Section};
use crate::machine::{Circumstances, Watch};
use crate::progress::say;
use crate::stage::{Stage, repository};
use crate::table;
use crate::{
    barrier, check, desk, door, enforcement, latency, recovery, report, restore, scaling,
    throughput,
};
use anyhow::{Result, bail};
use std::path::Path;

/// All of them.
pub(crate) fn run(wanted: &[Part], options: Options) -> Result<()> {
    let path = options.dir.join("figures.json");
    let mut figures = Figures::read(&path)?;
    let mut failures = Vec::new();
    if wanted.iter().any(|part| *part != Part::Report) {
        failures = measure(wanted, options, &mut figures, &path)?;
    }
    if wanted.iter().any(|part| matches!(part, Part::Report | Part::All)) {
        report::write(&figures, repository())?;
    }
    table::print(&figures)?;
    say(&format!("every figure: {}", path.display()));
    if !failures.is_empty() {
        bail!("not everything could be measured:\n{}", failures.join("\n"));
    }
    Ok(())
}

/// Measures part by part and writes the figures after each. A part that fails keeps its former figures, and the
/// others are measured all the same; what failed comes back.
fn measure(
    wanted: &[Part],
    options: Options,
    figures: &mut Figures,
    path: &Path,
) -> Result<Vec<String>> {
    let mut stage = Stage::set(options)?;
    let mut failures = Vec::new();
    for part in Part::MEASURED {
        if !wanted.contains(&part) && !wanted.contains(&Part::All) {
            continue;
        }
        match one(part, &mut stage, figures) {
            Ok(()) => figures.write(path)?,
            Err(error) => {
                let failure = format!("{part:?}: {error:#}");
                say(&failure);
                failures.push(failure);
            }
        }
    }
    Ok(failures)
}

fn one(part: Part, stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    throughput::warm_broker(stage)?;
    match part {
        Part::Throughput => figures.throughput = section(part, stage, throughput::run)?,
        Part::Latency => figures.latency = section(part, stage, latency::run)?,
        Part::Enforcement => figures.enforcement = section(part, stage, enforcement::run)?,
        Part::Check => figures.check = section(part, stage, check::run)?,
        Part::Door => figures.door = section(part, stage, door::run)?,
        Part::Desk => figures.desk = section(part, stage, desk::run)?,
        Part::Restore => figures.restore = section(part, stage, restore::run)?,
        Part::Recovery => figures.recovery = section(part, stage, recovery::run)?,
        Part::Barrier => figures.barrier = section(part, stage, barrier::run)?,
        Part::Scaling => figures.scaling = section(part, stage, scaling::run)?,
        Part::All | Part::Report => {}
    }
    Ok(())
}

fn section<T>(
    part: Part,
    stage: &mut Stage,
    measure: impl FnOnce(&mut Stage) -> Result<T>,
) -> Result<Option<Section<T>>> {
    let mut circumstances = Circumstances::now(repository())?;
    let load = circumstances.load_average;
    say(&format!("measuring {part:?}; {} cores, load {load:?}", circumstances.cores));
    let watch = Watch::start(stage.broker.pid)?;
    let figures = measure(stage)?;
    let share = watch.foreign_share()?;
    say(&format!("others used {:.0} % of the processors meanwhile", share * 100.0));
    circumstances.foreign_cpu_share = Some(share);
    Ok(Some(Section { circumstances, figures }))
}
