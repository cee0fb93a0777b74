//! Lists as providers' documentation shows them, files, state, the comparison, and what would mend it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod bytes;
mod compare;
mod files;
mod lists;
mod mend;
mod state;
mod writing;

use gate_core::{CanonicalAddress, SubjectKey, Timestamp};
use gate_intake::{Source, SourceSpec};
use gate_reconcile::{Answer, Frame};

/// 2026-11-30T12:00:00Z.
const NOW: Timestamp = Timestamp::from_micros(1_796_040_000_000_000);

/// A source as the door has it.
fn source(more: &str) -> Source {
    let yaml = format!(
        "name: main\nprovider: sendgrid\ncontroller: acme-ltd\nbrand: acme\n\
         scopes: {{'1': {{purpose: marketing.newsletter}}, '2': {{purpose: marketing.offers}}}}\n{more}"
    );
    Source::for_lists(SourceSpec::from_yaml(&yaml).unwrap(), &|_| Err("no files".to_owned()))
        .unwrap()
}

fn frame() -> Frame {
    Frame::of(&source("")).unwrap()
}

/// Stands for the keyed hash.
fn key(address: &CanonicalAddress) -> SubjectKey {
    let mut key = [0; 16];
    for (at, byte) in address.expose().bytes().enumerate() {
        key[at % 16] ^= byte.rotate_left(u32::try_from(at / 16).unwrap());
    }
    SubjectKey(key)
}

fn ok(body: &str) -> Answer<'_> {
    Answer { status: 200, retry_after: None, body: body.as_bytes() }
}
