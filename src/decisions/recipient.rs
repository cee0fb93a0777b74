//! Who a message was for, as the keyed hashes under which the gate knows them. Nothing else leaves here.

use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::headers::probe_recipient;
use crate::identity::{Pepper, PepperFile};
use crate::metrics::ProbeRecipient;
use crate::records::{MessageRecords, Origin};
use gate_codec::DecodeError;
use gate_core::{ConsentChange, EventKey, OutboundMessage};
use gate_engine::Keys as _;
use std::collections::BTreeMap;

/// Reads recipients out of the values of the outputs, which are those of the input.
pub(crate) struct Reader {
    /// By input topic.
    messages: BTreeMap<String, MessageRecords>,
    value_bytes_max: usize,
    /// None: this user cannot read it, and nobody is told apart.
    pepper: Option<Pepper>,
    /// Whether it is the gate's own: hashes by another one say who is the same and nothing else.
    is_own_pepper: bool,
}

/// What a value says of its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    Known(Keys),
    /// The synthetic probe: nobody is behind it.
    Probe,
    /// The class of what is wrong with the value.
    Unreadable(&'static str),
}

/// The keyed hashes; all absent without a pepper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) contact: Option<[u8; 16]>,
    pub(crate) address: Option<[u8; 16]>,
}

impl Reader {
    /// # Errors
    /// There is no pepper, or none this user may read, and the report cannot do without one.
    pub(crate) fn new(config: &Config, needs_pepper: bool) -> Result<Self, Failure> {
        let messages = crate::service::message_records_by_topic(config)?;
        let pepper = match PepperFile::load(&config.state.pepper_file) {
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
        let is_own_pepper = pepper.is_some();
        Ok(Self { messages, value_bytes_max: config.limits.value_bytes_max, pepper, is_own_pepper })
    }

    /// One that tells people apart in any case: whoever cannot read the pepper compares by another one.
    pub(crate) fn comparing(config: &Config) -> Result<Self, Failure> {
        let mut reader = Self::new(config, false)?;
        reader.pepper.get_or_insert_with(|| Pepper::new(&[0; 32]));
        Ok(reader)
    }

    /// Whether the gate's pepper is at hand.
    pub(crate) fn tells_people_apart(&self) -> bool {
        self.is_own_pepper
    }

    /// The key of an event as the gate hashes it.
    pub(crate) fn event(&self, event_id: &str) -> Option<EventKey> {
        self.pepper.as_ref().filter(|_| self.is_own_pepper).map(|pepper| pepper.event(event_id))
    }

    /// Everybody a consent change names.
    pub(crate) fn keys_of_change(&self, change: &ConsentChange<'_>) -> Vec<[u8; 16]> {
        let Some(pepper) = &self.pepper else { return Vec::new() };
        let addresses = [&change.address, &change.new_address].into_iter().flatten();
        let addresses = addresses.filter_map(|address| change.canonical(address));
        let contact = change.contact_id.iter().map(|contact| pepper.contact(contact).0);
        contact.chain(addresses.map(|address| pepper.address(&address).0)).collect()
    }

    /// What the value of a record of this input topic says.
    ///
    /// # Errors
    /// The schema registry cannot be asked now; the text says why.
    pub(crate) fn read<'v>(
        &'v self,
        topic: &str,
        value: Option<&'v [u8]>,
        origin: Origin<'v>,
    ) -> Result<Recipient, &'static str> {
        Ok(match self.decode(topic, value, origin)? {
            Ok(message) => self.of(&message),
            Err(class) => Recipient::Unreadable(class),
        })
    }

    fn decode<'v>(
        &'v self,
        topic: &str,
        value: Option<&'v [u8]>,
        origin: Origin<'v>,
    ) -> Result<Result<OutboundMessage<'v>, &'static str>, &'static str> {
        if value.is_some_and(|value| value.len() > self.value_bytes_max) {
            return Ok(Err("too_large"));
        }
        let Some(messages) = self.messages.get(topic) else { return Ok(Err("unknown_topic")) };
        match messages.read(value, origin) {
            Ok(message) => Ok(Ok(message)),
            Err(DecodeError::Unreadable(why)) => Ok(Err(why.class.as_str())),
            Err(DecodeError::Unavailable { cause }) => Err(cause),
        }
    }

    fn of(&self, message: &OutboundMessage<'_>) -> Recipient {
        if is_synthetic(message) {
            return Recipient::Probe;
        }
        let Some(pepper) = &self.pepper else {
            return Recipient::Known(Keys::default());
        };
        Recipient::Known(Keys {
            contact: message.contact_id.as_ref().map(|contact| pepper.contact(contact).0),
            address: message.canonical().map(|address| pepper.address(&address).0),
        })
    }
}

/// Whether it is to the synthetic probe, behind which nobody is. Whoever uses the probe's name for a real address was
/// written to all the same.
fn is_synthetic(message: &OutboundMessage<'_>) -> bool {
    let (contact, address) = (message.contact_id.as_ref(), message.address.as_ref());
    probe_recipient(contact, address) == Some(ProbeRecipient::Synthetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::hex;
    use gate_codec::Format;
    use gate_codec::{Codec, Kind};

    const TOPIC: &str = "outbound-message";

    fn reader(pepper: Option<Pepper>) -> Reader {
        let codec = Codec::new(Format::Json, Kind::OutboundMessage, None).unwrap();
        let messages = MessageRecords::new(codec, None);
        let messages = BTreeMap::from([(TOPIC.to_owned(), messages)]);
        let is_own_pepper = pepper.is_some();
        Reader { messages, value_bytes_max: 1_024, pepper, is_own_pepper }
    }

    fn read(reader: &Reader, recipient: &str) -> Recipient {
        let value =
            format!(r#"{{"message_id":"m","channel":"email","recipient":{{{recipient}}}}}"#);
        reader.read(TOPIC, Some(value.as_bytes()), Origin::of_key(None)).unwrap()
    }

    #[test]
    fn recipients_are_hashed_as_the_gate_hashes_them() {
        let reader = reader(Some(Pepper::new(&[7; 32])));
        let Recipient::Known(keys) = read(&reader, r#""contact_id":"ben","address":"B@X.test""#)
        else {
            panic!("a recipient");
        };
        // the golden value of `identity/`
        assert_eq!(
            keys.contact.map(|key| hex(&key)).as_deref(),
            Some("1d85e0c8765c9429f136cd808d64786f")
        );
        let same = read(&reader, r#""contact_id":"other","address":"b@x.test""#);
        let Recipient::Known(same) = same else { panic!("a recipient") };
        assert_eq!((same.address, same.contact == keys.contact), (keys.address, false));
        let Recipient::Known(alone) = read(&reader, r#""contact_id":"ben""#) else {
            panic!("a recipient");
        };
        assert_eq!((alone.contact, alone.address), (keys.contact, None));
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
        assert_eq!(
            reader.read(TOPIC, None, Origin::of_key(None)),
            Ok(Recipient::Unreadable("null_value"))
        );
        assert_eq!(
            reader.read(TOPIC, Some(&[b' '; 1_025]), Origin::of_key(None)),
            Ok(Recipient::Unreadable("too_large"))
        );
    }
}
