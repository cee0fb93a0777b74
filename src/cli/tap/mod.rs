//! `consent-gate tap`: a line for each decision, as it is committed.
//!
//! Reads the decision log like any sender reads outputs, `read_committed`, from the end on or from a point in time; joins no
//! group, commits nothing, so it cannot disturb anybody. Invariant: messages are never read; a contact that is looked for is
//! hashed, compared and forgotten.

mod filter;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;

use self::filter::Filter;
use super::signals::stop_signal;
use super::{ConfigFile, ExitCode, Failure, output};
use crate::cli::moment::moment;
use crate::config::Config;
use crate::decisions::lack::Lack;
use crate::decisions::survey::{Seen, Survey, entries};
use crate::decisions::window::Window;
use crate::decisions::{Outcome, scan_failure, stretch};
use crate::kafka::observer::{Follower, Observer, Start};
use crate::kafka::preflight::{ClusterInfo, preflight};
use crate::kafka::scan::Positions;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only these [default: all three]
    outcome: Option<Outcome>,
    #[command(flatten)]
    file: ConfigFile,
    /// Print the whole decision, one JSON object a line
    #[arg(long)]
    json: bool,
    /// Begin with the oldest decision that Kafka still has
    #[arg(long, conflicts_with = "since")]
    from_beginning: bool,
    /// Begin with decisions of that record time: an instant, a time of day in UTC (14:00), or how long ago (90m, 2h, 3d)
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<jiff::Timestamp>,
    /// End before decisions of that record time; one that is over ends by itself, topic after topic
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<jiff::Timestamp>,
    /// Only decisions about the contact of this id; `-` reads it from standard input. Needs the gate's pepper
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// Only decisions about this message
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// Only decisions with this reason, such as blocked.opted_out
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
}

/// Longest wait for the place of a point in time.
const ANSWER_MAX: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let now = jiff::Timestamp::now();
    let window = window(arguments, now)?;
    let config = arguments.file.load()?;
    let filter = Filter::new(arguments, &config, window)?;
    let cluster = preflight(&config)?;
    cluster.require(&config.topics.outputs.decision_log)?;
    if arguments.until.is_some_and(|until| until <= now) {
        past(arguments, &config, &filter)
    } else {
        follow(arguments, &config, &cluster, &filter)
    }
}

/// Which record times are meant.
fn window(arguments: &Arguments, now: jiff::Timestamp) -> Result<Window, Failure> {
    let begins_before = arguments.since.is_some() || arguments.from_beginning;
    if !begins_before && arguments.until.is_some_and(|until| until <= now) {
        let reason = "--until is over: say from when on with --since or --from-beginning";
        return Err(Failure::new(ExitCode::Usage, reason));
    }
    let from = match arguments.until {
        Some(_) if !begins_before => now,
        Some(_) | None => arguments.since.unwrap_or(jiff::Timestamp::UNIX_EPOCH),
    };
    Window::new(from, arguments.until.unwrap_or(jiff::Timestamp::MAX))
}

/// Prints what is there of a window that is over.
fn past(arguments: &Arguments, config: &Config, filter: &Filter) -> Result<(), Failure> {
    let (window, mut lack) = (filter.window, Lack::default());
    let spinner = output::spinner("reading decisions");
    let survey = Survey { config, window, spinner: &spinner };
    let done = survey
        .visit(&mut lack, &mut |seen, _| spinner.suspend(|| show(seen, filter, arguments.json)));
    spinner.finish_and_clear();
    done?;
    let since = arguments.since.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    // whoever asked for all there is gets that
    let missing = if arguments.since.is_some() { lack.say(since) } else { Vec::new() };
    missing.iter().for_each(|missing| output::note(missing));
    Ok(())
}

fn follow(
    arguments: &Arguments,
    config: &Config,
    cluster: &ClusterInfo,
    filter: &Filter,
) -> Result<(), Failure> {
    let topic = config.topics.outputs.decision_log.as_str();
    let observer = Observer::of(config);
    let follower = follower(&observer, cluster, topic, arguments)?;
    let stop = stop_signal()?;
    if !arguments.json && io::stderr().is_terminal() {
        drop(writeln!(io::stderr(), "following {topic}; Ctrl-C ends"));
    }
    let until = arguments.until;
    let is_over = || until.is_some_and(|until| until <= jiff::Timestamp::now());
    let mut lack = Lack::default();
    let next = follower
        .until(&mut || stop.load(Ordering::Relaxed) || is_over(), &mut |record| {
            entries(record, &mut lack, &mut |seen, _| show(seen, filter, arguments.json))
        })?;
    if is_over() { finish(arguments, config, topic, &next, filter) } else { Ok(()) }
}

/// What was written before the end of the window and is only now committed, or was not fetched yet.
fn finish(
    arguments: &Arguments,
    config: &Config,
    topic: &str,
    next: &Positions,
    filter: &Filter,
) -> Result<(), Failure> {
    let mut rest = stretch::stretch(config, topic, &filter.window)?;
    for (partition, marks) in &mut rest {
        if let Some(next) = next.get(&(topic.to_owned(), *partition)) {
            marks.from = Some(*next);
        }
    }
    let mut lack = Lack::default();
    stretch::read(config, topic, &rest, &mut |record| {
        entries(record, &mut lack, &mut |seen, _| show(seen, filter, arguments.json))
    })?;
    Ok(())
}

fn follower(
    observer: &Observer,
    cluster: &ClusterInfo,
    topic: &str,
    arguments: &Arguments,
) -> Result<Follower, Failure> {
    let partitions = [(topic, cluster.require(topic)?.partitions)];
    let since = match arguments.since {
        None => Positions::new(),
        Some(since) => observer
            .since(&[topic], Some(since.as_millisecond()), ANSWER_MAX)
            .map_err(|error| scan_failure(&error, "preparing to read decisions"))?,
    };
    let start = match (arguments.from_beginning, arguments.since) {
        (true, _) => Start::Beginning,
        (false, Some(_)) => Start::At(&since),
        (false, None) => Start::End,
    };
    Ok(observer.follow(&partitions, start, "reading decisions")?)
}

/// Prints a decision that is meant.
fn show(seen: &Seen<'_>, filter: &Filter, json: bool) -> Result<(), Failure> {
    let Seen::Entry(logged) = seen else { return Ok(()) };
    if !filter.admits(logged) {
        return Ok(());
    }
    let entry = &logged.entry;
    let line = if json {
        entry.to_json().to_string()
    } else {
        let own =
            |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| one_line(text, 80));
        format!(
            "{}  {:<8}  {:<32}  {:<10}  {:<36}  {}",
            output::utc(logged.timestamp_ms),
            one_line(&entry.shape.outcome, 80),
            one_line(&entry.shape.reason, 80),
            own(entry.shape.channel.as_deref()),
            own(entry.message_id),
            one_line(&entry.source().to_string(), 300),
        )
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", line.trim_end())?;
    Ok(out.flush()?)
}

/// What came from outside must not move the cursor.
fn one_line(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_move_the_cursor() {
        assert_eq!(one_line("a\u{1b}[2Jb\r\nc", 80), "a[2Jbc");
        assert_eq!(one_line("abc", 2), "ab");
    }
}
