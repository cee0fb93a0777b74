//! `consent-gate consent review`: a person reads the texts that may ask to stop and may not, and says which they are.
//!
//! What was found to be an opt-out is published to the consent topic first; the resolution in the review topic follows
//! once the brokers have it. INVARIANT: until then the text stays in the queue, and twice changes nothing: the event id is
//! made of the text's place. The text is shown to the person who asked for it, on a terminal, and nowhere else.

use crate::exit::OrFail as _;
use std::borrow::Cow;
use std::io::{self, BufRead, IsTerminal as _, Write};

use clap::{ArgGroup, Args, ValueEnum};

use super::correct::encoding;
use super::{check_topic, cluster, counted, plain_text};
use crate::cli::{ConfigFile, ExitCode, Failure, output, shape};
use crate::config::Config;
use crate::records::{ConsentRecords, origin_of, plain_headers};
use crate::unresolved::Place;
use crate::unresolved::original::{Found, Original, Originals};
use crate::unresolved::queue::{Letter, Queue};
use crate::unresolved::reading::Reader;
use crate::unresolved::release::{self, Decision, written};
use crate::unresolved::writer::{Outgoing, Writer, Written};
use gate_codec::{ConsentChangeRecord, encode_consent};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("one").args(["offset"]).requires_all(["partition", "as_", "reason"]))]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// List the texts that wait, without what they say
    #[arg(long, conflicts_with_all = ["partition", "offset", "as_"])]
    list: bool,
    /// One JSON object a text
    #[arg(long)]
    json: bool,
    /// Topic of the text [default: `topics.consent_change`]
    #[arg(long)]
    topic: Option<String>,
    /// Its partition
    #[arg(long, value_name = "N", requires = "offset", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// Its offset
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    offset: Option<i64>,
    /// What the text at that place is
    #[arg(long = "as", value_name = "WHAT", requires = "offset")]
    as_: Option<Verdict>,
    /// Who read it
    #[arg(long, value_name = "NAME", required_unless_present = "list", value_parser = plain_text)]
    operator: Option<String>,
    /// Why it is that; kept for auditors, so name no person by address
    #[arg(long, value_name = "TEXT", value_parser = plain_text)]
    reason: Option<String>,
}

/// What a person found a text to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Verdict {
    /// It asks to stop: an opt-out is published for its sender
    #[value(name = "opt_out")]
    OptOut,
    /// It asks for nothing of the kind
    None,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::None => "none",
        }
    }
}

/// Lines of the list for people; programs get all of them.
const ROWS_MAX: usize = 100;
/// Characters of a text that are shown.
const TEXT_CHARS_MAX: usize = 2_000;
/// Characters of a number or name in the list.
const NAME_CHARS_MAX: usize = 40;
/// Said for a text that was read on a terminal, when no reason was given.
const READ: &str = "read on a terminal";

/// What the list shows of a text.
struct Summary {
    our_number: String,
    sender: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    check_topic(&config, arguments.topic.as_deref())?;
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if !arguments.list && arguments.as_.is_none() && !is_terminal {
        return Err(Failure::new(
            ExitCode::Usage,
            "texts are worked off on a terminal, and this is none: use --list, or --partition, --offset and --as",
        ));
    }
    let spinner = output::spinner("reading the texts that wait");
    cluster(&config, &config.topics.outputs.consent_review)?;
    let reader = Reader::new(&config)?;
    let records = reader.records();
    let queue = Queue::read(&config, &config.topics.outputs.consent_review, &mut |record| {
        let origin = origin_of(record);
        summary(&texts(records.written(record.value, origin)))
    })?;
    spinner.finish_and_clear();
    if arguments.list {
        return list(arguments, &config, &queue);
    }
    let mut desk = Desk {
        config: &config,
        records,
        queue: &queue,
        originals: Originals::new(&config)?,
        operator: arguments.operator.as_deref().unwrap_or_default(),
        reason: arguments.reason.as_deref().unwrap_or(READ),
    };
    let place = arguments.partition.zip(arguments.offset);
    match (place, arguments.as_) {
        (Some((partition, offset)), Some(verdict)) => {
            let letter = desk.open(Place { partition, offset })?;
            let resolved = desk.resolve(letter, verdict)?;
            report(arguments, &config, letter, verdict, resolved)
        }
        (Some(_) | None, _) => desk.work_off(&mut io::stdin().lock(), &mut io::stdout()),
    }
}

