//! The desk on a real Kafka: what the gate decided is found, explained and decided again; a person is looked up, and each
//! look-up is a record before anything is shown.

use crate::harness::data::{self, Contact};
use crate::harness::gate::{Gate, Setup, free_port};
use crate::harness::load::Stage;
use crate::harness::readers::read_all;
use crate::harness::topics::{self, Topics};
use crate::harness::{broker, http};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

const N_PEOPLE: usize = 12;
const N_REFUSED: usize = 4;
/// How long the index may take to see what is committed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A token of this role: what is sent, and the line for a file.
pub(crate) fn token(setup: &Setup, role: &str) -> (String, String) {
    let mut command = Command::new(&setup.program);
    command.args(["token", "new", "--role", role, "--id", role, "--json"]);
    let made = command.output().expect("the program can be run");
    assert!(made.status.success(), "{made:?}");
    let made: Value = serde_json::from_slice(&made.stdout).expect("an object");
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    (text("token"), text("line"))
}

/// A gate and its desk, as an operator sets them up.
pub(crate) struct Desk {
    pub(crate) setup: Setup,
    /// Absent when somebody else has taken it.
    gate: Option<Gate>,
    desk: Gate,
    desk_setup: Setup,
    officer: String,
    pub(crate) viewer: String,
}

impl Desk {
    pub(crate) fn start(test: &str, bootstrap: &str, topics: &Topics) -> Self {
        Self::start_with(test, bootstrap, topics, |_| Vec::new())
    }

    /// The same with more in the desk's environment, which may name its port.
    pub(crate) fn start_with(
        test: &str,
        bootstrap: &str,
        topics: &Topics,
        more: impl FnOnce(u16) -> Vec<(String, String)>,
    ) -> Self {
        let mut setup = Setup::new(test, bootstrap, topics);
        let write = |name: &str, text: &str| {
            let path = setup.dir.join(name);
            std::fs::write(&path, text).expect("the file can be written");
            path.display().to_string()
        };
        let (of_gate, gate_line) = token(&setup, "officer");
        let ((officer, line), (viewer, other)) =
            (token(&setup, "officer"), token(&setup, "viewer"));
        let gate_tokens = write("gate-tokens.yaml", &gate_line);
        let desk_tokens = write("desk-tokens.yaml", &format!("{line}\n{other}\n"));
        let gate_token = write("gate.token", &of_gate);
        setup.environment.push(("CONSENT_GATE__HTTP__TOKENS_FILE".to_owned(), gate_tokens));
        let gate = Some(setup.spawn_ready());
        let mut desk_setup = setup.clone();
        desk_setup.dir = setup.dir.join("desk");
        std::fs::create_dir(&desk_setup.dir).expect("a directory can be made");
        desk_setup.port = free_port();
        let set = |key: &str, value: String| (format!("CONSENT_GATE__DESK__{key}"), value);
        desk_setup.environment.extend([
            set("LISTEN", format!("127.0.0.1:{}", desk_setup.port)),
            set("DIR", desk_setup.dir.join("index").display().to_string()),
            set("TOKENS_FILE", desk_tokens),
            set("GATES", format!("http://127.0.0.1:{}", setup.port)),
            set("GATE_TOKEN_FILE", gate_token),
        ]);
        desk_setup.environment.extend(more(desk_setup.port));
        let desk = desk_setup.start(&["desk"], &desk_setup.dir.join("desk.log"));
        let mut started = Self { setup, gate, desk, desk_setup, officer, viewer };
        started.desk.wait_ready();
        started
    }

    pub(crate) fn port(&self) -> u16 {
        self.desk_setup.port
    }

    /// Gives the gate to whoever kills it.
    pub(crate) fn without_gate(mut self) -> (Self, Gate) {
        let gate = self.gate.take().expect("it has a gate");
        (self, gate)
    }

    pub(crate) fn stop(self) {
        self.desk.stop();
        self.gate.into_iter().for_each(Gate::stop);
    }

