//! The right edge of the tree: what is needed to append leaves and to say the root.
//!
//! Of each level of tiles it holds the hashes of the tile that is not full: fewer than 256 hashes of perfect subtrees of 256ᴸ
//! leaves. RFC 6962's root is those subtrees, joined from the right.

use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::tile::{TILE_HEIGHT, TILE_LEVELS_MAX, TILE_WIDTH};

/// A tile that has become full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) level: u8,
    pub(crate) number: u64,
    pub(crate) hashes: Vec<Hash>,
}

/// A tree that leaves can be appended to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// By level of tiles.
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    /// A tree of this size with these edges; `None` when they do not belong together.
    pub(crate) fn of_edge(size: u64, edge: Vec<Vec<Hash>>) -> Option<Self> {
        let fits =
            |level: u8, hashes: &[Hash]| u64::try_from(hashes.len()) == Ok(edge_width(size, level));
        let is_whole = (0..TILE_LEVELS_MAX)
            .all(|level| fits(level, edge.get(usize::from(level)).map_or(&[], Vec::as_slice)));
        is_whole.then_some(Self { size, edge })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_telling(leaf, &mut |_| {});
    }

    /// Appends a leaf and tells which tiles have become full by it.
    pub(crate) fn append_telling(&mut self, leaf: Hash, is_full: &mut dyn FnMut(Full)) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..TILE_LEVELS_MAX {
            let at = usize::from(level);
            if self.edge.len() <= at {
                self.edge.push(Vec::new());
            }
            let Some(hashes) = self.edge.get_mut(at) else { return };
            hashes.push(hash);
            if (hashes.len() as u64) < TILE_WIDTH {
                return;
            }
            let hashes = std::mem::take(hashes);
            hash = perfect_root(&hashes);
            let number = (self.size >> (TILE_HEIGHT * u32::from(level))) / TILE_WIDTH - 1;
            is_full(Full { level, number, hashes });
        }
    }

    /// The hashes of each level's tile that is not full: level, number of the tile, hashes.
    pub(crate) fn partial(&self) -> impl Iterator<Item = (u8, u64, &[Hash])> {
        (0..TILE_LEVELS_MAX).zip(&self.edge).filter(|(_, hashes)| !hashes.is_empty()).map(
            |(level, hashes)| {
                let number = (self.size >> (TILE_HEIGHT * u32::from(level))) / TILE_WIDTH;
                (level, number, hashes.as_slice())
            },
        )
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut root = None;
        // from the right: small subtrees first
        for hashes in &self.edge {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                // the last perfect subtree among them has as many as the lowest bit of their number says
                let len = 1usize << rest.len().trailing_zeros();
                let (before, last) = rest.split_at(rest.len() - len);
                let subtree = perfect_root(last);
                root = Some(root.map_or(subtree, |right| node_hash(subtree, right)));
                rest = before;
            }
        }
        root.unwrap_or(EMPTY_ROOT)
    }
}

/// How many hashes the tile of a level that is not full has in a tree of this size.
pub(crate) fn edge_width(size: u64, level: u8) -> u64 {
    (size >> (TILE_HEIGHT * u32::from(level))) % TILE_WIDTH
}

/// Root over hashes whose number is a power of two.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => EMPTY_ROOT,
        [one] => *one,
        [..] => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(perfect_root(left), perfect_root(right))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use proptest::prelude::*;

    /// RFC 6962, 2.1, as it stands there.
    pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => EMPTY_ROOT,
            1 => leaves[0],
            n => {
                let k = n.next_power_of_two() / 2;
                node_hash(naive_root(&leaves[..k]), naive_root(&leaves[k..]))
            }
        }
    }

    pub(crate) fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn roots_of_the_reference() {
        // the eight leaves of certificate-transparency's own tests, and the roots of its trees
        let data: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        assert_eq!(tree.root(), EMPTY_ROOT);
        for (data, root) in data.into_iter().zip(roots) {
            tree.append(leaf_hash(data));
            assert_eq!(tree.root().to_hex(), root);
        }
    }

    #[test]
    fn every_small_tree_and_those_around_a_tile_are_those_of_the_standard() {
        let leaves = leaves(66_000);
        let mut tree = Tree::default();
        for (n, leaf) in leaves.iter().enumerate() {
            if n <= 600 || matches!(n, 65_535..=65_540 | 65_792) {
                assert_eq!(tree.root(), naive_root(&leaves[..n]), "{n}");
            }
            tree.append(*leaf);
        }
        assert_eq!(tree.root(), naive_root(&leaves));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_tree_goes_on_from_its_edge(n in 0u64..70_000, more in 0u64..300) {
            let leaves = leaves(n + more);
            let (before, behind) = leaves.split_at(usize::try_from(n).unwrap());
            let mut tree = Tree::default();
            before.iter().for_each(|leaf| tree.append(*leaf));
            let mut again = Tree::of_edge(n, tree.edge.clone()).unwrap();
            behind.iter().for_each(|leaf| again.append(*leaf));
            prop_assert_eq!(again.root(), naive_root(&leaves));
            prop_assert!(n == 0 || Tree::of_edge(n - 1, tree.edge).is_none());
        }
    }
}