/// What people wrote, among all that a record says.
fn texts<E>(written: Result<Vec<ConsentChangeRecord<'_>>, E>) -> Vec<ConsentChangeRecord<'_>> {
    written.unwrap_or_default().into_iter().filter(|record| record.text.is_some()).collect()
}

fn summary(texts: &[ConsentChangeRecord<'_>]) -> Summary {
    let Some(record) = texts.first() else {
        return Summary { our_number: "-".to_owned(), sender: "-".to_owned() };
    };
    let our_number = record.to.as_deref().unwrap_or("-");
    let sender = record.address.as_deref().or(record.contact_id.as_deref()).unwrap_or("-");
    Summary { our_number: shape::printable(our_number, NAME_CHARS_MAX), sender: masked(sender) }
}

/// Enough to recognise a sender one knows, and no more.
fn masked(who: &str) -> String {
    let who: Vec<char> = who.trim().chars().collect();
    let (head, tail) = match who.as_slice() {
        // of a short one hardly anything would be hidden
        _ if who.len() < 8 => return "…".to_owned(),
        [a, b, c, .., y, z] if *a == '+' => (vec![*a, *b, *c], vec![*y, *z]),
        [a, .., y, z] => (vec![*a], vec![*y, *z]),
        _ => return "…".to_owned(),
    };
    let text: String = head.into_iter().chain(['…']).chain(tail).collect();
    shape::printable(&text, NAME_CHARS_MAX)
}

fn list(arguments: &Arguments, config: &Config, queue: &Queue<Summary>) -> Result<(), Failure> {
    let open: Vec<&Letter<Summary>> = queue.open().collect();
    if arguments.json {
        return open.iter().try_for_each(|letter| output::print_json(&as_json(config, letter)));
    }
    if open.is_empty() {
        return Ok(output::print("no text waits")?);
    }
    let rows = open.iter().take(ROWS_MAX).map(|letter| {
        [
            letter.place.of(&config.topics.consent_change),
            output::span(letter.age_ms()),
            letter.note.our_number.clone(),
            letter.note.sender.clone(),
        ]
    });
    output::print(&output::table(["TEXT", "AGE", "TO", "FROM"], rows))?;
    if open.len() > ROWS_MAX {
        output::print(&format!("… and {} more; --json prints all", open.len() - ROWS_MAX))?;
    }
    let file = arguments.file.path.display();
    Ok(output::print(&format!(
        "\n{} of doubtful meaning. Work them off on a terminal: consent-gate consent review -c {file} --operator NAME",
        counted(open.len(), "text")
    ))?)
}

fn as_json(config: &Config, letter: &Letter<Summary>) -> serde_json::Value {
    serde_json::json!({
        "place": letter.place.of(&config.topics.consent_change),
        "partition": letter.place.partition,
        "offset": letter.place.offset,
        "written": output::utc(letter.written_ms),
        "age_seconds": letter.age_ms() / 1_000,
        "our_number": letter.note.our_number,
        "sender": letter.note.sender,
        "recorded_at": written(&config.topics.outputs.consent_review, letter.recorded),
    })
}

/// Where the opt-out (if any) and the resolution were written.
type Resolved = (Option<Written>, Option<Written>);

struct Desk<'q> {
    config: &'q Config,
    records: &'q ConsentRecords,
    queue: &'q Queue<Summary>,
    originals: Originals,
    operator: &'q str,
    reason: &'q str,
}

impl<'q> Desk<'q> {
    fn open(&self, place: Place) -> Result<&'q Letter<Summary>, Failure> {
        let name = place.of(&self.config.topics.consent_change);
        let refused = |why: String| Err(Failure::new(ExitCode::Usage, why));
        match self.queue.get(place) {
            None => refused(format!("`{name}` is no text that waits; --list names those that do")),
            Some(Letter { release: Some(release), .. }) => refused(format!(
                "`{name}` was found to be `{}` already, by {} at {}",
                release.verdict, release.operator, release.at
            )),
            Some(letter) => Ok(letter),
        }
    }

    /// Publishes the opt-out if it is one, then notes what the text was found to be.
    fn resolve(&mut self, letter: &Letter<Summary>, verdict: Verdict) -> Result<Resolved, Failure> {
        let published = match verdict {
            Verdict::OptOut => Some(self.publish(letter.place)?),
            Verdict::None => None,
        };
        let topics = &self.config.topics;
        let mut further = vec![("as", verdict.as_str().to_owned())];
        further.extend(published.map(|at| ("published", written(&topics.consent_change, at))));
        let decision = Decision { operator: self.operator, reason: self.reason };
        let detail = decision.detail(self.config, &further);
        let records = release::of(self.config, self.queue, &[letter], &detail);
        let topic = &topics.outputs.consent_review;
        let writer = Writer::new(self.config, topic, format!("writing to `{topic}`"))?;
        let resolution = writer.send_all(&records, &mut |_| ())?;
        Ok((published, resolution.first().copied()))
    }

    fn publish(&mut self, place: Place) -> Result<Written, Failure> {
        let topic = &self.config.topics.consent_change;
        let name = place.of(topic);
        let found = self.original(place)?;
        let said = found.record.read(|value, origin| self.records.written(value, origin));
        let doing = format!("publishing the opt-out to `{topic}`");
        let writer = Writer::new(self.config, topic, doing)?;
        let mut published = None;
        for (n, text) in texts(said).iter().enumerate() {
            // the first keeps the id it always had
            let nth = if n == 0 { String::new() } else { format!("/{n}") };
            let opt_out = opt_out(text, &format!("{name}{nth}"));
            let key = opt_out.contact_id.as_deref().or(opt_out.address.as_deref());
            let key = Some(key.unwrap_or_default().as_bytes().to_vec());
            let value = encode_consent(&opt_out, encoding(self.config)?);
            let value = Some(value.or_fail(ExitCode::Internal)?);
            let headers = plain_headers();
            published = Some(writer.send(&Outgoing { partition: None, key, value, headers })?);
        }
        let unreadable =
            || Failure::new(ExitCode::Usage, format!("`{name}` cannot be read any more"));
        published.ok_or_else(unreadable)
    }

    fn original(&mut self, place: Place) -> Result<Box<Found>, Failure> {
        let name = place.of(&self.config.topics.consent_change);
        let gone = || Failure::new(ExitCode::Usage, format!("`{name}` is no longer in the topic"));
        match self.originals.read(place)? {
            Original::Record(record) => Ok(record),
            Original::Gone | Original::Batch => Err(gone()),
        }
    }

    /// Shows one text after the other and asks what it is.
    fn work_off(&mut self, input: &mut impl BufRead, out: &mut impl Write) -> Result<(), Failure> {
        let open: Vec<&Letter<Summary>> = self.queue.open().collect();
        let (mut n_done, n_all) = (0usize, open.len());
        for (n, letter) in open.into_iter().enumerate() {
            let place = letter.place.of(&self.config.topics.consent_change);
            let Original::Record(record) = self.originals.read(letter.place)? else {
                writeln!(out, "{place} is no longer in the topic; left alone\n")?;
                continue;
            };
            let card =
                record.record.read(|value, origin| card(self.records.written(value, origin)));
            writeln!(
                out,
                "{} of {n_all}   {place}   waits for {}",
                n + 1,
                output::span(letter.age_ms())
            )?;
            writeln!(out, "{card}")?;
            let verdict = match ask(input, out)? {
                Answer::Quit => break,
                Answer::Later => continue,
                Answer::Found(verdict) => verdict,
            };
            let (published, _) = self.resolve(letter, verdict)?;
            n_done += 1;
            let done = match published {
                Some(at) => format!(
                    "published {} as opt-out of this sender",
                    written(&self.config.topics.consent_change, at)
                ),
                None => "noted: no refusal".to_owned(),
            };
            writeln!(out, "{done}\n")?;
        }
        writeln!(out, "{n_done} of {} read", counted(n_all, "text"))?;
        Ok(())
    }
}

