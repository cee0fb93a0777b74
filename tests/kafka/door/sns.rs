//! Amazon SNS at a door that runs: a certificate that cannot be fetched is our fault, a wrong one is theirs.

use super::{door_setup, gate, start};
use crate::harness::readers::read_all;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, http};
use serde_json::{Value, json};

#[test]
fn a_certificate_that_is_not_to_be_had_is_no_refusal() {
    let test = "a_certificate_that_is_not_to_be_had_is_no_refusal";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-sns");
    let (setup, token) = gate("door-sns", bootstrap, &topics);
    let mut door = door_setup(&setup, &[], &token);
    door.environment.retain(|(key, _)| !key.contains("DOOR__GATE"));
    let path = environment::repository().join("crates/gate-intake/tests/webhooks/ses.json");
    let sample: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("a sample")).expect("JSON");
    let with = |name: &str, certificate: Option<&Value>| {
        let mut source = sample["source"].clone();
        let all = source["certificates"].as_object_mut().expect("by URL");
        let url = all.keys().next().expect("one").clone();
        all.clear();
        if let Some(certificate) = certificate {
            all.insert(url, certificate.clone());
        }
        source["name"] = json!(name);
        source
    };
    let good = sample["source"]["certificates"].as_object().expect("by URL");
    let good = good.values().next().expect("one");
    let sources = json!([
        with("away", None),
        with("wrong", Some(&sample["source"]["trust_anchor"])),
        with("good", Some(good)),
    ]);
    // JSON is YAML
    std::fs::write(door.dir.join("sources.yaml"), sources.to_string()).expect("it is written");
    let mut process = start(&door);
    process.wait_ready();
    let body = sample["requests"][2]["body"].as_str().expect("a body");
    let post = |source: &str| {
        let head = "Content-Type: text/plain; charset=UTF-8\r\n";
        http::post(door.port, &format!("/hooks/{source}"), head, body).expect("an answer")
    };
    // nobody reaches Amazon from here, or it does not have this certificate
    for _ in 0..2 {
        let away = post("away");
        assert_eq!((away.status, away.header("retry-after")), (503, Some("5")));
    }
    let wrong = post("wrong");
    assert_eq!((wrong.status, wrong.body.as_str()), (401, "unauthorized\n"));
    assert!(read_all(bootstrap, &[&topics.consent_change]).is_empty());
    assert_eq!(post("good").status, 200);
    assert_eq!(read_all(bootstrap, &[&topics.consent_change]).len(), 2);
    let metrics = process.get("/metrics").expect("a page").1;
    for line in [
        r#"consent_gate_door_unavailable_total{source="away"} 2"#,
        r#"consent_gate_door_refused_total{source="wrong",why="certificate"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    process.stop();
}
