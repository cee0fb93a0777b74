//! Sample contacts: who they are, how they can be reached, and what lies between them and the sender.
//!
//! A contact is a function of recipe and number. Only where somebody lives and which phone they have is kept, eight
//! bytes a contact: numbers reserved for fiction are few, and each belongs to one contact.

use super::places::{self, ELSEWHERE, Place};
use super::random::Random;
use super::{Recipe, RecipeError};
use gate_core::Channel;

/// A brand and who is responsible for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Brand {
    pub(super) controller: &'static str,
    /// Also the name of what it sells.
    pub(super) name: &'static str,
    /// The number its texts come from; in Ofcom's drama range, below those of contacts.
    pub(super) sender: &'static str,
}

pub(super) const BRANDS: [Brand; 4] = [
    Brand { controller: "tents-ltd", name: "tents", sender: "+447700900001" },
    Brand { controller: "tents-ltd", name: "tents", sender: "+447700900001" },
    Brand { controller: "tents-ltd", name: "boots", sender: "+447700900002" },
    Brand { controller: "lamps-plc", name: "lamps", sender: "+447700900003" },
];

/// What lies between a contact and the sender. It lasts; only subscribers change their minds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    /// Agreed with proof, and may opt out and in again.
    Subscriber,
    /// Bought something and did not refuse.
    Customer,
    /// Was never asked.
    Unknown,
    /// Asked for mail and never confirmed.
    Undecided,
    /// Agreed, and nobody kept to which text.
    NoProof,
    /// Agreed many years ago.
    Lapsed,
    /// Objected to direct marketing.
    Objector,
    /// Reported spam.
    Complainer,
    /// The address does not exist any more.
    Bounced,
    /// The phone number has somebody else now.
    Reassigned,
    /// The operator said no.
    Suppressed,
    /// Was erased.
    Erased,
    /// A child.
    Minor,
    /// The last change cannot be read.
    Muddled,
}

/// How many of 1,000 contacts that are not unknown have each story.
const STORIES: [(Story, u32); 13] = [
    (Story::Subscriber, 670),
    (Story::Customer, 130),
    (Story::Undecided, 25),
    (Story::NoProof, 25),
    (Story::Lapsed, 25),
    (Story::Objector, 20),
    (Story::Complainer, 20),
    (Story::Bounced, 20),
    (Story::Reassigned, 10),
    (Story::Suppressed, 15),
    (Story::Erased, 15),
    (Story::Minor, 10),
    (Story::Muddled, 15),
];

const GIVEN: [&str; 24] = [
    "ana", "ben", "chloe", "dev", "eve", "farid", "grace", "hugo", "ines", "jonas", "kofi", "lena",
    "mateo", "nadia", "oscar", "priya", "quinn", "rosa", "samir", "tara", "umar", "vera", "wanda",
    "yuki",
];
const FAMILY: [&str; 20] = [
    "adler", "brook", "castle", "dawn", "easton", "field", "garner", "hale", "ivory", "jensen",
    "kerr", "lake", "marsh", "north", "oakes", "park", "quill", "reed", "stone", "vale",
];
/// Kept free by RFC 2606.
const DOMAINS: [&str; 3] = ["example.net", "example.com", "example.org"];

/// People with a phone who are in another zone than their number says.
const ABROAD: f64 = 0.15;
/// People of whom the sender knows the zone.
const ZONE_KNOWN: f64 = 0.92;
/// People who have the app.
const HAS_APP: f64 = 0.3;
/// Ways a contact agreed to, of those there are.
const AGREED: f64 = 0.85;

/// One contact.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) place: &'static Place,
    pub(super) story: Story,
    pub(super) home: Brand,
    /// Where the sender thinks they are.
    pub(super) zone: Option<&'static str>,
    /// Ways to reach them, of those asked for.
    pub(super) channels: Vec<Channel>,
    /// Those they agreed to.
    pub(super) agreed: Vec<Channel>,
    email: String,
    phone: Option<String>,
    app: String,
}

impl Person {
    /// Where that channel delivers to.
    pub(super) fn address(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Email => Some(&self.email),
            Channel::Push => Some(&self.app),
            _ => self.phone.as_deref(),
        }
    }
}

/// Where somebody lives, and which of the place's phones is theirs.
#[derive(Clone, Copy, Debug)]
struct Home {
    place: u32,
    phone: Option<std::num::NonZeroU32>,
}

