//! Consent changes: what made a contact's story, and what a contact does while we watch.

use super::contacts::{BRANDS, Person, Story};
use super::random::Random;
use super::{MICROS_A_DAY, Recipe};
use gate_codec::{ConsentChangeRecord, ContextRecord, EvidenceRecord};
use gate_core::{Channel, Timestamp};
use std::borrow::Cow;

type Change = ConsentChangeRecord<'static>;

/// SHA-256 of the sentence below the sign-up form of the sample brands.
const NOTICE_SHA256: &str = "5e05dfd7c833368701748af31b9a678fc5a1c6e81f81357e809f5826900d0862";
const NOTICE_VERSIONS: [&str; 3] = ["2025-11", "2026-05", "2026-09"];
const SOURCES: [&str; 4] = ["web-shop", "preference-page", "store-till", "crm"];
/// What people write to be left alone; each is a keyword by `gate_core::classify`.
const STOP_TEXTS: [&str; 6] =
    ["STOP", "Stop!", "stop please", "UNSUBSCRIBE", "ARRET", "Please stop texting me"];
const START_TEXTS: [&str; 2] = ["START", "unstop"];
/// What else people write; it changes nothing.
const OTHER_TEXTS: [&str; 3] = ["thanks!", "HELP", "when does the sale end?"];

/// Contacts whose consent is for all brands of the controller.
const ANY_BRAND: f64 = 0.4;
/// Customers of whom a condition of the soft opt-in is not known.
const CONDITION_UNKNOWN: f64 = 0.2;
/// Calls: who is listed, and of whom nobody asked the registry.
const LISTED: f64 = 0.15;
const NEVER_CHECKED: f64 = 0.15;

fn text(text: impl Into<Cow<'static, str>>) -> Option<Cow<'static, str>> {
    Some(text.into())
}

fn days_before(at: Timestamp, days: u64) -> Timestamp {
    let back = i64::try_from(days).unwrap_or_default().saturating_mul(MICROS_A_DAY);
    Timestamp::from_micros(at.as_micros().saturating_sub(back))
}

fn minutes_after(at: Timestamp, minutes: i64) -> Timestamp {
    Timestamp::from_micros(at.as_micros().saturating_add(minutes.saturating_mul(60_000_000)))
}

/// Who, when, what; everything else is added.
fn change(person: &Person, event_id: String, at: Timestamp, action: &'static str) -> Change {
    Change {
        event_id: text(event_id),
        occurred_at: Some(at),
        action: text(action),
        contact_id: text(person.id.clone()),
        controller: text(person.home.controller),
        brand: text(person.home.name),
        source: text("crm"),
        ..Change::default()
    }
}

/// The same about one channel and the address it delivers to.
fn on(person: &Person, channel: Channel, change: Change) -> Change {
    let address = person.address(channel).map(|address| Cow::Owned(address.to_owned()));
    Change { channel: text(channel.as_str()), address, ..change }
}

/// Texts and calls in America need a signature, which does no harm elsewhere.
fn grant(person: &Person, channel: Channel, random: &mut Random, bare: Change) -> Change {
    let needs_signature = !matches!(channel, Channel::Email | Channel::Push);
    let written = || needs_signature.then_some(Cow::Borrowed("true"));
    let evidence = EvidenceRecord {
        method: text(if channel == Channel::Push { "app" } else { "web_form" }),
        notice_version: text(random.pick(&NOTICE_VERSIONS)),
        notice_text_sha256: text(NOTICE_SHA256),
        source: text("https://shop.example/sign-up"),
        locale: text(person.place.locale),
        signature: needs_signature.then_some(Cow::Borrowed("e-sign")),
        number_named: written(),
        not_condition_of_purchase: written(),
        ..EvidenceRecord::default()
    };
    let any_brand = random.chance(ANY_BRAND);
    Change {
        purpose: text("marketing"),
        basis: text(if needs_signature { "express_written" } else { "express" }),
        evidence: Some(evidence),
        source: text(random.pick(&SOURCES)),
        brand: if any_brand { text("any") } else { bare.brand.clone() },
        ..on(person, channel, bare)
    }
}

/// Writes one contact's history, with ids that are the same each time.
struct Pen<'p> {
    person: &'p Person,
    recipe: &'p Recipe,
    anchor: Timestamp,
    random: Random,
    changes: Vec<Change>,
}