    pub(crate) fn look(&self, path: &str, token: &str) -> (u16, Value) {
        let (code, text) = http::look(self.desk_setup.port, path, token).expect("an answer");
        (code, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {code} {text}")))
    }

    fn ask(&self, path: &str, body: &Value) -> (u16, String) {
        http::ask(self.desk_setup.port, path, &self.officer, &body.to_string()).expect("an answer")
    }

    /// Waits until the index holds so many decisions.
    pub(crate) fn wait_for(&self, n: usize) {
        let began = Instant::now();
        loop {
            let (code, counts) = self.look("/v1/counts?by=outcome", &self.viewer);
            assert_eq!(code, 200, "{counts}");
            if counts["n_decisions"].as_u64() == Some(n as u64) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{counts}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn look_up(&self, who: &str) -> Value {
        let question = json!({"who": who, "reason": "complaint", "ticket": "HELP-1"});
        let (code, found) = self.ask("/v1/people", &question);
        assert_eq!(code, 200, "{found}");
        serde_json::from_str(&found).expect("an object")
    }
}

fn address(contact: &Contact) -> String {
    contact.message("-", 0)["recipient"]["address"].as_str().expect("an address").to_owned()
}

#[test]
fn decisions_are_found_and_explained_and_people_looked_up_on_record() {
    let name = "decisions_are_found_and_explained_and_people_looked_up_on_record";
    let Some(broker) = broker::shared(name) else { return };
    let topics = Topics::create(&broker.bootstrap, "desk");
    let stage = Stage::new(&broker.bootstrap, &topics);
    let people = data::contacts("looked-up", N_PEOPLE);
    stage.opt_in(&people);
    stage.refuse_all(&people[..N_REFUSED]);
    let desk = Desk::start("desk", &broker.bootstrap, &topics);
    stage.message_all(&people);
    desk.wait_for(N_PEOPLE);

    // counted, and as `report` counts
    let (_, counts) = desk.look("/v1/counts?by=outcome,reason", &desk.viewer);
    let row = |outcome: &str| {
        let rows = counts["rows"].as_array().expect("rows");
        rows.iter()
            .filter(|row| row["outcome"] == outcome)
            .map(|row| row["n"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!((row("approved"), row("blocked")), (8, 4), "{counts}");
    let report = desk.setup.run(&["report", "--since", "30m", "--by", "outcome", "--json"]);
    let report = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(report.contains("\"blocked\"") && report.contains('4'), "{report}");

    // listed by what is asked for, page by page
    let (_, first) = desk.look("/v1/decisions?outcome=blocked&limit=3", &desk.viewer);
    let next = first["next"].as_str().expect("another page");
    let path = format!("/v1/decisions?outcome=blocked&limit=3&cursor={next}");
    let (_, second) = desk.look(&path, &desk.viewer);
    let n = |page: &Value| page["decisions"].as_array().expect("decisions").len();
    assert_eq!((n(&first), n(&second)), (3, 1), "{second}");
    let (code, _) = desk.look(&format!("/v1/decisions?limit=3&cursor={next}"), &desk.viewer);
    assert_eq!(code, 400, "a cursor of another question");

    // explained
    let source = first["decisions"][0]["source"].as_str().expect("a source");
    let (code, one) = desk.look(&format!("/v1/decisions/{source}"), &desk.viewer);
    assert_eq!(code, 200, "{one}");
    assert_eq!(one["recomputed"]["result"], "same", "{one}");
    assert!(one["verdict"].as_str().unwrap().contains("before."), "{one}");
    let steps = one["steps"].as_array().expect("steps");
    let decides: Vec<&Value> = steps.iter().filter(|step| step["decides"] == true).collect();
    assert!(steps.len() == 15 && decides.len() == 1, "{one}");
    assert_eq!(one["evidence"][0]["effect"], "refuses", "{one}");
    assert!(!one.to_string().contains("looked-up"), "a viewer sees no contact id: {one}");
    assert_eq!(one["neighbours"], json!([]), "nor whose else it is");
    let id = one["message_id"].as_str().expect("an id");
    let (_, by_id) = desk.look(&format!("/v1/decisions/by-message?id={id}"), &desk.viewer);
    assert_eq!(by_id["decisions"][0]["source"], source);

    // looked up: nobody else may, and it is on record before it is answered
    let body = json!({"who": "x", "reason": "audit"}).to_string();
    let (code, _) = http::ask(desk.desk_setup.port, "/v1/people", &desk.viewer, &body).unwrap();
    assert_eq!(code, 403);
    let found = desk.look_up(&address(&people[0]));
    assert_eq!(found["is_known"], true, "{found}");
    let handle = found["people"][0]["handle"].as_str().expect("a handle");
    let (code, person) = desk.look(&format!("/v1/people/{handle}"), &desk.officer);
    assert_eq!(code, 200, "{person}");
    assert_eq!(person["contact_id"], people[0].id.as_str(), "{person}");
    assert_eq!(person["decisions"].as_array().unwrap().len(), 1);
    assert_eq!(person["events"].as_array().unwrap().len(), 2, "{person}");
    assert!(
        person["now"].as_array().unwrap().iter().all(|it| it["outcome"] != "approved"),
        "{person}"
    );
    let by_contact = desk.look_up(&people[N_REFUSED].id);
    let handle = by_contact["people"][0]["handle"].as_str().expect("a handle");
    let (_, staying) = desk.look(&format!("/v1/people/{handle}"), &desk.officer);
    let now = staying["now"].as_array().expect("answers");
    assert!(now.iter().any(|it| it["reason"] == "approved.express_consent"), "{staying}");
    let draft = json!({"channel": "email", "purpose": "nothing.she.agreed.to"});
    let (code, verdict) = desk.ask(&format!("/v1/people/{handle}/would-pass"), &draft);
    assert_eq!(code, 200, "{verdict}");
    assert!(verdict.contains("\"blocked"), "{verdict}");
    let (code, export) = desk.ask(&format!("/v1/people/{handle}/export"), &json!({"form": "json"}));
    let export: Value = serde_json::from_str(&export).unwrap_or_else(|_| panic!("{code} {export}"));
    assert_eq!(export["events"].as_array().unwrap().len(), 1);
    assert_eq!(export["decisions"].as_array().unwrap().len(), 1);
    let nobody = desk.look_up("nobody-here");
    assert_eq!(nobody["is_known"], false);

    // from a decision to its person: with a reason, by whoever may see people
    let on = format!("/v1/decisions/{source}/person");
    let why = json!({"reason": "complaint", "ticket": "HELP-1"});
    let port = desk.desk_setup.port;
    let (code, _) = http::ask(port, &on, &desk.viewer, &why.to_string()).unwrap();
    assert_eq!(code, 403);
    let (code, refused) = desk.ask(&on, &json!({"ticket": "HELP-1"}));
    assert_eq!(code, 400, "{refused}");
    let (code, found) = desk.ask(&on, &why);
    let found: Value = serde_json::from_str(&found).unwrap_or_else(|_| panic!("{code} {found}"));
    let handle = found["people"][0]["handle"].as_str().expect("a handle");
    let (_, person) = desk.look(&format!("/v1/people/{handle}"), &desk.officer);
    let theirs = person["decisions"].as_array().expect("decisions");
    assert!(theirs.iter().any(|it| it["source"] == source), "{person}");
    assert!(person["contact_id"].as_str().is_some_and(|id| id.contains("looked-up")), "{person}");

    let records = read_all(&broker.bootstrap, &[&topics.access_log]);
    let acts: Vec<Value> = records
        .iter()
        .map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap())
        .collect();
    let of = |act: &str| acts.iter().filter(|it| it["act"] == act).count();
    assert_eq!((of("look_up"), of("export")), (4, 1), "{acts:?}");
    let by_decision: Vec<&Value> = acts.iter().filter(|it| it["place"] == source).collect();
    let [by_decision] = by_decision.as_slice() else { panic!("{acts:?}") };
    let whole = acts.iter().find_map(|it| it["address"].as_str()).expect("a whole hash").len();
    let beginning = by_decision["address"].as_str().expect("the beginning of a hash");
    assert!(!beginning.is_empty() && beginning.len() < whole, "{by_decision}");
    assert!(acts.iter().all(|it| it["account"] == "officer" && it["ticket"] == "HELP-1"));
    let log = desk.desk.log_text();
    for secret in ["looked-up", "@mail", "nobody-here"] {
        assert!(!log.contains(secret) && !format!("{acts:?}").contains(secret), "{secret}");
    }

    // a desk that is killed goes on where it was, and counts nothing twice
    let Desk { setup, gate, desk: process, desk_setup, officer, viewer } = desk;
    process.kill();
    stage.message_all(&people);
    let again = desk_setup.start(&["desk"], &desk_setup.dir.join("desk.log"));
    let desk = Desk { setup, gate, desk: again, desk_setup, officer, viewer };
    let began = Instant::now();
    while !desk.desk.is_ready() {
        assert!(began.elapsed() < PATIENCE, "{}", desk.desk.log_text());
        std::thread::sleep(Duration::from_millis(50));
    }
    desk.wait_for(2 * N_PEOPLE);
    // and so does a list that somebody was reading
    let (code, second) = desk.look(&path, &desk.viewer);
    assert_eq!((code, n(&second)), (200, 1), "{second}");
    let guessed = path.replace(&next[next.len() - 4..], "0000");
    assert_eq!(desk.look(&guessed, &desk.viewer).0, 400, "a cursor that nobody made");

    // what cannot be recorded is not answered
    topics::delete(&broker.bootstrap, &[&topics.access_log]);
    let (code, refused) = desk.ask("/v1/people", &json!({"who": "x", "reason": "audit"}));
    assert_eq!(code, 503, "{refused}");
    assert!(refused.contains("cannot be recorded"), "{refused}");
    desk.stop();
}
