//! Compares what became of a request with what its sample expects.

use super::file::Case;
use crate::outcome::{Accepted, Effect, Outcome};
use crate::source::{Provider, Source};
use crate::time;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the door did.
pub(super) struct Witnessed {
    pub(super) outcome: Outcome,
    /// URLs that were asked for.
    pub(super) requested: Vec<String>,
}

/// What earlier cases of the file have shown.
#[derive(Default)]
pub(super) struct Seen {
    /// Records by event id.
    records: BTreeMap<String, Value>,
    /// Our event ids by the recommended ones, and back.
    ours: BTreeMap<String, String>,
    theirs: BTreeMap<String, String>,
}

/// Every difference, in words.
pub(super) fn compare(
    case: &Case,
    source: &Source,
    witnessed: &Witnessed,
    seen: &mut Seen,
) -> Vec<String> {
    let mut found = Vec::new();
    let outcome = &witnessed.outcome;
    let status = outcome.answer.status;
    match case.whole.get("verdict").and_then(Value::as_str) {
        Some("accept") if !(200..300).contains(&status) => {
            found.push(format!("verdict: expected 2xx, got {status}{}", why(outcome)))
        }
        Some("reject") if !(400..500).contains(&status) => {
            found.push(format!("verdict: expected 4xx, got {status}"))
        }
        Some("reject") if !outcome.records.is_empty() => {
            found.push(format!("verdict: expected no record, got {}", outcome.records.len()));
        }
        _ => {}
    }
    if let Some(wanted) = case.whole.get("status").and_then(Value::as_u64)
        && wanted != u64::from(status)
    {
        found.push(format!("status: expected {wanted}, got {status}"));
    }
    records(case, source, outcome, seen, &mut found);
    event_ids(outcome, seen, &mut found);
    effects(case, witnessed, &mut found);
    found
}

/// Whether a redelivery has the same event ids.
pub(super) fn stable(first: &Outcome, again: &Outcome) -> Vec<String> {
    let ids = |outcome: &Outcome| {
        outcome.records.iter().map(|one| one.record.event_id.clone()).collect::<Vec<_>>()
    };
    let is_same = ids(first) == ids(again) || first.records.is_empty();
    if is_same {
        Vec::new()
    } else {
        vec!["event_id: expected the same after redelivery, got another".to_owned()]
    }
}

fn why(outcome: &Outcome) -> String {
    let refused =
        outcome.refused.map(|refusal| format!(" ({})", refusal.as_str())).unwrap_or_default();
    let problems: Vec<String> = outcome.problems.iter().map(ToString::to_string).collect();
    if problems.is_empty() { refused } else { format!("{refused} [{}]", problems.join("; ")) }
}

fn json(accepted: &Accepted) -> Value {
    serde_json::from_slice(&accepted.json).unwrap_or_default()
}

fn records(
    case: &Case,
    source: &Source,
    outcome: &Outcome,
    seen: &mut Seen,
    found: &mut Vec<String>,
) {
    let mut with_repeats: Vec<&Accepted> =
        outcome.records.iter().chain(&outcome.repeated).collect();
    with_repeats.sort_by_key(|accepted| accepted.index);
    for unwanted in list(case, "must_not") {
        let is_there =
            |accepted: &Accepted| differences(&unwanted, &json(accepted), None).is_empty();
        if outcome.records.iter().any(is_there) {
            found.push(format!("must_not: {} came", Value::Object(unwanted)));
        }
    }
    if case.whole.get("expected").is_none() {
        return;
    }
    let expected = list(case, "expected");
    // a repeat is written once; a sample may list it again, since the same event id changes nothing
    let produced = if with_repeats.len() == expected.len() {
        with_repeats
    } else {
        outcome.records.iter().collect()
    };
    if produced.len() != expected.len() {
        found.push(format!(
            "records: expected {}, got {}{}{}",
            expected.len(),
            produced.len(),
            produced
                .iter()
                .map(|one| format!(" {}", String::from_utf8_lossy(&one.json)))
                .collect::<String>(),
            why(outcome),
        ));
    }
    for (number, (wanted, got)) in expected.iter().zip(&produced).enumerate() {
        let ids = (source.provider != Provider::Changes).then_some(&mut *seen);
        for line in differences(wanted, &json(got), ids) {
            found.push(format!("record {}: {line}", number + 1));
        }
    }
}

