//! What a checkpoint says about itself: one line of JSON, and a second one that seals it.
//!
//! The seal is a keyed hash of the first line. Its key comes from the pepper, so a checkpoint of other
//! people's making cannot be slipped into a directory that several machines share.
//!
//! INVARIANT: nothing of a manifest is used before its seal was found right, and a file name in it is one
//! that RocksDB gives, never a path.

use super::Rejection;
use crate::headers::unhex;
use crate::store::header::{self, STORE_LAYOUT};
use crate::store::{Identity, PARTITIONS_MAX, RebuildReason};
use aws_lc_rs::hmac;
use gate_core::ConsentState;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// The file inside a checkpoint.
pub(super) const MANIFEST_FILE: &str = "checkpoint.json";
/// Raise when the meaning of a field changes.
const VERSION: u32 = 1;
/// Room for the positions of the most partitions and a few thousand files.
const MANIFEST_BYTES_MAX: u64 = 16 << 20;
/// Files of one checkpoint: table files of 32 MiB make this 3 TiB.
pub(super) const FILES_MAX: usize = 100_000;

/// Seals manifests, and tells whether a seal is right.
#[derive(Clone)]
pub struct Seal(hmac::Key);

impl Seal {
    /// With a key that is derived from the pepper.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }
}

/// One file of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// As RocksDB calls it.
    pub name: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: String,
}

/// What a checkpoint says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    store_layout: u8,
    state_format: u8,
    /// Unix time at which it was complete, in milliseconds, by the clock of its maker.
    pub made_at_ms: i64,
    /// Who made it.
    pub instance_id: String,
    /// Kafka's cluster id.
    pub cluster_id: String,
    /// Name of the consent topic.
    pub topic: String,
    /// Kafka's id of that topic; empty when it was not known.
    pub topic_id: String,
    /// Fingerprint of the pepper, hexadecimal.
    pub pepper_id: String,
    /// Digest of the mapping by which the records were read, hexadecimal; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping_id: Option<String>,
    /// The next offset of each partition: everything before it is in the states.
    pub positions: Vec<i64>,
    /// Its files, all of them.
    pub files: Vec<FileEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealLine {
    seal: String,
}

impl Manifest {
    pub(super) fn new(
        identity: &Identity,
        instance_id: &str,
        made_at_ms: i64,
        positions: Vec<i64>,
        files: Vec<FileEntry>,
    ) -> Self {
        Self {
            version: VERSION,
            store_layout: STORE_LAYOUT,
            state_format: ConsentState::FORMAT,
            made_at_ms,
            instance_id: instance_id.to_owned(),
            cluster_id: identity.cluster_id.clone(),
            topic: identity.topic.clone(),
            topic_id: identity.topic_id.clone(),
            pepper_id: hex(&identity.pepper_id),
            mapping_id: (identity.mapping_id != [0; 8]).then(|| hex(&identity.mapping_id)),
            positions,
            files,
        }
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Records of the log that need not be folded again, if no offset is a marker or compacted away.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.positions.iter().map(|position| position.unsigned_abs()).sum()
    }

    /// Whether subjects are keyed with the pepper of this fingerprint.
    #[must_use]
    pub fn has_pepper(&self, pepper_id: &[u8; 8]) -> bool {
        self.pepper_id == hex(pepper_id)
    }

    /// Whether it is a fold of the same log by the same program.
    ///
    /// # Errors
    /// What differs. An unknown topic id, of either side, counts as different: the topic may have been made
    /// anew, and its records would be taken for those the states were folded from.
    pub(super) fn check(&self, wanted: &Identity) -> Result<(), Rejection> {
        let found = Identity {
            cluster_id: self.cluster_id.clone(),
            topic: self.topic.clone(),
            topic_id: self.topic_id.clone(),
            partitions: u32::try_from(self.positions.len()).unwrap_or(u32::MAX),
            pepper_id: unhex(&self.pepper_id).ok_or(Rejection::Manifest("its pepper id"))?,
            mapping_id: match &self.mapping_id {
                Some(id) => unhex(id).ok_or(Rejection::Manifest("its mapping id"))?,
                None => [0; 8],
            },
        };
        header::check_identity(&found, wanted).map_err(Rejection::Foreign)?;
        if found.topic_id.is_empty() || wanted.topic_id.is_empty() {
            return Err(Rejection::TopicIdUnknown);
        }
        Ok(())
    }

