//! What this configuration makes of a consent change: as the consent reader would, and nothing is applied.

use crate::exit::OrFail as _;
use gate_core::{Address, ConsentChange};

use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::records::{Changes, ConsentRecords, KeptRecord, Origin};
use gate_codec::{Class, Codec, DecodeError, Kind, Unreadable};

/// How a value reads.
pub(crate) enum Reading<'a> {
    /// All of it.
    Whole(Box<Changes<'a>>),
    /// Not, or not whose it is, or only half of that; the class and field as in dead letters.
    Unreadable(Unreadable),
}

/// Reads records of `topics.consent_change`.
pub(crate) struct Reader {
    records: ConsentRecords,
    value_bytes_max: usize,
}

impl Reader {
    pub(crate) fn new(config: &Config) -> Result<Self, Failure> {
        let records = crate::service::consent_records(config)?;
        Ok(Self { records, value_bytes_max: config.limits.value_bytes_max })
    }

    /// One that reads JSON, whatever the topic holds: for what people write by hand.
    pub(crate) fn of_json(config: &Config) -> Result<Self, Failure> {
        let codec = Codec::new(gate_codec::Format::Json, Kind::ConsentChange, None)
            .or_fail(ExitCode::Internal)?;
        let records = ConsentRecords::new(codec, None);
        Ok(Self { records, value_bytes_max: config.limits.value_bytes_max })
    }

    pub(crate) fn records(&self) -> &ConsentRecords {
        &self.records
    }

    /// Why a record is not readable; `None` when it is.
    ///
    /// # Errors
    /// The schema registry cannot be asked now.
    pub(crate) fn why_unreadable(
        &self,
        record: &KeptRecord,
    ) -> Result<Option<Unreadable>, Failure> {
        let reading = record.read(|value, origin| self.read(value, origin))?;
        Ok(match reading {
            Reading::Whole(_) => None,
            Reading::Unreadable(why) => Some(why),
        })
    }

    /// Whether a record may speak about several people.
    pub(crate) fn may_give_several(&self, record: &KeptRecord) -> bool {
        record.read(|_, origin| self.records.may_give_several(origin))
    }

    /// # Errors
    /// The schema registry cannot be asked now.
    pub(crate) fn read<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
    ) -> Result<Reading<'a>, Failure> {
        if value.is_some_and(|value| value.len() > self.value_bytes_max) {
            return Ok(Reading::Unreadable(Class::TooLarge.into()));
        }
        match self.records.read(value, origin) {
            Ok(changes) => Ok(match changes.all().iter().find_map(|it| unclear(&it.change)) {
                None => Reading::Whole(Box::new(changes)),
                Some(why) => Reading::Unreadable(why),
            }),
            Err(DecodeError::Unreadable(why)) => Ok(Reading::Unreadable(why)),
            Err(error @ DecodeError::Unavailable { .. }) => {
                Err(Failure::new(ExitCode::TryAgain, error))
            }
        }
    }
}

/// A change counts as read when everybody it names is understood.
fn unclear(change: &ConsentChange<'_>) -> Option<Unreadable> {
    let is_unclear = |address: &Option<Address<'_>>| {
        address.as_ref().is_some_and(|address| change.canonical(address).is_none())
    };
    if is_unclear(&change.address) {
        Some(Class::InvalidAddress.in_field("address"))
    } else if is_unclear(&change.new_address) {
        Some(Class::InvalidAddress.in_field("new_address"))
    } else if change.address.is_none() && change.contact_id.is_none() {
        Some(Class::MissingField.in_field("contact_id"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_somebody_in_full_is_readable() {
        let config = Config::parse("f", "limits: {value_bytes_max: 1024}", []).unwrap();
        let reader = Reader::new(&config).unwrap();
        let class = |who: &str| {
            let value = format!(
                r#"{{"event_id":"1","occurred_at":"2026-11-20T18:30:00Z","action":"opt_out"{who}}}"#
            );
            match reader.read(Some(value.as_bytes()), Origin::of_key(None)).unwrap() {
                Reading::Whole(_) => "whole",
                Reading::Unreadable(why) => why.class.as_str(),
            }
        };
        assert_eq!(class(r#","contact_id":"ana""#), "whole");
        assert_eq!(class(r#","address":"ana@example.net""#), "whole");
        assert_eq!(class(r#","contact_id":"ana","address":"1""#), "invalid_address");
        assert_eq!(class(""), "missing_field");
        assert_eq!(class(&format!(r#","contact_id":"{}""#, "a".repeat(1_024))), "too_large");
    }
}
