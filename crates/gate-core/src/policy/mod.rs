//! The policy set: every jurisdiction's rules, compiled from dated packs, and the data they lean on.
//!
//! A set is a value: built once at load, checked, never changed, shared by all lanes. Nothing in it names a
//! jurisdiction that a pack did not; looking anything up allocates nothing.
//!
//! Deliberately absent: files, YAML, validation with line numbers (crate `gate-policy`).

mod content;
mod exemption;
mod hours;
mod numbering;
mod period;
mod review;
mod rule;
mod sets;
mod subject;

pub use crate::code::Code;
pub use content::{ContentSet, Element};
pub use exemption::Exemption;
pub use review::{BreachDuty, NotifyWithin, Pack, Provenance, SignOff, Status};
pub use subject::AppliesTo;

pub(crate) use hours::{BeyondCalendar, local};
pub use hours::{Calendar, Holidays, Hours, Window};
pub use numbering::{NumberRange, Numbering};
pub(crate) use period::is_younger;
pub use period::{KindRule, Period};
pub use rule::{
    BasisRule, Cap, Condition, ConsentRequest, Dormancy, DoubleOptIn, Ground, PerSender, Regime,
    Registry, Rule, Transactional,
};
pub use sets::{BasisSet, ChannelSet, RecipientSet};

use crate::{Channel, RecipientKind, Timestamp, canonical};
use jiff::tz::TimeZone;

/// Most further rules that may stand beside each other for one message: all rules of all its candidate
/// jurisdictions. `gate-policy` refuses packs that could need more; more than that blocks.
pub const RULES_MAX: usize = 24;
/// Most jurisdictions one message can belong to: the declared one and those of its number.
pub const CANDIDATES_MAX: usize = 6;
/// Highest count a frequency cap may have: as many messages as are remembered per recipient, less a margin.
pub const FREQUENCY_COUNT_MAX: u32 = 100;

/// A jurisdiction with the rules that apply in it, by channel: base rules and additions alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Jurisdiction {
    /// Its code.
    pub code: Code,
    /// Index of its pack.
    pub pack: u16,
    /// Persons known to be younger get no marketing (years).
    pub minor_below: Option<u8>,
    /// Whose calendar dates decide how old a person is: an index into the zones.
    pub law_zone: u16,
    /// All its zones: an index into the zone sets.
    pub zones: u16,
    /// Indices into the rules, per channel in the order of [`Channel::ALL`].
    pub rules: [Vec<u16>; Channel::ALL.len()],
}

impl Jurisdiction {
    /// The rules for a channel, whatever their dates. [`Self::rules`] has a place for each code from 1 on.
    #[must_use]
    pub fn rules_of(&self, channel: Channel) -> &[u16] {
        self.rules.get(channel as usize - 1).map_or(&[], Vec::as_slice)
    }
}

/// A named time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// IANA name.
    pub name: String,
    /// Its data.
    pub time_zone: TimeZone,
}

/// Everything a policy set is built from. Indices point into the lists of this struct.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyParts {
    /// Tells sets apart: a hash over everything that was read.
    pub revision: String,
    /// Version of the time-zone data.
    pub tz_version: String,
    /// Packs.
    pub packs: Vec<Pack>,
    /// Jurisdictions and further codes that mean the same; one is `STRICT`.
    pub jurisdictions: Vec<Jurisdiction>,
    /// Other spellings of a code.
    pub aliases: Vec<(Code, Code)>,
    /// Countries whose subdivisions are all listed as jurisdictions: an unlisted one does not exist.
    pub subdivided: Vec<Code>,
    /// Rules.
    pub rules: Vec<Rule>,
    /// Zones, sorted by name.
    pub zones: Vec<Zone>,
    /// Sets of zones; the first ones are those of one zone each, in the order of `zones`.
    pub zone_sets: Vec<Vec<u16>>,
    /// Holiday calendars.
    pub calendars: Vec<Calendar>,
    /// What phone numbers say.
    pub numbering: Numbering,
    /// Product groups that count as similar, as pairs of canonical names, sorted.
    pub similar: Vec<(String, String)>,
}

/// A compiled, immutable set of policies.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySet {
    parts: PolicyParts,
    /// Sorted by code.
    codes: Vec<(Code, u16)>,
    strict: u16,
}

