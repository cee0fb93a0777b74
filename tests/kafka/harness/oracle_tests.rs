//! The oracle can fail: each kind of fault, fabricated, must be found, and nothing else with it.

use crate::harness::decision_log::Logged;
use crate::harness::ledger::Judgement;
use crate::harness::oracle::{Evidence, Findings, examine};
use crate::harness::readers::Record;
use crate::harness::topics::Topics;
use serde_json::{Value, json};

struct Case {
    topics: Topics,
    inputs: Vec<Record>,
    during: Vec<Record>,
    after: Vec<Record>,
    /// Unless it says what the outputs say.
    log: Option<Logged>,
}

fn text(name: &str, value: &str) -> (String, Option<Vec<u8>>) {
    (name.to_owned(), Some(value.as_bytes().to_vec()))
}

impl Case {
    /// Two messages of one person: the first approved, the second blocked.
    fn right() -> Self {
        let topics = Topics::with_suffix("fabricated");
        let input = |offset| Record {
            topic: topics.outbound.clone(),
            partition: 1,
            offset,
            key: Some(b"ana".to_vec()),
            value: Some(br#"{"recipient":{"address":"ana@mail.example.org"}}"#.to_vec()),
            headers: vec![
                text("a", "1"),
                text("a", "2"),
                ("b".to_owned(), None),
                text("gate-reason", "spoofed"),
            ],
        };
        let inputs = vec![input(7), input(9)];
        let after = vec![
            answer(&inputs[0], &topics.approved, 3, "approved", "express_consent"),
            answer(&inputs[1], &topics.blocked, 4, "blocked", "opted_out"),
        ];
        Self { topics, inputs, during: after.clone(), after, log: None }
    }

    fn examine(&self) -> Findings {
        let log = self.log.clone().unwrap_or_else(|| log_of(&self.after));
        let evidence =
            Evidence { inputs: &self.inputs, during: &self.during, after: &self.after, log: &log };
        examine(&self.topics, &evidence, |input| match input.offset {
            7 => Judgement::MustApprove,
            _ => Judgement::MustNotApprove("fabricated refusal"),
        })
    }

    /// Changes both what was seen and what stands there.
    fn outputs(mut self, change: impl Fn(&mut Vec<Record>)) -> Self {
        change(&mut self.during);
        change(&mut self.after);
        self
    }

    #[track_caller]
    fn finds(&self, wanted: &[&str]) {
        let findings = self.examine();
        let faults = findings.faults();
        // a log made of the outputs says of a broken one what it says
        let is_asked = |name: &str| self.log.is_some() || name != "misreported";
        let found: Vec<_> = faults
            .iter()
            .filter(|(name, faults)| !faults.is_empty() && is_asked(name))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(found, wanted, "{findings:#?}");
    }
}

/// A log that says what the headers say.
fn log_of(outputs: &[Record]) -> Logged {
    let mut log = Logged::default();
    for output in outputs {
        let header = |name| output.header(name).unwrap_or_default();
        let mut entry: Value = serde_json::from_str(header("gate-decision")).unwrap_or_default();
        if entry.is_object() {
            entry["outcome"] = header("gate-outcome").into();
            entry["reason"] = header("gate-reason").into();
        } else {
            entry = json!({"outcome": header("gate-outcome"), "reason": header("gate-reason")});
        }
        entry["reconstructed"] = false.into();
        log.entries.insert(header("gate-source").to_owned(), entry);
    }
    log
}

fn answer(input: &Record, topic: &str, offset: i64, outcome: &str, code: &str) -> Record {
    let mut headers: Vec<_> =
        input.headers.iter().filter(|(name, _)| !name.starts_with("gate-")).cloned().collect();
    let reason = format!("{outcome}.{code}");
    headers.push(text("gate-outcome", outcome));
    headers.push(text("gate-reason", &reason));
    headers.push(text("gate-source", &input.place()));
    headers
        .push(text("gate-decision", &format!(r#"{{"outcome":"{outcome}","reason":"{reason}"}}"#)));
    Record { topic: topic.to_owned(), partition: 2, offset, headers, ..input.clone() }
}

fn replace(record: &mut Record, name: &str, value: &str) {
    for header in record.headers.iter_mut().filter(|(key, _)| key == name) {
        header.1 = Some(value.as_bytes().to_vec());
    }
}

#[test]
fn nothing_wrong_is_nothing_found() {
    let case = Case::right();
    case.finds(&[]);
    let findings = case.examine();
    findings.assert_clean();
    assert_eq!((findings.n_inputs, findings.n_approved, findings.n_blocked), (2, 1, 1));
}

#[test]
fn a_lost_message_is_found() {
    Case::right().outputs(|all| drop(all.remove(1))).finds(&["lost"]);
}

#[test]
fn a_duplicate_is_found_on_the_same_topic_and_on_another() {
    let again = |all: &mut Vec<Record>| all.push(Record { offset: 5, ..all[1].clone() });
    Case::right().outputs(again).finds(&["duplicated"]);
    let elsewhere = |all: &mut Vec<Record>| {
        let copy =
            Record { topic: "deferred-message.fabricated".to_owned(), offset: 1, ..all[1].clone() };
        all.push(copy);
    };
    Case::right().outputs(elsewhere).finds(&["duplicated", "altered"]);
}

#[test]
fn changed_bytes_are_found() {
    Case::right().outputs(|all| all[1].value = Some(b"{}".to_vec())).finds(&["altered"]);
    Case::right().outputs(|all| all[1].value = None).finds(&["altered"]);
    Case::right().outputs(|all| all[1].key = Some(b"Ana".to_vec())).finds(&["altered"]);
    Case::right().outputs(|all| all[1].key = None).finds(&["altered"]);
}

#[test]
fn changed_headers_are_found() {
    Case::right().outputs(|all| all[1].headers.swap(0, 1)).finds(&["altered"]);
    Case::right().outputs(|all| drop(all[1].headers.remove(2))).finds(&["altered"]);
    Case::right().outputs(|all| all[1].headers[2].1 = Some(Vec::new())).finds(&["altered"]);
    let spoofed =
        |all: &mut Vec<Record>| all[1].headers.push(text("gate-reason", "blocked.opted_out"));
    Case::right().outputs(spoofed).finds(&["altered"]);
    let other_outcome = |all: &mut Vec<Record>| replace(&mut all[1], "gate-outcome", "approved");
    Case::right().outputs(other_outcome).finds(&["altered"]);
    let other_reason =
        |all: &mut Vec<Record>| replace(&mut all[1], "gate-reason", "blocked.no_consent");
    Case::right().outputs(other_reason).finds(&["altered"]);
    let not_json = |all: &mut Vec<Record>| replace(&mut all[1], "gate-decision", "{");
    Case::right().outputs(not_json).finds(&["altered"]);
    let not_before = |all: &mut Vec<Record>| {
        all[1].headers.push(text("gate-not-before", "2026-01-01T00:00:00Z"))
    };
    Case::right().outputs(not_before).finds(&["altered"]);
}

#[test]
fn an_address_in_the_decision_is_found() {
    let leak = r#"{"outcome":"blocked","reason":"blocked.opted_out","to":"ana@mail.example.org"}"#;
    Case::right().outputs(|all| replace(&mut all[1], "gate-decision", leak)).finds(&["altered"]);
}

#[test]
fn an_output_of_no_input_is_found() {
    let stranger = |all: &mut Vec<Record>| {
        let mut copy = Record { offset: 8, ..all[1].clone() };
        replace(&mut copy, "gate-source", "outbound-message.fabricated/1/99");
        all.push(copy);
    };
    Case::right().outputs(stranger).finds(&["invented"]);
    let sourceless =
        |all: &mut Vec<Record>| all[1].headers.retain(|(name, _)| name != "gate-source");
    Case::right().outputs(sourceless).finds(&["lost", "invented"]);
}

#[test]
fn a_record_that_vanished_or_changed_is_found() {
    let mut case = Case::right();
    case.during.push(Record { offset: 99, ..case.after[0].clone() });
    case.finds(&["vanished"]);
    let mut case = Case::right();
    case.during[0].value = Some(b"other".to_vec());
    case.finds(&["vanished"]);
    let mut case = Case::right();
    case.during.remove(0);
    case.finds(&["vanished"]);
    let mut case = Case::right();
    case.during.push(case.during[0].clone());
    case.finds(&["vanished"]);
}

#[test]
fn overtaking_within_a_key_is_found() {
    let mut case = Case::right();
    case.after[0].topic.clone_from(&case.topics.blocked);
    case.after = vec![
        answer(&case.inputs[0], &case.topics.blocked, 4, "blocked", "no_consent"),
        answer(&case.inputs[1], &case.topics.blocked, 3, "blocked", "no_consent"),
    ];
    case.during.clone_from(&case.after);
    case.finds(&["disordered", "wrong_blocks"]);
}

#[test]
fn a_wrong_approval_and_a_wrong_block_are_found() {
    let case = Case::right();
    let wrong = vec![
        answer(&case.inputs[0], &case.topics.blocked, 3, "blocked", "no_consent"),
        answer(&case.inputs[1], &case.topics.approved, 4, "approved", "express_consent"),
    ];
    let case = Case { during: wrong.clone(), after: wrong, ..case };
    case.finds(&["wrong_approvals", "wrong_blocks"]);
    let report = std::panic::catch_unwind(|| case.examine().assert_clean());
    assert!(report.is_err(), "faults fail the test");
}

#[test]
fn what_the_decision_log_lacks_or_says_otherwise_is_found() {
    let with_log = |change: fn(&mut Logged)| {
        let mut case = Case::right();
        let mut log = log_of(&case.after);
        change(&mut log);
        case.log = Some(log);
        case
    };
    with_log(|_| ()).finds(&[]);
    let misreported: [fn(&mut Logged); 5] = [
        |log| drop(log.entries.pop_first()),
        |log| log.entries.first_entry().unwrap().get_mut()["outcome"] = "blocked".into(),
        |log| log.entries.first_entry().unwrap().get_mut()["reason"] = "approved.other".into(),
        |log| log.repeated.push("outbound/0/1".to_owned()),
        |log| log.strange.push("no record".to_owned()),
    ];
    for change in misreported {
        with_log(change).finds(&["misreported"]);
    }
}
