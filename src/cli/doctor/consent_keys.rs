//! Check of the keys of consent changes: of a change that nobody can read, the key is what may still tell whose it is.
//!
//! The newest readable changes are compared: a key that is not their contact id (or address) will not be one on the day
//! a record is damaged, and then nobody knows whose refusal it was and the gate holds everybody. INVARIANT: keys and ids
//! are compared and forgotten; what is shown is their number and what kind of bytes they are.

use std::collections::BTreeMap;

use gate_core::{Address, CanonicalAddress, ConsentChange, ContactId};

use super::Finding;
use super::keys::visit_newest;
use crate::cli::shape;
use crate::config::Config;
use crate::headers::is_probe;
use crate::kafka::preflight::ClusterInfo;
use crate::records::{Change, Changes, ConsentRecords, Origin, origin_of};
use gate_codec::DecodeError;

/// How a key relates to the person its record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    /// It is the contact id.
    Contact,
    /// It is the address.
    Address,
    /// Plain text beside a change that names an address alone: an id there is nothing to compare with.
    Unstated,
    /// The contact id is in it, in quotes, JSON, a struct or a frame.
    Wrapped,
    /// Something else.
    Other,
    Null,
}

impl Relation {
    fn of(key: Option<&[u8]>, change: &ConsentChange<'_>) -> Self {
        let Some(key) = key else {
            return Self::Null;
        };
        let contact = change.contact_id.as_ref();
        // the canonical form drops control characters, and so would hide the frame of a serializer
        let text = std::str::from_utf8(key).ok();
        if let Some(text) = text.filter(|text| !text.chars().any(char::is_control)) {
            if contact.is_some() && ContactId::new(text.into()).as_ref() == contact {
                return Self::Contact;
            }
            if change.address.as_ref().is_some_and(|address| is_same(text, address, change)) {
                return Self::Address;
            }
            let is_plain = !text.trim().is_empty() && !text.contains(['"', '{', '}', '[', ']']);
            let names_address = change.address.as_ref().map(Address::expose).unwrap_or_default();
            if contact.is_none() && is_plain && !wraps(key, names_address.as_bytes()) {
                return Self::Unstated;
            }
        }
        let named = contact.map(ContactId::expose).or(change.address.as_ref().map(Address::expose));
        match named {
            Some(named) if wraps(key, named.as_bytes()) => Self::Wrapped,
            Some(_) | None => Self::Other,
        }
    }

    fn is_of_the_person(self) -> bool {
        matches!(self, Self::Contact | Self::Address | Self::Unstated)
    }

    /// For people; `kind` is what bytes they are.
    fn describe(self, kind: &str) -> String {
        match self {
            Self::Contact => "their contact id".to_owned(),
            Self::Address => "their address".to_owned(),
            Self::Unstated => "a key and no contact id to compare it with".to_owned(),
            Self::Wrapped => format!("their contact id in something else ({kind})"),
            Self::Other => format!("something else ({kind})"),
            Self::Null => "no key".to_owned(),
        }
    }
}

fn is_same(key: &str, address: &Address<'_>, change: &ConsentChange<'_>) -> bool {
    let channel = change.channel.channel();
    let canonical =
        |text: &str| CanonicalAddress::parse(text, channel, change.region.as_deref()).ok();
    key.trim() == address.expose().trim()
        || canonical(address.expose()).is_some_and(|address| canonical(key) == Some(address))
}

/// Whether the id stands in the key, and more beside it.
fn wraps(key: &[u8], named: &[u8]) -> bool {
    key.len() > named.len()
        && key.windows(named.len().max(1)).any(|window| window.eq_ignore_ascii_case(named))
}

