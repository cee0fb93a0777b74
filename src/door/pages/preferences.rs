//! The page that chooses: everything off with one button, or what may still come. It turns nothing on.
//!
//! What is on is what a gate would let pass now. When none answers, or the link names nobody whom a channel reaches, the choices
//! are not shown; refusing works all the same.

use std::collections::BTreeSet;
use std::time::Duration;

use gate_codec::{ConsentChangeRecord, EvidenceRecord};
use gate_door_pages::{
    Channel, Choice, ChoiceGroup, ChoiceState, ChoicesAwayPage, OffBy, PreferencesPage, Problem,
    StoppedPage, Unsaved, choice_value, read_choice,
};
use gate_intake::{Answer, Outcome, Request, TokenKind, accept};
use serde_json::{Value, json};

use super::{Visit, effect, link};
use crate::clock::now;
use crate::door::Door;
use crate::door::enforced;
use crate::door::take_in::settle;

/// Under which name what is chosen is counted.
const NAME: &str = "preference-page";
/// How long a page waits for a gate to say what is on; refusing must not wait for that.
const CHECK_MAX: Duration = Duration::from_secs(3);
/// Choices of one page.
const CHOICES_MAX: usize = 200;

/// What becomes of a request for `/p/TOKEN`.
pub(in crate::door) async fn chosen(door: &Door, request: &Request) -> Answer {
    let Some(visit) = Visit::of(door, request, TokenKind::Preferences) else {
        return super::nothing(door, request);
    };
    match request.method.as_str() {
        "GET" | "HEAD" => shown(door, &visit).await,
        "POST" => saved(door, &visit, request).await,
        _ => Answer::text(405, "method not allowed\n"),
    }
}

async fn shown(door: &Door, visit: &Visit<'_>) -> Answer {
    let Ok(here) = link(&format!("/p/{}", visit.text)) else {
        return visit.problem(Problem::NotFound);
    };
    match groups(door, visit).await {
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

async fn saved(door: &Door, visit: &Visit<'_>, request: &Request) -> Answer {
    let pairs = form_urlencoded::parse(&request.body);
    let form = Form(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect());
    if !door.keys.is_form(&visit.text, form.one("csrf").unwrap_or_default()) {
        return visit.problem(Problem::Form);
    }
    let Ok(here) = link(&format!("/p/{}", visit.text)) else {
        return visit.problem(Problem::NotFound);
    };
    if form.one("stop") == Some("everything") {
        let taken = refuse(door, visit, &[None]).await;
        let Some(places) = taken else { return visit.not_saved(Unsaved::Everything, here, true) };
        let enforced = enforced::wait(door, &places).await;
        let (who, preferences) = (visit.who(), Some(here));
        let view = StoppedPage { who, effect: effect(enforced), preferences };
        return visit.page(view.status(), view.render(visit.brand, &visit.frame));
    }
    let (shown, keep) = (form.all("shown"), form.all("keep"));
    let kept: BTreeSet<&String> = keep.iter().collect();
    let off = shown.iter().filter(|value| !kept.contains(value));
    let off: Vec<Option<(Channel, &str)>> = off
        .filter_map(|value| read_choice(value))
        .filter(|(channel, purpose)| visit.brand.purposes(*channel).contains(purpose))
        .map(Some)
        .collect();
    let Some(places) = refuse(door, visit, &off).await else {
        return visit.not_saved(Unsaved::Choices { shown, keep }, here, true);
    };
    let enforced = enforced::wait(door, &places).await;
    // saved is saved, whether or not a gate can say what else is on
    let mut groups = groups(door, visit).await.unwrap_or_default();
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
async fn groups(door: &Door, visit: &Visit<'_>) -> Option<Vec<ChoiceGroup>> {
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
    let answer = tokio::time::timeout(CHECK_MAX, door.gates.check(&messages)).await.ok()?;
    let answer =
        answer.map_err(|error| tracing::warn!(%error, "a page cannot show choices")).ok()?;
    let decisions = answer.get("messages")?.as_array()?;
    if decisions.len() != rows.len() {
        return None;
    }
    let reason = |decision: &Value| decision.get("reason")?.as_str().map(str::to_owned);
    // a link that knows no address cannot tell what may come there
    let is_known = |decision: &Value| {
        reason(decision).is_some_and(|reason| {
            !["blocked.missing_contact", "blocked.invalid_address", "blocked.state_unavailable"]
                .contains(&reason.as_str())
        })
    };
    let mut groups: Vec<ChoiceGroup> = Vec::new();
    for ((channel, purpose), decision) in rows.iter().zip(decisions) {
        if !is_known(decision) {
            continue;
        }
        let outcome = decision.get("outcome").and_then(Value::as_str);
        let state = match outcome {
            Some("approved" | "deferred") => ChoiceState::On,
            _ => ChoiceState::Off { since: None, by: OffBy::Any },
        };
        let choice = Choice { purpose: (*purpose).to_owned(), state, askable: false };
        match groups.last_mut().filter(|group| group.channel == *channel) {
            Some(group) => group.choices.push(choice),
            None => groups.push(ChoiceGroup { channel: *channel, choices: vec![choice] }),
        }
    }
    (!groups.is_empty()).then_some(groups)
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
        "recipient": {"contact_id": content.contact_id, "address": content.address},
    })
}
