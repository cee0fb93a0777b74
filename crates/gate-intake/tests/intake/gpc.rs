//! "Do not sell or share my data": a refusal where the law asks for it, and never a permission.

use crate::door::{NOW, at, post, run, source};
use gate_intake::{
    GPC_JSON, Token, TokenContent, TokenKind, asks_for_gpc, is_sale_share, refuse_sale_share,
    says_gpc,
};
use serde_json::{Value, json};
use std::collections::HashSet;

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
    let token = Token { kind: TokenKind::Preferences, content, id: "t0".to_owned() };
    let mut window = HashSet::new();
    let heard = |window: &HashSet<String>, now| {
        refuse_sale_share(&token, "https://x.example/p?lang=en", "en", window, at(now)).unwrap()
    };
    let first = heard(&window, NOW);
    window.extend(first.remember.clone());
    let accepted = &first.records[0];
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
    let same_day = heard(&window, NOW + 3_600);
    assert_eq!((same_day.records.len(), same_day.repeated.len()), (0, 1));
    assert_eq!(heard(&window, NOW + 24 * 3_600).records.len(), 1);
    let nobody = Token { content: TokenContent::default(), ..token.clone() };
    assert!(refuse_sale_share(&nobody, "https://x.example/p", "en", &window, at(NOW)).is_err());
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
