//! Machines ask the real program: an opt-out that was acknowledged is in the next answer, also under full message load.

use crate::harness::data::{self, Contact};
use crate::harness::gate::Setup;
use crate::harness::load::{Load, Stage};
use crate::harness::random::Random;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, http};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// A gate that a sender may ask, as an operator sets it up: `token new`, and its line in a file.
pub(crate) fn asked_setup(name: &str, bootstrap: &str, topics: &Topics) -> (Setup, String) {
    let mut setup = Setup::new(name, bootstrap, topics);
    let mut command = Command::new(&setup.program);
    command.args([
        "token",
        "new",
        "--role",
        "sender",
        "--expires",
        "1d",
        "--note",
        "a test",
        "--json",
    ]);
    let made = command.output().expect("the program can be run");
    assert!(made.status.success(), "{made:?}");
    let made: Value = serde_json::from_slice(&made.stdout).expect("an object");
    let file = setup.dir.join("tokens.yaml");
    std::fs::write(&file, made["line"].as_str().expect("a line")).expect("the file can be written");
    let key = "CONSENT_GATE__HTTP__TOKENS_FILE".to_owned();
    setup.environment.push((key, file.display().to_string()));
    let token = made["token"].as_str().expect("a token").to_owned();
    (setup, token)
}

/// Why a message to somebody would or would not pass. "Ask again" (503) is an honest answer of a gate that a busy machine
/// keeps from its broker: asked again it is, as a sender would, within the patience of all tests.
fn reason(port: u16, token: &str, contact: &Contact) -> String {
    let body = json!({"messages": [contact.message("check", 10)]}).to_string();
    let mut answer = None;
    environment::wait_until("a check is answered", Duration::from_secs(120), || {
        answer = http::ask(port, "/v1/check", token, &body).ok();
        answer.as_ref().is_some_and(|(code, _)| *code != 503)
    });
    let (code, answer) = answer.expect("an answer");
    assert_eq!(code, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("an object");
    answer["messages"][0]["reason"].as_str().expect("a reason").to_owned()
}

#[test]
fn a_check_reflects_every_refusal_that_was_acknowledged_before_it() {
    let name = "a_check_reflects_every_refusal_that_was_acknowledged_before_it";
    let Some(broker) = broker::shared(name) else { return };
    let topics = Topics::create(&broker.bootstrap, "checks");
    let stage = Arc::new(Stage::new(&broker.bootstrap, &topics));
    let n = environment::count("CHECKED_REFUSALS", 200);
    let refusing = data::contacts("refusing", n);
    let staying = data::contacts("staying", 50);
    stage.opt_in(&refusing);
    stage.opt_in(&staying);
    let (setup, token) = asked_setup("checks", &broker.bootstrap, &topics);
    let gate = setup.spawn_ready();
    // messages and other people's refusals meanwhile
    let load = Load::start(&stage, data::contacts("others", 500), 2_000, Random::new(name));
    for (nth, contact) in refusing.iter().enumerate() {
        assert!(reason(setup.port, &token, contact).starts_with("approved."), "{nth}");
        stage.refuse(contact, nth);
        let told = reason(setup.port, &token, contact);
        assert!(
            told.starts_with("blocked."),
            "refusal {nth} was acknowledged, and the check says {told}"
        );
        let stays = &staying[nth % staying.len()];
        assert!(reason(setup.port, &token, stays).starts_with("approved."), "{nth}");
    }
    load.finish();
    assert!(gate.metric_sum("consent_gate_checked_messages_total") >= (3 * n) as f64);
    let log = gate.log_text();
    gate.stop();
    assert!(!log.contains("@example"), "an address is in the log");
}