/// What the newest readable changes' keys are.
#[derive(Debug, Default)]
struct Sample {
    n_unreadable: usize,
    /// By relation, and for keys that are nobody's by what bytes they are.
    counts: BTreeMap<(Relation, &'static str), usize>,
    /// The registry could not be asked.
    unavailable: Option<&'static str>,
}

impl Sample {
    fn add(&mut self, records: &ConsentRecords, value: Option<&[u8]>, origin: Origin<'_>) {
        let key = origin.key;
        let read = records.read(value, origin);
        let changes = read.as_ref().map(Changes::all);
        match changes {
            // the key of a record about several people names none of them
            Ok([Change { change, .. }]) => {
                // the probe chooses partitions, and keys with them
                if is_probe(change.contact_id.as_ref()) {
                    return;
                }
                let relation = Relation::of(key, change);
                let kind = match relation {
                    Relation::Contact | Relation::Address | Relation::Unstated | Relation::Null => {
                        ""
                    }
                    Relation::Wrapped | Relation::Other => shape::Shape::of(key).as_str(),
                };
                *self.counts.entry((relation, kind)).or_default() += 1;
            }
            Ok(_) => {}
            Err(DecodeError::Unreadable { .. }) => self.n_unreadable += 1,
            Err(DecodeError::Unavailable { cause }) => self.unavailable = Some(cause),
        }
    }

