//! `consent-gate consent show`: what the gate cannot read, whom it holds, what to configure and what to do next.
//!
//! Content is shown only with `--value`, for one record: on a terminal made harmless, into a file or pipe as it is.

use std::io::{self, IsTerminal as _, Write as _};

use crate::records::Headers as _;
use clap::Args;

use super::{check_topic, cluster, counted, remedy};
use crate::cli::{ConfigFile, ExitCode, Failure, output, shape};
use crate::config::Config;
use crate::reader::dead_letter::UNREADABLE_BATCH;
use crate::unresolved::Place;
use crate::unresolved::original::{Found, Original, Originals};
use crate::unresolved::queue::{Letter, Queue};
use crate::unresolved::reading::Reader;
use crate::unresolved::release::written;
use gate_codec::{Unreadable, told_by_headers};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Topic of the unreadable record [default: `topics.consent_change`]
    #[arg(long)]
    topic: Option<String>,
    /// Its partition
    #[arg(long, value_name = "N", requires = "offset", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// Its offset
    #[arg(long, value_name = "N", requires = "partition", value_parser = clap::value_parser!(i64).range(0..))]
    offset: Option<i64>,
    /// List what waits; done without any choice
    #[arg(long, conflicts_with_all = ["partition", "offset", "all"])]
    open: bool,
    /// List what was decided before as well
    #[arg(long, conflicts_with_all = ["partition", "offset"])]
    all: bool,
    /// Write the record itself, which is personal data, to standard output
    #[arg(long, requires = "offset", conflicts_with = "json")]
    value: bool,
    /// One JSON object a record
    #[arg(long)]
    json: bool,
}

/// Lines of the list for people; programs get all of them.
const ROWS_MAX: usize = 100;
/// Characters of a record shown on a terminal.
const VALUE_CHARS_MAX: usize = 20_000;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    check_topic(&config, arguments.topic.as_deref())?;
    let place = arguments.partition.zip(arguments.offset);
    let place = place.map(|(partition, offset)| Place { partition, offset });
    if let (Some(place), true) = (place, arguments.value) {
        return print_value(&config, place);
    }
    let spinner = output::spinner("reading dead letters");
    cluster(&config, &config.topics.outputs.consent_dead_letter)?;
    let queue = Queue::read(&config, &config.topics.outputs.consent_dead_letter, &mut |_| ())?;
    match place {
        Some(place) => {
            let letter = queue.get(place);
            // a batch has no record that could be looked at
            let is_batch = letter.is_some_and(|letter| letter.class == UNREADABLE_BATCH);
            let original =
                if is_batch { Original::Batch } else { Originals::new(&config)?.read(place)? };
            spinner.finish_and_clear();
            one(arguments, &config, place, letter, &original)
        }
        None => {
            spinner.finish_and_clear();
            list(arguments, &config, &queue)
        }
    }
}

fn list(arguments: &Arguments, config: &Config, queue: &Queue<()>) -> Result<(), Failure> {
    let shown: Vec<&Letter<()>> =
        queue.all().filter(|letter| arguments.all || letter.is_open()).collect();
    if arguments.json {
        return shown.iter().try_for_each(|letter| output::print_json(&as_json(config, letter)));
    }
    let n_open = queue.open().count();
    let n_holding = queue.open().filter(|letter| letter.holds_everybody()).count();
    if !shown.is_empty() {
        output::print(&table(config, &shown))?;
    }
    if shown.len() > ROWS_MAX {
        output::print(&format!("… and {} more; --json prints all", shown.len() - ROWS_MAX))?;
    }
    if queue.n_strange() > 0 {
        output::print(&format!(
            "{} of the dead-letter topic were not written by this gate, or with another pepper; it does not go by them",
            counted(queue.n_strange(), "record")
        ))?;
    }
    let file = arguments.file.path.display();
    Ok(output::print(&match (n_open, n_holding) {
        (0, _) => "nothing waits: every consent change was read, or an operator decided about it"
            .to_owned(),
        (_, 0) => format!(
            "\n{} open; nobody but their contacts is held up.\nLook at one: consent-gate consent show -c {file} --partition P --offset O",
            counted(n_open, "record")
        ),
        (_, _) => format!(
            "\n{} open, {n_holding} of unknown owner: while the gate stands at one of these it decides nothing.\nLook at one: consent-gate consent show -c {file} --partition P --offset O",
            counted(n_open, "record")
        ),
    })?)
}

