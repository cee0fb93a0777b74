//! The page that chooses: everything off with one button, or what may still come. It turns nothing on.
//!
//! What is on is what a gate would let pass now. When none answers, or the link names nobody whom a channel reaches, the choices
//! are not shown; refusing works all the same.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use gate_codec::{ConsentChangeRecord, EvidenceRecord};
use gate_door_pages::{
    Channel, Choice, ChoiceGroup, ChoiceState, ChoicesAwayPage, OffBy, PreferencesPage, Problem,
    StoppedPage, Unsaved, choice_value, read_choice,
};
use gate_intake::{
    Answer, Outcome, Request, TokenKind, accept, asks_for_gpc, refuse_sale_share, says_gpc,
};
use serde_json::{Value, json};

use super::opt_in::{asked_for, may_ask};
use super::{Visit, effect, link};
use crate::clock::now;
use crate::door::Door;
use crate::door::enforced::{self, Enforced};
use crate::door::origin::Origin;
use crate::door::seen::Remembered;
use crate::door::take_in::settle;

/// Under which name what is chosen is counted.
pub(in crate::door) const NAME: &str = "preference-page";
/// How long a page waits for a gate to say what is on; refusing must not wait for that.
const CHECK_MAX: Duration = Duration::from_secs(3);
/// How long a page takes for all that it may leave out, from when the request is whole: with the body's time and Kafka's it stays
/// below what the server gives a request.
const PAGE_MAX: Duration = Duration::from_secs(9);
/// Reasons that say nothing about what may come.
const NO_ANSWER: [&str; 6] = [
    "missing_contact",
    "invalid_address",
    "invalid_message",
    "state_unavailable",
    "policy_unavailable",
    "unsupported_channel",
];
/// Reasons that stop one message and not the next.
const ONLY_THIS_ONE: [&str; 3] = ["content_requirement", "frequency_cap", "quiet_hours"];
/// Reasons that hold wherever somebody lives.
const REFUSED: [&str; 10] = [
    "undeliverable",
    "number_reassigned",
    "suppressed_global",
    "erased",
    "suppressed_address",
    "complaint",
    "objected",
    "opted_out",
    "sender_stop",
    "consent_unreadable",
];
/// Characters of a purpose's code, as long as a brand may have them.
const PURPOSE_CHARS_MAX: usize = 64;
/// Choices of one page.
const CHOICES_MAX: usize = 200;

/// What becomes of a request for `/p/TOKEN`.
pub(in crate::door) async fn chosen(door: &Door, request: &Request, origin: Origin) -> Answer {
    let Some(mut visit) = Visit::of(door, request, TokenKind::Preferences) else {
        return super::nothing(door, request);
    };
    let until = Instant::now() + PAGE_MAX;
    match request.method.as_str() {
        "GET" | "HEAD" => {
            // at once: a signal that Kafka is slow to take must not use up the time for the choices
            let heard = async { request.method == "GET" && hears_gpc(door, &visit, request).await };
            let (heard, groups) = tokio::join!(heard, groups(door, &visit, until));
            visit.frame.gpc = heard;
            shown(&visit, groups)
        }
        "POST" => saved(door, visit, request, (origin, until)).await,
        _ => Answer::text(405, "method not allowed\n"),
    }
}

/// Whether the browser's signal is a refusal here, and is on record: then the page says so (11 CCR 7025(c)(6)).
async fn hears_gpc(door: &Door, visit: &Visit<'_>, request: &Request) -> bool {
    if !says_gpc(request) || !asks_for_gpc(visit.content().jurisdiction.as_deref()) {
        return false;
    }
    let base = door.config.door.public_url.as_deref().unwrap_or_default();
    let (page, locale) = (format!("{base}/p"), visit.frame.language.code());
    let window = Remembered::of(&door.seen);
    match refuse_sale_share(&visit.token, &page, locale, &window, now()) {
        Ok(outcome) if window.is_whole() => settle(door, NAME, outcome).await.answer.status < 500,
        Ok(_) => false,
        Err(problem) => {
            tracing::error!(%problem, "a browser's signal cannot be written");
            false
        }
    }
}

