//! `consent-gate import undo`: what takes an import back is found in the consent topic and written behind it.

use std::path::{Path, PathBuf};

use clap::Args;
use gate_codec::{ConsentChangeRecord, DecodeError, Encoding, Kind, encode_consent};
use gate_import::{ImportId, Undo, UndoReport};
use serde_json::json;

use super::import_id;
use super::write::{noted, state_of};
use crate::cli::{ConfigFile, ExitCode, Failure, output};
use crate::config::Config;
use crate::decisions::stretch::{self, Stretch};
use crate::decisions::window::Window;
use crate::exit::OrFail as _;
use crate::kafka::bulk::BulkWriter;
use crate::records::{ConsentRecords, origin_of, plain_headers};

/// Records after which the progress is shown.
const SIGN_OF_LIFE: u64 = 50_000;

#[derive(Debug, Args)]
pub(super) struct UndoArguments {
    /// The name the import was given
    #[arg(value_name = "ID", value_parser = import_id)]
    id: ImportId,
    /// Write it. Without this flag it is only said what would be written
    #[arg(long)]
    write: bool,
    /// The state file of the import (FILE.import-ID.json), where it is noted that the name is used up; looked for in the
    /// working directory without it
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    file: ConfigFile,
}

pub(super) fn run(arguments: &UndoArguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let topic = &config.topics.consent_change;
    let all = Window::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX)?;
    // both readings end where the topic ends now: what is written behind is not read
    let stretch = stretch::stretch(&config, topic, &all)?;
    let reading = Reading {
        config: &config,
        stretch: &stretch,
        records: crate::service::consent_records(&config)?,
    };
    let mut undo = Undo::new(arguments.id.clone());
    let is_cut_off = stretch.values().any(|marks| marks.begin > 0);
    if is_cut_off {
        output::note(&format!(
            "warning: the beginning of `{topic}` was deleted (retention, or by hand). What the import said there is not taken back, and \
             since nobody can tell who else suppressed whom there, no suppression is lifted; the exit code is 1"
        ));
        undo = undo.of_cut_topic();
    }
    reading.each("looking who else suppressed whom", &mut |record| {
        undo.look(record);
        Ok(())
    })?;
    let mut writer = match arguments.write {
        false => None,
        true => {
            used_up(arguments)?;
            let format = config.formats.consent_change;
            let encoding = crate::service::encoding(&config, Kind::ConsentChange, format)?;
            let doing = format!("writing to topic `{topic}`");
            Some((
                BulkWriter::new(&config.client_base(), topic, doing)?.with_headers(plain_headers()),
                encoding,
            ))
        }
    };
    reading.each("taking the import back", &mut |record| {
        let Ok(Some(undone)) = undo.of(record) else { return Ok(()) };
        match &mut writer {
            Some((writer, encoding)) => wrote(writer, &undone, *encoding),
            None => Ok(()),
        }
    })?;
    if let Some((writer, _)) = &mut writer {
        writer.flush()?;
    }
    said(undo.report(), arguments, topic)?;
    if is_cut_off { Err(Failure::silent(ExitCode::No)) } else { Ok(()) }
}

/// Notes in the import's state file that it was undone, before anything is: under the same name nothing can be permitted any more.
fn used_up(arguments: &UndoArguments) -> Result<(), Failure> {
    let id = &arguments.id;
    let states = match &arguments.state {
        Some(path) => vec![path.clone()],
        None => {
            states_here(id).or_fail_at(ExitCode::Storage, || "the working directory".to_owned())?
        }
    };
    if states.is_empty() {
        output::note(&format!(
            "warning: the state file of import `{id}` is not in the working directory, and --state names none. Do not use the name again: \
             what is written under it permits nothing"
        ));
    }
    for path in &states {
        let mut resume = state_of(path)?.ok_or_else(|| {
            Failure::new(ExitCode::Usage, format!("`{}` is not there", path.display()))
        })?;
        if resume.import.id != *id {
            let reason = format!("`{}` is of another import than `{id}`", path.display());
            return Err(Failure::new(ExitCode::Usage, reason));
        }
        resume.is_undone = true;
        noted(path, &resume)?;
    }
    Ok(())
}

/// The state files of an import in the working directory, by their names.
fn states_here(id: &ImportId) -> std::io::Result<Vec<PathBuf>> {
    let end = format!(".import-{id}.json");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(Path::new("."))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(&end) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn wrote(
    writer: &mut BulkWriter,
    record: &ConsentChangeRecord<'_>,
    encoding: Encoding,
) -> Result<(), Failure> {
    let value = encode_consent(record, encoding).or_fail(ExitCode::Internal)?;
    Ok(writer.write(record.contact_id.as_deref().map(str::as_bytes), &value)?)
}

struct Reading<'r> {
    config: &'r Config,
    stretch: &'r Stretch,
    records: ConsentRecords,
}

impl Reading<'_> {
    /// Every record of the topic that can be read.
    fn each(
        &self,
        doing: &'static str,
        visit: &mut dyn FnMut(&ConsentChangeRecord<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let spinner = output::spinner(doing);
        let topic = &self.config.topics.consent_change;
        let mut n_read = 0u64;
        stretch::read(self.config, topic, self.stretch, &mut |record| {
            n_read += 1;
            if n_read.is_multiple_of(SIGN_OF_LIFE) {
                spinner.set_message(format!("{doing}: {n_read} records"));
            }
            let origin = origin_of(record);
            match self.records.written(record.value, origin) {
                Ok(changes) => changes.iter().try_for_each(&mut *visit),
                // none of ours: an import's records were read before they were written
                Err(DecodeError::Unreadable(_)) => Ok(()),
                Err(error @ DecodeError::Unavailable { .. }) => {
                    let place = format!("`{topic}/{}/{}`", record.partition, record.offset);
                    Err(Failure::new(ExitCode::TryAgain, format!("{place}: {error}")))
                }
            }
        })?;
        spinner.finish_and_clear();
        Ok(())
    }
}

fn said(report: &UndoReport, arguments: &UndoArguments, topic: &str) -> Result<(), Failure> {
    let id = &arguments.id;
    if report.n_seen == 0 {
        return Err(Failure::new(
            ExitCode::No,
            format!("`{topic}` holds nothing of an import `{id}`"),
        ));
    }
    if arguments.json {
        return output::print_json(
            &json!({"import": id.as_str(), "is_written": arguments.write, "report": report}),
        );
    }
    let (ended, lifted) = (report.n_ended, report.n_lifted);
    let done = if arguments.write { "were ended" } else { "would be ended" };
    let mut text =
        format!("{} changes of import `{id}`: {ended} permissions {done}", report.n_seen);
    if report.n_ended_before > 0 {
        text.push_str(&format!(" ({} before)", report.n_ended_before));
    }
    text.push_str(&format!(", {lifted} suppressions lifted\n"));
    if !report.left.is_empty() {
        let rows = report.left.iter().map(|(what, n)| [what.clone(), n.to_string()]);
        text.push_str("\nWhat stays (docs/import.md says why):\n");
        text.push_str(&output::table(["what", "changes"], rows));
    }
    if !arguments.write {
        text.push_str("\nNothing was written: this was a look. Write it with --write.");
    }
    Ok(output::print(&text)?)
}
