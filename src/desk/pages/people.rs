//! Looking people up, and the page of one.

use axum::http::StatusCode;
use gate_core::Channel;
use gate_pages::{
    Choice, Event, EventKind, Fact, Found, LookUp, LookUpReason, Outcome, PeopleForm, PeoplePage,
    PersonMatch, PersonPage, PersonState, StateCell, StateRow, Unreadable, WhoKind, WouldPass,
    WouldPassForm,
};
use serde_json::Value;
use std::collections::BTreeSet;

use super::super::access_log::Act;
use super::super::ask::draft::VerdictAnswer;
use super::super::ask::events::EventAnswer;
use super::super::ask::person::PersonAnswer;
use super::super::ask::search::FoundAnswer;
use super::super::ask::{self, search};
use super::super::reply::Reply;
use super::lanes::lanes;
use super::{Page, parts};
use crate::answers::{Problem, ProblemKind};

/// Categories that a message may name.
const CATEGORIES: [&str; 3] = ["marketing", "transactional", "emergency"];
/// Digits of a hash that stand for a name.
const HASH_SHOWN: usize = 12;

pub(super) async fn form(page: &Page<'_>) -> Result<Reply, Problem> {
    let view = with_look_ups(page, PeoplePage::default()).await;
    page.ok(view.render(&page.frame, page.language))
}

async fn with_look_ups(page: &Page<'_>, view: PeoplePage) -> PeoplePage {
    // without them the form works all the same
    let own = search::own(page.desk, &page.asked.account).await;
    let own = own.map(|answer| answer.look_ups).unwrap_or_default();
    let look_ups = own.iter().filter(|access| access.act == Act::LookUp).map(|access| LookUp {
        whom: access.whom(),
        at: access.at.clone(),
        reason: LookUpReason::from_code(&access.reason).unwrap_or(LookUpReason::Audit),
        ticket: access.ticket.clone(),
    });
    PeoplePage { look_ups: look_ups.collect(), ..view }
}

pub(super) async fn look_up(page: &Page<'_>) -> Result<Reply, Problem> {
    let body = &page.asked.body;
    let form = PeopleForm {
        kind: body.get("kind").and_then(WhoKind::from_code).unwrap_or_default(),
        who: body.text("who"),
        region: body.text("region"),
        reason: body.get("reason").and_then(LookUpReason::from_code),
        ticket: body.text("ticket"),
    };
    let answer = match search::answer(page.desk, page.asked).await {
        Ok(answer) => answer,
        Err(problem) if problem.kind == ProblemKind::Malformed => {
            let Some(error) = parts::field_error(&problem) else { return Err(problem) };
            let view = PeoplePage { form, errors: vec![error], ..PeoplePage::default() };
            let view = with_look_ups(page, view).await;
            return page.reply(StatusCode::BAD_REQUEST, view.render(&page.frame, page.language));
        }
        Err(problem) => return Err(problem),
    };
    found(page, form, answer).await
}

/// On to the one who was found, or all of them to choose from.
pub(super) async fn found(
    page: &Page<'_>,
    form: PeopleForm,
    found: FoundAnswer,
) -> Result<Reply, Problem> {
    if found.is_known
        && let [only] = found.people.as_slice()
    {
        return Ok(Reply::Elsewhere(format!("/people/{}", only.handle), Vec::new()));
    }
    let found = if found.is_known {
        let people = found.people.into_iter().map(|person| PersonMatch {
            contact: person
                .contact_id
                .clone()
                .unwrap_or_else(|| person.contact.as_deref().map(short).unwrap_or_default()),
            handle: person.handle,
            channels: Vec::new(),
            last_event: None,
            nothing_because: None,
        });
        Found::Several { people: people.collect() }
    } else {
        Found::Nobody
    };
    let view = PeoplePage { form, found: Some(found), ..PeoplePage::default() };
    let view = with_look_ups(page, view).await;
    page.ok(view.render(&page.frame, page.language))
}

fn short(hash: &str) -> String {
    hash.chars().take(HASH_SHOWN).collect()
}

pub(super) async fn person(page: &Page<'_>) -> Result<Reply, Problem> {
    let answer = ask::person::answer(page.desk, page.asked).await?;
    page.ok(view(page, &answer, WouldPassForm::default()).render(&page.frame, page.language))
}

