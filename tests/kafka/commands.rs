//! The commands an operator types before and beside `run`, on a real broker.

use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::readers::During;
use crate::harness::topics::{self, CONSENT_PARTITIONS, Topics};
use crate::harness::{broker, data, environment, http};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn text(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

#[test]
fn the_version_and_a_usage_error() {
    let run = |arguments: &[&str]| {
        Command::new(environment::gate_program()).args(arguments).output().unwrap()
    };
    let version = run(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert!(text(&version).contains(env!("CARGO_PKG_VERSION")), "{}", text(&version));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(64));
    let missing = run(&["run", "-c", "/nonexistent/gate.yaml"]);
    assert_eq!(missing.status.code(), Some(78), "{}", text(&missing));
    let reference = run(&["config", "reference"]);
    assert_eq!(reference.status.code(), Some(0));
    assert!(text(&reference).contains("kafka.bootstrap_servers"));
}

/// Needs no broker: it brings its own.
/// A child that does not outlive a test that fails.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok(); // it has ended by itself
        self.0.wait().ok();
    }
}

#[test]
fn the_demo_has_a_page_and_ends_when_it_is_told_to() {
    let dir = environment::new_dir("demo");
    let log = dir.join("demo.log");
    let demo = Command::new(environment::gate_program())
        .arg("demo")
        .env("TMPDIR", &dir)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut demo = Killed(demo);
    let said = || std::fs::read_to_string(&log).unwrap();
    environment::wait_until("the demo plays on", Duration::from_secs(90), || {
        assert!(demo.0.try_wait().unwrap().is_none(), "it ended: {}", said());
        said().contains("Ctrl-C ends it.")
    });
    let said = said();
    let after = |mark: &str| said.split(mark).nth(1).unwrap_or_else(|| panic!("{mark}: {said}"));
    let port = after("http://127.0.0.1:").split('/').next().unwrap().parse().unwrap();
    assert!(said.contains("All 9 decisions are as expected."), "{said}");
    assert!(after("\"bootstrap.servers\": \"").starts_with("127.0.0.1:"), "{said}");
    let (code, page) = http::get(port, "/").unwrap();
    assert_eq!(code, 200);
    for part in ["Ana opted out.", "blocked.suppressed_address", "Farid", "bootstrap.servers"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for path in ["/live", "/page.css", "/page.js", "/metrics"] {
        assert_eq!(http::get(port, path).unwrap().0, 200, "{path}");
    }
    // on a busy machine it may hold for a moment
    environment::wait_until("the demo is ready", Duration::from_secs(60), || {
        http::get(port, "/readyz").is_ok_and(|(code, _)| code == 200)
    });
    assert_eq!(http::get(port, "/nothing").unwrap().0, 404);
    let pid = demo.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    let status = demo.0.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
    let config = after("--from-beginning -c ").lines().next().unwrap();
    assert!(!std::path::Path::new(config).exists(), "it leaves nothing behind: {config}");
}

#[test]
fn topics_create_then_doctor_then_run() {
    let Some(broker) = broker::shared("topics_create_then_doctor_then_run") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let names = Topics::named("made-by-the-gate");
    let setup = Setup::new("create", bootstrap, &names);
    let before = setup.run(&["doctor"]);
    assert_eq!(before.status.code(), Some(78), "missing topics break a promise: {}", text(&before));
    assert!(
        text(&before).contains(&names.consent_change),
        "doctor names what is missing: {}",
        text(&before)
    );
    let created = setup.run(&["topics", "create"]);
    assert_eq!(created.status.code(), Some(0), "{}", text(&created));
    let all = [
        &names.consent_change,
        &names.outbound,
        &names.approved,
        &names.blocked,
        &names.deferred,
        &names.dead_letter,
        &names.review,
        &names.decision_log,
        &names.sent_log,
        &names.policy_sets,
        &names.access_log,
    ];
    for topic in all {
        assert!(topics::partitions(bootstrap, topic).is_some(), "{topic} was not made");
    }
    assert_eq!(topics::partitions(bootstrap, &names.policy_sets), Some(1), "one is enough");
    let again = setup.run(&["topics", "create"]);
    assert_eq!(again.status.code(), Some(0), "creating again changes nothing: {}", text(&again));
    let after = setup.run(&["doctor"]);
    assert_eq!(after.status.code(), Some(0), "its own topics are safe: {}", text(&after));
    let gate = setup.spawn_ready();
    let (livez, _) = gate.get("/livez").expect("the gate answers");
    assert_eq!(livez, 200);
    gate.stop();
}

#[test]
fn doctor_finds_a_topic_that_forgets() {
    let Some(broker) = broker::shared("doctor_finds_a_topic_that_forgets") else {
        return;
    };
    let names = Topics::create(&broker.bootstrap, "forgets");
    let setup = Setup::new("forgets", &broker.bootstrap, &names);
    let good = setup.run(&["doctor"]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good));
    broker.tool(
        "configs",
        &[
            "--alter",
            "--entity-type",
            "topics",
            "--entity-name",
            &names.consent_change,
            "--add-config",
            "retention.ms=86400000",
        ],
    );
    let bad = setup.run(&["doctor"]);
    assert_eq!(
        bad.status.code(),
        Some(78),
        "a refusal would be forgotten after a day: {}",
        text(&bad)
    );
    assert!(text(&bad).contains("retention"), "doctor names the fix: {}", text(&bad));
}

#[test]
fn the_gate_refuses_a_missing_consent_topic() {
    let Some(broker) = broker::shared("the_gate_refuses_a_missing_consent_topic") else {
        return;
    };
    let names = Topics::create(&broker.bootstrap, "missing");
    topics::delete(&broker.bootstrap, &[&names.consent_change]);
    let mut gate = Setup::new("missing", &broker.bootstrap, &names).spawn();
    let mut ended = None;
    // either it ends with 78, or it waits, not ready; it must never be ready
    for _ in 0..200 {
        ended = ended.or_else(|| gate.exited());
        assert!(!gate.is_ready(), "a gate without consent must not be ready");
        if ended.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    assert!(matches!(ended, None | Some(Some(78))), "{ended:?}: {}", gate.log_text());
    if ended.is_none() {
        topics::create(&broker.bootstrap, &[(&names.consent_change, CONSENT_PARTITIONS)]);
        gate.wait_ready();
        gate.stop();
    }
}

#[test]
fn tap_follows_decisions() {
    let Some(broker) = broker::shared("tap_follows_decisions") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let names = Topics::create(bootstrap, "tap");
    let stage = Stage::new(bootstrap, &names);
    let during = During::follow(bootstrap, &names.outputs());
    let people = data::contacts("tapped", 20);
    stage.opt_in(&people);
    let setup = Setup::new("tap", bootstrap, &names);
    let gate = setup.spawn_ready();
    let file = setup.dir.join("tap.txt");
    let tap = setup.start(&["tap", "approved"], &file);
    // tap begins where it was started: send until it shows something
    environment::wait_until("tap shows an approval", Duration::from_secs(60), || {
        stage.message_all(&people);
        std::thread::sleep(Duration::from_millis(200));
        tap.log_text().contains("express_consent")
    });
    let shown = tap.log_text();
    assert!(!shown.contains("@mail.example.org"), "tap shows no address: {shown}");
    drop(tap);
    drained(&stage, &during);
    gate.stop();
}
