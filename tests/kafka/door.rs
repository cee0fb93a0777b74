//! The door as people and programs meet it: each record is answered for, a click unsubscribes, a page shows what is on and
//! stops it; nothing of a person is in the door's log.

use crate::harness::data::{self, Refusal};
use crate::harness::gate::{Gate, Setup, free_port};
use crate::harness::load::Stage;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, http};
use serde_json::{Value, json};
use std::time::Duration;

mod canary;
mod findings;
mod leaving;
mod links;
mod opt_in;
mod origin;
mod ready;
mod signals;
mod sns;

const TOKEN: &str = "a-word-that-the-crm-and-the-door-know";
const SOURCES: &str = r#"
- name: crm
  provider: consent-changes
  tokens: ["a-word-that-the-crm-and-the-door-know"]
  controller: acme-ltd
  brand: acme
- name: forms
  provider: consent-changes
  tokens: ["another-word-that-forms-and-the-door-know"]
  controller: acme-ltd
  brand: acme
  actions: [refusals]
"#;
const BRANDS: &str = r#"
- id: acme
  name: Acme
  legal_name: "Acme Ltd, 1 Example Street, Exampleton"
  contact: {email: stop@example.com}
  locales: [en]
  default_locale: en
  channels: [email]
  purposes:
    - {id: marketing.newsletter, channels: [email], words: {en: {name: Newsletter, in_sentence: the newsletter}}}
    - {id: marketing.offers, channels: [email], words: {en: {name: Offers}}}
"#;
/// How long a provider tries again in this test.
const PATIENCE: Duration = Duration::from_secs(120);

/// A setup of a door beside the gates of `setup`, which answer with this token.
fn door_setup(setup: &Setup, gates: &[u16], token: &str) -> Setup {
    let port = free_port();
    let mut door = Setup { port, ..setup.sibling("door") };
    let write = |name: &str, text: &str| {
        let path = door.dir.join(name);
        std::fs::write(&path, text).expect("the file can be written");
        path.display().to_string()
    };
    let gates: Vec<String> = gates.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
    let set = |key: &str, value: String| (format!("CONSENT_GATE__DOOR__{key}"), value);
    let more = [
        set("LISTEN", format!("127.0.0.1:{port}")),
        set("DIR", door.dir.join("door").display().to_string()),
        set("SOURCES_FILE", write("sources.yaml", SOURCES)),
        set("BRANDS_FILE", write("brands.yaml", BRANDS)),
        set("GATES", gates.join(",")),
        set("GATE_TOKEN_FILE", write("gate.token", token)),
        set("PUBLIC_URL", "https://door.example".to_owned()),
    ];
    door.environment.extend(more);
    door
}

fn start(door: &Setup) -> Gate {
    door.start(&["door"], &door.dir.join("door.log"))
}

/// A gate that answers the door.
fn gate(test: &str, bootstrap: &str, topics: &Topics) -> (Setup, String) {
    let mut setup = Setup::new(test, bootstrap, topics);
    let (token, line) = crate::desk::token(&setup, "officer");
    let path = setup.dir.join("gate-tokens.yaml");
    std::fs::write(&path, line).expect("the file can be written");
    let path = path.display().to_string();
    setup.environment.push(("CONSENT_GATE__HTTP__TOKENS_FILE".to_owned(), path));
    (setup, token)
}

