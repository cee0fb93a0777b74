//! One decision with all that it rests on: decided again, step by step, with rules and their sources, and what the person
//! had said by then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gate_core::{Outcome, PolicySet, Reason, Step, Timestamp};
use gate_index::{Bucket, DecisionRow, Dimension, Filter, Label, Person, Window};
use gate_log::{DecisionBatch, SourceRef};
use gate_policy::words::origin;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::asked::Asked;
use super::super::places::Indexed;
use super::super::roles::Right;
use super::blocking;
use super::decisions::{RowAnswer, meaning, sentence, storage};
use super::events::{Changes, EventAnswer};
use crate::answers::Problem;
use crate::decisions::place::MessagePlace;
use crate::exit::{ExitCode, Failure};
use crate::explanation::recompute::{Again, Answer, Logged, Recomputer};

/// Decisions about the same person or message that are shown beside it.
const NEIGHBOURS: usize = 7;
/// How far before and after a decision its campaign is counted.
const CAMPAIGN_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// Changes that are looked through for what proves it.
const EVENTS_LOOKED_AT: usize = 50;

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct DecisionAnswer {
    #[serde(flatten)]
    pub(in crate::desk) row: RowAnswer,
    /// Its record in the decision log.
    pub(in crate::desk) logged: String,
    /// What happened, in a sentence.
    pub(in crate::desk) verdict: String,
    /// What to do about it.
    pub(in crate::desk) remedy: &'static str,
    /// Whether somebody should mend something.
    pub(in crate::desk) is_fix_me: bool,
    pub(in crate::desk) recomputed: RecomputedAnswer,
    pub(in crate::desk) steps: Vec<StepAnswer>,
    pub(in crate::desk) rules: Vec<RuleAnswer>,
    /// What permits it or stands against it, the proof first.
    pub(in crate::desk) evidence: Vec<EventAnswer>,
    /// How many were decided in the same batch and partition.
    pub(in crate::desk) batch: usize,
    /// Whether it is about somebody: whoever may see people goes on to them by `POST …/person`.
    pub(in crate::desk) names_person: bool,
    /// How its campaign does, in the day before and after; absent without a campaign, or when that is too much to count.
    pub(in crate::desk) campaign: Option<CampaignAnswer>,
    /// The same person's newest decisions, for whoever may see people.
    pub(in crate::desk) neighbours: Vec<RowAnswer>,
    /// What was decided about the same message id, oldest first.
    pub(in crate::desk) same_message: Vec<RowAnswer>,
    /// All that the log says of it.
    #[schema(value_type = Object)]
    pub(in crate::desk) decision: Value,
}

/// Decisions of a campaign.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct CampaignAnswer {
    pub(in crate::desk) approved: u64,
    pub(in crate::desk) decisions: u64,
}

/// Decided again.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct RecomputedAnswer {
    /// `same`, `different` or `not_possible`.
    pub(in crate::desk) result: &'static str,
    /// What differs, or why it is not possible, or what else was at hand.
    pub(in crate::desk) remarks: Vec<String>,
}

/// A step of the decision.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct StepAnswer {
    pub(in crate::desk) number: u8,
    pub(in crate::desk) name: &'static str,
    /// `passed`, `not_asked`, `failed` or `deferred`.
    pub(in crate::desk) status: &'static str,
    /// Whether it gave the reason.
    pub(in crate::desk) decides: bool,
    /// Codes that it found against the message.
    pub(in crate::desk) codes: Vec<String>,
    /// What it looked at.
    pub(in crate::desk) notes: Vec<String>,
}

/// A rule that was asked.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct RuleAnswer {
    /// `GB/electronic-mail`.
    pub(in crate::desk) rule: String,
    /// Its law and how far that was looked up, then each source; empty when the packs at hand do not know it.
    pub(in crate::desk) origins: Vec<String>,
}

/// # Errors
/// There is no such decision in the index, or something cannot be read now.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<DecisionAnswer, Problem> {
    let topic = asked.part("topic").to_owned();
    let (partition, record_offset) = (asked.number("partition")?, asked.number("offset")?);
    let sees_people = asked.account.may(Right::People);
    blocking(desk, move |desk| {
        explain(desk, &SourceRef { topic: &topic, partition, record_offset }, sees_people)
    })
    .await
}

/// What the log says of a decision.
struct Entry {
    decision: Value,
    positions: BTreeMap<i32, i64>,
    n_in_batch: usize,
}

