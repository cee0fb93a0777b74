//! `consent-gate consent correct`: publishes what an unreadable consent change should have said, then releases it.
//!
//! INVARIANT: the release is written only after the brokers have the corrected record on all replicas in sync, so an
//! opt-out is in the topic before anything goes on. Between the two nothing is lost: run again, the record is published
//! once more under the same `event_id`, which changes nothing, and the release follows.

use crate::exit::OrFail as _;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use gate_core::{
    Action, ConsentChange, Effect, EventKey, Placement, Receipt, SubjectKey, Subjects, Timestamp,
};
use serde_json::Value;

use super::{check_topic, dead_letters, plain_text, remedy};
use crate::cli::{ConfigFile, ExitCode, Failure, output, shape};
use crate::config::Config;
use crate::reader::dead_letter::UNREADABLE_BATCH;
use crate::records::{Origin, plain_headers};
use crate::unresolved::Place;
use crate::unresolved::original::{Original, Originals};
use crate::unresolved::queue::{Letter, Queue};
use crate::unresolved::reading::{Reader, Reading};
use crate::unresolved::release::{self, Decision, written};
use crate::unresolved::writer::{Outgoing, Writer, Written};
use gate_codec::{ConsentChangeRecord, Encoding, Format, Kind, VALUE_BYTES_MAX, encode_consent};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Topic of the unreadable record [default: `topics.consent_change`]
    #[arg(long)]
    topic: Option<String>,
    /// Its partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: i32,
    /// Its offset
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    offset: i64,
    /// The corrected record as JSON, whatever the topic's format; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The corrected record permits something, and that is meant
    #[arg(long)]
    grants: bool,
    /// Why it says what it says now; kept for auditors, so name no person by address
    #[arg(long, value_name = "TEXT", value_parser = plain_text)]
    reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME", value_parser = plain_text)]
    operator: String,
    /// Check everything and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

/// Names of fields that are listed as left out.
const NAMES_MAX: usize = 20;
/// Characters of such a name.
const NAME_CHARS_MAX: usize = 80;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.config.load()?;
    check_topic(&config, arguments.topic.as_deref())?;
    let text = read_file(&arguments.file)?;
    let reader = Reader::of_json(&config)?;
    let changes = match reader.read(Some(&text), Origin::of_key(None))? {
        Reading::Whole(changes) => changes,
        Reading::Unreadable(why) => {
            let remedy = remedy(why.class.as_str());
            let reason = format!("the corrected record cannot be read either ({why}): {remedy}");
            return Err(Failure::new(ExitCode::Usage, reason));
        }
    };
    let nothing = || Failure::new(ExitCode::Usage, "the corrected record says nothing");
    let meaning = Meaning::of(&changes.all().first().ok_or_else(nothing)?.change);
    meaning.check(arguments.grants)?;
    let spinner = output::spinner("reading dead letters");
    let place = Place { partition: arguments.partition, offset: arguments.offset };
    let queue = dead_letters(&config, Some(place))?;
    let letter = correctable(&config, &queue, place)?;
    spinner.finish_and_clear();
    let said = reader.records().written(Some(&text), Origin::of_key(None));
    let record = said.or_fail(ExitCode::Usage)?.pop().ok_or_else(nothing)?;
    let value = encoded(&config, &record, &text, arguments.dry_run)?;
    let outgoing = Outgoing {
        partition: None,
        key: Some(key(&record)),
        value: Some(value),
        headers: plain_headers(),
    };
    if arguments.dry_run {
        return dry_run(arguments, &config, letter, &meaning);
    }
    let topic = &config.topics.consent_change;
    let doing = format!("publishing the corrected record to `{topic}`");
    let published = Writer::new(&config, topic, doing)?.send(&outgoing)?;
    let topic = &config.topics.outputs.consent_dead_letter;
    let decision = Decision { operator: &arguments.operator, reason: &arguments.reason };
    let further = [("corrected", written(&config.topics.consent_change, published))];
    let detail = decision.detail(&config, &further);
    let releases = release::of(&config, &queue, &[letter], &detail);
    let writer = Writer::new(
        &config,
        topic,
        format!("the corrected record is published; writing the release to `{topic}`"),
    )?;
    let released = writer.send_all(&releases, &mut |_| ())?;
    report(arguments, &config, letter, &meaning, (published, released.first().copied()), &detail)
}

/// A regular file or standard input, as large as a record may be.
fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| {
        Failure::new(ExitCode::Usage, format!("cannot read `{}`: {error}", path.display()))
    };
    let mut bytes = Vec::new();
    let limit = VALUE_BYTES_MAX as u64 + 1;
    if path.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is no regular file")));
        }
        std::fs::File::open(path)
            .map_err(failed)?
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    Ok(bytes)
}

