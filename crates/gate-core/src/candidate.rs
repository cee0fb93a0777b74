//! Where the recipient may be: candidate jurisdictions, the rules in force there, and time zones.
//!
//! docs/law.md section 7. A verified declaration stands alone for twelve months; otherwise the declared jurisdiction and
//! those of the phone number all apply. Nobody known means `STRICT`. Zones: the declared one, else those of the
//! verified place, else those of the declared place *and* of the number, since a number only says where it was given
//! out; a time must be allowed in each. A declared zone that nobody knows counts against the message: no time is
//! known to be allowed there.

use crate::canonical;
use crate::policy::{
    CANDIDATES_MAX, Code, Jurisdiction, NumberRange, Period, PolicySet, RULES_MAX, Rule, Zone,
};
use crate::{Category, Channel, OutboundMessage, Receipt, RecipientKind, Timestamp};

/// A short list of indices without allocation. Overflow is remembered, since forgetting a rule could approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Indices<const N: usize> {
    items: [u16; N],
    n_items: usize,
    is_cut: bool,
}

impl<const N: usize> Default for Indices<N> {
    fn default() -> Self {
        Self { items: [0; N], n_items: 0, is_cut: false }
    }
}

impl<const N: usize> Indices<N> {
    fn insert(&mut self, item: u16) {
        if self.iter().any(|known| known == item) {
            return;
        }
        match self.items.get_mut(self.n_items) {
            Some(slot) => {
                *slot = item;
                self.n_items += 1;
            }
            None => self.is_cut = true,
        }
    }

    /// The indices, in order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.items.iter().copied().take(self.n_items)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_items == 0
    }
}

impl<const N: usize> IntoIterator for Indices<N> {
    type Item = u16;
    type IntoIter = std::iter::Take<std::array::IntoIter<u16, N>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter().take(self.n_items)
    }
}

/// How the zones of a recipient became known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ZoneSource {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The message names one.
    Declared,
    /// The phone number's prefix.
    Number,
    /// All zones of the candidate jurisdictions; with a verified one, those of that place.
    Jurisdiction,
    /// Those of the phone number's prefix and all of the declared jurisdiction.
    NumberAndJurisdiction,
    /// The message names one that nobody knows. It may be anywhere: neither the number nor the jurisdiction
    /// overrules what somebody declared, so nothing is known.
    Unreadable,
}

impl ZoneSource {
    /// The name in explanations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Declared => "declared",
            Self::Number => "number",
            Self::Jurisdiction => "jurisdiction",
            Self::NumberAndJurisdiction => "number and jurisdiction",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What a decision looked at: jurisdictions, rules and zones, as indices into the policy set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Considered {
    /// Candidate jurisdictions.
    pub jurisdictions: Indices<CANDIDATES_MAX>,
    /// Rules in force.
    pub rules: Indices<RULES_MAX>,
    /// Zone sets.
    pub zone_sets: Indices<CANDIDATES_MAX>,
    /// Where the zones come from.
    pub zone_source: ZoneSource,
}

impl Considered {
    /// The candidate jurisdictions.
    pub fn jurisdictions<'p>(
        &self,
        policies: &'p PolicySet,
    ) -> impl Iterator<Item = &'p Jurisdiction> {
        self.jurisdictions.iter().filter_map(|index| policies.jurisdiction(index))
    }

    /// The rules.
    pub fn rules<'p>(&self, policies: &'p PolicySet) -> impl Iterator<Item = &'p Rule> {
        self.rules.iter().filter_map(|index| policies.rule(index))
    }

    /// The zones, possibly repeated.
    pub fn zones<'p>(&self, policies: &'p PolicySet) -> impl Iterator<Item = &'p Zone> {
        self.zone_sets.iter().flat_map(|set| policies.zones_in(set))
    }
}

/// Whether what was approved before has a part in the decision: something that is sent once, or a rule in force
/// with a cap. Where it has none, nobody need look it up, and the decision counts as nothing.
#[must_use]
pub fn depends_on_history(
    policies: &PolicySet,
    message: &OutboundMessage<'_>,
    e164: Option<&str>,
    now: Timestamp,
) -> bool {
    if matches!(message.category, Category::OptoutConfirmation | Category::ConsentRequest) {
        return true;
    }
    let Some(channel) = message.channel.filter(|_| message.is_marketing()) else { return false };
    let has_caps = |kind| {
        consider(policies, message, channel, e164, kind, now)
            .is_some_and(|considered| considered.rules(policies).any(|rule| !rule.caps.is_empty()))
    };
    // what is on file can only make a person of a recipient
    let stated = message.kind.unwrap_or_default();
    has_caps(stated) || (stated != RecipientKind::Person && has_caps(RecipientKind::Person))
}

