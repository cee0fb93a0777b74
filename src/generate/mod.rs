//! Sample traffic: made-up people, what they agreed to, and messages to them, as a sequence without end.
//!
//! The same recipe and the same clock give the same records. No I/O, no clock: the shell (`cli/generate`) hands in
//! the time and sends. Invariants: records are valid by `schemas/*.avsc` except those that are wrong on purpose;
//! e-mail addresses stand in domains and phone numbers in ranges that nobody can ever own, so that nothing reaches a
//! person if a sample ever leaves; and nothing generated holds a gate (an unreadable change always says whose it is).
//!
//! What is made comes to rest: the share of contacts that are out stays what `opt_out_share` says, however long it
//! runs and however often it is started again.

mod consent;
mod contacts;
mod messages;
mod places;
mod random;
#[cfg(test)]
mod tests;

use contacts::{Population, Story};
use gate_codec::{
    ConsentChangeRecord, EncodeError, Encoding, OutboundMessageRecord, encode_consent,
    encode_message,
};
use gate_core::{Channel, Timestamp};
use places::{PLACES, Place};
use random::Random;
use std::hash::Hasher as _;

/// Header of every generated record. The gate passes it on, so that outputs show what is not real.
pub const HEADER: &str = "sample-traffic";
/// Its value.
pub const HEADER_VALUE: &str = "consent-gate generate";

/// Most contacts: the generator keeps eight bytes of each.
pub const CONTACTS_MAX: u32 = 1_000_000;
/// Channels of a recipe that names none.
pub const CHANNELS: [Channel; 5] =
    [Channel::Email, Channel::Sms, Channel::Whatsapp, Channel::Push, Channel::VoiceLive];

/// How many contacts may be tried until one is found that a change can be about.
const TRIES: u32 = 64;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// What to make.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Everything else being equal, another seed is another crowd.
    pub seed: u64,
    /// How many people.
    pub contacts: u32,
    /// Ways messages take.
    pub channels: Vec<Channel>,
    /// Where people live.
    pub places: Vec<&'static Place>,
    /// Share of consent changes that withdraw; in the long run also of contacts that are out.
    pub opt_out_share: f64,
    /// Share of contacts that were never asked.
    pub unknown_share: f64,
    /// Share of messages that are wrong, and of changes that cannot be read.
    pub invalid_share: f64,
    /// Consent changes for each message.
    pub changes_per_message: f64,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 1,
            contacts: 2_000,
            channels: CHANNELS.to_vec(),
            places: PLACES.iter().collect(),
            opt_out_share: 0.2,
            unknown_share: 0.08,
            invalid_share: 0.01,
            changes_per_message: 0.1,
        }
    }
}

/// A recipe nobody can cook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// An unknown jurisdiction.
    #[error("no sample contacts live in `{code}`; there are {known}")]
    Place {
        /// What was asked for.
        code: String,
        /// What there is.
        known: String,
    },
    /// Nobody to write to.
    #[error(
        "at least one contact, one channel and one jurisdiction are needed, and at most {CONTACTS_MAX} contacts"
    )]
    Empty,
    /// A share that is none.
    #[error("`{name}` must be between 0 and 1")]
    Share {
        /// Which.
        name: &'static str,
    },
    /// Every contact needs a phone.
    #[error(
        "only {n} contacts can have a phone number that is reserved for fiction there; \
         ask for fewer contacts, for more jurisdictions, or for `email` as well"
    )]
    TooFewNumbers {
        /// How many can.
        n: u32,
    },
}

/// The places of these codes; `US` stands for its states.
///
/// # Errors
/// When nobody lives there.
pub fn places(codes: &[String]) -> Result<Vec<&'static Place>, RecipeError> {
    let mut found = Vec::new();
    for code in codes {
        let n_before = found.len();
        found.extend(PLACES.iter().filter(|place| place.is_of(&code.to_ascii_uppercase())));
        if found.len() == n_before {
            let known: Vec<&str> = PLACES.iter().map(|place| place.code).collect();
            return Err(RecipeError::Place { code: code.clone(), known: known.join(", ") });
        }
    }
    found.sort_by_key(|place| place.code);
    found.dedup_by_key(|place| place.code);
    Ok(found)
}

impl Recipe {
    fn check(&self) -> Result<(), RecipeError> {
        for (name, share) in [
            ("opt-out-share", self.opt_out_share),
            ("share-unknown", self.unknown_share),
            ("share-invalid", self.invalid_share),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(RecipeError::Share { name });
            }
        }
        let is_empty = self.contacts == 0 || self.channels.is_empty() || self.places.is_empty();
        if is_empty || self.contacts > CONTACTS_MAX { Err(RecipeError::Empty) } else { Ok(()) }
    }

    /// Part of every id: two recipes never give one id to different people or events.
    fn name(&self) -> String {
        let mut hasher = rustc_hash::FxHasher::default();
        hasher.write_u64(self.seed);
        for share in [self.opt_out_share, self.unknown_share, self.invalid_share] {
            hasher.write_u64(share.to_bits());
        }
        self.channels.iter().for_each(|channel| hasher.write_u8(*channel as u8));
        self.places.iter().for_each(|place| hasher.write(place.code.as_bytes()));
        format!("sample-{:06x}", hasher.finish() & 0xff_ffff)
    }
}

