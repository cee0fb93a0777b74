//! `consent-gate consent skip`: an operator takes the responsibility for consent changes that nobody can read.
//!
//! Each release is a record of its own in the dead-letter topic, for every instance to see and for auditors to find:
//! who, why, when, from where (`crate::unresolved::releasing`). INVARIANT: reported is only what the brokers have on all
//! replicas in sync.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args};
use indicatif::ProgressBar;

use super::{check_topic, counted, dead_letters, plain_text};
use crate::cli::{ConfigFile, ExitCode, Failure, output};
use crate::config::Config;
use crate::reader::dead_letter::UNREADABLE_BATCH;
use crate::unresolved::Place;
use crate::unresolved::queue::Letter;
use crate::unresolved::release::{Decision, written};
use crate::unresolved::releasing::{Left, Releasing, Target};
use crate::unresolved::writer::Written;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["offset", "from", "class"]))]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Topic of the unreadable records [default: `topics.consent_change`]
    #[arg(long)]
    topic: Option<String>,
    /// Their partition
    #[arg(long, value_name = "N", required_unless_present = "class", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// The one at this offset
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    offset: Option<i64>,
    /// All that have a dead letter, from this offset on …
    #[arg(long, value_name = "N", requires = "to", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
    /// … up to and with this one
    #[arg(long, value_name = "N", requires = "from", value_parser = clap::value_parser!(i64).range(0..))]
    to: Option<i64>,
    /// All of this class, as `consent show` names it; of one partition with --partition
    #[arg(long, value_name = "CLASS", value_parser = class)]
    class: Option<String>,
    /// Why they may be skipped; kept for auditors, so name no person by address
    #[arg(long, value_name = "TEXT", value_parser = plain_text)]
    reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME", value_parser = plain_text)]
    operator: String,
    /// Check and list, and release nothing
    #[arg(long)]
    dry_run: bool,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

/// Lines of the list for people; programs get all of them.
const ROWS_MAX: usize = 50;
/// How long people wait without a sign.
const SILENCE_MAX: Duration = Duration::from_secs(2);

fn class(name: &str) -> Result<String, String> {
    let known = gate_codec::Class::ALL.map(gate_codec::Class::as_str);
    if known.contains(&name) || name == UNREADABLE_BATCH {
        return Ok(name.to_owned());
    }
    Err(format!("no such class; there are {}, {UNREADABLE_BATCH}", known.join(", ")))
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    check_topic(&config, arguments.topic.as_deref())?;
    let target = target(arguments)?;
    let mut progress = Progress::start();
    let queue = dead_letters(&config, target.place())?;
    let mut releasing = Releasing::new(&config, &queue)?;
    let letters = releasing.open(&target)?;
    let mut say = |what: &str, n, of| progress.say(what, n, of);
    let (releasable, left) = releasing.sort(&letters, &mut say)?;
    let releases = if arguments.dry_run || releasable.is_empty() {
        Vec::new()
    } else {
        let decision = Decision { operator: &arguments.operator, reason: &arguments.reason };
        releasing.release(decision, &[], &releasable, &mut say)?
    };
    progress.end();
    let outcome = Outcome { arguments, config: &config, releasable, releases, left };
    outcome.report()
}

/// Which letters are meant.
fn target(arguments: &Arguments) -> Result<Target, Failure> {
    let Arguments { partition, offset, from, to, class, .. } = arguments;
    match (*partition, *offset, from.zip(*to), class) {
        (Some(partition), Some(offset), ..) => Ok(Target::One(Place { partition, offset })),
        (Some(_), None, Some((from, to)), _) if to < from => {
            Err(Failure::new(ExitCode::Usage, "`--to` lies before `--from`"))
        }
        (Some(partition), None, Some((from, to)), _) => Ok(Target::Range { partition, from, to }),
        (partition, None, None, Some(class)) => {
            Ok(Target::Class { class: class.clone(), partition })
        }
        _ => Err(Failure::new(
            ExitCode::Usage,
            "name --partition with --offset or --from and --to, or --class",
        )),
    }
}

/// A sign of life on standard error.
struct Progress {
    bar: ProgressBar,
    said_at: Instant,
}

impl Progress {
    fn start() -> Self {
        Self { bar: output::spinner("reading dead letters"), said_at: Instant::now() }
    }

