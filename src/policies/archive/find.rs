//! From a revision to its policy set, wherever that is kept, with the nearest first.

use super::super::revision::Revision;
use super::super::{PolicyFailure, PolicySource};
use super::directory::Directory;
use super::set::SetFiles;
use super::topic::SetsTopic;
use crate::config::Config;
use crate::exit::ExitCode;
use crate::kafka::failure::KafkaFailure;
use gate_core::PolicySet;
use gate_policy::TimeZones;
use std::fmt;

/// Where a set is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// It is the set of `policies.dir` as it is now.
    Configured,
    /// It is the set of this program.
    BuiltIn,
    /// A file below `state.dir`.
    Directory,
    /// A record of `topics.policy_sets`.
    Topic,
}

impl Home {
    /// As programs read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::BuiltIn => "built_in",
            Self::Directory => "directory",
            Self::Topic => "topic",
        }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configured => "policies.dir",
            Self::BuiltIn => "this program",
            Self::Directory => "state.dir",
            Self::Topic => "topic",
        })
    }
}

/// A set as files.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it says.
    pub set: SetFiles,
    /// Where it was.
    pub home: Home,
}

/// A set that was in force once, to be judged with again.
#[derive(Debug)]
pub struct Former {
    /// The set.
    pub set: PolicySet,
    /// Where it was.
    pub home: Home,
    /// The zones are not those of its day.
    pub other_zones: Option<OtherZones>,
}

/// A set is judged with other time zones than it was: hours near a change of clocks may come out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherZones {
    /// Their version when it was in force.
    pub then: String,
    /// Their version here.
    pub here: String,
}

impl fmt::Display for OtherZones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { then, here } = self;
        write!(
            f,
            "time zones {here} in place of {then}: local hours may differ where a law of time has changed in between; \
             `policies.tz_dir` takes a directory of {then}"
        )
    }
}

/// There is no set of that revision to judge with.
#[derive(Debug, thiserror::Error)]
pub enum FormerError {
    /// The text is none.
    #[error("`{0}` is no revision: it has 12 hexadecimal digits, such as 5c0f55de85c5")]
    NotARevision(String),
    /// It is nowhere.
    #[error("policy set {revision} is not found{}", listed(looked))]
    Nowhere {
        /// Which.
        revision: Revision,
        /// Where it was looked for.
        looked: Vec<NotThere>,
    },
    /// What the configuration names cannot be read.
    #[error(transparent)]
    Configured(#[from] PolicyFailure),
    /// It is there, and this version does not understand it.
    #[error("policy set {revision} cannot be loaded by this version: {source}")]
    Invalid {
        /// Which.
        revision: Revision,
        /// Why.
        source: PolicyFailure,
    },
}

/// A place where a set is not.
#[derive(Debug)]
pub struct NotThere {
    /// Where.
    pub place: String,
    /// What is there instead, or why it cannot be told.
    pub why: String,
    /// What it means that it cannot be told.
    pub code: Option<ExitCode>,
}

fn listed(looked: &[NotThere]) -> String {
    looked.iter().map(|look| format!("\n    {}: {}", look.place, look.why)).collect()
}

impl FormerError {
    /// How a command ends with it: with a place that cannot be looked at, the answer may be another one.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotARevision(_) => ExitCode::Usage,
            Self::Nowhere { looked, .. } => {
                looked.iter().find_map(|look| look.code).unwrap_or(ExitCode::No)
            }
            Self::Configured(_) | Self::Invalid { .. } => ExitCode::Config,
        }
    }
}