fn table(config: &Config, letters: &[&Letter<()>]) -> String {
    let topic = &config.topics.consent_change;
    let rows = letters.iter().take(ROWS_MAX).map(|letter| {
        let state = match &letter.release {
            Some(release) => format!("released by {}", release.operator),
            None => "open".to_owned(),
        };
        [
            letter.place.of(topic),
            letter.class.clone(),
            owner(letter).to_owned(),
            holds(letter).to_owned(),
            output::span(letter.age_ms()),
            state,
        ]
    });
    output::table(["RECORD", "CLASS", "OWNER", "HOLDS", "AGE", "STATE"], rows)
}

fn owner<T>(letter: &Letter<T>) -> &'static str {
    if letter.is_owner_known { "known" } else { "unknown" }
}

fn holds<T>(letter: &Letter<T>) -> &'static str {
    match (letter.is_open(), letter.is_owner_known) {
        (false, _) => "nobody",
        (true, true) => "its contact",
        (true, false) => "everybody",
    }
}

fn as_json(config: &Config, letter: &Letter<()>) -> serde_json::Value {
    let release = letter.release.as_ref().map(|release| {
        serde_json::json!({"operator": release.operator, "reason": release.reason, "at": release.at})
    });
    serde_json::json!({
        "place": letter.place.of(&config.topics.consent_change),
        "partition": letter.place.partition,
        "offset": letter.place.offset,
        "class": letter.class,
        "field": Some(&letter.field).filter(|field| !field.is_empty()),
        "owner": owner(letter),
        "holds": holds(letter),
        "is_applied": letter.is_applied,
        "is_open": letter.is_open(),
        "recorded_at": written(&config.topics.outputs.consent_dead_letter, letter.recorded),
        "written": output::utc(letter.written_ms),
        "age_seconds": letter.age_ms() / 1_000,
        "release": release,
    })
}

/// What is known about one record, without what it says.
struct Facts<'a> {
    config: &'a Config,
    place: Place,
    letter: Option<&'a Letter<()>>,
    original: &'a Original,
    /// Why this configuration cannot read it; `None` when it can.
    why_now: Option<Unreadable>,
}

fn one(
    arguments: &Arguments,
    config: &Config,
    place: Place,
    letter: Option<&Letter<()>>,
    original: &Original,
) -> Result<(), Failure> {
    if letter.is_none() && matches!(original, Original::Gone) {
        let place = place.of(&config.topics.consent_change);
        let reason = format!("there is neither a record nor a dead letter of `{place}`");
        return Err(Failure::new(ExitCode::Usage, reason));
    }
    let why_now = match original {
        Original::Record(record) => {
            Reader::new(config)?.why_unreadable(&record.record)?.map(|why| told(why, record))
        }
        Original::Batch | Original::Gone => None,
    };
    let facts = Facts { config, place, letter, original, why_now };
    if arguments.json {
        output::print_json(&facts.as_json())
    } else {
        Ok(output::print(&facts.as_text(&arguments.file.path.display().to_string()))?)
    }
}

/// With what the record's headers tell, as the gate gives it.
fn told(why: Unreadable, found: &Found) -> Unreadable {
    told_by_headers(why, |name| {
        let mut headers = (0..).map_while(|at| found.record.headers.get(at));
        headers.any(|(known, _)| known.as_bytes() == name.to_bytes())
    })
}

