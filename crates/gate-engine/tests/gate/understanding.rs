//! Whose a record is, and what is made of one that nobody can read.

use crate::people::{Plain, at, codec};
use gate_codec::Kind;
use gate_core::{EventKey, Receipt, SubjectKey};
use gate_engine::{
    INVALID_ADDRESS, Memory, Owner, Scratch, Suspects, fold, is_known, possible_refusal, suspects,
    understand,
};
use serde_json::{Value, json};

fn receipt() -> Receipt {
    Receipt::by_broker(at("2026-03-02T12:00:00Z"))
}

fn change(more: Value) -> String {
    let mut change = json!({
        "event_id": "1", "occurred_at": "2026-01-01T00:00:00Z", "action": "opt_out",
    });
    change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    change.to_string()
}

/// Of contact and address: is it named; how much is said of it. And whether it is partial, and half a refusal.
type Summary = ((bool, bool), (usize, usize), (bool, bool));

fn understood(more: Value) -> Option<Summary> {
    let text = change(more);
    let codec = codec(Kind::ConsentChange);
    let change = codec.decode_consent(Some(text.as_bytes())).unwrap();
    match understand(&Plain, &change, receipt()) {
        Err(why) => {
            assert_eq!((why.class, why.field), (INVALID_ADDRESS.class, INVALID_ADDRESS.field));
            None
        }
        Ok(found) => Some((
            (found.subjects.contact.is_some(), found.subjects.address.is_some()),
            (found.placement.contact.len(), found.placement.address.len()),
            (found.is_partial, found.is_half_a_refusal()),
        )),
    }
}

#[test]
fn whose_it_is_and_whether_all_of_it_is_understood() {
    let whole = json!({"contact_id": "ana", "address": "ana@example.org", "channel": "email"});
    let (subjects, _, odd) = understood(whole).unwrap();
    assert_eq!((subjects, odd), ((true, true), (false, false)));
    let half = json!({"contact_id": "ana", "address": "nobody can read this"});
    let (subjects, said, odd) = understood(half).unwrap();
    assert_eq!((subjects, odd), ((true, false), (true, true)));
    assert!(said.0 > 0 && said.1 == 0);
    let permission = json!({
        "contact_id": "ana", "address": "nobody can read this", "action": "opt_in", "basis": "express",
        "channel": "email", "purpose": "marketing", "controller": "acme",
        "evidence": {"method": "web_form", "notice_version": "1"},
    });
    let (_, _, (_, is_half_a_refusal)) = understood(permission).unwrap();
    assert!(!is_half_a_refusal, "a permission is simply not given");
    assert_eq!(understood(json!({"address": "nobody can read this"})), None);
    let moved = json!({
        "action": "address_changed", "address": "ana@example.org", "new_address": "who knows",
        "contact_id": "ana",
    });
    assert_eq!(understood(moved), None, "nobody knows where it went");
}

fn found(key: Option<&str>, value: &str, memory: &mut Memory) -> Suspects {
    let mut scratch = Scratch::default();
    let codec = codec(Kind::ConsentChange);
    let both = (key.map(str::as_bytes), Some(value.as_bytes()));
    suspects(&codec, &Plain, both, |subject| is_known(memory, &mut scratch, subject)).unwrap()
}

#[test]
fn a_key_is_believed_once_its_owner_is_known() {
    let mut memory = Memory::default();
    let broken = "nobody can read this";
    assert_eq!(found(Some("ana"), broken, &mut memory).owner, Owner::Unknown);
    // the value says whose it is, and that makes nobody known
    let said = found(None, r#"{"contact_id":"ana","action":"opt_ouch"}"#, &mut memory);
    assert_eq!(said.owner, Owner::Contact);
    let refusal = possible_refusal(said.subjects[0], EventKey([1; 8]), receipt());
    fold(&mut memory, &mut Scratch::default(), said.subjects[0], &refusal).unwrap();
    assert_eq!(found(Some("ana"), broken, &mut memory).owner, Owner::Unknown);
    let text = change(json!({"contact_id": "ana"}));
    let codec = codec(Kind::ConsentChange);
    let readable = codec.decode_consent(Some(text.as_bytes())).unwrap();
    let understood = understand(&Plain, &readable, receipt()).unwrap();
    fold(&mut memory, &mut Scratch::default(), understood.subjects, &understood.placement).unwrap();
    for key in ["ana", "\"ana\"", "Struct{contact_id=ana}"] {
        assert_eq!(found(Some(key), broken, &mut memory).owner, Owner::Key, "{key}");
    }
    assert_eq!(found(Some("ben"), broken, &mut memory).owner, Owner::Unknown);
    let several = format!("[{text},{text}]");
    assert_eq!(found(Some("ana"), &several, &mut memory).owner, Owner::Unknown, "nobody's guess");
    let address = found(None, r#"{"address":"ben@example.org","action":7}"#, &mut memory);
    assert_eq!((address.owner, address.owner.as_str()), (Owner::Address, "address"));
}

/// What is asked for is the error of whoever is asked.
#[test]
fn a_store_that_cannot_be_asked_is_no_unknown_owner() {
    let codec = codec(Kind::ConsentChange);
    let asked =
        suspects(&codec, &Plain, (Some(b"ana"), Some(b"x")), |_: SubjectKey| Err("damaged"));
    assert_eq!(asked, Err("damaged"));
}