/// The letter, if it is open and its record is still one that needs correcting.
fn correctable<'q>(
    config: &Config,
    queue: &'q Queue<()>,
    place: Place,
) -> Result<&'q Letter<()>, Failure> {
    let name = place.of(&config.topics.consent_change);
    let refused = |why: String| Err(Failure::new(ExitCode::Usage, why));
    let Some(letter) = queue.get(place) else {
        return refused(format!(
            "there is no dead letter of `{name}`: nothing waits for a correction; an ordinary change is published to `{}`",
            config.topics.consent_change
        ));
    };
    if let Some(release) = &letter.release {
        return refused(format!(
            "`{name}` is released already, by {} at {}; an ordinary change is published to `{}`",
            release.operator, release.at, config.topics.consent_change
        ));
    }
    match Originals::new(config)?.read(place)? {
        // what else stands in a batch would be passed with it
        Original::Batch => refused(format!(
            "`{name}` stands for a whole batch that cannot be unpacked: {}",
            remedy(UNREADABLE_BATCH)
        )),
        Original::Record(record) => {
            let reader = Reader::new(config)?;
            match reader.why_unreadable(&record.record)? {
                None => refused(format!(
                    "`{name}` is readable with this configuration: a gate that was started with it reads it again by itself"
                )),
                Some(_) if reader.may_give_several(&record.record) => refused(format!(
                    "`{name}` may speak about several people, and a corrected record speaks about one: publish a change for \
                 each of them with header `gate-form: plain`, then release the record with `consent-gate consent skip`"
                )),
                Some(_) => Ok(letter),
            }
        }
        Original::Gone => Ok(letter),
    }
}

/// What a change does, as the gate would place it.
pub(in crate::cli) struct Meaning {
    action: Action,
    is_permissive: bool,
    effect: Effect,
}

impl Meaning {
    pub(in crate::cli) fn of(change: &ConsentChange<'_>) -> Self {
        // any subjects: whose it is has no part in what it says
        let subject = Some(SubjectKey([0; 16]));
        let subjects = Subjects {
            contact: change.contact_id.as_ref().and(subject),
            address: change.address.as_ref().and(subject),
            // another key: what it says is asked for, not whom it is about
            successor: change.new_address.as_ref().map(|_| SubjectKey([1; 16])),
            ..Subjects::default()
        };
        let receipt = Receipt::by_broker(Timestamp::from_millis(output::now_millis()));
        let placement: Placement<'_> =
            gate_core::place(change, subjects, EventKey::default(), receipt);
        let mut facts = placement.contact.iter().chain(&placement.address);
        // an erasure that keeps no suppression takes blocks away
        let lifts = change.action == Action::Erase && !change.keep_suppression;
        let is_permissive = lifts || facts.any(|fact| fact.kind.is_permissive());
        Self { action: change.action, is_permissive, effect: placement.effect }
    }

    /// An unreadable record counts as a refusal; that its correction permits something must be meant.
    fn check(&self, is_meant: bool) -> Result<(), Failure> {
        if !self.is_permissive || is_meant {
            return Ok(());
        }
        let action = self.action.as_str();
        Err(Failure::new(
            ExitCode::Usage,
            format!(
                "the corrected record (`{action}`) permits something, and what it replaces counts as a refusal: add `--grants` if the \
                 person really said so"
            ),
        ))
    }

    pub(in crate::cli) fn effect(&self) -> &'static str {
        match self.effect {
            Effect::None => "says nothing about consent: the gate will do nothing with it",
            Effect::Quarantined => "permits something in the future: not used until then",
            Effect::Facts | Effect::Clamped if self.is_permissive => "permits something",
            Effect::Facts | Effect::Clamped => "restricts, or permits nothing",
        }
    }
}

/// The contact id as it is written, so that an unreadable neighbour can be told apart, or else the address.
fn key(record: &ConsentChangeRecord<'_>) -> Vec<u8> {
    let named = record.contact_id.as_deref().filter(|id| !id.trim().is_empty());
    let named = named.or(record.address.as_deref()).unwrap_or_default();
    named.trim().as_bytes().to_vec()
}

/// The record in the topic's format. JSON goes out as it was written.
fn encoded(
    config: &Config,
    record: &ConsentChangeRecord<'_>,
    text: &[u8],
    is_dry_run: bool,
) -> Result<Vec<u8>, Failure> {
    if config.formats.consent_change == Format::Json {
        return Ok(text.to_vec());
    }
    // nothing is registered for a dry run; the shape of the record does not depend on the number
    let encoding = if is_dry_run { Encoding::AvroSingleObject } else { encoding(config)? };
    let carried = encode_consent(record, Encoding::Json);
    let names = carried.map_or_else(|_| Vec::new(), |carried| left_out(text, &carried));
    if !names.is_empty() {
        let names = names.join(", ");
        writeln!(
            io::stderr(),
            "consent-gate: left out, for the gate's Avro record has no such field or it is only carried: {names}"
        )?;
    }
    encode_consent(record, encoding).or_fail(ExitCode::Usage)
}

/// How values of the consent topic are written.
pub(super) fn encoding(config: &Config) -> Result<Encoding, Failure> {
    crate::service::encoding(config, Kind::ConsentChange, config.formats.consent_change)
}

