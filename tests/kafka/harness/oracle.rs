//! The oracle: compares what went in with what came out, by offset, and shares no code with the gate.
//!
//! Promises it checks: every input offset has exactly one output in approved, blocked or deferred, with
//! the same bytes and the original headers in order; no record that a `read_committed` reader saw
//! disappears; per key the order is kept; the decision log says the same, once; no approval that an earlier acknowledged refusal forbids. It
//! does not judge the law: which reason is right is for the tests of `gate-core`.

use crate::harness::decision_log::Logged;
use crate::harness::ledger::{Judgement, Ledger};
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::Topics;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// What is compared.
pub(crate) struct Evidence<'a> {
    /// Every committed record of `outbound-message`.
    pub(crate) inputs: &'a [Record],
    /// What the reader that ran beside the test saw on the three output topics.
    pub(crate) during: &'a [Record],
    /// What stands in the three output topics at the end.
    pub(crate) after: &'a [Record],
    /// What stands in the decision log.
    pub(crate) log: &'a Logged,
}

/// What is wrong, one line per fault. All lists empty: nothing.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) n_inputs: usize,
    pub(crate) n_approved: usize,
    pub(crate) n_blocked: usize,
    pub(crate) n_deferred: usize,
    /// Inputs without an output.
    pub(crate) lost: Vec<String>,
    /// Inputs with more than one output.
    pub(crate) duplicated: Vec<String>,
    /// Outputs whose key, value or headers differ from the input, or whose gate headers are wrong.
    pub(crate) altered: Vec<String>,
    /// Outputs that belong to no input.
    pub(crate) invented: Vec<String>,
    /// Records that only one of the two readers saw.
    pub(crate) vanished: Vec<String>,
    /// Outputs of one key that overtook each other.
    pub(crate) disordered: Vec<String>,
    /// Outputs whose entry in the decision log is missing, wrong or there twice.
    pub(crate) misreported: Vec<String>,
    /// Approvals that must not be.
    pub(crate) wrong_approvals: Vec<String>,
    /// Blocks of what must be approved.
    pub(crate) wrong_blocks: Vec<String>,
}

const GATE_HEADERS: [&str; 5] =
    ["gate-outcome", "gate-reason", "gate-source", "gate-not-before", "gate-decision"];

/// Compares.
pub(crate) fn examine(
    topics: &Topics,
    evidence: &Evidence<'_>,
    judge: impl Fn(&Record) -> Judgement,
) -> Findings {
    let mut findings = Findings { n_inputs: evidence.inputs.len(), ..Findings::default() };
    let inputs: BTreeMap<String, &Record> =
        evidence.inputs.iter().map(|record| (record.place(), record)).collect();
    let mut answers: HashMap<&str, Vec<&Record>> = HashMap::new();
    for output in evidence.after {
        let source = output.header("gate-source").unwrap_or("");
        match inputs.get_key_value(source) {
            Some((place, input)) => {
                answers.entry(place).or_default().push(output);
                if let Some(fault) = altered(topics, input, output) {
                    findings.altered.push(format!("{} from {source}: {fault}", output.place()));
                }
            }
            None => findings.invented.push(format!("{} claims source `{source}`", output.place())),
        }
    }
    for (place, input) in &inputs {
        let outputs = answers.get(place.as_str()).map_or(&[][..], Vec::as_slice);
        findings.count(topics, place, outputs);
        let judgement = judge(input);
        for output in outputs {
            findings.weigh(topics, place, output, &judgement);
        }
        if outputs.is_empty() && judgement == Judgement::Unknown {
            findings.invented.push(format!("{place} was never sent by the test"));
        }
    }
    findings.misreported = misreported(evidence);
    findings.vanished = vanished(evidence);
    findings.disordered = disordered(evidence.after);
    findings
}

