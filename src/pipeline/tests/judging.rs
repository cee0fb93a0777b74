//! A batch read and judged, on real stores and the bundled packs.

use super::restoring::nothing_approved;
use super::{Double, message, metrics, source, topics};
use crate::config::Config;
use crate::identity::{PEPPER_BYTES, Pepper};
use crate::metrics::Metrics;
use crate::pipeline::batch::{Batch, Out};
use crate::pipeline::judge::{Judge, Verdicts};
use crate::pipeline::parts::Settings;
use crate::policies::{Policies, PolicySource};
use crate::records::MessageRecords;
use crate::store::{Identity, MEMORY_BYTES_MIN, Source, Store, Writer};
use gate_codec::{Codec, Format, Kind};
use gate_core::{ContactId, Receipt, Timestamp};
use gate_engine::{Keys as _, understand};
use gate_log::DecisionBatch;
use rdkafka::Offset;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn records() -> MessageRecords {
    MessageRecords::new(Codec::new(Format::Json, Kind::OutboundMessage, None).unwrap(), None)
}

struct Desk {
    messages: Vec<MessageRecords>,
    consent: Codec,
    pepper: Pepper,
    store: Store,
    writer: Writer,
    policies: Policies,
    metrics: Arc<Metrics>,
    settings: Settings,
    _dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity {
            cluster_id: "cluster".into(),
            topic: "consent-change".into(),
            topic_id: "id".into(),
            partitions: 1,
            pepper_id: [1; 8],
            mapping_id: [0; 8],
        };
        let (store, writer, _) = Store::open(dir.path(), &identity, MEMORY_BYTES_MIN).unwrap();
        let config = Config::parse("f", "", []).unwrap();
        Self {
            messages: ["a", "b"].map(|_| records()).into(),
            consent: Codec::new(Format::Json, Kind::ConsentChange, None).unwrap(),
            pepper: Pepper::new(&[7; PEPPER_BYTES]),
            store,
            writer,
            policies: Policies::new(PolicySource::of(&config.policies).load().unwrap()),
            metrics: metrics(),
            settings: Settings {
                topics: topics(),
                instance_id: String::from("gate-1"),
                has_full_headers: true,
                links: None,
                group_id: String::from("group"),
                consent_topic: String::from("consent-change"),
                outputs: crate::outputs::ByOutput::new(|output| output.row().name.to_owned()),
                batch_messages_max: 100,
                batch_bytes_max: 1 << 20,
                value_bytes_max: 4_000,
                transaction_timeout: Duration::from_secs(10),
                start_at: Offset::Beginning,
                leave_on_shutdown: false,
            },
            _dir: dir,
        }
    }

    /// Somebody says something, as the reader folds it.
    fn says(&mut self, offset: i64, change: &Value) {
        let value = change.to_string();
        let at = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        let received = Receipt::by_producer(at, self.writer.receive(0, at));
        let change = self.consent.decode_consent(Some(value.as_bytes())).unwrap();
        let understood = understand(&self.pepper, &change, received).unwrap();
        let source = Source { partition: 0, offset };
        self.writer.apply(understood.subjects, &understood.placement, source).unwrap();
        self.writer.commit().unwrap();
    }

    fn judge(&self, batch: &Batch<Double>) -> Verdicts {
        let judge = Judge {
            messages: &self.messages,
            pepper: &self.pepper,
            store: &self.store,
            policies: &self.policies,
            metrics: &self.metrics,
            settings: &self.settings,
        };
        let messages = judge.decode(batch.messages()).unwrap();
        let before = judge.decode(batch.approved_before()).unwrap();
        let (_dir, approvals) = nothing_approved();
        judge.judge(&approvals, batch, &messages, &before).unwrap()
    }

    fn reasons(&self, batch: &Batch<Double>) -> Vec<&'static str> {
        self.judge(batch).judged.iter().map(|judged| judged.decision.reason().code()).collect()
    }
}

/// What the decision log is told.
fn logged(verdicts: &Verdicts) -> Vec<Value> {
    let records = verdicts.log.iter();
    let batches: Vec<_> =
        records.map(|record| DecisionBatch::decode(&record.value).unwrap()).collect();
    batches.iter().flat_map(|batch| batch.entries().map(|entry| entry.to_json())).collect()
}

fn ago(seconds: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds)).to_string()
}