/// The files of a revision: of the configured set, the built-in one, the directory, the topic. Brokers are asked only when it is
/// nowhere else.
///
/// # Errors
/// The text is no revision, or none of them has it; the error says what each has.
pub fn find(config: &Config, revision: &str) -> Result<Found, FormerError> {
    let Some(revision) = Revision::parse(revision) else {
        return Err(FormerError::NotARevision(revision.to_owned()));
    };
    let mut looked = Vec::new();
    for (home, place, set) in present(config) {
        match set {
            Ok(set) if *set.revision() == revision => return Ok(Found { set, home }),
            Ok(set) => looked.push(look(place, format!("{} is there", set.revision()), None)),
            Err(error) => {
                looked.push(look(place, error.to_string(), Some(ExitCode::Config)));
            }
        }
    }
    let directory = Directory::of(&config.state.dir);
    let place = format!("`{}`", directory.path().display());
    match directory.get(&revision) {
        Ok(Some(kept)) => return Ok(Found { set: kept.set, home: Home::Directory }),
        Ok(None) => looked.push(look(place, "not there".to_owned(), None)),
        Err(error) => looked.push(look(place, error.to_string(), Some(ExitCode::Storage))),
    }
    match in_topic(config, &revision) {
        Ok(set) => Ok(Found { set, home: Home::Topic }),
        Err(look) => {
            looked.push(look);
            Err(FormerError::Nowhere { revision, looked })
        }
    }
}

fn look(place: String, why: String, code: Option<ExitCode>) -> NotThere {
    NotThere { place, why, code }
}

/// The sets that are there without an archive, with the zones that are there now.
pub(super) fn present(
    config: &Config,
) -> impl Iterator<Item = (Home, String, Result<SetFiles, PolicyFailure>)> {
    let configured = PolicySource::of(&config.policies);
    let built_in = PolicySource { dir: None, ..configured.clone() };
    let of_dir = configured.dir.clone().map(|dir| {
        let place = format!("`policies.dir` ({})", dir.display());
        (Home::Configured, place, configured)
    });
    let of_program = (Home::BuiltIn, "built into this program".to_owned(), built_in);
    let sources = of_dir.into_iter().chain([of_program]);
    sources.map(|(home, place, source)| (home, place, source.set_files()))
}

fn in_topic(config: &Config, revision: &Revision) -> Result<SetFiles, NotThere> {
    let topic = SetsTopic::of(config);
    let place = format!("topic `{}`", topic.name());
    let mut found = None;
    let mut strange = None;
    let is_wanted = |key: Option<&Revision>| key == Some(revision);
    let read = topic.read(&mut || false, &is_wanted, &mut |seen| match seen.set {
        // any record that proves itself is the set, whatever was written behind it
        Ok(kept) => found = Some(kept.set),
        Err(why) => strange = Some(format!("{}: {why}", seen.place)),
    });
    match (found, read) {
        (Some(set), _) => Ok(set),
        (None, Ok(())) => {
            let why = strange.unwrap_or_else(|| "not there".to_owned());
            Err(look(place, why, None))
        }
        (None, Err(failure)) => {
            let KafkaFailure { cause, fix, class, .. } = failure;
            Err(look(place, format!("{cause} (fix: {fix})"), Some(class.into())))
        }
    }
}

/// The set of a revision, compiled with the zones that are there now, under the revision of its day.
///
/// # Errors
/// As [`find`], and when this version does not understand its files.
pub fn load(config: &Config, revision: &str) -> Result<Former, FormerError> {
    let found = find(config, revision)?;
    let zones = PolicySource::of(&config.policies).zones()?;
    let set = compile(&found.set, &zones).map_err(|source| FormerError::Invalid {
        revision: found.set.revision().clone(),
        source,
    })?;
    let (then, here) = (found.set.tz_version(), zones.version());
    let other_zones =
        (then != here).then(|| OtherZones { then: then.to_owned(), here: here.to_owned() });
    Ok(Former { set, home: found.home, other_zones })
}

pub(super) fn compile(set: &SetFiles, zones: &TimeZones) -> Result<PolicySet, PolicyFailure> {
    let revision = set.revision().as_str().to_owned();
    gate_policy::compile(set.files(), zones, revision).map_err(PolicyFailure::Invalid)
}
