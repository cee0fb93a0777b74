//! A canary in every field, header, path and token of everything that reaches gate, door and desk, good or bad: it is heard in
//! the topics, and nowhere in a log (at its most talkative), a metric, a status page or the answer to an error.

use super::{BRANDS, PATIENCE, SOURCES, TOKEN, between, door_setup, gate, start};
use crate::harness::gate::{Gate, Setup, free_port};
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures};
use outsiders::{looked_up, questions, strangers};
use records::{broken, records};
use requests::{Sent, good_change, samples, whole_change, with_canary};
use serde_json::{Value, json};
use song::{NUMBER, Song, WORD};
use std::collections::BTreeMap;
use std::process::Command;

mod outsiders;
mod records;
mod requests;
mod song;

/// A sign-up form, so that every page is there.
const SIGN_UP: &str = r#"  notices:
    - {purpose: marketing.newsletter, channel: email, version: "2026-11", locale: en, text: "Yes, send it.", approved_by: Kim, approved_on: "2026-11-02"}
  sign_up:
    controller: acme-ltd
    purposes: [marketing.newsletter]
"#;
/// Of a source for mail.
const MAIL_TOKEN: &str = "a-word-of-the-mail-server";
/// What a record's key and headers hold besides.
const HEADER: &str = "x-note-of-KanarienVogel";

/// Gate, door and desk at their most talkative.
struct Cast {
    setup: Setup,
    token: String,
    gate: Gate,
    door: Gate,
    door_port: u16,
    desk: Gate,
    desk_port: u16,
    officer: String,
}

impl Cast {
    fn start(bootstrap: &str, topics: &Topics, sources: &[Value]) -> Self {
        let (mut setup, token) = gate("canary", bootstrap, topics);
        let made = Command::new(&setup.program).args(["unsubscribe", "key", "--id", "1"]).output();
        let keys = setup.dir.join("keys");
        std::fs::write(&keys, made.expect("it runs").stdout).expect("it can be written");
        let set = |key: &str, value: String| (format!("CONSENT_GATE__{key}"), value);
        setup.environment.extend([
            ("RUST_LOG".to_owned(), "trace".to_owned()),
            set("DOOR__KEYS_FILE", keys.display().to_string()),
            set("DOOR__PUBLIC_URL", "https://door.example".to_owned()),
            set("UNSUBSCRIBE__ENABLED", "true".to_owned()),
        ]);
        let gate = setup.spawn_ready();
        let door_setup = door_setup(&setup, &[setup.port], &token);
        let write = |name: &str, text: &str| {
            let path = door_setup.dir.join(name);
            std::fs::write(&path, text).expect("the file can be written");
            path.display().to_string()
        };
        let sources: String = sources.iter().map(|source| format!("- {source}\n")).collect();
        write("sources.yaml", &format!("{SOURCES}{sources}"));
        write("brands.yaml", &format!("{BRANDS}{SIGN_UP}"));
        let mut door = start(&door_setup);
        door.wait_ready();
        let (officer, line) = crate::desk::token(&setup, "officer");
        let mut desk_setup = Setup { port: free_port(), ..setup.sibling("desk") };
        desk_setup.environment.extend([
            set("DESK__LISTEN", format!("127.0.0.1:{}", desk_setup.port)),
            set("DESK__DIR", desk_setup.dir.join("index").display().to_string()),
            set("DESK__TOKENS_FILE", write("desk-tokens.yaml", &line)),
            set("DESK__GATES", format!("http://127.0.0.1:{}", setup.port)),
            set("DESK__GATE_TOKEN_FILE", write("gate.token", &token)),
        ]);
        let mut desk = desk_setup.start(&["desk"], &desk_setup.dir.join("desk.log"));
        desk.wait_ready();
        let (door_port, desk_port) = (door_setup.port, desk_setup.port);
        Self { setup, token, gate, door, door_port, desk, desk_port, officer }
    }

    fn processes(&self) -> [(&'static str, &Gate); 3] {
        [("gate", &self.gate), ("door", &self.door), ("desk", &self.desk)]
    }
}

#[test]
fn no_canary_sings_in_a_log_or_a_metric() {
    let test = "no_canary_sings_in_a_log_or_a_metric";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "canary");
    let stage = Stage::new(bootstrap, &topics);
    let (sources, of_providers) = samples();
    let cast = Cast::start(bootstrap, &topics, &sources);
    let during = During::follow(bootstrap, &topics.outputs());

