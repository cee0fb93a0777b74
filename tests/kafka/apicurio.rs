//! Apicurio's own serializer before the gate: with the properties of docs/senders.md the gate reads what it writes,
//! with fewer the message is refused by a class that names the property.

use crate::harness::gate::Setup;
use crate::harness::readers::{Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, registry};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

/// What `scripts/clients` says when Java or the serializer cannot be had.
const NOT_HERE: i32 = 69;
const SCHEMA: &str = "schemas/outbound-message.avsc";

/// The properties as the page has them.
fn properties() -> Vec<String> {
    let path = environment::repository().join("docs/senders.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let lines = page.lines().filter(|line| line.starts_with("apicurio.registry."));
    lines.map(str::to_owned).collect()
}

#[test]
fn apicurio_is_read_with_three_properties_and_told_without() {
    let test = "apicurio_is_read_with_three_properties_and_told_without";
    let Some(broker) = broker::shared(test) else { return };
    let Some(registry) = registry::shared(test) else { return };
    let (bootstrap, properties) = (&broker.bootstrap, properties());
    let [no_headers, _, _] = properties.as_slice() else { panic!("three: {properties:?}") };
    let topics = Topics::create(bootstrap, "apicurio");
    let output = Command::new(environment::script("clients"))
        .args(["run", "apicurio", "untouched", &format!("wide {no_headers}")])
        .arg(format!("three {}", properties.join(" ")))
        .env("BOOTSTRAP", bootstrap)
        .env("REGISTRY", registry.replace("/apis/ccompat/v7", "/apis/registry/v2"))
        .env("OUTBOUND_TOPIC", &topics.outbound)
        .env("SCHEMA", environment::repository().join(SCHEMA))
        .output()
        .expect("scripts/clients can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NOT_HERE) {
        return environment::skip(test, errors.trim());
    }
    assert!(output.status.success(), "{errors}");
    let mut setup = Setup::new("apicurio", bootstrap, &topics);
    (setup.formats, setup.registry) = (("json", "avro"), Some(registry.to_owned()));
    let gate = setup.spawn_ready();
    let outputs = || read_all(bootstrap, &topics.outputs());
    environment::wait_until("all three are decided", Duration::from_secs(60), || {
        outputs().len() >= 3
    });
    gate.stop();
    let outputs = outputs();
    let of = |name: &str| -> &Record {
        let is = |it: &&Record| it.key.as_deref() == Some(name.as_bytes());
        outputs.iter().find(is).expect("each is decided")
    };
    assert_eq!(of("three").header("gate-reason"), Some("approved.transactional"));
    for (name, class) in [("untouched", "schema_in_header"), ("wide", "wide_schema_id")] {
        let record = of(name);
        assert_eq!(record.header("gate-reason"), Some("blocked.invalid_message"), "{name}");
        let decision = record.header("gate-decision").expect("a decision");
        let decision: Value = serde_json::from_str(decision).expect("JSON");
        assert_eq!(decision["detail"]["class"], class, "{name}: {decision}");
    }
}
