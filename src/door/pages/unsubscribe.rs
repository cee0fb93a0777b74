//! The page behind `List-Unsubscribe`: a question for whoever looks, an answer for whoever asks to stop (RFC 8058).

use gate_door_pages::{Channel, Link, TEXT_TYPE, Unsaved, UnsubscribeDonePage, UnsubscribePage};
use gate_intake::{Answer, Request, TokenKind, one_click};

use std::time::{Duration, Instant};

use super::{Visit, answer, effect, is_browser, link};
use crate::clock::now;
use crate::door::Door;
use crate::door::enforced::{self, Enforced};
use crate::door::links::NAME;
use crate::door::take_in::settle;

/// Longest time from a whole request to its answer, beyond what Kafka takes: a mail program or a browser gives up after some
/// fifteen seconds, and what was recorded is to be told.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What becomes of a request for `/u/TOKEN`.
pub(in crate::door) async fn followed(door: &Door, request: &Request) -> Answer {
    let until = Instant::now() + ANSWER_MAX;
    let visit = Visit::of(door, request, TokenKind::Unsubscribe);
    let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
    let Some(visit) = visit else {
        // an unknown token looks the same whatever is wrong with it; without brands the crate has a page
        let keys = &door.keys;
        let outcome = one_click(&door.links, request, &keys.tokens, &keys.ids, now());
        let is_unknown = outcome.answer.status == 404 && is_browser(request);
        let settled = settle(door, NAME, outcome).await.answer;
        return if is_unknown { super::nothing(door, request) } else { settled };
    };
    let channel = channel(&visit);
    let action = link(&format!("/u/{}", visit.text)).ok();
    if is_read {
        return match action {
            Some(action) => question(door, &visit, channel, action),
            None => visit.problem(gate_door_pages::Problem::NotFound),
        };
    }
    // the click before everything that only a page needs
    let keys = &door.keys;
    let outcome = one_click(&door.links, request, &keys.tokens, &keys.ids, now());
    if outcome.refused.is_some() {
        return settle(door, NAME, outcome).await.answer;
    }
    let taken = settle(door, NAME, outcome).await;
    let browser = is_browser(request);
    if taken.answer.status >= 500 {
        return match action {
            Some(action) => visit.not_saved(Unsaved::OneClick { channel }, action, browser),
            None => taken.answer,
        };
    }
    // a mail program does not wait for what it does not show
    let places: Vec<_> = taken.written.iter().map(|(_, place)| *place).collect();
    let enforced = match browser {
        true => {
            let asked = tokio::time::timeout_at(until.into(), enforced::wait(door, &places));
            asked.await.unwrap_or(Enforced::NotYet)
        }
        false => Enforced::NotYet,
    };
    let view = UnsubscribeDonePage {
        who: visit.who(),
        channel,
        purpose: visit.content().purpose.clone(),
        effect: effect(enforced),
        preferences: visit.preferences(door),
        undo: None,
    };
    if browser {
        visit.page(view.status(), view.render(visit.brand, &visit.frame))
    } else {
        answer(view.status(), TEXT_TYPE, view.plain(visit.brand, &visit.frame))
    }
}

fn question(door: &Door, visit: &Visit<'_>, channel: Channel, action: Link) -> Answer {
    let view = UnsubscribePage {
        who: visit.who(),
        channel,
        purpose: visit.content().purpose.clone(),
        action,
        preferences: visit.preferences(door),
    };
    visit.page(view.status(), view.render(visit.brand, &visit.frame))
}

fn channel(visit: &Visit<'_>) -> Channel {
    let code = visit.content().channel.as_deref();
    code.and_then(Channel::from_code).unwrap_or(Channel::Email)
}
