//! Applies a mapping file to a request.

use crate::batch::{At, Batch};
use crate::draft::{Draft, Id};
use crate::form;
use crate::json::{self, Item};
use crate::limits::ITEMS_MAX;
use crate::outcome::{ProblemClass, Refusal, Skip};
use crate::request::Request;
use crate::table::{AtUnit, BodyKind, Mapping, Rule};
use crate::time;
use gate_core::{Action, Keyword, Timestamp, classify};
use serde_json::{Map, Value};

/// What the items say.
pub(crate) fn handle(
    batch: &mut Batch<'_>,
    mapping: &Mapping,
    request: &Request,
) -> Result<(), Refusal> {
    let items = items(mapping, request)?;
    if items.is_empty() {
        batch.skip(Skip::Notice);
    }
    for item in items {
        let at = At { index: item.index, pointer: &item.pointer, raw: &item.raw };
        match item.value {
            Ok(value) => one(batch, mapping, &at, &value),
            Err(class) => batch.problem(&at, "", class, "the item cannot be read"),
        }
    }
    batch.outcome.answer.status = mapping.status.unwrap_or(200);
    Ok(())
}

/// The items, unwrapped.
fn items(mapping: &Mapping, request: &Request) -> Result<Vec<Item>, Refusal> {
    let is_json = request.media_type().ends_with("json");
    let found = match mapping.body {
        BodyKind::Json => json::items(&request.body)?,
        BodyKind::JsonOrForm if is_json => json::items(&request.body)?,
        BodyKind::Form | BodyKind::JsonOrForm => {
            let query = request.query().unwrap_or_default().as_bytes();
            let body = if request.body.is_empty() { query } else { &request.body };
            vec![of_form(body)]
        }
        BodyKind::JsonInForm => {
            let form = form::of_request(request);
            let name = mapping.form_field.as_deref().unwrap_or_default();
            json::items(form::value(&form, name).ok_or(Refusal::Unreadable)?.as_bytes())?
        }
    };
    let Some(pointer) = &mapping.items else { return Ok(found) };
    let mut inner = Vec::new();
    for item in found {
        let list = item
            .value
            .as_ref()
            .ok()
            .and_then(|value| json::at(value, pointer))
            .and_then(Value::as_array);
        let Some(list) = list else {
            if item.value.is_err() {
                inner.push(item);
            }
            continue;
        };
        for (number, value) in list.iter().enumerate() {
            let raw = value.to_string().into_bytes();
            let pointer = format!("{}{pointer}/{number}", item.pointer);
            inner.push(Item { index: inner.len(), pointer, raw, value: Ok(value.clone()) });
        }
    }
    if inner.len() > ITEMS_MAX { Err(Refusal::TooLarge) } else { Ok(inner) }
}

/// A form as one object; of a name that is repeated nobody knows which value counts.
fn of_form(body: &[u8]) -> Item {
    let mut members = Map::new();
    let mut is_twice = false;
    for (name, value) in form::urlencoded(body) {
        is_twice |= members.insert(name, Value::String(value)).is_some();
    }
    let value = if is_twice { Err(ProblemClass::DuplicateKey) } else { Ok(Value::Object(members)) };
    Item { index: 0, pointer: String::new(), raw: body.to_vec(), value }
}

/// What lies inside the wrappers; `None` for an empty one, as a ping is.
fn unwrapped<'v>(mapping: &Mapping, mut value: &'v Value) -> Option<&'v Value> {
    for name in &mapping.unwrap {
        value = match name.as_str() {
            "*" => value.as_object().filter(|members| members.len() == 1)?.values().next()?,
            name => value.get(name)?,
        };
    }
    Some(value)
}

fn first<'v>(value: &'v Value, pointers: &'v [String]) -> Option<String> {
    pointers.iter().find_map(|pointer| json::scalar(value, pointer))
}

fn fits(rule: &Rule, value: &Value) -> bool {
    rule.when.iter().all(|(pointer, wanted)| {
        let found = json::scalar(value, pointer);
        match found {
            None => false,
            Some(found) => {
                wanted.is_empty() || wanted.iter().any(|one| one.eq_ignore_ascii_case(&found))
            }
        }
    })
}

