//! `/readyz` says whether requests should come here: not without a topic, and not to a door that stops.

use super::{PATIENCE, TOKEN, door_setup, gate, start};
use crate::harness::topics::{self, Topics};
use crate::harness::{broker, environment, http};
use serde_json::{Value, json};

#[test]
fn a_door_that_cannot_write_or_stops_says_so() {
    let test = "a_door_that_cannot_write_or_stops_says_so";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-ready");
    let (setup, token) = gate("door-ready", bootstrap, &topics);
    let mut door = door_setup(&setup, &[], &token);
    door.environment.retain(|(key, _)| !key.contains("DOOR__GATE"));
    // long enough to be seen
    door.environment.push(("CONSENT_GATE__DOOR__DRAIN_MS".to_owned(), "5000".to_owned()));
    let mut process = start(&door);
    process.wait_ready();
    let ready = || http::get(door.port, "/readyz").expect("an answer");
    assert_eq!(ready(), (200, "ready\n".to_owned()));

    topics::delete(bootstrap, &[&topics.consent_change]);
    environment::wait_until("it is not ready", PATIENCE, || ready().0 == 503);
    let (_, why) = ready();
    assert!(why.starts_with(&format!("topic {}: ", topics.consent_change)), "{why}");
    assert_eq!(http::get(door.port, "/livez").expect("an answer").0, 200, "a restart is no cure");
    let json = http::accepting(door.port, "/readyz", "application/json");
    let json: Value = serde_json::from_str(&json.expect("an answer").body).expect("an object");
    assert_eq!(json["ready"], false, "{json}");
    let memory = json["checks"].as_array().unwrap().iter();
    let memory = memory.filter(|it| it["name"] == "memory of what came lately");
    assert_eq!(memory.map(|it| it["ok"].clone()).collect::<Vec<_>>(), [json!(true)]);

    topics::create(bootstrap, &[(&topics.consent_change, 1)]);
    environment::wait_until("it is ready again", PATIENCE, || ready().0 == 200);

    // it says so first, and takes what comes meanwhile
    process.signal("TERM");
    environment::wait_until("it says that it stops", PATIENCE, || ready().0 == 503);
    assert!(ready().1.starts_with("stopping: "), "{}", ready().1);
    let refusal = json!({"action": "opt_out", "event_id": "late", "contact_id": "late",
        "occurred_at": jiff::Timestamp::now().to_string()});
    let taken = http::ask(door.port, "/v1/consent-changes", TOKEN, &refusal.to_string());
    assert_eq!(taken.expect("an answer").0, 200);
    assert_eq!(process.wait_exit(), Some(0), "{}", process.log_text());
}