fn altered(topics: &Topics, input: &Record, output: &Record) -> Option<String> {
    let own = |record: &Record| -> Vec<(String, Option<Vec<u8>>)> {
        let all = record.headers.iter();
        all.filter(|(name, _)| !GATE_HEADERS.contains(&name.as_str())).cloned().collect()
    };
    if input.key != output.key {
        return Some("the key differs".to_owned());
    }
    if input.value != output.value {
        return Some("the value differs".to_owned());
    }
    if own(input) != own(output) {
        return Some("the sender's headers differ".to_owned());
    }
    let outcome = match output.topic.as_str() {
        topic if topic == topics.approved => "approved",
        topic if topic == topics.blocked => "blocked",
        _ => "deferred",
    };
    // header() is None when there is none or more than one: a spoofed header must be gone
    if output.header("gate-outcome") != Some(outcome) {
        return Some(format!("gate-outcome is not `{outcome}`, once"));
    }
    let reason = output.header("gate-reason").unwrap_or("");
    if !reason.strip_prefix(outcome).is_some_and(|code| code.len() > 1 && code.starts_with('.')) {
        return Some(format!("gate-reason `{reason}` does not fit `{outcome}`"));
    }
    if output.header("gate-not-before").is_some() != (outcome == "deferred") {
        return Some("gate-not-before belongs to deferrals".to_owned());
    }
    // by default there is none, and the decision log says it all
    if !output.headers.iter().any(|(name, _)| name == "gate-decision") {
        return None;
    }
    let decision = output.header("gate-decision").unwrap_or("");
    let Ok(decision_json) = serde_json::from_str::<serde_json::Value>(decision) else {
        return Some("gate-decision is not JSON, once".to_owned());
    };
    if decision_json["outcome"] != outcome || decision_json["reason"] != reason {
        return Some("gate-decision names another outcome or reason".to_owned());
    }
    address(input)
        .filter(|address| decision.contains(address.as_str()))
        .map(|_| "gate-decision holds the address".to_owned())
}

/// The address in a JSON message, to see that it is not in the decision.
fn address(input: &Record) -> Option<String> {
    let message: serde_json::Value = serde_json::from_slice(input.value.as_deref()?).ok()?;
    message["recipient"]["address"].as_str().map(str::to_owned)
}

fn misreported(evidence: &Evidence<'_>) -> Vec<String> {
    let log = evidence.log;
    let of =
        |output: &Record| log.fault(output).map(|fault| format!("{}: {fault}", output.place()));
    let twice = log.repeated.iter().map(|source| format!("{source} is in the decision log twice"));
    evidence.after.iter().filter_map(of).chain(log.strange.iter().cloned()).chain(twice).collect()
}

fn vanished(evidence: &Evidence<'_>) -> Vec<String> {
    let index = |records: &'_ [Record]| -> HashMap<String, Record> {
        records.iter().map(|record| (record.place(), record.clone())).collect()
    };
    let (during, after) = (index(evidence.during), index(evidence.after));
    let mut faults = Vec::new();
    for (place, record) in &during {
        match after.get(place) {
            Some(there) if there == record => {}
            Some(_) => faults.push(format!("{place} changed after it was seen")),
            None => faults.push(format!("{place} was seen and is gone")),
        }
    }
    let unseen = after.keys().filter(|place| !during.contains_key(*place));
    faults.extend(unseen.map(|place| format!("{place} was never seen during the test")));
    if during.len() != evidence.during.len() {
        faults.push("the reader saw an offset twice".to_owned());
    }
    faults
}

/// Records of one key come from one input partition in order, and go to one output partition in order.
fn disordered(after: &[Record]) -> Vec<String> {
    let mut last: HashMap<(&str, i32, &[u8], &str), i64> = HashMap::new();
    let mut sorted: Vec<&Record> = after.iter().collect();
    sorted.sort_by_key(|record| (&record.topic, record.partition, record.offset));
    let mut faults = Vec::new();
    for record in sorted {
        let Some((source, offset)) = record.header("gate-source").and_then(|s| s.rsplit_once('/'))
        else {
            continue;
        };
        let (Some(key), Ok(offset)) = (record.key.as_deref(), offset.parse::<i64>()) else {
            continue;
        };
        let known = last.insert((&record.topic, record.partition, key, source), offset);
        if known.is_some_and(|known| known > offset) {
            faults.push(format!("{} overtook a later message of its key", record.place()));
        }
    }
    faults
}

