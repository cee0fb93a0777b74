//! An import that is undone leaves what was said before it and since, whatever came in which order.
//!
//! Decisions are compared, since state keeps every record: made with the packs that come with the program, by the engine of the
//! gate.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a test"
)]

use gate_codec::{Codec, Encoding, Format, Kind, encode_consent};
use gate_core::{CanonicalAddress, ContactId, EventKey, SubjectKey};
use gate_engine::{CaseRunner, Keys};
use gate_import::{Digest, Import, ImportId, Left, Plan, Rows, Undo};
use gate_policy::RawCase;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

const NOW: &str = "2026-11-24T12:00:00Z";

struct Plain;

fn bytes(kind: &str, text: &str) -> [u8; 16] {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, kind, text).hash(&mut hasher);
        hasher.finish().to_le_bytes()
    };
    let mut out = [0; 16];
    out[..8].copy_from_slice(&half(0));
    out[8..].copy_from_slice(&half(1));
    out
}

impl Keys for Plain {
    fn contact(&self, contact: &ContactId<'_>) -> SubjectKey {
        SubjectKey(bytes("contact", contact.expose()))
    }

    fn address(&self, address: &CanonicalAddress) -> SubjectKey {
        SubjectKey(bytes(address.kind().as_str(), address.expose()))
    }

    fn event(&self, event_id: &str) -> EventKey {
        EventKey(bytes("event", event_id)[..8].try_into().unwrap())
    }
}

static POLICIES: LazyLock<gate_core::PolicySet> = LazyLock::new(|| {
    let zones = gate_policy::TimeZones::bundled();
    gate_policy::compile(&gate_policy::bundled(), &zones, "test".into()).unwrap()
});

const PLAN: &str = "
controller: acme-ltd
brand: acme
contact_id: id
email: mail
statement:
  action: {column: action}
  channel: {column: channel}
  purpose: {column: purpose}
  occurred_at: {column: when}
  kind: {column: kind}
  scope: {column: scope}
  context: {product_group: tents, details_obtained_directly: 'true', refusal_offered_at_collection: 'true', refused: 'false'}
  evidence: {method: web_form, notice_version: v1, source: 'https://example.com', locale: en}
";

/// A thing that is said, as a row of a list.
#[derive(Clone, Debug)]
struct Said {
    action: &'static str,
    id: &'static str,
    mail: &'static str,
    channel: &'static str,
    purpose: &'static str,
    day: u32,
    scope: &'static str,
}

impl Said {
    fn row(&self) -> String {
        let Self { action, id, mail, channel, purpose, day, scope } = self;
        format!(
            "{id},{mail},{action},{channel},{purpose},2026-11-{day:02}T10:00:00Z,purchase,{scope}\n"
        )
    }

    /// The same, said elsewhere.
    fn change(&self, n: usize) -> Value {
        let plan = Plan::from_yaml(PLAN).unwrap();
        let mut record = imported(&plan, "x", std::slice::from_ref(self)).remove(0);
        record["event_id"] = json!(format!("elsewhere-{n}"));
        record["via"] = json!("web");
        record
    }
}

fn imported(plan: &Plan, id: &str, rows: &[Said]) -> Vec<Value> {
    let mut file = String::from("id,mail,action,channel,purpose,when,kind,scope\n");
    rows.iter().for_each(|said| file.push_str(&said.row()));
    let import = Import {
        id: ImportId::new(id).unwrap(),
        file: Digest([1; 32]),
        plan: plan.fingerprint(),
        begun_at_micros: 1_795_521_600_000_000,
    };
    let mut read = Rows::apply(file.as_bytes(), plan, &import).unwrap();
    let mut all = Vec::new();
    while let Some(row) = read.next().unwrap() {
        assert!(row.problems.is_empty(), "{:?}", row.problems);
        for change in &row.changes {
            let json = encode_consent(&change.record, Encoding::Json).unwrap();
            all.push(serde_json::from_slice(&json).unwrap());
        }
    }
    all
}

/// What undoes the import in a topic, and how many of its changes stay.
fn undone(topic: &[Value]) -> (Vec<Value>, usize) {
    let codec = Codec::new(Format::Json, Kind::ConsentChange, None).unwrap();
    let mut undo = Undo::new(ImportId::new("wrong").unwrap());
    let texts: Vec<Vec<u8>> = topic.iter().map(|it| it.to_string().into_bytes()).collect();
    let records: Vec<_> =
        texts.iter().map(|it| codec.decode_consent_record(Some(it)).unwrap()).collect();
    records.iter().for_each(|record| undo.look(record));
    let mut all = Vec::new();
    let mut n_left = 0;
    for record in &records {
        match undo.of(record) {
            Ok(Some(change)) => {
                let json = encode_consent(&change, Encoding::Json).unwrap();
                all.push(serde_json::from_slice(&json).unwrap());
            }
            Ok(None) => {}
            Err(_) => n_left += 1,
        }
    }
    let report = undo.report();
    assert_eq!(report.n_ended + report.n_lifted, all.len() as u64);
    assert_eq!(report.left.values().sum::<u64>(), n_left as u64);
    (all, n_left)
}