fn explain(
    desk: &Desk,
    source: &SourceRef<'_>,
    sees_people: bool,
) -> Result<DecisionAnswer, Failure> {
    let row = desk.index.at(source).map_err(storage)?.ok_or_else(|| {
        let reason = "there is no decision about that message in the index; older ones are found with `consent-gate explain`";
        Failure::new(ExitCode::No, reason)
    })?;
    let entry = logged(desk, &row)?;
    let place = MessagePlace::of(source);
    let logged = Logged {
        decision: &entry.decision,
        source: &place,
        logged_at: row.place.offset,
        positions: &entry.positions,
    };
    let set = desk.policies.current();
    let consent = Indexed { config: &desk.config, index: &desk.index, readers: &desk.places };
    let again = Recomputer::new(&desk.config)?.recompute(&set, &[logged], &consent)?;
    let again = again.into_iter().next();
    let person = Person { contact: row.contact, address: row.address };
    let evidence = evidence(desk, &row, &entry, person, sees_people)?;
    let reason = Reason::parse(row.reason());
    let neighbours = if sees_people {
        desk.index.of_person(&person, None, NEIGHBOURS).map_err(storage)?.items
    } else {
        Vec::new()
    };
    Ok(DecisionAnswer {
        logged: format!(
            "{}/{}/{}",
            desk.config.topics.outputs.decision_log, row.place.partition, row.place.offset
        ),
        verdict: verdict(&row, &evidence),
        remedy: reason.map_or("", Reason::remedy),
        is_fix_me: reason.is_some_and(|reason| !reason.is_healthy()),
        steps: again.as_ref().map(|again| steps(&row, again)).unwrap_or_default(),
        recomputed: recomputed(again.as_ref()),
        rules: rules(&entry.decision, &set),
        evidence,
        batch: entry.n_in_batch,
        names_person: row.contact.is_some() || row.address.is_some(),
        campaign: campaign(desk, &row)?,
        neighbours: neighbours.iter().map(RowAnswer::of).collect(),
        same_message: same_message(desk, &row)?,
        decision: entry.decision,
        row: RowAnswer::of(&row),
    })
}

/// How the decision's campaign does around it.
fn campaign(desk: &Desk, row: &DecisionRow) -> Result<Option<CampaignAnswer>, Failure> {
    let Some(name) = &row.context.campaign else { return Ok(None) };
    let at = row.evaluated_at.as_micros();
    let around = |by: i64| Some(Timestamp::from_micros(at.saturating_add(by)));
    let window = Window {
        since: around(-CAMPAIGN_MICROS),
        until: around(CAMPAIGN_MICROS),
        utc_offset_seconds: 0,
    };
    let filter = Filter { campaign: Some(name.to_string()), ..Filter::default() };
    let by = [Dimension::Outcome];
    let counts = desk.index.counts(&window, &filter, &by, Bucket::Whole).map_err(storage)?;
    let is_approved = |row: &&gate_index::Count| {
        row.labels.first().is_some_and(|it| matches!(it, Label::Named(it) if &**it == "approved"))
    };
    let approved = counts.rows.iter().filter(is_approved).map(|row| row.n).sum();
    let is_known = !counts.is_cut_off && counts.n_decisions > 0;
    Ok(is_known.then_some(CampaignAnswer { approved, decisions: counts.n_decisions }))
}

fn same_message(desk: &Desk, row: &DecisionRow) -> Result<Vec<RowAnswer>, Failure> {
    let Some(id) = &row.message_id else { return Ok(Vec::new()) };
    let mut rows = desk.index.of_message(id, None, NEIGHBOURS).map_err(storage)?.items;
    rows.reverse();
    Ok(rows.iter().filter(|other| other.source != row.source).map(RowAnswer::of).collect())
}

/// The record of the log, found by the index's word.
fn logged(desk: &Desk, row: &DecisionRow) -> Result<Entry, Failure> {
    let topic = &desk.config.topics.outputs.decision_log;
    let place = (row.place.partition, row.place.offset);
    let gone = |why: &str| {
        let reason = format!("the record `{topic}/{}/{}` {why}", place.0, place.1);
        Failure::new(ExitCode::No, reason)
    };
    let found = desk.places.read(topic, &BTreeSet::from([place]))?;
    let value = found.get(&place).and_then(|found| found.record.value.as_deref());
    let value = value.ok_or_else(|| gone("is not there any more"))?;
    let batch = DecisionBatch::decode(value).map_err(|error| gone(&error.to_string()))?;
    let is_it = |entry: &gate_log::Entry<'_>| {
        entry.offset == row.source.offset && entry.source().topic == &*row.source.topic
    };
    let entry = batch.entries().find(is_it).ok_or_else(|| gone("does not name the message"))?;
    let positions = batch.consent_position.iter().enumerate();
    let positions =
        positions.filter_map(|(partition, next)| Some((i32::try_from(partition).ok()?, *next)));
    Ok(Entry { decision: entry.to_json(), positions: positions.collect(), n_in_batch: batch.len() })
}

