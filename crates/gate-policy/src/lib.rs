//! Policy packs as files: what is wrong with them, and what they mean.
//!
//! ```text
//! files (name, text) ─ gate_located ─▶ reader ─ pack, rule, basis, limit, data ─▶ compile ─▶ gate_core::PolicySet
//!                                  └──────────── Problems (all at once) ────────────┘
//! ```
//! A set is valid as a whole or not at all: nothing is loaded while one problem is left. Nothing here names a
//! jurisdiction; format: `docs/reference/packs.md`.
//!
//! Deliberately absent: reading directories and watching them (the shell), and the law itself (gate-core).
#![forbid(unsafe_code)]

mod basis;
mod bundle;
mod case;
mod compile;
mod context;
mod cover;
mod data;
pub mod diff;
mod limit;
mod names;
mod pack;
mod problem;
mod provenance;
mod reader;
mod remark;
mod review;
mod rule;
mod table;
pub mod words;
mod zones;

pub use bundle::bundled;
pub use case::{CaseFile, RawCase, read_cases};
pub use problem::{Problem, Problems, Remark};
pub use table::law_table;
pub use zones::{TimeZones, TzError};

use gate_core::PolicySet;

/// A file of a policy directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path below the directory, `/` as separator, such as `GB.yaml` or `data/zones.csv`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// Where phone number prefixes stand.
pub const NUMBERING: &str = "data/numbering.csv";
/// Where the zones of jurisdictions stand.
pub const ZONES: &str = "data/zones.csv";
/// Where public holidays stand.
pub const HOLIDAYS: &str = "data/holidays.csv";
/// Where similar product groups stand.
pub const PRODUCT_GROUPS: &str = "product-groups.yaml";

/// Whether a file of a policy directory is a pack: `<CODE>.yaml` beside the directory's other files.
#[must_use]
pub fn is_pack(name: &str) -> bool {
    name.ends_with(".yaml")
        && !name.contains('/')
        && !name.ends_with(".cases.yaml")
        && name != PRODUCT_GROUPS
}

/// Whether a file belongs to a policy set at all; cases and other files are ignored.
#[must_use]
pub fn is_policy_file(name: &str) -> bool {
    is_pack(name) || [NUMBERING, ZONES, HOLIDAYS, PRODUCT_GROUPS].contains(&name)
}

/// Compiles a set, or says everything that is wrong with it.
///
/// `revision` tells sets apart; the shell hashes the files.
///
/// # Errors
/// Every problem of every file.
pub fn compile(files: &[File], zones: &TimeZones, revision: String) -> Result<PolicySet, Problems> {
    check(files, zones, revision).map(|(set, _)| set)
}

/// Compiles a set and says what is worth a look in it, in the order of files and lines; the shell asks each remark
/// whether it holds now.
///
/// # Errors
/// Every problem of every file.
pub fn check(
    files: &[File],
    zones: &TimeZones,
    revision: String,
) -> Result<(PolicySet, Vec<Remark>), Problems> {
    let (set, mut remarks) = compile::compile(files, zones, revision)?;
    remarks.sort_by(|one, other| one.problem.cmp(&other.problem));
    Ok((set, remarks))
}
