//! The rules one message meets before and after, facet by facet.

use super::hours::hours;
use super::{Effect, Found, other};
use crate::words;
use gate_core::policy::{
    BasisRule, BasisSet, Cap, Condition, ConsentRequest, ContentSet, DoubleOptIn, Exemption,
    Period, Regime, Registry, Rule,
};
use gate_core::{Basis, Timestamp};
use std::collections::BTreeMap;

use Effect::{ForbidsMore, PermitsMore};

/// All differences.
pub(super) fn compare(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    let (Some(old_base), Some(new_base)) = (base(old), base(new)) else {
        let sentence = "one of the two has no base rule, so every message is blocked there";
        return if base(old).is_some() == base(new).is_some() {
            Vec::new()
        } else {
            vec![other(sentence.to_owned())]
        };
    };
    let mut out = Vec::new();
    out.extend(regime(old_base, new_base));
    out.extend(bases(old_base, new_base, "it accepts"));
    out.extend(additional_bases(old, new));
    out.extend(double_opt_in(old_base, new_base));
    out.extend(listed(&prohibitions(old), &prohibitions(new), "it prohibits", "marketing about"));
    out.extend(contents(old, new));
    out.extend(caps(old, new));
    out.extend(hours(old, new));
    out.extend(hours_exempt(old, new));
    out.extend(registries(old, new));
    out.extend(requests(old_base, new_base));
    out.extend(switch(
        old.iter().any(|rule| rule.revoke_all),
        new.iter().any(|rule| rule.revoke_all),
        "one refusal ends all marketing of the sender on all channels of the rule",
    ));
    out.extend(provenance(old, new));
    out
}

fn base(rules: &[Rule]) -> Option<&Rule> {
    rules.iter().find(|rule| rule.regime.is_some())
}

fn found(effect: Effect, sentence: impl Into<String>) -> Found {
    Found { effect, sentence: sentence.into() }
}

/// Ages below which nobody gets marketing.
pub(super) fn ages(old: Option<u8>, new: Option<u8>) -> Option<Found> {
    let effect = match old.unwrap_or_default().cmp(&new.unwrap_or_default()) {
        std::cmp::Ordering::Less => ForbidsMore,
        std::cmp::Ordering::Greater => PermitsMore,
        std::cmp::Ordering::Equal => return None,
    };
    let said = |age: Option<u8>| age.map_or_else(|| String::from("no age"), |age| age.to_string());
    Some(found(
        effect,
        format!("nobody below {} gets marketing, formerly {}", said(new), said(old)),
    ))
}

fn regime(old: &Rule, new: &Rule) -> Option<Found> {
    let rank = |regime| match regime {
        Some(Regime::OptOut) | None => 0,
        Some(Regime::OptIn) => 1,
        Some(Regime::Prohibited) => 2,
    };
    let effect = match rank(old.regime).cmp(&rank(new.regime)) {
        std::cmp::Ordering::Less => ForbidsMore,
        std::cmp::Ordering::Greater => PermitsMore,
        std::cmp::Ordering::Equal => return None,
    };
    let said = |rule: &Rule| match rule.regime {
        Some(Regime::OptIn) => "marketing needs a basis on file",
        Some(Regime::OptOut) | None => "marketing needs no basis on file",
        Some(Regime::Prohibited) => "marketing is prohibited",
    };
    Some(found(effect, format!("{}; formerly {}", said(new), said(old))))
}

fn bases(old: &Rule, new: &Rule, accepts: &str) -> Vec<Found> {
    // where none is needed, one more or less decides about registries and exemptions only
    let decides = new.regime != Some(Regime::OptOut) && old.regime != Some(Regime::OptOut);
    let effect = |effect| if decides { effect } else { Effect::Other };
    let mut out = Vec::new();
    for basis in Basis::ALL {
        let of = |rule: &Rule| rule.bases.iter().find(|known| known.basis == basis).cloned();
        let name = words::basis_name(basis);
        match (of(old), of(new)) {
            (None, Some(_)) => out.push(found(effect(PermitsMore), format!("{accepts} {name}"))),
            (Some(_), None) => {
                out.push(found(effect(ForbidsMore), format!("{accepts} {name} no longer")));
            }
            (Some(old), Some(new)) => out.extend(one_basis(&old, &new, &name)),
            (None, None) => {}
        }
    }
    out
}

