//! Records from any self-describing source: JSON text, an Avro datum, a resolved Avro value.
//!
//! One reader for all three, so that they cannot differ in meaning. It borrows text from the input, counts
//! every value against the budget, refuses a repeated key in every object it reads, takes null for absent,
//! and walks over the fields it does not know. Values of the wrong type fall through to serde's defaults,
//! whose error carries no class of ours; the formats name it.

mod leaf;

use self::leaf::{
    Attributes, Date, Flag, Id, Instant, Key, Skip, Text, TextIfAny, TextOrFlag, Version,
};
use crate::class::Class;
use crate::kind::Kind;
use crate::limits::{At, Progress};
use crate::record::{
    ConsentChangeRecord, ContentRecord, ContextRecord, EvidenceRecord, OutboundMessageRecord,
    RecipientRecord,
};
use gate_core::canonical::is_blank;
use gate_core::flags::{CONTEXT_NAMES, CONTEXT_PATHS};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::fmt;

/// Reads one object in place, so that the record is not moved through every layer of serde.
pub(super) struct Object<'p, 'r, T> {
    at: At<'p>,
    into: &'r mut Option<T>,
}

/// A record that is read field by field.
pub(super) trait Fields<'de>: Default {
    /// The names read, in the order `read` numbers them.
    const NAMES: &'static [&'static str];
    /// Their paths from the outermost object, for complaints.
    const PATHS: &'static [&'static str];

    /// Reads the value of field `index`.
    fn read<A: MapAccess<'de>>(
        &mut self,
        index: usize,
        map: &mut A,
        at: At<'_>,
    ) -> Result<(), A::Error>;
}

impl<'p, 'r, T> Object<'p, 'r, T> {
    /// The outermost object.
    pub(super) fn root(progress: &'p Progress<'_>, into: &'r mut Option<T>) -> Self {
        let at = At { progress, depth: 1 };
        Self { at, into }
    }
}

impl<'de, T: Fields<'de>> DeserializeSeed<'de> for Object<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        self.at.progress.enter(self.at.depth)?;
        input.deserialize_any(self)
    }
}

impl<'de, T: Fields<'de>> Visitor<'de> for Object<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if is_blank(text) { Ok(()) } else { Err(self.at.progress.fail(Class::WrongType)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let record = self.into.insert(T::default());
        let at = self.at.inside();
        let mut seen = 0_u64;
        let mut next = 0;
        while let Some(index) = map.next_key_seed(Key { names: T::NAMES, next })? {
            let Some(index) = index else {
                map.next_value_seed(Skip(at))?;
                continue;
            };
            let bit = 1_u64 << (index & 63);
            let stopped =
                || T::PATHS.get(index).into_iter().for_each(|it| at.progress.stopped_in(it));
            if seen & bit != 0 {
                stopped();
                return Err(at.progress.fail(Class::DuplicateKey));
            }
            seen |= bit;
            next = index + 1;
            record.read(index, &mut map, at).inspect_err(|_| stopped())?;
        }
        Ok(())
    }
}

/// Names the fields of a record, what their paths begin with, and how each is read, in one place.
macro_rules! fields {
    ($within:literal $record:ty { $($name:literal => $slot:ident : $reader:ident),* $(,)? }) => {
        impl<'de> Fields<'de> for $record {
            const NAMES: &'static [&'static str] = &[$($name),*];
            const PATHS: &'static [&'static str] = &[$(concat!($within, $name)),*];

            fn read<A: MapAccess<'de>>(
                &mut self,
                index: usize,
                map: &mut A,
                at: At<'_>,
            ) -> Result<(), A::Error> {
                let mut field = 0;
                $(
                    if index == field {
                        fields!(@read $reader, self.$slot, map, at);
                        return Ok(());
                    }
                    field += 1;
                )*
                debug_assert!(index < field, "every name has a field");
                Ok(())
            }
        }
    };
    (@read Object, $slot:expr, $map:ident, $at:ident) => {
        $map.next_value_seed(Object { at: $at, into: &mut $slot })?
    };
    (@read $reader:ident, $slot:expr, $map:ident, $at:ident) => {
        $slot = $map.next_value_seed($reader($at))?
    };
}

fields!("" ConsentChangeRecord<'de> {
    "event_id" => event_id: Id,
    "occurred_at" => occurred_at: Instant,
    "action" => action: Text,
    "contact_id" => contact_id: Id,
    "address" => address: Text,
    "region" => region: Text,
    "channel" => channel: Text,
    "purpose" => purpose: Text,
    "controller" => controller: Text,
    "brand" => brand: Text,
    "basis" => basis: Text,
    "kind" => kind: Text,
    "context" => context: Object,
    "evidence" => evidence: Object,
    "text" => text: Text,
    "to" => to: Text,
    "registry" => registry: Text,
    "listed" => listed: Flag,
    "smtp" => smtp: Text,
    "format" => format: TextIfAny,
    "scope" => scope: Text,
    "keep_suppression" => keep_suppression: Flag,
    "birth_date" => birth_date: Date,
    "message_id" => message_id: Id,
    "source" => source: TextIfAny,
    "expires_at" => expires_at: Instant,
    "recipient_kind" => recipient_kind: Text,
    "new_address" => new_address: Text,
});