pub(super) async fn would_pass(page: &Page<'_>) -> Result<Reply, Problem> {
    let body = &page.asked.body;
    let form = WouldPassForm {
        channel: body.text("channel"),
        purpose: body.text("purpose"),
        category: body.text("category"),
        brand: body.text("brand"),
        controller: body.text("controller"),
        jurisdiction: body.text("jurisdiction"),
    };
    let asked = ask::message::answer(page.desk, page.asked).await;
    let answer = ask::person::answer(page.desk, page.asked).await?;
    let mut view = view(page, &answer, form);
    let mut status = StatusCode::OK;
    match asked {
        Ok(verdict) => {
            if let Some(would_pass) = &mut view.would_pass {
                would_pass.answer = Some(cell(&verdict));
            }
        }
        Err(problem) => {
            let error = parts::field_error(&problem);
            let (Some(error), Some(would_pass)) = (error, &mut view.would_pass) else {
                return Err(problem);
            };
            would_pass.errors = vec![error];
            status = StatusCode::BAD_REQUEST;
        }
    }
    page.reply(status, view.render(&page.frame, page.language))
}

fn view(page: &Page<'_>, answer: &PersonAnswer, form: WouldPassForm) -> PersonPage {
    let key = answer.contact_key.as_deref().or(answer.address_key.as_deref());
    let name = answer.contact_id.clone().or_else(|| answer.addresses.first().cloned());
    let name = name.or_else(|| key.map(short)).unwrap_or_default();
    let (unreadable, events): (Vec<&EventAnswer>, Vec<&EventAnswer>) =
        answer.events.iter().partition(|event| event.effect == "unreadable");
    let brands: BTreeSet<&str> = answer.now.iter().filter_map(|it| it.brand.as_deref()).collect();
    let reason = LookUpReason::from_code(&answer.person.reason);
    PersonPage {
        handle: page.asked.part("handle").to_owned(),
        name,
        addresses: answer.addresses.clone(),
        region: answer.person.region.clone().unwrap_or_default(),
        known_since: answer.events.last().filter(|_| answer.events_next.is_none()).map(when),
        looked_up: [reason.map(LookUpReason::code).unwrap_or_default(), &answer.person.ticket]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        positions: of_state(answer, "consent_position").map(Value::to_string).unwrap_or_default(),
        erased_at: None,
        brands: brands.iter().map(|brand| parts::choice(brand)).collect(),
        brand: page.asked.query.text("brand"),
        state: answer.state.as_ref().map(|_| state(answer)),
        events_total: answer.events.len() as u64,
        events: events.into_iter().map(event).collect(),
        events_older: answer.events_next.clone(),
        unreadable: unreadable.into_iter().map(unreadable_event).collect(),
        lanes: lanes(&answer.events, &answer.decisions, &page.frame.now),
        decisions: parts::rows(&answer.decisions),
        decisions_total: answer.decisions.len() as u64,
        decisions_older: answer.decisions_next.clone(),
        would_pass: answer.state.as_ref().map(|_| would_pass_form(page, form)),
        holdings: holdings(page, answer),
        export: true,
    }
}

fn when(event: &EventAnswer) -> String {
    event.occurred_at.clone().unwrap_or_else(|| event.received_at.clone())
}

fn of_state<'a>(answer: &'a PersonAnswer, name: &str) -> Option<&'a Value> {
    answer.state.as_ref()?.get(name)
}

fn would_pass_form(page: &Page<'_>, form: WouldPassForm) -> WouldPass {
    let set = page.desk.policies.current();
    let packs = set
        .packs()
        .iter()
        .map(|pack| Choice { value: pack.code.as_str().to_owned(), label: pack.title.clone() });
    let anywhere = Choice { value: String::new(), label: "–".to_owned() };
    WouldPass {
        channels: Channel::ALL.iter().map(|channel| parts::choice(channel.as_str())).collect(),
        categories: CATEGORIES.map(parts::choice).into(),
        jurisdictions: std::iter::once(anywhere).chain(packs).collect(),
        form,
        errors: Vec::new(),
        answer: None,
    }
}

/// The table of answers: channels as rows, purposes as columns.
fn state(answer: &PersonAnswer) -> PersonState {
    let purposes: BTreeSet<&str> =
        answer.now.iter().map(|it| it.purpose.as_deref().unwrap_or_default()).collect();
    let channels: BTreeSet<&str> = answer.now.iter().map(|it| it.channel.as_str()).collect();
    let row = |channel: &&str| StateRow {
        channel: (*channel).to_owned(),
        cells: purposes
            .iter()
            .map(|purpose| {
                let is_it = |it: &&VerdictAnswer| {
                    it.channel == *channel && it.purpose.as_deref().unwrap_or_default() == *purpose
                };
                answer.now.iter().find(is_it).map_or_else(nobody_knows, cell)
            })
            .collect(),
    };
    let text = |name: &str| of_state(answer, name).and_then(Value::as_str).unwrap_or_default();
    let (loud, rest) = headline(answer);
    PersonState {
        answer: loud,
        rest,
        at: text("evaluated_at").to_owned(),
        packs: Vec::new(),
        reflects: None,
        purposes: purposes.iter().map(|purpose| (*purpose).to_owned()).collect(),
        channels: channels.iter().map(row).collect(),
    }
}

