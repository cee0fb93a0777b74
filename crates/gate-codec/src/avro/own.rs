//! Our own schemas, compiled in from `schemas/`: the reader schemas, and those the single-object encoding knows.
//!
//! When a schema gains a field, its released text moves to `schemas/released/` and into [`KNOWN`] here, so
//! that records written with it stay readable.

use super::plan::Plan;
use crate::class::{CodecError, EncodeError};
use crate::kind::{CONSENT_CHANGE_SCHEMA, Kind, OUTBOUND_MESSAGE_SCHEMA};
use apache_avro::rabin::Rabin;
use serde::Serialize;
use std::sync::LazyLock;

/// Older released schemas that may still arrive in the single-object encoding.
const KNOWN: [(Kind, &str); 3] = [
    // before `content` gained contact_address, ad_label, template_id and header_id
    (Kind::OutboundMessage, include_str!("../../../../schemas/released/outbound-message-1.avsc")),
    // before `content.bulk`, `recipient.kind` and `recipient.jurisdiction_verified_at`
    (Kind::OutboundMessage, include_str!("../../../../schemas/released/outbound-message-2.avsc")),
    // before `expires_at`, `recipient_kind` and `new_address`
    (Kind::ConsentChange, include_str!("../../../../schemas/released/consent-change-1.avsc")),
];

struct Own {
    fast: serde_avro_fast::Schema,
    reader: apache_avro::Schema,
}

static CONSENT_CHANGE_PARSED: LazyLock<Option<Own>> =
    LazyLock::new(|| parse(CONSENT_CHANGE_SCHEMA));
static OUTBOUND_MESSAGE_PARSED: LazyLock<Option<Own>> =
    LazyLock::new(|| parse(OUTBOUND_MESSAGE_SCHEMA));

fn parse(text: &str) -> Option<Own> {
    Some(Own { fast: text.parse().ok()?, reader: apache_avro::Schema::parse_str(text).ok()? })
}

fn own(kind: Kind) -> Option<&'static Own> {
    match kind {
        Kind::ConsentChange => CONSENT_CHANGE_PARSED.as_ref(),
        Kind::OutboundMessage => OUTBOUND_MESSAGE_PARSED.as_ref(),
    }
}

/// The reader schema.
pub(crate) fn reader(kind: Kind) -> Option<&'static apache_avro::Schema> {
    own(kind).map(|own| &own.reader)
}

/// The fingerprint of the current schema, as it stands in a single-object header.
pub(crate) fn fingerprint(kind: Kind) -> Option<&'static [u8; 8]> {
    own(kind).map(|own| own.fast.rabin_fingerprint())
}

/// A schema the single-object encoding may name.
pub(crate) struct KnownSchema {
    fingerprints: [[u8; 8]; 2],
    pub(crate) plan: Plan,
}

impl KnownSchema {
    /// Whether this fingerprint names it.
    pub(crate) fn has(&self, fingerprint: &[u8; 8]) -> bool {
        self.fingerprints.contains(fingerprint)
    }
}

/// Every schema of this kind that the single-object encoding may name.
pub(crate) fn known(kind: Kind) -> Result<Vec<KnownSchema>, CodecError> {
    let older = KNOWN.iter().filter(|(of, _)| *of == kind).map(|(_, text)| *text);
    let texts = std::iter::once(kind.schema()).chain(older);
    let broken = || CodecError::OwnSchema(kind.as_str());
    let now = reader(kind).ok_or_else(broken)?;
    texts.map(|text| known_schema(now, text).ok_or_else(broken)).collect()
}

/// Both fingerprints name the same schema: the specification's, and the one that Rust producers on apache-avro
/// write. That library leaves `{"type":"long"}` where the specification says `"long"` once a logical type is
/// stripped (seen in 0.23.0-rc0), so its fingerprint of a schema with timestamps is its own.
fn known_schema(now: &apache_avro::Schema, text: &str) -> Option<KnownSchema> {
    let Own { fast, reader: writer } = parse(text)?;
    let of_apache: [u8; 8] = writer.fingerprint::<Rabin>().bytes.try_into().ok()?;
    Some(KnownSchema {
        fingerprints: [*fast.rabin_fingerprint(), of_apache],
        plan: Plan::judge(now, text, &[]).ok()?,
    })
}

/// Appends a datum under the current schema.
pub(crate) fn append_datum(
    kind: Kind,
    value: &impl Serialize,
    out: Vec<u8>,
) -> Result<Vec<u8>, EncodeError> {
    let own = own(kind).ok_or(EncodeError::Schema)?;
    let mut config = serde_avro_fast::ser::SerializerConfig::new(&own.fast);
    serde_avro_fast::to_datum(value, out, &mut config).map_err(|_| EncodeError::Schema)
}