fn one_basis(old: &BasisRule, new: &BasisRule, name: &str) -> Vec<Found> {
    let mut out = Vec::new();
    out.extend(periods(old.valid_for, new.valid_for, &format!("{name} counts")));
    if old.evidence != new.evidence {
        let effect = match (old.evidence & !new.evidence, new.evidence & !old.evidence) {
            (0, _) => ForbidsMore,
            (_, 0) => PermitsMore,
            _ => Effect::Other,
        };
        out.push(found(effect, format!("{name} needs other evidence")));
    }
    let lapse = |rule: &BasisRule| rule.dormancy.map_or(Period::UNLIMITED, |of| of.block_after);
    let after = format!("{name} counts, without a later act of the person,");
    out.extend(periods(lapse(old), lapse(new), &after));
    out.extend(grounds(old, new, name));
    out
}

/// Grounds by place: kinds and periods where the conditions are the same, otherwise the conditions.
fn grounds(old: &BasisRule, new: &BasisRule, name: &str) -> Vec<Found> {
    if old.grounds == new.grounds {
        return Vec::new();
    }
    if old.grounds.len() != new.grounds.len() {
        let effect = match (old.grounds.is_empty(), new.grounds.len() > old.grounds.len()) {
            (false, true) => PermitsMore,
            (false, false) if !new.grounds.is_empty() => ForbidsMore,
            _ => Effect::Other,
        };
        let n = new.grounds.len();
        let formerly = old.grounds.len();
        return vec![found(effect, format!("{name} has {n} grounds, formerly {formerly}"))];
    }
    let mut out = Vec::new();
    for (old, new) in old.grounds.iter().zip(&new.grounds) {
        for kind in &new.kinds {
            let known = old.kinds.iter().find(|known| known.kind == kind.kind);
            match known {
                None => {
                    out.push(found(PermitsMore, format!("{name} accepts {}", words::kind(kind))))
                }
                Some(known) if known != kind => {
                    let effect = match (
                        longer(known.period, kind.period),
                        known.while_running,
                        kind.while_running,
                    ) {
                        (Some(true), old, new) if new || !old => PermitsMore,
                        (Some(false), old, new) if old || !new => ForbidsMore,
                        (None, false, true) => PermitsMore,
                        (None, true, false) => ForbidsMore,
                        _ => Effect::Other,
                    };
                    let (is, was) = (words::kind(kind), words::kind(known));
                    out.push(found(effect, format!("{name} accepts {is}, formerly {was}")));
                }
                Some(_) => {}
            }
        }
        for gone in
            old.kinds.iter().filter(|gone| new.kinds.iter().all(|kind| kind.kind != gone.kind))
        {
            out.push(found(ForbidsMore, format!("{name} accepts {} no longer", words::kind(gone))));
        }
        if old.requires != new.requires {
            let missing =
                |of: &[Condition], from: &[Condition]| of.iter().any(|one| !from.contains(one));
            let effect = match (
                missing(&old.requires, &new.requires),
                missing(&new.requires, &old.requires),
            ) {
                (true, false) => PermitsMore,
                (false, true) => ForbidsMore,
                _ => Effect::Other,
            };
            let (is, was) = (words::conditions(&new.requires), words::conditions(&old.requires));
            out.push(found(effect, format!("{name} requires {is}; formerly {was}")));
        }
        let longest = |of: Option<Period>| of.unwrap_or(Period::UNLIMITED);
        let at_most = format!("{name} counts, whatever its kind of relationship,");
        out.extend(periods(longest(old.valid_for), longest(new.valid_for), &at_most));
        let rest = (
            old.any_kind,
            &old.when,
            &old.forbids,
            old.from,
            old.until,
            old.collected_from,
            old.dormancy,
        );
        if rest
            != (
                new.any_kind,
                &new.when,
                &new.forbids,
                new.from,
                new.until,
                new.collected_from,
                new.dormancy,
            )
        {
            out.push(other(format!("{name} has other conditions or dates")));
        }
    }
    out
}

/// Whether the second is longer than the first; `None` when they are the same.
fn longer(old: Period, new: Period) -> Option<bool> {
    let end = |period: Period| period.end(Timestamp::default());
    (end(old) != end(new)).then(|| end(old) < end(new))
}

fn periods(old: Period, new: Period, what: &str) -> Option<Found> {
    let effect = if longer(old, new)? { PermitsMore } else { ForbidsMore };
    let lasting = |period: Period| {
        let said = words::period(period);
        if period.is_unlimited() { said } else { format!("for {said}") }
    };
    Some(found(effect, format!("{what} {}, formerly {}", lasting(new), lasting(old))))
}