fn shown(visit: &Visit<'_>, groups: Option<Vec<ChoiceGroup>>) -> Answer {
    let Ok(here) = link(&format!("/p/{}", visit.text)) else {
        return visit.problem(Problem::NotFound);
    };
    match groups {
        Some(groups) => {
            let (stop, save) = (here.clone(), here);
            let view = PreferencesPage { who: visit.who(), groups, stop, save, saved: None };
            visit.page(view.status(), view.render(visit.brand, &visit.frame))
        }
        None => {
            let view = ChoicesAwayPage { who: visit.who(), stop: here, unsubscribe: None };
            visit.page(view.status(), view.render(visit.brand, &visit.frame))
        }
    }
}

/// What a form says.
struct Form(Vec<(String, String)>);

impl Form {
    fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> Vec<String> {
        let of = self.0.iter().filter(|(key, _)| key == name);
        of.map(|(_, value)| value.clone()).take(CHOICES_MAX).collect()
    }
}

async fn saved(
    door: &Door,
    mut visit: Visit<'_>,
    request: &Request,
    (origin, until): (Origin, Instant),
) -> Answer {
    let pairs = form_urlencoded::parse(&request.body);
    let form = Form(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect());
    let everything = form.one("stop") == Some("everything");
    let (shown, keep) = (form.all("shown"), form.all("keep"));
    let off = match cleared(&shown, &keep) {
        _ if !door.keys.is_form(&visit.text, form.one("csrf").unwrap_or_default()) => {
            Err(Problem::Form)
        }
        _ if everything => Ok(vec![None]),
        Some(off) => Ok(off),
        None => Err(Problem::BadRequest),
    };
    let refused = async {
        match &off {
            Ok(off) => refuse(door, &visit, off).await,
            Err(_) => None,
        }
    };
    // the browser's signal and the form at once: one after the other Kafka might take longer than a request has
    let (heard, taken) = tokio::join!(hears_gpc(door, &visit, request), refused);
    visit.frame.gpc = heard;
    let visit = &visit;
    let off = match off {
        Ok(off) => off,
        Err(problem) => return visit.problem(problem),
    };
    let Ok(here) = link(&format!("/p/{}", visit.text)) else {
        return visit.problem(Problem::NotFound);
    };
    let Some(places) = taken else {
        let what = if everything { Unsaved::Everything } else { Unsaved::Choices { shown, keep } };
        return visit.not_saved(what, here, true);
    };
    // whatever was pressed: "turn on" beside a cleared box keeps it cleared, and asks only after Kafka has that
    if let Some(choice) = form.one("ask").filter(|_| !everything) {
        let page = (&visit.frame, here, !off.is_empty());
        return asked_for(door, visit.brand, page, origin, visit.content(), choice).await;
    }
    let enforced = tokio::time::timeout_at(until.into(), enforced::wait(door, &places)).await;
    let enforced = enforced.unwrap_or(Enforced::NotYet);
    if everything {
        let (who, preferences) = (visit.who(), Some(here));
        let view = StoppedPage { who, effect: effect(enforced), preferences };
        return visit.page(view.status(), view.render(visit.brand, &visit.frame));
    }
    // saved is saved, whether or not a gate can say what else is on
    let mut groups = groups(door, visit, until).await.unwrap_or_default();
    let refused: BTreeSet<String> =
        off.iter().flatten().map(|(channel, purpose)| choice_value(*channel, purpose)).collect();
    let effect = effect(enforced);
    let state = match &effect {
        gate_door_pages::Effect::InForce { .. } => ChoiceState::Stopped,
        _ => ChoiceState::Stopping,
    };
    for group in &mut groups {
        for choice in &mut group.choices {
            if refused.contains(&choice_value(group.channel, &choice.purpose)) {
                choice.state = state.clone();
            }
        }
    }
    let (stop, save, saved) = (here.clone(), here, (!off.is_empty()).then_some(effect));
    let view = PreferencesPage { who: visit.who(), groups, stop, save, saved };
    visit.page(view.status(), view.render(visit.brand, &visit.frame))
}

