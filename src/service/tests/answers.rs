//! What machines ask a whole gate: the same answers as decisions, behind the same barrier, and nothing is remembered.

use super::{Cluster, Gate, change, newsletter, opt_in, service};
use crate::access::Token;
use rdkafka::producer::BaseRecord;
use serde_json::{Value, json};

/// A gate that a sender and an officer may ask.
struct Asked {
    gate: Gate,
    sender: String,
    officer: String,
}

impl Asked {
    fn start(cluster: &Cluster) -> Self {
        Self::start_with(cluster, "")
    }

    fn start_with(cluster: &Cluster, more: &str) -> Self {
        let [sender, officer] = [(); 2].map(|()| Token::random().unwrap());
        let line = |id: &str, token: &Token| {
            format!("- {{id: {id}, role: {id}, hash: \"{}\"}}\n", token.digest().text())
        };
        let tokens = line("sender", &sender) + &line("officer", &officer);
        let gate = Gate::asked_by(cluster, &tokens, more).ready();
        let [sender, officer] = [sender, officer].map(|token| token.expose().to_owned());
        Self { gate, sender, officer }
    }

    fn check(&self, messages: &[Value]) -> Value {
        let (code, answer) =
            self.gate.ask("/v1/check", &self.sender, &json!({"messages": messages}));
        assert_eq!(code, 200, "{answer}");
        answer
    }

