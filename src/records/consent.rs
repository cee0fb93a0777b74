//! Consent changes: one a record in our own forms, through a mapping any number.

use super::{MappingFile, Origin, is_plain};
use gate_codec::{Codec, ConsentChangeRecord, DecodeError, Unreadable, consent_of_record};
use gate_core::{ConsentChange, SubjectKey};
use gate_engine::{Keys, Suspects, suspects, suspects_of};
use std::borrow::Cow;
use std::sync::Arc;

/// A change with the name of the system that says so, which the law does not look at.
#[derive(Debug)]
pub struct Change<'a> {
    /// What it says.
    pub change: ConsentChange<'a>,
    /// Who says so.
    pub source: Option<Cow<'a, str>>,
}

/// The changes of one record: all of them count, or none.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one change is what there nearly always is, and costs no allocation"
)]
pub enum Changes<'a> {
    /// One.
    One(Change<'a>),
    /// Any other number; none when a mapping says that the record is no change.
    Several(Vec<Change<'a>>),
}

impl<'a> Changes<'a> {
    /// All of them, in their order.
    #[must_use]
    pub fn all(&self) -> &[Change<'a>] {
        match self {
            Self::One(change) => std::slice::from_ref(change),
            Self::Several(changes) => changes,
        }
    }
}

/// Reads the records of `topics.consent_change`.
#[derive(Clone)]
pub struct ConsentRecords {
    plain: Arc<Codec>,
    mapping: Option<Arc<MappingFile>>,
}

impl ConsentRecords {
    /// `plain` reads the records of ours, `mapping` all others.
    #[must_use]
    pub fn new(plain: Codec, mapping: Option<MappingFile>) -> Self {
        Self { plain: Arc::new(plain), mapping: mapping.map(Arc::new) }
    }

    /// Which mapping reads the topic: a digest of its files, zeros without one.
    #[must_use]
    pub fn mapping_id(&self) -> [u8; 8] {
        self.mapping.as_ref().map_or([0; 8], |file| file.id)
    }

    /// Reads the changes of a record.
    ///
    /// # Errors
    /// Unreadable: a possible opt-out of whoever it is about. Unavailable: hold.
    pub fn read<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
    ) -> Result<Changes<'a>, DecodeError> {
        let Some(file) = self.mapping_of(origin) else {
            let (change, source) = self.plain.decode_sourced_consent(value)?;
            return Ok(Changes::One(Change { change, source }));
        };
        Ok(match file.mapping.map_consent(value, origin)? {
            gate_mapping::Changes::One(record) => Changes::One(understood(record)?),
            several => {
                let all: Result<Vec<_>, Unreadable> =
                    several.into_records().map(understood).collect();
                Changes::Several(all?)
            }
        })
    }

    /// Reads the changes as they are written, for export: symbols and names are not judged.
    ///
    /// # Errors
    /// As [`ConsentRecords::read`].
    pub fn written<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
    ) -> Result<Vec<ConsentChangeRecord<'a>>, DecodeError> {
        match self.mapping_of(origin) {
            None => Ok(vec![self.plain.decode_consent_record(value)?]),
            Some(file) => Ok(file.mapping.map_consent(value, origin)?.into_records().collect()),
        }
    }

    /// Whom a record that cannot be read may be about. The key of `origin` is looked at only if `names_contact`.
    ///
    /// # Errors
    /// Those of `is_known`.
    pub fn suspects<'a, E>(
        &'a self,
        keys: &impl Keys,
        value: Option<&'a [u8]>,
        (origin, names_contact): (Origin<'a>, bool),
        is_known: impl FnMut(SubjectKey) -> Result<bool, E>,
    ) -> Result<Suspects, E> {
        let key = origin.key.filter(|_| names_contact);
        let Some(file) = self.mapping.as_deref() else {
            return suspects(&self.plain, keys, (key, value), is_known);
        };
        // one of ours that cannot be read as such may be a producer's with our header copied onto it
        let plain = if is_plain(origin.headers) { self.plain.salvage(value) } else { None };
        let said = match plain {
            Some(who) => vec![who],
            None => file.mapping.salvage(value, origin).unwrap_or_default(),
        };
        // of several people a key names one
        let is_one = !file.mapping.gives_several() && !Codec::may_be_several(value);
        suspects_of(&said, keys, key.filter(|_| is_one), is_known)
    }

    /// Whether a record of its producer's form may speak about several people.
    #[must_use]
    pub fn may_give_several(&self, origin: Origin<'_>) -> bool {
        self.mapping_of(origin).is_some_and(|file| file.mapping.gives_several())
    }

    fn mapping_of(&self, origin: Origin<'_>) -> Option<&MappingFile> {
        self.mapping.as_deref().filter(|_| !is_plain(origin.headers))
    }
}

fn understood(mut record: ConsentChangeRecord<'_>) -> Result<Change<'_>, Unreadable> {
    let source = record.source.take();
    Ok(Change { change: consent_of_record(record)?, source })
}
