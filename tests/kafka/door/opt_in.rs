//! Double opt-in over a real door and a real gate: a form, the one mail, a look, the button.

use super::{BRANDS, PATIENCE, between, door_setup, gate, start};
use crate::harness::data::{self, Contact};
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, http};
use serde_json::{Value, json};

pub(super) const SIGN_UP: &str = r#"  notices:
    - {purpose: marketing.newsletter, channel: email, version: "2026-11", locale: en, text: "Yes, send me the newsletter.", approved_by: Kim, approved_on: "2026-11-02"}
  sign_up:
    controller: acme-ltd
    purposes: [marketing.newsletter]
"#;

#[test]
fn a_form_asks_and_only_the_button_behind_the_mail_agrees() {
    let test = "a_form_asks_and_only_the_button_behind_the_mail_agrees";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-opt-in");
    let stage = Stage::new(bootstrap, &topics);
    let (setup, token) = gate("door-opt-in", bootstrap, &topics);
    let running = setup.spawn_ready();
    let door = door_setup(&setup, &[setup.port], &token);
    std::fs::write(door.dir.join("brands.yaml"), format!("{BRANDS}{SIGN_UP}"))
        .expect("it is written");
    let mut process = start(&door);
    process.wait_ready();
    let browse =
        |path: &str, form: Option<&str>| http::browse(door.port, path, form).expect("an answer");
    let changes = || -> Vec<Value> {
        let records = read_all(bootstrap, &[&topics.consent_change]);
        records.iter().filter_map(|it| serde_json::from_slice(it.value.as_deref()?).ok()).collect()
    };
    let during = During::follow(bootstrap, &topics.outputs());
    let wait_for = |n: usize| {
        environment::wait_until("it is decided", PATIENCE, || during.count() >= n);
        during.records()[n - 1].clone()
    };
    // somebody who was never here, and whose mailbox this is
    let message = |id: &str| {
        let ana = Contact { id: "ana".to_owned(), address: "ana@mail.example.org".to_owned() };
        let mut message = ana.message(id, 0);
        message["recipient"] = json!({"address": ana.address, "jurisdiction": "GB"});
        stage.producer.send(&topics.outbound, &Outgoing::new(b"ana", data::bytes(&message)));
    };

    let page = browse("/s/acme", None);
    assert!(
        page.status == 200 && page.body.contains("Yes, send me the newsletter."),
        "{}",
        page.body
    );
    let csrf = between(&page.body, "name=\"csrf\" value=\"").to_owned();
    let form = |address: &str, csrf: &str| {
        format!("csrf={csrf}&locale=en&address={address}&want=marketing.newsletter+2026-11")
    };
    assert_eq!(browse("/s/acme", Some(&form("ana%40mail.example.org", "guessed"))).status, 403);
    assert_eq!(browse("/s/acme", Some(&form("nobody", &csrf))).status, 422);
    assert_eq!(browse("/s/other", None).status, 404);
    assert!(changes().is_empty(), "nothing was said yet");

    let sent = browse("/s/acme", Some(&form("ana%40mail.example.org", &csrf)));
    assert_eq!(sent.status, 200, "{}", sent.body);
    let asked = changes();
    assert_eq!((asked.len(), &asked[0]["action"]), (1, &json!("opt_in_requested")), "{asked:?}");
    let mail = wait_for(1);
    assert_eq!(mail.header("gate-outcome"), Some("approved"), "{:?}", mail.header("gate-reason"));
    let mail: Value = serde_json::from_slice(mail.value.as_deref().expect("a mail")).expect("JSON");
    assert_eq!(mail["category"], "consent_request");
    let url = mail["attributes"]["confirm_url"].as_str().expect("a link").to_owned();
    let path = url.strip_prefix("https://door.example").expect("the public address").to_owned();
    assert!(path.starts_with("/c/") && !path.contains("ana"), "{path}");

    // the form alone, and a scanner that follows the link, turn nothing on
    let look = browse(&path, None);
    assert!(
        look.status == 200 && look.body.contains("Yes, send me the newsletter."),
        "{}",
        look.body
    );
    assert!(!look.body.contains("ana@mail"), "no page shows an address");
    assert_eq!(changes().len(), 1);
    message("before");
    assert_eq!(wait_for(2).header("gate-reason"), Some("blocked.pending_confirmation"));

    let csrf = between(&look.body, "name=\"csrf\" value=\"").to_owned();
    assert_eq!(browse(&path, Some("csrf=guessed")).status, 403);
    let done = browse(&path, Some(&format!("csrf={csrf}")));
    assert_eq!(done.status, 200, "{}", done.body);
    let said = changes();
    // by what they say: they may lie in different partitions
    let confirmed: Vec<&Value> =
        said.iter().filter(|it| it["action"] == "opt_in_confirmed").collect();
    assert_eq!((said.len(), confirmed.len()), (2, 1), "{said:?}");
    let evidence = &confirmed[0]["evidence"];
    assert_eq!(
        (&evidence["method"], &evidence["notice_version"]),
        (&json!("double_opt_in"), &json!("2026-11"))
    );
    assert_eq!(browse(&path, Some(&format!("csrf={csrf}"))).status, 200, "again");
    assert_eq!(changes().len(), 2, "it counts once");
    message("after");
    let after = wait_for(3);
    assert_eq!(after.header("gate-outcome"), Some("approved"), "{:?}", after.header("gate-reason"));

    // a link that was damaged shows the form; a mailbox is not flooded
    let damaged = browse(&format!("{path}x"), None);
    assert!(damaged.status == 404 && damaged.body.contains("/s/acme"), "{}", damaged.body);
    let csrf = between(&browse("/s/acme", None).body, "name=\"csrf\" value=\"").to_owned();
    let codes: Vec<u16> = (0..4)
        .map(|_| browse("/s/acme", Some(&form("ben%40mail.example.org", &csrf))).status)
        .collect();
    assert_eq!(codes, [200, 200, 200, 429]);
    let log = process.log_text();
    process.stop();
    running.stop();
    for secret in ["ana@", "ben@", &path] {
        assert!(!log.contains(secret), "{secret}");
    }
}
