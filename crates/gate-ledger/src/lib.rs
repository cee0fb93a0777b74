//! A Merkle log of decisions and consent changes that anybody can check, in the form of C2SP tlog-tiles.
//!
//! ```text
//! content (JSON) + salt ─ commitment ─▶ entry (a line: place and commitment) ─▶ leaf hash ─▶ tree (RFC 6962)
//!                                        tile/entries, tile/salts                tile/0, tile/1 …  ─▶ signed checkpoint
//! ```
//! Invariants: tiles are written before the checkpoint that covers them, and what a checkpoint covers is never written
//! again; a checkpoint names its predecessor by hash. An entry says where something stands in Kafka and commits to what it
//! says; without its salt it says nothing about anybody, and the tree holds all the same.
//!
//! Deliberately absent: Kafka, clocks, randomness, files: storage comes through [`Store`], salts and times as values. The
//! arithmetic is our own: `tlog_tiles` 0.2 has the older paths of Go's checksum database (`tile/8/data/`), and panics on
//! tiles that do not fit; `signed_note` 0.2 brings a second implementation of Ed25519 beside the one that is here.

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "what is added to an enum is looked at wherever its kinds are told apart"
)]

mod checkpoint;
mod content;
mod difference;
mod entry;
mod hash;
mod note;
mod proof;
mod reader;
mod store;
mod tile;
mod tree;
mod verify;
mod writer;

pub use checkpoint::{Checkpoint, CheckpointError, Position, Signed};
pub use content::{Salt, canonical_json, commitment};
pub use difference::{Difference, first_difference};
pub use entry::{Entry, Kind, Place};
pub use hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash, sha256};
pub use note::{KeyError, NoteError, PublicKey, SigningKey, signed_text};
pub use proof::{Proof, inclusion_path, path_root};
pub use reader::{CHECKPOINT, Latest, Ledger, ReadError};
pub use store::{MemoryStore, Store};
pub use tile::{TILE_WIDTH, Tile};
pub use tree::Tree;
pub use verify::{Fault, Finding, Report, Visitor, Window, verify_tiles};
pub use writer::{OpenError, WriteError, Writer};