fn change(id: &str, action: &str, seconds_ago: i64) -> Value {
    json!({
        "event_id": id, "occurred_at": ago(seconds_ago), "action": action, "contact_id": "ana",
        "controller": "shop", "channel": "email", "address": "ana@example.com",
    })
}

fn service(offset: i64) -> Double {
    let value = json!({
        "message_id": format!("m{offset}"), "channel": "email", "category": "transactional",
        "purpose": "service.order", "controller": "shop",
        "content": {"promotional": false, "sender_identity": true},
        "recipient": {"contact_id": "ana", "address": "ana@example.com", "jurisdiction": "GB"},
    });
    with(offset, value.to_string().as_bytes())
}

/// Approved once within five minutes of an opt-out.
fn confirmation(offset: i64) -> Double {
    let value = json!({
        "message_id": format!("m{offset}"), "channel": "email", "category": "optout_confirmation",
        "purpose": "service.optout", "controller": "shop",
        "content": {"promotional": false, "sender_identity": true},
        "recipient": {"contact_id": "ana", "address": "ana@example.com", "jurisdiction": "GB"},
    });
    with(offset, value.to_string().as_bytes())
}

fn with(offset: i64, value: &[u8]) -> Double {
    Double { value: Some(value.to_vec()), ..message(0, offset) }
}

fn batch<const N: usize>(messages: [Double; N]) -> Batch<Double> {
    let mut batch = Batch::default();
    messages.into_iter().for_each(|message| batch.push(message));
    batch
}

#[test]
fn what_cannot_be_read_is_blocked_and_the_rest_is_judged() {
    let desk = Desk::new();
    let batch = batch([with(0, b"{"), service(1), Double { value: None, ..message(0, 2) }]);
    let reasons = desk.reasons(&batch);
    assert!(
        reasons[0].starts_with("blocked.") && reasons[2].starts_with("blocked."),
        "{reasons:?}"
    );
    assert!(reasons[1].starts_with("approved."), "{reasons:?}");
}

#[test]
fn a_value_that_is_too_large_is_not_read() {
    let desk = Desk::new();
    let mut large = service(0);
    let padding = vec![b' '; desk.settings.value_bytes_max];
    large.value.as_mut().unwrap().extend(padding);
    let reasons = desk.reasons(&batch([large]));
    assert!(reasons[0].starts_with("blocked."), "{reasons:?}");
}

#[test]
fn an_id_of_a_schema_in_a_header_is_noticed() {
    let desk = Desk::new();
    let judge = |headers| {
        let odd = Double { headers, ..with(0, b"\x02\x04") };
        let judge = Judge {
            messages: &desk.messages,
            pepper: &desk.pepper,
            store: &desk.store,
            policies: &desk.policies,
            metrics: &desk.metrics,
            settings: &desk.settings,
        };
        let class = judge.decode(&[odd]).unwrap().remove(0).unwrap_err().class;
        class.as_str()
    };
    assert_eq!(judge(vec!["__value_schema_id"]), "schema_in_header");
    assert_ne!(judge(vec!["traceparent"]), "schema_in_header");
}

#[test]
fn a_refusal_that_was_folded_counts_for_the_next_batch() {
    let mut desk = Desk::new();
    let mut marketing = change("2", "opt_in", 3_600);
    marketing["purpose"] = json!("marketing");
    marketing["brand"] = json!("tents");
    marketing["basis"] = json!("express");
    marketing["evidence"] =
        json!({"method": "web_form", "notice_version": "2026-05", "locale": "en"});
    desk.says(0, &marketing);
    let value = json!({
        "message_id": "m", "channel": "email", "category": "marketing",
        "purpose": "marketing.newsletter", "controller": "shop", "brand": "tents",
        "content": {
            "promotional": true, "sender_identity": true, "postal_address": true, "unsubscribe": true,
            "one_click": true,
        },
        "recipient": {"contact_id": "ana", "address": "ana@example.com", "jurisdiction": "GB"},
    });
    let newsletter = batch([with(0, value.to_string().as_bytes())]);
    let reasons = desk.reasons(&newsletter);
    assert!(reasons[0].starts_with("approved."), "{reasons:?}");
    desk.says(1, &change("3", "opt_out", 0));
    assert_eq!(desk.reasons(&newsletter), ["blocked.opted_out"]);
}