/// A set cannot be built: its indices do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy set: {0}")]
pub struct PolicyError(&'static str);

/// The pack for recipients whose jurisdiction is unknown.
pub const STRICT: &str = "STRICT";

impl PolicySet {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// When an index points nowhere or there is no `STRICT` jurisdiction.
    pub fn new(mut parts: PolicyParts) -> Result<Self, PolicyError> {
        check(&parts)?;
        for rules in parts.jurisdictions.iter_mut().flat_map(|land| &mut land.rules) {
            // base rules first, and of those the one for everybody else last: see `rules_for`
            rules.sort_by_key(|index| match parts.rules.get(usize::from(*index)) {
                Some(rule) if rule.regime.is_some() => u8::from(rule.recipients.is_none()),
                Some(_) | None => 2,
            });
        }
        let mut codes: Vec<(Code, u16)> =
            parts.jurisdictions.iter().zip(0u16..).map(|(j, index)| (j.code, index)).collect();
        codes.sort_unstable();
        let index_of = |code: Code| {
            let at = codes.binary_search_by_key(&code, |(known, _)| *known).ok()?;
            codes.get(at).map(|(_, index)| *index)
        };
        let strict = Code::parse(STRICT).and_then(index_of);
        let strict = strict.ok_or(PolicyError("there is no STRICT jurisdiction"))?;
        let aliases: Vec<(Code, u16)> = parts
            .aliases
            .iter()
            .filter_map(|(alias, code)| Some((*alias, index_of(*code)?)))
            .collect();
        codes.extend(aliases);
        codes.sort_unstable();
        Ok(Self { parts, codes, strict })
    }

    /// The smallest set there is: one `STRICT` jurisdiction in which express consent is needed on every
    /// channel, and nothing else. For tests and examples; the gate loads packs.
    #[must_use]
    pub fn express_only() -> Self {
        let strict = Code::parse(STRICT).unwrap_or(Code::NONE);
        let rule = Rule {
            bases: vec![BasisRule::express()],
            regime: Some(Regime::OptIn),
            ..Rule::new("STRICT/express", ChannelSet::ALL)
        };
        let parts = PolicyParts {
            revision: String::from("express-only"),
            tz_version: String::from("none"),
            packs: vec![Pack::new(strict, "1")],
            jurisdictions: vec![Jurisdiction {
                code: strict,
                pack: 0,
                minor_below: None,
                law_zone: 0,
                zones: 0,
                rules: std::array::from_fn(|_| vec![0]),
            }],
            rules: vec![rule],
            zones: vec![Zone { name: String::from("Etc/UTC"), time_zone: TimeZone::UTC }],
            zone_sets: vec![vec![0]],
            ..PolicyParts::default()
        };
        let codes = vec![(strict, 0)];
        Self { parts, codes, strict: 0 }
    }

    /// Tells sets apart.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.parts.revision
    }

    /// Version of the time-zone data.
    #[must_use]
    pub fn tz_version(&self) -> &str {
        &self.parts.tz_version
    }

    /// Version of the phone number data.
    #[must_use]
    pub fn numbering(&self) -> &Numbering {
        &self.parts.numbering
    }

    /// The packs.
    #[must_use]
    pub fn packs(&self) -> &[Pack] {
        &self.parts.packs
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.parts.rules
    }

    /// Everything it was built from.
    #[must_use]
    pub fn parts(&self) -> &PolicyParts {
        &self.parts
    }

    /// A rule by its index.
    #[must_use]
    pub fn rule(&self, index: u16) -> Option<&Rule> {
        self.parts.rules.get(usize::from(index))
    }

    /// A jurisdiction by its index.
    #[must_use]
    pub fn jurisdiction(&self, index: u16) -> Option<&Jurisdiction> {
        self.parts.jurisdictions.get(usize::from(index))
    }

    /// The rules that apply to a kind of recipient at `now`: the one base rule, then additions, some of which may be
    /// about certain messages only. Without a base rule nothing is known.
    pub fn rules_for(
        &self,
        jurisdiction: &Jurisdiction,
        channel: Channel,
        kind: RecipientKind,
        now: Timestamp,
    ) -> impl Iterator<Item = u16> {
        let mut has_base_rule = false;
        // base rules that name the kind stand before the one for all others
        jurisdiction.rules_of(channel).iter().copied().filter(move |index| {
            let applies = |rule: &&Rule| rule.is_in_force(now) && rule.is_for(kind);
            let Some(rule) = self.rule(*index).filter(applies) else { return false };
            let is_second_base = rule.regime.is_some() && has_base_rule;
            has_base_rule |= rule.regime.is_some();
            !is_second_base
        })
    }

    /// A pack by its index.
    #[must_use]
    pub fn pack(&self, index: u16) -> Option<&Pack> {
        self.parts.packs.get(usize::from(index))
    }

    /// Whether any rule has a frequency cap.
    #[must_use]
    pub fn has_caps(&self) -> bool {
        self.parts.rules.iter().any(|rule| !rule.caps.is_empty())
    }

    pub(crate) fn strict(&self) -> u16 {
        self.strict
    }

    /// The jurisdiction of a code: itself, or its country when the country's parts are not told apart.
    pub(crate) fn find(&self, code: Code) -> Option<u16> {
        let known = |code: Code| {
            let at = self.codes.partition_point(|(known, _)| *known < code);
            self.codes.get(at).filter(|(found, _)| *found == code).map(|(_, index)| *index)
        };
        known(code).or_else(|| {
            let country = code.country();
            (code.is_subdivision() && !self.parts.subdivided.contains(&country))
                .then(|| known(country))
                .flatten()
        })
    }

    /// Whether a declared time zone is one: an IANA name, a Windows name or a plain offset.
    #[must_use]
    pub fn knows_zone(&self, name: &str) -> bool {
        self.zone_of(name).is_some()
    }

    /// The index of the zone set that holds just this zone, by its IANA name, its Windows name or an offset.
    pub(crate) fn zone_of(&self, name: &str) -> Option<u16> {
        let name = canonical::clean(name);
        let by_offset = || {
            let offset = canonical::offset_minutes(&name)?;
            let zones = self.parts.zones.iter();
            let is_fixed = |zone: &Zone| zone.time_zone.to_fixed_offset().ok();
            let wanted = i32::from(offset) * 60;
            zones
                .zip(0..)
                .find_map(|(zone, index)| (is_fixed(zone)?.seconds() == wanted).then_some(index))
        };
        self.iana_zone(&name)
            .or_else(|| self.iana_zone(canonical::of_windows(&name)?))
            .or_else(by_offset)
    }

    fn iana_zone(&self, name: &str) -> Option<u16> {
        let zones = &self.parts.zones;
        let exact = zones.binary_search_by(|zone| zone.name.as_str().cmp(name)).ok();
        let found =
            exact.or_else(|| zones.iter().position(|zone| zone.name.eq_ignore_ascii_case(name)))?;
        u16::try_from(found).ok()
    }

    pub(crate) fn zone(&self, index: u16) -> Option<&Zone> {
        self.parts.zones.get(usize::from(index))
    }

    pub(crate) fn zones_in(&self, set: u16) -> impl Iterator<Item = &Zone> {
        let members = self.parts.zone_sets.get(usize::from(set)).map_or(&[][..], Vec::as_slice);
        members.iter().filter_map(|zone| self.zone(*zone))
    }

    pub(crate) fn calendar(&self, index: u16) -> Option<&Calendar> {
        self.parts.calendars.get(usize::from(index))
    }

    /// Whether two product groups are the same or count as similar.
    pub(crate) fn are_similar(&self, one: &str, other: &str) -> bool {
        let is_pair = |a: &str, b: &str| (a == one && b == other) || (a == other && b == one);
        one == other || self.parts.similar.iter().any(|(a, b)| is_pair(a, b))
    }

    /// The civil date in a jurisdiction's law zone, as days since 1970-01-01.
    pub(crate) fn law_date(&self, jurisdiction: &Jurisdiction, at: Timestamp) -> i32 {
        let utc = TimeZone::UTC;
        let zone = self.zone(jurisdiction.law_zone).map_or(&utc, |zone| &zone.time_zone);
        hours::local_date(zone, at)
    }
}

