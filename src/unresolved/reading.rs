//! What this configuration makes of a consent change: as the consent reader would, and nothing is applied.

use crate::exit::OrFail as _;
use gate_core::{Address, ConsentChange};

use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use gate_codec::{Class, Codec, DecodeError, Kind, Unreadable};

/// How a value reads.
pub(crate) enum Reading<'a> {
    /// All of it.
    Whole(Box<ConsentChange<'a>>),
    /// Not, or not whose it is, or only half of that; the class and field as in dead letters.
    Unreadable(Unreadable),
}

/// Reads values of `topics.consent_change`.
pub(crate) struct Reader {
    codec: Codec,
    value_bytes_max: usize,
}

/// Reads values of `topics.consent_change`.
pub(crate) fn codec(config: &Config) -> Result<Codec, Failure> {
    Ok(crate::service::codec(config, Kind::ConsentChange)?)
}

impl Reader {
    pub(crate) fn new(config: &Config) -> Result<Self, Failure> {
        Ok(Self { codec: codec(config)?, value_bytes_max: config.limits.value_bytes_max })
    }

    /// One that reads JSON, whatever the topic holds: for what people write by hand.
    pub(crate) fn of_json(config: &Config) -> Result<Self, Failure> {
        let codec = Codec::new(gate_codec::Format::Json, Kind::ConsentChange, None)
            .or_fail(ExitCode::Internal)?;
        Ok(Self { codec, value_bytes_max: config.limits.value_bytes_max })
    }

    pub(crate) fn codec(&self) -> &Codec {
        &self.codec
    }

    /// # Errors
    /// The schema registry cannot be asked now.
    pub(crate) fn read<'a>(&self, value: Option<&'a [u8]>) -> Result<Reading<'a>, Failure> {
        if value.is_some_and(|value| value.len() > self.value_bytes_max) {
            return Ok(Reading::Unreadable(Class::TooLarge.into()));
        }
        match self.codec.decode_consent(value) {
            Ok(change) => Ok(named(change)),
            Err(DecodeError::Unreadable(why)) => Ok(Reading::Unreadable(why)),
            Err(error @ DecodeError::Unavailable { .. }) => {
                Err(Failure::new(ExitCode::TryAgain, error))
            }
        }
    }
}

/// A change counts as read when everybody it names is understood.
fn named(change: ConsentChange<'_>) -> Reading<'_> {
    let is_unclear = |address: &Option<Address<'_>>| {
        address.as_ref().is_some_and(|address| change.canonical(address).is_none())
    };
    let why = if is_unclear(&change.address) {
        Class::InvalidAddress.in_field("address")
    } else if is_unclear(&change.new_address) {
        Class::InvalidAddress.in_field("new_address")
    } else if change.address.is_none() && change.contact_id.is_none() {
        Class::MissingField.in_field("contact_id")
    } else {
        return Reading::Whole(Box::new(change));
    };
    Reading::Unreadable(why)
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
            match reader.read(Some(value.as_bytes())).unwrap() {
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