/// What a sample is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// For `topics.consent_change`.
    Change(Box<ConsentChangeRecord<'static>>),
    /// For `topics.outbound_message`.
    Message(Box<OutboundMessageRecord<'static>>),
}

/// One record to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its key: the contact id, so that a contact's records keep their order.
    pub key: String,
    /// Its value.
    pub record: Record,
    /// Whether the value must be cut off, as a broken producer would.
    is_cut: bool,
    /// What it is, for counting: the action of a change, the category of a message, or `invalid`.
    pub kind: &'static str,
}

impl Sample {
    /// The value's bytes.
    ///
    /// # Errors
    /// Never for what is generated here; the schema would have to differ from the records.
    pub fn encode(&self, encoding: Encoding) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = match &self.record {
            Record::Change(change) => encode_consent(change, encoding)?,
            Record::Message(message) => encode_message(message, encoding)?,
        };
        if self.is_cut {
            bytes.truncate(bytes.len() * 2 / 3);
        }
        Ok(bytes)
    }

    /// Whether it is a message; otherwise it is a consent change.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        matches!(self.record, Record::Message(_))
    }
}

/// The sequence.
#[derive(Debug)]
pub struct Traffic {
    recipe: Recipe,
    population: Population,
    /// Ids of this run begin with it.
    run: String,
    /// The Monday before the start: history is dated from it, so that a restart in the same week repeats it.
    anchor: Timestamp,
    random: Random,
    n_messages: u64,
    n_changes: u64,
    /// Changes that are due, in parts of one.
    changes_due: f64,
    /// The confirmation of an opt-out that was just made.
    follow_up: Option<Sample>,
}

impl Traffic {
    /// Begins a sequence at `began`, which makes its ids unique.
    ///
    /// # Errors
    /// When the recipe is impossible.
    pub fn new(recipe: Recipe, began: Timestamp) -> Result<Self, RecipeError> {
        recipe.check()?;
        let day = began.as_micros().div_euclid(MICROS_A_DAY);
        // 1970-01-01 was a Thursday
        let monday = day - (day + 3).rem_euclid(7);
        Ok(Self {
            population: Population::new(recipe.clone())?,
            run: format!("{}-{}", recipe.name(), began.as_micros()),
            anchor: Timestamp::from_micros(monday * MICROS_A_DAY),
            random: Random::new(recipe.seed, 0),
            recipe,
            n_messages: 0,
            n_changes: 0,
            changes_due: 0.0,
            follow_up: None,
        })
    }

    /// What happened before: the consent changes of every contact. Repeated in the same week it is a redelivery.
    pub fn history(&self) -> impl Iterator<Item = Sample> + '_ {
        let people = (0..self.population.n()).filter_map(|number| self.population.person(number));
        people.flat_map(|person| {
            consent::history(&person, &self.recipe, self.anchor)
                .into_iter()
                .map(|change| of_change(&person.id, change))
                .collect::<Vec<_>>()
        })
    }

    /// What happens next, at `now`.
    pub fn next(&mut self, now: Timestamp) -> Sample {
        if let Some(sample) = self.follow_up.take() {
            return sample;
        }
        if self.changes_due >= 1.0 {
            self.changes_due -= 1.0;
            if let Some(change) = self.change(now) {
                return change;
            }
        }
        self.changes_due += self.recipe.changes_per_message;
        self.message(now)
    }

    fn anybody(&mut self) -> Option<contacts::Person> {
        let number = self.random.below(u64::from(self.population.n()));
        self.population.person(u32::try_from(number).ok()?)
    }

    /// A change of somebody's mind, or news about somebody; `None` when nobody has any.
    fn change(&mut self, now: Timestamp) -> Option<Sample> {
        self.n_changes += 1;
        let id = format!("{}-c{}", self.run, self.n_changes);
        let is_withdrawal = self.random.chance(self.recipe.opt_out_share);
        for _ in 0..TRIES {
            let person = self.anybody()?;
            if is_withdrawal && person.story != Story::Subscriber {
                continue;
            }
            let change = if is_withdrawal {
                consent::withdrawal(&person, id.clone(), now, &mut self.random)
            } else {
                consent::news(&person, id.clone(), now, &self.recipe, &mut self.random)
            };
            let Some(change) = change else { continue };
            if messages::wants_confirmation(&change) && self.random.chance(0.5) {
                let message_id = self.message_id();
                self.follow_up =
                    messages::confirmation(&person, message_id).map(|m| of_message(&person.id, m));
            }
            return Some(of_change(&person.id, change));
        }
        None
    }

    fn message_id(&mut self) -> String {
        self.n_messages += 1;
        format!("{}-m{}", self.run, self.n_messages)
    }

    fn message(&mut self, now: Timestamp) -> Sample {
        let id = self.message_id();
        // a population has at least one member, and everybody can be reached
        let Some(person) = self.anybody() else {
            return of_message("", messages::Draft::default());
        };
        let mut draft = messages::message(&person, id, now, &mut self.random);
        if self.random.chance(self.recipe.invalid_share) {
            messages::spoil(&mut draft, &mut self.random);
        }
        of_message(&person.id, draft)
    }
}

fn of_change(key: &str, change: ConsentChangeRecord<'static>) -> Sample {
    let kind = match change.action.as_deref().and_then(gate_core::Action::parse) {
        Some(action) if !consent::is_unreadable(&change) => action.as_str(),
        _ => "invalid",
    };
    Sample { key: key.to_owned(), record: Record::Change(Box::new(change)), is_cut: false, kind }
}

fn of_message(key: &str, draft: messages::Draft) -> Sample {
    let messages::Draft { record, is_cut, kind } = draft;
    Sample { key: key.to_owned(), record: Record::Message(Box::new(record)), is_cut, kind }
}
