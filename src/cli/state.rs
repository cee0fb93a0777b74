//! `consent-gate state checkpoints`: which checkpoints there are, and whether a start could use them.
//!
//! Looks at this machine only: manifest, seal, topic, pepper, and every byte of every file. Whether the log still
//! continues a checkpoint, and whether the topic is still the one it was made from, the gate asks the broker when
//! it starts. Changes nothing, and needs no lock: the gate may be running.

use super::{ConfigFile, ExitCode, Failure, output};
use crate::config::Config;
use crate::exit::OrFail as _;
use crate::identity::{Pepper, PepperFile};
use crate::store::{Checkpoints, Found, Manifest, RebuildReason, Rejection, Seal};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// List the checkpoints in `state.checkpoints.dir` and verify every file; exit 74 when there is none to use
    Checkpoints(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// As JSON lines, one object a checkpoint
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &StateCommand) -> Result<(), Failure> {
    match command {
        StateCommand::Checkpoints(arguments) => checkpoints(arguments),
    }
}

fn checkpoints(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let Some(wanted) = &config.state.checkpoints else {
        let reason = "`state.checkpoints.dir` is not set: no checkpoints are made";
        return Err(Failure::new(ExitCode::Config, reason));
    };
    let pepper = pepper(&config)?;
    let (interval, keep) = (wanted.interval, wanted.keep);
    let seal = Seal::new(&pepper.checkpoint_seal());
    let directory = Checkpoints::new(&wanted.dir, &config.instance_id, keep, interval, seal);
    let list = directory.list().map_err(|error| {
        let reason = format!("cannot read `{}`: {error}", wanted.dir.display());
        Failure::new(ExitCode::Storage, reason)
    })?;
    let spinner = output::spinner("reading checkpoints");
    let verified: Vec<(Found, Option<String>)> =
        list.into_iter().filter_map(|found| examined(found, &config, &pepper)).collect();
    spinner.finish_and_clear();
    let n_valid = verified.iter().filter(|(_, why)| why.is_none()).count();
    if arguments.json {
        for (found, why) in &verified {
            output::print_json(&json(found, why.as_deref()))?;
        }
    } else {
        let rows = verified.iter().map(|(found, why)| row(found, why.as_deref()));
        let head = ["checkpoint", "age", "MiB", "changes", "valid"];
        output::print(&output::table(head, rows))?;
        let (n, dir) = (verified.len(), wanted.dir.display());
        output::print(&format!("\n{n_valid} of {n} checkpoints in {dir} can be used"))?;
    }
    if n_valid == 0 { Err(Failure::silent(ExitCode::Storage)) } else { Ok(()) }
}

/// Why it cannot be used, if it cannot. `None` for one that a running gate thinned out meanwhile: a newer one of
/// it stands beside.
fn examined(found: Found, config: &Config, pepper: &Pepper) -> Option<(Found, Option<String>)> {
    let why = match &found.manifest {
        Err(Rejection::Gone) => return None,
        Err(rejection) => Some(rejection.to_string()),
        Ok(manifest) => match check(&found, manifest, config, pepper) {
            Err(Rejection::Gone) => return None,
            checked => checked.err().map(|rejection| rejection.to_string()),
        },
    };
    Some((found, why))
}

fn pepper(config: &Config) -> Result<Pepper, Failure> {
    let path = &config.state.pepper_file;
    let pepper = PepperFile::load(path).or_fail(ExitCode::Config)?;
    let pepper = pepper.ok_or_else(|| {
        let path = path.display();
        let reason =
            format!("there is no pepper at `{path}`, without which no seal can be checked");
        Failure::new(ExitCode::Config, reason)
    })?;
    Ok(Pepper::new(pepper.expose()))
}

fn check(
    found: &Found,
    manifest: &Manifest,
    config: &Config,
    pepper: &Pepper,
) -> Result<(), Rejection> {
    if manifest.topic != config.topics.consent_change {
        return Err(Rejection::Foreign(RebuildReason::OtherTopic));
    }
    if !manifest.has_pepper(&pepper.id()) {
        return Err(Rejection::Foreign(RebuildReason::OtherPepper));
    }
    if manifest.topic_id.is_empty() {
        return Err(Rejection::TopicIdUnknown);
    }
    found.verify(&|_| true)
}

fn row(found: &Found, why: Option<&str>) -> [String; 5] {
    let age_ms = output::now_millis().saturating_sub(found.made_at.as_millisecond()).max(0);
    let of = |figure: fn(&Manifest) -> u64| match &found.manifest {
        Ok(manifest) => figure(manifest).to_string(),
        Err(_) => "-".to_owned(),
    };
    [
        found.name.clone(),
        output::span(age_ms.unsigned_abs()),
        of(|manifest| manifest.bytes() >> 20),
        of(Manifest::changes),
        why.map_or_else(|| "yes".to_owned(), |why| format!("no: {why}")),
    ]
}

fn json(found: &Found, why: Option<&str>) -> serde_json::Value {
    let manifest = found.manifest.as_ref().ok();
    serde_json::json!({
        "name": found.name,
        "made_at": output::utc(found.made_at.as_millisecond()),
        "bytes": manifest.map(Manifest::bytes),
        "changes": manifest.map(Manifest::changes),
        "cluster_id": manifest.map(|manifest| &manifest.cluster_id),
        "topic": manifest.map(|manifest| &manifest.topic),
        "topic_id": manifest.map(|manifest| &manifest.topic_id),
        "positions": manifest.map(|manifest| &manifest.positions),
        "valid": why.is_none(),
        "why_not": why,
    })
}
