//! Long texts in parts: a STOP counts in whichever part it is, and a part permits nothing.

use crate::door::{NOW, base64, post, run_at, source};
use gate_intake::{Outcome, Skip, Source};
use serde_json::{Value, json};
use std::collections::HashSet;

const WORD: &str = "a-long-word-that-vonage-and-the-door-know";

fn vonage() -> Source {
    source(json!({"name": "v", "provider": "vonage", "controller": "acme-ltd", "brand": "acme",
        "basic_auth": {"user": "vonage", "password": WORD}}))
}

/// All parts of a text under one id, one request each, at a door that remembers.
fn said(window: &mut HashSet<String>, texts: &[&str]) -> Vec<Outcome> {
    let authorization = format!("Basic {}", base64(format!("vonage:{WORD}").as_bytes()));
    let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
    let each = texts.iter().enumerate().map(|(nth, text)| {
        let mut message = json!({"msisdn": "447700900123", "to": "447700900999", "text": text,
            "messageId": "0A0000000123ABCD1", "message-timestamp": "2026-11-24 09:59:05"});
        if texts.len() > 1 {
            message["concat"] = json!("true");
            message["concat-ref"] = json!("108");
            message["concat-total"] = json!(texts.len().to_string());
            message["concat-part"] = json!((nth + 1).to_string());
        }
        let outcome = run_at(&vonage(), &post(&headers, message.to_string()), NOW, window);
        window.extend(outcome.remember.iter().cloned());
        outcome
    });
    each.collect()
}

fn texts(outcomes: &[Outcome]) -> Vec<String> {
    let records = outcomes.iter().flat_map(|outcome| &outcome.records);
    let values = records.map(|it| serde_json::from_slice::<Value>(&it.json).unwrap());
    values.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
}

fn ids(outcomes: &[Outcome]) -> Vec<String> {
    let records = outcomes.iter().flat_map(|outcome| &outcome.records);
    let values = records.map(|it| serde_json::from_slice::<Value>(&it.json).unwrap());
    values.map(|it| it["event_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_part_is_a_record_of_its_own_under_an_id_of_its_own() {
    let mut window = HashSet::new();
    let long = ["I have told you before and I tell you again", "please stop texting me", "Kim"];
    assert_eq!(texts(&said(&mut window, &long)), long);
    // with a time of their own they are written again, and the gate knows them by their ids
    let (first, again) = (ids(&said(&mut window, &long)), ids(&said(&mut window, &long)));
    assert_eq!(first, again);
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 3, "{first:?}");
}

#[test]
fn a_part_that_reads_as_a_permission_is_none() {
    for word in ["START", "yes"] {
        let outcomes = said(&mut HashSet::new(), &["how do I undo this? Do I send", word]);
        assert_eq!(texts(&outcomes), ["how do I undo this? Do I send"]);
        assert_eq!(outcomes[1].answer.status, 200);
        assert_eq!(outcomes[1].skipped.get(&Skip::NotAChange), Some(&1));
        assert_eq!(texts(&said(&mut HashSet::new(), &[word])), [word], "alone it is meant");
    }
}
