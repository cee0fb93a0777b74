//! What a person said as bars over time, with the messages of that time: from the events and decisions that a page shows.
//!
//! Bars say what was said, not what counts: a permission may have ended by itself, and rules of a place may ask for more. Where
//! older events are on another page, bars begin with the oldest that is on this one.

use std::collections::{BTreeMap, BTreeSet};

use gate_pages::{Lane, Lanes, Span, Tick};

use super::super::ask::decisions::RowAnswer;
use super::super::ask::events::EventAnswer;

/// Bars that are drawn.
const LANES_MAX: usize = 6;

/// What a bar is about. Messages of a purpose are covered by what was said of a purpose above it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct About {
    channel: String,
    purpose: String,
    brand: String,
}

impl About {
    /// What a message is about; one without a channel could not be read.
    fn of_row(row: &RowAnswer) -> Option<Self> {
        Some(Self {
            channel: row.channel.clone()?,
            purpose: row.purpose.clone().unwrap_or_default(),
            brand: row.brand.clone().unwrap_or_default(),
        })
    }

    /// What an event names; one for every channel has no bar of its own.
    fn of_event(event: &EventAnswer) -> Option<Self> {
        (event.channel != "any").then(|| Self {
            channel: event.channel.to_owned(),
            purpose: event.purpose.clone().unwrap_or_default(),
            brand: event.brand.clone().unwrap_or_default(),
        })
    }

    fn is_covered_by(&self, event: &EventAnswer) -> bool {
        let is_any = |name: &Option<String>, own: &str| {
            name.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(own))
        };
        let is_above = |purpose: &str| {
            let own = self.purpose.to_ascii_lowercase();
            let above = purpose.to_ascii_lowercase();
            own.strip_prefix(&above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        (event.channel == "any" || event.channel == self.channel)
            && event.purpose.as_deref().is_none_or(is_above)
            && is_any(&event.brand, &self.brand)
    }

    fn words(&self) -> String {
        let names = [self.purpose.as_str(), self.brand.as_str()];
        names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

/// The bars, from the first thing that was said until now; `None` when nothing was.
pub(super) fn lanes(events: &[EventAnswer], rows: &[RowAnswer], now: &str) -> Option<Lanes> {
    let mut said: Vec<&EventAnswer> =
        events.iter().filter(|event| matches!(event.effect, "permits" | "refuses")).collect();
    said.sort_by_key(|event| instant(when(event)));
    let from = when(said.first()?).to_owned();
    let mut messages: BTreeMap<About, Vec<Tick>> = BTreeMap::new();
    for row in rows.iter().filter(|row| instant(&row.evaluated_at) >= instant(&from)) {
        let Some(about) = About::of_row(row) else { continue };
        let tick = Tick { at: row.evaluated_at.clone(), approved: row.outcome == "approved" };
        messages.entry(about).or_default().push(tick);
    }
    let spoken: BTreeSet<About> = said.iter().filter_map(|event| About::of_event(event)).collect();
    let mut abouts: Vec<About> = messages.keys().cloned().collect();
    // the busiest first
    abouts.sort_by_key(|about| std::cmp::Reverse(messages.get(about).map_or(0, Vec::len)));
    abouts.extend(spoken.into_iter().filter(|about| !messages.contains_key(about)));
    abouts.truncate(LANES_MAX);
    let lane = |about: &About| {
        let spans = spans(said.iter().filter(|event| about.is_covered_by(event)));
        let messages = messages.get(about).cloned().unwrap_or_default();
        Lane { channel: about.channel.clone(), purpose: about.words(), spans, messages }
    };
    // what nothing was said of is no bar
    let lanes: Vec<Lane> = abouts.iter().map(lane).filter(|it| !it.spans.is_empty()).collect();
    (!lanes.is_empty()).then(|| Lanes { from, until: now.to_owned(), lanes })
}

/// Stretches in which a permission or a refusal was the last word.
fn spans<'e>(said: impl Iterator<Item = &'e &'e EventAnswer>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for event in said {
        let agreed = event.effect == "permits";
        if let Some(last) = spans.last_mut() {
            if last.agreed == agreed {
                continue;
            }
            last.until = Some(when(event).to_owned());
        }
        spans.push(Span { from: when(event).to_owned(), until: None, agreed });
    }
    spans
}

fn when(event: &EventAnswer) -> &str {
    event.occurred_at.as_deref().unwrap_or(&event.received_at)
}

/// What cannot be read stands at the beginning.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-29T21:12:07Z";

