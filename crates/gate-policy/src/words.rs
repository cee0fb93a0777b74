//! Parts of a rule in words, for tables, differences and explanations. One wording for all of them.

use gate_core::policy::{
    AppliesTo, BasisRule, Cap, Condition, ContentSet, Exemption, Ground, Hours, Jurisdiction,
    KindRule, PerSender, Period, PolicySet, RecipientSet, Registry, Rule, Window,
};
use gate_core::{Basis, Channel, Timestamp};

/// The days of a week, Monday first.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// What people read between the items of a list.
pub(crate) fn joined(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// `24 months`, `28 days`, `without end`.
#[must_use]
pub fn period(of: Period) -> String {
    let count = |n: i32, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match of.parts() {
        None => String::from("without end"),
        Some((months, 0)) => count(months, "month"),
        Some((0, days)) => count(days, "day"),
        Some((months, days)) => format!("{} {}", count(months, "month"), count(days, "day")),
    }
}

/// The day of an instant by the calendar of a jurisdiction's law.
#[must_use]
pub fn day(of: Timestamp, land: &Jurisdiction, set: &PolicySet) -> String {
    let zone = set.parts().zones.get(usize::from(land.law_zone));
    let at = jiff::Timestamp::from_microsecond(of.as_micros()).ok();
    match (zone, at) {
        (Some(zone), Some(at)) => zone.time_zone.to_datetime(at).date().to_string(),
        _ => String::from("-"),
    }
}

/// A basis as people say it.
#[must_use]
pub fn basis_name(of: Basis) -> String {
    of.as_str().replace("_opt_in", " opt-in").replace('_', " ")
}

/// An accepted basis with how long it lasts.
#[must_use]
pub fn basis(of: &BasisRule) -> String {
    let mut terms = Vec::new();
    if !of.valid_for.is_unlimited() {
        terms.push(period(of.valid_for));
    }
    if let Some(dormancy) = of.dormancy {
        terms.push(format!("lapses {} after the last act", period(dormancy.block_after)));
    }
    terms.extend(of.grounds.iter().map(ground));
    let name = basis_name(of.basis);
    if terms.is_empty() { name } else { format!("{name} ({})", terms.join("; ")) }
}

fn ground(of: &Ground) -> String {
    let mut kinds: Vec<String> = of.kinds.iter().map(kind).collect();
    if of.any_kind {
        kinds.push(String::from("any relationship"));
    }
    let longest = of.valid_for.map(|longest| format!(", at most {}", period(longest)));
    format!("{}{}", kinds.join(", "), longest.unwrap_or_default())
}

/// A kind of relationship with how long it counts.
#[must_use]
pub fn kind(of: &KindRule) -> String {
    let running = if of.while_running { ", while it runs" } else { "" };
    format!("{} {}{running}", of.kind.as_str().replace('_', " "), period(of.period))
}

/// Conditions by their names.
pub(crate) fn conditions(of: &[Condition]) -> String {
    joined(of.iter().map(|condition| condition.as_str().to_owned()))
}

/// What frees from something; empty when nothing does.
#[must_use]
pub fn exemption(of: &Exemption) -> String {
    let accepted = Basis::ALL.into_iter().filter(|basis| of.bases.contains(*basis));
    joined(accepted.map(basis_name).chain(of.kinds.iter().map(kind)))
}

/// What a prohibition or an addition is about.
#[must_use]
pub fn about(of: Option<&AppliesTo>) -> String {
    of.map_or_else(
        || String::from("everything"),
        |of| joined(of.purposes.iter().chain(&of.product_groups).cloned()),
    )
}

/// Content elements by their names.
#[must_use]
pub fn content(of: ContentSet) -> String {
    joined(of.iter().map(|element| element.as_str().replace('_', " ")))
}

/// A cap, such as `3 in 24 h per subject`.
#[must_use]
pub fn cap(of: &Cap) -> String {
    let free = exemption(&of.exempt);
    let free = if free.is_empty() { free } else { format!(" (not with {free})") };
    format!("{} in {} per {}{free}", of.count, span(of), per(of.per))
}

pub(crate) fn span(of: &Cap) -> String {
    let hours = of.window.as_secs() / 3_600;
    if hours > 24 && hours.is_multiple_of(24) {
        format!("{} days", hours / 24)
    } else {
        format!("{hours} h")
    }
}

pub(crate) const fn per(of: PerSender) -> &'static str {
    match of {
        PerSender::Controller => "sender",
        PerSender::Brand => "brand",
        PerSender::Subject => "subject",
    }
}

