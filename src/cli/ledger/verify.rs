//! `consent-gate ledger verify`.

use crate::cli::{ConfigFile, ExitCode, Failure, output};
use crate::exit::OrFail as _;
use crate::ledger::compare::Counts;
use crate::ledger::verify::{Verified, kept, verify};
use crate::ledger::{Storage, public_key};
use clap::Args;
use gate_ledger::PublicKey;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// A checkpoint that was kept elsewhere: the ledger must continue it. May be given several times
    #[arg(long, value_name = "FILE")]
    kept: Vec<PathBuf>,
    /// The key that has to have signed, as `ledger key` prints it [default: that of `ledger.key_file`]
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// Look at checkpoints and tiles only, without asking Kafka
    #[arg(long)]
    offline: bool,
    /// One object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let store = Storage::of(&config.ledger)?;
    let key = key(arguments, &config.ledger)?;
    let known = arguments.kept.iter().map(|path| kept(path, &key)).collect::<Result<Vec<_>, _>>();
    let known = known.map_err(|says| Failure::new(ExitCode::Usage, says))?;
    let spinner = output::spinner("comparing");
    let kafka = (!arguments.offline).then_some(&config);
    let verified = verify(&store, &key, &known, kafka)?;
    spinner.finish_and_clear();
    if arguments.json {
        output::print_json(&in_json(&verified))?;
    } else {
        output::print(&in_words(&verified, arguments.offline))?;
    }
    match verified.finding {
        Some(_) => Err(Failure::silent(ExitCode::No)),
        None => Ok(()),
    }
}

fn key(arguments: &Arguments, ledger: &crate::config::Ledger) -> Result<PublicKey, Failure> {
    match &arguments.public_key {
        Some(text) => {
            PublicKey::parse(text).or_fail_at(ExitCode::Usage, || "`--public-key`".to_owned())
        }
        None => Ok(public_key(ledger)?),
    }
}

fn in_json(verified: &Verified) -> serde_json::Value {
    let Counts { decisions, changes, records, gaps, gone, opaque } = verified.counts;
    let last = verified.report.last.as_ref();
    json!({
        "verified": verified.finding.is_none(),
        "finding": verified.finding.as_ref().map(|it| json!({
            "fault": it.fault.as_str(), "leaf": it.leaf, "place": it.place, "says": it.says,
        })),
        "checkpoints": verified.report.n_checkpoints,
        "leaves": verified.report.n_leaves,
        "newest": last.map(|it| json!({
            "ordinal": it.ordinal, "size": it.size, "root": it.root.to_base64(), "time": it.time,
        })),
        "compared": {"decisions": decisions, "changes": changes, "records": records},
        "no_longer_in_kafka": gone,
        "gaps": gaps,
        "salt_deleted": opaque,
        "not_covered_yet": verified.n_new,
        "topics_made_anew": verified.made_anew,
    })
}

fn in_words(verified: &Verified, is_offline: bool) -> String {
    let mut text = String::new();
    let Verified { report, counts, finding, made_anew, n_new } = verified;
    // writing to a string cannot fail, here and below
    let mut line =
        |name: &str, what: String| writeln!(text, "{name:<22}{what}").unwrap_or_default();
    line("checkpoints", format!("{} signed, each continues the one before", report.n_checkpoints));
    line("leaves", format!("{} as signed", report.n_leaves));
    if let Some(last) = &report.last {
        let root = last.root.to_base64();
        line("newest checkpoint", format!("{} of {}, root {root}", last.ordinal, last.time));
    }
    if is_offline {
        line("Kafka", "not asked".to_owned());
    } else {
        let Counts { decisions, changes, records, gaps, gone, opaque } = *counts;
        line("the same in Kafka", format!("{decisions} decisions, {changes} consent changes"));
        for (n, name, what) in [
            (
                records,
                "unreadable in Kafka",
                "records of the decision log that are none, and the same as signed",
            ),
            (gone, "no longer in Kafka", "removed by its retention, covered by the ledger"),
            (
                opaque,
                "without their salt",
                "there, and what they said is not known any more (erasure)",
            ),
            (gaps, "gaps", "places where records were gone before the ledger came to them"),
        ] {
            if n > 0 {
                line(name, format!("{n} {what}"));
            }
        }
        line("not covered yet", format!("{n_new} offsets behind the newest checkpoint"));
        for topic in made_anew {
            line(
                "made anew",
                format!("topic `{topic}` has another id than the one that was followed"),
            );
        }
    }
    match finding {
        None => text.push_str(
            "\nverified: nothing was changed, dropped, inserted, reordered, cut or forked\n",
        ),
        Some(finding) => {
            let leaf = finding.leaf.map_or_else(String::new, |leaf| format!(" (leaf {leaf})"));
            writeln!(text, "\n{}{leaf}: {}", finding.fault.as_str(), finding.says)
                .unwrap_or_default();
        }
    }
    text
}
