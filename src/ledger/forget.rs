//! Deletes the salts of what is about a person: nobody can test any more what those entries said, and the tree holds.
//!
//! What is about them is looked for in Kafka, and in the Parquet files for what Kafka has deleted. A tile that `ledger run` is
//! still filling is its own: unless it is stopped, what stands there is for later.

use super::archive::Files;
use super::{LedgerError, Storage};
use crate::config::Config;
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{Patience, Positions};
use crate::outputs::Output;
use gate_core::SubjectKey;
use gate_ledger::{Entry, Kind, Ledger, PublicKey, Salt, Store as _, TILE_WIDTH, Tile};
use gate_log::{DecisionBatch, hex};
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

/// Places that are about one person, at most.
const PLACES_MAX: usize = 1_000_000;
/// Longest wait for an answer of the brokers.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Longest silence while something is read.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Who is forgotten: one key or both.
#[derive(Clone, Copy, Debug, Default)]
pub struct Person {
    /// By contact id.
    pub contact: Option<SubjectKey>,
    /// By address.
    pub address: Option<SubjectKey>,
}

impl Person {
    /// Whether a full key is one of theirs.
    #[must_use]
    pub fn has(&self, key: &[u8; 16]) -> bool {
        [self.contact, self.address].into_iter().flatten().any(|own| own.0 == *key)
    }

    /// The same by what the log has of keys.
    fn is_of(&self, contact: Option<&[u8]>, address: Option<&[u8]>) -> bool {
        let begins = |own: Option<SubjectKey>, key: Option<&[u8]>| {
            own.zip(key).is_some_and(|(own, key)| own.0.starts_with(key))
        };
        begins(self.contact, contact) || begins(self.address, address)
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Salts that were deleted now.
    pub n_deleted: u64,
    /// That were deleted before.
    pub n_before: u64,
    /// That stand in the tile a running ledger is filling.
    pub n_later: u64,
}

/// Whether a consent change names somebody.
pub type NamesThem<'n> = &'n mut dyn FnMut(&Record<'_>) -> Result<bool, LedgerError>;

/// Deletes the salts of the decisions about a person, and of the consent changes that name them.
///
/// # Errors
/// Kafka or the ledger cannot be read, or not be written.
pub fn forget(
    config: &Config,
    key: &PublicKey,
    person: &Person,
    names_them: NamesThem<'_>,
) -> Result<Forgotten, LedgerError> {
    let about = About::find(config, person, names_them)?;
    let (store, writing) = Storage::beside(&config.ledger)?;
    let ledger = Ledger::new(&store, key);
    let size = ledger.latest()?.map_or(0, |it| it.checkpoint.size);
    let mut forgotten = Forgotten::default();
    for number in 0..size.div_ceil(TILE_WIDTH) {
        let width = (size - number * TILE_WIDTH).min(TILE_WIDTH);
        let entries = ledger.entries(number, width)?;
        let theirs = entries.iter().enumerate().filter(|(_, line)| about.has(line));
        let theirs: Vec<usize> = theirs.map(|(nth, _)| nth).collect();
        if theirs.is_empty() {
            continue;
        }
        let salts = ledger.salts(number, width)?;
        let is_deleted = |nth: &&usize| salts.get(**nth).is_some_and(Salt::is_deleted);
        let n_before = theirs.iter().filter(is_deleted).count() as u64;
        let n_new = theirs.len() as u64 - n_before;
        forgotten.n_before += n_before;
        if width < TILE_WIDTH && writing.is_none() {
            forgotten.n_later += n_new;
            continue;
        }
        delete(&store, number, &theirs)?;
        forgotten.n_deleted += n_new;
    }
    store.sync().map_err(io_error("sync", &store.name()))?;
    if let Some(writing) = writing {
        writing.end();
    }
    Ok(forgotten)
}

/// In the tile, and in every state it was in before it was full.
fn delete(store: &Storage, number: u64, theirs: &[usize]) -> Result<(), LedgerError> {
    let partials = Tile::Salts.partials(number);
    let mut paths = store.list(&partials).map_err(io_error("list", &partials))?;
    paths.push(Tile::Salts.path(number));
    for path in paths {
        let failed = io_error("delete salts in", &path);
        let Some(mut bytes) = store.get(&path).map_err(&failed)? else { continue };
        for nth in theirs {
            let (from, len) = (nth * Salt::DELETED.0.len(), Salt::DELETED.0.len());
            if let Some(salt) = bytes.get_mut(from..from + len) {
                salt.fill(0);
            }
        }
        store.put(&path, &bytes).map_err(&failed)?;
    }
    Ok(())
}

fn io_error(action: &'static str, path: &str) -> impl Fn(std::io::Error) -> LedgerError {
    let path = PathBuf::from(path);
    move |source| LedgerError::Io { action, path: path.clone(), source }
}

/// What is about them.
#[derive(Default)]
struct About {
    /// Messages that were decided about.
    sources: HashSet<String>,
    /// Consent changes.
    changes: HashSet<(i32, i64)>,
    consent_topic: String,
}

impl About {
    fn find(
        config: &Config,
        person: &Person,
        names_them: NamesThem<'_>,
    ) -> Result<Self, LedgerError> {
        let mut about =
            Self { consent_topic: config.topics.consent_change.clone(), ..Self::default() };
        if let Some(files) = Files::of(&config.ledger)? {
            let keys = [person.contact, person.address];
            let [contact, address] = keys.map(|key| key.map(|key| hex(&key.0)).unwrap_or_default());
            files.sources_of(&contact, &address, &mut about.sources)?;
        }
        let observer = Observer::of(config);
        let decision_log = config.topics.outputs.of(Output::DecisionLog).as_str();
        let topics = [decision_log, &config.topics.consent_change];
        let from = observer.since(&topics, None, ANSWER_MAX)?;
        let patience = Patience::Silence(SILENCE_MAX);
        observer.read::<LedgerError>(&from, &Positions::new(), patience, &mut |record| {
            if record.topic == decision_log {
                let batch = record.value.and_then(|value| DecisionBatch::decode(value).ok());
                let entries = batch.iter().flat_map(|batch| batch.entries());
                let theirs = entries.filter(|it| person.is_of(it.contact, it.address));
                about.sources.extend(theirs.map(|it| it.source().to_string()));
            } else if names_them(record)? {
                about.changes.insert((record.partition, record.offset));
            }
            if about.sources.len() + about.changes.len() > PLACES_MAX {
                let says = format!("more than {PLACES_MAX} places are about them");
                return Err(LedgerError::Archive(says));
            }
            Ok(())
        })?;
        Ok(about)
    }

    fn has(&self, line: &[u8]) -> bool {
        let Some(Entry { kind, place, about, .. }) = Entry::parse(line) else { return false };
        match kind {
            Kind::Decision => about.is_some_and(|source| self.sources.contains(&source)),
            Kind::Change => {
                place.topic == self.consent_topic
                    && self.changes.contains(&(place.partition, place.offset))
            }
            Kind::Record | Kind::Gap => false,
        }
    }
}
