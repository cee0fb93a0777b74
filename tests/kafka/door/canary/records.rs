//! Records of both input topics with a canary in every field, key and header; good, bad and no records at all.

use super::HEADER;
use super::requests::{good_change, whole_change, with_canary};
use super::song::{NUMBER, WORD};
use crate::harness::data;
use crate::harness::ledger::TEST_ID;
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use serde_json::json;

/// Records of both input topics; how many messages that are.
pub(super) fn records(stage: &Stage) -> usize {
    let record = |n: usize, value: Vec<u8>| {
        let key = format!("{WORD}-{n}");
        Outgoing::new(key, value).header(HEADER, format!("{WORD} +44{NUMBER}"))
    };
    let actions =
        ["opt_out", "complaint", "erase", "hard_bounce", "inbound_sms", "suppress", "unknown"];
    let mut values: Vec<Vec<u8>> = with_canary(&whole_change()).iter().map(data::bytes).collect();
    for (n, action) in actions.iter().enumerate() {
        values.push(data::bytes(&good_change(n, action)));
    }
    // whoever a key names is known, or what cannot be read holds the gate before the messages are decided
    let known = (0..values.len()).map(|n| record(n, data::bytes(&good_change(n, "opt_in"))));
    stage.producer.send_all(&stage.topics.consent_change, &known.collect::<Vec<_>>());
    let changes: Vec<Outgoing> =
        values.into_iter().enumerate().map(|(n, value)| record(n, value)).collect();
    stage.producer.send_all(&stage.topics.consent_change, &changes);

    let whole = json!({
        "message_id": WORD, "channel": "email", "category": "marketing", "purpose": "marketing.newsletter",
        "controller": "acme-ltd", "brand": "acme", "campaign": WORD, "sender_number": format!("+44{NUMBER}"), "product_group": WORD,
        "sole_charitable_purpose": true, "expires_at": "2030-01-01T00:00:00Z",
        "content": {"promotional": true, "sender_identity": true, "postal_address": true, "unsubscribe": true},
        "recipient": {"contact_id": format!("{WORD}-1"), "address": format!("{WORD}-1@example.com"), "region": "GB", "tz": "Europe/London",
            "jurisdiction": "GB", "jurisdiction_verified": true, "jurisdiction_verified_at": "2026-01-01T00:00:00Z", "kind": "consumer"},
        "body": format!("Dear {WORD}, call +44{NUMBER}"), "attributes": {"name": WORD, WORD: WORD},
    });
    let mut values: Vec<Vec<u8>> = with_canary(&whole).iter().map(data::bytes).collect();
    values.extend((0..30).map(|n| {
        let mut good = whole.clone();
        for unread in ["sender_number", "product_group", "sole_charitable_purpose"] {
            good.as_object_mut().expect("an object").remove(unread);
        }
        good["recipient"] = json!({"contact_id": format!("{WORD}-{n}"), "address": format!("{WORD}-{n}@example.com"), "jurisdiction": "GB"});
        data::bytes(&good)
    }));
    values.extend(broken());
    let messages: Vec<Outgoing> = values
        .into_iter()
        .enumerate()
        .map(|(n, value)| record(n, value).header(TEST_ID, format!("{WORD}-{n}")))
        .collect();
    stage.producer.send_all(&stage.topics.outbound, &messages);
    messages.len()
}

/// Bytes that are no record.
pub(super) fn broken() -> Vec<Vec<u8>> {
    let whole = whole_change().to_string().into_bytes();
    let mut doubled = whole.clone();
    doubled.extend(&whole);
    vec![
        WORD.as_bytes().to_vec(),
        Vec::new(),
        whole[..whole.len() / 2].to_vec(),
        doubled,
        [&[0xff, 0xfe, 0][..], WORD.as_bytes()].concat(),
        format!("[\"{WORD}\"]").into_bytes(),
        format!("{{\"{WORD}\": \"+44{NUMBER}\", \"{WORD}\": 1}}").into_bytes(),
    ]
}