impl Pen<'_> {
    fn bare(&self, at: Timestamp, action: &'static str) -> Change {
        let week = self.anchor.as_micros() / MICROS_A_DAY;
        let id = format!("{}-h{week}-{}", self.person.id, self.changes.len());
        change(self.person, id, at, action)
    }

    /// Agreed to one channel, so many days ago.
    fn opt_in(&mut self, channel: Channel, days: u64) {
        let at = days_before(self.anchor, days);
        if self.person.place.code == "DE" && channel == Channel::Email {
            let asked = self.bare(at, "opt_in_requested");
            let asked = grant(self.person, channel, &mut self.random, asked);
            let confirmed = self.bare(minutes_after(at, 7), "opt_in_confirmed");
            let id = format!("{}-confirmed", confirmed.event_id.as_deref().unwrap_or_default());
            let confirmed = Change {
                event_id: text(id),
                brand: asked.brand.clone(),
                ..grant(self.person, channel, &mut self.random, confirmed)
            };
            self.changes.extend([asked, confirmed]);
        } else {
            let bare = self.bare(at, "opt_in");
            let granted = grant(self.person, channel, &mut self.random, bare);
            self.changes.push(granted);
        }
    }

    /// Agreed to everything they agreed to, some time in the last year.
    fn opt_ins(&mut self) {
        for channel in self.person.agreed.clone() {
            let days = self.random.between(20, 360);
            self.opt_in(channel, days);
        }
    }

    /// Something about all of the person, a few days ago.
    fn then(&mut self, action: &'static str, with: impl FnOnce(Change) -> Change) {
        let at = days_before(self.anchor, self.random.between(1, 15));
        let bare = self.bare(at, action);
        self.changes.push(with(bare));
    }

    /// The answer of the do-not-call registry, for who can be called.
    fn registry(&mut self) {
        let Some(registry) = self.person.place.registry else { return };
        let (is_listed, is_missing) =
            (self.random.chance(LISTED), self.random.chance(NEVER_CHECKED));
        if self.person.channels.contains(&Channel::VoiceLive) && !is_missing {
            let person = self.person;
            self.then("registry_status", |bare| Change {
                registry: text(registry),
                listed: Some(is_listed),
                source: text("registry-sync"),
                ..on(person, Channel::VoiceLive, bare)
            });
        }
    }

    fn purchase(&mut self) {
        let days = if self.random.chance(0.1) { 1_100 } else { self.random.between(10, 400) };
        let bare = self.bare(days_before(self.anchor, days), "relationship");
        let bought = purchase(self.person, &mut self.random, bare);
        self.changes.push(bought);
    }

    fn story(&mut self) {
        let person = self.person;
        match person.story {
            Story::Unknown => {}
            Story::Subscriber => {
                self.opt_ins();
                for channel in person.agreed.clone() {
                    if self.random.chance(self.recipe.opt_out_share) {
                        self.then("opt_out", |bare| Change {
                            source: text("preference-page"),
                            ..on(person, channel, bare)
                        });
                    }
                }
            }
            Story::Customer => {
                self.purchase();
                if self.random.chance(self.recipe.opt_out_share / 2.0) {
                    self.then("opt_out", |bare| on(person, Channel::Email, bare));
                }
            }
            Story::Undecided => {
                for channel in person.agreed.clone() {
                    let at = days_before(self.anchor, self.random.between(1, 15));
                    let bare = self.bare(at, "opt_in_requested");
                    let asked = grant(person, channel, &mut self.random, bare);
                    self.changes.push(asked);
                }
            }
            Story::NoProof => {
                self.opt_ins();
                for change in &mut self.changes {
                    change.evidence = Some(EvidenceRecord {
                        method: text("import"),
                        ..EvidenceRecord::default()
                    });
                }
            }
            Story::Lapsed => {
                for channel in person.agreed.clone() {
                    self.opt_in(channel, 5 * 365);
                }
            }
            Story::Objector => {
                self.opt_ins();
                self.then("object", |bare| Change { source: text("letter"), ..bare });
            }
            Story::Complainer => {
                self.opt_ins();
                self.then("complaint", |bare| Change {
                    format: text("arf"),
                    source: text("feedback-loop"),
                    ..on(person, Channel::Email, bare)
                });
            }
            Story::Bounced => {
                self.opt_ins();
                self.then("hard_bounce", |bare| bounce(person, bare));
            }
            Story::Reassigned => {
                self.opt_ins();
                let Some(phone) = person.address(Channel::Sms).map(str::to_owned) else { return };
                self.then("address_reassigned", |bare| Change { address: text(phone), ..bare });
            }
            Story::Suppressed => {
                self.opt_ins();
                self.then("suppress", |bare| Change {
                    scope: text("all"),
                    cause: text("legal request"),
                    ..bare
                });
            }
            Story::Erased => {
                self.opt_ins();
                self.then("erase", |bare| Change { source: text("privacy-desk"), ..bare });
            }
            Story::Minor => {
                self.opt_ins();
                let birth_day = days_before(self.anchor, 11 * 365 + 90).as_micros() / MICROS_A_DAY;
                self.then("profile", |bare| Change {
                    birth_date: i32::try_from(birth_day).ok(),
                    ..bare
                });
            }
            Story::Muddled => {
                self.opt_ins();
                if self.recipe.invalid_share > 0.0 {
                    self.then("opt_out", |bare| unreadable(person, bare));
                }
            }
        }
        if !matches!(person.story, Story::Unknown | Story::Erased) {
            self.registry();
        }
    }
}

