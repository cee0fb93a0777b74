//! Where sample contacts live, and the phone numbers that nobody can ever have.
//!
//! Numbers come only from ranges that a regulator keeps free for films and books. A country that reserves none has
//! no phones here, its people have e-mail and push. Weights are relative numbers of people.

use super::random::Random;
use gate_core::Channel;

/// Numbers that differ in their last digits.
#[derive(Debug)]
struct Range {
    prefix: &'static str,
    /// The first of them, and how many there are.
    from: u32,
    n: u32,
    /// How many digits follow the prefix.
    digits: usize,
}

const fn range(prefix: &'static str, from: u32, n: u32, digits: usize) -> Range {
    Range { prefix, from, n, digits }
}

/// 555-0100 to 555-0199 of an area code, reserved in all of North America.
const fn area(prefix: &'static str) -> Range {
    range(prefix, 0, 100, 2)
}

/// A jurisdiction of sample contacts.
#[derive(Debug)]
pub struct Place {
    /// ISO 3166-1 or -2, as messages declare it.
    pub(super) code: &'static str,
    pub(super) zone: &'static str,
    pub(super) locale: &'static str,
    /// The do-not-call registry that calls need an answer of.
    pub(super) registry: Option<&'static str>,
    /// Whether a phone is one that takes texts.
    is_mobile: bool,
    numbers: &'static [Range],
    weight: u32,
}

impl Place {
    /// How many people can have a phone.
    pub(super) fn capacity(&self) -> u32 {
        self.numbers.iter().map(|range| range.n).sum()
    }

    /// The number of that slot.
    pub(super) fn number(&self, slot: u32) -> Option<String> {
        let mut left = slot;
        for range in self.numbers {
            match left.checked_sub(range.n) {
                Some(rest) => left = rest,
                None => {
                    let (digits, last) = (range.digits, range.from + left);
                    return Some(format!("{}{last:0digits$}", range.prefix));
                }
            }
        }
        None
    }