/// What was shown and is not kept, each once; `None` for a value that no page of ours shows.
///
/// A purpose that has left the brand since the page was shown is refused all the same: "saved" must be true of every box.
fn cleared<'f>(shown: &'f [String], keep: &[String]) -> Option<Vec<Option<(Channel, &'f str)>>> {
    let kept: BTreeSet<&String> = keep.iter().collect();
    let off: BTreeSet<&String> = shown.iter().filter(|value| !kept.contains(value)).collect();
    let is_code = |purpose: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        purpose.len() <= PURPOSE_CHARS_MAX && purpose.chars().all(plain)
    };
    let read = off.into_iter().map(|value| {
        let found = read_choice(value).filter(|(_, purpose)| is_code(purpose));
        found.map(Some)
    });
    read.collect()
}

/// Writes a refusal of each; `None` is everything. Where they lie, or `None` when Kafka has not all of them.
async fn refuse(
    door: &Door,
    visit: &Visit<'_>,
    what: &[Option<(Channel, &str)>],
) -> Option<Vec<crate::door::topic::Written>> {
    let mut outcome = Outcome::default();
    for (index, what) in what.iter().enumerate() {
        // read back as everything else is: what the gate would not read is not said to be saved
        match accept(index, refusal(visit, *what), &[]) {
            Ok(accepted) => outcome.records.push(accepted),
            Err(problem) => {
                tracing::error!(%problem, "a refusal of the preference page cannot be written");
                return None;
            }
        }
    }
    let taken = settle(door, NAME, outcome).await;
    (taken.answer.status < 500).then(|| taken.written.into_iter().map(|(_, place)| place).collect())
}

