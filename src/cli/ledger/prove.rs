//! `consent-gate ledger prove`.

use crate::cli::{ConfigFile, ExitCode, Failure, output};
use crate::exit::OrFail as _;
use crate::ledger::find::{Wanted, prove};
use crate::ledger::{Storage, public_key};
use clap::Args;
use gate_log::SourceRef;

#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "which")]
struct Which {
    /// The decision about the message that lies there: TOPIC/PARTITION/OFFSET, as `tap` prints it
    #[arg(long, value_name = "REFERENCE", value_parser = place)]
    source: Option<String>,
    /// The consent change that lies there
    #[arg(long, value_name = "REFERENCE", value_parser = place)]
    change: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    file: ConfigFile,
    /// Do not ask Kafka: the proof has no content
    #[arg(long)]
    offline: bool,
}

fn place(text: &str) -> Result<String, String> {
    let found = SourceRef::parse(text).map(|_| text.to_owned());
    found.ok_or_else(|| "a place is TOPIC/PARTITION/OFFSET, e.g. outbound-message/3/42".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let store = Storage::of(&config.ledger)?;
    let key = public_key(&config.ledger)?;
    let (wanted, text) = wanted(&arguments.which)
        .ok_or_else(|| Failure::new(ExitCode::Usage, "name --source or --change"))?;
    let spinner = output::spinner("looking for it");
    let found = prove(&store, &key, &wanted, (!arguments.offline).then_some(&config))?;
    spinner.finish_and_clear();
    let Some(proof) = found else {
        let says = format!("the ledger has nothing about {text}, up to its newest checkpoint");
        return Err(Failure::new(ExitCode::No, says));
    };
    if !proof.holds() {
        let says = "the tiles are not what was signed; `consent-gate ledger verify` says where";
        return Err(Failure::new(ExitCode::Storage, says));
    }
    if proof.salt.is_none() {
        output::note(
            "its salt was deleted: the proof is of its place, and what it said is not known any more",
        );
    } else if proof.content.is_none() {
        output::note(
            "what it says is not in Kafka any more, or was changed there: the proof has no content",
        );
    }
    let text = serde_json::to_string_pretty(&proof.to_json()).or_fail(ExitCode::Internal)?;
    Ok(output::print(&text)?)
}

fn wanted(which: &Which) -> Option<(Wanted, &str)> {
    if let Some(source) = &which.source {
        return Some((Wanted::Source(source.clone()), source));
    }
    let change = which.change.as_deref()?;
    let SourceRef { topic, partition, record_offset } = SourceRef::parse(change)?;
    Some((Wanted::Change(topic.to_owned(), partition, record_offset), change))
}
