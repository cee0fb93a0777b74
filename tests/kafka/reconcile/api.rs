//! The lists of SendGrid, Amazon SES and Mailgun by their APIs, from a server of ours: pages, waits, failures, and answers that
//! end too early. Whatever is not read to its end is compared with nothing.

use super::{report, text};
use crate::harness::broker;
use crate::harness::data::{self, Contact};
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::readers::read_all;
use crate::harness::topics::Topics;
use provider::{Asked, Provider, Reply};
use serde_json::{Value, json};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

mod provider;

const TOKEN: &str = "SG.a-key-of-the-account";
/// An entry of a provider's list is younger than the consent here.
const SINCE: &str = "2026-06-01T00:00:00Z";
const SINCE_S: i64 = 1_780_272_000;

/// A gate's configuration with some people in its topic, and the program that compares.
struct Sides {
    setup: Setup,
    topics: Topics,
    people: Vec<Contact>,
}

impl Sides {
    fn new(test: &str, bootstrap: &str) -> Self {
        let topics = Topics::create(bootstrap, test);
        let stage = Stage::new(bootstrap, &topics);
        let people = data::contacts("listed", 9);
        let early: jiff::Timestamp = "2025-01-01T00:00:00Z".parse().expect("a time");
        let records: Vec<_> = people.iter().map(|it| stage.opt_in_record(it, early)).collect();
        stage.producer.send_all(&topics.consent_change, &records);
        let setup = Setup::new(test, bootstrap, &topics);
        setup.spawn_ready().stop(); // it makes the pepper
        let sides = Self { setup, topics, people };
        for (name, secret) in
            [("token", TOKEN), ("id", "AKIDEXAMPLE"), ("key", "wJalrXUtnFEMI"), ("empty", "")]
        {
            sides.write(name, secret);
        }
        sides
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.setup.dir.join(name), content).expect("the file can be written");
    }

    /// Compares with a list as this spec says.
    fn compare(&self, provider: &str, api: &Value, credentials: &Value, more: &[&str]) -> Output {
        let spec = json!({
            "source": {"name": "lists", "provider": provider, "controller": "acme-ltd", "brand": "acme"},
            "api": api, "credentials": credentials,
        });
        self.write("spec.yaml", &spec.to_string());
        let path = self.setup.dir.join("spec.yaml").display().to_string();
        let mut arguments = vec!["reconcile", path.as_str(), "--json"];
        arguments.extend(more);
        let output = self.setup.run(&arguments);
        let said = text(&output);
        assert!(
            !said.contains("@mail") && !said.contains("a-key-of"),
            "it names people or a secret: {said}"
        );
        output
    }

    fn sendgrid(&self, server: &Provider, more: &[&str]) -> Output {
        let api = json!({"provider": "sendgrid", "base_url": server.url()});
        self.compare("sendgrid", &api, &json!({"token_file": "token"}), more)
    }

    fn address(&self, n: usize) -> &str {
        &self.people[n].address
    }
}

/// How many people of one class and kind.
fn n(output: &Output, class: &str, kind: &str) -> u64 {
    report(output)["classes"][class][kind].as_u64().unwrap_or(0)
}

/// SendGrid with two pages of unsubscribes and one complaint.
fn sendgrid(sides: &Sides, asked: &Asked) -> Reply {
    let entry = |n: usize| json!({"email": sides.address(n).to_uppercase(), "created": SINCE_S});
    let offset = asked.query("offset").unwrap_or_default();
    Reply::json(&match (asked.path(), offset.as_str()) {
        ("/v3/suppression/unsubscribes", "0") => json!([entry(0), entry(1)]),
        ("/v3/suppression/unsubscribes", "2") => json!([entry(2)]),
        ("/v3/suppression/spam_reports", "0") => json!([entry(3)]),
        _ => json!([]),
    })
}

