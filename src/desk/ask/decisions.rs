//! Decisions by what they say: a page of them, newest first.

use std::sync::Arc;

use gate_core::{Reason, Timestamp};
use gate_index::{DecisionRow, Filter};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::asked::Asked;
use super::super::fields::Fields;
use super::{blocking, of_index};
use crate::answers::Problem;
use crate::exit::{ExitCode, Failure};
use crate::headers::rfc3339;

/// Decisions of a page when nobody says how many.
const LIMIT_PRESET: usize = 50;
/// Most of them.
const LIMIT_MAX: usize = 200;
/// What may be asked for.
pub(in crate::desk) const FIELDS: [&str; 13] = [
    "outcome",
    "reason",
    "channel",
    "purpose",
    "brand",
    "controller",
    "campaign",
    "jurisdiction",
    "since",
    "until",
    "cursor",
    "limit",
    "lang",
];

/// A decision in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct RowAnswer {
    /// Where its message stands; also its id.
    pub(in crate::desk) source: String,
    #[serde(skip)]
    pub(in crate::desk) place: (String, i32, i64),
    pub(in crate::desk) evaluated_at: String,
    pub(in crate::desk) message_id: Option<String>,
    pub(in crate::desk) outcome: String,
    pub(in crate::desk) reason: String,
    /// The reason in a sentence.
    pub(in crate::desk) meaning: String,
    /// Every failing reason.
    pub(in crate::desk) reasons: Vec<String>,
    pub(in crate::desk) channel: Option<String>,
    pub(in crate::desk) purpose: Option<String>,
    pub(in crate::desk) brand: Option<String>,
    pub(in crate::desk) controller: Option<String>,
    pub(in crate::desk) campaign: Option<String>,
    pub(in crate::desk) jurisdictions: Vec<String>,
    pub(in crate::desk) policy_revision: String,
    pub(in crate::desk) not_before: Option<String>,
    /// Only outcome and reason are known: the log's own record was lost.
    pub(in crate::desk) is_reconstructed: bool,
}

impl RowAnswer {
    pub(in crate::desk) fn of(row: &DecisionRow) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let texts = |texts: &[Box<str>]| texts.iter().map(|it| it.to_string()).collect();
        let source = &row.source;
        Self {
            source: format!("{}/{}/{}", source.topic, source.partition, source.offset),
            place: (source.topic.to_string(), source.partition, source.offset),
            evaluated_at: rfc3339(row.evaluated_at),
            message_id: text(&row.message_id),
            outcome: row.outcome().to_owned(),
            reason: row.reason().to_owned(),
            meaning: meaning(row.reason()),
            reasons: texts(row.reasons()),
            channel: row.channel().map(str::to_owned),
            purpose: text(&row.context.purpose),
            brand: text(&row.context.brand),
            controller: text(&row.context.controller),
            campaign: text(&row.context.campaign),
            jurisdictions: texts(row.jurisdictions()),
            policy_revision: row.policy_revision.to_string(),
            not_before: row.not_before.map(rfc3339),
            is_reconstructed: row.is_reconstructed(),
        }
    }
}

/// What a code means, as a sentence.
pub(in crate::desk) fn meaning(code: &str) -> String {
    Reason::parse(code).map_or_else(
        || "This version does not know the code.".to_owned(),
        |reason| sentence(reason.meaning()),
    )
}

/// A meaning with a capital and a full stop.
pub(in crate::desk) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

/// A page of decisions.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct DecisionsAnswer {
    pub(in crate::desk) decisions: Vec<RowAnswer>,
    /// Send it as `cursor` for older ones; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::desk) next: Option<String>,
    /// So much was looked at that the page ended early: there may be more behind `next`.
    pub(in crate::desk) is_cut_off: bool,
    /// The oldest decision in the index.
    pub(in crate::desk) index_since: Option<String>,
}

