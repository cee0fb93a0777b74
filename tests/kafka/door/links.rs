//! The link that the gate puts into approved mail stops what it is in.

use super::{PATIENCE, door_setup, gate, start};
use crate::harness::load::Stage;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment, http};
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
