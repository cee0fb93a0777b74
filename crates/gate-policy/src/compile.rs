//! From files to a policy set: data first, then packs, then what only shows when all are together.

use crate::names::Names;
use crate::pack::{Pack, pack};
use crate::problem::{Problems, Remark};
use crate::reader::Reader;
use crate::zones::TimeZones;
use crate::{File, HOLIDAYS, NUMBERING, PRODUCT_GROUPS, ZONES, data, is_pack};
use gate_core::Channel;
use gate_core::policy::{
    Code, Jurisdiction, NumberRange, Numbering, PolicyParts, PolicySet, RULES_MAX, Rule, STRICT,
};
use gate_located::Place;
use std::collections::{BTreeMap, BTreeSet};

/// The set under construction.
struct Compiling<'f> {
    files: &'f [File],
    problems: Problems,
    remarks: Vec<Remark>,
    names: Names,
    zone_sets: Vec<Vec<u16>>,
}

pub(crate) fn compile(
    files: &[File],
    zones: &TimeZones,
    revision: String,
) -> Result<(PolicySet, Vec<Remark>), Problems> {
    let n_zones = u16::try_from(zones.zones().len()).unwrap_or(u16::MAX);
    let mut compiling = Compiling {
        files,
        problems: Problems::default(),
        remarks: Vec::new(),
        names: Names { zones: zones.zones().to_vec(), calendars: Vec::new() },
        zone_sets: (0..n_zones).map(|zone| vec![zone]).collect(),
    };
    compiling.names.calendars = compiling.csv(HOLIDAYS, data::holidays).unwrap_or_default();
    let zone_rows = compiling.zone_rows();
    let similar = compiling.similar();
    let packs = compiling.packs();
    let (version, prefixes) = compiling.csv(NUMBERING, data::numbering).unwrap_or_default();
    let mut parts = compiling.parts(&packs, &zone_rows);
    parts.numbering = compiling.numbering(version, &prefixes, &parts);
    parts.similar = similar;
    parts.revision = revision;
    zones.version().clone_into(&mut parts.tz_version);
    parts.zones = compiling.names.zones;
    parts.calendars = compiling.names.calendars;
    parts.zone_sets = compiling.zone_sets;
    let mut problems = compiling.problems;
    if problems.0.is_empty() {
        match PolicySet::new(parts) {
            Ok(set) => return Ok((set, compiling.remarks)),
            Err(error) => problems.0.push(whole_file("policies", &error.to_string(), "see above")),
        }
    }
    problems.0.sort();
    Err(problems)
}

fn whole_file(file: &str, reason: &str, remedy: &str) -> crate::Problem {
    crate::Problem {
        file: file.to_owned(),
        line: 0,
        column: 0,
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
        excerpt: String::new(),
    }
}

impl<'f> Compiling<'f> {
    fn take(&mut self, reader: Reader<'_>) {
        let (problems, remarks) = reader.finish();
        self.problems.0.extend(problems);
        self.remarks.extend(remarks);
    }