#[test]
fn lists_are_read_page_by_page_and_waited_for() {
    let test = "lists_are_read_page_by_page_and_waited_for";
    let Some(broker) = broker::shared(test) else { return };
    let sides = Sides::new("reconcile-api", &broker.bootstrap);
    let n_before = read_all(&broker.bootstrap, &[&sides.topics.consent_change]).len();

    // SendGrid: it asks to wait, is away for a moment, hangs up once; pages until an empty one
    let turn = AtomicUsize::new(0);
    let found = Provider::serve(
        |asked| match turn.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::status(429).header("retry-after", "1"),
            2 => Reply::status(503),
            4 => Reply::hang_up(),
            _ => sendgrid(&sides, asked),
        },
        |server| {
            let gauge = sides.setup.dir.join("drift.prom").display().to_string();
            let found = sides.sendgrid(server, &["--metrics", &gauge]);
            let gauge = std::fs::read_to_string(gauge).expect("the gauges");
            assert!(
                gauge.contains(
                    r#"consent_gate_suppression_compared_timestamp_seconds{source="lists"} "#
                ),
                "{gauge}"
            );
            let asked = server.asked();
            assert!(
                asked
                    .iter()
                    .all(|it| it.header("authorization") == Some(&format!("Bearer {TOKEN}")))
            );
            let unsubscribes: Vec<String> = asked
                .iter()
                .filter(|it| it.path() == "/v3/suppression/unsubscribes")
                .filter_map(|it| it.query("offset"))
                .collect();
            assert_eq!(
                unsubscribes,
                ["0", "0", "2", "2", "3", "3"],
                "each page, again where it failed"
            );
            found
        },
    );
    assert_eq!(found.status.code(), Some(1), "{}", text(&found));
    assert_eq!(
        (n(&found, "only_there", "unsubscribe"), n(&found, "only_there", "complaint")),
        (3, 1),
        "{}",
        text(&found)
    );
    assert_eq!(report(&found)["n_entries"], 4);

    // Mailgun: the next page is a whole URL of the same host
    let found = Provider::serve(
        |asked| {
            let item = |n: usize| json!({"address": sides.address(n), "tags": ["*"], "created_at": "Mon, 01 Jun 2026 00:00:00 UTC"});
            let next = format!(
                "{}{}?page=next&n={}",
                asked.base(),
                asked.path(),
                asked.query("n").map_or(1, |_| 2)
            );
            let items = match (asked.path(), asked.query("n").as_deref()) {
                ("/v3/mg.example.com/unsubscribes", None) => json!([item(0), item(1)]),
                ("/v3/mg.example.com/unsubscribes", Some("1")) => json!([item(2)]),
                _ => json!([]),
            };
            Reply::json(&json!({"items": items, "paging": {"next": next}}))
        },
        |server| {
            let api = json!({"provider": "mailgun", "domain": "mg.example.com", "base_url": server.url()});
            let secret = json!({"user": "api", "password_file": "token"});
            let found = sides.compare("mailgun", &api, &secret, &[]);
            assert!(
                server.asked().iter().all(|it| it
                    .header("authorization")
                    .is_some_and(|it| it.starts_with("Basic ")))
            );
            found
        },
    );
    assert_eq!(
        (found.status.code(), n(&found, "only_there", "unsubscribe")),
        (Some(1), 3),
        "{}",
        text(&found)
    );

    // SES: a token leads to the next page; each request is signed
    let found = Provider::serve(
        |asked| {
            let item = |n: usize, reason: &str| json!({"EmailAddress": sides.address(n), "Reason": reason, "LastUpdateTime": SINCE});
            let page = match asked.query("NextToken").as_deref() {
                None => {
                    json!({"SuppressedDestinationSummaries": [item(0, "COMPLAINT")], "NextToken": "a+b/c="})
                }
                Some("a%2Bb%2Fc%3D") => {
                    json!({"SuppressedDestinationSummaries": [item(1, "BOUNCE")]})
                }
                Some(other) => panic!("no token of ours: {other}"),
            };
            Reply::json(&page)
        },
        |server| {
            let api = json!({"provider": "ses", "region": "eu-west-1", "base_url": server.url()});
            let secret = json!({"access_key_id_file": "id", "secret_access_key_file": "key"});
            let found = sides.compare("ses", &api, &secret, &[]);
            let signed = |it: &Asked| {
                it.header("authorization")
                    .is_some_and(|it| it.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"))
            };
            assert!(server.asked().len() == 2 && server.asked().iter().all(signed));
            found
        },
    );
    assert_eq!(found.status.code(), Some(1), "{}", text(&found));
    assert_eq!(
        (n(&found, "only_there", "complaint"), n(&found, "only_there", "hard_bounce")),
        (1, 1),
        "{}",
        text(&found)
    );
    let n_after = read_all(&broker.bootstrap, &[&sides.topics.consent_change]).len();
    assert_eq!(n_after, n_before, "a look writes nothing");
}

