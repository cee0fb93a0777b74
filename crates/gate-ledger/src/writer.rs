//! Appends to the log, and commits by a checkpoint.
//!
//! A tile is written as soon as it is full, partial ones before a checkpoint, and nothing of it counts before the file
//! `checkpoints/N` is there, which is made and never replaced: of two writers one makes it, and the other is told. Whatever was
//! written behind the newest checkpoint, by a writer that was killed, is written again. After an error a writer is opened anew.

use crate::checkpoint::{Checkpoint, Position, Signed};
use crate::content::Salt;
use crate::entry::Entry;
use crate::note::SigningKey;
use crate::reader::{CHECKPOINT, Ledger, ReadError, checkpoint_path};
use crate::store::Store;
use crate::tile::{TILE_WIDTH, Tile, width_in, write_entries, write_hashes, write_salts};
use crate::tree::{Full, Tree};
use std::collections::BTreeMap;
use std::io;

/// Why a log cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Something is not there or not what it should be.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tiles are not what was signed.
    #[error("the tiles are not what checkpoint {ordinal} has signed ({size} leaves)")]
    Root {
        /// Its number.
        ordinal: u64,
        /// Its leaves.
        size: u64,
    },
}

/// Why nothing more is committed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Storage refused.
    #[error("cannot write `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Somebody else writes.
    #[error("checkpoint {ordinal} is there already: another ledger writes to the same place")]
    Fenced {
        /// Its number.
        ordinal: u64,
    },
}

/// Whoever appends.
pub struct Writer<S> {
    store: S,
    key: SigningKey,
    tree: Tree,
    /// Of the tile that is not full.
    entries: Vec<Vec<u8>>,
    salts: Vec<Salt>,
    last: Option<Signed>,
    /// Next offset of each partition, of what was appended.
    positions: BTreeMap<Position, i64>,
    topics: BTreeMap<String, String>,
    /// Tiles that have become full since the last checkpoint, and may have been there in part before.
    full: Vec<(Tile, u64)>,
    /// Leaves that were there when it was opened.
    opened_at: u64,
}

/// Behind the newest checkpoint so many leaves at most were written by a writer that was killed, with partial tiles of its own.
const LEFT_MAX: u64 = 1 << 18;

impl<S: Store> Writer<S> {
    /// Continues the log behind its newest checkpoint, or begins one.
    ///
    /// # Errors
    /// What is there is not what was signed.
    pub fn open(store: S, key: SigningKey) -> Result<Self, OpenError> {
        let ledger = Ledger::new(&store, key.public());
        let last = ledger.latest()?;
        let size = last.as_ref().map_or(0, |it| it.checkpoint.size);
        let tree = ledger.tree(size)?;
        let number = size / TILE_WIDTH;
        let width = size % TILE_WIDTH;
        let (mut entries, mut salts) = (Vec::new(), Vec::new());
        if width > 0 {
            entries = ledger.entries(number, width)?;
            salts = ledger.salts(number, width)?;
        }
        if let Some(Signed { checkpoint, .. }) = &last {
            let is_whole = entries.len() as u64 == width;
            if !is_whole || tree.root() != checkpoint.root {
                return Err(OpenError::Root { ordinal: checkpoint.ordinal, size });
            }
        }
        let (positions, topics) = last
            .as_ref()
            .map(|it| (it.checkpoint.positions.clone(), it.checkpoint.topics.clone()))
            .unwrap_or_default();
        let (full, opened_at) = (Vec::new(), size);
        Ok(Self { store, key, tree, entries, salts, last, positions, topics, full, opened_at })
    }

    /// The newest checkpoint.
    #[must_use]
    pub fn last(&self) -> Option<&Signed> {
        self.last.as_ref()
    }

    /// Next offset of each partition.
    #[must_use]
    pub fn positions(&self) -> &BTreeMap<Position, i64> {
        &self.positions
    }

    /// Ids of topics, by name.
    #[must_use]
    pub fn topics(&self) -> &BTreeMap<String, String> {
        &self.topics
    }

    /// Leaves, with those that no checkpoint covers yet.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Leaves that no checkpoint covers yet.
    #[must_use]
    pub fn n_uncovered(&self) -> u64 {
        self.size() - self.last.as_ref().map_or(0, |it| it.checkpoint.size)
    }