fields!("evidence." EvidenceRecord<'de> {
    "method" => method: Text,
    "notice_version" => notice_version: Version,
    "notice_text_sha256" => notice_text_sha256: Text,
    "source" => source: Text,
    "locale" => locale: Text,
    "template_id" => template_id: TextOrFlag,
    "signature" => signature: TextOrFlag,
    "number_named" => number_named: TextOrFlag,
    "not_condition_of_purchase" => not_condition_of_purchase: TextOrFlag,
});

fields!("" OutboundMessageRecord<'de> {
    "message_id" => message_id: Id,
    "channel" => channel: Text,
    "category" => category: Text,
    "purpose" => purpose: Text,
    "controller" => controller: Text,
    "brand" => brand: Text,
    "sender_number" => sender_number: Text,
    "product_group" => product_group: Text,
    "sole_charitable_purpose" => sole_charitable_purpose: Flag,
    "expires_at" => expires_at: Instant,
    "content" => content: Object,
    "recipient" => recipient: Object,
    "attributes" => campaign: Attributes,
});

fields!("content." ContentRecord {
    "promotional" => promotional: Flag,
    "sender_identity" => sender_identity: Flag,
    "postal_address" => postal_address: Flag,
    "unsubscribe" => unsubscribe: Flag,
    "one_click" => one_click: Flag,
    "contact_address" => contact_address: Flag,
    "ad_label" => ad_label: Flag,
    "template_id" => template_id: Flag,
    "header_id" => header_id: Flag,
    "bulk" => bulk: Flag,
});

fields!("recipient." RecipientRecord<'de> {
    "contact_id" => contact_id: Id,
    "address" => address: Text,
    "region" => region: Text,
    "tz" => tz: Text,
    "jurisdiction" => jurisdiction: Text,
    "jurisdiction_verified" => jurisdiction_verified: Flag,
    "jurisdiction_verified_at" => jurisdiction_verified_at: Instant,
    "kind" => kind: TextIfAny,
});

/// The names of `context`: its flags, then `product_group`.
const IN_CONTEXT: [&str; CONTEXT_NAMES.len() + 1] = with_last(CONTEXT_NAMES, "product_group");
const IN_CONTEXT_PATHS: [&str; CONTEXT_NAMES.len() + 1] =
    with_last(CONTEXT_PATHS, "context.product_group");

const fn with_last(
    flags: [&'static str; CONTEXT_NAMES.len()],
    last: &'static str,
) -> [&'static str; CONTEXT_NAMES.len() + 1] {
    let mut names = [last; CONTEXT_NAMES.len() + 1];
    let (first, _) = names.split_at_mut(CONTEXT_NAMES.len());
    first.copy_from_slice(&flags);
    names
}

impl<'de> Fields<'de> for ContextRecord<'de> {
    const NAMES: &'static [&'static str] = &IN_CONTEXT;
    const PATHS: &'static [&'static str] = &IN_CONTEXT_PATHS;

    fn read<A: MapAccess<'de>>(
        &mut self,
        index: usize,
        map: &mut A,
        at: At<'_>,
    ) -> Result<(), A::Error> {
        match self.flags.get_mut(index) {
            Some(flag) => *flag = map.next_value_seed(Flag(at))?,
            None => self.product_group = map.next_value_seed(Text(at))?,
        }
        Ok(())
    }
}

/// The paths of the fields of a kind that are read; anything else is carried.
#[must_use]
pub fn field_paths(kind: Kind) -> Vec<&'static str> {
    let paths = match kind {
        Kind::ConsentChange => {
            [ConsentChangeRecord::PATHS, EvidenceRecord::PATHS, ContextRecord::PATHS]
        }
        Kind::OutboundMessage => {
            [OutboundMessageRecord::PATHS, ContentRecord::PATHS, RecipientRecord::PATHS]
        }
    };
    paths.concat()
}

/// Walks over a value, counting it, without keeping anything.
pub(super) struct Walk<'p>(At<'p>);

impl<'p> Walk<'p> {
    /// The outermost value.
    pub(super) fn root(progress: &'p Progress<'_>) -> Self {
        Self(At { progress, depth: 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        Skip(self.0).deserialize(input)
    }
}

/// Who an otherwise unreadable change is about.
#[derive(Default)]
pub(super) struct WhoRecord<'a> {
    pub(super) contact_id: Option<std::borrow::Cow<'a, str>>,
    pub(super) address: Option<std::borrow::Cow<'a, str>>,
    pub(super) region: Option<std::borrow::Cow<'a, str>>,
    pub(super) channel: Option<std::borrow::Cow<'a, str>>,
}

fields!("" WhoRecord<'de> {
    "contact_id" => contact_id: Id,
    "address" => address: Text,
    "region" => region: Text,
    "channel" => channel: Text,
});
