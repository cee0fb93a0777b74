//! Lists of decisions, and the page of one.

use gate_core::{Channel, Reason as Code};
use gate_pages::{
    Choices, Count, DecisionPage, DecisionsPage, Evidence, Filters, Language, Ledger, LookUpReason,
    PeopleForm, Recomputed, Seen, Step, StepStatus, ToPerson,
};
use serde_json::Value;

use super::super::ask::decision::{DecisionAnswer, RecomputedAnswer, StepAnswer};
use super::super::ask::decisions::{DecisionsAnswer, sentence};
use super::super::ask::{self};
use super::super::fields::Fields;
use super::super::reply::Reply;
use super::super::roles::Right;
use super::people::evidence_kind;
use super::{Page, parts};
use crate::answers::{Problem, ProblemKind};

fn filters(query: &Fields) -> Filters {
    Filters {
        outcome: query.text("outcome"),
        reason: query.text("reason"),
        channel: query.text("channel"),
        brand: query.text("brand"),
        campaign: query.text("campaign"),
        jurisdiction: query.text("jurisdiction"),
        since: query.text("since"),
        until: query.text("until"),
        cursor: query.text("cursor"),
    }
}

fn choices(page: &Page<'_>) -> Choices {
    let set = page.desk.policies.current();
    Choices {
        reasons: Code::ALL.iter().map(|reason| reason.code().to_owned()).collect(),
        channels: Channel::ALL.iter().map(|channel| channel.as_str().to_owned()).collect(),
        brands: page.desk.config.metrics.brands.clone(),
        jurisdictions: set.packs().iter().map(|pack| pack.code.as_str().to_owned()).collect(),
    }
}

pub(super) async fn list(page: &Page<'_>) -> Result<Reply, Problem> {
    // a form sends its empty fields too; the filter leaves them out
    let found = ask::decisions::answer(page.desk, page.asked).await;
    show(page, found, DecisionsPage::default())
}

pub(super) async fn by_message(page: &Page<'_>) -> Result<Reply, Problem> {
    let found = ask::decisions::by_message(page.desk, page.asked).await;
    if let Ok(found) = &found
        && let [only] = found.decisions.as_slice()
        && found.next.is_none()
    {
        let (topic, partition, offset) = &only.place;
        return Ok(Reply::Elsewhere(
            format!("/decisions/{topic}/{partition}/{offset}"),
            Vec::new(),
        ));
    }
    let message = page.asked.query.text("id");
    show(page, found, DecisionsPage { message, ..DecisionsPage::default() })
}

fn show(
    page: &Page<'_>,
    found: Result<DecisionsAnswer, Problem>,
    blank: DecisionsPage,
) -> Result<Reply, Problem> {
    let blank =
        DecisionsPage { filters: filters(&page.asked.query), choices: choices(page), ..blank };
    let view = match found {
        Ok(found) => DecisionsPage {
            rows: parts::rows(&found.decisions),
            count: match (&found.next, blank.filters.cursor.is_empty()) {
                (None, true) => Count::Exactly(found.decisions.len() as u64),
                (Some(_), _) | (None, false) => Count::Unknown,
            },
            older: found.next,
            ..blank
        },
        Err(problem) if problem.kind == ProblemKind::Malformed => {
            let Some(error) = parts::field_error(&problem) else { return Err(problem) };
            let view = DecisionsPage { errors: vec![error], ..blank };
            let html = view.render(&page.frame, page.language);
            return page.reply(axum::http::StatusCode::BAD_REQUEST, html);
        }
        Err(problem) => return Err(problem),
    };
    page.ok(view.render(&page.frame, page.language))
}

pub(super) async fn one(page: &Page<'_>) -> Result<Reply, Problem> {
    let answer = ask::decision::answer(page.desk, page.asked).await?;
    page.ok(view(page, &answer, ToPerson::default()).render(&page.frame, page.language))
}

/// On to the person, once somebody has said why.
pub(super) async fn to_person(page: &Page<'_>) -> Result<Reply, Problem> {
    let reason = page.asked.body.get("reason").and_then(LookUpReason::from_code);
    let ticket = page.asked.body.text("ticket");
    let problem = match ask::to_person::answer(page.desk, page.asked).await {
        Ok(found) => {
            let form = PeopleForm { reason, ticket, ..PeopleForm::default() };
            return super::people::found(page, form, found).await;
        }
        Err(problem) => problem,
    };
    let Some(error) =
        parts::field_error(&problem).filter(|_| problem.kind == ProblemKind::Malformed)
    else {
        return Err(problem);
    };
    let answer = ask::decision::answer(page.desk, page.asked).await?;
    let view = view(page, &answer, ToPerson { reason, ticket, errors: vec![error] });
    page.reply(axum::http::StatusCode::BAD_REQUEST, view.render(&page.frame, page.language))
}