fn check(parts: &PolicyParts) -> Result<(), PolicyError> {
    let within = |index: u16, n: usize, what: &'static str| {
        if usize::from(index) < n { Ok(()) } else { Err(PolicyError(what)) }
    };
    for jurisdiction in &parts.jurisdictions {
        within(jurisdiction.pack, parts.packs.len(), "a jurisdiction without a pack")?;
        within(jurisdiction.law_zone, parts.zones.len(), "a jurisdiction without a law zone")?;
        within(jurisdiction.zones, parts.zone_sets.len(), "a jurisdiction without zones")?;
        for rule in jurisdiction.rules.iter().flatten() {
            within(*rule, parts.rules.len(), "a jurisdiction without its rule")?;
        }
    }
    for zone in parts.zone_sets.iter().flatten() {
        within(*zone, parts.zones.len(), "a zone set without its zone")?;
    }
    let is_singleton = |(set, index): (&Vec<u16>, u16)| set.as_slice() == [index];
    let singletons = parts.zone_sets.iter().zip(0u16..).take(parts.zones.len());
    if parts.zone_sets.len() < parts.zones.len() || !singletons.into_iter().all(is_singleton) {
        return Err(PolicyError("the first zone sets must hold one zone each"));
    }
    if !parts.zones.is_sorted_by(|one, other| one.name < other.name) {
        return Err(PolicyError("zones must be sorted by name"));
    }
    for rule in &parts.rules {
        within(rule.pack, parts.packs.len(), "a rule without a pack")?;
        if let Some(holidays) = rule.hours.as_ref().and_then(|hours| hours.holidays.as_ref()) {
            within(holidays.calendar, parts.calendars.len(), "a rule without its calendar")?;
        }
    }
    for range in parts.numbering.ranges() {
        within(range.zones, parts.zone_sets.len(), "a number range without zones")?;
        for jurisdiction in &range.jurisdictions {
            within(*jurisdiction, parts.jurisdictions.len(), "a number range without its place")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let code = |text| Code::parse(text).map(|code| code.as_str().to_owned());
        assert_eq!(code(" us-il ").as_deref(), Some("US-IL"));
        assert_eq!(code("STRICT").as_deref(), Some("STRICT"));
        assert_eq!(code(""), None);
        assert_eq!(code("USA-ILL"), None);
        assert_eq!(code("ÄÖ"), None);
        let illinois = Code::parse("US-IL").unwrap();
        assert_eq!(illinois.country().as_str(), "US");
        assert!(illinois.is_subdivision() && !illinois.country().is_subdivision());
        assert_eq!(format!("{illinois:?}"), "US-IL");
    }

    #[test]
    fn the_smallest_set_is_no_pack_of_a_country() {
        let set = PolicySet::express_only();
        assert_eq!((set.revision(), set.tz_version()), ("express-only", "none"));
    }

    /// An offset is the zone that has it all year, however it is written; one that no zone has is none.
    #[test]
    fn an_offset_is_its_zone() {
        let fixed = |name: &str, minutes: i32| Zone {
            name: name.to_owned(),
            time_zone: TimeZone::fixed(jiff::tz::Offset::from_seconds(minutes * 60).unwrap()),
        };
        let zones = vec![fixed("+02:00", 120), fixed("+05:30", 330), fixed("-05:00", -300)];
        let zone_sets = vec![vec![0], vec![1], vec![2]];
        let parts = PolicyParts { zones, zone_sets, ..PolicySet::express_only().parts };
        let set = PolicySet::new(parts).unwrap();
        for (written, zone) in [
            ("+05:30", Some(1)),
            ("UTC+5:30", Some(1)),
            ("gmt +2", Some(0)),
            ("UTC-5", Some(2)),
            ("UTC-4", None),
            ("UTC", None),
        ] {
            assert_eq!(set.zone_of(written), zone, "{written}");
        }
    }

    #[test]
    fn parts_must_fit() {
        let parts = PolicySet::express_only().parts;
        assert!(PolicySet::new(parts.clone()).is_ok());
        let range = |jurisdictions, zones| {
            let range = NumberRange { prefix: String::from("44"), jurisdictions, zones };
            Numbering::new(String::from("test"), vec![range])
        };
        let numbered = PolicyParts { numbering: range(vec![0], 0), ..parts.clone() };
        assert!(PolicySet::new(numbered).is_ok());
        for numbering in [range(vec![1], 0), range(vec![0], 1)] {
            assert!(PolicySet::new(PolicyParts { numbering, ..parts.clone() }).is_err());
        }
        let broken: [fn(&mut PolicyParts); 11] = [
            |parts| parts.jurisdictions.clear(),
            |parts| parts.packs.clear(),
            |parts| parts.rules.clear(),
            |parts| parts.zones.clear(),
            |parts| parts.zone_sets.clear(),
            |parts| parts.zone_sets.push(vec![9]),
            |parts| parts.zone_sets.insert(0, vec![]),
            |parts| parts.rules.iter_mut().for_each(|rule| rule.pack = 1),
            |parts| parts.jurisdictions.iter_mut().for_each(|land| land.law_zone = 1),
            |parts| {
                // holidays of no calendar
                let holidays = Some(Holidays { calendar: 0, open: vec![] });
                let hours = Hours { holidays, ..Hours::default() };
                parts.rules.iter_mut().for_each(|rule| rule.hours = Some(hours.clone()));
            },
            |parts| {
                // a zone twice
                parts.zones.extend(parts.zones.clone());
                parts.zone_sets.push(vec![1]);
            },
        ];
        for (index, breaking) in broken.into_iter().enumerate() {
            let mut parts = parts.clone();
            breaking(&mut parts);
            assert!(PolicySet::new(parts).is_err(), "{index}");
        }
    }
}
