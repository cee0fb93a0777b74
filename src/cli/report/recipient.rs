//! Who a message was for, as the keyed hashes under which the gate knows them. Nothing else leaves here.

use gate_core::{CanonicalAddress, OutboundMessage};
use serde_json::{Value, json};

use crate::cli::{ExitCode, Failure};
use crate::codec::{Codec, DecodeError, Kind};
use crate::config::{self, Config};
use crate::identity::Pepper;
use crate::metrics::ProbeRecipient;
use crate::record::{hex, probe_recipient};

/// Reads recipients out of the values of the outputs, which are those of the input.
pub(super) struct Reader {
    codec: Codec,
    value_bytes_max: usize,
    /// None: this user cannot read it, and nobody is told apart.
    pepper: Option<Pepper>,
}

/// What a value says of its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    Known(Keys),
    /// The synthetic probe: nobody is behind it.
    Probe,
    /// The class of what is wrong with the value.
    Unreadable(&'static str),
}

/// The keyed hashes; all absent without a pepper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) contact: Option<[u8; 16]>,
    pub(super) address: Option<[u8; 16]>,
}

impl Keys {
    /// Whom to count: an address is one recipient, whatever ids it goes by.
    pub(super) fn person(&self) -> Option<[u8; 16]> {
        self.address.or(self.contact)
    }

    pub(super) fn json(&self) -> Value {
        let text = |key: &Option<[u8; 16]>| key.map(|key| hex(&key));
        json!({"contact": text(&self.contact), "address": text(&self.address)})
    }
}

impl Reader {
    /// # Errors
    /// There is no pepper, or none this user may read, and the report cannot do without one.
    pub(super) fn new(config: &Config, needs_pepper: bool) -> Result<Self, Failure> {
        let registry = crate::service::registry(config)
            .map_err(|error| Failure::new(ExitCode::of(error.exit_code()), error))?;
        let codec = Codec::new(config.formats.outbound_message, Kind::OutboundMessage, registry)
            .map_err(|error| Failure::new(ExitCode::Config, error))?;
        let pepper = match config::Pepper::load(&config.state.pepper_file) {
            Ok(pepper) => pepper.map(|pepper| Pepper::new(pepper.expose())),
            Err(error) if needs_pepper => return Err(Failure::new(ExitCode::Config, error)),
            Err(_) => None,
        };
        if pepper.is_none() && needs_pepper {
            let path = config.state.pepper_file.display();
            let reason = format!(
                "there is no pepper at `{path}`, and without it recipients cannot be hashed: run this where the gate \
                 runs, or leave out --out"
            );
            return Err(Failure::new(ExitCode::Config, reason));
        }
        Ok(Self { codec, value_bytes_max: config.limits.value_bytes_max, pepper })
    }

    pub(super) fn tells_people_apart(&self) -> bool {
        self.pepper.is_some()
    }

    /// # Errors
    /// The schema registry cannot be asked now; the text says why.
    pub(super) fn read(&self, value: Option<&[u8]>) -> Result<Recipient, &'static str> {
        if value.is_some_and(|value| value.len() > self.value_bytes_max) {
            return Ok(Recipient::Unreadable("too_large"));
        }
        match self.codec.decode_message(value) {
            Ok(message) => Ok(self.of(&message)),
            Err(DecodeError::Unreadable(why)) => Ok(Recipient::Unreadable(why.class)),
            Err(DecodeError::Unavailable { cause }) => Err(cause),
        }
    }

    fn of(&self, message: &OutboundMessage<'_>) -> Recipient {
        let (contact, address) = (message.contact_id.as_ref(), message.address.as_ref());
        // whoever uses the probe's name for a real address was written to all the same
        if probe_recipient(contact, address) == Some(ProbeRecipient::Synthetic) {
            return Recipient::Probe;
        }
        let Some(pepper) = &self.pepper else {
            return Recipient::Known(Keys::default());
        };
        let region = message.region.as_deref();
        let canonical = address.and_then(|address| match message.channel {
            Some(channel) => CanonicalAddress::of_recipient(address.expose(), channel, region).ok(),
            None => CanonicalAddress::parse(address.expose(), None, region).ok(),
        });
        Recipient::Known(Keys {
            contact: contact.map(|contact| pepper.contact(contact).0),
            address: canonical.map(|address| pepper.address(&address).0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Format;

    fn reader(pepper: Option<Pepper>) -> Reader {
        let codec = Codec::new(Format::Json, Kind::OutboundMessage, None).unwrap();
        Reader { codec, value_bytes_max: 1_024, pepper }
    }

    fn read(reader: &Reader, recipient: &str) -> Recipient {
        let value =
            format!(r#"{{"message_id":"m","channel":"email","recipient":{{{recipient}}}}}"#);
        reader.read(Some(value.as_bytes())).unwrap()
    }

    #[test]
    fn recipients_are_hashed_as_the_gate_hashes_them() {
        let reader = reader(Some(Pepper::new(&[7; 32])));
        let Recipient::Known(keys) = read(&reader, r#""contact_id":"ben","address":"B@X.test""#)
        else {
            panic!("a recipient");
        };
        // the golden value of `identity.rs`
        let json = keys.json();
        assert_eq!(json["contact"], "1d85e0c8765c9429f136cd808d64786f");
        assert_eq!(keys.person(), keys.address, "an address is one recipient");
        assert!(!json.to_string().to_lowercase().contains("x.test"), "{json}");
        let same = read(&reader, r#""contact_id":"other","address":"b@x.test""#);
        let Recipient::Known(same) = same else { panic!("a recipient") };
        assert_eq!((same.person(), same.contact == keys.contact), (keys.person(), false));
        let Recipient::Known(alone) = read(&reader, r#""contact_id":"ben""#) else {
            panic!("a recipient");
        };
        assert_eq!((alone.person(), alone.address), (keys.contact, None));
    }

    #[test]
    fn nobody_is_told_apart_without_a_pepper() {
        let reader = reader(None);
        assert!(!reader.tells_people_apart());
        let found = read(&reader, r#""contact_id":"ben","address":"b@x.test""#);
        assert_eq!(found, Recipient::Known(Keys::default()));
    }

    #[test]
    fn only_the_synthetic_probe_is_nobody() {
        let reader = reader(Some(Pepper::new(&[7; 32])));
        let id = r#""contact_id":"consent-gate-probe/gate-1/0-1""#;
        let probe = read(&reader, &format!(r#"{id},"address":"0f-0-1@probe.invalid""#));
        assert_eq!(probe, Recipient::Probe);
        let misused = read(&reader, &format!(r#"{id},"address":"ana@example.net""#));
        assert!(matches!(misused, Recipient::Known(_)), "{misused:?}");
    }

    #[test]
    fn what_cannot_be_read_keeps_its_class() {
        let reader = reader(None);
        assert_eq!(reader.read(None), Ok(Recipient::Unreadable("null_value")));
        assert_eq!(reader.read(Some(&[b' '; 1_025])), Ok(Recipient::Unreadable("too_large")));
    }
}
