//! What else people do at the pages: a browser says "do not sell", somebody turns something on by e-mail, a link is too old.

use super::opt_in::SIGN_UP;
use super::{BRANDS, PATIENCE, TOKEN, between, door_setup, gate, start};
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, http};
use gate_core::Timestamp;
use gate_intake::{Asked, Confirmation, TokenKeys};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What lies in the consent topic, by what it says: the order over partitions is nobody's.
fn changes(bootstrap: &str, topics: &Topics, method: &str) -> Vec<Value> {
    let records = read_all(bootstrap, &[&topics.consent_change]);
    let values = records.iter().filter_map(|it| serde_json::from_slice(it.value.as_deref()?).ok());
    values.filter(|it: &Value| it["evidence"]["method"] == method).collect()
}

/// The path of the page that chooses, for somebody who lives there.
fn preferences(port: u16, id: &str, jurisdiction: &str) -> String {
    let link = json!({"contact_id": id, "address": format!("{id}@mail.example.org"), "channel": "email",
        "controller": "acme-ltd", "jurisdiction": jurisdiction});
    let body = json!({ "links": [link] }).to_string();
    let (code, made) = http::ask(port, "/v1/unsubscribe-links", TOKEN, &body).expect("an answer");
    assert_eq!(code, 200, "{made}");
    let made: Value = serde_json::from_str(&made).expect("an object");
    let url = made["links"][0]["url"].as_str().expect("a link");
    let path = url.strip_prefix("https://door.example").expect("the public address");
    let page = http::browse(port, path, None).expect("a page");
    format!("/p/{}", between(&page.body, "href=\"/p/"))
}

/// The keys of a door, from its file.
pub(super) fn keys(dir: &Path) -> TokenKeys {
    let text = std::fs::read_to_string(dir.join("door/keys")).expect("its keys");
    let (id, hex) = text.trim().split_once(' ').expect("an id and a key");
    let mut key = [0; 32];
    for (nth, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * nth..2 * nth + 2], 16).expect("hexadecimal digits");
    }
    let id = id.parse().expect("a number");
    TokenKeys::new(&[(id, key)], id).expect("a ring")
}

#[test]
fn a_browser_that_says_do_not_sell_is_heard() {
    let test = "a_browser_that_says_do_not_sell_is_heard";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-gpc");
    let (setup, token) = gate("door-gpc", bootstrap, &topics);
    let running = setup.spawn_ready();
    let door = door_setup(&setup, &[setup.port], &token);
    let mut process = start(&door);
    process.wait_ready();
    let known = http::browse(door.port, "/.well-known/gpc.json", None).expect("an answer");
    let known_json: Value = serde_json::from_str(&known.body).expect("JSON");
    assert_eq!((known.status, &known_json["gpc"]), (200, &json!(true)));
    assert_eq!(known.header("content-type"), Some("application/json"));

    let (west, abroad) =
        (preferences(door.port, "cal", "US-CA"), preferences(door.port, "brit", "GB"));
    let look = |path: &str, signal: &str| {
        http::browse_with(door.port, path, signal, None).expect("a page").body
    };
    let heard = "Global Privacy Control";
    assert!(!look(&west, "").contains(heard));
    assert!(!look(&west, "Sec-GPC: 0\r\n").contains(heard));
    assert!(!look(&abroad, "Sec-GPC: 1\r\n").contains(heard), "no law of GB asks for it");
    assert!(changes(bootstrap, &topics, "gpc").is_empty(), "nobody has said so");
    assert!(look(&west, "Sec-GPC: 1\r\n").contains(heard), "what is honoured is shown");
    assert!(look(&west, "Sec-GPC: 1\r\n").contains(heard), "and again");
    let said = changes(bootstrap, &topics, "gpc");
    for it in &said {
        assert_eq!(
            (&it["action"], &it["purpose"], &it["controller"], &it["contact_id"]),
            (&json!("opt_out"), &json!("sale_share"), &json!("acme-ltd"), &json!("cal"))
        );
        assert_eq!(it.get("brand"), None, "who sells is the legal entity");
    }
    // once a day, whenever the day ends
    let ids: BTreeSet<String> = said.iter().map(|it| it["event_id"].to_string()).collect();
    assert!(!said.is_empty() && ids.len() == said.len(), "{said:?}");
    process.stop();
    running.stop();
}