#[test]
fn each_record_is_answered_for_and_a_click_unsubscribes() {
    let test = "each_record_is_answered_for_and_a_click_unsubscribes";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-answers");
    let stage = Stage::new(bootstrap, &topics);
    let people = data::contacts("clicking", 3);
    stage.opt_in(&people);
    let (setup, token) = gate("door-answers", bootstrap, &topics);
    let running = setup.spawn_ready();
    let door = door_setup(&setup, &[setup.port], &token);
    let mut process = start(&door);
    process.wait_ready();
    let ask = |path: &str, token: &str, body: &Value| {
        let (code, text) = http::ask(door.port, path, token, &body.to_string()).expect("an answer");
        (code, serde_json::from_str::<Value>(&text).unwrap_or(Value::Null))
    };
    let n_before = read_all(bootstrap, &[&topics.consent_change]).len();
    let now = jiff::Timestamp::now();

    // the good ones are kept, each with its place; the others are named
    let good = people[0].refusal(Refusal::Full, "kept-1", now);
    let batch = json!([good, {"action": "opt_out", "event_id": "canary-1"}, {"action": "opt_in", "event_id": "canary-2",
        "occurred_at": now.to_string(), "contact_id": people[1].id, "controller": "somebody-else"}]);
    let (code, answer) = ask("/v1/consent-changes", TOKEN, &batch);
    assert_eq!(code, 207, "{answer}");
    assert_eq!(answer["records"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(
        (&answer["records"][0]["index"], &answer["records"][0]["topic"]),
        (&json!(0), &json!(topics.consent_change))
    );
    let indices: Vec<_> =
        answer["problems"].as_array().unwrap().iter().map(|it| it["index"].clone()).collect();
    assert_eq!(indices, [json!(1), json!(2)], "{answer}");
    assert_eq!(read_all(bootstrap, &[&topics.consent_change]).len(), n_before + 1);
    let put_aside = read_all(bootstrap, &[&topics.door_dead_letter]);
    assert_eq!(put_aside.len(), 2);
    assert!(put_aside[0].header("gate-detail").unwrap().contains("crm"));

    // who may only refuse cannot grant, and nobody learns which words there are
    let grant = json!({"action": "opt_in", "event_id": "g", "occurred_at": now.to_string(), "contact_id": people[1].id,
        "evidence": {"method": "form", "notice_version": "1"}});
    let (code, answer) =
        ask("/v1/consent-changes", "another-word-that-forms-and-the-door-know", &grant);
    assert_eq!(
        (code, &answer["problems"][0]["class"]),
        (422, &json!("action_not_allowed")),
        "{answer}"
    );
    assert_eq!(ask("/v1/consent-changes", "no-such-word", &grant).0, 401);
    assert_eq!(ask("/hooks/nobody", "no-such-word", &grant).0, 401);

    // a link is minted, looked at by a scanner, and followed by a mail program
    let wanted = json!({"links": [{"contact_id": people[2].id, "channel": "email", "message_id": "m-1"}, {}]});
    let (code, made) = ask("/v1/unsubscribe-links", TOKEN, &wanted);
    assert_eq!(code, 200, "{made}");
    let url = made["links"][0]["url"].as_str().expect("a link").to_owned();
    assert!(made["links"][1]["problem"].is_string(), "{made}");
    let path = url.strip_prefix("https://door.example").expect("the public address");
    assert!(!path.contains("clicking"), "nobody reads in it whose it is");
    let n_before = read_all(bootstrap, &[&topics.consent_change]).len();
    let (code, page) = http::get(door.port, path).expect("a page");
    assert!(code == 200 && page.contains("<form"), "{code} {page}");
    assert_eq!(
        read_all(bootstrap, &[&topics.consent_change]).len(),
        n_before,
        "looking changes nothing"
    );
    let click = |path: &str| {
        http::form(door.port, path, "List-Unsubscribe=One-Click").expect("an answer").0
    };
    assert_eq!(click(path), 200);
    assert_eq!(click(&format!("{path}x")), 404);
    let changes = read_all(bootstrap, &[&topics.consent_change]);
    assert_eq!(changes.len(), n_before + 1);
    let change: Value =
        serde_json::from_slice(changes.last().unwrap().value.as_deref().unwrap()).unwrap();
    let change = changes
        .iter()
        .rev()
        .filter_map(|it| serde_json::from_slice::<Value>(it.value.as_deref()?).ok())
        .find(|it| it["evidence"]["method"] == "one_click")
        .unwrap_or(change);
    assert_eq!(
        (&change["action"], &change["contact_id"], &change["brand"]),
        (&json!("opt_out"), &json!(people[2].id), &json!("acme"))
    );

    // both are heeded
    let during = During::follow(bootstrap, &topics.outputs());
    stage.message_all(&people);
    environment::wait_until("all are decided", PATIENCE, || during.count() >= people.len());
    let outcomes: Vec<String> =
        during.records().iter().map(|it| it.header("gate-reason").unwrap().to_owned()).collect();
    assert_eq!(
        outcomes.iter().filter(|reason| *reason == "blocked.opted_out").count(),
        2,
        "{outcomes:?}"
    );
    let metrics = process.get("/metrics").expect("a page").1;
    assert!(
        metrics
            .contains(r#"consent_gate_door_records_total{action="opt_out",source="one-click"} 1"#),
        "{metrics}"
    );
    let log = process.log_text();
    process.stop();
    running.stop();
    for secret in ["clicking", "canary", "@mail", TOKEN] {
        assert!(!log.contains(secret) && !metrics.contains(secret), "{secret}");
    }
}

/// The value of a hidden field, and where a link of a page leads.
fn between<'p>(page: &'p str, before: &str) -> &'p str {
    let rest = page.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split('"').next().expect("it ends")
}

#[test]
fn people_see_what_is_on_and_stop_it() {
    let test = "people_see_what_is_on_and_stop_it";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-pages");
    let stage = Stage::new(bootstrap, &topics);
    let people = data::contacts("choosing", 2);
    stage.opt_in(&people);
    let (setup, token) = gate("door-pages", bootstrap, &topics);
    let running = setup.spawn_ready();
    let door = door_setup(&setup, &[setup.port], &token);
    let mut process = start(&door);
    process.wait_ready();
    let browse =
        |path: &str, form: Option<&str>| http::browse(door.port, path, form).expect("an answer");
    let address = |n: usize| people[n].message("-", 0)["recipient"]["address"].clone();
    let links: Vec<Value> = (0..2)
        .map(|n| json!({"contact_id": people[n].id, "address": address(n), "channel": "email", "controller": "acme-ltd", "jurisdiction": "GB"}))
        .collect();
    let body = json!({ "links": links }).to_string();
    let (code, made) =
        http::ask(door.port, "/v1/unsubscribe-links", TOKEN, &body).expect("an answer");
    assert_eq!(code, 200, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let path = |n: usize| {
        made["links"][n]["url"]
            .as_str()
            .unwrap()
            .strip_prefix("https://door.example")
            .unwrap()
            .to_owned()
    };
    let n_before = read_all(bootstrap, &[&topics.consent_change]).len();

    // looking changes nothing, and shows no address
    let page = browse(&path(0), None);
    assert!(page.status == 200 && page.body.contains("Acme"), "{}", page.body);
    let shown = address(0).as_str().unwrap().to_owned();
    assert!(!page.body.contains(&shown), "{}", page.body);
    let css = between(&page.body, "<link rel=\"stylesheet\" href=\"");
    assert_eq!(browse(css, None).status, 200);
    let preferences = format!("/p/{}", between(&page.body, "href=\"/p/"));
    let choices = browse(&preferences, None);
    assert_eq!(choices.status, 200, "{}", choices.body);
    assert!(choices.body.contains("email.marketing.newsletter"), "{}", choices.body);
    assert_eq!(read_all(bootstrap, &[&topics.consent_change]).len(), n_before);

    // one purpose off, then everything; a form that was not on our page changes nothing
    let csrf = between(&choices.body, "name=\"csrf\" value=\"").to_owned();
    assert_eq!(browse(&preferences, Some("stop=everything&csrf=guessed")).status, 403);
    let form = format!(
        "csrf={csrf}&shown=email.marketing.newsletter&shown=email.marketing.offers&keep=email.marketing.offers"
    );
    let saved = browse(&preferences, Some(&form));
    assert_eq!(saved.status, 200, "{}", saved.body);
    let changes = || -> Vec<Value> {
        let records = read_all(bootstrap, &[&topics.consent_change]);
        let read = |it: &crate::harness::readers::Record| {
            serde_json::from_slice(it.value.as_deref()?).ok()
        };
        records
            .iter()
            .filter_map(read)
            .filter(|it: &Value| it["evidence"]["method"] == "preference_page")
            .collect()
    };
    let refused = changes();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(
        (&refused[0]["purpose"], &refused[0]["brand"]),
        (&json!("marketing.newsletter"), &json!("acme"))
    );
    let stopped = browse(&preferences, Some(&format!("csrf={csrf}&stop=everything")));
    assert_eq!(stopped.status, 200, "{}", stopped.body);
    let refused = changes();
    assert!(
        refused.len() == 2
            && refused.iter().any(|it| it.get("purpose").is_none() && it.get("channel").is_none()),
        "{refused:?}"
    );

    // the one click of a browser: since when it holds; nothing that was damaged opens
    let done = browse(&path(1), Some("List-Unsubscribe=One-Click"));
    assert!(
        done.status == 200
            && done.header("location").is_none()
            && done.header("set-cookie").is_none()
    );
    assert!(done.body.contains("<html"), "{}", done.body);
    let unknown = browse(&format!("{}x", path(1)), None);
    assert!(unknown.status == 404 && unknown.body.contains("<html"), "{}", unknown.body);
    let during = During::follow(bootstrap, &topics.outputs());
    stage.message_all(&people);
    environment::wait_until("all are decided", PATIENCE, || during.count() >= people.len());
    for output in during.records() {
        assert_eq!(output.header("gate-reason"), Some("blocked.opted_out"));
    }

    // without a gate nobody can say what is on, and refusing still works
    running.stop();
    let away = browse(&preferences, None);
    assert!(
        away.status == 200 && !away.body.contains("email.marketing.newsletter"),
        "{}",
        away.body
    );
    assert_eq!(browse(&preferences, Some(&format!("csrf={csrf}&stop=everything"))).status, 200);
    let log = process.log_text();
    process.stop();
    for secret in ["choosing", "@mail", &preferences] {
        assert!(!log.contains(secret), "{secret}");
    }
}
