//! The desk's index is what the decision log says, whatever becomes of the desk in between: its counts are those of `report`,
//! which reads the log itself.

use crate::harness::data;
use crate::harness::gate::{Gate, Setup, free_port};
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, http};
use crate::unreadable_batches::{SMALL_CLIENT, plant_bomb};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

/// People, of whom the first [`N_REFUSED`] have refused.
const N_PEOPLE: usize = 15;
const N_REFUSED: usize = 5;
/// How often the desk is killed.
const N_KILLS: usize = 3;
const DEADLINE: Duration = Duration::from_secs(60);

/// A desk beside the gate.
struct Desk {
    setup: Setup,
    port: u16,
    token: String,
}

impl Desk {
    fn new(setup: &Setup) -> Self {
        let made = Command::new(&setup.program)
            .args(["token", "new", "--role", "officer", "--json"])
            .output()
            .expect("the program can be run");
        assert!(made.status.success(), "{made:?}");
        let made: Value = serde_json::from_slice(&made.stdout).expect("an object");
        let file = setup.dir.join("desk-tokens.yaml");
        std::fs::write(&file, made["line"].as_str().expect("a line")).expect("it can be written");
        let (mut setup, port) = (setup.clone(), free_port());
        let (name, value) = SMALL_CLIENT;
        setup.properties.push((name.to_owned(), value.to_owned()));
        for (key, value) in [
            ("LISTEN", format!("127.0.0.1:{port}")),
            ("DIR", setup.dir.join("desk").display().to_string()),
            ("TOKENS_FILE", file.display().to_string()),
        ] {
            setup.environment.push((format!("CONSENT_GATE__DESK__{key}"), value));
        }
        Self { setup, port, token: made["token"].as_str().expect("a token").to_owned() }
    }

    fn start(&self) -> Gate {
        self.setup.start(&["desk"], &self.setup.dir.join("desk.log"))
    }

    fn is_up(&self) -> bool {
        http::get(self.port, "/livez").is_ok_and(|(code, _)| code == 200)
    }

    /// Decisions in the index.
    fn n_decisions(&self) -> u64 {
        self.counts("outcome")["n_decisions"].as_u64().expect("a number")
    }

    fn counts(&self, by: &str) -> Value {
        self.look(&format!("/v1/counts?bucket=whole&by={by}"))
    }

    fn look(&self, path: &str) -> Value {
        let (code, answer) = http::look(self.port, path, &self.token).expect("an answer");
        assert_eq!(code, 200, "{path}: {answer}");
        serde_json::from_str(&answer).expect("an object")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.setup.dir.join("desk.log")).unwrap_or_default()
    }
}

/// Rows by what they count, without their numbers' place.
fn rows(answer: &Value, rows: &str, n: &str, by: &str) -> BTreeMap<String, u64> {
    let one = |row: &Value| {
        let labels: Vec<String> = by.split(',').map(|name| row[name].to_string()).collect();
        (labels.join(" "), row[n].as_u64().expect("a number"))
    };
    answer[rows].as_array().expect("rows").iter().map(one).collect()
}

/// What `report` counts, which says with its code that there are records it cannot read.
fn reported(setup: &Setup, by: &str) -> BTreeMap<String, u64> {
    let output = setup.run(&["report", "--since", "30m", "--json", "--by", by]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    rows(&serde_json::from_slice(&output.stdout).expect("JSON"), "counts", "messages", by)
}

#[test]
fn an_index_counts_what_the_log_says_through_kills() {
    let name = "an_index_counts_what_the_log_says_through_kills";
    let Some(broker) = broker::shared(name) else { return };
    let topics = Topics::create(&broker.bootstrap, "desk-index");
    let stage = Stage::new(&broker.bootstrap, &topics);
    let setup =
        Setup { header: "reference", ..Setup::new("desk-index", &broker.bootstrap, &topics) };
    let people = data::contacts("indexed", N_PEOPLE);
    stage.opt_in(&people);
    for (n, contact) in people.iter().take(N_REFUSED).enumerate() {
        stage.refuse(contact, n);
    }
    let gate = setup.spawn_ready();
    let desk = Desk::new(&setup);
    let mut n_sent = 0;
    let mut send = |n_rounds: usize| {
        for _ in 0..n_rounds {
            for contact in &people {
                let mut message = contact.message(&format!("letter-{n_sent}"), 0);
                let campaign = ["spring", "summer", "autumn"][n_sent % 3];
                message["attributes"] = json!({ "campaign": campaign });
                let outgoing = Outgoing::new(contact.id.as_bytes(), data::bytes(&message));
                stage.producer.send(&topics.outbound, &outgoing);
                n_sent += 1;
            }
        }
        let n_wanted = n_sent as f64;
        environment::wait_until("all are decided", DEADLINE, || {
            gate.metric_sum("consent_gate_decisions_total") >= n_wanted
        });
        n_sent
    };
    for nth in 0..N_KILLS {
        send(4);
        let running = desk.start();
        // at once when it lives, when it has read something, and while it reads
        environment::wait_until("the desk lives", DEADLINE, || desk.is_up());
        if nth > 0 {
            environment::wait_until("something was read", DEADLINE, || desk.n_decisions() > 0);
        }
        running.kill();
    }
    // somebody else writes into the log, and what the desk's client cannot unpack
    plant_bomb(&broker.bootstrap, &topics.decision_log);
    let rubbish = Outgoing::new(b"0", b"no record of the log".to_vec());
    stage.producer.send(&topics.decision_log, &rubbish);
    let n_sent = send(2);
    let running = desk.start();
    environment::wait_until("the desk has read all", DEADLINE, || {
        desk.is_up()
            && http::get(desk.port, "/readyz").is_ok_and(|(code, _)| code == 200)
            && desk.n_decisions() >= n_sent as u64
    });
    assert_eq!(desk.n_decisions(), n_sent as u64, "each once: {}", desk.log());
    for by in
        ["outcome,reason,channel", "campaign", "jurisdiction", "brand,purpose", "campaign,outcome"]
    {
        let wanted = reported(&setup, by);
        assert_eq!(rows(&desk.counts(by), "rows", "n", by), wanted, "{by}");
        assert!(!wanted.is_empty(), "{by}");
    }
    assert!(desk.log().contains("cannot be unpacked"), "{}", desk.log());
    running.stop();
    gate.stop();
}