    fn event(day: u8, effect: &'static str, channel: &'static str, purpose: &str) -> EventAnswer {
        let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        EventAnswer {
            source: format!("consent-change/0/{day}"),
            place: (0, i64::from(day)),
            received_at: format!("2026-11-{day:02}T10:00:01Z"),
            occurred_at: Some(format!("2026-11-{day:02}T10:00:00Z")),
            action: None,
            words: String::new(),
            effect,
            channel,
            purpose: name(purpose),
            brand: None,
            controller: None,
            method: None,
            notice_version: None,
            is_in_force: None,
            class: None,
            event: None,
            event_id: None,
            contact_id: None,
            address: None,
        }
    }

    fn row(day: u8, channel: &str, purpose: &str, outcome: &str) -> RowAnswer {
        RowAnswer {
            source: String::new(),
            place: (String::new(), 0, 0),
            evaluated_at: format!("2026-11-{day:02}T12:00:00.5Z"),
            message_id: None,
            outcome: outcome.to_owned(),
            reason: String::new(),
            meaning: String::new(),
            reasons: Vec::new(),
            channel: Some(channel.to_owned()),
            purpose: Some(purpose.to_owned()),
            brand: None,
            controller: None,
            campaign: None,
            jurisdictions: Vec::new(),
            policy_revision: String::new(),
            not_before: None,
            is_reconstructed: false,
        }
    }

    fn day(at: &str) -> &str {
        at.get(8..10).unwrap_or_default()
    }

    /// From and until which day, and whether it is agreed.
    fn said(lane: &Lane) -> Vec<(&str, Option<&str>, bool)> {
        let spans = lane.spans.iter();
        spans.map(|it| (day(&it.from), it.until.as_deref().map(day), it.agreed)).collect()
    }

    #[test]
    fn the_last_word_counts_until_another_is_said() {
        // newest first, as pages have them
        let events = [
            event(25, "permits", "sms", "marketing.offers"),
            event(20, "refuses", "any", ""),
            event(12, "notes", "email", ""),
            event(11, "permits", "email", "marketing"),
            event(10, "permits", "email", "marketing.news"),
        ];
        let rows = [
            row(21, "email", "marketing.news", "blocked"),
            row(15, "email", "marketing.news", "approved"),
            row(9, "email", "marketing.news", "blocked"),
            row(8, "push", "marketing.news", "blocked"),
        ];
        let lanes = lanes(&events, &rows, NOW).unwrap();
        assert_eq!((lanes.from.as_str(), lanes.until.as_str()), ("2026-11-10T10:00:00Z", NOW));
        let named: Vec<(&str, &str)> =
            lanes.lanes.iter().map(|it| (it.channel.as_str(), it.purpose.as_str())).collect();
        let news = ("email", "marketing.news");
        assert_eq!(named, [news, ("email", "marketing"), ("sms", "marketing.offers")]);
        let [news, all, sms] = lanes.lanes.as_slice() else { panic!("three bars") };
        assert_eq!(said(news), [("10", Some("20"), true), ("20", None, false)]);
        assert_eq!(said(all), [("11", Some("20"), true), ("20", None, false)], "only above it");
        assert_eq!(said(sms), [("20", Some("25"), false), ("25", None, true)]);
        let approved: Vec<bool> = news.messages.iter().map(|it| it.approved).collect();
        assert_eq!(approved, [false, true], "none of before the first word");
    }

    #[test]
    fn what_is_said_of_a_brand_is_said_of_that_one() {
        let of = |brand: &str, event: EventAnswer| EventAnswer {
            brand: Some(brand.to_owned()),
            ..event
        };
        let events = [
            of("tents", event(12, "refuses", "email", "")),
            of("boots", event(11, "permits", "email", "news")),
        ];
        let message = |brand: &str| RowAnswer {
            brand: Some(brand.to_owned()),
            ..row(15, "email", "newsletters", "blocked")
        };
        let lanes = lanes(&events, &[message("tents"), message("boots")], NOW).unwrap();
        let found: Vec<_> = lanes.lanes.iter().map(|it| (it.purpose.as_str(), said(it))).collect();
        assert_eq!(
            found,
            [
                ("newsletters, tents", vec![("12", None, false)]),
                ("tents", vec![("12", None, false)]),
                ("news, boots", vec![("11", None, true)]),
            ],
            "`news` is not above `newsletters`"
        );
    }

    #[test]
    fn bars_are_few_and_of_something_said() {
        assert_eq!(lanes(&[], &[row(15, "email", "news", "blocked")], NOW), None);
        let notes = [event(12, "notes", "email", ""), event(13, "unreadable", "any", "")];
        assert_eq!(lanes(&notes, &[], NOW), None);
        assert_eq!(lanes(&[event(12, "refuses", "any", "")], &[], NOW), None, "of no channel");
        let many: Vec<EventAnswer> =
            (1..28).map(|day| event(day, "permits", "email", &format!("p{day}"))).collect();
        assert_eq!(lanes(&many, &[], NOW).unwrap().lanes.len(), LANES_MAX);
    }
}
