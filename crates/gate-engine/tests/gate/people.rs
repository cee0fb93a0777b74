//! Keys without a secret, policies as they ship, records as JSON.

use gate_codec::{Codec, Format, Kind};
use gate_core::{CanonicalAddress, ContactId, EventKey, PolicySet, SubjectKey, Timestamp};
use gate_engine::Keys;
use std::sync::LazyLock;

/// FNV-1a, 128 bits: different people get different keys, and nobody needs a secret.
pub(crate) struct Plain;

pub(crate) fn hash(kind: &str, text: &str) -> [u8; 16] {
    let bytes = kind.bytes().chain([0]).chain(text.bytes());
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    let step = |hash: u128, byte: u8| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    };
    bytes.fold(start, step).to_be_bytes()
}

impl Keys for Plain {
    fn contact(&self, contact: &ContactId<'_>) -> SubjectKey {
        SubjectKey(hash("contact", contact.expose()))
    }

    fn address(&self, address: &CanonicalAddress) -> SubjectKey {
        SubjectKey(hash(address.kind().as_str(), address.expose()))
    }

    fn event(&self, event_id: &str) -> EventKey {
        EventKey(*hash("event", event_id).first_chunk().unwrap())
    }
}

/// The packs as they ship.
pub(crate) fn policies() -> &'static PolicySet {
    static POLICIES: LazyLock<PolicySet> = LazyLock::new(|| {
        let zones = gate_policy::TimeZones::bundled();
        gate_policy::compile(&gate_policy::bundled(), &zones, "test".into()).unwrap()
    });
    &POLICIES
}

pub(crate) fn codec(kind: Kind) -> Codec {
    Codec::new(Format::Json, kind, None).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}