/// A refusal by this person, now. Its id is of its instant: whoever refuses again means it (promise P4).
fn refusal(visit: &Visit<'_>, what: Option<(Channel, &str)>) -> ConsentChangeRecord<'static> {
    let content = visit.content();
    let own = |text: &Option<String>| text.clone().map(Into::into);
    let at = now();
    let of = what.map_or_else(
        || "everything".to_owned(),
        |(channel, purpose)| choice_value(channel, purpose),
    );
    ConsentChangeRecord {
        event_id: Some(format!("{NAME}:{}:{of}:{}", visit.token.id, at.as_micros()).into()),
        occurred_at: Some(at),
        action: Some("opt_out".into()),
        contact_id: own(&content.contact_id),
        address: own(&content.address),
        controller: own(&content.controller),
        brand: own(&content.brand),
        channel: what.map(|(channel, _)| channel.code().into()),
        purpose: what.map(|(_, purpose)| purpose.to_owned().into()),
        evidence: Some(EvidenceRecord {
            method: Some("preference_page".into()),
            locale: Some(visit.frame.language.code().into()),
            ..EvidenceRecord::default()
        }),
        source: Some("door".into()),
        ..ConsentChangeRecord::default()
    }
}

/// What a gate would let pass now, for each channel and purpose of the brand; `None` when nobody can say.
async fn groups(door: &Door, visit: &Visit<'_>, until: Instant) -> Option<Vec<ChoiceGroup>> {
    let brand = visit.brand;
    let channels = brand.channels().iter().copied();
    let rows: Vec<(Channel, &str)> = channels
        .flat_map(|channel| brand.purposes(channel).into_iter().map(move |it| (channel, it)))
        .take(CHOICES_MAX)
        .collect();
    if rows.is_empty() {
        return Some(Vec::new());
    }
    let messages: Vec<Value> =
        rows.iter().map(|(channel, it)| message(visit, *channel, it)).collect();
    let within = until.saturating_duration_since(Instant::now()).min(CHECK_MAX);
    let answer = door.gates.check_within(&messages, within);
    let answer = tokio::time::timeout(within, answer).await.ok()?;
    let answer =
        answer.map_err(|error| tracing::warn!(%error, "a page cannot show choices")).ok()?;
    let decisions = answer.get("messages")?.as_array()?;
    if decisions.len() != rows.len() {
        return None;
    }
    let mut groups: Vec<ChoiceGroup> = Vec::new();
    for ((channel, purpose), decision) in rows.iter().zip(decisions) {
        let lives_somewhere = visit.content().jurisdiction.is_some();
        let Some(state) = state(decision, lives_somewhere) else { continue };
        let askable = *channel == Channel::Email
            && state != ChoiceState::On
            && may_ask(brand, visit.content(), purpose);
        let choice = Choice { purpose: (*purpose).to_owned(), state, askable };
        match groups.last_mut().filter(|group| group.channel == *channel) {
            Some(group) => group.choices.push(choice),
            None => groups.push(ChoiceGroup { channel: *channel, choices: vec![choice] }),
        }
    }
    (!groups.is_empty()).then_some(groups)
}

/// Whether that may come; `None` when a gate cannot say.
///
/// A link that does not say where the person lives is judged by the strictest law, and a message that says it by another: then all
/// is on that was not refused. What is shown as off must not come.
fn state(decision: &Value, lives_somewhere: bool) -> Option<ChoiceState> {
    let outcome = decision.get("outcome").and_then(Value::as_str)?;
    let reason = decision.get("reason").and_then(Value::as_str).unwrap_or_default();
    let reason = reason.strip_prefix("blocked.").unwrap_or(reason);
    if NO_ANSWER.contains(&reason) {
        return None;
    }
    let is_on = outcome != "blocked"
        || ONLY_THIS_ONE.contains(&reason)
        || (!lives_somewhere && !REFUSED.contains(&reason));
    Some(if is_on { ChoiceState::On } else { ChoiceState::Off { since: None, by: OffBy::Any } })
}

/// A message as the brand would send it, with everything in it that a message must have.
fn message(visit: &Visit<'_>, channel: Channel, purpose: &str) -> Value {
    let content = visit.content();
    json!({
        "message_id": "preference-page",
        "channel": channel.code(),
        "category": "marketing",
        "purpose": purpose,
        "controller": content.controller,
        "brand": content.brand,
        "content": {
            "promotional": true, "sender_identity": true, "postal_address": true, "unsubscribe": true,
            "one_click": true, "contact_address": true, "ad_label": true,
        },
        "recipient": {
            "contact_id": content.contact_id,
            "address": content.address,
            "jurisdiction": content.jurisdiction,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_as_off_cannot_come() {
        let shown = |outcome: &str, reason: &str, lives_somewhere: bool| {
            let decision = json!({ "outcome": outcome, "reason": reason });
            state(&decision, lives_somewhere).map(|it| it == ChoiceState::On)
        };
        for lives_somewhere in [true, false] {
            assert_eq!(shown("approved", "approved.express", lives_somewhere), Some(true));
            assert_eq!(shown("deferred", "deferred.quiet_hours", lives_somewhere), Some(true));
            assert_eq!(shown("blocked", "blocked.frequency_cap", lives_somewhere), Some(true));
            assert_eq!(shown("blocked", "blocked.opted_out", lives_somewhere), Some(false));
            assert_eq!(shown("blocked", "blocked.state_unavailable", lives_somewhere), None);
        }
        assert_eq!(shown("blocked", "blocked.no_consent", true), Some(false));
        // elsewhere it might come without
        assert_eq!(shown("blocked", "blocked.no_consent", false), Some(true));
        let reasons = gate_reasons();
        for reason in NO_ANSWER.iter().chain(&ONLY_THIS_ONE).chain(&REFUSED) {
            assert!(reasons.contains(&format!("| `blocked.{reason}` |")), "{reason}");
        }
    }

    #[test]
    fn what_is_cleared_is_refused_even_when_the_brand_has_it_no_more() {
        let own = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let shown = own(&["email.marketing.newsletter", "email.gone", "sms.marketing.offers"]);
        let kept = own(&["sms.marketing.offers", "email.never-shown"]);
        let off = cleared(&shown, &kept).unwrap();
        let email = |purpose| Some((Channel::Email, purpose));
        assert_eq!(off, [email("gone"), email("marketing.newsletter")]);
        assert_eq!(cleared(&own(&["email.a", "email.a"]), &[]).unwrap().len(), 1);
        assert_eq!(cleared(&[], &[]), Some(Vec::new()));
        let long = format!("email.{}", "a".repeat(PURPOSE_CHARS_MAX + 1));
        for wrong in ["email", "fax.a", "email.A b", "email.\0", &long] {
            assert_eq!(cleared(&own(&["email.fine", wrong]), &[]), None, "{wrong}");
        }
    }

    fn gate_reasons() -> String {
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/reasons.md"))
            .unwrap()
    }
}