    /// Notes the id of a topic.
    pub fn set_topic(&mut self, topic: &str, id: &str) {
        self.topics.insert(topic.to_owned(), id.to_owned());
    }

    /// Everything of the partition before this offset has been appended.
    pub fn set_position(&mut self, topic: &str, partition: i32, next: i64) {
        self.positions.insert((topic.to_owned(), partition), next);
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// A tile cannot be written.
    pub fn append(&mut self, entry: &Entry, salt: Salt) -> Result<(), WriteError> {
        let mut full: Vec<Full> = Vec::new();
        self.tree.append_telling(entry.leaf_hash(), &mut |tile| full.push(tile));
        self.entries.push(entry.to_string().into_bytes());
        self.salts.push(salt);
        if self.entries.len() as u64 == TILE_WIDTH {
            let number = self.tree.size() / TILE_WIDTH - 1;
            self.put_full(Tile::Entries, number, &write_entries(&self.entries))?;
            self.put_full(Tile::Salts, number, &write_salts(&self.salts))?;
            self.entries.clear();
            self.salts.clear();
        }
        for Full { level, number, hashes } in full {
            self.put_full(Tile::Hashes(level), number, &write_hashes(&hashes))?;
        }
        Ok(())
    }

    fn put_full(&mut self, tile: Tile, number: u64, bytes: &[u8]) -> Result<(), WriteError> {
        self.put(&tile.path(number), bytes)?;
        // most were never there in part, and to look for that costs an answer of the storage each
        let last = self.last.as_ref().map_or(0, |it| it.checkpoint.size);
        let begins = number.saturating_mul(tile.span());
        if begins <= last || begins <= self.opened_at.saturating_add(LEFT_MAX) {
            self.full.push((tile, number));
        }
        Ok(())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), WriteError> {
        self.store.put(path, bytes).map_err(|source| io_error(path, source))
    }

    /// Commits what was appended; `None` when that is nothing.
    ///
    /// # Errors
    /// It is not known to be committed: open the log again. [`WriteError::Fenced`]: it is not.
    pub fn commit(&mut self, time: &str) -> Result<Option<&Signed>, WriteError> {
        if self.n_uncovered() == 0 {
            return Ok(None);
        }
        self.put_partial()?;
        self.sync()?;
        let signed = Checkpoint {
            origin: self.key.public().name().to_owned(),
            size: self.tree.size(),
            root: self.tree.root(),
            ordinal: self.last.as_ref().map_or(0, |it| it.checkpoint.ordinal + 1),
            previous: self.last.as_ref().map(Signed::hash),
            time: time.to_owned(),
            topics: self.topics.clone(),
            positions: self.positions.clone(),
        }
        .sign(&self.key);
        let ordinal = signed.checkpoint.ordinal;
        let path = checkpoint_path(ordinal);
        let is_ours = self.store.create(&path, &signed.note);
        if !is_ours.map_err(|source| io_error(&path, source))? {
            return Err(WriteError::Fenced { ordinal });
        }
        self.sync()?;
        self.put(CHECKPOINT, &signed.note)?;
        for (tile, number) in std::mem::take(&mut self.full) {
            let partials = tile.partials(number);
            self.store.remove_all(&partials).map_err(|source| io_error(&partials, source))?;
        }
        self.last = Some(signed);
        Ok(self.last.as_ref())
    }

    fn put_partial(&self) -> Result<(), WriteError> {
        let size = self.tree.size();
        let number = size / TILE_WIDTH;
        let width = width_in(size, number);
        if width > 0 {
            self.put(&Tile::Entries.partial_path(number, width), &write_entries(&self.entries))?;
            self.put(&Tile::Salts.partial_path(number, width), &write_salts(&self.salts))?;
        }
        for (level, number, hashes) in self.tree.partial() {
            let path = Tile::Hashes(level).partial_path(number, hashes.len() as u64);
            self.put(&path, &write_hashes(hashes))?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), WriteError> {
        self.store.sync().map_err(|source| io_error("", source))
    }
}

fn io_error(path: &str, source: io::Error) -> WriteError {
    WriteError::Io { path: path.to_owned(), source }
}

impl<S> Writer<S> {
    /// The storage.
    #[must_use]
    pub fn into_store(self) -> S {
        self.store
    }

    /// The same, to look at.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
