//! `consent-gate import`: a list of people's consent is looked at, written to the consent topic, and taken back.
//!
//! Looking is the default and needs no Kafka. Writing begins with the same look, so nothing is written that was not shown.
//! INVARIANT: what stands in a list is printed nowhere but into the file of `--errors`, which is the operator's own.

mod undo;
mod write;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gate_import::{
    Digest, Flags, ImportError, ImportId, PRESETS, Plan, PlanProblem, PlanSpec, Preview, Rows,
    Summary,
};
use indicatif::ProgressBar;

use super::{ExitCode, Failure, output};
use crate::clock::now;
use crate::exit::OrFail as _;
use crate::files;

/// Bytes of a plan.
const PLAN_FILE_BYTES_MAX: u64 = 256 << 10;
/// Rows after which the progress is shown.
const SHOWN_EACH: u64 = 5_000;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<ImportCommand>,
    /// A list: CSV, JSON lines, or one address a line; gzip and zstd are unpacked
    #[arg(required = true, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How the list is to be read (docs/import.md); flags take the place of what it says
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// A mapping file that reads each row instead (docs/mapping.md)
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
    /// Write the rows that were not taken here, with line, problem and fix: personal data
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    write: write::WriteArguments,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// Take an import back, never what people said since
    Undo(undo::UndoArguments),
}

/// The short way to say how a list is to be read.
#[derive(Debug, Args)]
#[command(next_help_heading = "How the list is read")]
struct Columns {
    /// A plan that comes with the program
    #[arg(long, value_name = "NAME", value_parser = PRESETS.to_vec())]
    preset: Option<String>,
    /// csv, ndjson or list; found out without it
    #[arg(long)]
    format: Option<String>,
    /// The separator of columns: `,`, `;`, `tab`
    #[arg(long)]
    delimiter: Option<String>,
    /// Of the text, e.g. windows-1252; UTF-8 and UTF-16 with a mark are found out
    #[arg(long)]
    encoding: Option<String>,
    /// Lines above the header
    #[arg(long, value_name = "N")]
    skip_lines: Option<u32>,
    /// Of times that name none, e.g. Europe/Berlin
    #[arg(long)]
    zone: Option<String>,
    /// When the list was made: the time of refusals that have none
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// What records name as their source
    #[arg(long)]
    source: Option<String>,
    /// The legal entity the list belongs to
    #[arg(long)]
    controller: Option<String>,
    /// The brand
    #[arg(long)]
    brand: Option<String>,
    /// Country that national numbers are read with
    #[arg(long)]
    region: Option<String>,
    /// Column of contact ids
    #[arg(long, value_name = "COLUMN")]
    contact_id: Option<String>,
    /// Column of e-mail addresses
    #[arg(long, value_name = "COLUMN")]
    email: Option<String>,
    /// Column of phone numbers
    #[arg(long, value_name = "COLUMN")]
    phone: Option<String>,
    /// Column of addresses of any kind
    #[arg(long, value_name = "COLUMN")]
    address: Option<String>,
    /// What all rows say, e.g. opt_out
    #[arg(long)]
    action: Option<String>,
    /// Column of what a row says
    #[arg(long, value_name = "COLUMN")]
    action_column: Option<String>,
    /// What a word of that column says: THEIRS=ours, or THEIRS=skip
    #[arg(long, value_name = "THEIRS=ours")]
    action_value: Vec<String>,
    /// The channel of all rows
    #[arg(long)]
    channel: Option<String>,
    /// Column of channels
    #[arg(long, value_name = "COLUMN")]
    channel_column: Option<String>,
    /// Which channel a word of that column is
    #[arg(long, value_name = "THEIRS=ours")]
    channel_value: Vec<String>,
    /// The purpose of all rows
    #[arg(long)]
    purpose: Option<String>,
    /// Column of purposes
    #[arg(long, value_name = "COLUMN")]
    purpose_column: Option<String>,
    /// Which purpose a word of that column is
    #[arg(long, value_name = "THEIRS=ours")]
    purpose_value: Vec<String>,
    /// When people said it, for all rows
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<String>,
    /// Column of when a row was said
    #[arg(long, value_name = "COLUMN")]
    time_column: Option<String>,
    /// How that column is written: iso, epoch_s, epoch_ms, epoch_us or a pattern such as "%d.%m.%Y %H:%M"
    #[arg(long)]
    time_format: Option<String>,
    /// The legal basis of permissions
    #[arg(long)]
    basis: Option<String>,
    /// What proves permissions: name=text; `method` and `notice_version` are needed
    #[arg(long, value_name = "NAME=TEXT")]
    evidence: Vec<String>,
    /// The same from a column: name=COLUMN
    #[arg(long, value_name = "NAME=COLUMN")]
    evidence_column: Vec<String>,
    /// Kind of a relationship
    #[arg(long)]
    kind: Option<String>,
    /// Scope of a suppression
    #[arg(long)]
    scope: Option<String>,
}