impl Facts<'_> {
    fn state(&self) -> String {
        match self.letter {
            None if self.is_readable() => "readable: nothing is wrong with it".to_owned(),
            None => "no dead letter yet: the gate has not come so far".to_owned(),
            Some(letter) => match &letter.release {
                Some(release) => {
                    format!(
                        "released by {} at {}: {}",
                        release.operator, release.at, release.reason
                    )
                }
                None => format!("open for {}", output::span(letter.age_ms())),
            },
        }
    }

    /// Whether the record is there, and nothing is wrong with it.
    fn is_readable(&self) -> bool {
        self.record().is_some() && self.why_now.is_none()
    }

    fn record(&self) -> Option<&Found> {
        match self.original {
            Original::Record(record) => Some(record),
            Original::Gone | Original::Batch => None,
        }
    }

    fn key(&self) -> String {
        match self.original {
            Original::Record(record) => shape::describe(record.key()),
            Original::Gone => "the record is no longer in the topic".to_owned(),
            Original::Batch => "the batch cannot be unpacked".to_owned(),
        }
    }

    fn value(&self) -> String {
        self.record().map_or_else(|| "-".to_owned(), |record| shape::describe(record.payload()))
    }

    fn reads_now(&self) -> String {
        match (self.original, self.why_now) {
            (Original::Gone, _) => "not there any more".to_owned(),
            (Original::Batch, _) => format!("{UNREADABLE_BATCH}: {}", remedy(UNREADABLE_BATCH)),
            (Original::Record(_), None) => "readable with this configuration".to_owned(),
            (Original::Record(_), Some(why)) => format!("{why}: {}", remedy(why.class.as_str())),
        }
    }

    fn as_text(&self, file: &str) -> String {
        let topics = &self.config.topics;
        let mut lines = vec![("record", self.place.of(&topics.consent_change))];
        let received = self.record().and_then(|record| record.timestamp_ms);
        if let Some(received) = received {
            lines.push(("received", output::utc(received)));
        }
        if let Some(letter) = self.letter {
            lines.push((
                "dead letter",
                written(&topics.outputs.consent_dead_letter, letter.recorded),
            ));
            lines.push(("class", letter.why()));
            lines.push(("owner", owner(letter).to_owned()));
            lines.push(("holds", holds(letter).to_owned()));
        }
        lines.extend([("state", self.state()), ("key", self.key()), ("value", self.value())]);
        lines.push(("reads now", self.reads_now()));
        let mut text: String =
            lines.iter().map(|(name, value)| format!("{name:<11}  {value}\n")).collect();
        text.push_str(&self.next(file));
        text
    }

    /// What to do, as commands to copy.
    fn next(&self, file: &str) -> String {
        let Some(letter) = self.letter.filter(|letter| letter.is_open()) else {
            return String::new();
        };
        if self.is_readable() {
            return "\nThis configuration reads it: a gate that was started with it reads the record again by itself.\n".to_owned();
        }
        let Place { partition, offset } = self.place;
        let place = format!("-c {file} --partition {partition} --offset {offset}");
        let who = "--operator NAME --reason TEXT";
        let look = ("look at it (personal data)", format!("show {place} --value"));
        let correct =
            ("say what it should have said", format!("correct {place} --file RECORD.json {who}"));
        let skip = |what| (what, format!("skip {place} {who}"));
        let (steps, follows) = if letter.class == UNREADABLE_BATCH {
            (
                vec![skip("give up all of the batch")],
                "Another replica may have it whole: see the runbook UnreadableBatch first.",
            )
        } else if letter.is_owner_known {
            (
                vec![look, correct, skip("it said nothing that counts")],
                "Its contact is blocked until a later valid change of it comes; `correct` publishes one, `skip` leaves the block.",
            )
        } else {
            (
                vec![look, correct, skip("it said nothing that counts")],
                "It may be anybody's opt-out, so the gate decides nothing until it is corrected or skipped.",
            )
        };
        let steps =
            steps.iter().map(|(what, how)| format!("  {what:<28}  consent-gate consent {how}\n"));
        format!("\nnext\n{}{follows}\n", steps.collect::<String>())
    }

    fn as_json(&self) -> serde_json::Value {
        let mut json = self.letter.map_or_else(
            || serde_json::json!({"place": self.place.of(&self.config.topics.consent_change)}),
            |letter| as_json(self.config, letter),
        );
        let further = [
            ("state", self.state()),
            ("key_shape", self.key()),
            ("value_shape", self.value()),
            ("reads_now", self.reads_now()),
        ];
        if let Some(object) = json.as_object_mut() {
            object.extend(further.map(|(name, text)| (name.to_owned(), text.into())));
        }
        json
    }
}

