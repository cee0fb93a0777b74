//! `consent-gate ledger forget`.

use crate::cli::{ConfigFile, ExitCode, Failure, output, person};
use crate::decisions::recipient::Reader;
use crate::ledger::forget::{Forgotten, Person, forget};
use crate::ledger::{LedgerError, public_key};
use crate::records::origin_of;
use clap::Args;
use gate_codec::DecodeError;

#[derive(Debug, Args)]
#[group(required = true, multiple = true, id = "who")]
struct Who {
    /// The id of a contact; `-` reads it from standard input. Needs the gate's pepper
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// An address: an e-mail address, or a number with its country
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    file: ConfigFile,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let key = public_key(&config.ledger)?;
    let Who { contact, address } = &arguments.who;
    let them = Person {
        contact: contact.as_deref().map(|id| person::contact(&config, id)).transpose()?,
        address: address.as_deref().map(|text| person::address(&config, text)).transpose()?,
    };
    let (records, reader) =
        (crate::service::consent_records(&config)?, Reader::new(&config, true)?);
    let spinner = output::spinner("looking for what is about them");
    let forgotten = forget(&config, &key, &them, &mut |record| {
        match records.read(record.value, origin_of(record)) {
            Ok(changes) => Ok(changes
                .all()
                .iter()
                .any(|it| reader.keys_of_change(&it.change).iter().any(|key| them.has(key)))),
            // nobody knows whom it names
            Err(DecodeError::Unreadable { .. }) => Ok(false),
            Err(error @ DecodeError::Unavailable { .. }) => {
                Err(LedgerError::Undecodable(error.to_string()))
            }
        }
    })?;
    spinner.finish_and_clear();
    let Forgotten { n_deleted, n_before, n_later } = forgotten;
    output::print(&format!("{n_deleted} salts deleted, {n_before} were deleted before"))?;
    if n_later > 0 {
        let says = format!(
            "{n_later} stand in the tile that `ledger run` is filling: run it again when there are 256 entries more, or \
             while it is stopped"
        );
        return Err(Failure::new(ExitCode::TryAgain, says));
    }
    Ok(())
}