fn view(page: &Page<'_>, answer: &DecisionAnswer, to_person: ToPerson) -> DecisionPage {
    let text = |name: &str| {
        answer.decision.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let positions = answer.decision.get("consent_position");
    let row = parts::row(&answer.row);
    let is_deferred = row.reason.outcome == gate_pages::Outcome::Deferred;
    let later = answer.same_message.iter().filter(|it| it.evaluated_at > answer.row.evaluated_at);
    DecisionPage {
        message_id: answer.row.message_id.clone().unwrap_or_default(),
        person: (answer.names_person && page.asked.account.may(Right::People)).then_some(to_person),
        // it is said in English; in another language the reason's own sentence stands there
        verdict: match page.language {
            Language::English => answer.verdict.clone(),
            Language::German => String::new(),
        },
        remedy: answer.remedy.to_owned(),
        recomputed: recomputed(&answer.recomputed, answer),
        steps: answer.steps.iter().map(|it| step(it, answer)).collect(),
        evidence: evidence(answer),
        seen: Seen {
            gate: text("instance"),
            version: text("gate_version"),
            positions: positions.map(Value::to_string).unwrap_or_default(),
            revision: text("policy_revision"),
            packs: texts(&answer.decision, "packs"),
            zones: text("tz_version"),
            warnings: texts(&answer.decision, "warnings"),
            ..Seen::default()
        },
        json: serde_json::to_string_pretty(&answer.decision).unwrap_or_default(),
        neighbours: parts::rows(&answer.neighbours),
        batch: Some(answer.batch as u64),
        campaign: answer.campaign.as_ref().map(|it| (it.approved, it.decisions)),
        later: if is_deferred { later.map(parts::row).collect() } else { Vec::new() },
        ledger: Ledger::Unknown,
        looked_up: String::new(),
        row,
    }
}

fn texts(decision: &Value, name: &str) -> Vec<String> {
    let items = decision.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

fn recomputed(recomputed: &RecomputedAnswer, answer: &DecisionAnswer) -> Recomputed {
    let sentence = recomputed.remarks.join(" ");
    match recomputed.result {
        "same" => Recomputed::Same,
        "different" => Recomputed::Different {
            reason: parts::reason(&answer.row.outcome, &answer.row.reason),
            step: None,
            sentence,
        },
        _ => Recomputed::Impossible { sentence },
    }
}

fn step(step: &StepAnswer, answer: &DecisionAnswer) -> Step {
    // the rule that a step quotes stands in its note: `GB/electronic-mail: …`
    let rule = answer.rules.iter().find(|rule| {
        step.notes.iter().any(|note| note.to_lowercase().contains(&rule.rule.to_lowercase()))
    });
    Step {
        number: u32::from(step.number),
        name: sentence(step.name).trim_end_matches('.').to_owned(),
        status: match step.status {
            "failed" => StepStatus::Failed,
            "deferred" => StepStatus::Deferred,
            "passed" => StepStatus::Passed,
            _ => StepStatus::NotAsked,
        },
        decides: step.decides,
        sentence: step.notes.join(" "),
        code: step.codes.join(", "),
        rule: rule.map(|rule| rule.rule.clone()).unwrap_or_default(),
        law: rule.and_then(|rule| rule.origins.first().cloned()).unwrap_or_default(),
        source: String::new(),
    }
}

fn evidence(answer: &DecisionAnswer) -> Vec<Evidence> {
    let of = |event: &ask::events::EventAnswer| {
        let (partition, offset) = event.place;
        let topic = event.source.rsplitn(3, '/').nth(2).unwrap_or_default();
        Evidence {
            kind: evidence_kind(event.effect),
            title: event.words.clone(),
            at: event.occurred_at.clone().unwrap_or_else(|| event.received_at.clone()),
            covers: super::people::covers(event).join(", "),
            proof: super::people::proof_line(event),
            place: Some(parts::place(topic, partition, offset)),
            event_id: event.event_id.clone().unwrap_or_default(),
            ended: false,
        }
    };
    answer.evidence.iter().map(of).collect()
}