/// Finds candidates, rules and zones. `None` when no rule can be relied on: a candidate without a base rule
/// now, or more of them than can be held.
pub(crate) fn consider(
    policies: &PolicySet,
    message: &OutboundMessage<'_>,
    channel: Channel,
    e164: Option<&str>,
    kind: RecipientKind,
    now: Timestamp,
) -> Option<Considered> {
    let mut considered = Considered::default();
    let range = e164.and_then(|number| policies.numbering().find(number));
    let declared = declared_in(policies, message);
    if let Some(declared) = declared {
        considered.jurisdictions.insert(declared);
    }
    let verified = declared.filter(|_| is_verified(message, now));
    if let Some(range) = range.filter(|_| verified.is_none()) {
        for jurisdiction in &range.jurisdictions {
            considered.jurisdictions.insert(*jurisdiction);
        }
    }
    if considered.jurisdictions.is_empty() {
        considered.jurisdictions.insert(policies.strict());
    }
    for jurisdiction in considered.jurisdictions.iter() {
        let mut has_base_rule = false;
        let land = policies.jurisdiction(jurisdiction)?;
        for index in policies.rules_for(land, channel, kind, now) {
            let rule = policies.rule(index)?;
            if is_about(policies, rule, message) {
                has_base_rule |= rule.regime.is_some();
                considered.rules.insert(index);
            }
        }
        if !has_base_rule {
            return None;
        }
    }
    considered.find_zones(policies, message, declared, verified.is_some(), range)?;
    let is_cut =
        considered.jurisdictions.is_cut || considered.rules.is_cut || considered.zone_sets.is_cut;
    (!is_cut).then_some(considered)
}

/// The jurisdiction the message declares; `STRICT` where nobody knows it.
fn declared_in(policies: &PolicySet, message: &OutboundMessage<'_>) -> Option<u16> {
    let code = message.jurisdiction.as_deref().map(str::trim).filter(|code| !code.is_empty())?;
    // first as ISO writes it: `USA-CA` is California, not some part of an alias of the US
    let codes = [canonical::jurisdiction(code), Code::parse(code)];
    let found = codes.into_iter().flatten().find_map(|code| policies.find(code));
    Some(found.unwrap_or(policies.strict()))
}

/// Whether the declared place is verified: for twelve months, since people move (docs/law.md section 7); without a date
/// as long as the sender says so.
fn is_verified(message: &OutboundMessage<'_>, now: Timestamp) -> bool {
    let is_recent =
        |at: Timestamp| !Receipt::is_before(now, at) && Period::YEAR.is_running(at, now);
    message.jurisdiction_verified && message.jurisdiction_verified_at.is_none_or(is_recent)
}

impl Considered {
    /// Enters the zones the recipient may be in; `None` when an index points nowhere.
    fn find_zones(
        &mut self,
        policies: &PolicySet,
        message: &OutboundMessage<'_>,
        place: Option<u16>,
        is_verified: bool,
        range: Option<&NumberRange>,
    ) -> Option<()> {
        if let Some(name) = message.tz.as_deref().filter(|name| !canonical::is_blank(name)) {
            self.zone_source = ZoneSource::Unreadable;
            if let Some(zone) = policies.zone_of(name) {
                self.zone_source = ZoneSource::Declared;
                self.zone_sets.insert(zone);
            }
            return Some(());
        }
        let is_known = |set: &u16| policies.zones_in(*set).next().is_some();
        let of_number = range.map(|range| range.zones).filter(is_known);
        let of_place = match place {
            Some(place) => Some(policies.jurisdiction(place)?.zones).filter(is_known),
            None => None,
        };
        match (of_place, of_number) {
            (Some(set), _) if is_verified => {
                self.zone_source = ZoneSource::Jurisdiction;
                self.zone_sets.insert(set);
            }
            (Some(set), Some(number)) if !is_within(policies, range, place) => {
                self.zone_source = ZoneSource::NumberAndJurisdiction;
                self.zone_sets.insert(number);
                self.zone_sets.insert(set);
            }
            (_, Some(number)) => {
                self.zone_source = ZoneSource::Number;
                self.zone_sets.insert(number);
            }
            (_, None) => self.zones_of_candidates(policies)?,
        }
        Some(())
    }

    fn zones_of_candidates(&mut self, policies: &PolicySet) -> Option<()> {
        // where one of them may be anywhere, the zones of the others say nothing
        let mut is_known = true;
        for jurisdiction in self.jurisdictions.iter() {
            let set = policies.jurisdiction(jurisdiction)?.zones;
            is_known &= policies.zones_in(set).next().is_some();
            self.zone_sets.insert(set);
        }
        if is_known {
            self.zone_source = ZoneSource::Jurisdiction;
        }
        Some(())
    }
}

/// Whether the number was given out within the declared country, of which no part is declared: then it says where
/// in it, and the country's other zones say nothing more.
fn is_within(policies: &PolicySet, range: Option<&NumberRange>, place: Option<u16>) -> bool {
    let code = |index: u16| policies.jurisdiction(index).map(|jurisdiction| jurisdiction.code);
    let country = place.and_then(code).filter(|code| !code.is_subdivision());
    let lands = range.map(|range| range.jurisdictions.as_slice()).unwrap_or_default();
    country.is_some()
        && !lands.is_empty()
        && lands.iter().all(|land| code(*land).map(Code::country) == country)
}

/// Whether the rule is about a message like this one.
fn is_about(policies: &PolicySet, rule: &Rule, message: &OutboundMessage<'_>) -> bool {
    rule.applies_to.as_ref().is_none_or(|of| {
        of.matches(policies, message.purpose.as_deref(), message.product_group.as_deref())
    })
}
