//! `consent-gate report --since`: how many decisions since a point in time, by what is asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use gate_core::Channel;
use serde_json::{Value, json};

use super::decision::Decision;
use super::groups::{Dimension, Groups, Label, OTHERS, ROWS_MAX, VALUES_MAX};
use super::window::Window;
use super::{ConfigFile, ExitCode, Failure, Outcome, moment, one_line, output};
use crate::decisions::lack::Lack;
use crate::decisions::survey::{Logged, Seen, Survey};
use crate::kafka::preflight::preflight;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Configuration file (YAML); `consent-gate config reference` lists its keys
    #[arg(short = 'c', long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    /// From when on, in record time of the decision log: an instant, a time of day in UTC (14:00), or how long ago (90m, 2h, 3d)
    #[arg(long, value_name = "WHEN", value_parser = moment, required = true)]
    since: Option<jiff::Timestamp>,
    /// Until when, which is not part of it; as `--since` [default: what is there now]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<jiff::Timestamp>,
    /// What to count by; several with commas between
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["outcome", "reason", "channel"])]
    by: Vec<Dimension>,
    /// Which decisions; several with commas between [default: all three]
    #[arg(long, value_enum, value_delimiter = ',')]
    outcome: Vec<Outcome>,
    /// Longest table for people
    #[arg(long, value_name = "N", default_value_t = 100)]
    rows: usize,
    /// One JSON object with all rows
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // required, unless a subcommand takes their place
    let (Some(path), Some(since)) = (&arguments.config, arguments.since) else {
        let reason = "name what to report: -c FILE --since WHEN, or `affected` or `processing`";
        return Err(Failure::new(ExitCode::Usage, reason));
    };
    let window = Window::new(since, arguments.until.unwrap_or(jiff::Timestamp::MAX))?;
    let config = ConfigFile { path: path.clone() }.load()?;
    let by = dimensions(arguments);
    let outcomes = if arguments.outcome.is_empty() {
        Outcome::ALL.to_vec()
    } else {
        let mut outcomes = arguments.outcome.clone();
        outcomes.sort_unstable();
        outcomes.dedup();
        outcomes
    };
    let topic = &config.topics.outputs.decision_log;
    preflight(&config)?.require(topic)?;
    let mut counts = Counts { since, groups: Groups::new(by), n_probe: 0, outcomes };
    let mut lack = Lack::default();
    let spinner = output::spinner("reading decisions");
    let survey = Survey { config: &config, window, spinner: &spinner };
    let done = survey.visit(&mut lack, &mut |seen, lack| {
        if let Seen::Entry(logged) = seen {
            counts.take(logged, lack);
        }
        Ok(())
    });
    spinner.finish_and_clear();
    done?;
    let topics = [topic.as_str()];
    let missing = lack.say(since);
    if arguments.json {
        output::print_json(&counts.json(arguments, &topics, &lack, &missing))?;
    } else {
        output::print(&counts.text(arguments, &topics))?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    let reason = format!("THIS REPORT MAY LACK SOMETHING:\n  {}", missing.join("\n  "));
    Err(Failure::new(ExitCode::No, reason))
}

fn dimensions(arguments: &Arguments) -> Vec<Dimension> {
    let mut by: Vec<Dimension> = Vec::new();
    for dimension in &arguments.by {
        if !by.contains(dimension) {
            by.push(*dimension);
        }
    }
    by
}

struct Counts {
    since: jiff::Timestamp,
    groups: Groups,
    n_probe: u64,
    outcomes: Vec<Outcome>,
}

impl Counts {
    fn take(&mut self, logged: &Logged<'_>, lack: &mut Lack) {
        let decision = match Decision::of(&logged.entry) {
            Ok(decision) => decision,
            Err(class) => return lack.unreadable(class, logged.place()),
        };
        if !self.outcomes.contains(&decision.outcome) {
            return;
        }
        if logged.entry.context.probe {
            self.n_probe += 1;
        } else {
            self.groups.count(|dimension| labels(dimension, &decision));
        }
    }