    let n_messages = records(&stage);
    let mut heard = Heard::default();
    let minted = links(&cast, &mut heard);
    let secrets: Vec<String> =
        minted.iter().filter_map(|path| path.rsplit('/').next()).map(str::to_owned).collect();
    let song = Song::new(
        &[secrets, secrets_of(&sources), vec![TOKEN.to_owned(), MAIL_TOKEN.to_owned()]].concat(),
    );
    changes(&cast, &song, &mut heard);
    for sent in &of_providers {
        heard.of(&song, "a provider", sent.answer(cast.door_port));
    }
    pages(&cast, &song, &minted, &mut heard);
    strangers(&cast, &song, &mut heard);
    questions(&cast, &song, &mut heard);
    environment::wait_until("all are decided", PATIENCE, || during.count() >= n_messages);
    looked_up(&cast, &song, &mut heard);
    // last, since it holds the gate: what nobody can read, with and without a key
    for (n, bytes) in broken().into_iter().enumerate() {
        let key = (n % 2 == 0).then(|| format!("{WORD}-nobody-{n}").into_bytes());
        let poison = Outgoing { key, value: Some(bytes), ..Outgoing::default() };
        stage.producer.send(&topics.consent_change, &poison.header(HEADER, WORD));
    }
    environment::wait_until("the gate holds", PATIENCE, || {
        cast.gate.metric_sum("consent_gate_consent_poison") > 0.0
    });

