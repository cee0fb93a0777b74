//! What is known of somebody, in words and as data.
//!
//! For whoever answers for people's data: everything a state holds is here, and a state holds keyed hashes, instants,
//! names of senders and purposes, the numbers and registries that a refusal is about, and a birth date if one was given.

use super::wire::FactAnswer;
use crate::headers::{hex, rfc3339};
use gate_core::{
    Basis, Channel, ChannelScope, ConsentState, Fact, FactKind, RecipientKind, Timestamp, flags,
};

/// A kind's name, and what it says.
const fn kind(kind: FactKind) -> (&'static str, &'static str) {
    match kind {
        FactKind::OptOut => ("opt_out", "opted out"),
        FactKind::Objected => ("objected", "objected to direct marketing"),
        FactKind::Complaint => ("complaint", "reported spam"),
        FactKind::SenderStop => ("sender_stop", "texted STOP"),
        FactKind::HardBounce => ("hard_bounce", "the address does not accept messages"),
        FactKind::Reassigned => ("reassigned", "the address has a new holder"),
        FactKind::SuppressAll => ("suppress_all", "an operator suppressed every message"),
        FactKind::SuppressMarketing => ("suppress_marketing", "an operator suppressed marketing"),
        FactKind::ErasedContact => {
            ("erased_contact", "the contact was erased and is closed for good")
        }
        FactKind::ErasedAddress => ("erased_address", "the address belonged to an erased contact"),
        FactKind::RegistryListed => ("registry_listed", "is listed in a registry"),
        FactKind::Unreadable => {
            ("unreadable", "a consent change could not be read: a possible refusal")
        }
        FactKind::Flooded => ("flooded", "refused so often that it cannot be judged any more"),
        FactKind::Link => ("link", "contact and address belong together"),
        FactKind::Sent => ("sent", "a message went out"),
        FactKind::Moved => ("moved", "another address took its place"),
        FactKind::OptInRequested => ("opt_in_requested", "was asked to confirm an opt-in"),
        FactKind::OptIn => ("opt_in", "agreed"),
        FactKind::OptInConfirmed => ("opt_in_confirmed", "confirmed an opt-in"),
        FactKind::Start => ("start", "texted START"),
        FactKind::Relationship => ("relationship", "has a relationship"),
        FactKind::UnsuppressAll => {
            ("unsuppress_all", "an operator lifted the suppression of every message")
        }
        FactKind::UnsuppressMarketing => {
            ("unsuppress_marketing", "an operator lifted the suppression of marketing")
        }
        FactKind::RegistryClear => ("registry_clear", "is not listed in a registry"),
        FactKind::Profile => ("profile", "the birth date is known"),
        FactKind::Kind => ("recipient_kind", "is known as a person or a business"),
    }
}

/// A state in a few sentences.
pub(super) fn words(is_known: bool, state: &ConsentState<'_>) -> Vec<String> {
    let mut words = Vec::new();
    if !is_known {
        words.push("nothing is on record".to_owned());
        return words;
    }
    if state.is_erased() {
        words.push("erased: the id is closed, and every message to it is blocked".to_owned());
    }
    if state.is_saturated() {
        words.push(
            "refused so often that it cannot be judged any more: every message is blocked"
                .to_owned(),
        );
    }
    let facts = state.facts();
    let n_refusals = facts.iter().filter(|fact| fact.kind.is_restrictive()).count();
    let permits = || facts.iter().filter(|fact| effect(fact) == "permits");
    let n_doubted = permits().filter(|fact| fact.is_quarantined()).count();
    let n_permissions = permits().filter(|fact| !fact.is_quarantined()).count();
    for (n, one, many) in [
        (n_refusals, "refusal", "refusals"),
        (n_permissions, "permission", "permissions"),
        (
            n_doubted,
            "permission whose time is not believed",
            "permissions whose time is not believed",
        ),
    ] {
        if n > 0 {
            words.push(format!("{n} {}", if n == 1 { one } else { many }));
        }
    }
    // what a message would be told depends on the message: that is `/v1/check`
    words.extend(state.facts().iter().filter(|fact| fact.kind.is_restrictive()).map(sentence));
    words
}

/// One fact.
pub(super) fn told(fact: &Fact<'_>) -> FactAnswer {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let is_timeless = fact.at == Timestamp::default() && fact.received == Timestamp::default();
    let instant = |at: Timestamp| (!is_timeless).then(|| rfc3339(at));
    let is_agreement = fact.kind.is_agreement();
    let evidence =
        flags::EVIDENCE.iter().filter(|(_, _, flag)| is_agreement && fact.flags & flag != 0);
    FactAnswer {
        kind: kind(fact.kind).0,
        words: sentence(fact),
        effect: effect(fact),
        channel: channel(fact.scope.channel),
        controller: text(fact.scope.controller),
        brand: text(fact.scope.brand),
        purpose: text(fact.scope.purpose),
        detail: text(fact.detail),
        basis: is_agreement.then(|| Basis::as_str(fact.basis())),
        relationship: (fact.kind == FactKind::Relationship).then(|| {
            fact.relationship_kind().map_or("unknown", gate_core::RelationshipKind::as_str)
        }),
        evidence: evidence.map(|(_, path, _)| *path).collect(),
        birth_date: birth_date(fact),
        at: instant(fact.at),
        received_at: instant(fact.received),
        ends_at: fact.end.map(rfc3339),
        event: (!is_timeless).then(|| hex(&fact.event.0)),
        other: fact.other.map(|other| hex(&other.0)),
        is_quarantined: fact.is_quarantined(),
    }
}