/// Bases that additions ask for as well.
fn additional_bases(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    let asked = |rules: &[Rule]| -> Vec<String> {
        let additions = rules.iter().filter(|rule| rule.regime.is_none() && !rule.bases.is_empty());
        additions
            .map(|rule| rule.bases.iter().map(words::basis).collect::<Vec<_>>().join(" or "))
            .collect()
    };
    listed(&asked(old), &asked(new), "it asks as well for", "")
}

/// Texts that only one side has: more of them forbid more.
fn listed(old: &[String], new: &[String], verb: &str, what: &str) -> Vec<Found> {
    let what = if what.is_empty() { String::new() } else { format!("{what} ") };
    let added = new.iter().filter(|text| !old.contains(text));
    let gone = old.iter().filter(|text| !new.contains(text));
    let added = added.map(|text| found(ForbidsMore, format!("{verb} {what}{text}")));
    added
        .chain(gone.map(|text| found(PermitsMore, format!("{verb} {what}{text} no longer"))))
        .collect()
}

fn prohibitions(rules: &[Rule]) -> Vec<String> {
    let of = |rule: &Rule| {
        let unless = words::exemption(rule.prohibited_unless.as_ref()?);
        let unless = if unless.is_empty() { unless } else { format!(", unless {unless}") };
        Some(format!("{}{unless}", words::about(rule.applies_to.as_ref())))
    };
    rules.iter().filter_map(of).collect()
}

fn double_opt_in(old: &Rule, new: &Rule) -> Option<Found> {
    switch(
        old.double_opt_in == DoubleOptIn::Required,
        new.double_opt_in == DoubleOptIn::Required,
        "consent counts only after it was confirmed",
    )
}

fn switch(old: bool, new: bool, sentence: &str) -> Option<Found> {
    match (old, new) {
        (false, true) => Some(found(ForbidsMore, sentence)),
        (true, false) => Some(found(PermitsMore, format!("no longer: {sentence}"))),
        _ => None,
    }
}

/// What messages must hold, by occasion. Additions about some messages only are told apart.
fn contents(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    type Part = fn(&Rule) -> ContentSet;
    let parts: [(&str, Part); 3] = [
        ("marketing must hold", |rule| rule.content),
        ("bulk mailings must hold", |rule| rule.bulk_content),
        ("service messages must hold", |rule| rule.transactional.content),
    ];
    let mut out = Vec::new();
    for (verb, part) in parts {
        let of = |rules: &[Rule]| -> Vec<String> {
            let mut all = Vec::new();
            for rule in rules {
                let about = rule.applies_to.as_ref().map(|about| words::about(Some(about)));
                let about = about.map_or_else(String::new, |about| format!(" when about {about}"));
                all.extend(
                    part(rule)
                        .iter()
                        .map(|one| format!("{}{about}", one.as_str().replace('_', " "))),
                );
            }
            all
        };
        out.extend(listed(&of(old), &of(new), verb, ""));
    }
    let consent = |rules: &[Rule]| -> Vec<String> {
        let all = rules
            .iter()
            .fold(BasisSet::default(), |all, rule| all.union(rule.transactional.consent));
        let all = Exemption { bases: all, kinds: Vec::new() };
        let said = words::exemption(&all);
        if said.is_empty() { Vec::new() } else { vec![said] }
    };
    out.extend(listed(&consent(old), &consent(new), "service messages need", ""));
    out
}

