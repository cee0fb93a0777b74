//! One policy set as it is kept: its files, and what they were judged with, in a form that stands alone for years.
//!
//! JSON packed with zstd (`zstdcat FILE | jq`), with the version of the form in front. JSON, because somebody may have to read it with
//! nothing of ours at hand; packed, because a set of ours has 370 KB and a record of Kafka at most a megabyte.
//!
//! INVARIANT: a set that was read has the revision of its files, and names that cannot lead out of a directory. What does
//! not is refused as a whole: a file cut short, one of somebody else, a set under another name.

use super::super::FILES_MAX;
use super::super::revision::Revision;
use crate::headers::rfc3339;
use gate_core::Timestamp;
use gate_policy::File;
use serde::{Deserialize, Serialize};

/// Bytes of a set as it is kept: a record of a topic as Kafka makes one takes 1,048,588. Ours has 52 KB.
pub(super) const SET_BYTES_MAX: usize = 1_000_000;
/// The same unpacked, as JSON; whatever says it is more is not unpacked.
const JSON_BYTES_MAX: usize = 16 << 20;
/// Bytes of a version; commands print it.
const VERSION_BYTES_MAX: usize = 64;
/// The form that is written, and read.
const FORMAT: u32 = 1;
/// Beyond it a set gets hardly smaller.
const PACK_LEVEL: i32 = 9;

/// What is no set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// More than the bound, packed or unpacked.
    #[error(
        "the set is too large to be kept: {n_bytes} bytes packed, and {SET_BYTES_MAX} fit into a record of Kafka"
    )]
    TooLarge {
        /// As it would be kept.
        n_bytes: usize,
    },
    /// It is not packed as ours are, is cut short, or larger unpacked than a set may be.
    #[error("it cannot be unpacked, or has more than {JSON_BYTES_MAX} bytes then: {0}")]
    Packed(std::io::Error),
    /// It is not what we write.
    #[error("it is no policy set: {0}")]
    Json(#[from] serde_json::Error),
    /// It was written by another version.
    #[error("it has form {0}, and this version reads form {FORMAT}: ask the version that wrote it")]
    Format(u32),
    /// A file that is not one of a policy set, is there twice, or is not in its place.
    #[error("{0:?} is no file of a policy set, or not in the order of names")]
    Name(String),
    /// It is not what it says.
    #[error(
        "its files have revision {found}, not {said:?}: they were changed, or were never that set"
    )]
    Revision {
        /// That of its files.
        found: Revision,
        /// That it bears.
        said: String,
    },
    /// When it was first seen is no time.
    #[error("`first_seen` is no time: {0:?}")]
    FirstSeen(String),
    /// A version that no program and no zones have.
    #[error("{0:?} is no version")]
    Version(String),
}

/// What a set says, and with which zones: all that its revision is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFiles {
    revision: Revision,
    tz_version: String,
    files: Vec<File>,
}

impl SetFiles {
    /// A set of these files, judged with these zones.
    #[must_use]
    pub fn new(mut files: Vec<File>, tz_version: &str) -> Self {
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let revision = Revision::of(&files, tz_version);
        Self { revision, tz_version: tz_version.to_owned(), files }
    }

    /// Its name.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// Version of the time zones it was judged with.
    #[must_use]
    pub fn tz_version(&self) -> &str {
        &self.tz_version
    }

    /// Its files, by name.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }
}

/// A set as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSet {
    /// What it says.
    pub set: SetFiles,
    /// Version of the gate that kept it.
    pub gate_version: String,
    /// When whoever kept it took it up, by its clock.
    pub first_seen: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Form {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    revision: String,
    tz_version: String,
    gate_version: String,
    first_seen: String,
    files: Vec<WrittenFile>,
}

#[derive(Serialize, Deserialize)]
struct WrittenFile {
    name: String,
    text: String,
}

impl KeptSet {
    /// Of this program, at this time.
    #[must_use]
    pub fn new(set: SetFiles, first_seen: Timestamp) -> Self {
        Self { set, gate_version: env!("CARGO_PKG_VERSION").to_owned(), first_seen }
    }

    /// Its name.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        self.set.revision()
    }

    /// As it is kept.
    ///
    /// # Errors
    /// It is larger than [`SET_BYTES_MAX`], or could not be read again.
    pub fn encode(&self) -> Result<Vec<u8>, SetError> {
        let written = Written {
            format: FORMAT,
            revision: self.set.revision.as_str().to_owned(),
            tz_version: self.set.tz_version.clone(),
            gate_version: self.gate_version.clone(),
            first_seen: rfc3339(self.first_seen),
            files: self.set.files.iter().map(WrittenFile::of).collect(),
        };
        let json = serde_json::to_vec(&written)?;
        let packed = packed(&json).map_err(SetError::Packed)?;
        // bounds and names: what cannot be read again is found out now, not in a later year
        Self::decode(&packed)?;
        Ok(packed)
    }

    /// What was kept, if it is all there and unchanged.
    ///
    /// # Errors
    /// It is not.
    pub fn decode(packed: &[u8]) -> Result<Self, SetError> {
        if packed.len() > SET_BYTES_MAX {
            return Err(SetError::TooLarge { n_bytes: packed.len() });
        }
        let json = zstd::bulk::decompress(packed, JSON_BYTES_MAX).map_err(SetError::Packed)?;
        // first, since another form may have other fields
        let Form { format } = serde_json::from_slice(&json)?;
        if format != FORMAT {
            return Err(SetError::Format(format));
        }
        let written: Written = serde_json::from_slice(&json)?;
        for version in [&written.tz_version, &written.gate_version] {
            if version.len() > VERSION_BYTES_MAX || version.chars().any(char::is_control) {
                return Err(SetError::Version(version.chars().take(VERSION_BYTES_MAX).collect()));
            }
        }
        let files: Vec<File> = written.files.into_iter().map(WrittenFile::into_file).collect();
        check_names(&files)?;
        let set = SetFiles::new(files, &written.tz_version);
        if set.revision.as_str() != written.revision {
            return Err(SetError::Revision { found: set.revision, said: written.revision });
        }
        let Ok(first_seen) = written.first_seen.parse::<jiff::Timestamp>() else {
            return Err(SetError::FirstSeen(
                written.first_seen.chars().take(VERSION_BYTES_MAX).collect(),
            ));
        };
        let first_seen = Timestamp::from_micros(first_seen.as_microsecond());
        Ok(Self { set, gate_version: written.gate_version, first_seen })
    }
}

/// With a checksum, which covers what the revision does not: since when, and by whom.
fn packed(json: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(PACK_LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(json)
}

impl WrittenFile {
    fn of(file: &File) -> Self {
        Self { name: file.name.clone(), text: file.text.clone() }
    }

    fn into_file(self) -> File {
        File { name: self.name, text: self.text }
    }
}

/// Names are those of policy files, each once and in order: they become paths when a set is exported, and are printed.
fn check_names(files: &[File]) -> Result<(), SetError> {
    let mut last = "";
    for (number, file) in files.iter().enumerate() {
        let name = file.name.as_str();
        let is_name = gate_policy::is_policy_file(name) && !name.chars().any(char::is_control);
        if number >= FILES_MAX || name <= last || !is_name {
            return Err(SetError::Name(name.to_owned()));
        }
        last = name;
    }
    Ok(())
}