/// The text for the person at the terminal.
fn card<E>(written: Result<Vec<ConsentChangeRecord<'_>>, E>) -> String {
    let texts = texts(written);
    if texts.is_empty() {
        return "  it cannot be read with this configuration".to_owned();
    }
    texts.iter().map(text_card).collect::<Vec<_>>().join("\n\n")
}

fn text_card(record: &ConsentChangeRecord<'_>) -> String {
    let shown = |text: &Option<Cow<'_, str>>| {
        shape::printable(text.as_deref().unwrap_or("-"), TEXT_CHARS_MAX)
    };
    format!(
        "  to    {}\n  from  {}\n  brand {}\n  text  {}",
        shown(&record.to),
        masked(record.address.as_deref().or(record.contact_id.as_deref()).unwrap_or("-")),
        shown(&record.brand),
        shown(&record.text)
    )
}

/// What the person typed.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Found(Verdict),
    Later,
    Quit,
}

impl Answer {
    fn parse(line: &str) -> Option<Self> {
        match line.trim().to_lowercase().as_str() {
            "o" => Some(Self::Found(Verdict::OptOut)),
            "n" => Some(Self::Found(Verdict::None)),
            "s" => Some(Self::Later),
            "q" => Some(Self::Quit),
            _ => None,
        }
    }
}

