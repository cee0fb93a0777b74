//! The records in a file: JSON values behind each other, on as many lines as they like; of Avro one, which has no end of
//! its own.

use super::Format;
use crate::cli::{ExitCode, Failure};
use crate::exit::OrFail as _;
use serde_json::value::RawValue;
use std::io::{self, Read as _};
use std::path::Path;

/// Largest input, in bytes.
const INPUT_BYTES_MAX: u64 = 64 << 20;
/// Most records of an input.
const RECORDS_MAX: usize = 100_000;

/// Reads a file, or standard input without one.
pub(super) fn read_input(path: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut read =
        |input: &mut dyn io::Read| input.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes);
    let read = match path.filter(|path| path.as_os_str() != "-") {
        Some(path) => std::fs::File::open(path).and_then(|mut file| read(&mut file)),
        None => read(&mut io::stdin().lock()),
    };
    let name = path.map_or("standard input".into(), |path| format!("`{}`", path.display()));
    read.or_fail_at(ExitCode::Usage, || format!("cannot read {name}"))?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        let reason = format!("{name} is larger than {} MiB; split it", INPUT_BYTES_MAX >> 20);
        return Err(Failure::new(ExitCode::Usage, reason));
    }
    Ok(bytes)
}

/// The records of an input, each with the bytes that a topic's value would have.
pub(super) struct Records<'i>(Vec<&'i [u8]>);

impl<'i> Records<'i> {
    pub(super) fn of(format: Format, input: &'i [u8]) -> Result<Self, Failure> {
        let records = match format {
            Format::Json => values(input).unwrap_or_else(|| lines(input)),
            _ if input.is_empty() => vec![],
            Format::Avro | Format::AvroSingleObject | Format::AvroDatum => vec![input],
        };
        match records.len() {
            0 => Err(Failure::new(ExitCode::Usage, "there is no record in it")),
            1..=RECORDS_MAX => Ok(Self(records)),
            n => {
                let reason =
                    format!("there are {n} records in it, more than {RECORDS_MAX}: split it");
                Err(Failure::new(ExitCode::Usage, reason))
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'i [u8]> {
        self.0.iter().copied()
    }
}

/// All values, if it holds nothing else.
fn values(input: &[u8]) -> Option<Vec<&[u8]>> {
    let values = serde_json::Deserializer::from_slice(input).into_iter::<&RawValue>();
    values.map(|value| value.ok().map(|value| value.get().as_bytes())).collect()
}

/// Its lines, if one of them is an object by itself; else it is one record that cannot be read.
fn lines(input: &[u8]) -> Vec<&[u8]> {
    let lines = || input.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<&[u8]> = lines().filter(|line| !line.is_empty()).collect();
    let is_object = |line: &&[u8]| {
        line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
    };
    if lines.len() > 1 && lines.iter().any(is_object) { lines } else { vec![input] }
}