/// The event that proves an approval; otherwise the newest that refuses, or cannot be read.
fn evidence(
    desk: &Desk,
    row: &DecisionRow,
    entry: &Entry,
    person: Person,
    sees_people: bool,
) -> Result<Vec<EventAnswer>, Failure> {
    let was_known = |partition: i32, offset: i64| {
        entry.positions.get(&partition).is_some_and(|next| offset < *next)
    };
    let page =
        Changes::new(desk, sees_people)?.page(&person, None, EVENTS_LOOKED_AT, &was_known)?;
    let proof = entry.decision.get("evidence").and_then(Value::as_str);
    let is_proof = |event: &EventAnswer| {
        proof.is_some_and(|proof| event.event.as_ref().is_some_and(|it| it.starts_with(proof)))
    };
    let is_against = |event: &EventAnswer| {
        row.outcome() != "approved"
            && matches!(event.effect, "refuses" | "unreadable")
            && event.covers(row.channel())
    };
    let mut found: Vec<EventAnswer> = Vec::new();
    found.extend(page.events.iter().find(|event| is_proof(event)).cloned());
    found.extend(page.events.iter().find(|event| is_against(event) && !is_proof(event)).cloned());
    Ok(found)
}

/// What happened, with how long before the person had refused.
fn verdict(row: &DecisionRow, evidence: &[EventAnswer]) -> String {
    let refusal = evidence.iter().find(|event| event.effect == "refuses");
    let at =
        refusal.and_then(|event| event.occurred_at.as_deref()?.parse::<jiff::Timestamp>().ok());
    let before = at.and_then(|at| {
        let passed = row.evaluated_at.as_micros().checked_sub(at.as_microsecond())?;
        (passed >= 0).then(|| span(passed / 1_000_000))
    });
    match (row.reason(), before) {
        ("blocked.opted_out" | "blocked.sender_stop", Some(before)) => {
            format!("This person had opted out {before} before.")
        }
        ("blocked.objected", Some(before)) => {
            format!("This person had objected to direct marketing {before} before.")
        }
        ("blocked.complaint", Some(before)) => {
            format!("This person had reported spam {before} before.")
        }
        _ => meaning(row.reason()),
    }
}

/// Seconds as a person would say them.
fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    // below two of a unit the smaller one says more
    let (length, unit) =
        UNITS.into_iter().find(|(length, _)| seconds >= 2 * length).unwrap_or((1, "second"));
    let n = seconds / length;
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

fn recomputed(again: Option<&Again>) -> RecomputedAnswer {
    let of = |result, remarks| RecomputedAnswer { result, remarks };
    match again.map(|again| &again.answer) {
        Some(Answer::Same) => of("same", Vec::new()),
        Some(Answer::SameWith(remark)) => of("same", vec![remark.clone()]),
        Some(Answer::Differs(differences)) => of("different", differences.clone()),
        Some(Answer::Not(why)) => of("not_possible", vec![sentence(why)]),
        None => of("not_possible", Vec::new()),
    }
}

fn rules(decision: &Value, set: &PolicySet) -> Vec<RuleAnswer> {
    let labels = decision.get("rules").and_then(Value::as_array);
    let labels = labels.into_iter().flatten().filter_map(Value::as_str);
    let answer = |label: &str| {
        let rule = set.rules().iter().find(|rule| rule.label == label);
        let origins = rule.map(|rule| origin(set, rule)).unwrap_or_default();
        RuleAnswer { rule: label.to_owned(), origins }
    };
    labels.map(answer).collect()
}

const STEPS: [Step; 15] = [
    Step::WellFormed,
    Step::Available,
    Step::Destination,
    Step::DeadAddress,
    Step::Suppressed,
    Step::Class,
    Step::MarketingSuppressed,
    Step::Refusals,
    Step::Age,
    Step::Registry,
    Step::Basis,
    Step::Content,
    Step::Frequency,
    Step::QuietHours,
    Step::Outcome,
];