    /// The two lines.
    fn encode(&self, seal: &Seal) -> io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec(self)?;
        let tag = hmac::sign(&seal.0, &text);
        text.push(b'\n');
        text.extend(serde_json::to_vec(&SealLine { seal: hex(tag.as_ref()) })?);
        text.push(b'\n');
        Ok(text)
    }

    /// Writes it into the directory of its checkpoint, to stay.
    pub(in crate::store) fn write(&self, dir: &Path, seal: &Seal) -> io::Result<()> {
        let mut file = crate::files::create_private(&dir.join(MANIFEST_FILE))?;
        file.write_all(&self.encode(seal)?)?;
        file.sync_all()
    }

    /// Reads and checks the manifest in the directory of a checkpoint.
    pub(in crate::store) fn read(dir: &Path, seal: &Seal) -> Result<Self, Rejection> {
        let mut text = Vec::new();
        File::open(dir.join(MANIFEST_FILE))
            .and_then(|file| file.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut text))
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound if dir.exists() => Rejection::Manifest("there is none"),
                _ => Rejection::io("read its manifest", &error),
            })?;
        if text.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(Rejection::Manifest("its size"));
        }
        Self::decode(&text, seal)
    }

    fn decode(text: &[u8], seal: &Seal) -> Result<Self, Rejection> {
        let mut lines = text.split_inclusive(|byte| *byte == b'\n');
        let (Some([body @ .., b'\n']), Some([sealed @ .., b'\n']), None) =
            (lines.next(), lines.next(), lines.next())
        else {
            return Err(Rejection::Manifest("its lines"));
        };
        let tag = serde_json::from_slice::<SealLine>(sealed).ok();
        let tag = tag.and_then(|line| unhex::<32>(&line.seal));
        let tag = tag.ok_or(Rejection::Manifest("its seal"))?;
        hmac::verify(&seal.0, body, &tag).map_err(|_| Rejection::Seal)?;
        let found: Self =
            serde_json::from_slice(body).map_err(|_| Rejection::Manifest("its fields"))?;
        found.check_own()?;
        Ok(found)
    }

    fn check_own(&self) -> Result<(), Rejection> {
        if self.version != VERSION || self.store_layout != STORE_LAYOUT {
            return Err(Rejection::Foreign(RebuildReason::StoreLayout));
        }
        if self.state_format != ConsentState::FORMAT {
            return Err(Rejection::Foreign(RebuildReason::StateFormat));
        }
        let is_plausible = self.positions.len() <= PARTITIONS_MAX as usize
            && self.positions.iter().all(|position| *position >= 0)
            && self.files.len() <= FILES_MAX;
        if !is_plausible {
            return Err(Rejection::Manifest("its positions or files"));
        }
        match self.files.iter().all(|file| is_database_file(&file.name)) {
            true => Ok(()),
            false => Err(Rejection::Manifest("the name of a file")),
        }
    }
}

/// Whether a file of this name never changes once it is written.
pub(super) fn is_table(name: &str) -> bool {
    name.strip_suffix(".sst").is_some_and(is_number)
}

/// Whether RocksDB has files of this name that belong to a database: table files, its manifest, the name of
/// that, options, and a log, which is empty here.
pub(super) fn is_database_file(name: &str) -> bool {
    let numbered = |prefix: &str| name.strip_prefix(prefix).is_some_and(is_number);
    name == "CURRENT"
        || is_table(name)
        || numbered("MANIFEST-")
        || numbered("OPTIONS-")
        || name.strip_suffix(".log").is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Hexadecimal, as in manifests.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            cluster_id: "cluster".into(),
            topic: "consent-change".into(),
            topic_id: "id".into(),
            partitions: 2,
            pepper_id: [7; 8],
            mapping_id: [0; 8],
        }
    }

    fn manifest() -> Manifest {
        let file = FileEntry { name: "000012.sst".into(), bytes: 5, sha256: hex(&[1; 32]) };
        Manifest::new(&identity(), "gate-1", 1_000, vec![3, 0], vec![file])
    }

    fn seal() -> Seal {
        Seal::new(&[9; 32])
    }

    #[test]
    fn a_manifest_comes_back_and_no_byte_of_it_changes_unseen() {
        let text = manifest().encode(&seal()).unwrap();
        assert_eq!(Manifest::decode(&text, &seal()).unwrap(), manifest());
        assert_eq!(manifest().check(&identity()).ok(), Some(()));
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            let found = Manifest::decode(&changed, &seal());
            assert!(found.is_err() || found.as_ref().ok() == Some(&manifest()), "byte {at}");
            // a capital letter in the hexadecimal seal is the same seal
            assert!(Manifest::decode(&text[..at], &seal()).is_err(), "prefix {at}");
        }
        let other = Manifest::decode(&text, &Seal::new(&[8; 32]));
        assert!(matches!(other, Err(Rejection::Seal)), "{other:?}");
    }

    #[test]
    fn a_sealed_manifest_may_still_be_unusable() {
        for spoil in [
            (|m| m.files[0].name = "../../etc/passwd".into()) as fn(&mut Manifest),
            |m| m.files[0].name = "LOCK".into(),
            |m| m.files[0].name = ".sst".into(),
            |m| m.positions[0] = -1,
            |m| m.version += 1,
            |m| m.store_layout += 1,
            |m| m.state_format += 1,
        ] {
            let mut spoilt = manifest();
            spoil(&mut spoilt);
            let text = spoilt.encode(&seal()).unwrap();
            assert!(Manifest::decode(&text, &seal()).is_err(), "{spoilt:?}");
        }
    }

    #[test]
    fn a_checkpoint_of_another_log_is_told_apart() {
        let why = |change: fn(&mut Identity)| {
            let mut wanted = identity();
            change(&mut wanted);
            match manifest().check(&wanted) {
                Err(Rejection::Foreign(reason)) => Some(reason),
                _ => None,
            }
        };
        use RebuildReason as Reason;
        assert_eq!(why(|i| i.cluster_id.push('2')), Some(Reason::OtherCluster));
        assert_eq!(why(|i| i.topic.push('2')), Some(Reason::OtherTopic));
        assert_eq!(why(|i| i.topic_id.push('2')), Some(Reason::TopicRecreated));
        assert_eq!(why(|i| i.partitions += 1), None, "partitions that were added are read");
        assert_eq!(why(|i| i.partitions -= 1), Some(Reason::PartitionsChanged));
        assert_eq!(why(|i| i.pepper_id[0] += 1), Some(Reason::OtherPepper));
        let unknown = Identity { topic_id: String::new(), ..identity() };
        assert!(matches!(manifest().check(&unknown), Err(Rejection::TopicIdUnknown)));
        let made_unknown = Manifest { topic_id: String::new(), ..manifest() };
        assert!(matches!(made_unknown.check(&identity()), Err(Rejection::TopicIdUnknown)));
    }
}