fn decisions(history: &[Value]) -> Vec<(String, String)> {
    let runner = CaseRunner::new(&POLICIES, Plain).unwrap();
    let mut all = Vec::new();
    for (id, mail) in [("1", "a@example.net"), ("2", "a@example.net"), ("2", "b@example.net")] {
        for (place, purpose) in
            [("DE", "marketing.news"), ("GB", "marketing.offers"), ("US", "marketing.news")]
        {
            let case = json!({
                "id": "c", "history": history, "now": NOW, "expected": "approved",
                "message": {
                    "message_id": "m", "channel": "email", "category": "marketing", "purpose": purpose,
                    "controller": "acme-ltd", "brand": "acme", "product_group": "tents",
                    "content": {"sender_identity": true, "postal_address": true, "unsubscribe": true, "one_click": true},
                    "recipient": {"contact_id": id, "address": mail, "jurisdiction": place, "jurisdiction_verified": true, "tz": "Etc/UTC"}
                }
            });
            let Value::Object(fields) = case else { unreachable!() };
            let case = RawCase { line: 1, fields };
            let verdict = runner.run(&case).unwrap().remove(0);
            let decision = verdict.decision;
            let outcome = decision.outcome().as_str().to_owned();
            // an ended consent blocks by another name than one that never was
            let reason = if outcome == "blocked" { "" } else { decision.reason().code() };
            all.push((outcome, reason.to_owned()));
        }
    }
    all
}

fn said(actions: &'static [&'static str]) -> impl Strategy<Value = Said> {
    let action = prop::sample::select(actions);
    let who = prop::sample::select(
        &[("1", "a@example.net"), ("2", "a@example.net"), ("2", "b@example.net")][..],
    );
    let purpose = prop::sample::select(&["marketing", "marketing.news", "marketing.offers"][..]);
    let scope = prop::sample::select(&["", "all", "marketing"][..]);
    (action, who, purpose, 1_u32..23, scope).prop_map(
        |(action, (id, mail), purpose, day, scope)| Said {
            action,
            id,
            mail,
            channel: "email",
            purpose,
            day,
            scope,
        },
    )
}

const ANYTHING: &[&str] = &[
    "opt_in",
    "opt_in_requested",
    "opt_in_confirmed",
    "opt_out",
    "object",
    "complaint",
    "relationship",
    "suppress",
];
const PERMITS: &[&str] = &["opt_in", "opt_in_requested", "opt_in_confirmed", "relationship"];
const BOTH: &[&str] = &["opt_in", "opt_in_confirmed", "opt_out", "object", "suppress"];

