//! One datum to a record, by the plan of its schema.

use super::own;
use super::plan::Plan;
use super::resolved::Resolved;
use crate::class::{Class, Unreadable};
use crate::kind::Kind;
use crate::limits::{AVRO_DEPTH_MAX, NODES_MAX, Notation, Progress};
use crate::read::{self, Fields, Object};
use apache_avro::error::Details;
use apache_avro::reader::datum::GenericDatumReader;
use serde::de::DeserializeSeed;
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeError, DeserializerConfig, DeserializerState};
use std::io::{BufRead, ErrorKind};

/// Reads a datum.
pub(crate) fn read<'a, T: Fields<'a>>(
    kind: Kind,
    plan: &Plan,
    datum: &'a [u8],
    campaign: &str,
) -> Result<T, Unreadable> {
    let mut record = None;
    match plan {
        Plan::Fast(schema) => {
            let progress = Progress::new(Notation::Number, campaign);
            fast(&progress, schema, datum, Object::root(&progress, &mut record))?;
        }
        Plan::Resolve { walk, writer } => {
            let mut progress = Progress::new(Notation::Number, campaign);
            progress.strict_maps = true;
            fast(&progress, walk, datum, read::Walk::root(&progress))?;
            let reader = own::reader(kind).ok_or(Class::IncompatibleSchema)?;
            let value = resolve(writer, reader, datum).map_err(|error| resolve_class(&error))?;
            let progress = Progress::new(Notation::Number, campaign);
            Object::root(&progress, &mut record)
                .deserialize(Resolved(value))
                .map_err(|_| progress.why(|| Class::WrongType))?;
        }
    }
    Ok(record.ok_or(Class::WrongType)?)
}

/// Reads with the fast reader, to the last byte.
fn fast<'a, S: DeserializeSeed<'a>>(
    progress: &Progress<'_>,
    schema: &serde_avro_fast::Schema,
    datum: &'a [u8],
    seed: S,
) -> Result<S::Value, Unreadable> {
    // bytes behind a datum are no fault of a field
    walk_avro(schema, datum, seed).map_err(|class| {
        if class == Class::TrailingBytes { class.into() } else { progress.why(|| class) }
    })
}

/// Reads a datum with the fast reader, to the last byte, within the bounds of a record.
///
/// # Errors
/// What is wrong with the datum, as the reader has it.
pub fn walk_avro<'a, S: DeserializeSeed<'a>>(
    schema: &serde_avro_fast::Schema,
    datum: &'a [u8],
    seed: S,
) -> Result<S::Value, Class> {
    let mut config = DeserializerConfig::new(schema);
    config.max_seq_size = NODES_MAX;
    config.allowed_depth = AVRO_DEPTH_MAX;
    let mut state = DeserializerState::with_config(SliceRead::new(datum), config);
    let value = seed.deserialize(state.deserializer()).map_err(|error| fast_class(&error))?;
    match state.into_reader().fill_buf() {
        Ok([]) => Ok(value),
        Ok(_) | Err(_) => Err(Class::TrailingBytes),
    }
}

fn resolve(
    writer: &apache_avro::Schema,
    reader: &apache_avro::Schema,
    mut datum: &[u8],
) -> Result<apache_avro::types::Value, apache_avro::Error> {
    let source = GenericDatumReader::builder(writer).build()?;
    source.read_value(&mut datum)?.resolve(reader)
}

/// The fast reader's errors are text. Only the label depends on it: every error is a refusal, and a test
/// holds the texts of the pinned version.
fn fast_class(error: &DeError) -> Class {
    if error.io_error().is_some_and(|io| io.kind() == ErrorKind::UnexpectedEof) {
        return Class::Truncated;
    }
    let text = error.to_string();
    for (part, class) in [
        ("Reached EOF", Class::Truncated),
        ("Unexpected end of slice", Class::Truncated),
        ("only skipped", Class::Truncated),
        ("not valid utf-8", Class::BadUtf8),
        ("max sequence size", Class::TooManyNodes),
        ("recursivity", Class::TooDeep),
        ("enum discriminant", Class::UnknownSymbol),
    ] {
        if text.contains(part) {
            return class;
        }
    }
    Class::Malformed
}

fn resolve_class(error: &apache_avro::Error) -> Class {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the decoder's own errors, which come and go"
    )]
    match error.details() {
        Details::GetEnumDefault { .. }
        | Details::GetEnumSymbol(_)
        | Details::EnumSymbolIndex { .. } => Class::UnknownSymbol,
        Details::ConvertToUtf8(_) => Class::BadUtf8,
        Details::MemoryAllocation { .. } => Class::TooManyNodes,
        Details::DecodeRecursionLimit { .. } => Class::TooDeep,
        _ => Class::WrongType,
    }
}
