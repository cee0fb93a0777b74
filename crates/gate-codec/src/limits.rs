//! The budget of one decode: bytes, depth, nodes. Everything an input can make us do is bounded here.
//!
//! [`Progress`] travels through the readers of one value. It also remembers *why* a reader gave up, since
//! serde's error types carry only text.

use crate::class::{Class, CodecError, Unreadable};
use serde::de::Error;
use std::cell::Cell;

/// Longest value that is read, in bytes.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting; the value itself is at depth 1.
pub const DEPTH_MAX: usize = 16;
/// Most values (objects, arrays and scalars) in one value.
pub const NODES_MAX: usize = 10_000;
/// Longest id (event, message, contact), in bytes. Addresses end at `gate_core::ADDRESS_BYTES_MAX`.
pub const ID_BYTES_MAX: usize = 1024;
/// Longest name (purpose, controller, brand, product group, number, registry …), in bytes.
pub const NAME_BYTES_MAX: usize = 512;
/// Longest name of a campaign, in bytes; a longer one is none.
pub const CAMPAIGN_BYTES_MAX: usize = 256;
/// Greatest whole number of JSON that stands for its digits: 2^53 - 1. Beyond, programs that read numbers as doubles have
/// already made one of two (RFC 8259, section 6).
pub const NUMBER_MAX: u64 = (1 << 53) - 1;
/// Most the Avro library may allocate for one value, in bytes.
pub const AVRO_ALLOCATION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Deepest nesting the Avro library follows; unions count there, so it is twice ours.
pub(super) const AVRO_DEPTH_MAX: usize = 2 * DEPTH_MAX;

/// Sets the process-wide limits of the Avro library. They freeze at first use, so this comes first in `main`.
///
/// # Errors
/// When something used the library before.
pub fn init_limits() -> Result<(), CodecError> {
    let bytes = apache_avro::util::max_allocation_bytes(AVRO_ALLOCATION_BYTES_MAX);
    let depth = apache_avro::util::max_decode_recursion_depth(AVRO_DEPTH_MAX);
    if bytes == AVRO_ALLOCATION_BYTES_MAX && depth == AVRO_DEPTH_MAX {
        Ok(())
    } else {
        Err(CodecError::LimitsTooLate)
    }
}

/// How instants and dates are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// As text, RFC 3339.
    Text,
    /// As numbers, Avro's timestamp-micros and date.
    Number,
}

/// The state of one decode.
pub(super) struct Progress<'c> {
    pub(super) notation: Notation,
    /// The attribute of a message that names its campaign.
    pub(super) campaign: &'c str,
    /// Also refuse repeated keys in maps that are only walked over.
    pub(super) strict_maps: bool,
    n_nodes: Cell<usize>,
    class: Cell<Option<Class>>,
    field: Cell<Option<&'static str>>,
}

impl<'c> Progress<'c> {
    pub(super) fn new(notation: Notation, campaign: &'c str) -> Self {
        Self {
            notation,
            campaign,
            strict_maps: false,
            n_nodes: Cell::new(0),
            class: Cell::new(None),
            field: Cell::new(None),
        }
    }

    /// Counts a value about to be read at `depth`.
    pub(super) fn enter<E: Error>(&self, depth: usize) -> Result<(), E> {
        let n_nodes = self.n_nodes.get() + 1;
        self.n_nodes.set(n_nodes);
        if n_nodes > NODES_MAX {
            Err(self.fail(Class::TooManyNodes))
        } else if depth > DEPTH_MAX {
            Err(self.fail(Class::TooDeep))
        } else {
            Ok(())
        }
    }

    /// Gives up for this reason; the first one stands.
    pub(super) fn fail<E: Error>(&self, class: Class) -> E {
        if self.class.get().is_none() {
            self.class.set(Some(class));
        }
        E::custom(class.as_str())
    }

    /// Reading stopped within this field; the innermost one stands.
    pub(super) fn stopped_in(&self, path: &'static str) {
        if self.field.get().is_none() {
            self.field.set(Some(path));
        }
    }

    /// Why a reader gave up and where: by itself, or else for what the format says.
    pub(super) fn why(&self, otherwise: impl FnOnce() -> Class) -> Unreadable {
        let class = self.class.get().unwrap_or_else(otherwise);
        Unreadable { class, field: self.field.get() }
    }
}

/// Where a value stands: whose budget it counts against, and how deep.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    pub(super) progress: &'p Progress<'p>,
    pub(super) depth: usize,
}

impl At<'_> {
    /// One level further in.
    pub(super) fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}
