//! `consent-gate check`: can the gate read this record, which field is wrong, and what would the packs make of it?
//!
//! Reads records from a file or standard input with the gate's own codec, without broker, registry, configuration or
//! state. Answers name fields and codes, never what stands in a field, so that they can be pasted into a ticket.

mod consent;
mod fields;
mod message;
mod records;
mod verdict;
mod written;

use super::{ExitCode, Failure, output, policy};
use crate::identity::Pepper;
use clap::{Args, ValueEnum};
use gate_codec::{Codec, DecodeError, Kind, Unreadable};
use gate_core::PolicySet;
use gate_engine::CaseRunner;
use records::{Records, read_input};
use serde_json::{Value, json};
use std::path::PathBuf;
use written::{Unshown, Written};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What the records are meant to be
    kind: What,
    /// JSON: one record, or several behind each other as in JSON lines; Avro: the bytes of one value [default: standard
    /// input]
    file: Option<PathBuf>,
    /// How they are written
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Avro schema they were written with [default: the one in schemas/, built into this program]
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Directory of packs [default: the packs built into this program]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// One object a record
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// For `topics.outbound_message`
    Message,
    /// For `topics.consent_change`
    Consent,
}

/// The names of `formats`, and what has no framing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON text
    Json,
    /// Avro behind the five bytes of a schema registry, which is not asked: `--schema` says with which schema
    Avro,
    /// Avro behind the ten bytes of the single-object encoding
    AvroSingleObject,
    /// Avro as an encoder gives it, before a serializer frames it
    AvroDatum,
}

impl What {
    fn kind(self) -> Kind {
        match self {
            Self::Message => Kind::OutboundMessage,
            Self::Consent => Kind::ConsentChange,
        }
    }
}

/// What is said about one record.
struct Answer {
    /// In a few words: readable as what, or why not.
    head: String,
    /// Further lines: a name and a text.
    lines: Vec<(&'static str, String)>,
    /// The same for programs.
    json: Value,
    /// Whether the gate can do with it what its sender wants.
    is_good: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let policies = policy::load(arguments.policies.as_deref(), None)?;
    let written = Written::new(arguments.format, arguments.schema.as_deref())?;
    let checker = Checker::new(&policies, arguments.kind.kind(), written)?;
    let input = read_input(arguments.file.as_deref())?;
    let records = Records::of(arguments.format, &input)?;
    let mut n_bad = 0_usize;
    for (number, record) in (1_usize..).zip(records.iter()) {
        let mut answer = checker.check(record)?;
        n_bad += usize::from(!answer.is_good);
        if arguments.json {
            if let Some(object) = answer.json.as_object_mut() {
                object.insert("record".to_owned(), number.into());
            }
            output::print_json(&answer.json)?;
        } else {
            output::print(&answer.as_text(number))?;
        }
    }
    if n_bad > 0 { Err(Failure::silent(ExitCode::No)) } else { Ok(()) }
}

impl Answer {
    fn as_text(&self, number: usize) -> String {
        let mut text = format!("record {number}: {}\n", self.head);
        for (name, line) in &self.lines {
            let mut name = *name;
            for part in line.lines() {
                text.push_str(&format!("  {name:<22} {part}\n"));
                name = "";
            }
        }
        text
    }
}

/// Checks records of one kind.
struct Checker<'p> {
    kind: Kind,
    written: Written,
    codec: Codec,
    other: Codec,
    runner: CaseRunner<'p, Pepper>,
    policies: &'p PolicySet,
}

impl<'p> Checker<'p> {
    fn new(policies: &'p PolicySet, kind: Kind, written: Written) -> Result<Self, Failure> {
        let internal = |error| Failure::new(ExitCode::Internal, error);
        let other = match kind {
            Kind::ConsentChange => Kind::OutboundMessage,
            Kind::OutboundMessage => Kind::ConsentChange,
        };
        Ok(Self {
            kind,
            codec: written.codec(kind).map_err(internal)?,
            other: written.codec(other).map_err(internal)?,
            written,
            runner: CaseRunner::new(policies, Pepper::of_nobody()).map_err(internal)?,
            policies,
        })
    }

    fn check(&self, record: &[u8]) -> Result<Answer, Failure> {
        let mut answer = match self.read(record) {
            Ok(answer) => answer?,
            Err(Unshown::Unread(DecodeError::Unreadable(why))) => self.unreadable(why, record),
            Err(Unshown::Unread(error @ DecodeError::Unavailable { .. })) => {
                return Err(Failure::new(ExitCode::Internal, error));
            }
            Err(Unshown::Failed(reason)) => return Err(Failure::new(ExitCode::Internal, reason)),
        };
        if let Some(note) = self.written.note(record) {
            if let Some(object) = answer.json.as_object_mut() {
                object.insert("schema".to_owned(), note.as_str().into());
            }
            answer.lines.push(("schema", note));
        }
        Ok(answer)
    }

    fn read(&self, record: &[u8]) -> Result<Result<Answer, Failure>, Unshown> {
        let json = || self.written.as_json(&self.codec, self.kind, record);
        Ok(match self.kind {
            Kind::ConsentChange => {
                let change = self.codec.decode_consent(Some(record))?;
                self.consent(&change, &json()?, record)
            }
            Kind::OutboundMessage => {
                let message = self.codec.decode_message(Some(record))?;
                self.message(&message, &json()?)
            }
        })
    }

    /// The names in it that the gate carries and never reads.
    fn not_read(&self, value: &Value) -> Vec<String> {
        fields::not_read(self.kind, &self.written.names(self.kind, value))
    }

    fn unreadable(&self, why: Unreadable, record: &[u8]) -> Answer {
        let remedy = why.class.remedy();
        let consequence = match self.kind {
            Kind::OutboundMessage => "blocked.invalid_message",
            Kind::ConsentChange if self.codec.salvage(Some(record)).is_some() => {
                "goes to the dead letters; whom it is about gets no marketing until a valid change follows"
            }
            Kind::ConsentChange => {
                "goes to the dead letters, and the gate holds unless its key names somebody known"
            }
        };
        let is_other = match self.kind {
            Kind::ConsentChange => self.other.decode_message(Some(record)).is_ok(),
            Kind::OutboundMessage => self.other.decode_consent(Some(record)).is_ok(),
        };
        let mut lines = vec![("it is", remedy.to_owned()), ("the gate", consequence.to_owned())];
        if is_other {
            let other = match self.kind {
                Kind::ConsentChange => "it is readable as a message: check message",
                Kind::OutboundMessage => "it is readable as a consent change: check consent",
            };
            lines.push(("note", other.to_owned()));
        }
        let json = json!({
            "kind": self.kind.as_str(), "readable": false, "class": why.class.as_str(), "field": why.field,
            "remedy": remedy, "consequence": consequence,
        });
        Answer { head: format!("not readable: {why}"), lines, json, is_good: false }
    }
}

#[cfg(test)]
mod tests;