fn one(batch: &mut Batch<'_>, mapping: &Mapping, at: &At<'_>, whole: &Value) {
    let Some(value) = unwrapped(mapping, whole) else { return batch.skip(Skip::Notice) };
    let Some(rule) = mapping.rules.iter().find(|rule| fits(rule, value)) else {
        return batch.skip(Skip::UnknownEvent);
    };
    let Some(action) = rule.action.as_deref().and_then(Action::parse) else {
        return batch.skip(Skip::NotAChange);
    };
    let switches = batch.source.switches;
    if (rule.repeats && !switches.repeats) || (action == Action::Erase && !switches.erase) {
        return batch.skip(Skip::SwitchedOff);
    }
    let Some((occurred_at, is_received)) = when(batch, mapping, at, value) else { return };
    let who = first(value, &mapping.address);
    let contact = first(value, &mapping.contact_id);
    let (id, is_sure) = id(mapping, rule, value, (whole, &who, &contact));
    let parts: Vec<String> =
        mapping.parts.iter().filter_map(|pointer| json::scalar(value, pointer)).collect();
    // parts of one text may come under one id, and a STOP in the second is no repetition of the first
    let id = parts.iter().fold(id, |id, part| id.and(part));
    // what cannot be told from another act is never taken for a repetition: twice is safe, none is not
    let mut draft = if is_received && is_sure {
        Draft::received(action, id, occurred_at)
    } else {
        Draft::new(action, id, occurred_at)
    };
    draft.address = who.map(|address| plus(mapping, address));
    draft.contact_id = contact;
    draft.channel = rule
        .channel
        .clone()
        .or_else(|| batch.source.channel.clone())
        .or_else(|| mapping.channel.clone());
    let note = if rule.repeats { " (repeated by the provider; time of the report)" } else { "" };
    draft.via = Some(format!("{}:{}{note}", mapping.name, action.as_str()));
    draft.format.clone_from(&rule.format);
    let name = mapping
        .scope
        .as_ref()
        .filter(|_| rule.scoped)
        .and_then(|pointer| json::scalar(value, pointer));
    let scope = name.and_then(|name| batch.source.scopes.get(&name)).cloned();
    match action {
        Action::OptIn | Action::OptInConfirmed | Action::OptInRequested => {
            let has_scope = !rule.scoped || scope.is_some();
            let Some(grant) = batch.source.grant(scope.as_ref()).filter(|_| has_scope) else {
                return batch.skip(Skip::NoEvidence);
            };
            draft = draft.granted_in(grant, scope.as_ref());
        }
        Action::OptOut => draft = draft.refused_in(scope.as_ref()),
        Action::HardBounce => draft = draft.smtp(first(value, &mapping.smtp)),
        Action::InboundSms => {
            draft.text = first(value, &mapping.text);
            draft.to = first(value, &mapping.to).map(|to| plus(mapping, to));
            let Some(text) = &draft.text else { return batch.skip(Skip::NotAChange) };
            // a piece of something longer that reads as a YES is none
            let permits = matches!(classify(text), Keyword::Start | Keyword::Yes);
            if permits && !parts.is_empty() {
                return batch.skip(Skip::NotAChange);
            }
        }
        _ => {}
    }
    batch.push(at, draft);
}

/// A number in international form.
fn plus(mapping: &Mapping, address: String) -> String {
    let is_bare = mapping.address_adds_plus
        && address.len() >= 8
        && address.bytes().all(|byte| byte.is_ascii_digit())
        && !address.starts_with('0');
    if is_bare { format!("+{address}") } else { address }
}

/// The id of the event, and whether the provider says enough to know it again.
fn id(
    mapping: &Mapping,
    rule: &Rule,
    value: &Value,
    (whole, who, contact): (&Value, &Option<String>, &Option<String>),
) -> (Id, bool) {
    let parts: Option<Vec<String>> =
        mapping.event_id.iter().map(|pointer| json::scalar(value, pointer)).collect();
    let kind = rule.action.clone().unwrap_or_default();
    match parts.filter(|parts| !parts.is_empty()) {
        Some(parts) => (Id::Own(parts), true),
        None if mapping.identity.is_empty() => (Id::Hashed(vec![kind, whole.to_string()]), false),
        None => {
            let each: Vec<Option<String>> =
                mapping.identity.iter().map(|pointer| json::scalar(value, pointer)).collect();
            let is_sure = each.iter().any(Option::is_some);
            // the person always belongs to it
            let each = each.into_iter().chain([who.clone(), contact.clone()]);
            let each = each.map(Option::unwrap_or_default);
            (Id::Hashed(std::iter::once(kind).chain(each).collect()), is_sure)
        }
    }
}

/// The time of the act, and whether it is that of receipt. A time that is there and cannot be read is a problem.
fn when(
    batch: &mut Batch<'_>,
    mapping: &Mapping,
    at: &At<'_>,
    value: &Value,
) -> Option<(Timestamp, bool)> {
    let found =
        mapping.occurred_at.iter().find_map(|field| Some((field, json::at(value, &field.path)?)));
    let Some((field, stated)) = found else { return Some((batch.now, true)) };
    let text = stated.as_str().unwrap_or_default();
    let read = match field.unit {
        AtUnit::Seconds => time::seconds(stated),
        AtUnit::Milliseconds => time::millis(stated),
        AtUnit::Rfc3339 => time::rfc3339(text),
        AtUnit::CivilUtc => time::civil_utc(text),
    };
    if read.is_none() {
        batch.problem(
            at,
            &field.path,
            ProblemClass::InvalidValue,
            "no time as the mapping expects it",
        );
    }
    read.map(|read| (read, false))
}