#[test]
fn half_a_list_is_compared_with_nothing() {
    let test = "half_a_list_is_compared_with_nothing";
    let Some(broker) = broker::shared(test) else { return };
    let sides = Sides::new("reconcile-half", &broker.bootstrap);
    let whole = json!([{"email": sides.address(0), "created": SINCE_S}]).to_string();
    let second = |asked: &Asked, reply: Reply| match asked.query("offset").as_deref() {
        Some("0") if asked.path() == "/v3/suppression/unsubscribes" => Reply::text(&whole),
        Some(_) => reply,
        None => Reply::text("[]"),
    };
    // what comes instead of the second page, and what is said then
    let cases: [(&str, Reply); 7] = [
        ("it is no list in JSON", Reply::text(&whole[..whole.len() - 5])),
        ("it is no list in JSON", Reply::text("<html>busy</html>")),
        ("it is no text", Reply::text(r#"[{"created": 1}]"#)),
        ("it is the same page again", Reply::text(&whole)),
        ("the token is not known", Reply::status(401)),
        ("the token may not do this", Reply::status(403)),
        ("it sends elsewhere", Reply::status(302).header("location", "http://127.0.0.1:1/")),
    ];
    for (said, reply) in cases {
        let gauge = sides.setup.dir.join("half.prom");
        let path = gauge.display().to_string();
        let output = Provider::serve(
            |asked| second(asked, reply.clone()),
            |server| sides.sendgrid(server, &["--metrics", &path]),
        );
        let told = text(&output);
        assert_eq!(output.status.code(), Some(75), "{told}");
        assert!(told.contains("sendgrid:unsubscribes") && told.contains(said), "{said}: {told}");
        assert!(!gauge.exists() && !told.contains("classes"), "nothing is compared: {told}");
    }

    // always too busy: it gives up, and says so
    let output = Provider::serve(
        |_| Reply::status(429).header("retry-after", "1"),
        |server| sides.sendgrid(server, &[]),
    );
    assert_eq!(output.status.code(), Some(75), "{}", text(&output));
    assert!(text(&output).contains("try again later"), "{}", text(&output));

    // a next page on another host would get the key
    let output = Provider::serve(
        |_| {
            Reply::json(
                &json!({"items": [{"address": "a@mail.example.org", "created_at": "Mon, 01 Jun 2026 00:00:00 UTC"}],
            "paging": {"next": "http://127.0.0.1:1/v3/mg.example.com/unsubscribes?page=2"}}),
            )
        },
        |server| {
            let api = json!({"provider": "mailgun", "domain": "mg.example.com", "base_url": server.url()});
            sides.compare("mailgun", &api, &json!({"user": "api", "password_file": "token"}), &[])
        },
    );
    assert!(
        output.status.code() == Some(75) && text(&output).contains("leads away"),
        "{}",
        text(&output)
    );

    // without its secret nobody is asked
    for (credentials, said) in [
        (json!({"token_file": "absent"}), "absent"),
        (json!({"token_file": "empty"}), "empty"),
        (json!({"user": "api", "password_file": "token"}), "token"),
        (Value::Null, "credentials"),
    ] {
        Provider::serve(
            |_| Reply::text("[]"),
            |server| {
                let api = json!({"provider": "sendgrid", "base_url": server.url()});
                let output = sides.compare("sendgrid", &api, &credentials, &[]);
                assert_eq!(output.status.code(), Some(64), "{}", text(&output));
                assert!(text(&output).contains(said), "{}", text(&output));
                assert!(server.asked().is_empty(), "nobody is asked without the secret");
            },
        );
    }
}
