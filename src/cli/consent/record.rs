//! A consent record in the shape of ISO/IEC TS 27560:2023, from one consent change, for export.
//!
//! The gate stores no evidence: the event in Kafka is the evidence, and the timeline refers to it by topic,
//! partition and offset. Values of closed sets are mapped to the W3C Data Privacy Vocabulary. A mandatory
//! field that the event does not state is null and listed, never invented. The person is named by the keyed
//! hash the gate stores; who holds the pepper can find the person, nobody else.

use crate::headers::{hex, rfc3339};
use gate_codec::ConsentChangeRecord;
use gate_core::{SubjectKey, Timestamp};
use serde_json::{Value, json};

/// Where the event lies and how it was identified.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    /// `topic/partition/offset`.
    pub source: String,
    /// When Kafka received it.
    pub received_at: Option<Timestamp>,
    /// The contact's keyed hash.
    pub contact: Option<SubjectKey>,
    /// The address's keyed hash.
    pub address: Option<SubjectKey>,
}

const DPV: &str = "https://w3id.org/dpv#";

/// The event state of TS 27560 as a DPV term, for the actions that are about consent.
fn status(action: &str) -> Option<&'static str> {
    Some(match action {
        "opt_in_requested" => "ConsentRequested",
        "opt_in" | "opt_in_confirmed" => "ConsentGiven",
        "opt_out" | "object" | "complaint" => "ConsentWithdrawn",
        "erase" => "ConsentInvalidated",
        _ => return None,
    })
}

fn basis(basis: &str) -> &'static str {
    match basis {
        "express" | "express_written" => "ExplicitlyExpressedConsent",
        "soft_opt_in" | "charity_soft_opt_in" | "implied" => "ImpliedConsent",
        "legitimate_interest" => "LegitimateInterest",
        _ => "LegalBasis",
    }
}

fn term(name: &str) -> String {
    format!("{DPV}{name}")
}

/// The record; `None` when the event is not about consent (a bounce, a registry check, a message sent).
#[must_use]
pub(super) fn consent_record(
    change: &ConsentChangeRecord<'_>,
    reference: &Reference,
) -> Option<Value> {
    let action = change.action.as_deref()?;
    let state = status(action)?;
    let evidence = change.evidence.clone().unwrap_or_default();
    let of = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    let key = |key: Option<SubjectKey>| key.map(|key| hex(&key.0));
    let principal = key(reference.contact).or_else(|| key(reference.address));
    let channels: Vec<String> = of(&change.channel).into_iter().collect();
    let lawful_basis = change.basis.as_deref().unwrap_or("express");
    let mandatory = [
        ("record_id", of(&change.event_id)),
        ("pii_principal_id", principal.clone()),
        ("privacy_notice", of(&evidence.notice_version)),
        ("language", of(&evidence.locale)),
        ("purpose", of(&change.purpose)),
        ("lawful_basis", Some(lawful_basis.to_owned())),
        ("pii_controllers", of(&change.controller)),
        ("collection_method", of(&evidence.method)),
        // what no event states: the operator's register of processing activities does
        ("storage_location", None),
        ("retention_period", None),
        ("processing_locations", None),
        ("withdrawal_method", None),
    ];
    let missing: Vec<&str> =
        mandatory.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    Some(json!({
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": of(&change.event_id),
        "pii_principal_id": principal,
        "pii_processing": {
            "privacy_notice": of(&evidence.notice_version),
            "notice_text_sha256": of(&evidence.notice_text_sha256),
            "language": of(&evidence.locale),
            "purposes": [{
                "purpose": of(&change.purpose),
                "lawful_basis": term(basis(lawful_basis)),
                "lawful_basis_stated": lawful_basis,
                "pii_information": ["contact identifier", "electronic address"],
                "pii_controllers": [of(&change.controller)],
                "brand": of(&change.brand),
                "channels": channels,
                "collection_method": of(&evidence.method),
                "storage_location": null,
                "retention_period": null,
                "processing_locations": null,
                "recipient_third_parties": [],
                "withdrawal_method": null,
            }],
        },
        "parties": [{
            "role": term("DataController"),
            "name": of(&change.controller),
        }],
        "events": [{
            "event_time": change.occurred_at.map(rfc3339),
            "recorded_at": reference.received_at.map(rfc3339),
            "event_type": action,
            "event_state": term(state),
            "indication_method": of(&evidence.method),
            "source": of(&evidence.source),
            "written": {
                "signature": of(&evidence.signature),
                "number_named": of(&evidence.number_named),
                "not_condition_of_purchase": of(&evidence.not_condition_of_purchase),
                "template_id": of(&evidence.template_id),
            },
            "address_hash": key(reference.address),
            "proof_reference": reference.source,
        }],
        "missing_mandatory": missing,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_codec::EvidenceRecord;

    fn change(action: &'static str) -> ConsentChangeRecord<'static> {
        ConsentChangeRecord {
            event_id: Some("e-1".into()),
            occurred_at: Some(Timestamp::from_millis(1_772_452_800_000)),
            action: Some(action.into()),
            contact_id: Some("ben".into()),
            address: Some("ben@example.net".into()),
            channel: Some("email".into()),
            purpose: Some("marketing".into()),
            controller: Some("acme-ltd".into()),
            evidence: Some(EvidenceRecord {
                method: Some("web_form".into()),
                notice_version: Some("n-1".into()),
                locale: Some("en".into()),
                ..EvidenceRecord::default()
            }),
            ..ConsentChangeRecord::default()
        }
    }

    fn reference() -> Reference {
        Reference {
            source: String::from("consent-change/0/7"),
            received_at: None,
            contact: Some(SubjectKey([0xab; 16])),
            address: None,
        }
    }

    #[test]
    fn what_is_known_is_there_and_what_is_not_is_named() {
        let record = consent_record(&change("opt_in"), &reference()).unwrap();
        assert_eq!(record["events"][0]["event_state"], "https://w3id.org/dpv#ConsentGiven");
        assert_eq!(record["events"][0]["proof_reference"], "consent-change/0/7");
        assert_eq!(record["pii_principal_id"], "ab".repeat(16));
        let missing = record["missing_mandatory"].as_array().unwrap();
        assert_eq!(missing.len(), 4, "{missing:?}");
        assert!(!record.to_string().contains("ben"), "the person is named by a hash alone");
        let bare = consent_record(
            &ConsentChangeRecord { evidence: None, purpose: None, ..change("opt_out") },
            &reference(),
        )
        .unwrap();
        assert!(bare["missing_mandatory"].to_string().contains("privacy_notice"));
        assert_eq!(bare["events"][0]["event_state"], "https://w3id.org/dpv#ConsentWithdrawn");
    }

    #[test]
    fn other_events_are_no_consent_records() {
        for action in ["hard_bounce", "sent", "profile", "registry_status", "relationship"] {
            assert_eq!(consent_record(&change(action), &reference()), None, "{action}");
        }
    }
}
