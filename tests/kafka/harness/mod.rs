//! What the tests on a real broker are made of. Start with `gate.rs`, `load.rs` and `oracle.rs`.

pub(crate) mod avro;
pub(crate) mod broker;
pub(crate) mod data;
pub(crate) mod decision_log;
pub(crate) mod drain;
pub(crate) mod environment;
pub(crate) mod figures;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod ledger;
pub(crate) mod load;
pub(crate) mod markers;
pub(crate) mod objects;
pub(crate) mod oracle;
mod oracle_tests;
mod orphans;
pub(crate) mod packs;
pub(crate) mod produce;
pub(crate) mod prometheus;
pub(crate) mod proxy;
pub(crate) mod random;
pub(crate) mod readers;
pub(crate) mod registry;
pub(crate) mod topics;
pub(crate) mod unreadable;