    fn n(&self, is_meant: impl Fn(Relation) -> bool) -> usize {
        let meant = self.counts.iter().filter(|((relation, _), _)| is_meant(*relation));
        meant.map(|(_, n)| n).sum()
    }
}

pub(super) fn check(config: &Config, cluster: &ClusterInfo) -> Option<Finding> {
    let topic = &config.topics.consent_change;
    let n_partitions = cluster.require(topic).ok()?.partitions;
    let check = format!("topic {topic}: keys");
    let records = match crate::service::consent_records(config) {
        Ok(records) => records,
        // the registry and the formats have checks of their own
        Err(error) => return Some(Finding::skip(check, error.to_string())),
    };
    let mut sample = Sample::default();
    let read = visit_newest(config, topic, n_partitions, &mut |record| {
        let origin = origin_of(record);
        sample.add(&records, record.value, origin);
    });
    Some(match read {
        Ok(()) => judge(check, &sample, config.consent.key_names_contact),
        Err(failure) => Finding::skip(check, failure.cause),
    })
}

fn judge(check: String, sample: &Sample, key_names_contact: bool) -> Finding {
    const FIX: &str = "let every producer write the contact id itself as record key, as UTF-8 text (Kafka Connect: \
                       `key.converter` StringConverter behind ExtractField$Key); `consent.key_names_contact: false` if they cannot. \
                       An unreadable change whose value does not say whose it is holds the gate for everybody";
    let n_all = sample.n(|_| true);
    if n_all == 0 {
        let reason = match (sample.unavailable, sample.n_unreadable) {
            (Some(cause), _) => format!("the schema registry cannot be asked: {cause}"),
            (None, 0) => "no consent changes yet".to_owned(),
            (None, n) => format!(
                "none of the newest {n} changes is readable; `consent-gate consent show` lists them"
            ),
        };
        return Finding::skip(check, reason);
    }
    let shares: Vec<String> = sample
        .counts
        .iter()
        .map(|((relation, kind), n)| format!("{} {}", share(*n, n_all), relation.describe(kind)))
        .collect();
    let found = format!("of the newest {n_all} readable changes {}", shares.join(", "));
    let n_strange = sample.n(|relation| matches!(relation, Relation::Wrapped | Relation::Other));
    let n_null = sample.n(|relation| relation == Relation::Null);
    if !key_names_contact {
        let follows = "`consent.key_names_contact` is false: an unreadable change whose value does not name its contact holds everybody";
        return if n_strange + n_null == 0 {
            let fix =
                "set `consent.key_names_contact: true`: the keys are contact ids or addresses";
            Finding::warn(check, format!("{found}; {follows}"), fix)
        } else {
            Finding::pass(check, format!("{found}; {follows}"))
        };
    }
    if n_strange > 0 {
        let follows = "such a key does not tell whose an unreadable change is";
        return Finding::fail(check, format!("{found}; {follows}"), FIX);
    }
    if n_null > 0 {
        let follows = "without a key, and a value that names its contact, an unreadable change holds everybody";
        return Finding::warn(check, format!("{found}; {follows}"), FIX);
    }
    debug_assert_eq!(sample.n(Relation::is_of_the_person), n_all);
    if sample.n(|relation| relation == Relation::Unstated) == n_all {
        let follows =
            "nothing shows that keys are contact ids, as an unreadable change needs them to be";
        return Finding::warn(check, format!("{found}; {follows}"), FIX);
    }
    Finding::pass(
        check,
        format!("{found}: one that nobody can read would still block its own contact only"),
    )
}

/// `98.6%`; never 0% or 100% of what is neither.
fn share(n: usize, of: usize) -> String {
    if n == of {
        return "all have".to_owned();
    }
    let tenths = (n.saturating_mul(1_000) / of.max(1)).clamp(1, 999);
    format!("{}.{}% have", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_codec::{Codec, Kind};

    fn judged(keys: &[Option<&[u8]>], who: &str, key_names_contact: bool) -> Finding {
        let codec = Codec::new(gate_codec::Format::Json, Kind::ConsentChange, None).unwrap();
        let records = ConsentRecords::new(codec, None);
        let value = format!(
            r#"{{"event_id":"1","occurred_at":"2026-11-20T18:30:00Z","action":"opt_out",{who}}}"#
        );
        let mut sample = Sample::default();
        for key in keys {
            sample.add(&records, Some(value.as_bytes()), Origin::of_key(*key));
        }
        judge(String::from("keys"), &sample, key_names_contact)
    }

    const BOTH: &str = r#""contact_id":"ana-4711","address":"+447700900101""#;

    #[test]
    fn keys_that_are_not_contact_ids_fail_and_are_not_shown() {
        for key in [
            &b"\"ana-4711\""[..],
            b"{\"id\":\"ana-4711\"}",
            b"Struct{id=ana-4711}",
            b"\0\0\0\0\x07\x10ana-4711",
            b"123e4567-e89b-12d3-a456-426614174000",
            b"\0\0\0\0\0\0\0\x09",
            b"ANA-4712",
            b"",
        ] {
            let finding = judged(&[Some(b"ana-4711"), Some(key)], BOTH, true);
            assert_eq!(finding.verdict.name(), "FAIL", "{finding:?}");
            assert!(finding.found.contains("50.0% have their contact id,"), "{finding:?}");
            assert!(!format!("{finding:?}").to_lowercase().contains("ana-47"), "{finding:?}");
            assert!(finding.fix.says("StringConverter"), "{finding:?}");
        }
        let quoted = judged(&[Some(b"\"ana-4711\"")], BOTH, true);
        assert!(
            quoted
                .found
                .contains("all have their contact id in something else (JSON text, in quotes)"),
            "{quoted:?}"
        );
    }

    #[test]
    fn contact_ids_and_addresses_pass_and_no_key_says_what_follows() {
        let verdict = |keys: &[Option<&[u8]>], who| judged(keys, who, true).verdict.name();
        assert_eq!(verdict(&[Some(b"ana-4711"), Some(b" ana-4711 ")], BOTH), "PASS");
        assert_eq!(verdict(&[Some(b"+44 7700 900101")], BOTH), "PASS");
        assert_eq!(verdict(&[Some(b"ana@example.net")], r#""address":"Ana@Example.NET""#), "PASS");
        assert_eq!(verdict(&[], BOTH), "SKIP");
        // an address alone says nothing about the id in its key
        let address = r#""address":"ana@example.net""#;
        assert_eq!(verdict(&[Some(b"ana-4711"), Some(b"ana@example.net")], address), "PASS");
        assert_eq!(verdict(&[Some(b"ana-4711")], address), "WARN", "nothing to compare");
        assert_eq!(verdict(&[Some(b"\"ana-4711\"")], address), "FAIL", "quoted");
        let null = judged(&[None], BOTH, true);
        assert_eq!(null.verdict.name(), "WARN");
        assert!(null.found.contains("all have no key") && null.found.contains("holds everybody"));
        assert_eq!(judged(&[None], BOTH, false).verdict.name(), "PASS", "keys are not gone by");
        assert_eq!(judged(&[Some(b"ana-4711")], BOTH, false).verdict.name(), "WARN");
    }

    #[test]
    fn shares_never_round_to_none_or_all() {
        assert_eq!(
            [share(1, 3_000), share(2_999, 3_000), share(3, 3), share(493, 500)],
            ["0.1% have", "99.9% have", "all have", "98.6% have"]
        );
    }
}
