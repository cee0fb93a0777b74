//! Consent records that nobody can read, and their release in two steps.

use axum::http::StatusCode;
use gate_pages::{
    Blocks, ConfirmPage, DeadLetter, FieldError, IntakePage, PoisonPage, ReleaseForm, What,
};

use super::super::ask;
use super::super::ask::intake::{RecordAnswer, UnreadableAnswer};
use super::super::ask::release::{self, Wish};
use super::super::reply::Reply;
use super::super::roles::Right;
use super::overview::hold;
use super::{Page, parts};
use crate::answers::Problem;
use crate::unresolved::Place;

fn letter(page: &Page<'_>, record: &UnreadableAnswer) -> DeadLetter {
    let (partition, offset) = record.place;
    DeadLetter {
        place: parts::place(&page.desk.config.topics.consent_change, partition, offset),
        sentence: in_words(&record.class),
        class: record.class.clone(),
        source: String::new(),
        blocks: match (record.blocks, &record.release) {
            ("everybody", _) => Blocks::Everybody,
            ("contact", _) => Blocks::People(1),
            ("nobody", Some(release)) => Blocks::Nobody { since: release.at.clone() },
            _ => Blocks::Unknown,
        },
        at: record.received_at.clone().unwrap_or_default(),
    }
}

/// A class as people say it.
fn in_words(class: &str) -> String {
    ask::decisions::sentence(&class.replace('_', " "))
}

pub(super) async fn intake(page: &Page<'_>) -> Result<Reply, Problem> {
    let answer = ask::intake::answer(page.desk).await?;
    let view = IntakePage {
        hold: hold(&answer.gates),
        sources: None,
        dead_letters: answer.unreadable.iter().map(|it| letter(page, it)).collect(),
        dead_letters_total: answer.n_unreadable,
    };
    page.ok(view.render(&page.frame, page.language))
}

pub(super) async fn record(page: &Page<'_>) -> Result<Reply, Problem> {
    let answer = ask::intake::record(page.desk, page.asked).await?;
    let view = poison(page, &answer, &Wish::default());
    page.ok(view.render(&page.frame, page.language))
}

/// Step 1: look, and say what it was.
fn poison(page: &Page<'_>, answer: &RecordAnswer, wish: &Wish) -> PoisonPage {
    let record = letter(page, &answer.record);
    let is_open = matches!(record.blocks, Blocks::Everybody | Blocks::People(_));
    let may = page.asked.account.may(Right::Release);
    PoisonPage {
        holds: record.blocks == Blocks::Everybody,
        record,
        key: answer.key.clone().unwrap_or_default(),
        neighbours: String::new(),
        text: answer.text.clone().unwrap_or_default(),
        ends_at: None,
        bytes: answer.bytes.clone(),
        size: answer.size as u64,
        form: (is_open && may).then(|| form(wish)),
        errors: errors(wish),
    }
}

fn form(wish: &Wish) -> ReleaseForm {
    ReleaseForm {
        what: wish.was.and_then(|was| What::from_code(was.as_str())),
        event_id: wish.event_id.clone(),
        reason: wish.reason.clone(),
    }
}

fn errors(wish: &Wish) -> Vec<FieldError> {
    let error = |(field, sentence): &(&str, &str)| FieldError {
        field: (*field).to_owned(),
        sentence: (*sentence).to_owned(),
    };
    wish.errors.iter().map(error).collect()
}

/// Both steps: without the offset it is asked for, with it the record is released.
pub(super) async fn release(page: &Page<'_>) -> Result<Reply, Problem> {
    let (desk, asked) = (page.desk, page.asked);
    asked.body.only(&["what", "event_id", "reason", "offset", "csrf"])?;
    let place = Place { partition: asked.number("partition")?, offset: asked.number("offset")? };
    let mut wish = Wish::read(&asked.body);
    let checked = match wish.errors.is_empty() {
        true => release::check(desk, &asked.account, place, &wish).await,
        false => Ok(None),
    };
    let found = match checked {
        Ok(found) => found,
        Err(problem) if problem.pointer.as_deref() == Some("/event_id") => {
            let why = "No readable record with this event id came since. Publish it first.";
            wish.errors.push(("event_id", why));
            None
        }
        Err(problem) => return Err(problem),
    };
    let is_typed = asked.body.get("offset").is_some();
    if !wish.errors.is_empty() {
        let answer = ask::intake::record(desk, asked).await?;
        let view = poison(page, &answer, &wish);
        let html = view.render(&page.frame, page.language);
        return page.reply(StatusCode::UNPROCESSABLE_ENTITY, html);
    }
    if wish.offset == place.offset.to_string() {
        release::release(desk, &asked.account, place, &wish).await?;
        return Ok(Reply::Elsewhere(format!("/intake/{place}"), Vec::new()));
    }
    if is_typed {
        wish.errors.push(("offset", "This is not the offset of the record."));
    }
    let answer = ask::intake::record(desk, asked).await?;
    let topic = &desk.config.topics.consent_change;
    let view = ConfirmPage {
        record: letter(page, &answer.record),
        form: form(&wish),
        found: found
            .map(|event| (parts::place(topic, event.place.0, event.place.1), event.received_at)),
        waiting: None,
        typed: wish.offset.clone(),
        errors: errors(&wish),
    };
    let status = if is_typed { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page.reply(status, view.render(&page.frame, page.language))
}