#[test]
fn what_is_allowed_once_is_approved_once_in_a_batch_and_remembered() {
    let mut desk = Desk::new();
    desk.says(0, &change("1", "opt_out", 1));
    let verdicts = desk.judge(&batch([confirmation(0), confirmation(1)]));
    let outcomes: Vec<bool> = verdicts
        .judged
        .iter()
        .map(|judged| judged.decision.outcome() == gate_core::Outcome::Approved)
        .collect();
    assert_eq!(outcomes, [true, false]);
    assert!(!verdicts.rows.is_empty(), "what was approved goes into the changelog");
}

#[test]
fn what_was_approved_in_a_torn_transaction_counts_and_is_remembered() {
    let mut desk = Desk::new();
    desk.says(0, &change("1", "opt_out", 1));
    let mut batch = batch([confirmation(0), confirmation(1)]);
    let reason = Some(gate_core::Reason::ApprovedConfirmation);
    let out = Out { is_approval: true, is_logged: false, reason };
    batch.drop_emitted(&[((source(0), 0), out)].into());
    let verdicts = desk.judge(&batch);
    let [only] = verdicts.judged.as_slice() else { panic!("one is left") };
    assert!(only.decision.reason().code().starts_with("blocked."));
    assert!(!verdicts.rows.is_empty());
    let logged = logged(&verdicts);
    assert_eq!(logged.len(), 2);
    assert_eq!(logged[0]["reason"], "approved.optout_confirmation");
    assert_eq!(logged[0]["reconstructed"], true);
    assert_eq!(logged[0]["message_id"], "m0", "it was still in hand");
    assert_eq!(logged[1]["reason"], only.decision.reason().code());
}

#[test]
fn headers_of_each_message_name_its_own_source() {
    let desk = Desk::new();
    let verdicts = desk.judge(&batch([service(4), with(7, b"{")]));
    let header = |n: usize| -> Value {
        let range = verdicts.judged[n].header.as_ref().unwrap().json.clone();
        serde_json::from_slice(&verdicts.headers[range]).unwrap()
    };
    assert_eq!(header(0)["decision_id"], "outbound/0/4");
    assert_eq!(header(1)["decision_id"], "outbound/0/7");
    for (n, logged) in logged(&verdicts).iter().enumerate() {
        for (name, value) in header(n).as_object().unwrap() {
            assert_eq!(&logged[name], value, "log and header say the same");
        }
    }
}

#[test]
fn by_reference_nothing_but_the_log_says_all() {
    let mut desk = Desk::new();
    desk.settings.has_full_headers = false;
    let verdicts = desk.judge(&batch([service(4)]));
    assert!(verdicts.headers.is_empty() && verdicts.judged[0].header.is_none());
    let logged = logged(&verdicts);
    assert_eq!(logged[0]["decision_id"], "outbound/0/4");
    assert_eq!(logged[0]["instance"], "gate-1");
    let batch = DecisionBatch::decode(&verdicts.log[0].value).unwrap();
    let entry = batch.entries().next().unwrap();
    assert!(entry.is_of_contact(desk.pepper.contact(&ContactId::new("ana".into()).unwrap())));
    assert!(entry.address.is_some());
    assert!(!verdicts.log[0].value.windows(3).any(|it| it == b"ana"), "no id in clear");
}

#[test]
fn each_decision_is_logged_under_its_own_topic() {
    let mut desk = Desk::new();
    desk.says(0, &change("1", "opt_out", 60));
    // the same partition and offset of two topics, and one that nobody can read
    let other = Double { topic: 1, ..service(4) };
    let unreadable = Double { topic: 1, ..with(5, b"{") };
    let verdicts = desk.judge(&batch([service(4), other, unreadable]));
    let sources: Vec<Value> =
        logged(&verdicts).iter().map(|entry| entry["decision_id"].clone()).collect();
    assert_eq!(sources, ["outbound/0/4", "other/0/4", "other/0/5"]);
    let written = |nth: usize| {
        let header = verdicts.judged[nth].header.as_ref().unwrap();
        serde_json::from_slice::<Value>(&verdicts.headers[header.json.clone()]).unwrap()
    };
    assert_eq!(written(0)["decision_id"], "outbound/0/4");
    assert_eq!(written(1)["decision_id"], "other/0/4");
}