/// Names of fields that are in the one object and not in the other.
fn left_out(text: &[u8], carried: &[u8]) -> Vec<String> {
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let (said, carried) = (parse(text), parse(carried));
    let names = paths(&said).into_iter().filter(|path| carried.pointer(path).is_none());
    let part = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let name = |path: String| {
        let parts: Vec<String> = path.split('/').skip(1).map(part).collect();
        shape::printable(&parts.join("."), NAME_CHARS_MAX)
    };
    names.take(NAMES_MAX).map(name).collect()
}

/// JSON pointers to the fields of an object and of the objects in it, where there is anything.
fn paths(object: &Value) -> Vec<String> {
    let Some(fields) = object.as_object() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let name = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let within = paths(value);
        if value.is_object() {
            all.extend(within.into_iter().map(|path| format!("{name}{path}")));
        } else {
            all.push(name);
        }
    }
    all
}

fn dry_run(
    arguments: &Arguments,
    config: &Config,
    letter: &Letter<()>,
    meaning: &Meaning,
) -> Result<(), Failure> {
    let place = letter.place.of(&config.topics.consent_change);
    let action = meaning.action.as_str();
    if arguments.json {
        return output::print_json(&serde_json::json!({
            "place": place, "action": action, "permits": meaning.is_permissive, "is_dry_run": true,
        }));
    }
    Ok(output::print(&format!(
        "would publish  {action}: {}\nwould release  {place} ({})\n\nnothing is written.",
        meaning.effect(),
        letter.class
    ))?)
}

fn report(
    arguments: &Arguments,
    config: &Config,
    letter: &Letter<()>,
    meaning: &Meaning,
    (published, released): (Written, Option<Written>),
    detail: &Value,
) -> Result<(), Failure> {
    let topics = &config.topics;
    let place = letter.place.of(&topics.consent_change);
    let published = written(&topics.consent_change, published);
    let released = released.map(|released| written(&topics.outputs.consent_dead_letter, released));
    let action = meaning.action.as_str();
    if arguments.json {
        return output::print_json(&serde_json::json!({
            "published": published, "action": action, "permits": meaning.is_permissive,
            "released": place, "recorded_at": released, "detail": detail,
        }));
    }
    Ok(output::print(&format!(
        "published  {published}  {action}: {}\nreleased   {place}\nrecorded   {}\noperator   {}\nreason     {}\n\n\
         Every instance goes on past the old record by itself and applies the new one.",
        meaning.effect(),
        released.unwrap_or_default(),
        arguments.operator,
        arguments.reason,
    ))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(fields: &str) -> Meaning {
        let text = format!(
            r#"{{"event_id":"1","occurred_at":"2026-11-20T18:30:00Z","contact_id":"ana","address":"+447700900101",{fields}}}"#
        );
        let config = Config::parse("f", "", []).unwrap();
        let reader = Reader::of_json(&config).unwrap();
        match reader.read(Some(text.as_bytes()), Origin::of_key(None)).unwrap() {
            Reading::Whole(changes) => Meaning::of(&changes.all()[0].change),
            Reading::Unreadable(why) => panic!("{why}: {fields}"),
        }
    }

    #[test]
    fn a_correction_permits_only_when_that_is_said() {
        for permissive in [
            r#""action":"opt_in""#,
            r#""action":"opt_in_requested""#,
            r#""action":"opt_in_confirmed""#,
            r#""action":"relationship","kind":"purchase""#,
            r#""action":"unsuppress","scope":"all""#,
            r#""action":"registry_status","listed":false"#,
            r#""action":"inbound_sms","text":"START""#,
            r#""action":"erase","keep_suppression":false"#,
            r#""action":"profile","birth_date":"2000-01-01""#,
        ] {
            let meaning = meaning(permissive);
            assert!(meaning.check(false).is_err() && meaning.check(true).is_ok(), "{permissive}");
        }
        for restrictive in [
            r#""action":"opt_out""#,
            r#""action":"object""#,
            r#""action":"complaint""#,
            r#""action":"suppress""#,
            r#""action":"erase""#,
            r#""action":"address_reassigned""#,
            r#""action":"inbound_sms","text":"STOP""#,
            r#""action":"inbound_sms","text":"hello""#,
        ] {
            assert!(meaning(restrictive).check(false).is_ok(), "{restrictive}");
        }
        assert!(meaning(r#""action":"inbound_sms","text":"hello""#).effect().contains("nothing"));
    }

    #[test]
    fn what_avro_does_not_carry_is_named() {
        let text =
            br#"{"event_id":"1","cause":"call","x":null,"evidence":{"method":"m","page/1":"p"}}"#;
        let carried = br#"{"event_id":"1","evidence":{"method":"m"}}"#;
        assert_eq!(left_out(text, carried), ["cause", "evidence.page/1"]);
        assert_eq!(left_out(carried, carried), Vec::<String>::new());
    }

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        assert!(read_file(Path::new("/")).is_err());
        assert!(read_file(Path::new("/no/such/file")).is_err());
        assert!(read_file(Path::new("/dev/zero")).is_err(), "endless");
    }
}