/// The record itself. Into a file or pipe its bytes, so that it can be corrected; on a terminal nothing that moves it.
fn print_value(config: &Config, place: Place) -> Result<(), Failure> {
    cluster(config, &config.topics.outputs.consent_dead_letter)?;
    let Original::Record(record) = Originals::new(config)?.read(place)? else {
        let place = place.of(&config.topics.consent_change);
        let reason = format!("there is no committed record at `{place}` that can be unpacked");
        return Err(Failure::new(ExitCode::Usage, reason));
    };
    let warning =
        "consent-gate: what follows is personal data: keep it out of tickets, chats and logs";
    writeln!(io::stderr(), "{warning}")?;
    let value = record.payload().unwrap_or_default();
    let mut out = io::stdout().lock();
    if !io::stdout().is_terminal() {
        out.write_all(value)?;
        return Ok(out.flush()?);
    }
    let shown = |bytes: Option<&[u8]>| match bytes.map(std::str::from_utf8) {
        None => "null".to_owned(),
        Some(Ok(text)) => shape::printable(text, VALUE_CHARS_MAX),
        Some(Err(_)) => {
            let bytes = bytes.unwrap_or_default();
            let hex = crate::headers::hex(bytes.get(..VALUE_CHARS_MAX / 2).unwrap_or(bytes));
            format!("{} as hexadecimal: {hex}", shape::describe(Some(bytes)))
        }
    };
    writeln!(out, "key    {}\nvalue  {}", shown(record.key()), shown(record.payload()))?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::KeptRecord;
    use clap::Parser as _;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn content_is_shown_for_one_record_only() {
        let parses = |line: &str| {
            let words = std::iter::once("show").chain(line.split_whitespace());
            Command::try_parse_from(words).is_ok()
        };
        for good in
            ["-c f", "-c f --open --json", "-c f --all", "-c f --partition 0 --offset 1 --value"]
        {
            assert!(parses(good), "{good}");
        }
        for bad in [
            "-c f --value",
            "-c f --offset 1",
            "-c f --partition 1",
            "-c f --open --all",
            "-c f --partition 0 --offset 1 --value --json",
        ] {
            assert!(!parses(bad), "{bad}");
        }
    }

    #[test]
    fn one_record_is_described_with_what_to_do_and_without_content() {
        let config = Config::parse("f", "", []).unwrap();
        let place = Place { partition: 3, offset: 17 };
        let letter = Letter {
            place,
            class: "wrong_type".to_owned(),
            field: String::new(),
            is_owner_known: false,
            is_applied: false,
            written_ms: output::now_millis() - 7_200_000,
            recorded: (1, 5),
            note: (),
            release: None,
        };
        let original = Original::Record(Box::new(Found {
            record: KeptRecord {
                key: Some(b"\"ana\"".to_vec()),
                value: Some(br#"{"action": 7, "contact_id": "ana"}"#.to_vec()),
                ..KeptRecord::default()
            },
            timestamp_ms: Some(0),
        }));
        let mut facts = Facts {
            config: &config,
            place,
            letter: Some(&letter),
            original: &original,
            why_now: Some(gate_codec::Class::WrongType.into()),
        };
        let text = facts.as_text("gate.yaml");
        for says in [
            "record       consent-change/3/17\n",
            "dead letter  consent-dead-letter/1/5\n",
            "holds        everybody\n",
            "state        open for 2 hours\n",
            "key          5 bytes, JSON text, in quotes\n",
            "consent-gate consent correct -c gate.yaml --partition 3 --offset 17",
            "anybody's opt-out",
        ] {
            assert!(text.contains(says), "{says:?} is not in\n{text}");
        }
        assert!(!text.contains("ana") && !facts.as_json().to_string().contains("ana"));
        facts.why_now = None;
        assert!(facts.as_text("f").contains("by itself"), "readable now: nothing to skip");
    }
}