fn list(case: &Case, name: &str) -> Vec<Map<String, Value>> {
    let all = case.whole.get(name).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_object).cloned().collect()
}

/// What `got` lacks of `wanted`. With `seen`, an event id is a recommendation: ours must stand for it, always the same.
fn differences(
    wanted: &Map<String, Value>,
    got: &Value,
    mut seen: Option<&mut Seen>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in wanted {
        let has = got.get(name);
        let is_same = match (name.as_str(), value, has) {
            ("absent", Value::Array(names), _) => {
                for name in names.iter().filter_map(Value::as_str) {
                    if let Some(there) = got.get(name) {
                        found.push(format!("`{name}`: expected nothing, got {there}"));
                    }
                }
                true
            }
            ("event_id", Value::String(theirs), Some(Value::String(ours))) => {
                match seen.as_deref_mut() {
                    Some(seen) => seen.pairs(theirs, ours),
                    None => theirs == ours,
                }
            }
            ("occurred_at" | "expires_at", Value::String(one), Some(Value::String(other))) => {
                time::rfc3339(one).is_some() && time::rfc3339(one) == time::rfc3339(other)
            }
            (_, Value::Object(inner), Some(there)) => differences(inner, there, None).is_empty(),
            (_, value, Some(there)) => value == there,
            (_, _, None) => false,
        };
        if !is_same {
            let got = has.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            found.push(format!("`{name}`: expected {value}, got {got}"));
        }
    }
    found
}

impl Seen {
    fn pairs(&mut self, theirs: &str, ours: &str) -> bool {
        let one = self.ours.entry(theirs.to_owned()).or_insert_with(|| ours.to_owned()) == ours;
        let other =
            self.theirs.entry(ours.to_owned()).or_insert_with(|| theirs.to_owned()) == theirs;
        one && other
    }
}

/// Unique for each event, and without an address.
fn event_ids(outcome: &Outcome, seen: &mut Seen, found: &mut Vec<String>) {
    for accepted in &outcome.records {
        let record = json(accepted);
        let text =
            |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, address) = (text("event_id"), text("address"));
        let before = seen.records.entry(id.clone()).or_insert_with(|| record.clone());
        if *before != record {
            found.push("event_id: expected one for each event, got the same for two".to_owned());
        }
        let is_in = !address.is_empty()
            && id.to_lowercase().contains(&address.trim_start_matches('+').to_lowercase());
        if is_in {
            found.push("event_id: expected no address in it, got one".to_owned());
        }
    }
}

fn effects(case: &Case, witnessed: &Witnessed, found: &mut Vec<String>) {
    let outcome = &witnessed.outcome;
    let n_confirmed = outcome
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::ConfirmSubscription { .. }))
        .count();
    let wanted = case.whole.get("side_effect").and_then(Value::as_str).map(str::to_lowercase);
    let is_none = wanted.as_ref().is_none_or(|text| text.starts_with("no") || text.is_empty());
    match (is_none, n_confirmed) {
        (true, 0) | (false, 1) => {}
        (true, n) => found.push(format!("side_effect: expected none, got {n} requests")),
        (false, n) => found.push(format!("side_effect: expected one request, got {n}")),
    }
    let forbidden = match case.whole.get("no_request_to") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => {
            all.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    for host in forbidden {
        if witnessed.requested.iter().any(|url| url.contains(&host)) {
            found.push(format!("no_request_to: {host} was asked"));
        }
    }
    let is_asked = |name: &str| case.whole.get(name).and_then(Value::as_bool) == Some(true);
    let has = |name: &str| outcome.answer.headers.iter().any(|(known, _)| *known == name);
    if is_asked("no_redirect") && ((300..400).contains(&outcome.answer.status) || has("location")) {
        found.push("no_redirect: expected none, got one".to_owned());
    }
    if is_asked("no_cookie") && has("set-cookie") {
        found.push("no_cookie: expected none, got one".to_owned());
    }
}
