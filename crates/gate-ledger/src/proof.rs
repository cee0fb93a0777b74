//! That an entry is in the tree: the hashes beside its way to the root.

use crate::checkpoint::Signed;
use crate::content::{Salt, canonical_json, commitment};
use crate::entry::Entry;
use crate::hash::{Hash, node_hash};
use crate::note::PublicKey;
use crate::reader::{Ledger, ReadError};
use serde_json::{Value, json};

/// What a third party needs to check that an entry is in the log.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Which leaf it is.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// Its salt, unless it was deleted.
    pub salt: Option<Salt>,
    /// What it commits to, where that is still in Kafka.
    pub content: Option<Value>,
    /// The hashes beside its way, from below.
    pub path: Vec<Hash>,
    /// The checkpoint, which has size and root.
    pub checkpoint: Signed,
    /// Who has signed it.
    pub key: PublicKey,
}

impl Proof {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "format": "consent-gate-proof/1",
            "index": self.index,
            "entry": self.entry.to_string(),
            "salt": self.salt.map(|salt| salt.to_hex()),
            "content": self.content,
            "path": self.path.iter().map(|hash| hash.to_hex()).collect::<Vec<_>>(),
            "checkpoint": String::from_utf8_lossy(&self.checkpoint.note),
            "public_key": self.key.to_string(),
        })
    }

    /// Whether all of it holds; what is not known (salt, content) is not asked.
    #[must_use]
    pub fn holds(&self) -> bool {
        let signed = Signed::open(&self.checkpoint.note, &self.key);
        let Ok(Signed { checkpoint, .. }) = signed else { return false };
        let root = path_root(self.index, checkpoint.size, self.entry.leaf_hash(), &self.path);
        let is_committed = match (&self.salt, &self.content) {
            (Some(salt), Some(content)) => {
                commitment(salt, &canonical_json(content)) == self.entry.commitment
            }
            (Some(_), None) | (None, Some(_)) | (None, None) => true,
        };
        root == Some(checkpoint.root) && is_committed
    }
}

/// The hashes beside the way of a leaf in a tree of this size, from below (RFC 6962, 2.1.1).
///
/// # Errors
/// Tiles cannot be read, or there is no such leaf.
pub fn inclusion_path(ledger: &Ledger<'_>, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
    if index >= size {
        let path = format!("leaf {index} of {size}");
        return Err(ReadError::Missing { path });
    }
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + (to - from).next_power_of_two() / 2;
        if index < middle {
            path.push(ledger.subtree(middle, to, size)?);
            to = middle;
        } else {
            path.push(ledger.subtree(from, middle, size)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The root that a leaf and its path give; `None` when the path is none of such a leaf (RFC 9162, 2.1.3.2).
#[must_use]
pub fn path_root(index: u64, size: u64, leaf: Hash, path: &[Hash]) -> Option<Hash> {
    let (mut at, mut last) = (index, size.checked_sub(1).filter(|last| index <= *last)?);
    let mut root = leaf;
    for beside in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            root = node_hash(*beside, root);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            root = node_hash(root, *beside);
        }
        at /= 2;
        last /= 2;
    }
    (last == 0).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::sample;
    use crate::note::SigningKey;
    use crate::store::MemoryStore;
    use crate::writer::Writer;

    fn written(n: u64) -> (MemoryStore, SigningKey, Signed) {
        let key = || SigningKey::of_seed("log", [7; 32]).unwrap();
        let mut writer = Writer::open(MemoryStore::default(), key()).unwrap();
        for n in 0..n {
            writer.append(&sample(n), Salt([1; 32])).unwrap();
        }
        let signed = writer.commit("now").unwrap().unwrap().clone();
        let (store, key) = (writer.into_store(), key());
        (store, key, signed)
    }

    #[test]
    fn every_proof_of_every_size_holds_and_no_other() {
        for size in (1..=200).chain([256, 257, 300, 511, 600]) {
            let (store, key, signed) = written(size);
            let ledger = Ledger::new(&store, key.public());
            let root = signed.checkpoint.root;
            for index in 0..size {
                let path = inclusion_path(&ledger, index, size).unwrap();
                let leaf = sample(index).leaf_hash();
                assert_eq!(path_root(index, size, leaf, &path), Some(root), "{index} of {size}");
                let other = sample(index + 1).leaf_hash();
                assert_ne!(path_root(index, size, other, &path), Some(root));
                if size > 1 {
                    let place = (index + 1) % size;
                    assert_ne!(path_root(place, size, leaf, &path), Some(root));
                    let short = &path[..path.len() - 1];
                    assert_ne!(path_root(index, size, leaf, short), Some(root));
                }
            }
            assert!(inclusion_path(&ledger, size, size).is_err());
            assert_eq!(path_root(size, size, root, &[]), None);
        }
    }

    #[test]
    fn a_proof_is_of_its_content_salt_and_key() {
        let (store, key, signed) = written(3);
        let ledger = Ledger::new(&store, key.public());
        let path = inclusion_path(&ledger, 1, 3).unwrap();
        let proof = Proof {
            index: 1,
            entry: sample(1),
            salt: None,
            content: None,
            path,
            checkpoint: signed,
            key: key.public().clone(),
        };
        assert!(proof.holds());
        assert!(!Proof { index: 2, ..proof.clone() }.holds());
        assert!(!Proof { entry: sample(2), ..proof.clone() }.holds());
        let said = Proof { salt: Some(Salt([1; 32])), content: Some(json!(1)), ..proof.clone() };
        assert!(!said.holds(), "it commits to something else");
        let other = SigningKey::of_seed("log", [8; 32]).unwrap();
        assert!(!Proof { key: other.public().clone(), ..proof.clone() }.holds());
        assert_eq!(proof.to_json()["salt"], Value::Null);
    }
}
