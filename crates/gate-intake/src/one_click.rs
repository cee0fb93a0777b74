//! One-click unsubscribe (RFC 8058): the token says who and what, the POST that the person wants it.
//!
//! GET, HEAD and prefetch change nothing, since scanners follow links. No answer redirects or sets a cookie, no header but the
//! content type is looked at: the request comes without any context of the person's. A repeat is 200 with the same event id;
//! its time is later, so it refuses again what was permitted meanwhile (promise P4): whoever clicks twice means it.

use crate::batch::{At, Batch, IdKey};
use crate::draft::{Draft, Id};
use crate::form;
use crate::limits::{ONE_CLICK_BODY_BYTES_MAX, PATH_BYTES_MAX};
use crate::outcome::{Answer, Outcome, Refusal};
use crate::request::Request;
use crate::source::Source;
use crate::token::{Token, TokenContent, TokenKeys, TokenKind};
use gate_core::{Action, Timestamp};
use std::collections::BTreeSet;

/// The pair that RFC 8058 section 3.2 asks for.
const PAIR: (&str, &str) = ("List-Unsubscribe", "One-Click");
/// The field of our own page's button.
pub const PAGE_FIELD: (&str, &str) = ("confirm", "unsubscribe");

/// What becomes of a request to `/u/TOKEN`: the last segment of its path is the token.
///
/// `source` gives the name that event ids and records carry, and the actions it may say; controller, brand, channel and purpose
/// come from the token.
#[must_use]
pub fn one_click(
    source: &Source,
    request: &Request,
    tokens: &TokenKeys,
    ids: &IdKey,
    now: Timestamp,
) -> Outcome {
    let method = request.method.as_str();
    if request.path_and_query.len() > PATH_BYTES_MAX
        || request.body.len() > ONE_CLICK_BODY_BYTES_MAX
    {
        return Refusal::TooLarge.into();
    }
    let text = request.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let token = tokens.open(text).ok().filter(|token| token.kind == TokenKind::Unsubscribe);
    match method {
        "GET" | "HEAD" => token.map_or_else(|| Refusal::UnknownToken.into(), |_| page(method)),
        "POST" => match token {
            None => Refusal::UnknownToken.into(),
            Some(_) if !asks(request) => Refusal::NotAsked.into(),
            Some(token) => unsubscribe(source, &token, ids, now),
        },
        _ => Refusal::Method.into(),
    }
}

/// Whether the form has the pair, or the field of our page.
fn asks(request: &Request) -> bool {
    let form = form::of_request(request);
    [PAIR, PAGE_FIELD].iter().any(|(name, value)| {
        form.iter().any(|(known, found)| {
            known.trim().eq_ignore_ascii_case(name) && found.trim().eq_ignore_ascii_case(value)
        })
    })
}

/// The refusal that a token stands for.
pub(crate) fn refusal(token: &Token, id: Id, now: Timestamp, method: &'static str) -> Draft {
    let content = &token.content;
    let mut draft = Draft::new(Action::OptOut, id, now);
    draft.method = Some(method);
    draft.address.clone_from(&content.address);
    draft.contact_id.clone_from(&content.contact_id);
    draft.controller.clone_from(&content.controller);
    draft.brand.clone_from(&content.brand);
    draft.channel = Some(content.channel.clone().unwrap_or_else(|| "email".to_owned()));
    draft.purpose.clone_from(&content.purpose);
    let message = content.message_id.as_ref();
    draft.via = Some(message.map_or_else(|| method.to_owned(), |id| format!("{method} of {id}")));
    draft
}

/// Whether a link with this content could be followed: what it would say is read by the gate's own reader, now and not when a
/// million mails have it.
#[must_use]
pub fn can_be_followed(
    source: &Source,
    content: &TokenContent,
    ids: &IdKey,
    now: Timestamp,
) -> bool {
    let token = Token {
        kind: TokenKind::Unsubscribe,
        content: content.clone(),
        id: "not sealed".to_owned(),
    };
    let outcome = unsubscribe(source, &token, ids, now);
    outcome.refused.is_none() && !outcome.records.is_empty()
}

fn unsubscribe(source: &Source, token: &Token, ids: &IdKey, now: Timestamp) -> Outcome {
    let window = BTreeSet::new();
    let mut batch = Batch::new(source, ids, now, &window);
    let at = At { index: 0, pointer: "", raw: &[] };
    batch.push(&at, refusal(token, Id::of(token.id.clone()), now, "one_click"));
    let mut outcome = batch.outcome;
    if outcome.records.is_empty() {
        // sealed by us and yet of no use: a fault of ours, which a person must not be told is done
        outcome.refused = Some(Refusal::Ours);
        outcome.answer = Answer::unavailable();
        return outcome;
    }
    outcome.answer = private(Answer::text(200, "unsubscribed\n"));
    outcome
}

/// What no cache keeps and no search engine lists.
fn private(mut answer: Answer) -> Answer {
    answer.headers.extend([
        ("cache-control", "no-store".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-robots-tag", "noindex".to_owned()),
    ]);
    answer
}

/// A page with a button, in case the caller has none of its own.
fn page(method: &str) -> Outcome {
    let (name, value) = PAGE_FIELD;
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Unsubscribe</title><main><h1>Unsubscribe</h1><form method=\"post\">\
         <input type=\"hidden\" name=\"{name}\" value=\"{value}\"><button>Stop these messages</button></form></main></html>\n"
    );
    let body = if method == "HEAD" { Vec::new() } else { html.into_bytes() };
    let answer =
        Answer { status: 200, headers: Vec::new(), content_type: "text/html; charset=utf-8", body };
    Outcome { answer: private(answer), ..Outcome::default() }
}
