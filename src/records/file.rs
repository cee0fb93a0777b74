//! A mapping file, with the schemas that it names looked for beside it.

use crate::files;
use aws_lc_rs::digest::{Context, SHA256};
use gate_codec::{Kind, Schemas};
use gate_mapping::{FILE_BYTES_MAX, Given, Mapping, Problem, compile};
use jiff::tz::TimeZoneDatabase;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Raise when the same mapping reads the same record otherwise than before.
const MEANING: u8 = 1;
/// Bytes of a schema or a sample that a mapping names.
const BESIDE_BYTES_MAX: u64 = 16 << 20;

/// A mapping that can be used.
pub struct MappingFile {
    pub(super) mapping: Mapping,
    /// A digest of what it was compiled from.
    pub(super) id: [u8; 8],
}

/// It cannot.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It is not there, or too long, or no text.
    #[error("`{key}`: `{path}`: {source}", path = path.display())]
    File {
        /// The key that names it.
        key: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no mapping, or not a sound one.
    #[error("`{key}`: {problems}`consent-gate mapping check` tells the same")]
    Unsound {
        /// The key that names it.
        key: &'static str,
        /// A line each.
        problems: String,
    },
    /// It gives another record.
    #[error("`{key}`: the mapping `{path}` has `record: {found}`, and the topic holds the other", path = path.display())]
    OtherRecord {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What it gives.
        found: &'static str,
    },
    /// It reads values that name their schemas by ids.
    #[error(
        "`{key}`: the mapping reads values with the id of their schema, which needs `schema_registry.url`"
    )]
    NoRegistry {
        /// The key that names it.
        key: &'static str,
    },
}

impl MappingFile {
    /// The mapping that the configuration names under `key` for records of this kind. `schemas` explains ids of schemas.
    ///
    /// # Errors
    /// It cannot be used; why.
    pub fn open(
        key: &'static str,
        path: &Path,
        kind: Kind,
        schemas: Option<Box<dyn Schemas>>,
    ) -> Result<Self, MappingError> {
        let path_buf = || path.to_owned();
        let (found, id) =
            load(path).map_err(|source| MappingError::File { key, path: path_buf(), source })?;
        let mapping = found.map_err(|problems| {
            let mut text = String::new();
            // writing to a String cannot fail
            for problem in &problems {
                writeln!(text, "{problem}").ok();
            }
            MappingError::Unsound { key, problems: text }
        })?;
        if mapping.kind() != kind {
            let found = mapping.kind().as_str();
            return Err(MappingError::OtherRecord { key, path: path_buf(), found });
        }
        let mapping = match (mapping.needs_registry(), schemas) {
            (false, _) => mapping,
            (true, Some(schemas)) => mapping.with_registry(schemas),
            (true, None) => return Err(MappingError::NoRegistry { key }),
        };
        Ok(Self { mapping, id })
    }
}

/// What a mapping's text says, or its problems; and a digest of the text and of all it names.
type Loaded = (Result<Mapping, Vec<Problem>>, [u8; 8]);

/// Reads and compiles a mapping.
///
/// # Errors
/// Its file cannot be read.
pub(crate) fn load(path: &Path) -> io::Result<Loaded> {
    let text = files::read_text(path, FILE_BYTES_MAX as u64)?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let name = path.display().to_string();
    let digest = RefCell::new(Context::new(&SHA256));
    digest.borrow_mut().update(&[MEANING]);
    digest.borrow_mut().update(gate_policy::TimeZones::bundled_version().as_bytes());
    digest.borrow_mut().update(text.as_bytes());
    let given = Given {
        file: &name,
        files: &|named| {
            let bytes = files::read(&beside.join(named), BESIDE_BYTES_MAX).ok()?;
            let mut digest = digest.borrow_mut();
            digest.update(&(bytes.len() as u64).to_le_bytes());
            digest.update(&bytes);
            Some(bytes)
        },
        zones: &TimeZoneDatabase::bundled(),
    };
    let found = compile(&text, &given);
    let digest = digest.into_inner().finish();
    Ok((found, *digest.as_ref().first_chunk().unwrap_or(&[0; 8])))
}