fn bounce(person: &Person, bare: Change) -> Change {
    Change { smtp: text("5.1.1"), source: text("mail-server"), ..on(person, Channel::Email, bare) }
}

/// Without an event id nobody can tell it from another one, but it says whose it is: the gate blocks that contact and
/// goes on. In every format.
fn unreadable(person: &Person, bare: Change) -> Change {
    Change { event_id: text(" "), ..on(person, Channel::Email, bare) }
}

/// Whether it was made by [`unreadable`].
pub(super) fn is_unreadable(change: &Change) -> bool {
    change.event_id.as_deref().is_none_or(|id| id.trim().is_empty())
}

fn purchase(person: &Person, random: &mut Random, bare: Change) -> Change {
    let mut context =
        ContextRecord { product_group: text(person.home.name), ..ContextRecord::default() };
    let is_known = !random.chance(CONDITION_UNKNOWN);
    for (flag, value) in [
        ("details_obtained_directly", true),
        ("objection_notice", true),
        ("relationship_active", true),
        ("message_relates_to_relationship", true),
        ("refused", false),
    ] {
        context.set(flag, value);
    }
    if is_known {
        context.set("refusal_offered_at_collection", true);
    }
    Change {
        kind: text("purchase"),
        context: Some(context),
        source: text("web-shop"),
        ..on(person, Channel::Email, Change { channel: None, ..bare })
    }
}

/// What made the contact's story, in order of arrival.
pub(super) fn history(person: &Person, recipe: &Recipe, anchor: Timestamp) -> Vec<Change> {
    // of its own for each contact, by all of its id
    let stream =
        person.id.bytes().fold(3 << 40, |hash: u64, byte| hash.wrapping_mul(31) ^ u64::from(byte));
    let random = Random::new(recipe.seed, stream);
    let mut pen = Pen { person, recipe, anchor, random, changes: Vec::new() };
    pen.story();
    pen.changes
}