/// The step that finds a reason.
const fn found_by(reason: Reason) -> Step {
    match reason {
        Reason::InvalidMessage | Reason::UnsupportedChannel | Reason::MessageExpired => {
            Step::WellFormed
        }
        Reason::StateUnavailable | Reason::PolicyUnavailable => Step::Available,
        Reason::MissingContact | Reason::InvalidAddress => Step::Destination,
        Reason::Undeliverable | Reason::NumberReassigned => Step::DeadAddress,
        Reason::SuppressedGlobal | Reason::Erased => Step::Suppressed,
        Reason::ConfirmationWindow
        | Reason::ConfirmationDuplicate
        | Reason::ConsentRequestRepeated
        | Reason::Transactional
        | Reason::Emergency
        | Reason::LegalNotice
        | Reason::ApprovedConfirmation
        | Reason::ApprovedRequest => Step::Class,
        Reason::SuppressedAddress => Step::MarketingSuppressed,
        Reason::Complaint
        | Reason::Objected
        | Reason::OptedOut
        | Reason::SenderStop
        | Reason::ConsentUnreadable => Step::Refusals,
        Reason::Minor => Step::Age,
        Reason::DncRegistry | Reason::RegistryStale => Step::Registry,
        Reason::PendingConfirmation
        | Reason::EvidenceIncomplete
        | Reason::ConsentExpired
        | Reason::BasisNotAccepted
        | Reason::SoftOptInCondition
        | Reason::ScopeMismatch
        | Reason::NoConsent
        | Reason::ExpressConsent
        | Reason::CharitySoftOptIn
        | Reason::SoftOptIn
        | Reason::ImpliedConsent
        | Reason::LegitimateInterest
        | Reason::OptOutRegime => Step::Basis,
        Reason::ContentRequirement => Step::Content,
        Reason::FrequencyCap => Step::Frequency,
        Reason::QuietHoursBlocked | Reason::QuietHours => Step::QuietHours,
    }
}

/// All steps, by what the log says and what the trace of the second time says.
fn steps(row: &DecisionRow, again: &Again) -> Vec<StepAnswer> {
    if again.notes.0.is_empty() {
        return Vec::new();
    }
    let codes: Vec<&str> = if row.reasons().is_empty() {
        vec![row.reason()]
    } else {
        row.reasons().iter().map(|code| &**code).collect()
    };
    let of_step = |step: Step| {
        let known = codes.iter().filter_map(|code| Reason::parse(code));
        let found = known.filter(|reason| found_by(*reason) == step);
        let against: Vec<Reason> =
            found.filter(|reason| reason.outcome() != Outcome::Approved).collect();
        let notes = again.notes.0.iter().filter(|(it, _)| *it == step);
        // the outcome's is a code
        let notes: Vec<String> = notes
            .map(|(_, note)| if step == Step::Outcome { note.clone() } else { sentence(note) })
            .collect();
        let status = match against.first().map(|reason| reason.outcome()) {
            Some(Outcome::Blocked) => "failed",
            Some(Outcome::Deferred) => "deferred",
            Some(Outcome::Approved) | None if notes.is_empty() => "not_asked",
            Some(Outcome::Approved) | None => "passed",
        };
        StepAnswer {
            number: step as u8,
            name: step.as_str(),
            status,
            decides: against.iter().any(|reason| reason.code() == row.reason()),
            codes: against.iter().map(|reason| reason.code().to_owned()).collect(),
            notes,
        }
    };
    STEPS.into_iter().map(of_step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_by_a_step_in_the_order_of_both() {
        // class reasons stand among refusals in the order of codes, since step 6 ends the decision
        let blocked = Reason::ALL.iter().filter(|reason| reason.outcome() == Outcome::Blocked);
        let steps: Vec<Step> = blocked.map(|reason| found_by(*reason)).collect();
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(STEPS.is_sorted() && STEPS.iter().zip(1..).all(|(step, n)| *step as u8 == n));
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said = [0, 1, 64, 119, 120, 7_200, 100_000, 200_000].map(span);
        let expected = [
            "0 seconds",
            "1 second",
            "64 seconds",
            "119 seconds",
            "2 minutes",
            "2 hours",
            "27 hours",
            "2 days",
        ];
        assert_eq!(said, expected);
    }
}
