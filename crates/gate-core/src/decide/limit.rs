//! Steps 9, 10, 12, 13 and 14: what packs ask besides a basis.

use super::basis::Bases;
use super::{Judging, readable};
use crate::consent::ConsentState;
use crate::decision::{Reason, Warning};
use crate::fact::{Fact, FactKind};
use crate::policy::{ContentSet, Hours, RULES_MAX, Registry, local};
use crate::sent::{SENT_MESSAGES_MAX, SentKind};
use crate::trace::{Step, Trace};
use crate::{Timestamp, candidate::ZoneSource};

/// How often the common opening of several zones and rules is looked for before it counts as never.
const OPENING_ROUNDS_MAX: usize = 64;

/// The hours that bind a message, at the places of their rules.
type BindingHours<'a> = [Option<&'a Hours>; RULES_MAX];

impl<'a, T: Trace> Judging<'a, T> {
    /// Step 9: a person known to be younger than a candidate jurisdiction asks gets no marketing.
    pub(super) fn age(&mut self) {
        let Some(birth) = self.birth_date() else {
            self.trace.note(Step::Age, || String::from("no birth date on file"));
            return;
        };
        for jurisdiction in self.considered.jurisdictions(self.policies) {
            let Some(years) = jurisdiction.minor_below else { continue };
            let today = self.policies.law_date(jurisdiction, self.now);
            let is_minor = crate::policy::is_younger(birth, years, today);
            self.trace.note(Step::Age, || {
                let verdict = if is_minor { "younger" } else { "old enough" };
                format!("{}: {years} years needed, {verdict}", jurisdiction.code.as_str())
            });
            if is_minor {
                self.failing.insert(Reason::Minor);
            }
        }
    }

    /// The latest statement about the person's birth date, in days since 1970-01-01. One that has come to its end,
    /// or is not the version of its event that counts, can only make the person younger.
    fn birth_date(&self) -> Option<i32> {
        let statements = || {
            let of_profile = self.permissions().map(|p| p.fact);
            of_profile.filter(|f| {
                f.kind == FactKind::Profile && !f.is_quarantined() && !f.is_ahead_of(self.now)
            })
        };
        let standing = statements().filter(|f| self.counts(f) && !self.is_over(f));
        let latest = standing.map(|f| f.at).max();
        let not_before = statements().filter(|f| latest.is_none_or(|latest| f.at >= latest));
        not_before.filter_map(|f| u32::try_from(f.flags).ok().map(u32::cast_signed)).max()
    }

    /// Step 10: every registry of a rule in force was asked and has nothing against it, unless a live basis or
    /// relationship overrides it.
    pub(super) fn registries(&mut self, bases: &Bases<'a>) {
        for rule in self.rules() {
            for registry in &rule.registries {
                if self.is_overridden(rule.pack, registry, bases) {
                    self.trace.note(Step::Registry, || {
                        format!("{}: overridden by a live basis", name_of(registry))
                    });
                } else {
                    self.ask(registry);
                }
            }
        }
    }

    /// Where the law says so, a single approach without being asked needs the registry too, and nothing
    /// overrides it: there is no basis yet.
    pub(super) fn registries_of_approach(&mut self) {
        for rule in self.rules().filter(|rule| rule.approach_asks_registry) {
            rule.registries.iter().for_each(|registry| self.ask(registry));
        }
    }

    /// What one registry says about the address.
    fn ask(&mut self, registry: &Registry) {
        let cleared = self.cleared_at(registry);
        let reason = match cleared {
            _ if self.listings(registry).next().is_some() => Some(Reason::DncRegistry),
            Some(cleared) if registry.max_age.is_running(cleared, self.now) => None,
            _ => Some(Reason::RegistryStale),
        };
        let name = name_of(registry);
        self.trace.note(Step::Registry, || match (reason, cleared) {
            (None, Some(at)) => format!("{name}: clear, asked {}", readable(at)),
            (Some(Reason::DncRegistry), _) => format!("{name}: listed"),
            _ => format!("{name}: not asked, or too long ago"),
        });
        match reason {
            Some(reason) => self.failing.insert(reason),
            None => self.registry_checked = self.registry_checked.min(cleared).or(cleared),
        }
    }

