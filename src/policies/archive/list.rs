//! All policy sets that are kept, wherever they are, the oldest first.

use super::super::PolicySource;
use super::super::revision::Revision;
use super::directory::Directory;
use super::find::{Home, compile, present};
use super::set::{KeptSet, SetFiles};
use super::topic::SetsTopic;
use crate::config::Config;
use crate::exit::ExitCode;
use gate_core::Timestamp;
use gate_policy::TimeZones;
use std::collections::{BTreeMap, BTreeSet};

/// Revisions that are told apart; what is beyond is in [`Listing::n_more`].
const LISTED_MAX: usize = 10_000;
/// Files and records that are no sets and are told.
const DAMAGED_MAX: usize = 100;

/// A set that is kept.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub revision: Revision,
    /// When a gate first took it up; `None` for one that no gate has kept.
    pub first_seen: Option<Timestamp>,
    /// Version of the time zones it was judged with.
    pub tz_version: String,
    /// Version of the gate that kept it.
    pub gate_version: Option<String>,
    /// Its packs with their versions, or why this version cannot load it.
    pub packs: Result<Vec<(String, String)>, String>,
    /// Where it is.
    pub homes: BTreeSet<Home>,
}

/// What is kept, and what could not be told.
#[derive(Debug, Default)]
pub struct Listing {
    /// The sets, the first seen first; those no gate has kept last.
    pub sets: Vec<Listed>,
    /// Files and records that are no sets, with their places.
    pub damaged: Vec<String>,
    /// Places that could not be looked at, and what that means.
    pub unread: Vec<(String, ExitCode)>,
    /// What came beyond the bounds.
    pub n_more: usize,
}

/// Everything that is kept.
///
/// # Errors
/// The configured time zones cannot be read.
pub fn list(config: &Config) -> Result<Listing, super::super::PolicyFailure> {
    let zones = PolicySource::of(&config.policies).zones()?;
    let mut found = Finding { zones, sets: BTreeMap::new(), rest: Listing::default() };
    for (home, place, set) in present(config) {
        match set {
            Ok(set) => found.add(home, &set, None),
            Err(error) => found.rest.unread.push((format!("{place}: {error}"), ExitCode::Config)),
        }
    }
    found.add_directory(&Directory::of(&config.state.dir));
    found.add_topic(&SetsTopic::of(config));
    let Finding { sets, rest, .. } = found;
    let mut sets: Vec<Listed> = sets.into_values().collect();
    sets.sort_by_key(|set| (set.first_seen.is_none(), set.first_seen));
    Ok(Listing { sets, ..rest })
}

struct Finding {
    zones: TimeZones,
    sets: BTreeMap<Revision, Listed>,
    rest: Listing,
}

impl Finding {
    fn add(&mut self, home: Home, set: &SetFiles, kept: Option<(Timestamp, String)>) {
        let is_full = self.sets.len() >= LISTED_MAX;
        if is_full && !self.sets.contains_key(set.revision()) {
            self.rest.n_more += 1;
            return;
        }
        let zones = &self.zones;
        let listed = self.sets.entry(set.revision().clone()).or_insert_with(|| Listed {
            revision: set.revision().clone(),
            first_seen: None,
            tz_version: set.tz_version().to_owned(),
            gate_version: None,
            packs: packs(set, zones),
            homes: BTreeSet::new(),
        });
        listed.homes.insert(home);
        if let Some((first_seen, gate_version)) = kept
            && listed.first_seen.is_none_or(|known| first_seen < known)
        {
            listed.first_seen = Some(first_seen);
            listed.gate_version = Some(gate_version);
        }
    }

    fn add_kept(&mut self, home: Home, kept: KeptSet) {
        self.add(home, &kept.set, Some((kept.first_seen, kept.gate_version)));
    }

    fn add_damaged(&mut self, text: String) {
        if self.rest.damaged.len() < DAMAGED_MAX {
            self.rest.damaged.push(text);
        } else {
            self.rest.n_more += 1;
        }
    }

    fn add_directory(&mut self, directory: &Directory) {
        let revisions = match directory.revisions() {
            Ok(revisions) => revisions,
            Err(error) => return self.rest.unread.push((error.to_string(), ExitCode::Storage)),
        };
        for revision in revisions {
            match directory.get(&revision) {
                Ok(Some(kept)) => self.add_kept(Home::Directory, kept),
                Ok(None) => {} // moved away meanwhile
                Err(error) => self.add_damaged(error.to_string()),
            }
        }
    }

    fn add_topic(&mut self, topic: &SetsTopic) {
        let read = topic.read(&mut || false, &|_| true, &mut |seen| match seen.set {
            Ok(kept) => self.add_kept(Home::Topic, kept),
            Err(why) => self.add_damaged(format!("{}: {why}", seen.place)),
        });
        if let Err(failure) = read {
            self.rest.unread.push((failure.to_string(), failure.class.into()));
        }
    }
}

fn packs(set: &SetFiles, zones: &TimeZones) -> Result<Vec<(String, String)>, String> {
    let set = compile(set, zones).map_err(|error| error.to_string())?;
    let packs = set.packs().iter();
    Ok(packs.map(|pack| (pack.code.as_str().to_owned(), pack.version.clone())).collect())
}