    fn file(&mut self, name: &str) -> Option<&'f File> {
        let found = self.files.iter().find(|file| file.name == name);
        if found.is_none() {
            let remedy = "copy it from the shipped packs";
            self.problems.0.push(whole_file(name, "the file is missing", remedy));
        }
        found
    }

    fn csv<T>(&mut self, name: &str, read: impl FnOnce(&mut Reader<'_>, &str) -> T) -> Option<T> {
        let file = self.file(name)?;
        let mut reader = Reader::new(&file.name, &file.text);
        if file.text.len() > crate::FILE_BYTES_MAX {
            let reason = format!("the file is larger than {} bytes", crate::FILE_BYTES_MAX);
            reader.problem(Place::default(), reason, "split or shorten it");
        }
        let out = read(&mut reader, &file.text);
        self.take(reader);
        Some(out)
    }

    /// A problem found after a file was read.
    fn report(&mut self, name: &str, at: Place, reason: String, remedy: &str) {
        let text = self.files.iter().find(|file| file.name == name);
        let mut reader = Reader::new(name, text.map_or("", |file| file.text.as_str()));
        reader.problem(at, reason, remedy);
        self.take(reader);
    }

    /// Zone sets by jurisdiction.
    fn zone_rows(&mut self) -> BTreeMap<Code, u16> {
        let rows = self.csv(ZONES, data::zones).unwrap_or_default();
        let mut out = BTreeMap::new();
        for row in rows {
            let set = self.zone_set(ZONES, row.place, &row.zones);
            out.insert(row.code, set);
        }
        out
    }

    fn zone_set(&mut self, file: &str, at: Place, names: &[String]) -> u16 {
        let mut set = Vec::new();
        for name in names {
            match self.names.zone(name) {
                Some(zone) => set.push(zone),
                None => {
                    let reason = format!("unknown time zone `{name}`");
                    self.report(file, at, reason, "use an IANA name of the zone data in use");
                }
            }
        }
        set.sort_unstable();
        set.dedup();
        self.intern(set)
    }

    fn intern(&mut self, set: Vec<u16>) -> u16 {
        let at = self.zone_sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            self.zone_sets.push(set);
            self.zone_sets.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn similar(&mut self) -> Vec<(String, String)> {
        let Some(file) = self.files.iter().find(|file| file.name == PRODUCT_GROUPS) else {
            return Vec::new(); // nothing is similar but the same
        };
        let mut reader = Reader::new(&file.name, &file.text);
        let node = reader.document();
        let out = node.map(|node| data::product_groups(&mut reader, &node)).unwrap_or_default();
        self.take(reader);
        out
    }

    fn packs(&mut self) -> Vec<(&'f str, Pack)> {
        let mut out: Vec<(&'f str, Pack)> = Vec::new();
        let mut files: Vec<&File> = self.files.iter().filter(|file| is_pack(&file.name)).collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        for file in files {
            let mut reader = Reader::new(&file.name, &file.text);
            let node = reader.document();
            let read = node.and_then(|node| pack(&mut reader, &node, &self.names));
            if let Some(read) = read {
                let expected = format!("{}.yaml", read.code.as_str());
                if file.name != expected {
                    let reason = format!("pack `{}` in a file of another name", read.code.as_str());
                    reader.problem(read.place, reason, format!("call the file {expected}"));
                }
                out.push((&file.name, read));
            }
            self.take(reader);
        }
        let has_strict = out.iter().any(|(_, pack)| pack.code.as_str() == STRICT);
        if !has_strict && self.problems.0.is_empty() {
            let reason = "there is no STRICT pack, for recipients whose jurisdiction is unknown";
            self.problems.0.push(whole_file(
                "STRICT.yaml",
                reason,
                "copy it from the shipped packs",
            ));
        }
        self.names_once(&out);
        out
    }

    /// No code, alias or member belongs to two packs. A member with a file of its own uses that.
    fn names_once(&mut self, packs: &[(&'f str, Pack)]) {
        let mut owners: BTreeMap<Code, &str> = BTreeMap::new();
        let own: BTreeSet<Code> = packs.iter().map(|(_, pack)| pack.code).collect();
        for (file, pack) in packs {
            let named = [(pack.code, pack.place)].into_iter().chain(pack.aliases.iter().copied());
            let members = pack.members.iter().map(|member| (member.code, member.place));
            let parts = pack.subdivisions.iter().map(|part| (part.code, part.place));
            for (code, place) in named.chain(members).chain(parts) {
                let is_own_file = code != pack.code && own.contains(&code);
                if is_own_file {
                    let reason = format!("`{}` has a file of its own", code.as_str());
                    self.report(file, place, reason, "delete it here: its own file is used");
                } else if let Some(other) = owners.insert(code, file) {
                    let reason = format!("`{}` is claimed by {other} too", code.as_str());
                    self.report(file, place, reason, "name each code once");
                }
            }
        }
    }

    fn parts(&mut self, packs: &[(&'f str, Pack)], zone_rows: &BTreeMap<Code, u16>) -> PolicyParts {
        let mut parts = PolicyParts::default();
        for (file, pack) in packs {
            let pack_index = u16::try_from(parts.packs.len()).unwrap_or(u16::MAX);
            parts.packs.push(pack.head.clone());
            let common: Vec<u16> = pack
                .rules
                .iter()
                .chain(&pack.additions)
                .map(|rule| push_rule(&mut parts, rule, pack_index))
                .collect();
            let mut jurisdiction =
                |parts: &mut PolicyParts, code: Code, minor_below, rules: &[u16]| {
                    let zones =
                        match zone_rows.get(&code).or_else(|| zone_rows.get(&code.country())) {
                            Some(zones) => *zones,
                            None => self.intern(Vec::new()),
                        };
                    let by_channel: [Vec<u16>; Channel::ALL.len()] = Channel::ALL.map(|channel| {
                        let applies = |rule: &&u16| {
                            let rule: Option<&Rule> = parts.rules.get(usize::from(**rule));
                            rule.is_some_and(|rule| rule.channels.contains(channel))
                        };
                        rules.iter().filter(applies).copied().collect()
                    });
                    for (rules, channel) in by_channel.iter().zip(Channel::ALL) {
                        if rules.len() > RULES_MAX {
                            let (code, channel) = (code.as_str(), channel.as_str());
                            let reason =
                                format!("`{code}` has more than {RULES_MAX} rules for {channel}");
                            self.report(file, pack.place, reason, "join rules of that channel");
                        }
                    }
                    parts.jurisdictions.push(Jurisdiction {
                        code,
                        pack: pack_index,
                        minor_below,
                        law_zone: pack.law_zone,
                        zones,
                        rules: by_channel,
                    });
                };
            jurisdiction(&mut parts, pack.code, pack.minor_below, &common);
            for member in &pack.members {
                let minor_below = member.minor_below.or(pack.minor_below);
                jurisdiction(&mut parts, member.code, minor_below, &common);
            }
            for part in &pack.subdivisions {
                let mut rules = common.clone();
                rules.extend(
                    part.additions.iter().map(|rule| push_rule(&mut parts, rule, pack_index)),
                );
                jurisdiction(&mut parts, part.code, pack.minor_below, &rules);
            }
            // parts of a country without rules of their own still have their own zones
            let known: BTreeSet<Code> = pack.subdivisions.iter().map(|part| part.code).collect();
            let others = zone_rows.keys().filter(|code| {
                code.is_subdivision() && code.country() == pack.code && !known.contains(code)
            });
            let mut is_subdivided = false;
            for code in others {
                is_subdivided = true;
                jurisdiction(&mut parts, *code, pack.minor_below, &common);
            }
            if is_subdivided {
                parts.subdivided.push(pack.code);
            }
            parts.aliases.extend(pack.aliases.iter().map(|(alias, _)| (*alias, pack.code)));
        }
        parts
    }

    fn numbering(
        &mut self,
        version: String,
        prefixes: &[data::Prefix],
        parts: &PolicyParts,
    ) -> Numbering {
        let find = |code: Code| {
            let at = |code: Code| parts.jurisdictions.iter().position(|j| j.code == code);
            let country = || at(code.country());
            at(code).or_else(country).and_then(|at| u16::try_from(at).ok())
        };
        let strict = Code::parse(STRICT).and_then(find).unwrap_or_default();
        let mut ranges = Vec::new();
        for prefix in prefixes {
            // a country without a pack is one we know nothing about
            let mut jurisdictions: Vec<u16> =
                prefix.jurisdictions.iter().map(|code| find(*code).unwrap_or(strict)).collect();
            jurisdictions.dedup();
            if jurisdictions.len() >= gate_core::policy::CANDIDATES_MAX {
                let reason = format!("prefix {} names too many jurisdictions", prefix.digits);
                self.report(NUMBERING, prefix.place, reason, "split the prefix");
            }
            let zones = self.zone_set(NUMBERING, prefix.place, &prefix.zones);
            ranges.push(NumberRange { prefix: prefix.digits.clone(), jurisdictions, zones });
        }
        Numbering::new(version, ranges)
    }
}

fn push_rule(parts: &mut PolicyParts, rule: &Rule, pack: u16) -> u16 {
    let index = u16::try_from(parts.rules.len()).unwrap_or(u16::MAX);
    parts.rules.push(Rule { pack, ..rule.clone() });
    index
}
