//! A canary in every field: neither errors nor `Debug` nor what is wrong with an item repeats it.

use crate::door::{post, run, source};
use gate_intake::Outcome;
use serde_json::{Value, json};

const CANARY: &str = "kanarienvogel";

/// Everything that could be logged of an outcome.
fn printed(outcome: &Outcome) -> String {
    let problems: Vec<String> = outcome.problems.iter().map(ToString::to_string).collect();
    format!("{outcome:?} {problems:?}")
}

/// The same JSON with the canary in place of one leaf after the other, and in one name.
fn with_canary(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    if let Value::Object(members) = value {
        for (name, inner) in members {
            for changed in with_canary(inner) {
                let mut copy = members.clone();
                copy.insert(name.clone(), changed);
                all.push(copy.into());
            }
        }
        let mut copy = members.clone();
        copy.insert(CANARY.to_owned(), CANARY.into());
        all.push(copy.into());
    } else {
        all.push(format!("{CANARY}@example.com").into());
        all.push(json!({ CANARY: [CANARY] }));
        all.push(CANARY.into());
    }
    all
}

#[test]
fn no_canary_sings() {
    let word = [("authorization", "Bearer word"), ("content-type", "application/json")];
    let cases = [
        (
            "consent-changes",
            json!({"event_id": "1", "occurred_at": "2026-11-24T09:59:50Z", "action": "opt_out",
            "contact_id": "c", "address": "a@example.com", "channel": "email", "purpose": "marketing", "controller": "x",
            "brand": "y", "region": "GB", "evidence": {"method": "m"}, "context": {"refused": true}}),
        ),
        (
            "consent-changes",
            json!({"specversion": "1.0", "id": "1", "source": "s", "data_base64": "x"}),
        ),
        (
            "postmark",
            json!({"RecordType": "Bounce", "ID": 42, "Email": "eva@example.net", "BouncedAt": "2026-11-24T09:59:58Z", "Type": "HardBounce"}),
        ),
        (
            "postmark",
            json!({"RecordType": "SubscriptionChange", "ServerID": 1, "MessageStream": "n", "ChangedAt": "2026-11-24T09:59:58Z",
            "Recipient": "ana@example.com", "Origin": "Recipient", "SuppressSending": true, "SuppressionReason": "ManualSuppression"}),
        ),
        (
            "brevo",
            json!({"event": "spam", "email": "ana@example.com", "ts_epoch": 1_795_514_345_250_i64}),
        ),
        (
            "infobip",
            json!({"results": [{"messageId": "1", "from": "447700900123", "to": "1", "text": "stop", "receivedAt": "x"}]}),
        ),
    ];
    for (provider, body) in cases {
        let source = source(
            json!({"name": "s", "provider": provider, "token": "word", "controller": "acme"}),
        );
        for body in with_canary(&body) {
            let outcome = run(&source, &post(&word, body.to_string()));
            let text = printed(&outcome);
            assert!(!text.contains(CANARY), "{provider}: {text}");
            let request = post(&[("authorization", CANARY)], body.to_string());
            assert!(!format!("{request:?}").contains(CANARY));
            let refused = run(&source, &request);
            assert!(!printed(&refused).contains(CANARY));
            assert!(!String::from_utf8_lossy(&refused.answer.body).contains(CANARY));
        }
    }
}