/// Somebody who agreed does so no more. `None` when there is nothing to withdraw.
pub(super) fn withdrawal(
    person: &Person,
    id: String,
    now: Timestamp,
    random: &mut Random,
) -> Option<Change> {
    let nth = usize::try_from(random.below(person.agreed.len() as u64)).ok()?;
    let channel = *person.agreed.get(nth)?;
    let is_everything = random.chance(0.05);
    if channel == Channel::Sms && random.chance(0.7) {
        return Some(inbound(person, id, now, random.pick(&STOP_TEXTS)));
    }
    if is_everything {
        return Some(Change {
            source: text("preference-page"),
            ..change(person, id, now, "opt_out")
        });
    }
    if random.chance(0.03) {
        let complaint = on(person, Channel::Email, change(person, id, now, "complaint"));
        return Some(Change { format: text("arf"), source: text("feedback-loop"), ..complaint });
    }
    let source = if channel == Channel::Email { "unsubscribe-link" } else { "preference-page" };
    Some(Change { source: text(source), ..on(person, channel, change(person, id, now, "opt_out")) })
}

/// A text to the brand's number.
fn inbound(person: &Person, id: String, now: Timestamp, what: &'static str) -> Change {
    Change {
        text: text(what),
        to: text(person.home.sender),
        source: text("sms-provider"),
        ..on(person, Channel::Sms, change(person, id, now, "inbound_sms"))
    }
}

/// Somebody agrees, again or for the first time, or something is learned about a contact whose story does not change.
pub(super) fn news(
    person: &Person,
    id: String,
    now: Timestamp,
    recipe: &Recipe,
    random: &mut Random,
) -> Option<Change> {
    let nth = usize::try_from(random.below(person.agreed.len() as u64)).ok()?;
    let channel = *person.agreed.get(nth)?;
    let bare = |action| change(person, id.clone(), now, action);
    match person.story {
        Story::Subscriber => Some(agreement(person, channel, random, &bare)),
        Story::Customer => Some(purchase(person, random, bare("relationship"))),
        Story::Undecided => Some(grant(person, channel, random, bare("opt_in_requested"))),
        Story::Bounced => Some(bounce(person, bare("hard_bounce"))),
        Story::Objector => Some(bare("object")),
        Story::Muddled if random.chance(recipe.invalid_share) => {
            Some(unreadable(person, bare("opt_out")))
        }
        // a contact that cannot be told from its past would be free after one clear word
        Story::Muddled
        | Story::Unknown
        | Story::NoProof
        | Story::Lapsed
        | Story::Complainer
        | Story::Reassigned
        | Story::Suppressed
        | Story::Erased
        | Story::Minor => None,
    }
}

/// A subscriber agrees once more, by form or by text.
fn agreement(
    person: &Person,
    channel: Channel,
    random: &mut Random,
    bare: &impl Fn(&'static str) -> Change,
) -> Change {
    if channel == Channel::Sms && random.chance(0.4) {
        let what =
            if random.chance(0.7) { random.pick(&START_TEXTS) } else { random.pick(&OTHER_TEXTS) };
        let inbound = on(person, Channel::Sms, bare("inbound_sms"));
        return Change {
            text: text(what),
            to: text(person.home.sender),
            source: text("sms-provider"),
            ..inbound
        };
    }
    let action = if person.place.code == "DE" && channel == Channel::Email {
        "opt_in_confirmed"
    } else {
        "opt_in"
    };
    grant(person, channel, random, bare(action))
}

/// Other brands than one's own, for messages that miss.
pub(super) fn other_brand(random: &mut Random) -> super::contacts::Brand {
    random.pick(&BRANDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_core::{Keyword, classify};

    #[test]
    fn texts_mean_what_they_are_for() {
        assert!(STOP_TEXTS.iter().all(|text| classify(text) == Keyword::Stop));
        assert!(START_TEXTS.iter().all(|text| classify(text) == Keyword::Start));
        assert!(
            OTHER_TEXTS.iter().all(|text| matches!(classify(text), Keyword::None | Keyword::Help))
        );
    }
}
