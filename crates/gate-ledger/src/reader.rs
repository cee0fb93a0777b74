//! The log as it lies in storage: checkpoints, tiles, and the hashes of subtrees.

use crate::checkpoint::{CheckpointError, Signed};
use crate::content::Salt;
use crate::hash::{Hash, node_hash};
use crate::note::PublicKey;
use crate::store::Store;
use crate::tile::{
    TILE_HEIGHT, TILE_LEVELS_MAX, TILE_WIDTH, Tile, path_of, read_entries, read_hashes, read_salts,
};
use crate::tree::{Tree, edge_width, perfect_root};
use std::io;

/// The newest checkpoint, for whoever asks.
/// Path of the newest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// Where the checkpoint of this number is kept.
pub(crate) fn checkpoint_path(ordinal: u64) -> String {
    format!("checkpoints/{}", path_of(ordinal))
}

/// Something in storage is not there or not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Storage refused.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Not there.
    #[error("`{path}` is missing")]
    Missing {
        /// The file.
        path: String,
    },
    /// Not what it should be.
    #[error("`{path}` {why}")]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

/// The newest checkpoint that was committed.
pub type Latest = Option<Signed>;

/// A log in storage.
pub struct Ledger<'s> {
    store: &'s dyn Store,
    key: &'s PublicKey,
}

impl<'s> Ledger<'s> {
    /// The log of this key in this storage.
    #[must_use]
    pub fn new(store: &'s dyn Store, key: &'s PublicKey) -> Self {
        Self { store, key }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        self.key
    }

    pub(crate) fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.store.get(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })
    }

    fn opened(&self, path: &str) -> Result<Option<Signed>, ReadError> {
        let Some(note) = self.get(path)? else { return Ok(None) };
        let opened = Signed::open(&note, self.key);
        opened.map(Some).map_err(|error: CheckpointError| ReadError::Damaged {
            path: path.to_owned(),
            why: error.to_string(),
        })
    }

    /// The checkpoint of this number.
    ///
    /// # Errors
    /// It cannot be read, or is not signed by the key.
    pub fn checkpoint(&self, ordinal: u64) -> Result<Option<Signed>, ReadError> {
        let Some(signed) = self.opened(&checkpoint_path(ordinal))? else { return Ok(None) };
        if signed.checkpoint.ordinal != ordinal {
            let why = format!("is checkpoint {} and not {ordinal}", signed.checkpoint.ordinal);
            return Err(ReadError::Damaged { path: checkpoint_path(ordinal), why });
        }
        Ok(Some(signed))
    }

    /// The newest checkpoint. One that was kept and not announced any more, because its writer was killed in between, counts.
    ///
    /// # Errors
    /// One cannot be read, or is not signed by the key.
    pub fn latest(&self) -> Result<Latest, ReadError> {
        let mut latest = self.opened(CHECKPOINT)?;
        loop {
            let next = latest.as_ref().map_or(0, |it| it.checkpoint.ordinal + 1);
            match self.checkpoint(next)? {
                Some(newer) => latest = Some(newer),
                None => return Ok(latest),
            }
        }
    }

    /// A tile's bytes in a tree in which so many are in it: as they were written then, or as a part of what was written later.
    fn tile(&self, tile: Tile, number: u64, width: u64) -> Result<(String, Vec<u8>), ReadError> {
        let path = tile.path_at(number, width);
        if let Some(bytes) = self.get(&path)? {
            return Ok((path, bytes));
        }
        let whole = tile.path(number);
        match self.get(&whole)? {
            Some(bytes) => Ok((whole, bytes)),
            None => Err(ReadError::Missing { path }),
        }
    }

    fn read<T>(
        &self,
        tile: Tile,
        number: u64,
        width: u64,
        parse: impl Fn(&[u8]) -> Option<Vec<T>>,
    ) -> Result<Vec<T>, ReadError> {
        let (path, bytes) = self.tile(tile, number, width)?;
        let damaged = |why: String| ReadError::Damaged { path: path.clone(), why };
        let mut all = parse(&bytes).ok_or_else(|| damaged("is damaged".to_owned()))?;
        let n = all.len() as u64;
        let is_whole = path == tile.path(number);
        let wanted = if is_whole { TILE_WIDTH } else { width };
        if n != wanted && tile != Tile::Entries {
            return Err(damaged(format!("has {n} in it and not {wanted}")));
        }
        all.truncate(usize::try_from(width).unwrap_or(usize::MAX));
        Ok(all)
    }

    /// Hashes of a tile.
    pub(crate) fn hashes(
        &self,
        level: u8,
        number: u64,
        width: u64,
    ) -> Result<Vec<Hash>, ReadError> {
        self.read(Tile::Hashes(level), number, width, read_hashes)
    }

    /// Entries of a tile; how many there are is for the caller to look at.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn entries(&self, number: u64, width: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        self.read(Tile::Entries, number, width, read_entries)
    }

    /// Salts of a tile.
    ///
    /// # Errors
    /// They cannot be read, or are fewer.
    pub fn salts(&self, number: u64, width: u64) -> Result<Vec<Salt>, ReadError> {
        self.read(Tile::Salts, number, width, read_salts)
    }

    /// The tree of this size, by its right edge.
    pub(crate) fn tree(&self, size: u64) -> Result<Tree, ReadError> {
        let mut edge = Vec::new();
        for level in 0..TILE_LEVELS_MAX {
            let width = edge_width(size, level);
            let number = (size >> (TILE_HEIGHT * u32::from(level))) / TILE_WIDTH;
            edge.push(if width == 0 { Vec::new() } else { self.hashes(level, number, width)? });
        }
        Tree::of_edge(size, edge).ok_or_else(|| ReadError::Damaged {
            path: "tile".to_owned(),
            why: format!("has no right edge of a tree of {size}"),
        })
    }

    /// Root over the leaves `from..to` of a tree of this size; `from` is where a perfect subtree of that length begins.
    pub(crate) fn subtree(&self, from: u64, to: u64, size: u64) -> Result<Hash, ReadError> {
        let n = to - from;
        if !n.is_power_of_two() {
            let middle = from + n.next_power_of_two() / 2;
            let left = self.subtree(from, middle, size)?;
            return Ok(node_hash(left, self.subtree(middle, to, size)?));
        }
        let height = n.trailing_zeros();
        // a subtree as high as a tile stands in the level above as one hash
        let level = height / TILE_HEIGHT;
        let n_of_level = 1usize << (height % TILE_HEIGHT);
        let at = from >> (TILE_HEIGHT * level);
        let of_tree = size >> (TILE_HEIGHT * level);
        let number = at / TILE_WIDTH;
        let width = crate::tile::width_in(of_tree, number);
        let level = u8::try_from(level).unwrap_or(TILE_LEVELS_MAX);
        let hashes = self.hashes(level, number, width)?;
        let begin = usize::try_from(at % TILE_WIDTH).unwrap_or(usize::MAX);
        let inside = hashes.get(begin..begin.saturating_add(n_of_level));
        inside
            .map(perfect_root)
            .ok_or_else(|| ReadError::Missing { path: Tile::Hashes(level).path_at(number, width) })
    }
}