/// Asks until there is an answer; the end of the input is one.
fn ask(input: &mut impl BufRead, out: &mut impl Write) -> io::Result<Answer> {
    const LINE_BYTES_MAX: u64 = 1_024;
    loop {
        write!(out, "[o] it asks to stop  [n] it does not  [s] not now  [q] end > ")?;
        out.flush()?;
        let mut line = String::new();
        if io::Read::take(&mut *input, LINE_BYTES_MAX).read_line(&mut line)? == 0 {
            writeln!(out)?;
            return Ok(Answer::Quit);
        }
        if let Some(answer) = Answer::parse(&line) {
            return Ok(answer);
        }
    }
}

/// The opt-out that a text was found to be: of the same person, as wide as a STOP of that brand by that way. What the
/// text leaves open stays open, and then means everything.
fn opt_out<'a>(text: &'a ConsentChangeRecord<'_>, place: &str) -> ConsentChangeRecord<'a> {
    let same = |field: &'a Option<Cow<'_, str>>| field.as_deref().map(Cow::Borrowed);
    ConsentChangeRecord {
        event_id: Some(format!("consent-gate-review/{place}").into()),
        occurred_at: text.occurred_at,
        action: Some("opt_out".into()),
        contact_id: same(&text.contact_id),
        address: same(&text.address),
        region: same(&text.region),
        // one text channel stands for all of them
        channel: Some(same(&text.channel).unwrap_or("sms".into())),
        controller: same(&text.controller),
        brand: same(&text.brand),
        source: Some("consent-gate-review".into()),
        ..ConsentChangeRecord::default()
    }
}