impl Findings {
    fn count(&mut self, topics: &Topics, place: &str, outputs: &[&Record]) {
        if outputs.is_empty() {
            self.lost.push(place.to_owned());
        }
        if outputs.len() > 1 {
            let places: Vec<_> = outputs.iter().map(|output| output.place()).collect();
            self.duplicated.push(format!("{place} came out at {}", places.join(", ")));
        }
        for output in outputs {
            match output.topic.as_str() {
                topic if topic == topics.approved => self.n_approved += 1,
                topic if topic == topics.blocked => self.n_blocked += 1,
                _ => self.n_deferred += 1,
            }
        }
    }

    fn weigh(&mut self, topics: &Topics, place: &str, output: &Record, judgement: &Judgement) {
        let approved = output.topic == topics.approved;
        let reason = output.header("gate-reason").unwrap_or("?");
        match judgement {
            Judgement::MustNotApprove(why) if approved => {
                self.wrong_approvals.push(format!("{place} is {reason}, but {why}"));
            }
            Judgement::MustApprove if !approved => {
                self.wrong_blocks.push(format!("{place} is {reason}, but it was permitted"));
            }
            Judgement::Unknown => self.invented.push(format!("{place} was never sent by the test")),
            Judgement::MustNotApprove(_) | Judgement::MustApprove | Judgement::Either => {}
        }
    }

    /// Every list with its name.
    pub(crate) fn faults(&self) -> [(&'static str, &Vec<String>); 9] {
        [
            ("lost", &self.lost),
            ("duplicated", &self.duplicated),
            ("altered", &self.altered),
            ("invented", &self.invented),
            ("vanished", &self.vanished),
            ("disordered", &self.disordered),
            ("misreported", &self.misreported),
            ("wrong_approvals", &self.wrong_approvals),
            ("wrong_blocks", &self.wrong_blocks),
        ]
    }

    /// Fails the test with a few lines of each kind of fault.
    pub(crate) fn assert_clean(&self) {
        let faulty = self.faults().into_iter().filter(|(_, faults)| !faults.is_empty());
        let mut report = String::new();
        for (name, faults) in faulty {
            report += &format!("\n{}: {name}", faults.len());
            for fault in faults.iter().take(5) {
                report += &format!("\n    {fault}");
            }
        }
        assert!(report.is_empty(), "of {} messages:{report}", self.n_inputs);
    }

    /// The counts, for the figures.
    pub(crate) fn figures(&self) -> serde_json::Value {
        let mut figures = serde_json::json!({
            "messages": self.n_inputs,
            "approved": self.n_approved,
            "blocked": self.n_blocked,
            "deferred": self.n_deferred,
        });
        for (name, faults) in self.faults() {
            figures[name] = faults.len().into();
        }
        figures
    }
}

/// Reads the logs to their ends and examines them. The gate must have answered everything it will answer.
pub(crate) fn examine_logs(
    bootstrap: &str,
    topics: &Topics,
    during: &During,
    ledger: &Ledger,
) -> Findings {
    let inputs = read_all(bootstrap, &topics.inputs());
    let after = read_all(bootstrap, &topics.outputs());
    // the reader beside the test may lag behind by a moment
    let began = std::time::Instant::now();
    while during.count() < after.len() && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let during = during.records();
    let log = Logged::read(&read_all(bootstrap, &[&topics.decision_log]));
    let evidence = Evidence { inputs: &inputs, during: &during, after: &after, log: &log };
    let mut findings = examine(topics, &evidence, |input| ledger.judge(input));
    if inputs.len() != ledger.n_messages() {
        let n = ledger.n_messages();
        findings
            .invented
            .push(format!("the test sent {n} messages, {} are in the log", inputs.len()));
    }
    findings
}
