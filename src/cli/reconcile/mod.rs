//! `consent-gate reconcile`: who is refused only here or only at a provider, and what mends it.
//!
//! ```text
//! spec.rs (what is compared) ─ there.rs (the provider's list) ─┐
//!                              here.rs (the consent topic) ────┴▶ runs.rs (sorted) ─▶ findings ─▶ report, details, mend.rs
//! ```
//! INVARIANT: nothing is compared with half a list, nothing lifts a refusal, and nobody is named but in the file of `--details`.

mod here;
mod mend;
mod runs;
mod spec;
mod there;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use gate_core::Timestamp;
use gate_reconcile::{Class, Diff, Remedy, Report};

use super::{ConfigFile, ExitCode, Failure, output};
use crate::clock::now;
use crate::exit::OrFail as _;
use crate::files;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What is compared: source, provider, secret (docs/reconcile.md)
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    #[command(flatten)]
    file: ConfigFile,
    /// Read the provider's list from an export instead of its API
    #[arg(long, value_name = "EXPORT")]
    list: Option<PathBuf>,
    /// Write each finding here, a line of JSON each: personal data
    #[arg(long, value_name = "FILE")]
    details: Option<PathBuf>,
    /// Write the gauge here, for the textfile collector of Prometheus' node exporter
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Where the comparison may put its files meanwhile
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// Write refusals that only the provider has to the consent topic
    #[arg(long)]
    write_here: bool,
    /// Write refusals that only the gate has to the provider
    #[arg(long)]
    write_there: bool,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let spec = spec::Spec::load(&arguments.spec)?;
    if arguments.write_there && (spec.api.is_none() || spec.credentials.is_none()) {
        return Err(Failure::new(
            ExitCode::Usage,
            "--write-there needs `api` and `credentials` in the spec",
        ));
    }
    let now = now();
    let dir = runs::Scratch::new(&arguments.dir)?;
    let mut rows = runs::Runs::new(dir.path());
    let provider = spec.api.as_ref().map_or("file", |api| api.provider());
    let mut report = Report::new(&spec.frame, provider, now);
    let pepper = here::pepper(&config)?;
    there::read(&spec, arguments.list.as_deref(), now, &pepper, &mut rows, &mut report)?;
    here::read(&config, &spec.frame, now, &pepper, &mut rows, &mut report, dir.path())?;
    let merged = rows.merged()?;
    let mut details = arguments.details.as_deref().map(created).transpose()?;
    let mut mending = mend::Mending::default();
    for finding in Diff::new(merged, &spec.frame) {
        let finding = finding.map_err(|error| Failure::new(ExitCode::Storage, error))?;
        let remedy = Remedy::of(&finding, &spec.frame, spec.api.as_ref(), spec.allowed);
        report.add(&finding, &remedy);
        if let Some((out, to)) = &mut details
            && finding.class != Class::Both
        {
            let line = finding.line(&spec.frame, remedy.as_str());
            out.write_all(line.as_bytes())
                .or_fail_at(ExitCode::Storage, || to.display().to_string())?;
        }
        mending.note(finding, remedy, arguments.write_here, arguments.write_there)?;
    }
    if let Some((mut out, to)) = details {
        out.flush().or_fail_at(ExitCode::Storage, || to.display().to_string())?;
    }
    if arguments.write_here {
        report.n_written_here = mending.here(&config, &spec, now)?;
    }
    if arguments.write_there {
        (report.n_written_there, report.n_refused_there) = mending.there(&spec)?;
    }
    if let Some(path) = &arguments.metrics {
        files::replace_whole(path, gauge(&report, now).as_bytes())
            .or_fail_at(ExitCode::Storage, || format!("`{}`", path.display()))?;
    }
    if arguments.json {
        output::print_json(&report)?;
    } else {
        output::print(&told(&report, arguments))?;
    }
    if report.is_clean() { Ok(()) } else { Err(Failure::silent(ExitCode::No)) }
}

fn created(path: &Path) -> Result<(BufWriter<File>, &Path), Failure> {
    let file = files::create_private(path)
        .or_fail_at(ExitCode::Storage, || format!("`{}`", path.display()))?;
    Ok((BufWriter::new(file), path))
}

fn told(report: &Report, arguments: &Arguments) -> String {
    let mut out = format!(
        "{} entries at {}, {} people here with something said by {}, as of {}\n\n",
        report.n_entries, report.provider, report.n_people, report.channel, report.at
    );
    let rows = report.classes.iter().flat_map(|(class, kinds)| {
        kinds.iter().map(|(kind, n)| [(*class).to_owned(), (*kind).to_owned(), n.to_string()])
    });
    out.push_str(&output::table(["class", "kind", "people"], rows));
    let rows = report.remedies.iter().map(|(remedy, n)| [(*remedy).to_owned(), n.to_string()]);
    out.push('\n');
    out.push_str(&output::table(["what mends it", "findings"], rows));
    for (n, what) in [
        (report.n_skipped, "items of the list are no suppressions"),
        (
            report.n_unusable,
            "entries have an address that is none of the channel's: compared with nobody",
        ),
        (report.n_problems, "lines of the list cannot be used: compared with nobody"),
        (report.n_written_here, "consent changes were written here"),
        (report.n_written_there, "refusals were written there"),
        (
            report.n_refused_there,
            "refusals the provider did not take: mend the address, or write them there by hand",
        ),
    ] {
        if n > 0 {
            out.push_str(&format!("\n{n} {what}"));
        }
    }
    if report.is_cut_off {
        out.push_str("\nThe beginning of the consent topic is gone: what was said there is compared with nothing.");
    }
    if report.is_clean() {
        out.push_str("\nBoth sides refuse the same.");
    } else if !arguments.write_here && !arguments.write_there {
        out.push_str(
            "\nNothing was written: --write-here and --write-there write what can be mended.",
        );
    }
    out
}

/// The gauges as Prometheus reads them. A run that compared nothing writes none, so the time says how old the numbers are.
fn gauge(report: &Report, now: Timestamp) -> String {
    let mut out = String::from(
        "# HELP consent_gate_suppression_drift People who are refused on one side alone, or on the provider's in spite of later consent.\n\
         # TYPE consent_gate_suppression_drift gauge\n",
    );
    for drift in report.drift() {
        // names of sources are letters, digits and dashes
        out.push_str(&format!(
            "consent_gate_suppression_drift{{source=\"{}\",direction=\"{}\",kind=\"{}\"}} {}\n",
            drift.source, drift.direction, drift.kind, drift.value
        ));
    }
    out.push_str(&format!(
        "# HELP consent_gate_suppression_compared_timestamp_seconds When a provider's list was last compared to its end.\n\
         # TYPE consent_gate_suppression_compared_timestamp_seconds gauge\n\
         consent_gate_suppression_compared_timestamp_seconds{{source=\"{}\"}} {}\n",
        report.source,
        now.as_micros().div_euclid(1_000_000)
    ));
    out
}