    /// Whether somebody here with that phone can be reached by `channel`.
    pub(super) fn phone_takes(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email | Channel::Push => false,
            Channel::VoiceLive | Channel::VoiceAuto => true,
            Channel::Sms | Channel::Mms | Channel::Rcs | Channel::Whatsapp => self.is_mobile,
        }
    }

    /// The code people filter by: `US` stands for all its states.
    pub(super) fn is_of(&self, code: &str) -> bool {
        let rest = self.code.strip_prefix(code);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

/// One of several places, by weight.
pub(super) fn pick(places: &[&'static Place], random: &mut Random) -> usize {
    random.weighted(places.iter().map(|place| place.weight))
}

const NONE: Place = Place {
    code: "",
    zone: "",
    locale: "en",
    registry: None,
    is_mobile: true,
    numbers: &[],
    weight: 0,
};

/// Every place. Ofcom's drama range leaves its first hundred numbers to the senders (`messages.rs`).
pub(super) static PLACES: [Place; 16] = [
    Place {
        code: "GB",
        zone: "Europe/London",
        registry: Some("TPS"),
        numbers: &[range("+447700900", 100, 900, 3)],
        weight: 280,
        ..NONE
    },
    Place {
        code: "US-NY",
        zone: "America/New_York",
        registry: Some("US-DNC"),
        numbers: &[area("+121255501"), area("+164655501"), area("+171855501"), area("+191755501")],
        weight: 70,
        ..NONE
    },
    Place {
        code: "US-CA",
        zone: "America/Los_Angeles",
        registry: Some("US-DNC"),
        numbers: &[area("+121355501"), area("+131055501"), area("+141555501"), area("+161955501")],
        weight: 80,
        ..NONE
    },
    Place {
        code: "US-TX",
        zone: "America/Chicago",
        registry: Some("US-DNC"),
        numbers: &[area("+121455501"), area("+151255501"), area("+171355501"), area("+121055501")],
        weight: 50,
        ..NONE
    },
    Place {
        code: "US-FL",
        zone: "America/New_York",
        registry: Some("US-DNC"),
        numbers: &[area("+130555501"), area("+140755501"), area("+181355501"), area("+156155501")],
        weight: 50,
        ..NONE
    },
    Place {
        code: "CA",
        zone: "America/Toronto",
        registry: Some("CA-DNCL"),
        numbers: &[area("+141655501"), area("+164755501"), area("+143755501"), area("+161355501")],
        weight: 70,
        ..NONE
    },
    Place {
        code: "DE",
        zone: "Europe/Berlin",
        locale: "de",
        numbers: &[range("+4917139200", 0, 100, 2), range("+49176040690", 0, 100, 2)],
        weight: 100,
        ..NONE
    },
    Place {
        code: "FR",
        zone: "Europe/Paris",
        locale: "fr",
        numbers: &[range("+33639980", 0, 1_000, 3), range("+33639981", 0, 1_000, 3)],
        weight: 100,
        ..NONE
    },
    Place {
        code: "AU",
        zone: "Australia/Sydney",
        registry: Some("AU-DNCR"),
        // 02 5550: landlines, which can be called only
        is_mobile: false,
        numbers: &[range("+6125550", 0, 1_000, 4)],
        weight: 60,
        ..NONE
    },
    Place { code: "IE", zone: "Europe/Dublin", weight: 20, ..NONE },
    Place { code: "IT", zone: "Europe/Rome", locale: "it", weight: 25, ..NONE },
    Place { code: "ES", zone: "Europe/Madrid", locale: "es", weight: 25, ..NONE },
    Place { code: "IN", zone: "Asia/Kolkata", weight: 20, ..NONE },
    Place { code: "ZA", zone: "Africa/Johannesburg", weight: 15, ..NONE },
    Place { code: "JP", zone: "Asia/Tokyo", locale: "ja", weight: 15, ..NONE },
    // no pack of its own: judged by STRICT
    Place { code: "CH", zone: "Europe/Zurich", locale: "de", weight: 10, ..NONE },
];

/// Where people are who live abroad or travel: somewhere in the world it is always night.
pub(super) const ELSEWHERE: [&str; 8] = [
    "Asia/Tokyo",
    "Asia/Dubai",
    "Asia/Singapore",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "America/Sao_Paulo",
    "Africa/Nairobi",
    "Asia/Kolkata",
];

#[cfg(test)]
mod tests {
    use super::*;
    use gate_core::CanonicalAddress;
    use std::collections::HashSet;

    #[test]
    fn every_number_is_taken_by_the_canonicaliser_as_it_is_written_and_occurs_once() {
        let mut seen = HashSet::new();
        for place in &PLACES {
            let channel = if place.is_mobile { Channel::Sms } else { Channel::VoiceLive };
            for slot in 0..place.capacity() {
                let number = place.number(slot).unwrap();
                let read = CanonicalAddress::of_recipient(&number, channel, None)
                    .unwrap_or_else(|error| panic!("{} {number}: {error}", place.code));
                assert_eq!(read.e164(), Some(number.as_str()), "{}", place.code);
                assert!(seen.insert(number));
            }
            assert_eq!(place.number(place.capacity()), None);
        }
        assert!(seen.len() > 5_000, "{}", seen.len());
    }

    /// The ranges once more, as their keepers publish them: Ofcom 07700 900000–900999; NANPA 555-0100–0199 in every
    /// area code; Bundesnetzagentur 0171 39200xx and 0176 040690xx; Arcep 06 39 98 xx xx; ACMA 02 5550 xxxx.
    #[test]
    fn every_number_is_reserved_for_fiction() {
        let is_reserved = |number: &str| {
            let in_block =
                |block: &str, digits| number.strip_prefix(block).is_some_and(|r| r.len() == digits);
            let in_america = number.strip_prefix("+1").is_some_and(|national| {
                national.len() == 10 && national.get(3..8) == Some("55501")
            });
            in_america
                || in_block("+447700900", 3)
                || in_block("+4917139200", 2)
                || in_block("+49176040690", 2)
                || in_block("+3363998", 4)
                || in_block("+6125550", 4)
        };
        let numbers = PLACES.iter().flat_map(|p| (0..p.capacity()).filter_map(|s| p.number(s)));
        assert_eq!(numbers.filter(|number| !is_reserved(number)).collect::<Vec<_>>(), [""; 0]);
        assert!(!is_reserved("+447900000001") && !is_reserved("+12125550200"));
    }

    #[test]
    fn zones_and_states_are_known() {
        for zone in PLACES.iter().map(|place| place.zone).chain(ELSEWHERE) {
            assert!(jiff::tz::TimeZoneDatabase::bundled().get(zone).is_ok(), "{zone}");
        }
        assert_eq!(PLACES.iter().filter(|place| place.is_of("US")).count(), 4);
        assert_eq!(PLACES.iter().filter(|place| place.is_of("US-FL")).count(), 1);
        assert_eq!(PLACES.iter().filter(|place| place.is_of("U")).count(), 0);
    }
}