/// Day by day in the order that a topic has.
fn at(topic: Vec<Value>) -> Vec<Value> {
    topic
        .into_iter()
        .map(|mut it| {
            it["received_at"] = json!("2026-11-23T10:00:00Z");
            it
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What permits: as if it had never been imported, wherever in the topic the import and its end stand.
    #[test]
    fn permissions_leave_no_trace(
        before in prop::collection::vec(said(ANYTHING), 0..4),
        wrong in prop::collection::vec(said(PERMITS), 1..4),
        since in prop::collection::vec(said(ANYTHING), 0..4),
        is_reversed in any::<bool>(),
    ) {
        let plan = Plan::from_yaml(PLAN).unwrap();
        let own: Vec<Value> = before.iter().chain(&since).enumerate().map(|(n, it)| it.change(n)).collect();
        let (before, since) = own.split_at(before.len());
        let imported = imported(&plan, "wrong", &wrong);
        let topic = [before, &imported, since].concat();
        let (ends, n_left) = undone(&topic);
        prop_assert_eq!((ends.len(), n_left), (imported.len(), 0));
        let mut topic = [topic, ends].concat();
        if is_reversed {
            topic.reverse();
        }
        prop_assert_eq!(decisions(&at(topic)), decisions(&at(own)));
    }

    /// Whatever an import says, undoing it never permits what would not be permitted without the import; and what stays is told.
    #[test]
    fn nothing_is_permitted_that_was_not(
        before in prop::collection::vec(said(ANYTHING), 0..4),
        wrong in prop::collection::vec(said(BOTH), 1..4),
        since in prop::collection::vec(said(ANYTHING), 0..4),
    ) {
        let plan = Plan::from_yaml(PLAN).unwrap();
        let own: Vec<Value> = before.iter().chain(&since).enumerate().map(|(n, it)| it.change(n)).collect();
        let (before, since) = own.split_at(before.len());
        let imported = imported(&plan, "wrong", &wrong);
        let topic = [before, &imported, since].concat();
        let (ends, n_left) = undone(&topic);
        let with = decisions(&at([topic, ends].concat()));
        let without = decisions(&at(own));
        for (with, without) in with.iter().zip(&without) {
            if with.0 != "blocked" {
                prop_assert_eq!(with, without);
            }
        }
        if n_left == 0 {
            prop_assert_eq!(with, without);
        }
    }
}

fn one(action: &'static str, day: u32) -> Said {
    Said {
        action,
        id: "1",
        mail: "a@example.net",
        channel: "email",
        purpose: "marketing",
        day,
        scope: "",
    }
}

#[test]
fn the_packs_see_a_difference() {
    let plan = Plan::from_yaml(PLAN).unwrap();
    let nothing = decisions(&[]);
    for action in ["opt_in_confirmed", "relationship", "opt_out", "suppress"] {
        let imported = imported(&plan, "wrong", &[one(action, 3)]);
        assert_ne!(decisions(&at(imported)), nothing, "{action}");
    }
}

#[test]
fn suppressions_of_others_stay() {
    let plan = Plan::from_yaml(PLAN).unwrap();
    let wrong = imported(&plan, "wrong", &[one("suppress", 3)]);
    let (ends, n_left) = undone(&wrong);
    assert_eq!(
        (ends[0]["action"].as_str(), ends[0]["scope"].as_str(), n_left),
        (Some("unsuppress"), Some("all"), 0)
    );
    assert!(ends[0]["event_id"].as_str().unwrap().starts_with("import-undo:wrong:"));
    for other in [
        one("suppress", 2),
        Said { id: "9", ..one("suppress", 2) },
        Said { mail: "z@example.net", ..one("suppress", 2) },
    ] {
        let topic = [wrong.clone(), vec![other.change(1)]].concat();
        assert_eq!(undone(&topic), (Vec::new(), 1), "{other:?}");
    }
    let topic =
        [wrong, vec![Said { id: "9", mail: "z@example.net", ..one("suppress", 2) }.change(1)]]
            .concat();
    assert_eq!(undone(&topic).1, 0);
}

#[test]
fn refusals_stay_and_are_told() {
    let plan = Plan::from_yaml(PLAN).unwrap();
    for action in ["opt_out", "object", "complaint"] {
        let wrong = imported(&plan, "wrong", &[one(action, 3)]);
        assert_eq!(undone(&wrong), (Vec::new(), 1));
        let codec = Codec::new(Format::Json, Kind::ConsentChange, None).unwrap();
        let text = wrong[0].to_string().into_bytes();
        let record = codec.decode_consent_record(Some(&text)).unwrap();
        let mut undo = Undo::new(ImportId::new("wrong").unwrap());
        assert_eq!(undo.of(&record), Err(Left::Refusal));
        assert_eq!(undo.report().left, [(format!("{action}: refusal"), 1)].into());
        // another import's is none of its business
        let mut undo = Undo::new(ImportId::new("wron").unwrap());
        assert_eq!(undo.of(&record), Ok(None));
    }
}

#[test]
fn undone_twice_is_undone_once() {
    let plan = Plan::from_yaml(PLAN).unwrap();
    let wrong = imported(&plan, "wrong", &[one("opt_in", 3)]);
    let (ends, _) = undone(&wrong);
    let topic = [wrong, ends.clone()].concat();
    let (again, n_left) = undone(&topic);
    assert_eq!((again, n_left), (ends, 0));
}

/// Where the beginning of the topic is gone, somebody else's suppression may have stood in it, which a gate still knows.
#[test]
fn a_cut_topic_lifts_no_suppression() {
    let plan = Plan::from_yaml(PLAN).unwrap();
    let wrong = imported(&plan, "wrong", &[one("suppress", 3), one("opt_in", 3)]);
    assert_eq!(undone(&wrong).1, 0);
    let codec = Codec::new(Format::Json, Kind::ConsentChange, None).unwrap();
    let mut undo = Undo::new(ImportId::new("wrong").unwrap()).of_cut_topic();
    for record in &wrong {
        let text = record.to_string().into_bytes();
        let undone = undo.of(&codec.decode_consent_record(Some(&text)).unwrap());
        assert_eq!(undone.is_err(), record["action"] == "suppress", "{undone:?}");
    }
    let report = undo.report();
    assert_eq!((report.n_lifted, report.n_ended), (0, 1));
    assert_eq!(report.left, [("suppress: others_unknown".to_owned(), 1)].into());
}