fn report(
    arguments: &Arguments,
    config: &Config,
    letter: &Letter<Summary>,
    verdict: Verdict,
    (published, resolution): Resolved,
) -> Result<(), Failure> {
    let topics = &config.topics;
    let place = letter.place.of(&topics.consent_change);
    let published = published.map(|at| written(&topics.consent_change, at));
    let resolution = resolution.map(|at| written(&topics.outputs.consent_review, at));
    if arguments.json {
        return output::print_json(&serde_json::json!({
            "place": place, "as": verdict.as_str(), "published": published, "recorded_at": resolution,
            "operator": arguments.operator, "reason": arguments.reason,
        }));
    }
    let published = published.map_or_else(String::new, |at| format!("published  {at}  opt_out\n"));
    Ok(output::print(&format!(
        "text       {place}: {}\n{published}recorded   {}\noperator   {}\nreason     {}",
        verdict.as_str(),
        resolution.unwrap_or_default(),
        arguments.operator.as_deref().unwrap_or_default(),
        arguments.reason.as_deref().unwrap_or_default(),
    ))?)
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

    #[test]
    fn a_list_a_terminal_or_one_text() {
        let parses = |line: &str| {
            let words = ["review", "-c", "f"].into_iter().chain(line.split_whitespace());
            Command::try_parse_from(words).is_ok()
        };
        for good in [
            "--list",
            "--list --json",
            "--operator kim",
            "--partition 0 --offset 1 --as none --operator kim --reason r",
            "--partition 0 --offset 1 --as opt_out --operator kim --reason r --json",
        ] {
            assert!(parses(good), "{good}");
        }
        for bad in [
            "",
            "--partition 0 --offset 1 --operator kim --reason r",
            "--partition 0 --offset 1 --as none --operator kim",
            "--offset 1 --as none --operator kim --reason r",
            "--as none --operator kim --reason r",
            "--partition 0 --offset 1 --as maybe --operator kim --reason r",
            "--list --as none",
        ] {
            assert!(!parses(bad), "{bad}");
        }
    }

    #[test]
    fn senders_are_masked() {
        for (who, shown) in [
            ("+447700900101", "+44…01"),
            ("ana@example.net", "a…et"),
            ("07700900101", "0…01"),
            ("ana", "…"),
            ("1234567", "…"),
        ] {
            assert_eq!(masked(who), shown);
        }
    }

    #[test]
    fn answers_are_one_letter_and_asked_for_again() {
        let mut out = Vec::new();
        let mut ask = |typed: &str| ask(&mut typed.as_bytes(), &mut out).unwrap();
        assert_eq!(ask("o\n"), Answer::Found(Verdict::OptOut));
        assert_eq!(ask("what?\n\n N \n"), Answer::Found(Verdict::None));
        assert_eq!(ask("s\n"), Answer::Later);
        assert_eq!(ask(""), Answer::Quit);
        let question = String::from_utf8(out).unwrap();
        assert_eq!(question.matches("[o] it asks to stop").count(), 6);
    }

    #[test]
    fn an_opt_out_is_of_the_same_person_and_as_wide_as_a_stop() {
        let text = ConsentChangeRecord {
            event_id: Some("sms-1".into()),
            occurred_at: Some(gate_core::Timestamp::from_millis(1)),
            action: Some("inbound_sms".into()),
            address: Some("07700 900101".into()),
            region: Some("GB".into()),
            brand: Some("tents".into()),
            purpose: Some("marketing".into()),
            text: Some("cancel my order".into()),
            to: Some("+447700900001".into()),
            ..ConsentChangeRecord::default()
        };
        let out = opt_out(&text, "consent-change/0/7");
        assert_eq!(out.event_id.as_deref(), Some("consent-gate-review/consent-change/0/7"));
        assert_eq!(out.action.as_deref(), Some("opt_out"));
        assert_eq!((out.address, out.region), (text.address.clone(), text.region.clone()));
        assert_eq!((out.channel.as_deref(), out.brand.as_deref()), (Some("sms"), Some("tents")));
        assert!(
            out.purpose.is_none() && out.text.is_none(),
            "every purpose; the text stays where it is"
        );
    }
}
