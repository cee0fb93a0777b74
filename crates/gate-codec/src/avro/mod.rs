//! Avro: framing, and which schema a datum was written with.
//!
//! Two framings: the Confluent wire format (`00`, 4-byte big-endian schema id, datum), whose ids a registry
//! explains, and the single-object encoding (`C3 01`, 8-byte little-endian Rabin fingerprint, datum), where
//! only fingerprints of schemas compiled in here are known. Per schema one [`plan::Plan`] is made and kept.
//!
//! Deliberately absent: ids carried in record headers, and 8-byte global ids. They look like the 4-byte form
//! and must never be guessed.

pub(super) mod cache;
pub(super) mod datum;
pub(super) mod own;
pub(super) mod plan;
mod resolved;

use crate::class::Class;

/// Splits the Confluent wire format into schema id and datum.
pub(super) fn confluent(value: &[u8]) -> Result<(u32, &[u8]), Class> {
    match value {
        // ids are positive 32-bit numbers; a registry answers a larger one as it answers a wrong address
        [0, 0x80..=0xFF, _, _, _, ..] => Err(Class::UnknownSchema),
        [0, a, b, c, d, datum @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), datum)),
        [0, ..] => Err(Class::Truncated),
        _ => Err(Class::WrongMagic),
    }
}

/// Splits the single-object encoding into fingerprint and datum.
pub(super) fn single_object(value: &[u8]) -> Result<(&[u8; 8], &[u8]), Class> {
    match value {
        [0xC3, 0x01, rest @ ..] => rest.split_first_chunk().ok_or(Class::Truncated),
        [0xC3] => Err(Class::Truncated),
        _ => Err(Class::WrongMagic),
    }
}
