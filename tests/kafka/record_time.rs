//! Record time never dates a refusal back. Where producers date the changes, a device without a clock battery, a tool
//! that keeps timestamps or one that counts in seconds writes anything there; what a person said counts all the same.
//! Where the brokers date them (`topics create`), what producers write does not matter at all.

use crate::harness::broker;
use crate::harness::data::{self, Contact, Refusal};
use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::ledger::TEST_ID;
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;

#[test]
fn no_record_time_of_a_producer_dates_a_refusal_back() {
    let Some(broker) = broker::shared("no_record_time_of_a_producer_dates_a_refusal_back") else {
        return;
    };
    let gate = run(&broker.bootstrap, "CreateTime");
    assert!(gate.contains("producers date the changes"), "the start warns: {gate}");
}

#[test]
fn record_times_do_not_matter_where_brokers_set_them() {
    let Some(broker) = broker::shared("record_times_do_not_matter_where_brokers_set_them") else {
        return;
    };
    let gate = run(&broker.bootstrap, "LogAppendTime");
    assert!(!gate.contains("producers date the changes"), "nothing to warn of: {gate}");
}

/// One person, what is published about them in this order, and what becomes of their message.
struct Scene {
    contact: Contact,
    records: Vec<Outgoing>,
    reason: &'static str,
}

fn run(bootstrap: &str, dated_by: &str) -> String {
    let topics = Topics::named(&format!("record-time-{}", dated_by.to_lowercase()));
    topics.make_dated(bootstrap, dated_by);
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let gate = Setup::new("record-time", bootstrap, &topics).spawn_ready();
    let now = Timestamp::now();
    // those dated ahead come last: they move the time of their partition
    for scenes in [dated_back(&stage, now), dated_ahead(&stage, now)] {
        for scene in &scenes {
            for record in &scene.records {
                stage.producer.send(&topics.consent_change, record);
                // brokers date by the millisecond, and what came within the same one as a refusal is not after it
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let ids: Vec<u64> = scenes.iter().map(|scene| stage.message(&scene.contact)).collect();
        drained(&stage, &during);
        let decided = during.records();
        let wrong: Vec<String> = scenes
            .iter()
            .zip(ids)
            .filter_map(|(scene, id)| {
                let id = id.to_string();
                let output = decided.iter().find(|r| r.header(TEST_ID) == Some(id.as_str()));
                let reason = output.and_then(|r| r.header("gate-reason")).unwrap_or("no output");
                let who = &scene.contact.id;
                let why = output.and_then(|r| r.header("gate-decision")).unwrap_or_default();
                let expected = scene.reason;
                (reason != expected).then(|| format!("{who}: {reason}, not {expected}: {why}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{dated_by}: {wrong:#?}");
    }
    let log = gate.log_text();
    gate.stop();
    log
}

/// Record times of clocks that are behind, against the same consent of an hour ago.
fn dated_back(stage: &Stage, now: Timestamp) -> Vec<Scene> {
    let now_ms = now.as_millisecond();
    let stamps = [
        ("now", now_ms),
        ("50-minutes", now_ms - 50 * MINUTE_MS),
        ("2-hours", now_ms - 120 * MINUTE_MS),
        ("a-day", now_ms - 1_440 * MINUTE_MS),
        ("seconds", now_ms / 1_000),
        ("2020", 1_577_836_800_000),
        ("1-ms", 1),
    ];
    let mut scenes = vec![
        scene(stage, now, "nobody-refused", &[], "approved.express_consent"),
        scene(
            stage,
            now,
            "again",
            &[(Said::Refusal(Refusal::Full, now), 1), (Said::OptIn(later(now, 1)), now_ms + 1_000)],
            "approved.express_consent",
        ),
        scene(
            stage,
            now,
            "years-ahead",
            &[
                (Said::Refusal(Refusal::Full, later(now, 4 * 365 * 86_400)), now_ms),
                // minutes, for a broker dates the refusal when it comes
                (Said::OptIn(later(now, 240)), now_ms + 4 * MINUTE_MS),
            ],
            "approved.express_consent",
        ),
    ];
    for (name, stamp) in stamps {
        scenes.extend(refused(stage, now, name, stamp));
    }
    scenes
}

fn dated_ahead(stage: &Stage, now: Timestamp) -> Vec<Scene> {
    let ahead_ms = |minutes: i64| now.as_millisecond() + minutes * MINUTE_MS;
    let mut scenes = refused(stage, now, "50-minutes-ahead", ahead_ms(50));
    for minutes in [30, 59] {
        let said = Said::OptIn(later(now, minutes * 60));
        let refusal = Said::Refusal(Refusal::Full, now);
        scenes.push(scene(
            stage,
            now,
            &format!("consent-{minutes}-minutes-ahead"),
            &[(said, ahead_ms(minutes)), (refusal, now.as_millisecond())],
            "blocked.opted_out",
        ));
    }
    scenes
}

/// Every kind of refusal, its record dated `stamp`.
fn refused(stage: &Stage, now: Timestamp, name: &str, stamp: i64) -> Vec<Scene> {
    let of = |kind: &str, said, reason| {
        scene(stage, now, &format!("{kind}-{name}"), &[(said, stamp)], reason)
    };
    vec![
        of("opt-out", Said::Refusal(Refusal::Full, now), "blocked.opted_out"),
        of("objection", Said::Refusal(Refusal::Objection, now), "blocked.objected"),
        of("complaint", Said::Refusal(Refusal::Complaint, now), "blocked.complaint"),
        of("unreadable", Said::Unreadable, "blocked.consent_unreadable"),
    ]
}

/// What is said about a person.
#[derive(Clone, Copy)]
enum Said {
    OptIn(Timestamp),
    Refusal(Refusal, Timestamp),
    Unreadable,
}

/// A person who agreed an hour ago, and what followed with its record times.
fn scene(
    stage: &Stage,
    now: Timestamp,
    name: &str,
    said: &[(Said, i64)],
    reason: &'static str,
) -> Scene {
    let contact = Contact::new(name);
    let an_hour_ago = later(now, -3_600);
    let first = (Said::OptIn(an_hour_ago), an_hour_ago.as_millisecond());
    let records = std::iter::once(&first).chain(said).map(|(said, stamp)| {
        let value = match said {
            Said::OptIn(at) => contact.opt_in(&stage.event_id(), *at),
            Said::Refusal(form, at) => contact.refusal(*form, &stage.event_id(), *at),
            Said::Unreadable => Value::from("what is this"),
        };
        let record = Outgoing::new(contact.id.as_bytes(), data::bytes(&value));
        Outgoing { timestamp_ms: Some(*stamp), ..record }
    });
    Scene { records: records.collect(), contact, reason }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).expect("an instant of these years")
}