    fn text(&self, arguments: &Arguments, topics: &[&str]) -> String {
        let groups = &self.groups;
        let until = arguments.until.map_or_else(|| "now".to_owned(), |until| until.to_string());
        let mut text = String::new();
        let head = [
            ("since", format!("{} until {until}, record time", self.since)),
            ("read", topics.join(", ")),
            ("messages", groups.n_messages.to_string()),
        ];
        for (name, value) in head {
            // writing to a String cannot fail, here and below
            writeln!(text, "{name:<12}{value}").ok();
        }
        if self.n_probe > 0 {
            writeln!(
                text,
                "{:<12}{} of the synthetic probe, which is nobody",
                "left out", self.n_probe
            )
            .ok();
        }
        let rows = groups.rows();
        text.push('\n');
        text.push_str(&table(groups, rows.iter().take(arguments.rows)));
        let rest = rows.get(arguments.rows..).unwrap_or_default();
        if !rest.is_empty() {
            let n: u64 = rest.iter().map(|(_, n)| n).sum();
            writeln!(text, "… and {} more rows with {n} in all; --json prints them", rest.len())
                .ok();
        }
        if groups.n_others > 0 {
            writeln!(
                text,
                "{} counted as `{OTHERS}`: more than {VALUES_MAX} different values of one kind or {ROWS_MAX} rows",
                groups.n_others
            )
            .ok();
        }
        if groups.by.contains(&Dimension::Jurisdiction) {
            text.push_str("A message with several candidate jurisdictions counts in each, and once in `messages`.\n");
        }
        text
    }

    fn json(
        &self,
        arguments: &Arguments,
        topics: &[&str],
        lack: &Lack,
        missing: &[String],
    ) -> Value {
        let groups = &self.groups;
        let rows = groups.rows();
        let counts: Vec<Value> = rows.iter().map(|(labels, n)| groups.json(labels, *n)).collect();
        let by: Vec<&str> = groups.by.iter().map(|dimension| dimension.as_str()).collect();
        let unreadable: BTreeMap<&str, u64> =
            lack.unreadable.iter().map(|(class, n)| (class.as_str(), *n)).collect();
        json!({
            "since": self.since.to_string(),
            "until": arguments.until.map(|until| until.to_string()),
            "topics": topics, "by": by, "messages": groups.n_messages, "counts": counts,
            "messages_in_others": groups.n_others, "probe_left_out": self.n_probe,
            "unreadable": unreadable, "unreadable_at": lack.places,
            "is_complete": missing.is_empty(), "may_lack": missing,
        })
    }
}

fn labels(dimension: Dimension, decision: &Decision) -> Vec<Label> {
    let of_message = |name: &Option<String>| match (name, &decision.message_id) {
        (None, None) => Label::Unreadable,
        (name, _) => Label::of(name.as_deref()),
    };
    let label = match dimension {
        Dimension::Outcome => Label::of(Some(decision.outcome.as_str())),
        Dimension::Reason => Label::of(Some(&decision.reason)),
        Dimension::Channel => Label::of(decision.channel.map(Channel::as_str)),
        Dimension::Jurisdiction => {
            return decision
                .jurisdictions
                .iter()
                .map(|code| Label::of(Some(code.as_str())))
                .collect();
        }
        Dimension::Purpose => of_message(&decision.purpose),
        Dimension::Brand => of_message(&decision.brand),
        Dimension::Campaign => of_message(&decision.campaign),
    };
    vec![label]
}

/// A table whose columns are those asked for.
fn table<'g>(groups: &Groups, rows: impl Iterator<Item = &'g (Vec<&'g str>, u64)>) -> String {
    let mut header: Vec<String> =
        groups.by.iter().map(|dimension| dimension.as_str().to_uppercase()).collect();
    header.push("MESSAGES".to_owned());
    let rows = rows.map(|(labels, n)| {
        let mut row: Vec<String> = labels.iter().map(|label| one_line(label)).collect();
        row.push(n.to_string());
        row
    });
    output::table_of(header, rows)
}