    /// Listings that stand: no later check found them gone. One in a registry that no pack knows counts for
    /// every registry.
    fn listings(&self, registry: &Registry) -> impl Iterator<Item = &'a Fact<'a>> {
        let is_meant = |name: Option<&str>| match crate::reach::named(name) {
            None => true,
            Some(name) => registry.is_named(name) || !self.is_known_registry(name),
        };
        self.both().filter(move |listed| {
            listed.kind == FactKind::RegistryListed
                && is_meant(listed.detail)
                && self.clear_checks(registry).all(|f| self.is_outdated(f, listed))
        })
    }

    /// The latest check that found nothing.
    fn cleared_at(&self, registry: &Registry) -> Option<Timestamp> {
        self.clear_checks(registry).map(|f| f.at).max()
    }

    /// Checks that found nothing: they speak about the address, whoever asked for whom.
    fn clear_checks(&self, registry: &Registry) -> impl Iterator<Item = &'a Fact<'a>> {
        let key = Some(self.address_key);
        let own = self.contact.map(ConsentState::facts).unwrap_or_default().iter();
        let facts = self.known(self.address).chain(own.filter(move |f| f.other == key));
        facts.filter(|f| {
            f.kind == FactKind::RegistryClear
                && f.variant() == self.variant
                && crate::reach::named(f.detail).is_some_and(|name| registry.is_named(name))
                && self.counts(f)
                && !self.is_over(f)
        })
    }

    fn is_known_registry(&self, name: &str) -> bool {
        let registries = self.policies.rules().iter().flat_map(|rule| &rule.registries);
        registries.into_iter().any(|registry| registry.is_named(name))
    }

