//! The law sheet of a set as a Markdown page: every jurisdiction, every channel, every rule with its dates.
//!
//! It looks at no clock: rules of all times stand in it with the days they apply, so that the page changes only
//! when a pack does.

use crate::words;
use gate_core::Channel;
use gate_core::Timestamp;
use gate_core::policy::{Jurisdiction, Pack, PolicySet, Regime, Rule};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The page.
#[must_use]
pub fn law_table(set: &PolicySet) -> String {
    let mut page = String::from(
        "<!-- Generated from the packs: UPDATE_GOLDEN=1 cargo test --release -p gate-policy the_page_of_the_law -->\n\
         # The rules, as a table\n\n\
         What the packs say, jurisdiction by jurisdiction. Engineering reference, no legal advice. Hours are the recipient's local time.\n\
         A regime that changes is written with its first day. Rules *on top* apply beside the base rule; the strictest result wins.\n\
         Marks: `L1` primary text read, `L2` secondary source read, `K` from knowledge, `P` product rule. A law that is not in a row stands\n\
         in its pack.\n\n## At a glance\n\n",
    );
    glance(&mut page, set);
    for (pack, index) in set.packs().iter().zip(0u16..) {
        of_pack(&mut page, set, pack, index);
    }
    page
}

/// A row per group of jurisdictions with the same rules: the regime of each channel.
fn glance(page: &mut String, set: &PolicySet) {
    let names = Channel::ALL.map(|channel| channel.as_str().to_owned());
    writeln!(page, "| jurisdiction | {} | review by |", names.join(" | ")).ok();
    writeln!(page, "|---|{}---|", "---|".repeat(names.len())).ok();
    for (lands, codes) in groups(set) {
        let cells = Channel::ALL.map(|channel| regimes(set, lands, channel));
        let review = set.pack(lands.pack).and_then(|pack| pack.review_by);
        let review = review.map_or_else(|| String::from("–"), |day| day.to_string());
        writeln!(page, "| {} | {} | {review} |", codes.join(" "), cells.join(" | ")).ok();
    }
}

/// Jurisdictions with the same rules, each group once, named by all its codes.
fn groups(set: &PolicySet) -> Vec<(&Jurisdiction, Vec<&str>)> {
    let mut out: Vec<(&Jurisdiction, Vec<&str>)> = Vec::new();
    for land in &set.parts().jurisdictions {
        let same = |known: &&Jurisdiction| known.pack == land.pack && known.rules == land.rules;
        match out.iter_mut().find(|(known, _)| same(known)) {
            Some((_, codes)) => codes.push(land.code.as_str()),
            None => out.push((land, vec![land.code.as_str()])),
        }
    }
    out
}

/// `opt-out, opt-in from 2026-08-11`; kinds of recipient with a rule of their own stand behind.
fn regimes(set: &PolicySet, land: &Jurisdiction, channel: Channel) -> String {
    let rules = land.rules_of(channel).iter().filter_map(|index| set.rule(*index));
    let mut by_kind: BTreeMap<String, Vec<&Rule>> = BTreeMap::new();
    let mut has_more = false;
    for rule in rules {
        has_more |= rule.regime.is_none();
        if rule.regime.is_some() {
            let kind = rule.recipients.map_or_else(String::new, |set| words::recipients(Some(set)));
            by_kind.entry(kind).or_default().push(rule);
        }
    }
    let mut parts = Vec::new();
    for (kind, mut rules) in by_kind {
        rules.sort_by_key(|rule| rule.from);
        let mut said: Vec<String> = Vec::new();
        let mut former = None;
        for rule in rules {
            if former != rule.regime {
                let regime = regime(rule.regime);
                let from = begins(rule, set).map(|day| format!(" from {day}"));
                said.push(format!("{regime}{}", from.unwrap_or_default()));
            }
            former = rule.regime;
        }
        let said = said.join(", ");
        parts.push(if kind.is_empty() { said } else { format!("{kind}: {said}") });
    }
    let more = if has_more { " +" } else { "" };
    format!("{}{more}", parts.join("; "))
}

fn regime(of: Option<Regime>) -> &'static str {
    match of {
        Some(Regime::OptIn) => "opt-in",
        Some(Regime::OptOut) => "opt-out",
        Some(Regime::Prohibited) => "prohibited",
        None => "on top",
    }
}

