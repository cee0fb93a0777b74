//! Sentences that several pages say, put together from a brand's words and the door's own.

use crate::brand::Brand;
use crate::channel::Channel;
use crate::effect::Effect;
use crate::masked::Who;
use crate::words::{Said, Words};

/// "marketing e-mails", or "“Newsletter” by e-mail".
pub(crate) fn what(
    channel: Channel,
    purpose: Option<&str>,
    brand: &Brand,
    words: &Words,
) -> Said<'static> {
    let family = channel.family().word();
    match purpose {
        None => words.say_of("what-", family),
        Some(purpose) => {
            let name = brand.purpose_name(purpose, words.language());
            words.say_of("what-purpose-", family).s("purpose", name)
        }
    }
}

/// "For a•••@e•••.com and the phone that ends in 101", with `start` `who-`; nothing if nobody can be named.
pub(crate) fn who(start: &str, who: &Who, words: &Words) -> Option<Said<'static>> {
    match (&who.email, who.phone.as_ref().filter(|phone| phone.is_phone())) {
        (Some(email), Some(phone)) => {
            let both = words.say_of(start, "both").s("address", email.as_str());
            Some(both.s("digits", phone.end()))
        }
        (Some(email), None) => Some(words.say_of(start, "email").s("address", email.as_str())),
        (None, Some(phone)) => Some(words.say_of(start, "phone").s("digits", phone.end())),
        (None, None) => None,
    }
}

/// What still comes: the brand's sentence, or that of the door.
pub(crate) fn still_comes(brand: &Brand, words: &Words) -> String {
    let own = brand.still_comes(words.language()).map(str::to_owned);
    own.unwrap_or_else(|| words.say("still-comes").to_string())
}

/// "In force since 14:02:11.", "Saved. In force in about a second."
pub(crate) fn effect(effect: &Effect, words: &Words) -> Said<'static> {
    match effect {
        Effect::InForce { since } => words.say("in-force-since").s("at", words.clock(since)),
        Effect::Soon { .. } => words.say("saved-soon"),
        Effect::BeforeNext => words.say("saved-before"),
    }
}
