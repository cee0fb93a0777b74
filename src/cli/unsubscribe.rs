//! `consent-gate unsubscribe`: keys of links in mail, and links for whoever sends without asking a door.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigFile, ExitCode, Failure, output};
use crate::door::{self, Wanted};
use crate::exit::OrFail as _;
use crate::links::{self, Keys};

#[derive(Debug, Subcommand)]
pub(super) enum UnsubscribeCommand {
    /// Print a line with a new key to append to `door.keys_file`: it seals new links, the others still open old ones
    Key(KeyArguments),
    /// Make links: an object a line on standard input, a link a line on standard output
    Mint(ConfigFile),
}

#[derive(Debug, Args)]
pub(super) struct KeyArguments {
    /// A number that no other key of the file has
    #[arg(long, value_name = "N")]
    id: u32,
}

pub(super) fn run(command: &UnsubscribeCommand) -> Result<(), Failure> {
    match command {
        UnsubscribeCommand::Key(arguments) => {
            Ok(output::print(links::key_line(arguments.id)?.trim_end())?)
        }
        UnsubscribeCommand::Mint(file) => mint(file),
    }
}

/// Stops at the first line that is wrong: what follows would no longer stand beside its recipient.
fn mint(file: &ConfigFile) -> Result<(), Failure> {
    let config = file.load()?;
    let base = config.door.public_url.clone().ok_or_else(|| {
        Failure::new(ExitCode::Config, "`door.public_url` is not set: links begin with it")
    })?;
    let preset: PathBuf = config.door.dir.join("keys");
    let keys = Keys::load(config.door.keys_file.as_deref().unwrap_or(&preset))?;
    let source = door::link_source()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (nth, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let line = line?;
        // its own text could repeat what stands in the line
        let wanted: Wanted = serde_json::from_str(&line).map_err(|error| {
            let reason = format!(
                "line {nth} is no recipient (wrong at column {}): write e.g. {{\"contact_id\": \"42\", \"channel\": \"email\"}}",
                error.column()
            );
            Failure::new(ExitCode::Usage, reason)
        })?;
        let token = wanted
            .token(&source, &keys)
            .map_err(|why| Failure::new(ExitCode::Usage, format!("line {nth}: {why}")))?;
        writeln!(out, "{base}/u/{token}")?;
    }
    out.flush().or_fail(ExitCode::TryAgain)
}