    /// Why one message would or would not pass.
    fn reason(&self, message: &Value) -> String {
        self.check(std::slice::from_ref(message))["messages"][0]["reason"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

#[test]
fn a_refusal_acknowledged_just_before_a_check_is_in_its_answer() {
    let cluster = Cluster::new();
    let asked = Asked::start(&cluster);
    for n in 0..20 {
        let who = format!("person-{n}");
        let message = newsletter("m", &who);
        assert_eq!(asked.reason(&message), "blocked.no_consent");
        let (partition, offset) = cluster.consent(&opt_in(&format!("in-{n}"), &who));
        let answer = asked.check(std::slice::from_ref(&message));
        assert_eq!(answer["messages"][0]["reason"], "approved.express_consent", "{answer}");
        let at = |answer: &Value| answer["consent_position"][partition as usize].as_i64().unwrap();
        assert_eq!((at(&answer), answer["consent"].as_str()), (offset + 1, Some("barrier")));
        cluster.consent(&change(&format!("out-{n}"), &who, "opt_out"));
        assert_eq!(asked.reason(&message), "blocked.opted_out", "{who}");
    }
}

#[test]
fn answers_are_the_decisions_of_the_lane_and_no_cap_is_used_up() {
    let cluster = Cluster::new();
    for (id, who) in [("1", "ana"), ("2", "ben"), ("3", "eve")] {
        cluster.consent(&opt_in(id, who));
    }
    cluster.consent(&change("4", "ben", "opt_out"));
    let asked = Asked::start(&cluster);
    // nobody's land: the strictest pack takes one message a day
    let capped = |id: &str| {
        let mut message = service(id, "eve");
        message["category"] = json!("marketing");
        message["recipient"].as_object_mut().unwrap().remove("jurisdiction");
        message
    };
    let messages = [
        newsletter("a", "ana"),
        newsletter("b", "ben"),
        newsletter("c", "nobody"),
        service("d", "ben"),
        capped("e"),
        json!({"message_id": "f", "channel": 7}),
    ];
    // twice: the first answer has changed nothing
    for _ in 0..2 {
        let answer = asked.check(&messages);
        assert_eq!(answer["messages"].as_array().unwrap().len(), messages.len());
    }
    let answer = asked.check(&messages);
    for (nth, message) in messages.iter().enumerate() {
        cluster.send(0, message);
        // one after the other, so that each is a batch
        cluster.decisions(nth + 1);
    }
    let decided = cluster.decisions(messages.len());
    for told in answer["messages"].as_array().unwrap() {
        let id = told["message_id"].as_str().unwrap_or("f");
        assert_eq!(told["reason"].as_str(), Some(decided[id].as_str()), "{told}");
        let outcome = told["reason"].as_str().unwrap().split('.').next();
        assert_eq!(told["outcome"].as_str(), outcome);
    }
    let unread = &answer["messages"][5];
    assert_eq!(unread["detail"], json!({"class": "wrong_type", "field": "channel"}), "{unread}");
    assert_eq!(unread["message_id"], Value::Null);
    let approved = &answer["messages"][0];
    assert_eq!(
        (approved["basis"].as_str(), approved["jurisdictions"][0].as_str()),
        (Some("express"), Some("GB"))
    );
    assert!(approved["rules"].as_array().is_some_and(|rules| !rules.is_empty()), "{approved}");
    assert_eq!(answer["policy_revision"].as_str().unwrap().len(), 12);
}

#[test]
fn caps_are_looked_at_as_far_as_this_instance_knows_them() {
    let cluster = Cluster::new();
    let asked = Asked::start(&cluster);
    let request = json!({
        "event_id": "1", "occurred_at": jiff::Timestamp::now().to_string(), "action": "opt_in_requested",
        "contact_id": "ana", "address": "ana@example.com", "channel": "email", "controller": "shop",
        "brand": "tents", "purpose": "marketing", "evidence": {"method": "web_form", "notice_version": "1"},
    });
    cluster.consent(&request);
    let once = |id: &str| {
        let mut message = service(id, "ana");
        message["category"] = json!("consent_request");
        message["brand"] = json!("tents");
        message
    };
    let told = |message: &Value| asked.check(std::slice::from_ref(message))["messages"][0].clone();
    // no batch has come yet, so nothing was read back
    let first = told(&once("r1"));
    assert_eq!(
        (first["reason"].as_str(), first["caps"].as_str()),
        (Some("approved.consent_request"), Some("not_counted")),
        "{first}"
    );
    assert_eq!(told(&newsletter("n", "ana"))["caps"], "none");
    cluster.send(0, &once("r1"));
    assert_eq!(cluster.decisions(1)["r1"], "approved.consent_request");
    let until = |caps: &str| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let told = told(&once("r2"));
            if told["caps"] == caps && told["outcome"] == "blocked" {
                return told;
            }
            assert!(std::time::Instant::now() < deadline, "{told}");
        }
    };
    // a lane reads back all partitions it has with its first batch
    let second = until("counted");
    assert_eq!(second["reason"], "blocked.consent_request_repeated");
    // each message for itself: the first of a question is nothing to the second
    let other = json!({"contact_id": "eve", "address": "eve@example.com", "jurisdiction": "GB"});
    cluster.consent(&{
        let mut request = request.clone();
        request["event_id"] = json!("2");
        request["contact_id"] = json!("eve");
        request["address"] = json!("eve@example.com");
        request
    });
    let [one, two] = ["x", "y"].map(|id| {
        let mut message = once(id);
        message["recipient"] = other.clone();
        message
    });
    let answer = asked.check(&[one, two]);
    for told in answer["messages"].as_array().unwrap() {
        assert_eq!(told["reason"], "approved.consent_request", "{told}");
    }
    assert_eq!(answer["approvals_known"], answer["approvals_partitions"]);
}

#[test]
fn a_held_gate_says_so_and_a_stale_answer_is_marked() {
    let cluster = Cluster::new();
    cluster.consent(&opt_in("1", "ana"));
    let asked = Asked::start_with(&cluster, "consent: {barrier_timeout_ms: 200}\n");
    let (partition, offset) = cluster.unreadable(0, "whoever");
    asked.gate.held("consent_poison");
    let question = json!({"messages": [newsletter("m", "ana")]});
    let (code, problem) = asked.gate.ask("/v1/check", &asked.sender, &question);
    assert_eq!(
        (code, problem["type"].as_str()),
        (503, Some("urn:consent-gate:problem:held")),
        "{problem}"
    );
    assert!(problem["detail"].as_str().unwrap().starts_with("consent_poison"), "{problem}");
    let (code, answer) = asked.gate.ask("/v1/check?stale=ok", &asked.sender, &question);
    assert_eq!((code, answer["consent"].as_str()), (200, Some("stale")), "{answer}");
    assert_eq!(answer["messages"][0]["outcome"], "approved");
    // it has not come so far, and will not
    let mut wanted = vec![0; 2];
    wanted[usize::try_from(partition).unwrap()] = offset + 1;
    let question = json!({"messages": [newsletter("m", "ana")], "at_least": wanted});
    let (code, problem) = asked.gate.ask("/v1/check?stale=ok", &asked.sender, &question);
    assert_eq!(
        (code, problem["type"].as_str()),
        (503, Some("urn:consent-gate:problem:behind")),
        "{problem}"
    );
    let metrics = asked.gate.metrics.encode().unwrap();
    assert!(!metrics.contains("ana"), "{metrics}");
    let waited = asked.gate.metrics.bounds_reached.of(crate::metrics::Bound::QuestionWait);
    assert_eq!(waited.get(), 2);
}

#[test]
fn a_position_that_was_acknowledged_is_waited_for_and_one_beyond_the_log_is_none() {
    let cluster = Cluster::new();
    let asked = Asked::start(&cluster);
    let message = newsletter("m", "ana");
    for n in 0..10 {
        let action = if n % 2 == 0 { "opt_in" } else { "opt_out" };
        let event = if n % 2 == 0 {
            opt_in(&n.to_string(), "ana")
        } else {
            change(&n.to_string(), "ana", action)
        };
        let (partition, offset) = cluster.consent(&event);
        let mut wanted = vec![0; 2];
        wanted[usize::try_from(partition).unwrap()] = offset + 1;
        let question = json!({"messages": [message], "at_least": wanted});
        for target in ["/v1/check?stale=ok", "/v1/check"] {
            let (code, answer) = asked.gate.ask(target, &asked.sender, &question);
            assert_eq!(code, 200, "{answer}");
            let outcome = if n % 2 == 0 { "approved" } else { "blocked" };
            assert_eq!(answer["messages"][0]["outcome"], outcome, "{target} {n}");
        }
    }
    let question = json!({"messages": [message], "at_least": [0, 9_999]});
    let (code, problem) = asked.gate.ask("/v1/check", &asked.sender, &question);
    assert_eq!((code, problem["pointer"].as_str()), (409, Some("/at_least/1")), "{problem}");
}

#[test]
fn an_officer_sees_a_person_and_a_sender_sees_nobody() {
    let cluster = Cluster::new();
    cluster.consent(&opt_in("1", "ana"));
    for n in 0..5 {
        let mut view = change(&format!("view-{n}"), "ana", "opt_out");
        view["brand"] = json!(format!("brand-{n}"));
        cluster.consent(&view);
    }
    let asked = Asked::start(&cluster);
    let look = |token: &str, body: &Value| asked.gate.ask("/v1/subject", token, body);
    let who = json!({"contact_id": "ana", "address": "Ana@Example.com", "timeline_max": 2});
    for unknown_or_known in [&who, &json!({"contact_id": "nobody"})] {
        let (code, problem) = look(&asked.sender, unknown_or_known);
        assert_eq!(
            (code, problem["detail"].as_str()),
            (403, Some("this is for the roles `officer`"))
        );
    }
    let (code, answer) = look(&asked.officer, &who);
    assert_eq!(code, 200, "{answer}");
    let contact = &answer["contact"];
    assert_eq!(
        (contact["is_known"].as_bool(), contact["key"].as_str().map(str::len)),
        (Some(true), Some(32))
    );
    let kinds: Vec<&str> = contact["facts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|fact| fact["kind"].as_str())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "opt_out").count(), 5, "{kinds:?}");
    assert!(kinds.contains(&"opt_in"), "{kinds:?}");
    assert_eq!(contact["words"][0], "5 refusals");
    // the same person's address, however it is written
    assert_eq!(answer["address"]["is_known"], true);
    // page by page, newest first, each event once
    let (mut sources, mut before) = (Vec::new(), Value::Null);
    loop {
        let body = json!({"contact_id": "ana", "timeline_max": 2, "before": {"contact": before}});
        let (_, answer) = look(&asked.officer, &body);
        let timeline = &answer["contact"]["timeline"];
        let page = timeline["entries"].as_array().unwrap();
        assert!(page.len() <= 2 && !page.is_empty(), "{timeline}");
        sources.extend(page.iter().filter_map(|entry| entry["source"].as_str().map(str::to_owned)));
        before = timeline["before"].clone();
        if before.is_null() {
            break;
        }
    }
    let n_entries = sources.len();
    sources.sort();
    sources.dedup();
    assert_eq!((sources.len(), n_entries), (6, 6), "{sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("consent-change/")), "{sources:?}");
    // nobody
    let (_, answer) = look(&asked.officer, &json!({"contact_id": "nobody"}));
    assert_eq!(answer["contact"]["words"], json!(["nothing is on record"]));
    assert!(answer.get("address").is_none());
    // a guessed place, and people nobody can be
    for (body, at) in [
        (json!({"contact_id": "ana", "before": {"contact": "00"}}), "/before/contact"),
        (json!({"address": "no address"}), "/address"),
        (json!({"contact_id": "ana", "channel": "pigeon"}), "/channel"),
        (json!({"channel": "email", "address": "+4915112345678"}), "/address"),
        (json!({"contact_id": " "}), ""),
    ] {
        let (code, problem) = look(&asked.officer, &body);
        assert_eq!((code, problem["pointer"].as_str()), (400, Some(at)), "{body}: {problem}");
    }
    // a place in somebody else's timeline is one in one's own: it leads to nobody else
    let other = json!({"contact_id": "nobody", "before": {"contact": "f".repeat(56)}});
    assert_eq!(look(&asked.officer, &other).1["contact"]["timeline"]["entries"], json!([]));
}

/// Checks beside messages: the lane decides as many as ever, and no answer is wrong.
#[test]
fn checks_beside_messages_disturb_nobody() {
    let cluster = Cluster::new();
    for n in 0..4 {
        cluster.consent(&opt_in(&format!("in-{n}"), &format!("yes-{n}")));
        cluster.consent(&opt_in(&format!("also-in-{n}"), &format!("no-{n}")));
        cluster.consent(&change(&format!("out-{n}"), &format!("no-{n}"), "opt_out"));
    }
    let asked = Asked::start(&cluster);
    std::thread::scope(|scope| {
        for n in 0..4 {
            let asked = &asked;
            scope.spawn(move || {
                for _ in 0..25 {
                    assert_eq!(
                        asked.reason(&newsletter("m", &format!("yes-{n}"))),
                        "approved.express_consent"
                    );
                    assert_eq!(
                        asked.reason(&newsletter("m", &format!("no-{n}"))),
                        "blocked.opted_out"
                    );
                }
            });
        }
        for n in 0..40 {
            let value = newsletter(&format!("m-{n}"), &format!("yes-{}", n % 4)).to_string();
            cluster.publish(
                BaseRecord::to(super::cluster::OUTBOUND).key(&b"k"[..]).payload(value.as_bytes()),
            );
        }
    });
    assert_eq!(cluster.decisions(40).len(), 40);
    assert_eq!(asked.gate.metrics.checked_messages.get(), 200);
}

/// The block behind a mark in the page of the API.
fn shown(mark: &str) -> String {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/api.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, behind) = page.split_once(&format!("<!-- {mark} -->\n```")).unwrap();
    let (_, block) = behind.split_once('\n').unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

#[test]
fn what_the_page_tells_people_to_type_is_answered_as_it_shows() {
    let cluster = Cluster::new();
    cluster.consent(&opt_in("1", "ana"));
    let asked = Asked::start(&cluster);
    let address = asked.gate.http_address;
    let typed = shown("asks: check").replace("127.0.0.1:8080", &address.to_string());
    let told =
        std::process::Command::new("sh").args(["-c", &typed]).env("TOKEN", &asked.sender).output();
    let told = told.unwrap();
    if told.status.code() == Some(127) {
        println!(
            "skipped: what_the_page_tells_people_to_type_is_answered_as_it_shows: there is no curl"
        );
        return;
    }
    let mut told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let mut page: Value = serde_json::from_str(&shown("answers: check")).unwrap();
    for answer in [&mut told, &mut page] {
        for varies in ["evaluated_at", "policy_revision", "tz_version", "consent_position"] {
            assert!(answer.as_object_mut().unwrap().remove(varies).is_some(), "{varies}: {answer}");
        }
        let message = answer["messages"][0].as_object_mut().unwrap();
        assert!(message.remove("evidence").is_some());
    }
    assert_eq!(told, page, "\n{told:#}");
}