impl Columns {
    fn flags(&self) -> Flags {
        let Self {
            preset,
            format,
            delimiter,
            encoding,
            skip_lines,
            zone,
            as_of,
            source,
            controller,
            brand,
            region,
            contact_id,
            email,
            phone,
            address,
            action,
            action_column,
            action_value,
            channel,
            channel_column,
            channel_value,
            purpose,
            purpose_column,
            purpose_value,
            occurred_at,
            time_column,
            time_format,
            basis,
            evidence,
            evidence_column,
            kind,
            scope,
        } = self;
        Flags {
            preset: preset.clone(),
            format: format.clone(),
            delimiter: delimiter.clone(),
            encoding: encoding.clone(),
            skip_lines: *skip_lines,
            zone: zone.clone(),
            as_of: as_of.clone(),
            source: source.clone(),
            controller: controller.clone(),
            brand: brand.clone(),
            region: region.clone(),
            contact_id: contact_id.clone(),
            email: email.clone(),
            phone: phone.clone(),
            address: address.clone(),
            action: action.clone(),
            action_column: action_column.clone(),
            action_values: action_value.clone(),
            channel: channel.clone(),
            channel_column: channel_column.clone(),
            channel_values: channel_value.clone(),
            purpose: purpose.clone(),
            purpose_column: purpose_column.clone(),
            purpose_values: purpose_value.clone(),
            occurred_at: occurred_at.clone(),
            time_column: time_column.clone(),
            time_format: time_format.clone(),
            basis: basis.clone(),
            evidence: evidence.clone(),
            evidence_columns: evidence_column.clone(),
            kind: kind.clone(),
            scope: scope.clone(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(ImportCommand::Undo(undo)) = &arguments.command {
        return undo::run(undo);
    }
    let Some(file) = &arguments.file else {
        return Err(Failure::new(ExitCode::Usage, "name a file"));
    };
    let plan = plan(arguments)?;
    let looked = look(file, &plan, arguments.errors.as_deref())?;
    if arguments.json {
        output::print_json(&looked.summary)?;
    } else {
        output::print(&told(&looked))?;
    }
    let objections = looked.summary.objections();
    write::run(&arguments.write, file, &plan, &looked, &objections, arguments.json)
}

/// What a list holds, and what would become of it.
struct Looked {
    digest: Digest,
    summary: Summary,
    unused: Vec<String>,
    repeated: Vec<String>,
}

fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    let text = |path: &Path| {
        files::read_text(path, PLAN_FILE_BYTES_MAX)
            .or_fail_at(ExitCode::Usage, || format!("`{}`", path.display()))
    };
    let file = match &arguments.plan {
        Some(path) => PlanSpec::from_yaml(&text(path)?).map_err(|problems| wrong(&problems))?,
        None => PlanSpec::default(),
    };
    let spec = arguments.columns.flags().over(file).map_err(|problems| wrong(&problems))?;
    let plan = match &arguments.mapping {
        None => Plan::new(spec),
        Some(path) => {
            let mapping = super::mapping::load(path)?.map_err(|problems| {
                let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Failure::new(ExitCode::Usage, all.join("\n"))
            })?;
            Plan::with_mapping(spec, mapping, &text(path)?)
        }
    };
    plan.map_err(|problems| wrong(&problems))
}

fn wrong(problems: &[PlanProblem]) -> Failure {
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure::new(ExitCode::Usage, all.join("\n"))
}

/// Of a file that cannot be imported as a whole.
fn unreadable(error: ImportError, file: &Path) -> Failure {
    let code = match error {
        ImportError::Read(_) => ExitCode::Storage,
        _ => ExitCode::Usage,
    };
    Failure::new(code, format!("`{}`: {error}", file.display()))
}

/// Opens a list, with a bar that follows how much of it was read.
fn opened(path: &Path, doing: &'static str) -> Result<(File, ProgressBar), Failure> {
    let (file, metadata) = files::open_regular(path)
        .or_fail_at(ExitCode::Usage, || format!("`{}`", path.display()))?;
    Ok((file, output::bar(doing, metadata.len())))
}

fn look(path: &Path, plan: &Plan, errors: Option<&Path>) -> Result<Looked, Failure> {
    let (file, bar) = opened(path, "looking at the list")?;
    let mut rows = Rows::preview(file, plan, now()).map_err(|error| unreadable(error, path))?;
    let mut errors = match errors {
        None => None,
        Some(to) => {
            let at = || format!("`{}`", to.display());
            let file = files::create_private(to).or_fail_at(ExitCode::Storage, at)?;
            let mut out = BufWriter::new(file);
            out.write_all(&rows.error_header()).or_fail_at(ExitCode::Storage, at)?;
            Some((out, to))
        }
    };
    let mut preview = Preview::default();
    let mut line = Vec::new();
    let mut n_rows = 0u64;
    loop {
        match rows.next().map_err(|error| unreadable(error, path))? {
            None => break,
            Some(row) => {
                preview.add(&row);
                if let Some((out, to)) = &mut errors {
                    line.clear();
                    row.write_error(&mut line);
                    out.write_all(&line)
                        .or_fail_at(ExitCode::Storage, || to.display().to_string())?;
                }
            }
        }
        n_rows += 1;
        if n_rows.is_multiple_of(SHOWN_EACH) {
            bar.set_position(rows.n_bytes_read());
        }
    }
    if let Some((mut out, to)) = errors {
        out.flush().or_fail_at(ExitCode::Storage, || to.display().to_string())?;
    }
    let digest = rows.digest().map_err(|error| unreadable(error, path))?;
    bar.finish_and_clear();
    let (unused, repeated) = (rows.unused_columns().to_vec(), rows.repeated_columns().to_vec());
    Ok(Looked { digest, summary: preview.summary(), unused, repeated })
}

/// The look in words and tables.
fn told(looked: &Looked) -> String {
    let Looked { digest, summary, unused, repeated } = looked;
    let mut out = format!(
        "{} rows, {} of them make {} changes, {} have a problem ({:.1} %)\nsha256 {digest}\n",
        summary.n_rows,
        summary.n_rows_taken,
        summary.n_changes,
        summary.n_rows_refused,
        100.0 * summary.refused_share(),
    );
    let time = |micros: Option<i64>| {
        micros
            .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
            .map(|at| at.to_string())
    };
    if let (Some(first), Some(last)) = (time(summary.first_at_micros), time(summary.last_at_micros))
    {
        out.push_str(&format!("said between {first} and {last}\n"));
    }
    if !summary.changes.is_empty() {
        let rows = summary.changes.iter().map(|group| {
            let purpose = if group.purpose.is_empty() { "all" } else { &group.purpose };
            [
                group.action.to_owned(),
                group.channel.clone(),
                purpose.to_owned(),
                group.n.to_string(),
            ]
        });
        out.push('\n');
        out.push_str(&output::table(["action", "channel", "purpose", "changes"], rows));
    }
    if !summary.problems.is_empty() {
        let rows = summary.problems.iter().map(|problem| {
            let lines: Vec<String> = problem.lines.iter().map(u64::to_string).collect();
            let column = problem.column.clone().unwrap_or_default();
            let what = format!("{}; {}", problem.reason, problem.fix);
            [problem.n.to_string(), column, lines.join(" "), what]
        });
        out.push('\n');
        out.push_str(&output::table(["rows", "column", "first lines", "problem"], rows));
    }
    let more = [
        (summary.n_widened, "refusals are of all channels or purposes, since nobody knows which"),
        (summary.n_repeated, "changes repeat what the list said before"),
        (
            summary.conflicts.n_refused,
            "people stand in the list as agreeing and refusing; their refusal is later and stands",
        ),
        (
            summary.conflicts.n_granted,
            "people stand in the list as agreeing and refusing; they agreed later",
        ),
        (summary.n_skipped, "statements say nothing, by the plan"),
        (
            summary.n_not_looked_for,
            "people were not looked for among those before: there are too many",
        ),
        (summary.n_ungrouped, "changes are in no row of the table: there are too many kinds"),
        (
            summary.n_ungrouped_problems,
            "problems are in no row of the table: there are too many kinds",
        ),
    ];
    for (n, what) in more.into_iter().filter(|(n, _)| *n > 0) {
        out.push_str(&format!("\n{n} {what}"));
    }
    for (names, what) in
        [(unused, "columns are not read"), (repeated, "columns stand twice and are not read")]
    {
        if !names.is_empty() {
            out.push_str(&format!("\n{what}: {}", names.join(", ")));
        }
    }
    out
}

/// A name for an import: what undoes it later.
fn import_id(text: &str) -> Result<ImportId, String> {
    ImportId::new(text).map_err(str::to_owned)
}
