//! What reviewers found at the door's pages, each as somebody would meet it. No gate runs: refusing works all the same.

use super::opt_in::SIGN_UP;
use super::{BRANDS, TOKEN, between, door_setup, gate, start};
use crate::harness::readers::read_all;
use crate::harness::topics::Topics;
use crate::harness::{broker, http};
use serde_json::{Value, json};

#[test]
fn a_cleared_box_is_refused_whichever_button_is_pressed() {
    let test = "a_cleared_box_is_refused_whichever_button_is_pressed";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-findings");
    let (setup, token) = gate("door-findings", bootstrap, &topics);
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
    let said = |action: &str| -> Vec<Value> {
        let all = changes();
        let of_action = all.iter().filter(|it| it["action"] == action);
        let mut purposes: Vec<Value> = of_action.map(|it| it["purpose"].clone()).collect();
        purposes.sort_by_key(ToString::to_string);
        purposes
    };

    // a link as a message makes it: the address has a name
    let body = json!({"links": [{"address": "Dora <dora@mail.example.org>", "channel": "email"}]});
    let (code, made) =
        http::ask(door.port, "/v1/unsubscribe-links", TOKEN, &body.to_string()).expect("an answer");
    assert_eq!(code, 200, "{made}");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let url = made["links"][0]["url"].as_str().expect("a link");
    let page = browse(url.strip_prefix("https://door.example").expect("the public address"), None);
    let path = format!("/p/{}", between(&page.body, "href=\"/p/"));
    let page = browse(&path, None);
    let csrf = between(&page.body, "name=\"csrf\" value=\"").to_owned();

    // offers are cleared, and the button beside the newsletter is pressed; the brand has lost `gone` since the page was shown
    let form = format!(
        "csrf={csrf}&shown=email.marketing.offers&shown=email.marketing.gone&ask=email.marketing.newsletter"
    );
    let answered = browse(&path, Some(&form));
    assert_eq!(answered.status, 200, "{}", answered.body);
    assert!(answered.body.contains("Saved."), "{}", answered.body);
    assert_eq!(said("opt_out"), [json!("marketing.gone"), json!("marketing.offers")]);
    assert_eq!(said("opt_in_requested"), [json!("marketing.newsletter")]);
    assert!(changes().iter().all(|it| it["controller"] == "acme-ltd"), "{:?}", changes());

    // a value that no page shows is no "saved"
    let wrong = browse(&path, Some(&format!("csrf={csrf}&shown=email.A+b")));
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    // without a token nobody has a body read
    let (code, _) = http::ask(door.port, "/v1/consent-changes", "guessed", &"x".repeat(900 << 10))
        .expect("an answer");
    assert_eq!(code, 401);
    let log = process.log_text();
    process.stop();
    assert!(!log.contains("dora"), "the log names people");
}