/// An instant as programs and forms write it: RFC 3339, or `2026-11-29T14:00` and `2026-11-29` in UTC.
pub(in crate::desk) fn instant(text: &str) -> Option<Timestamp> {
    let utc = |civil: jiff::civil::DateTime| jiff::tz::TimeZone::UTC.to_timestamp(civil).ok();
    let at = text.parse::<jiff::Timestamp>().ok();
    let at = at.or_else(|| text.parse::<jiff::civil::DateTime>().ok().and_then(utc));
    let at = at.or_else(|| {
        let day = text.parse::<jiff::civil::Date>().ok()?;
        utc(day.at(0, 0, 0, 0))
    })?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

/// # Errors
/// A field is wrong; its pointer says which.
pub(in crate::desk) fn filter(fields: &Fields) -> Result<Filter, Problem> {
    const WHEN: &str = "must be an instant such as 2026-11-29T14:00Z, or a day";
    let text = |name: &str| fields.get(name).map(str::to_owned);
    let known = |name: &str, what: &str, is_known: fn(&str) -> bool| {
        fields.parse(name, what, |text| is_known(text).then(|| text.to_owned()))
    };
    Ok(Filter {
        outcome: known("outcome", "must be approved, blocked or deferred", |text| {
            gate_core::Outcome::ALL.iter().any(|outcome| outcome.as_str() == text)
        })?,
        reason: known("reason", "is no reason that this version knows", |text| {
            Reason::parse(text).is_some()
        })?,
        channel: known("channel", "is no channel that this version knows", |text| {
            gate_core::Channel::parse(text).is_some()
        })?,
        jurisdiction: text("jurisdiction"),
        purpose: text("purpose"),
        brand: text("brand"),
        controller: text("controller"),
        campaign: text("campaign"),
        since: fields.parse("since", WHEN, instant)?,
        until: fields.parse("until", WHEN, instant)?,
        with_probe: false,
    })
}

pub(super) fn limit(fields: &Fields) -> Result<usize, Problem> {
    let what = format!("must be a number from 1 to {LIMIT_MAX}");
    let limit = fields.parse("limit", &what, |text| text.parse::<usize>().ok())?;
    Ok(limit.unwrap_or(LIMIT_PRESET).clamp(1, LIMIT_MAX))
}

/// # Errors
/// A field is wrong, or the index cannot be read.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<DecisionsAnswer, Problem> {
    asked.query.only(&FIELDS)?;
    let filter = filter(&asked.query)?;
    let limit = limit(&asked.query)?;
    let cursor = asked.query.get("cursor").map(str::to_owned);
    page(desk, move |desk| desk.index.list(&filter, cursor.as_deref(), limit)).await
}

/// Decisions about a message, by its id.
///
/// # Errors
/// As [`answer`].
pub(in crate::desk) async fn by_message(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<DecisionsAnswer, Problem> {
    asked.query.only(&["id", "cursor", "limit", "lang"])?;
    let Some(id) = asked.query.get("id").map(str::to_owned) else {
        return Err(Problem::malformed("/id", "name the id of a message"));
    };
    let limit = limit(&asked.query)?;
    let cursor = asked.query.get("cursor").map(str::to_owned);
    page(desk, move |desk| desk.index.of_message(&id, cursor.as_deref(), limit)).await
}

async fn page(
    desk: &Arc<Desk>,
    find: impl FnOnce(&Desk) -> Result<gate_index::Page<DecisionRow>, gate_index::IndexError>
    + Send
    + 'static,
) -> Result<DecisionsAnswer, Problem> {
    let found = blocking(desk, move |desk| {
        let oldest = desk.index.figures().map(|figures| figures.oldest);
        Ok((find(desk), oldest))
    });
    let (page, oldest) = found.await?;
    let page = page.map_err(|error| of_index(&error))?;
    let oldest = oldest.map_err(|error| of_index(&error))?;
    Ok(DecisionsAnswer {
        decisions: page.items.iter().map(RowAnswer::of).collect(),
        next: page.next,
        is_cut_off: page.is_cut_off,
        index_since: oldest.map(rfc3339),
    })
}

/// An index's error inside blocking work.
pub(super) fn storage(error: gate_index::IndexError) -> Failure {
    Failure::of(ExitCode::Storage, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_people_write_them() {
        let at = |text| instant(text).map(rfc3339);
        assert_eq!(at("2026-11-29T14:00").as_deref(), Some("2026-11-29T14:00:00Z"));
        assert_eq!(at("2026-11-29T14:00:00+01:00").as_deref(), Some("2026-11-29T13:00:00Z"));
        assert_eq!(at("2026-11-29").as_deref(), Some("2026-11-29T00:00:00Z"));
        assert!(at("yesterday").is_none() && at("").is_none());
    }

    #[test]
    fn a_wrong_filter_says_which() {
        let of = |text: &str| filter(&Fields::of_form(text.as_bytes()).unwrap());
        assert_eq!(of("brand=tents&channel=sms").unwrap().brand.as_deref(), Some("tents"));
        for (text, at) in [
            ("outcome=maybe", "/outcome"),
            ("reason=blocked.so", "/reason"),
            ("channel=pigeon", "/channel"),
            ("since=soon", "/since"),
        ] {
            assert_eq!(of(text).unwrap_err().pointer.as_deref(), Some(at), "{text}");
        }
        assert_eq!(meaning("blocked.opted_out"), "An opt-out covers the message.");
    }
}
