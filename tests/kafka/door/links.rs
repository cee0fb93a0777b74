//! The link that the gate puts into approved mail stops what it is in.

use super::signals::keys;
use super::{PATIENCE, door_setup, gate, start};
use crate::harness::load::Stage;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment, http};
use gate_intake::ShortSender;
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn approved_mail_carries_a_link_that_stops_it() {
    let test = "approved_mail_carries_a_link_that_stops_it";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-links");
    let stage = Stage::new(bootstrap, &topics);
    let people = data::contacts("linked", 2);
    stage.opt_in(&people);
    let (mut setup, token) = gate("door-links", bootstrap, &topics);
    let made = Command::new(&setup.program).args(["unsubscribe", "key", "--id", "1"]).output();
    let keys = setup.dir.join("keys");
    std::fs::write(&keys, made.expect("the program can be run").stdout).expect("it can be written");
    let set = |key: &str, value: &str| (format!("CONSENT_GATE__{key}"), value.to_owned());
    let shared = [
        set("DOOR__KEYS_FILE", keys.to_str().expect("a path")),
        set("DOOR__PUBLIC_URL", "https://door.example"),
    ];
    setup.environment.extend(shared);
    setup.environment.push(set("UNSUBSCRIBE__ENABLED", "true"));
    let running = setup.spawn_ready();
    let door = door_setup(&setup, &[setup.port], &token);
    let mut process = start(&door);
    process.wait_ready();

    let during = During::follow(bootstrap, &topics.outputs());
    stage.message_all(&people);
    environment::wait_until("both are decided", PATIENCE, || during.count() >= 2);
    let outputs = during.records();
    let link = |nth: usize| {
        let id = people[nth].id.as_bytes();
        let output = outputs.iter().find(|it| it.key.as_deref() == Some(id)).expect("an output");
        assert_eq!(output.header("gate-outcome"), Some("approved"));
        let link = output.header("gate-unsubscribe").expect("a link").to_owned();
        link.strip_prefix("https://door.example").expect("the public address").to_owned()
    };
    assert!(!link(0).contains("linked") && link(0) != link(1), "nobody reads in it whose it is");
    let minted = r#"consent_gate_unsubscribe_links_total{result="minted"} 2"#;
    assert!(running.get("/metrics").expect("a page").1.contains(minted));
    let (code, _) =
        http::form(door.port, &link(0), "List-Unsubscribe=One-Click").expect("an answer");
    assert_eq!(code, 200);

    stage.message_all(&people);
    environment::wait_until("all are decided", PATIENCE, || during.count() >= 4);
    let later = during.records();
    let told: Vec<_> = later
        .iter()
        .skip(2)
        .map(|it| {
            (it.key.clone(), it.header("gate-reason"), it.header("gate-unsubscribe").is_some())
        })
        .collect();
    for (key, reason, has_link) in told {
        let is_refused = key.as_deref() == Some(people[0].id.as_bytes());
        assert_eq!(
            (reason == Some("blocked.opted_out"), has_link),
            (is_refused, !is_refused),
            "{reason:?}"
        );
    }
    process.stop();
    running.stop();
}

#[test]
fn a_short_link_of_a_text_leads_to_the_page_that_stops_it() {
    let test = "a_short_link_of_a_text_leads_to_the_page_that_stops_it";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-short");
    let (setup, token) = gate("door-short", bootstrap, &topics);
    let mut door = door_setup(&setup, &[], &token);
    door.environment.retain(|(key, _)| !key.contains("DOOR__GATE"));
    let set = |key: &str, value: &str| (format!("CONSENT_GATE__DOOR__{key}"), value.to_owned());
    door.environment.extend([
        set("SHORT_URL", "https://s.example"),
        set("SHORT_SENDERS", "other-ltd/,acme-ltd/acme"),
    ]);
    let mut process = start(&door);
    process.wait_ready();
    let sender = |brand: &str| ShortSender {
        controller: Some("acme-ltd".into()),
        brand: Some(brand.into()),
    };
    let mint = |brand| {
        let token = keys(&door.dir).mint_short("+447700900123", "sms", &sender(brand));
        format!("/{}", token.expect("a token"))
    };
    let short = mint("acme");
    assert!("https://s.example".len() + short.len() <= 40);
    let looked = http::browse(door.port, &short, None).expect("an answer");
    assert_eq!(looked.status, 302);
    let long = looked.header("location").expect("where to");
    let long = long.strip_prefix("https://door.example").expect("the public address");
    let page = http::browse(door.port, long, None).expect("a page");
    assert!(page.status == 200 && page.body.contains("<form"), "{}", page.body);
    assert!(!page.body.contains("7700900123"), "no page shows a number");
    for path in [mint("stranger"), format!("{short}x"), short[..short.len() - 2].to_owned()] {
        assert_eq!(http::browse(door.port, &path, None).expect("an answer").status, 404, "{path}");
    }
    // it is a page's address, and no button
    assert_eq!(http::form(door.port, &short, "stop=yes").expect("an answer").0, 404);
    assert!(read_all(bootstrap, &[&topics.consent_change]).is_empty(), "looking changes nothing");
    let done = http::form(door.port, long, "List-Unsubscribe=One-Click").expect("an answer");
    assert_eq!(done.0, 200);
    let records = read_all(bootstrap, &[&topics.consent_change]);
    let change: Value =
        serde_json::from_slice(records[0].value.as_deref().expect("a value")).expect("JSON");
    assert_eq!(
        (&change["action"], &change["address"], &change["brand"], &change["channel"]),
        (&json!("opt_out"), &json!("+447700900123"), &json!("acme"), &json!("sms"))
    );
    let log = process.log_text();
    process.stop();
    assert!(!log.contains("7700900123") && !log.contains(&short[1..]), "{log}");
}
