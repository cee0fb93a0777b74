//! Policy sets built by hand: a few lands with a rule or two each, and zones from POSIX rules, so that no
//! time-zone database is read.

use gate_core::policy::*;
use gate_core::{Basis, Channel, PolicySet, RelationshipKind, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::time::Duration;

/// Sorted by name, as a set wants them. Among them clocks that change by half an hour (Lord Howe), by two hours
/// (Troll) and around midnight (Havana, Azores, Beirut).
pub const ZONES: [(&str, &str); 10] = [
    ("America/Chicago", "CST6CDT,M3.2.0,M11.1.0"),
    ("America/Havana", "CST5CDT,M3.2.0/0,M11.1.0/1"),
    ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
    ("Antarctica/Troll", "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3"),
    ("Asia/Beirut", "EET-2EEST,M3.5.0/0,M10.5.0/0"),
    ("Asia/Tokyo", "JST-9"),
    ("Atlantic/Azores", "<-01>1<+00>,M3.5.0/0,M10.5.0/1"),
    ("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"),
    ("Etc/UTC", "UTC0"),
    ("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"),
];

/// Changes a value on the way.
pub trait Having: Sized {
    fn having(mut self, edit: impl FnOnce(&mut Self)) -> Self {
        edit(&mut self);
        self
    }
}
impl Having for Rule {}
impl Having for BasisRule {}
impl Having for Ground {}
impl Having for Registry {}
impl Having for Land {}
impl Having for Cap {}
impl Having for Hours {}
impl Having for PolicyParts {}

/// A jurisdiction with a pack of its own.
#[derive(Clone, Debug)]
pub struct Land {
    pub code: &'static str,
    /// The pack's code; jurisdictions with the same one share it.
    pub pack: &'static str,
    pub zones: Vec<&'static str>,
    pub law_zone: &'static str,
    pub minor_below: Option<u8>,
    pub rules: Vec<Rule>,
}

pub fn land(code: &'static str, rules: impl Into<Vec<Rule>>) -> Land {
    let rules = rules.into();
    Land { code, pack: code, zones: vec!["Etc/UTC"], law_zone: "Etc/UTC", minor_below: None, rules }
}

/// Lands, and `STRICT` with a rule for express consent unless it is among them.
pub fn parts(lands: impl IntoIterator<Item = Land>) -> PolicyParts {
    let mut lands: Vec<Land> = lands.into_iter().collect();
    if lands.iter().all(|land| land.code != STRICT) {
        lands.push(land(STRICT, [base("STRICT/base")]));
    }
    let zone = |(name, posix): &(&str, &str)| Zone {
        name: (*name).to_owned(),
        time_zone: TimeZone::posix(posix).unwrap(),
    };
    let mut parts = PolicyParts {
        revision: String::from("by hand"),
        tz_version: String::from("posix"),
        zones: ZONES.iter().map(zone).collect(),
        zone_sets: (0..ZONES.len() as u16).map(|index| vec![index]).collect(),
        ..PolicyParts::default()
    };
    for land in lands {
        let code = Code::parse(land.pack).unwrap();
        let pack = parts.packs.iter().position(|pack| pack.code == code).unwrap_or_else(|| {
            parts.packs.push(Pack::new(code, "1"));
            parts.packs.len() - 1
        }) as u16;
        let zones = zone_set(&mut parts, &land.zones);
        let mut indices = Vec::new();
        for rule in land.rules {
            // a rule that two lands share is one rule
            let rule = Rule { pack, ..rule };
            let known = parts.rules.iter().position(|known| *known == rule);
            indices.push(known.unwrap_or(parts.rules.len()) as u16);
            if known.is_none() {
                parts.rules.push(rule);
            }
        }
        let rules = Channel::ALL.map(|channel| {
            let applies = |index: &u16| parts.rules[usize::from(*index)].channels.contains(channel);
            indices.iter().copied().filter(applies).collect()
        });
        parts.jurisdictions.push(Jurisdiction {
            code: Code::parse(land.code).unwrap(),
            pack,
            minor_below: land.minor_below,
            law_zone: zone_index(land.law_zone),
            zones,
            rules,
        });
    }
    parts
}

pub fn policies(lands: impl IntoIterator<Item = Land>) -> PolicySet {
    PolicySet::new(parts(lands)).unwrap()
}

/// One land, `AA`, for a message that [`super::in_aa`] declares to be there.
pub fn only(rules: impl Into<Vec<Rule>>) -> PolicySet {
    policies([land("AA", rules)])
}

fn zone_index(name: &str) -> u16 {
    ZONES.iter().position(|(known, _)| *known == name).unwrap() as u16
}

fn zone_set(parts: &mut PolicyParts, names: &[&str]) -> u16 {
    parts.zone_sets.push(names.iter().map(|name| zone_index(name)).collect());
    parts.zone_sets.len() as u16 - 1
}

/// Adds number ranges: prefix, codes of lands, zones.
pub fn numbered_as(parts: &mut PolicyParts, ranges: &[(&str, &[&str], &[&str])]) {
    let ranges = ranges.iter().map(|(prefix, codes, zones)| {
        let index_of = |code: &&str| {
            let code = Code::parse(code).unwrap();
            parts.jurisdictions.iter().position(|land| land.code == code).unwrap() as u16
        };
        NumberRange {
            prefix: (*prefix).to_owned(),
            jurisdictions: codes.iter().map(index_of).collect(),
            zones: zone_set(parts, zones),
        }
    });
    parts.numbering = Numbering::new(String::from("test"), ranges.collect());
}

/// Express consent is needed; nothing else is asked for.
pub fn base(label: &str) -> Rule {
    Rule {
        regime: Some(Regime::OptIn),
        bases: vec![BasisRule::express()],
        ..Rule::new(label, ChannelSet::ALL)
    }
}

/// No consent is needed; nothing is asked for.
pub fn free(label: &str) -> Rule {
    Rule { regime: Some(Regime::OptOut), ..Rule::new(label, ChannelSet::ALL) }
}

/// An addition that asks for nothing yet.
pub fn addition(label: &str) -> Rule {
    Rule::new(label, ChannelSet::ALL)
}

/// A relationship basis with one ground: purchases, for two years, without conditions.
pub fn by_purchase(basis: Basis) -> BasisRule {
    let ground =
        Ground { kinds: vec![kind(RelationshipKind::Purchase, months(24))], ..Ground::default() };
    BasisRule { grounds: vec![ground], ..BasisRule::new(basis) }
}

pub fn kind(kind: RelationshipKind, period: Period) -> KindRule {
    KindRule { kind, period, while_running: false }
}

pub fn condition(name: &str) -> Condition {
    Condition::parse(name).unwrap()
}

pub fn months(n: i32) -> Period {
    Period::new(n, 0).unwrap()
}

pub fn days(n: i32) -> Period {
    Period::new(0, n).unwrap()
}

/// A registry whose checks count for four weeks and that nothing overrides.
pub fn registry(id: &str) -> Registry {
    Registry {
        ids: vec![id.to_owned()],
        max_age: days(28),
        overridden_by: BasisSet::default(),
        overridden_by_kinds: Vec::new(),
        consent_after_listing: false,
    }
}

pub fn cap(count: u32, hours: u64, per: PerSender) -> Cap {
    Cap { count, window: Duration::from_secs(hours * 3_600), per, exempt: Exemption::default() }
}

pub fn content(elements: &[Element]) -> ContentSet {
    elements.iter().fold(ContentSet::default(), |set, element| set.with(*element))
}

pub fn bases(all: &[Basis]) -> BasisSet {
    all.iter().fold(BasisSet::default(), |set, basis| set.with(*basis))
}

pub fn channels(all: &[Channel]) -> ChannelSet {
    all.iter().fold(ChannelSet::default(), |set, channel| set.with(*channel))
}

/// `"08:00-21:00"`.
pub fn window(text: &str) -> Window {
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    };
    let (start, end) = text.split_once('-').unwrap();
    Window::new(minutes(start), minutes(end)).unwrap()
}

/// The same windows every day.
pub fn daily(windows: &[&str]) -> Hours {
    let windows: Vec<Window> = windows.iter().map(|text| window(text)).collect();
    Hours { days: std::array::from_fn(|_| windows.clone()), ..Hours::default() }
}

pub fn on(date: &str) -> i32 {
    let date: Date = date.parse().unwrap();
    date.since(Date::constant(1970, 1, 1)).unwrap().get_days()
}

pub fn calendar(covers: (&str, &str), dates: &[&str]) -> Calendar {
    Calendar {
        id: String::from("test"),
        covers_from: on(covers.0),
        covers_until: on(covers.1),
        dates: dates.iter().map(|date| on(date)).collect(),
    }
}

/// An instant in RFC 3339.
pub fn utc(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}
