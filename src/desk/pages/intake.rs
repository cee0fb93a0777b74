//! Consent records that nobody can read.

use gate_pages::{Blocks, DeadLetter, IntakePage, PoisonPage};

use super::super::ask;
use super::super::ask::intake::UnreadableAnswer;
use super::super::reply::Reply;
use super::overview::hold;
use super::{Page, parts};
use crate::answers::Problem;

fn letter(page: &Page<'_>, record: &UnreadableAnswer, blocks: Blocks) -> DeadLetter {
    let (partition, offset) = record.place;
    DeadLetter {
        place: parts::place(&page.desk.config.topics.consent_change, partition, offset),
        sentence: in_words(&record.class),
        class: record.class.clone(),
        source: String::new(),
        blocks,
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
        dead_letters: answer
            .unreadable
            .iter()
            .map(|it| letter(page, it, Blocks::Unknown))
            .collect(),
        dead_letters_total: answer.n_unreadable,
    };
    page.ok(view.render(&page.frame, page.language))
}

pub(super) async fn record(page: &Page<'_>) -> Result<Reply, Problem> {
    let answer = ask::intake::record(page.desk, page.asked).await?;
    let held = hold(&answer.gates);
    let place = {
        let (partition, offset) = answer.record.place;
        parts::place(&page.desk.config.topics.consent_change, partition, offset)
    };
    let holds = held.is_some_and(|hold| hold.record == Some(place));
    let blocks = if holds { Blocks::Everybody } else { Blocks::Unknown };
    let view = PoisonPage {
        record: letter(page, &answer.record, blocks),
        holds,
        key: answer.key.unwrap_or_default(),
        neighbours: String::new(),
        text: answer.text.unwrap_or_default(),
        ends_at: None,
        bytes: answer.bytes,
        size: answer.size as u64,
        form: None,
        errors: Vec::new(),
    };
    page.ok(view.render(&page.frame, page.language))
}