fn effect(fact: &Fact<'_>) -> &'static str {
    if fact.kind.is_restrictive() {
        "refuses"
    } else if fact.kind.is_permissive() && !matches!(fact.kind, FactKind::Profile | FactKind::Kind)
    {
        "permits"
    } else {
        "notes"
    }
}

fn channel(scope: ChannelScope) -> &'static str {
    scope.channel().map_or("any", Channel::as_str)
}

fn sentence(fact: &Fact<'_>) -> String {
    let mut out = kind(fact.kind).1.to_owned();
    if fact.kind == FactKind::Kind {
        out = match fact.recipient_kind() {
            Some(RecipientKind::Business) => "is known as a business".to_owned(),
            Some(RecipientKind::SoleTrader) => "is known as a sole trader".to_owned(),
            Some(RecipientKind::Person) | None => "is known as a person".to_owned(),
        };
    }
    let is_about_messages = !matches!(
        fact.kind,
        FactKind::Link
            | FactKind::Moved
            | FactKind::Profile
            | FactKind::Kind
            | FactKind::ErasedContact
            | FactKind::ErasedAddress
    );
    if is_about_messages {
        let named = channel(fact.scope.channel);
        out.push_str(&if named == "any" {
            ", any channel".to_owned()
        } else {
            format!(", {named}")
        });
    }
    let scope = &fact.scope;
    let names =
        [("controller", scope.controller), ("brand", scope.brand), ("purpose", scope.purpose)];
    for (what, name) in names.into_iter().chain([(detail_word(fact.kind), fact.detail)]) {
        if let Some(name) = name {
            out.push_str(&format!(", {what} {name}"));
        }
    }
    if fact.at != Timestamp::default() {
        out.push_str(&format!(", of {}", rfc3339(fact.at)));
    }
    if fact.is_quarantined() {
        out.push_str(", a time that is not believed");
    }
    out
}

fn detail_word(kind: FactKind) -> &'static str {
    match kind {
        FactKind::RegistryListed | FactKind::RegistryClear => "registry",
        FactKind::Relationship | FactKind::Sent => "product group",
        FactKind::OptOut | FactKind::SenderStop | FactKind::Start => "number",
        FactKind::Objected
        | FactKind::Complaint
        | FactKind::HardBounce
        | FactKind::Reassigned
        | FactKind::SuppressAll
        | FactKind::SuppressMarketing
        | FactKind::ErasedContact
        | FactKind::ErasedAddress
        | FactKind::Unreadable
        | FactKind::Flooded
        | FactKind::Link
        | FactKind::Moved
        | FactKind::OptInRequested
        | FactKind::OptIn
        | FactKind::OptInConfirmed
        | FactKind::UnsuppressAll
        | FactKind::UnsuppressMarketing
        | FactKind::Profile
        | FactKind::Kind => "detail",
    }
}

/// Days since 1970 as a date.
fn birth_date(fact: &Fact<'_>) -> Option<String> {
    if fact.kind != FactKind::Profile {
        return None;
    }
    let days = u32::try_from(fact.flags).ok()?.cast_signed();
    let days = jiff::Span::new().try_days(days).ok()?;
    jiff::civil::date(1970, 1, 1).checked_add(days).ok().map(|date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_core::{EventKey, Scope};
    use std::collections::BTreeSet;

    #[test]
    fn kinds_have_names_of_their_own() {
        let names: BTreeSet<&str> = FactKind::ALL.map(|it| kind(it).0).into_iter().collect();
        assert_eq!(names.len(), FactKind::ALL.len());
    }

    #[test]
    fn a_fact_is_told_in_words_and_as_data() {
        let at = Timestamp::from_millis(1_772_452_800_000);
        let mut fact = Fact::new(FactKind::OptOut, EventKey([1; 8]), at, at);
        fact.scope = Scope { brand: Some("tents"), ..Scope::EVERYTHING };
        let told = told(&fact);
        assert_eq!(told.words, "opted out, any channel, brand tents, of 2026-03-02T12:00:00Z");
        assert_eq!((told.kind, told.effect, told.channel), ("opt_out", "refuses", "any"));
        let mut born = Fact::new(FactKind::Profile, EventKey([2; 8]), at, at);
        born.flags = u64::from((-365i32).cast_unsigned());
        assert_eq!(super::told(&born).birth_date.as_deref(), Some("1969-01-01"));
        let mut state = ConsentState::default();
        assert_eq!(words(false, &state), ["nothing is on record"]);
        state.join([fact]);
        assert_eq!(words(true, &state), ["1 refusal", told.words.as_str()]);
    }
}