#[test]
fn what_is_turned_on_by_mail_and_a_link_that_is_too_old_ask_again() {
    let test = "what_is_turned_on_by_mail_and_a_link_that_is_too_old_ask_again";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-again");
    let (setup, token) = gate("door-again", bootstrap, &topics);
    let running = setup.spawn_ready();
    let door = door_setup(&setup, &[setup.port], &token);
    std::fs::write(door.dir.join("brands.yaml"), format!("{BRANDS}{SIGN_UP}"))
        .expect("it is written");
    let mut process = start(&door);
    process.wait_ready();
    let browse =
        |path: &str, form: Option<&str>| http::browse(door.port, path, form).expect("an answer");
    let csrf = |body: &str| between(body, "name=\"csrf\" value=\"").to_owned();
    let during = During::follow(bootstrap, &topics.outputs());
    // the mails that ask, by whom they go to
    let mails_to = |address: &str| -> Vec<Value> {
        let outputs = during.records();
        let approved = outputs.iter().filter(|it| it.header("gate-outcome") == Some("approved"));
        let mails =
            approved.filter_map(|it| serde_json::from_slice::<Value>(it.value.as_deref()?).ok());
        mails.filter(|it| it["recipient"]["address"] == json!(address)).collect()
    };
    let mail_to = |address: &str| -> Value {
        environment::wait_until("the mail is approved", PATIENCE, || !mails_to(address).is_empty());
        mails_to(address)[0].clone()
    };

    // "turn on by e-mail": nothing is on before the button behind the mail
    let page = preferences(door.port, "eva", "GB");
    let shown = browse(&page, None);
    let choice = "email.marketing.newsletter";
    assert!(shown.body.contains(&format!("name=\"ask\" value=\"{choice}\"")), "{}", shown.body);
    let csrf_of_page = csrf(&shown.body);
    let ask =
        |csrf: &str, choice: &str| browse(&page, Some(&format!("csrf={csrf}&ask={choice}"))).status;
    assert_eq!(ask("guessed", choice), 403);
    assert_eq!(ask(&csrf_of_page, "email.marketing.offers"), 400, "no text is approved for it");
    assert_eq!(ask(&csrf_of_page, "sms.marketing.newsletter"), 400, "a mail proves no telephone");
    assert_eq!(ask(&csrf_of_page, choice), 200);
    let asked = changes(bootstrap, &topics, "preference_page");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (&asked[0]["action"], &asked[0]["contact_id"]),
        (&json!("opt_in_requested"), &json!("eva"))
    );
    assert_eq!(asked[0]["evidence"].get("notice_version"), None, "that page shows no text");
    let mail = mail_to("eva@mail.example.org");
    assert_eq!(mail["category"], "consent_request");
    let url = mail["attributes"]["confirm_url"].as_str().expect("a link");
    let path = url.strip_prefix("https://door.example").expect("the public address").to_owned();
    let confirm = csrf(&browse(&path, None).body);
    assert!(changes(bootstrap, &topics, "double_opt_in").is_empty(), "looking changes nothing");
    assert_eq!(browse(&path, Some(&format!("csrf={confirm}"))).status, 200);
    let agreed = changes(bootstrap, &topics, "double_opt_in");
    assert_eq!(agreed.len(), 1, "{agreed:?}");
    assert_eq!(
        (&agreed[0]["action"], &agreed[0]["contact_id"], &agreed[0]["evidence"]["notice_version"]),
        (&json!("opt_in_confirmed"), &json!("eva"), &json!("2026-11"))
    );

    // a link of eight days ago: its button asks anew, to the same mailbox, and agrees to nothing
    let asked_at = jiff::Timestamp::now().as_microsecond() - 8 * DAY_MICROS;
    let old = Confirmation {
        request: "opt-in:old".to_owned(),
        address: "old@mail.example.org".to_owned(),
        contact_id: None,
        controller: Some("acme-ltd".to_owned()),
        brand: Some("acme".to_owned()),
        jurisdiction: None,
        locale: "en".to_owned(),
        asked: vec![Asked {
            purpose: "marketing.newsletter".to_owned(),
            notice_version: "2026-11".to_owned(),
            text_sha256: None,
        }],
        asked_at: Timestamp::from_micros(asked_at),
        expires_at: Timestamp::from_micros(asked_at + 7 * DAY_MICROS),
    };
    let token = keys(&door.dir).seal(&old).expect("a token");
    let path = format!("/c/{token}");
    let expired = browse(&path, None);
    assert!(expired.body.contains("name=\"again\" value=\"yes\""), "{}", expired.body);
    assert!(!expired.body.contains("old@mail"), "no page shows an address");
    let (csrf, want) =
        (csrf(&expired.body), between(&expired.body, "name=\"want\" value=\"").replace(' ', "+"));
    let agree = browse(&path, Some(&format!("csrf={csrf}")));
    assert_eq!((agree.status, agree.body.contains("name=\"again\"")), (expired.status, true));
    assert_eq!(changes(bootstrap, &topics, "double_opt_in").len(), 1, "it is too old to agree");
    assert!(changes(bootstrap, &topics, "web_form").is_empty());
    let again =
        |csrf: &str| browse(&path, Some(&format!("csrf={csrf}&locale=en&want={want}&again=yes")));
    assert_eq!(again("guessed").status, 403);
    assert_eq!(again(&csrf).status, 200);
    let asked = changes(bootstrap, &topics, "web_form");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (&asked[0]["action"], &asked[0]["address"]),
        (&json!("opt_in_requested"), &json!("old@mail.example.org"))
    );
    let mail = mail_to("old@mail.example.org");
    let url = mail["attributes"]["confirm_url"].as_str().expect("a link");
    assert!(!url.contains(&token), "it is another link");
    let log = process.log_text();
    process.stop();
    running.stop();
    for secret in ["eva@", "old@", &token] {
        assert!(!log.contains(secret), "{secret}");
    }
}