/// Everybody.
#[derive(Debug)]
pub(super) struct Population {
    recipe: Recipe,
    homes: Vec<Home>,
}

/// Kinds of numbers that must not depend on each other.
const HOME: u64 = 1 << 40;
const PERSON: u64 = 2 << 40;

impl Population {
    /// Gives everybody a home, and a phone while there are any.
    pub(super) fn new(recipe: Recipe) -> Result<Self, RecipeError> {
        let by_phone_only =
            !recipe.channels.iter().any(|c| matches!(c, Channel::Email | Channel::Push));
        let mut open: Vec<(usize, &'static Place)> =
            recipe.places.iter().copied().enumerate().collect();
        if by_phone_only {
            open.retain(|(_, place)| {
                place.capacity() > 0 && recipe.channels.iter().any(|c| place.phone_takes(*c))
            });
        }
        let mut n_given = vec![0_u32; recipe.places.len()];
        let mut homes = Vec::with_capacity(usize::try_from(recipe.contacts).unwrap_or_default());
        for number in 0..recipe.contacts {
            let mut random = Random::new(recipe.seed, HOME + u64::from(number));
            let places: Vec<&'static Place> = open.iter().map(|(_, place)| *place).collect();
            let picked = places::pick(&places, &mut random);
            let Some((index, place)) = open.get(picked).copied() else {
                return Err(RecipeError::TooFewNumbers { n: number });
            };
            let has_phone = random.chance(0.9) || by_phone_only;
            let mut phone = None;
            if let Some(n) = n_given.get_mut(index).filter(|n| has_phone && **n < place.capacity())
            {
                *n += 1;
                phone = std::num::NonZeroU32::new(*n);
                if by_phone_only && *n == place.capacity() {
                    open.remove(picked);
                }
            }
            homes.push(Home { place: u32::try_from(index).unwrap_or_default(), phone });
        }
        Ok(Self { recipe, homes })
    }

    /// How many there are.
    pub(super) fn n(&self) -> u32 {
        self.recipe.contacts
    }

    /// The contact of that number, below [`Population::n`].
    pub(super) fn person(&self, number: u32) -> Option<Person> {
        let home = self.homes.get(usize::try_from(number).ok()?)?;
        let place = *self.recipe.places.get(usize::try_from(home.place).ok()?)?;
        let phone = home.phone.and_then(|nth| place.number(nth.get() - 1));
        let mut random = Random::new(self.recipe.seed, PERSON + u64::from(number));
        let (given, family) = (random.pick(&GIVEN), random.pick(&FAMILY));
        let email = format!("{given}.{family}.{number}@{}", random.pick(&DOMAINS));
        let (has_app, brand) = (random.chance(HAS_APP), random.pick(&BRANDS));
        let is_abroad = random.chance(ABROAD) && phone.is_some();
        let elsewhere = random.pick(&ELSEWHERE);
        let zone =
            random.chance(ZONE_KNOWN).then_some(if is_abroad { elsewhere } else { place.zone });
        let is_unknown = random.chance(self.recipe.unknown_share);
        let story = random.weighted(STORIES.iter().map(|(_, weight)| *weight));
        let story = STORIES.get(story).map_or(Story::Subscriber, |(story, _)| *story);
        let is_reachable = |channel: &Channel| match channel {
            Channel::Email => true,
            Channel::Push => has_app,
            channel => phone.is_some() && place.phone_takes(*channel),
        };
        let mut channels: Vec<Channel> =
            self.recipe.channels.iter().copied().filter(is_reachable).collect();
        if channels.is_empty() {
            // who has no other way has the app
            channels.extend(self.recipe.channels.iter().find(|c| **c == Channel::Push));
        }
        let mut agreed: Vec<Channel> =
            channels.iter().copied().filter(|_| random.chance(AGREED)).collect();
        if agreed.is_empty() {
            agreed.extend(channels.first());
        }
        Some(Person {
            id: format!("{}-{number:06}", self.recipe.name()),
            place,
            story: if is_unknown { Story::Unknown } else { story },
            home: brand,
            zone,
            channels,
            agreed,
            app: format!("install-{}-{number:06}", self.recipe.name()),
            email,
            phone,
        })
    }
}
