//! Steps 9, 10, 12, 13 and 14: what packs ask besides a basis.

use super::basis::{Bases, kind_rule};
use super::{Judging, readable};
use crate::consent::ConsentState;
use crate::decision::{Reason, Warning};
use crate::fact::{Fact, FactKind, flags};
use crate::policy::{ContentSet, Registry, local};
use crate::sent::{SENT_MESSAGES_MAX, SentKind};
use crate::trace::{Step, Trace};
use crate::{Timestamp, candidate::ZoneSource};

/// How often the common opening of several zones and rules is looked for before it counts as never.
const OPENING_ROUNDS_MAX: usize = 64;

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

    /// The latest statement about the person's birth date, in days since 1970-01-01.
    fn birth_date(&self) -> Option<i32> {
        let statements = self
            .permissions()
            .filter(|p| p.fact.kind == FactKind::Profile && self.counts(p.fact))
            .map(|p| p.fact);
        let latest = statements.max_by_key(|fact| (fact.at, fact.flags))?;
        u32::try_from(latest.flags).ok().map(u32::cast_signed)
    }

    /// Step 10: every registry of a rule in force was asked and has nothing against it, unless a live basis or
    /// relationship overrides it.
    pub(super) fn registries(&mut self, bases: &Bases<'a>) {
        let asked = self.rules().filter_map(|rule| Some((rule.pack, rule.registry.as_ref()?)));
        for (pack, registry) in asked {
            let name = registry.ids.first().map_or("", String::as_str);
            if bases.live_in(pack).intersects(registry.overridden_by)
                || self.is_overridden(registry)
            {
                self.trace.note(Step::Registry, || format!("{name}: overridden by a live basis"));
                continue;
            }
            let cleared = self.cleared_at(registry);
            let reason = match cleared {
                _ if self.is_listed(registry) => Some(Reason::DncRegistry),
                Some(cleared) if registry.max_age.is_running(cleared, self.now) => None,
                _ => Some(Reason::RegistryStale),
            };
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
    }

    /// Whether a listing stands that no later check found gone. One in a registry that no pack knows counts for
    /// every registry.
    fn is_listed(&self, registry: &Registry) -> bool {
        let is_meant = |name: Option<&str>| match crate::reach::named(name) {
            None => true,
            Some(name) => registry.is_named(name) || !self.is_known_registry(name),
        };
        let mut listed =
            self.both().filter(|f| f.kind == FactKind::RegistryListed && is_meant(f.detail));
        listed.any(|listed| self.clear_checks(registry).all(|f| self.is_outdated(f, listed)))
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
        let registries = self.policies.rules().iter().filter_map(|rule| rule.registry.as_ref());
        registries.into_iter().any(|registry| registry.is_named(name))
    }

    /// An existing business relationship beats a listing in some registries, for a time.
    fn is_overridden(&self, registry: &Registry) -> bool {
        let is_running = |fact: &Fact<'_>| {
            let kind = fact.relationship_kind();
            let rule = kind.and_then(|kind| kind_rule(&registry.overridden_by_kinds, kind));
            rule.is_some_and(|rule| self.now < self.relationship_end(fact, rule))
        };
        self.any_standing(|fact| {
            fact.kind == FactKind::Relationship
                && self.addressed.is_related_by(&fact.scope)
                && fact.flags & flags::NOT_REFUSED != 0
                && is_running(fact)
                && !self.is_withdrawn(fact)
        })
    }

    /// Step 12.
    pub(super) fn content(&mut self) {
        let needed = self.rules().fold(ContentSet::default(), |all, rule| all.union(rule.content));
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
    pub(super) fn frequency(&mut self) {
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
    pub(super) fn quiet_hours(&mut self) -> Option<Timestamp> {
        self.considered.hours(self.policies).next()?;
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
        let opening = self.common_opening();
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

    fn common_opening(&self) -> Result<Option<Timestamp>, crate::policy::BeyondCalendar> {
        let mut at = self.now;
        for _ in 0..OPENING_ROUNDS_MAX {
            let began = at;
            for zone in self.considered.zones(self.policies) {
                let mut civil = local(&zone.time_zone, at);
                for hours in self.considered.hours(self.policies) {
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