    /// A live basis, or in some registries an existing business relationship, beats a listing. Where the pack
    /// says so it must be younger: whoever signed up after agreeing has thought better of it.
    fn is_overridden(&self, pack: u16, registry: &Registry, bases: &Bases<'a>) -> bool {
        let is_young_enough = |fact: &Fact<'_>| {
            !registry.consent_after_listing
                || self.listings(registry).all(|listed| !self.is_outdated(fact, listed))
        };
        bases.live_in(pack, registry.overridden_by).any(is_young_enough)
            || self.is_related(&registry.overridden_by_kinds, is_young_enough)
    }

    /// Step 12.
    pub(super) fn content(&mut self) {
        let is_bulk = self.message.content.bulk == Some(true);
        let needed = self.rules().fold(ContentSet::default(), |all, rule| {
            let of_bulk = if is_bulk { rule.bulk_content } else { ContentSet::default() };
            all.union(rule.content).union(of_bulk)
        });
        self.missing_content = needed.missing_in(&self.message.content);
        let missing = self.missing_content;
        self.trace.note(Step::Content, || {
            let names = |set: ContentSet| {
                set.iter().map(crate::policy::Element::as_str).collect::<Vec<_>>().join(", ")
            };
            format!("needed: {}; missing: {}", names(needed), names(missing))
        });
        if !missing.is_empty() {
            self.failing.insert(Reason::ContentRequirement);
        }
    }

    /// Step 13: a message that was approved before is not counted against itself.
    pub(super) fn frequency(&mut self, bases: &Bases<'a>) {
        let approved = self.history.approved;
        let is_counted = approved
            .iter()
            .any(|sent| sent.message == self.this.message && sent.kind == SentKind::Marketing);
        if is_counted {
            self.trace.note(Step::Frequency, || String::from("approved before; counted once"));
            return;
        }
        for rule in self.rules() {
            for cap in &rule.caps {
                if self.is_freed(rule.pack, &cap.exempt, bases) {
                    self.trace.note(Step::Frequency, || format!("{}: exempt", rule.label));
                    continue;
                }
                let n_sent = self.history.count(cap, rule, &self.this);
                self.trace.note(Step::Frequency, || {
                    let hours = cap.window.as_secs() / 3600;
                    let found = n_sent
                        .map_or_else(|| String::from("nobody knows how many"), |n| n.to_string());
                    format!("{}: {found} of {} in {hours} h", rule.label, cap.count)
                });
                // what nobody can count is as much as the cap allows
                let is_reached = n_sent.is_none_or(|n_sent| n_sent >= cap.count);
                if is_reached || approved.len() >= SENT_MESSAGES_MAX {
                    self.failing.insert(Reason::FrequencyCap);
                }
            }
        }
    }

    /// Step 14: the next instant that is open in every zone by every rule, unless that is now.
    pub(super) fn quiet_hours(&mut self, bases: &Bases<'a>) -> Option<Timestamp> {
        let hours = self.binding_hours(bases);
        hours.iter().flatten().next()?;
        match self.considered.zone_source {
            ZoneSource::Unknown | ZoneSource::Unreadable => {
                self.failing.insert(Reason::QuietHoursBlocked);
                let is_declared = self.considered.zone_source == ZoneSource::Unreadable;
                let which = if is_declared { "declared zone" } else { "zone" };
                self.trace.note(Step::QuietHours, || format!("the {which} is unknown"));
                return None;
            }
            ZoneSource::Number | ZoneSource::Jurisdiction | ZoneSource::NumberAndJurisdiction => {
                self.warnings.insert(Warning::TzGuess);
            }
            ZoneSource::Declared => {}
        }
        let opening = self.common_opening(&hours);
        let source = self.considered.zone_source;
        let zones = self.considered.zones(self.policies);
        self.trace.note(Step::QuietHours, || {
            let names: Vec<&str> = zones.map(|zone| zone.name.as_str()).collect();
            let answer = match opening {
                Ok(Some(at)) if at <= self.now => String::from("open"),
                Ok(Some(at)) => format!("closed until {}", readable(at)),
                Ok(None) => String::from("never open"),
                Err(_) => String::from("beyond the holiday calendar"),
            };
            format!("zones ({}) {}: {answer}", source.as_str(), names.join(", "))
        });
        match opening {
            Ok(Some(at)) => (at > self.now).then_some(at),
            Ok(None) => {
                self.failing.insert(Reason::QuietHoursBlocked);
                None
            }
            Err(_) => {
                self.failing.insert(Reason::PolicyUnavailable);
                None
            }
        }
    }

    /// The hours of all rules from which nothing frees this message.
    fn binding_hours(&mut self, bases: &Bases<'a>) -> BindingHours<'a> {
        let mut binding = [None; RULES_MAX];
        for (rule, slot) in self.rules().zip(&mut binding) {
            let Some(hours) = &rule.hours else { continue };
            if self.is_freed(rule.pack, &hours.exempt, bases) {
                self.trace.note(Step::QuietHours, || format!("{}: exempt", rule.label));
            } else {
                *slot = Some(hours);
            }
        }
        binding
    }

    fn common_opening(
        &self,
        binding: &BindingHours<'a>,
    ) -> Result<Option<Timestamp>, crate::policy::BeyondCalendar> {
        let mut at = self.now;
        for _ in 0..OPENING_ROUNDS_MAX {
            let began = at;
            for zone in self.considered.zones(self.policies) {
                let mut civil = local(&zone.time_zone, at);
                for hours in binding.iter().flatten() {
                    let calendar = hours.holidays.as_ref().map(|holidays| holidays.calendar);
                    let calendar = calendar.and_then(|index| self.policies.calendar(index));
                    let Some(opening) = hours.opening(calendar, &zone.time_zone, at, civil)? else {
                        return Ok(None);
                    };
                    if opening > at {
                        at = opening;
                        civil = local(&zone.time_zone, at);
                    }
                }
            }
            if at == began {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

fn name_of(registry: &Registry) -> &str {
    registry.ids.first().map_or("", String::as_str)
}