fn of_pack(page: &mut String, set: &PolicySet, pack: &Pack, index: u16) {
    let review = pack.review_by.map_or_else(|| String::from("not set"), |day| day.to_string());
    let signed = pack
        .signed_off
        .as_ref()
        .map_or_else(|| String::from("nobody"), |signed| format!("{}, {}", signed.by, signed.on));
    let (code, title, version) = (pack.code.as_str(), &pack.title, &pack.version);
    let lands = set.parts().jurisdictions.iter().filter(|land| land.pack == index);
    let ages: Vec<String> = lands
        .filter_map(|land| Some(format!("{} {}", land.code.as_str(), land.minor_below?)))
        .collect();
    let ages = shortened(&ages);
    // as a table, since the list of ages can be long
    writeln!(
        page,
        "\n## {code}: {title}\n\n| version | review by | signed off by | no marketing below |"
    )
    .ok();
    writeln!(page, "|---|---|---|---|\n| {version} | {review} | {signed} | {ages} |\n").ok();
    page.push_str(
        "| rule | where | channels | to | when | regime | bases | hours | caps | registries | marks |\n",
    );
    page.push_str("|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (rule, nth) in set.rules().iter().zip(0u16..).filter(|(rule, _)| rule.pack == index) {
        row(page, set, (rule, nth));
    }
}

/// The age of one pack once, and of others beside it.
fn shortened(ages: &[String]) -> String {
    let years = |text: &String| text.split(' ').nth(1).unwrap_or_default().to_owned();
    let Some(first) = ages.first().map(years) else { return String::from("–") };
    let others: Vec<&str> =
        ages.iter().filter(|age| years(age) != first).map(String::as_str).collect();
    let others = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
    format!("{first} years{others}")
}

/// The jurisdictions of the pack with this rule, unless it is all of them.
fn places(set: &PolicySet, rule: &Rule, nth: u16) -> String {
    let lands = || set.parts().jurisdictions.iter().filter(|land| land.pack == rule.pack);
    let has_it = |land: &&Jurisdiction| land.rules.iter().flatten().any(|index| *index == nth);
    let codes: Vec<&str> = lands().filter(has_it).map(|land| land.code.as_str()).collect();
    if codes.len() == lands().count() { String::from("all") } else { codes.join(" ") }
}

fn row(page: &mut String, set: &PolicySet, (rule, nth): (&Rule, u16)) {
    let id = rule.label.split_once('/').map_or(rule.label.as_str(), |(_, id)| id);
    let mut said = regime(rule.regime).to_owned();
    if let Some(unless) = &rule.prohibited_unless {
        let unless = words::exemption(unless);
        let unless = if unless.is_empty() { unless } else { format!(" unless {unless}") };
        said = format!("prohibited{unless}");
    }
    if rule.applies_to.is_some() {
        said.push_str(&format!(": {}", words::about(rule.applies_to.as_ref())));
    }
    let bases = words::joined(rule.bases.iter().map(words::basis));
    let hours = rule.hours.as_ref().map_or_else(String::new, |hours| words::hours(hours, set));
    let caps = rule.caps.iter().map(words::cap).collect::<Vec<_>>().join("; ");
    let registries = rule.registries.iter().map(words::registry).collect::<Vec<_>>().join("; ");
    let marks = words::joined(rule.provenance.status.iter().map(|mark| mark.as_str().to_owned()));
    let to = words::recipients(rule.recipients);
    let cells = [
        id,
        &places(set, rule, nth),
        &words::channels(rule),
        &to,
        &when(rule, set),
        &said,
        &bases,
        &hours,
        &caps,
        &registries,
        &marks,
    ]
    .map(|cell| if cell.is_empty() { String::from("–") } else { cell.replace('|', "\\|") });
    writeln!(page, "| {} |", cells.join(" | ")).ok();
}

fn when(rule: &Rule, set: &PolicySet) -> String {
    let from = begins(rule, set).map(|day| format!("from {day}"));
    let until =
        (rule.until != Timestamp::MAX).then(|| format!("until {}", day(rule, set, rule.until)));
    words::joined(from.into_iter().chain(until))
}

fn begins(rule: &Rule, set: &PolicySet) -> Option<String> {
    (rule.from != Timestamp::MIN).then(|| day(rule, set, rule.from))
}

/// The day that begins at the instant, in the law zone of the rule's pack.
fn day(rule: &Rule, set: &PolicySet, at: Timestamp) -> String {
    let land = set.parts().jurisdictions.iter().find(|land| land.pack == rule.pack);
    land.map_or_else(|| String::from("-"), |land| words::day(at, land, set))
}