    // it was there, and they talked
    let all = |topics: &[&str]| -> String {
        let records = read_all(bootstrap, topics);
        let values = records.iter().filter_map(|it| it.value.as_deref());
        values.map(|value| String::from_utf8_lossy(value).into_owned()).collect()
    };
    for topic in
        [&topics.consent_change, &topics.blocked, &topics.dead_letter, &topics.door_dead_letter]
    {
        let text = all(&[topic.as_str()]);
        assert!(text.contains(WORD) && text.contains(NUMBER), "nothing came through {topic}");
    }
    for what in ["a provider", "a change", "a page"] {
        let good = heard.0.iter().filter(|((of, code), _)| *of == what && *code == 200);
        let bad = heard.0.iter().filter(|((of, code), _)| *of == what && (400..500).contains(code));
        let (n_good, n_bad): (usize, usize) = (good.map(|it| it.1).sum(), bad.map(|it| it.1).sum());
        assert!(n_good >= 10 && n_bad >= 10, "{what}: {heard:?}");
    }
    let mut n_lines = BTreeMap::new();
    for (name, process) in cast.processes() {
        for path in ["/metrics", "/status", "/readyz?verbose", "/livez"] {
            let text = process.get(path).map_or_else(String::new, |(_, text)| text);
            assert_eq!(song.heard_in(&text), None, "{path} of the {name}");
        }
        let log = process.log_text();
        n_lines.insert(name, log.lines().count());
        assert!(log.contains(r#""level":"TRACE""#), "the {name} keeps traces to itself");
        assert_eq!(song.heard_in(&log), None, "the log of the {name}");
    }
    let Cast { setup, gate, door, desk, .. } = cast;
    let logs = [setup.log(), setup.dir.join("gate.log")];
    door.stop();
    desk.stop();
    gate.stop();
    for log in logs {
        let log = std::fs::read_to_string(log).expect("a log");
        assert_eq!(song.heard_in(&log), None, "the end of a log");
    }
    // what an operator looks at: texts of commands
    for command in [&["doctor"][..], &["consent", "show"], &["report", "--since", "30m"]] {
        let told = setup.run(command);
        let text = [&told.stdout[..], &told.stderr].concat();
        assert_eq!(song.heard_in(&String::from_utf8_lossy(&text)), None, "{command:?}");
    }
    let answers: usize = heard.0.values().sum();
    figures::record(
        test,
        json!({"records": n_messages, "requests": answers, "log_lines": n_lines}),
    );
}

/// How many answers of what kind came to what.
#[derive(Debug, Default)]
struct Heard(BTreeMap<(&'static str, u16), usize>);

impl Heard {
    /// Notes an answer. One that refuses repeats nothing; a page may show what its owner wrote.
    fn of(&mut self, song: &Song, what: &'static str, answer: Option<(u16, String)>) -> String {
        let (code, text) = answer.unwrap_or_default();
        *self.0.entry((what, code)).or_default() += 1;
        assert!(code < 500 || code == 503, "{what}: {text}");
        // an officer is told by name which field of their question there is not
        if code >= 400 && what != "a look-up" {
            assert_eq!(song.heard_in(&text), None, "the answer {code} to {what}");
        }
        text
    }
}

/// Every secret of the samples' sources.
fn secrets_of(sources: &[Value]) -> Vec<String> {
    let names = [
        "auth_token",
        "signing_key",
        "client_secret",
        "webhook_key",
        "signature_key",
        "path_secret",
        "secret",
        "token",
    ];
    let secrets =
        sources.iter().flat_map(|source| names.iter().filter_map(|name| source[name].as_str()));
    secrets.map(str::to_owned).collect()
}

/// Links for people with canaries: their paths.
fn links(cast: &Cast, heard: &mut Heard) -> Vec<String> {
    let link = |n: usize| {
        json!({"contact_id": format!("{WORD}-{n}"), "address": format!("{WORD}-{n}@example.com"), "channel": "email",
            "controller": "acme-ltd", "brand": "acme", "jurisdiction": "GB", "message_id": format!("<{WORD}@example.com>")})
    };
    let body = json!({"links": (0..12).map(link).collect::<Vec<_>>()}).to_string();
    let sent = Sent::post("/v1/unsubscribe-links", TOKEN, body).told();
    let (code, text) = sent.answer(cast.door_port).expect("an answer");
    *heard.0.entry(("links", code)).or_default() += 1;
    let made: Value =
        serde_json::from_str(text.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    let made = made["links"].as_array().expect("links").iter().filter_map(|it| it["url"].as_str());
    made.map(|url| url.strip_prefix("https://door.example").expect("ours").to_owned()).collect()
}

/// Consent changes in every wrapper, and requests for links.
fn changes(cast: &Cast, song: &Song, heard: &mut Heard) {
    const PATH: &str = "/v1/consent-changes";
    let mut all = Vec::new();
    for change in
        with_canary(&whole_change()).iter().chain(&with_canary(&good_change(50, "opt_out")))
    {
        all.push(Sent::post(PATH, TOKEN, change.to_string()));
    }
    for n in 100..120 {
        let change = good_change(n, "opt_out");
        let event = json!({"specversion": "1.0", "id": format!("{WORD}-{n}"), "source": format!("/{WORD}"), "type": WORD, "data": change});
        let wrapped = json!({"type": WORD, "timestamp": "2026-01-24T09:59:50Z", "data": change});
        all.push(Sent::post(PATH, TOKEN, change.to_string()).told());
        all.push(Sent::post(PATH, TOKEN, json!([change, {WORD: WORD}]).to_string()));
        all.push(
            Sent::post(PATH, TOKEN, format!("{change}\n{WORD}\n"))
                .with(("content-type", "application/x-ndjson")),
        );
        all.push(
            Sent::post(PATH, TOKEN, event.to_string())
                .with(("content-type", "application/cloudevents+json")),
        );
        all.push(Sent::post(PATH, TOKEN, wrapped.to_string()));
        all.push(Sent::post(
            &format!("{PATH}?wait={WORD}&{WORD}={WORD}"),
            TOKEN,
            change.to_string(),
        ));
        all.push(Sent::post(PATH, WORD, change.to_string()).told());
        all.push(Sent::post(
            "/v1/mail",
            MAIL_TOKEN,
            format!("From: {WORD}@example.com\r\nSubject: {WORD}\r\n\r\n{WORD}"),
        ));
        all.push(Sent::post("/hooks/crm", TOKEN, change.to_string()));
    }
    let binary = ["ce-specversion", "ce-id", "ce-source", "ce-type"];
    let event = Sent::post(PATH, TOKEN, good_change(130, "opt_out").to_string());
    all.push(binary.iter().fold(event, |sent, name| sent.with((name, WORD))));
    all.extend(broken().into_iter().map(|bytes| Sent::post(PATH, TOKEN, bytes)));
    let link = json!({"links": [{"contact_id": WORD, "channel": "email", "brand": "acme"}]});
    all.extend(
        with_canary(&link)
            .iter()
            .map(|it| Sent::post("/v1/unsubscribe-links", TOKEN, it.to_string())),
    );
    for sent in all {
        heard.of(song, "a change", sent.answer(cast.door_port));
    }
}

/// What people do with links and forms.
fn pages(cast: &Cast, song: &Song, minted: &[String], heard: &mut Heard) {
    let port = cast.door_port;
    let mut answer = |sent: Sent| heard.of(song, "a page", sent.answer(port));
    let canary = format!(
        "stop={WORD}&csrf={WORD}&keep={WORD}&shown={WORD}&{WORD}={WORD}&address={WORD}%40example.com&locale={WORD}"
    );
    for (n, path) in minted.iter().enumerate() {
        let page = answer(Sent::get(path).told().with(("accept", "text/html")));
        let preferences = format!("/p/{}", between(&page, "href=\"/p/"));
        let choices = answer(Sent::get(&preferences).told().with(("sec-gpc", "1")));
        let csrf = between(&choices, "name=\"csrf\" value=\"").to_owned();
        answer(Sent::form(&preferences, &canary).told());
        answer(Sent::form(&preferences, &format!("csrf={csrf}&shown={WORD}&keep={WORD}")));
        answer(Sent::form(&preferences, &format!("csrf={csrf}&stop=everything")));
        answer(Sent::form(&format!("{path}?{WORD}={WORD}"), "List-Unsubscribe=One-Click").told());
        answer(Sent::form(path, &canary));
        answer(Sent::form(&format!("{path}{WORD}"), "List-Unsubscribe=One-Click"));
        answer(Sent::get(&format!("{preferences}{WORD}")));
        // to one mailbox go three mails an hour
        let form = answer(Sent::get(&format!("/s/acme?{WORD}={WORD}")));
        let csrf = between(&form, "name=\"csrf\" value=\"").to_owned();
        for address in
            [format!("{WORD}-{n}%40example.com"), WORD.to_owned(), format!("%2B44{NUMBER}")]
        {
            answer(
                Sent::form(
                    "/s/acme",
                    &format!(
                        "csrf={csrf}&locale=en&address={address}&want=marketing.newsletter+2026-11"
                    ),
                )
                .told(),
            );
        }
        answer(Sent::form("/s/acme", &canary));
    }
}
