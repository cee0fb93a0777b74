//! Writes the changes of a list: in order, each acknowledged, from where an interrupted run ended.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use gate_codec::{Encoding, Kind, encode_consent};
use gate_import::{Import, ImportId, Plan, Resume, Rows};
use serde_json::json;

use super::{Looked, SHOWN_EACH, import_id, opened, unreadable};
use crate::cli::{ExitCode, Failure, output};
use crate::clock::now;
use crate::config::Config;
use crate::exit::OrFail as _;
use crate::files;
use crate::kafka::bulk::BulkWriter;
use crate::kafka::preflight::preflight;
use crate::records::plain_headers;

/// Bytes of the file that says how far an import is.
const STATE_BYTES_MAX: u64 = 64 << 10;
/// Rows after which that is written down: so many are written again, as the same events, after an interruption.
const NOTED_EACH: u64 = 50_000;

#[derive(Debug, Args)]
#[command(next_help_heading = "To write it")]
pub(super) struct WriteArguments {
    /// Write it to the consent topic. Without this flag the list is only looked at
    #[arg(long, requires = "id", requires = "config")]
    write: bool,
    /// A name for this import: it stands in its event ids, and `import undo` takes it back by it
    #[arg(long, value_parser = import_id)]
    id: Option<ImportId>,
    /// Configuration file (YAML)
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where it is written down how far it came; FILE.import-ID.json without it
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Write although refusals of the list could not be read, or may be among what could not
    #[arg(long)]
    accept_losses: bool,
}

pub(super) fn run(
    arguments: &WriteArguments,
    file: &Path,
    plan: &Plan,
    looked: &Looked,
    objections: &[String],
    as_json: bool,
) -> Result<(), Failure> {
    for objection in objections {
        output::note(&format!("warning: {objection}"));
    }
    let (true, Some(id), Some(config)) = (arguments.write, &arguments.id, &arguments.config) else {
        if !as_json {
            output::print(
                "\nNothing was written: this was a look. Write it with --write --id NAME -c FILE.",
            )?;
        }
        return if objections.is_empty() { Ok(()) } else { Err(Failure::silent(ExitCode::No)) };
    };
    if looked.summary.n_changes == 0 {
        return Err(Failure::new(ExitCode::No, "there is nothing to write"));
    }
    if !objections.is_empty() && !arguments.accept_losses {
        let reason = "nothing was written: mend these rows (--errors FILE lists them), or say --accept-losses";
        return Err(Failure::new(ExitCode::No, reason));
    }
    let config = Config::load(config)?;
    let state = arguments.state.clone().unwrap_or_else(|| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".import-{id}.json"));
        PathBuf::from(name)
    });
    let begun = begun(&state, id, plan, looked)?;
    let n_written = written(&config, file, plan, &begun, &state)?;
    let topic = &config.topics.consent_change;
    if as_json {
        let n_before = begun.n_rows;
        output::print_json(
            &json!({"import": id.as_str(), "written": n_written, "rows_before": n_before, "topic": topic}),
        )
    } else {
        Ok(output::print(&format!(
            "\n{n_written} changes are in `{topic}`, acknowledged; import `{id}` is whole. \
             `consent-gate import undo {id} --state {}` takes it back.",
            state.display()
        ))?)
    }
}

/// Where the import is to go on: at its beginning, or where an earlier run of it ended.
fn begun(state: &Path, id: &ImportId, plan: &Plan, looked: &Looked) -> Result<Resume, Failure> {
    let at = || format!("`{}`", state.display());
    let Some(resume) = state_of(state)? else {
        let import = Import {
            id: id.clone(),
            file: looked.digest,
            plan: plan.fingerprint(),
            begun_at_micros: now().as_micros(),
        };
        return Ok(Resume::begin(import));
    };
    let differs = if resume.import.id != *id {
        Some("another import: name the state of this one with --state")
    } else if resume.is_undone {
        Some(
            "an import that was undone, and what is written under its name permits nothing: give this one another --id",
        )
    } else if resume.import.file != looked.digest {
        Some("the same import of a list that held something else: give this one another --id")
    } else if resume.import.plan != plan.fingerprint() {
        Some("the same import by another plan: use that one, or undo it and take another --id")
    } else {
        None
    };
    match differs {
        Some(why) => Err(Failure::new(ExitCode::Usage, format!("{} is of {why}", at()))),
        None => Ok(resume),
    }
}

/// What a state file says; `None` when there is none.
pub(super) fn state_of(state: &Path) -> Result<Option<Resume>, Failure> {
    let at = || format!("`{}`", state.display());
    match files::read_text(state, STATE_BYTES_MAX) {
        Ok(text) => Ok(Some(serde_json::from_str(&text).or_fail_at(ExitCode::Usage, at)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(ExitCode::Storage, format!("{}: {error}", at()))),
    }
}

fn written(
    config: &Config,
    file: &Path,
    plan: &Plan,
    begun: &Resume,
    state: &Path,
) -> Result<u64, Failure> {
    preflight(config)?.require(&config.topics.consent_change)?;
    let encoding =
        crate::service::encoding(config, Kind::ConsentChange, config.formats.consent_change)?;
    let topic = &config.topics.consent_change;
    let doing = format!("writing to topic `{topic}`");
    let mut writer =
        BulkWriter::new(&config.client_base(), topic, doing)?.with_headers(plain_headers());
    let (list, bar) = opened(file, "writing")?;
    let mut rows = Rows::resume(list, plan, begun).map_err(|error| unreadable(error, file))?;
    noted(state, begun)?;
    let mut n_rows = 0u64;
    loop {
        match rows.next().map_err(|error| unreadable(error, file))? {
            None => break,
            Some(row) => {
                for change in &row.changes {
                    let value = value(change, encoding)?;
                    let key = change.record.contact_id.as_deref().map(str::as_bytes);
                    writer.write(key, &value)?;
                }
            }
        }
        n_rows += 1;
        if n_rows.is_multiple_of(SHOWN_EACH) {
            bar.set_position(rows.n_bytes_read());
        }
        if n_rows.is_multiple_of(NOTED_EACH) {
            writer.flush()?;
            noted(state, &rows.resume_state(&begun.import))?;
        }
    }
    writer.flush()?;
    // the list may have been changed between the look and now
    if rows.digest().map_err(|error| unreadable(error, file))? != begun.import.file {
        let reason = format!(
            "`{}` was changed while it was written: undo import `{}`, and import the list again under another id",
            file.display(),
            begun.import.id
        );
        return Err(Failure::new(ExitCode::Usage, reason));
    }
    noted(state, &rows.resume_state(&begun.import))?;
    bar.finish_and_clear();
    Ok(writer.n_acknowledged())
}

fn value(change: &gate_import::Change<'_>, encoding: Encoding) -> Result<Vec<u8>, Failure> {
    encode_consent(&change.record, encoding).or_fail(ExitCode::Internal)
}

/// Writes down how far it is; only what is acknowledged.
pub(super) fn noted(state: &Path, resume: &Resume) -> Result<(), Failure> {
    let text = serde_json::to_vec(resume).or_fail(ExitCode::Internal)?;
    files::replace_whole(state, &text)
        .or_fail_at(ExitCode::Storage, || format!("`{}`", state.display()))
}