    fn say(&mut self, what: &str, n: usize, of: usize) {
        if self.said_at.elapsed() < SILENCE_MAX {
            return;
        }
        self.said_at = Instant::now();
        let line = format!("{what} {n} of {of}");
        if self.bar.is_hidden() {
            // nobody to tell if standard error is closed
            drop(writeln!(io::stderr(), "{line}"));
        } else {
            self.bar.set_message(line);
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// What was done, for people and programs.
struct Outcome<'a> {
    arguments: &'a Arguments,
    config: &'a Config,
    releasable: Vec<&'a Letter<()>>,
    /// Where each release lies; empty for a dry run.
    releases: Vec<Written>,
    left: Vec<(Place, Left)>,
}

impl Outcome<'_> {
    /// Nothing released, and no dry run: the answer is no.
    fn report(&self) -> Result<(), Failure> {
        if self.arguments.json {
            self.json()?
        } else {
            output::print(&self.text())?
        }
        if !self.releasable.is_empty() {
            return Ok(());
        }
        let why = self.left.first().map_or("nothing is meant", |(_, left)| left.as_str());
        Err(Failure::new(ExitCode::Usage, format!("nothing is released: {why}")))
    }

    fn json(&self) -> Result<(), Failure> {
        let topics = &self.config.topics;
        for (n, letter) in self.releasable.iter().enumerate() {
            let release = self.releases.get(n);
            let recorded =
                release.map(|release| written(&topics.outputs.consent_dead_letter, *release));
            output::print_json(&serde_json::json!({
                "released": release.map(|_| letter.place.of(&topics.consent_change)),
                "place": letter.place.of(&topics.consent_change),
                "class": letter.class,
                "recorded_at": recorded,
                "is_dry_run": self.arguments.dry_run,
                "operator": self.arguments.operator,
                "reason": self.arguments.reason,
            }))?;
        }
        self.left.iter().try_for_each(|(place, left)| {
            output::print_json(&serde_json::json!({
                "place": place.of(&topics.consent_change), "left": left.as_str(),
            }))
        })
    }

    fn text(&self) -> String {
        let topics = &self.config.topics;
        let rows = self.releasable.iter().take(ROWS_MAX).enumerate().map(|(n, letter)| {
            let release = self.releases.get(n);
            [
                letter.place.of(&topics.consent_change),
                letter.class.clone(),
                if letter.is_owner_known { "known" } else { "unknown" }.to_owned(),
                release.map_or_else(
                    || "not written".to_owned(),
                    |release| written(&topics.outputs.consent_dead_letter, *release),
                ),
            ]
        });
        let mut text = String::new();
        if !self.releasable.is_empty() {
            text.push_str(&output::table(["RECORD", "CLASS", "OWNER", "RELEASE"], rows));
        }
        let n_more = self.releasable.len().saturating_sub(ROWS_MAX);
        if n_more > 0 {
            text.push_str(&format!("… and {n_more} more; --json prints all\n"));
        }
        for (place, left) in self.left.iter().take(ROWS_MAX) {
            let place = place.of(&topics.consent_change);
            text.push_str(&format!("left alone: {place}, {}\n", left.as_str()));
        }
        let n_more = self.left.len().saturating_sub(ROWS_MAX);
        if n_more > 0 {
            text.push_str(&format!("… and {n_more} more left alone; --json prints all\n"));
        }
        if self.releasable.is_empty() {
            return text;
        }
        let n = counted(self.releasable.len(), "record");
        text.push_str(&if self.arguments.dry_run {
            format!("\n{n} would be released; nothing is written.")
        } else {
            format!(
                "\n{n} released by {}: {}\nEvery instance goes on past a released record by itself. What it said is not applied: if it was an opt-out,\n\
                 publish it in readable form. A contact that is blocked for it stays blocked until a later valid change.",
                self.arguments.operator, self.arguments.reason
            )
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn of(line: &str) -> Result<Target, String> {
        let words = ["skip", "-c", "f", "--reason", "r", "--operator", "o"];
        let words = words.into_iter().chain(line.split_whitespace());
        let arguments =
            Command::try_parse_from(words).map_err(|error| error.to_string())?.arguments;
        target(&arguments).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn one_offset_a_range_or_a_class() {
        assert_eq!(
            of("--topic t --partition 3 --offset 17").unwrap(),
            Target::One(Place { partition: 3, offset: 17 })
        );
        assert_eq!(
            of("--partition 3 --from 1 --to 5").unwrap(),
            Target::Range { partition: 3, from: 1, to: 5 }
        );
        assert_eq!(
            of("--class wrong_type --partition 2").unwrap(),
            Target::Class { class: "wrong_type".to_owned(), partition: Some(2) }
        );
        for wrong in [
            "",
            "--partition 3",
            "--offset 17",
            "--partition 3 --from 1",
            "--partition 3 --from 5 --to 1",
            "--partition 3 --offset 1 --from 1 --to 2",
            "--class no_such_class",
            "--class wrong_type --partition 3 --offset 1",
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }
}
