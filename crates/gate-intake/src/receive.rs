//! The way of a request to `/hooks/SOURCE`, in this order: bounds, method, proof over the raw bytes, parsing, meaning.

use crate::batch::{self, Batch, IdKey};
use crate::changes;
use crate::limits::{BODY_BYTES_MAX, HEADERS_MAX, PATH_BYTES_MAX};
use crate::mail;
use crate::mapped;
use crate::one_click::one_click;
use crate::outcome::{Answer, ItemProblem, Outcome, ProblemClass, Refusal, Skip, Step, Window};
use crate::provider::sns::{self, Certificates, Failure};
use crate::provider::{hubspot, mailgun, postmark, sendgrid, ses, shopify, twilio};
use crate::request::Request;
use crate::scheme::presented::Presented;
use crate::scheme::verify::verify;
use crate::source::{Provider, Source};
use crate::token::TokenKeys;
use gate_core::Timestamp;

/// What a request is looked at with. All of it comes from the caller: the crate has no clock, no network and no memory.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The time of receipt.
    pub now: Timestamp,
    /// Certificates fetched so far.
    pub certificates: &'c Certificates,
    /// Tokens of the door.
    pub tokens: &'c TokenKeys,
    /// The key of event ids.
    pub ids: &'c IdKey,
    /// What earlier requests left to remember.
    pub window: &'c dyn Window,
}

/// What becomes of a request to a source.
#[must_use]
pub fn receive(source: &Source, request: &Request, context: &Context<'_>) -> Step {
    match received(source, request, context) {
        Ok(outcome) => Step::Done(outcome),
        Err(Failure::Refused(refusal)) => Step::Done(refusal.into()),
        Err(Failure::Needs(url)) => Step::Needs(url),
    }
}

fn received(source: &Source, request: &Request, context: &Context<'_>) -> Result<Outcome, Failure> {
    let is_large = request.body.len() > BODY_BYTES_MAX
        || request.path_and_query.len() > PATH_BYTES_MAX
        || request.headers.len() > HEADERS_MAX;
    if is_large {
        return Err(Refusal::TooLarge.into());
    }
    if source.provider == Provider::OneClick {
        return Ok(one_click(source, request, context.tokens, context.ids, context.now));
    }
    if let Some(answered) = method(source, request, context)? {
        return Ok(answered);
    }
    // without the gate's reader nothing could be checked; a retry may find it
    if batch::reader().is_none() {
        return Err(Refusal::Ours.into());
    }
    let mut batch = Batch::new(source, context.ids, context.now, context.window);
    batch.outcome.answer = Answer::text(200, "ok\n");
    let read = match &source.provider {
        Provider::Twilio => {
            let form = twilio::verify(source, request)?;
            twilio::handle(&mut batch, &form, &request.body);
            Ok(())
        }
        Provider::SendGrid => {
            sendgrid::verify(source, request, context.now)?;
            sendgrid::handle(&mut batch, &request.body)
        }
        Provider::Ses => {
            let message = sns::verify(source, request, context.certificates, context.now)?;
            ses::handle(&mut batch, &message, &request.body);
            Ok(())
        }
        Provider::Mailgun => {
            match mailgun::verify(source, &request.body, context.window, context.now) {
                Err(refused) => return Ok(*refused),
                Ok(verified) => {
                    mailgun::handle(&mut batch, verified, &request.body);
                    Ok(())
                }
            }
        }
        Provider::Mail => {
            proof(source, request, context.now)?;
            let (tokens, ids) = (context.tokens, context.ids);
            return Ok(mail::receive_mail(
                source,
                &request.body,
                tokens,
                ids,
                context.window,
                context.now,
            ));
        }
        Provider::OneClick => Ok(()),
        provider => {
            proof(source, request, context.now)?;
            by_scheme(provider, &mut batch, request)
        }
    };
    match read {
        Ok(()) => Ok(batch.outcome),
        // proven to be the sender's, and not to be read: kept for a person to look at
        Err(refusal) => Ok(unread(refusal, request)),
    }
}

/// What has a general scheme.
fn by_scheme(provider: &Provider, batch: &mut Batch<'_>, request: &Request) -> Result<(), Refusal> {
    match provider {
        Provider::Postmark => postmark::handle(batch, &request.body),
        Provider::HubSpot => hubspot::handle(batch, &request.body),
        Provider::Shopify => shopify::handle(batch, request),
        Provider::Changes => changes::handle(batch, request),
        Provider::Mapped(mapping) => mapped::handle(batch, mapping, request),
        Provider::Twilio
        | Provider::SendGrid
        | Provider::Ses
        | Provider::Mailgun
        | Provider::Mail
        | Provider::OneClick => Ok(()),
    }
}

/// A request by another method than POST: a probe is answered, anything else refused.
fn method(
    source: &Source,
    request: &Request,
    context: &Context<'_>,
) -> Result<Option<Outcome>, Failure> {
    let method = request.method.as_str();
    if method == "POST" || (method == "GET" && source.switches.get) {
        return Ok(None);
    }
    let Provider::Mapped(mapping) = &source.provider else { return Err(Refusal::Method.into()) };
    if !mapping.probes.iter().any(|probe| probe == method) {
        return Err(Refusal::Method.into());
    }
    // a probe has no body to sign, but a secret in its URL shows that it is the provider's
    let signs = source.schemes.first().is_some_and(crate::scheme::Scheme::covers_content);
    if !signs {
        proof(source, request, context.now)?;
    }
    let mut outcome = Outcome { answer: Answer::text(200, "ok\n"), ..Outcome::default() };
    outcome.skipped.insert(Skip::Notice, 1);
    Ok(Some(outcome))
}

/// Whether a request without a source in its path is this source's: by one of its general schemes.
#[must_use]
pub fn is_from(source: &Source, request: &Request, now: Timestamp) -> bool {
    request.body.len() <= BODY_BYTES_MAX && proof(source, request, now).is_ok()
}

/// Whether a request can be this source's, looked at before its body is read: it is when a scheme that covers no content fits, and
/// it can be when a scheme covers it.
#[must_use]
pub fn may_be_from(source: &Source, head: &Request, now: Timestamp) -> bool {
    source.schemes.iter().any(crate::scheme::Scheme::covers_content)
        || proof(source, head, now).is_ok()
}

/// Whether one of the source's schemes fits. All are tried, so that a sender can change from one to another.
fn proof(source: &Source, request: &Request, now: Timestamp) -> Result<(), Refusal> {
    let url = source.signed_url(&request.path_and_query);
    let presented = Presented { request, url: url.as_deref(), now };
    let mut last = Refusal::Unauthentic;
    for scheme in &source.schemes {
        match verify(scheme, &source.keys, &presented) {
            Ok(()) => return Ok(()),
            Err(Refusal::Stale) => last = Refusal::Stale,
            Err(_) => {}
        }
    }
    Err(last)
}

fn unread(refusal: Refusal, request: &Request) -> Outcome {
    let class = ProblemClass::Unreadable;
    let mut outcome = Outcome::from(refusal);
    outcome.problems.push(ItemProblem {
        index: 0,
        pointer: String::new(),
        class,
        reason: "the body as a whole cannot be read",
        fix: class.fix(),
        raw: request.body.clone(),
    });
    outcome
}
