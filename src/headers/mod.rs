//! What the gate writes beside a message: the headers of a decision.
//!
//! The value and the key pass through untouched; incoming headers keep their order, except those that carry
//! our names: nobody may pretend that the gate has decided. No address, no contact id, no content.

pub use gate_log::{SourceRef, detail_json, hex, rfc3339};

use crate::metrics::ProbeRecipient;
use gate_core::{Address, ContactId};

/// Header: `approved`, `blocked` or `deferred`.
pub const OUTCOME: &str = "gate-outcome";
/// Header: the reason's code with its prefix.
pub const REASON: &str = "gate-reason";
/// Header: `topic/partition/offset` of the input record.
pub const SOURCE: &str = "gate-source";
/// Header: RFC 3339 instant, with deferrals only.
pub const NOT_BEFORE: &str = "gate-not-before";
/// Header: the decision as compact JSON.
pub const DECISION: &str = "gate-decision";
/// Header: `1` on every decision about a contact of the synthetic probe. Senders leave those out.
pub const PROBE: &str = "gate-probe";
/// Header of an approved e-mail: the https link with which its recipient stops what it is, for `List-Unsubscribe`.
pub const UNSUBSCRIBE: &str = "gate-unsubscribe";
/// Header of a dead letter: why it could not be read.
pub const DETAIL: &str = "gate-detail";
/// Header of an audited release of an unreadable consent change.
pub const RELEASE: &str = "gate-release";
/// Header of dead letters and releases: Kafka's own id of the consent topic, in the form Kafka's tools show. A topic that
/// was deleted and made again has another one, so what was written about the old one says nothing about it.
pub const TOPIC_ID: &str = "gate-topic-id";
/// Header of dead letters, and of releases whose writer can read the pepper: a keyed tag in hexadecimal, which says that
/// somebody with the pepper of this gate wrote the record ([`crate::reader::dead_letter`]).
pub const TAG: &str = "gate-tag";

/// Header of a record of the decision log: the smallest offset it is about.
pub const LOG_FIRST: &str = "gate-first-offset";
/// Header of a record of the decision log: the largest offset it is about. Records of a partition stand in the order of
/// their messages, so one is found by binary search.
pub const LOG_LAST: &str = "gate-last-offset";

/// The names that an incoming record may not bring along, in whatever case.
pub const RESERVED: [&str; 11] = [
    OUTCOME,
    REASON,
    SOURCE,
    NOT_BEFORE,
    DECISION,
    PROBE,
    UNSUBSCRIBE,
    DETAIL,
    RELEASE,
    TOPIC_ID,
    TAG,
];

/// Bytes of exactly that length from hexadecimal.
#[must_use]
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(pairs) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(out)
}

/// Whether a header's name is the gate's own. Case and blanks around it do not count: senders that ignore them would
/// see our header twice.
#[must_use]
pub fn is_reserved(name: &[u8]) -> bool {
    let name = name.trim_ascii();
    RESERVED.iter().any(|reserved| reserved.as_bytes().eq_ignore_ascii_case(name))
}

/// How the contact ids of the synthetic probe begin. Reserved: whoever else uses it is judged as usual, but marked
/// with [`PROBE`] and left out of the counts of messages and consent.
pub const PROBE_CONTACTS: &str = "consent-gate-probe/";
/// How its addresses end. Nobody is behind them (RFC 2606).
pub const PROBE_DOMAIN: &str = "@probe.invalid";

/// Whether a record is the probe's, by the contact id it names. It has no part in any decision.
#[must_use]
pub fn is_probe(contact: Option<&ContactId<'_>>) -> bool {
    contact.is_some_and(|contact| contact.expose().starts_with(PROBE_CONTACTS))
}

/// Whom a record of the probe's name space is about; `None` when it is of no probe. The probe itself writes to nobody:
/// anything else is somebody who uses its name.
#[must_use]
pub fn probe_recipient(
    contact: Option<&ContactId<'_>>,
    address: Option<&Address<'_>>,
) -> Option<ProbeRecipient> {
    let is_nobody = |address: &Address<'_>| {
        let name = address.expose().strip_suffix(PROBE_DOMAIN);
        name.is_some_and(|name| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    is_probe(contact).then(|| match address {
        Some(address) if is_nobody(address) => ProbeRecipient::Synthetic,
        Some(_) | None => ProbeRecipient::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_reserved_prefix_is_the_probe() {
        let is = |text: &str| is_probe(ContactId::new(text.into()).as_ref());
        assert!(is("consent-gate-probe/gate-1/0/1") && is(" consent-gate-probe/x"));
        // another spelling of an id is the same contact, and so is its mark
        assert!(is("Consent-Gate-Probe/1") && is("consent\u{200b}-gate-probe/1"));
        for other in ["consent-gate-probe", "x/consent-gate-probe/1", "ben"] {
            assert!(!is(other), "{other}");
        }
        assert!(!is_probe(None));
    }

    #[test]
    fn whoever_uses_the_name_of_the_probe_for_others_is_told_apart() {
        let of = |contact: &str, address: Option<&str>| {
            let contact = ContactId::new(contact.into());
            let address = address.and_then(|address| Address::new(address.into()));
            probe_recipient(contact.as_ref(), address.as_ref())
        };
        let probe = "consent-gate-probe/gate-1/0-1";
        assert_eq!(of(probe, Some("0f-0-1@probe.invalid")), Some(ProbeRecipient::Synthetic));
        for other in [
            Some("ana@example.com"),
            Some("Ana <ana@example.com> x@probe.invalid"),
            Some("ana@example.com,x@probe.invalid"),
            Some("x@probe.invalid.example"),
            Some("+447700900000"),
            None,
        ] {
            assert_eq!(of(probe, other), Some(ProbeRecipient::Other), "{other:?}");
        }
        assert_eq!(of("ana", Some("0f-0-1@probe.invalid")), None);
    }

    #[test]
    fn our_names_are_ours_in_whatever_case() {
        for name in RESERVED {
            assert!(is_reserved(name.as_bytes()) && is_reserved(name.to_uppercase().as_bytes()));
        }
        for ours in ["Gate-Reason", "GATE-OUTCOME", "gAtE-pRoBe", " gate-decision", "gate-source\t"]
        {
            assert!(is_reserved(ours.as_bytes()), "{ours}");
        }
        for theirs in ["gate", "gate-", "gate-keeper", "x-gate-reason", "", "gate-reasons"] {
            assert!(!is_reserved(theirs.as_bytes()), "{theirs}");
        }
        assert!(!is_reserved(b"\xff"));
    }
}
