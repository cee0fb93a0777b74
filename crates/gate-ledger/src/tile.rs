//! Tiles and their paths, as C2SP tlog-tiles has them: 256 hashes of a level, or 256 entries, or their salts.
//!
//! `tile/0/x001/234`, `tile/entries/000`, and `tile/1/000.p/17` as long as only 17 of the 256 are there. Salts stand beside
//! them in the same way, `tile/salts/000`: the standard does not know them, and the tree does not cover them.

use crate::content::Salt;
use crate::entry::ENTRY_BYTES_MAX;
use crate::hash::Hash;

/// Hashes, entries or salts of a whole tile.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree that a level of tiles has.
pub(crate) const TILE_HEIGHT: u32 = 8;
/// Levels of tiles of the largest tree there can be.
pub(crate) const TILE_LEVELS_MAX: u8 = 8;
const HASH_BYTES: usize = 32;

/// What a tile has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// Hashes of this level of tiles; 0 is that of the leaves.
    Hashes(u8),
    /// Entries.
    Entries,
    /// Their salts.
    Salts,
}

impl Tile {
    fn name(self) -> String {
        match self {
            Self::Hashes(level) => level.to_string(),
            Self::Entries => "entries".to_owned(),
            Self::Salts => "salts".to_owned(),
        }
    }

    /// How many leaves a whole one is about.
    pub(crate) fn span(self) -> u64 {
        match self {
            Self::Hashes(level) => TILE_WIDTH.saturating_pow(u32::from(level).saturating_add(1)),
            Self::Entries | Self::Salts => TILE_WIDTH,
        }
    }

    /// Where the tile of this number lies when it is whole.
    #[must_use]
    pub fn path(self, number: u64) -> String {
        format!("tile/{}/{}", self.name(), path_of(number))
    }

    /// Where it lies as long as only so many are in it.
    #[must_use]
    pub fn partial_path(self, number: u64, width: u64) -> String {
        format!("{}{width}", self.partials(number))
    }

    /// Where it lies in a tree in which so many are in it.
    #[must_use]
    pub fn path_at(self, number: u64, width: u64) -> String {
        if width >= TILE_WIDTH { self.path(number) } else { self.partial_path(number, width) }
    }

    /// What the paths of its partial states begin with.
    #[must_use]
    pub fn partials(self, number: u64) -> String {
        format!("{}.p/", self.path(number))
    }
}

/// A number in groups of three digits, so that no directory grows large: `x001/x234/067`.
pub(crate) fn path_of(number: u64) -> String {
    let mut path = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    path
}

/// Number of hashes or entries of a tree in its tile of this number.
pub(crate) fn width_in(n_of_level: u64, number: u64) -> u64 {
    n_of_level.saturating_sub(number.saturating_mul(TILE_WIDTH)).min(TILE_WIDTH)
}

/// Writes hashes behind each other.
pub(crate) fn write_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads them; `None` when the bytes are no whole number of hashes.
pub(crate) fn read_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    rest.is_empty().then(|| hashes.iter().map(|hash| Hash(*hash)).collect())
}

/// Writes salts behind each other.
pub(crate) fn write_salts(salts: &[Salt]) -> Vec<u8> {
    salts.iter().flat_map(|salt| salt.0).collect()
}

/// Reads them.
pub(crate) fn read_salts(bytes: &[u8]) -> Option<Vec<Salt>> {
    Some(read_hashes(bytes)?.into_iter().map(|salt| Salt(salt.0)).collect())
}

/// Writes entries, each behind its length in two bytes.
pub(crate) fn write_entries(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 2).sum());
    for entry in entries {
        // lines are short by construction, see `ENTRY_BYTES_MAX`
        let len = u16::try_from(entry.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(entry.get(..usize::from(len)).unwrap_or_default());
    }
    out
}

/// Reads them; `None` when the lengths do not fit the bytes.
pub(crate) fn read_entries(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk::<2>() {
        let len = usize::from(u16::from_be_bytes(*len));
        let (entry, rest) = rest.split_at_checked(len)?;
        if len > ENTRY_BYTES_MAX {
            return None;
        }
        entries.push(entry.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_standard() {
        assert_eq!(Tile::Hashes(0).path(0), "tile/0/000");
        assert_eq!(Tile::Hashes(4).path(1_234_067), "tile/4/x001/x234/067");
        assert_eq!(Tile::Entries.path_at(1_234, 256), "tile/entries/x001/234");
        assert_eq!(Tile::Entries.path_at(1_234, 17), "tile/entries/x001/234.p/17");
        assert_eq!(Tile::Salts.partials(7), "tile/salts/007.p/");
        assert_eq!((width_in(300, 0), width_in(300, 1), width_in(300, 2)), (256, 44, 0));
    }

    #[test]
    fn bundles_read_back_and_damaged_ones_do_not() {
        let entries = vec![b"one".to_vec(), Vec::new(), b"three".to_vec()];
        let bytes = write_entries(&entries);
        assert_eq!(read_entries(&bytes), Some(entries));
        assert_eq!(read_entries(&[]), Some(Vec::new()));
        for wrong in [&bytes[..bytes.len() - 1], &bytes[1..], &[0], &[0, 9, 1]] {
            assert_eq!(read_entries(wrong), None, "{wrong:?}");
        }
        assert_eq!(read_hashes(&[0; 33]), None);
        assert_eq!(read_salts(&[0; 64]), Some(vec![Salt::DELETED; 2]));
    }
}
