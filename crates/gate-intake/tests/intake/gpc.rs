//! "Do not sell or share my data": a refusal where the law asks for it, and never a permission.

use crate::door::{NOW, at, post, run, source};
use gate_intake::{
    GPC_JSON, TokenContent, accept, asks_for_gpc, is_sale_share, sale_share_refusal, says_gpc,
};
use serde_json::{Value, json};

#[test]
fn only_the_one_value_says_so() {
    assert!(says_gpc(&post(&[("Sec-GPC", "1")], "")));
    for other in ["0", "", "true", "1, 1", "11"] {
        assert!(!says_gpc(&post(&[("sec-gpc", other)], "")), "{other}");
    }
    assert!(!says_gpc(&post(&[], "")));
    assert!(
        !says_gpc(&post(&[("sec-gpc", "1"), ("sec-gpc", "1")], "")),
        "nobody knows which counts"
    );
}

#[test]
fn the_law_asks_in_some_states_and_where_nobody_knows() {
    for place in [None, Some(""), Some("US"), Some("US-CA"), Some("us-tx"), Some("US-NJ")] {
        assert!(asks_for_gpc(place), "{place:?}");
    }
    for place in ["US-FL", "DE", "GB", "CA", "CA-QC", "US-XX"] {
        assert!(!asks_for_gpc(Some(place)), "{place}");
    }
}

#[test]
fn the_signal_is_a_refusal_of_one_purpose() {
    let content = TokenContent {
        contact_id: Some("c-7".to_owned()),
        controller: Some("acme-ltd".to_owned()),
        brand: Some("acme".to_owned()),
        purpose: Some("marketing.newsletter".to_owned()),
        ..TokenContent::default()
    };
    let record = |now| sale_share_refusal(&content, "t0", "https://x.example/p", "en", at(now));
    let accepted = accept(0, record(NOW), &[]).unwrap();
    let read: Value = serde_json::from_slice(&accepted.json).unwrap();
    assert_eq!(
        read,
        json!({
            "event_id": "gpc:t0:20781", "occurred_at": "2026-11-24T10:00:05Z", "action": "opt_out",
            "contact_id": "c-7", "purpose": "sale_share", "controller": "acme-ltd",
            "evidence": {"method": "gpc", "source": "https://x.example/p", "locale": "en"},
            "source": "door", "via": "Sec-GPC: 1",
        })
    );
    assert_eq!(record(NOW).event_id, record(NOW + 3_600).event_id);
    assert_ne!(record(NOW).event_id, record(NOW + 24 * 3_600).event_id);
}

#[test]
fn nobody_grants_it() {
    let crm = source(json!({
        "name": "crm", "provider": "consent-changes", "tokens": ["word"],
    }));
    for action in ["opt_in", "opt_in_requested", "opt_in_confirmed", "OPT_IN"] {
        for purpose in ["sale_share", "Sale_Share", "sale_share.ads"] {
            let body = json!({
                "event_id": "1", "occurred_at": "2026-11-24T09:59:50Z", "action": action, "contact_id": "c",
                "channel": "email", "purpose": purpose, "evidence": {"method": "m", "notice_version": "v"},
            });
            let headers = [("authorization", "Bearer word"), ("content-type", "application/json")];
            let outcome = run(&crm, &post(&headers, body.to_string()));
            assert_eq!(outcome.answer.status, 422, "{action} {purpose}");
            let problem = outcome.problems[0].to_string();
            assert!(
                problem.starts_with("/purpose: invalid_value: ")
                    && problem.contains("only be refused"),
                "{problem}"
            );
        }
    }
    assert!(
        !is_sale_share("sale_shares")
            && !is_sale_share("marketing")
            && is_sale_share(" sale_share")
    );
}

#[test]
fn what_a_browser_looks_up() {
    let read: Value = serde_json::from_str(GPC_JSON).unwrap();
    assert_eq!(read, json!({"gpc": true, "lastUpdate": "2026-11-30"}));
}