/// What may be sent, in a sentence, and the rest of it.
fn headline(answer: &PersonAnswer) -> (String, String) {
    let named = |it: &&VerdictAnswer| {
        format!("{} by {}", it.purpose.as_deref().unwrap_or("messages"), it.channel)
    };
    let of = |outcome: &str| {
        let found = answer.now.iter().filter(|it| it.outcome == outcome);
        found
            .map(|it| named(&it))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(", ")
    };
    let words = |name: &str| -> Vec<String> {
        let words = of_state(answer, name).and_then(|it| it.get("words")?.as_array());
        words
            .into_iter()
            .flatten()
            .filter_map(|it| it.as_str().map(ask::decisions::sentence))
            .collect()
    };
    let rest = [words("contact"), words("address")].concat().join(" ");
    let approved = of("approved");
    match (approved.is_empty(), answer.now.is_empty()) {
        (false, _) => (ask::decisions::sentence(&approved), rest),
        (true, false) => ("Nothing may be sent now.".to_owned(), rest),
        (true, true) if answer.addresses.is_empty() => (
            "No address of this person is known here, so no message can be judged.".to_owned(),
            rest,
        ),
        (true, true) => ("Nothing is known that a message could be judged by.".to_owned(), rest),
    }
}

fn cell(verdict: &VerdictAnswer) -> StateCell {
    StateCell {
        reason: parts::reason(&verdict.outcome, &verdict.reason),
        sentence: verdict.because.clone().unwrap_or_default(),
        until: verdict.until.clone(),
    }
}

/// A combination that nothing speaks about.
fn nobody_knows() -> StateCell {
    StateCell {
        reason: gate_pages::Reason {
            outcome: Outcome::Blocked,
            code: "blocked.no_consent".to_owned(),
            sentence: ask::decisions::meaning("blocked.no_consent"),
            fix_me: false,
        },
        sentence: String::new(),
        until: None,
    }
}

pub(super) fn evidence_kind(effect: &str) -> EventKind {
    match effect {
        "permits" => EventKind::Permission,
        "refuses" => EventKind::Refusal,
        _ => EventKind::Other,
    }
}

/// What an event covers, in words.
pub(super) fn covers(event: &EventAnswer) -> Vec<String> {
    let channel = if event.channel == "any" { "every channel" } else { event.channel };
    let names = [&event.purpose, &event.brand, &event.controller].into_iter().flatten();
    std::iter::once(channel.to_owned()).chain(names.cloned()).collect()
}

/// How it was given, in a line.
pub(super) fn proof_line(event: &EventAnswer) -> String {
    let notice = event.notice_version.as_ref().map(|version| format!("notice {version}"));
    [event.method.clone(), notice].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn event(event: &EventAnswer) -> Event {
    let (partition, offset) = event.place;
    let topic = event.source.rsplitn(3, '/').nth(2).unwrap_or_default();
    let fact = |label: &str, value: &Option<String>, code| {
        value.clone().map(|value| Fact { label: label.to_owned(), value, code })
    };
    let proof = [
        fact("Method", &event.method, false),
        fact("Notice", &event.notice_version, true),
        fact("Contact", &event.contact_id, true),
        fact("Address", &event.address, true),
    ];
    Event {
        at: when(event),
        kind: evidence_kind(event.effect),
        title: event.words.clone(),
        covers: covers(event),
        in_force: event.is_in_force.unwrap_or_default(),
        effect: String::new(),
        proof: proof.into_iter().flatten().collect(),
        place: parts::place(topic, partition, offset),
        event_id: event.event_id.clone().unwrap_or_default(),
    }
}

fn unreadable_event(event: &EventAnswer) -> Unreadable {
    let (partition, offset) = event.place;
    let topic = event.source.rsplitn(3, '/').nth(2).unwrap_or_default();
    Unreadable {
        place: parts::place(topic, partition, offset),
        at: event.received_at.clone(),
        class: event.class.unwrap_or_default().to_owned(),
    }
}

/// What is held, and where.
fn holdings(page: &Page<'_>, answer: &PersonAnswer) -> Vec<Fact> {
    let fact = |label: &str, value: String, code| Fact { label: label.to_owned(), value, code };
    let topics = &page.desk.config.topics;
    let more = |next: &Option<String>| if next.is_some() { "+" } else { "" };
    let mut held = vec![
        fact(
            "Consent changes",
            format!(
                "{}{} in {}",
                answer.events.len(),
                more(&answer.events_next),
                topics.consent_change
            ),
            false,
        ),
        fact(
            "Decisions",
            format!(
                "{}{} in {}",
                answer.decisions.len(),
                more(&answer.decisions_next),
                topics.outputs.decision_log
            ),
            false,
        ),
    ];
    held.extend(answer.contact_key.as_deref().map(|key| fact("Contact, hashed", short(key), true)));
    held.extend(answer.address_key.as_deref().map(|key| fact("Address, hashed", short(key), true)));
    held
}