/// Caps by window and by what they count together.
fn caps(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    let by_window = |rules: &[Rule]| -> BTreeMap<String, Cap> {
        let mut out: BTreeMap<String, Cap> = BTreeMap::new();
        for cap in rules.iter().flat_map(|rule| &rule.caps) {
            let free = words::exemption(&cap.exempt);
            let key = format!("{} {} {free}", words::span(cap), words::per(cap.per));
            let known = out.entry(key).or_insert_with(|| cap.clone());
            known.count = known.count.min(cap.count);
        }
        out
    };
    let (old, new) = (by_window(old), by_window(new));
    let mut out = Vec::new();
    for (key, cap) in &new {
        let said = words::cap(cap);
        match old.get(key).map(|known| known.count) {
            None => out.push(found(ForbidsMore, format!("at most {said}"))),
            Some(was) if was > cap.count => {
                out.push(found(ForbidsMore, format!("at most {said}, formerly {was}")));
            }
            Some(was) if was < cap.count => {
                out.push(found(PermitsMore, format!("at most {said}, formerly {was}")));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
    out.extend(
        gone.map(|(_, cap)| found(PermitsMore, format!("no longer at most {}", words::cap(cap)))),
    );
    out
}

/// What frees from hours. Which rule it belongs to is not told: it is a person's to see.
fn hours_exempt(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    let of = |rules: &[Rule]| -> Vec<String> {
        let hours = rules.iter().filter_map(|rule| rule.hours.as_ref());
        let mut all: Vec<String> = hours.map(|hours| words::exemption(&hours.exempt)).collect();
        all.retain(|text| !text.is_empty());
        all.sort();
        all
    };
    let (old, new) = (of(old), of(new));
    if old == new {
        return Vec::new();
    }
    let said =
        |all: &[String]| if all.is_empty() { String::from("nothing") } else { all.join("; ") };
    let effect = match (old.is_empty(), new.is_empty()) {
        (true, false) => PermitsMore,
        (false, true) => Effect::DefersMore,
        _ => Effect::Other,
    };
    vec![found(effect, format!("{} frees from hours, formerly {}", said(&new), said(&old)))]
}

fn registries(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    let all = |rules: &[Rule]| -> BTreeMap<String, Registry> {
        let registries = rules.iter().flat_map(|rule| &rule.registries);
        registries.map(|one| (one.ids.first().cloned().unwrap_or_default(), one.clone())).collect()
    };
    let (old, new) = (all(old), all(new));
    let mut out = Vec::new();
    for (name, registry) in &new {
        let Some(known) = old.get(name) else {
            out.push(found(
                ForbidsMore,
                format!("the registry {} must be clear", words::registry(registry)),
            ));
            continue;
        };
        let age = format!("an answer of the registry {name} counts");
        out.extend(periods(known.max_age, registry.max_age, &age));
        let (is, was) = (words::overridden_by(registry), words::overridden_by(known));
        if is != was {
            let effect = match (was.is_empty(), is.is_empty()) {
                (true, false) => PermitsMore,
                (false, true) => ForbidsMore,
                _ if is == format!("{was} after the listing") => ForbidsMore,
                _ if was == format!("{is} after the listing") => PermitsMore,
                _ => Effect::Other,
            };
            let said = |text: String| if text.is_empty() { String::from("nothing") } else { text };
            out.push(found(
                effect,
                format!("{} overrides the registry {name}, formerly {}", said(is), said(was)),
            ));
        }
    }
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    out.extend(
        gone.map(|name| found(PermitsMore, format!("the registry {name} is not asked any more"))),
    );
    out
}

fn requests(old: &Rule, new: &Rule) -> Vec<Found> {
    let rank = |rule: &Rule| match (rule.consent_request, rule.approach_asks_registry) {
        (ConsentRequest::Once, false) => 0,
        (ConsentRequest::Once, true) => 1,
        (ConsentRequest::AfterRequest, _) => 2,
        (ConsentRequest::Never, _) => 3,
    };
    let said = |rule: &Rule| match rank(rule) {
        0 => "may be asked for once without a request of the person",
        1 => "may be asked for once without a request of the person, if the registry is clear",
        2 => "may be asked for when the person requested it",
        _ => "may not be asked for by message",
    };
    let effect = match rank(old).cmp(&rank(new)) {
        std::cmp::Ordering::Less => ForbidsMore,
        std::cmp::Ordering::Greater => PermitsMore,
        std::cmp::Ordering::Equal => return Vec::new(),
    };
    vec![found(effect, format!("consent {}, formerly it {}", said(new), said(old)))]
}

/// Rules that decide alike and rest on something else now.
fn provenance(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    let mut out = Vec::new();
    for rule in new {
        let Some(known) = old.iter().find(|known| known.label == rule.label) else { continue };
        let marks = |rule: &Rule| {
            words::joined(rule.provenance.status.iter().map(|mark| mark.as_str().to_owned()))
        };
        if marks(rule) != marks(known) {
            let (is, was) = (marks(rule), marks(known));
            out.push(other(format!("{} is marked {is}, formerly {was}", rule.label)));
        }
        if rule.provenance.law != known.provenance.law {
            let (is, was) = (&rule.provenance.law, &known.provenance.law);
            out.push(other(format!("{} cites \"{is}\", formerly \"{was}\"", rule.label)));
        }
    }
    out
}