/// A registry with how old its answer may be, and what overrides it.
#[must_use]
pub fn registry(of: &Registry) -> String {
    let name = of.ids.first().map_or("", String::as_str);
    let by = overridden_by(of);
    let by = if by.is_empty() { by } else { format!(", unless {by}") };
    format!("{name}, {}{by}", period(of.max_age))
}

pub(crate) fn overridden_by(of: &Registry) -> String {
    let by = Exemption { bases: of.overridden_by, kinds: of.overridden_by_kinds.clone() };
    let after = if of.consent_after_listing { " after the listing" } else { "" };
    let by = exemption(&by);
    if by.is_empty() { by } else { format!("{by}{after}") }
}

/// Kinds of recipient.
#[must_use]
pub fn recipients(of: Option<RecipientSet>) -> String {
    of.map_or_else(
        || String::from("all"),
        |of| joined(of.iter().map(|kind| kind.as_str().replace('_', " "))),
    )
}

/// Channels of a rule.
#[must_use]
pub fn channels(of: &Rule) -> String {
    let all = Channel::ALL.into_iter().filter(|channel| of.channels.contains(*channel));
    joined(all.map(|channel| channel.as_str().to_owned()))
}

/// Allowed hours, such as `Mon–Fri 09:00–20:00, Sat 09:00–17:00; public holidays closed`.
#[must_use]
pub fn hours(of: &Hours, set: &PolicySet) -> String {
    let mut groups: Vec<(usize, usize, String)> = Vec::new();
    for (day, open) in of.days.iter().enumerate() {
        let open = windows(open);
        match groups.last_mut() {
            Some((_, last, known)) if *known == open => *last = day,
            _ => groups.push((day, day, open)),
        }
    }
    let days =
        groups.into_iter().map(|(first, last, open)| format!("{} {open}", days(first, last)));
    let mut out = joined(days);
    if let Some(holidays) = &of.holidays {
        let calendar = set.parts().calendars.get(usize::from(holidays.calendar));
        let name = calendar.map_or("public", |calendar| calendar.id.as_str());
        out.push_str(&format!("; holidays ({name}) {}", windows(&holidays.open)));
    }
    let free = exemption(&of.exempt);
    if !free.is_empty() {
        out.push_str(&format!("; any time with {free}"));
    }
    out
}

/// `Mon–Fri`, or one day.
pub(crate) fn days(first: usize, last: usize) -> String {
    let name = |day: usize| DAYS.get(day).copied().unwrap_or("-");
    if first == last { name(first).to_owned() } else { format!("{}–{}", name(first), name(last)) }
}

fn windows(open: &[Window]) -> String {
    if open.is_empty() {
        return String::from("closed");
    }
    joined(open.iter().map(|window| span_of_day(window.start(), window.end())))
}

/// `08:00–21:00` of minutes since midnight.
pub(crate) fn span_of_day(start: u16, end: u16) -> String {
    format!("{:02}:{:02}–{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
}

/// Where a rule comes from: its law and how far that was looked up, then each source.
#[must_use]
pub fn origin(set: &PolicySet, rule: &Rule) -> Vec<String> {
    let from = &rule.provenance;
    let law = if from.law.is_empty() { "no law named" } else { from.law.as_str() };
    let marks = joined(
        from.status.iter().map(|status| format!("{} {}", status.as_str(), status.meaning())),
    );
    let sources = set.pack(rule.pack).map_or(&[][..], |pack| pack.sources.as_slice());
    let source = |key: &String| {
        let (_, text) = sources.iter().find(|(known, _)| known == key)?;
        Some(format!("source {key}: {text}"))
    };
    let first = format!("{law} ({marks})");
    std::iter::once(first).chain(from.sources.iter().filter_map(source)).collect()
}
