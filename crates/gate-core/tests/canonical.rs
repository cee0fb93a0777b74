//! No spelling of one address, id or name that the canonicaliser joins is approved against a refusal in another
//! spelling, whichever side writes which; and a permission reaches no number but its own.
mod harness;

use gate_core::canonical::{clean, fold};
use gate_core::*;
use harness::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Characters nobody sees, as they are found in exports.
const INVISIBLE: [char; 10] = [
    '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{2060}', '\u{2066}', '\u{2069}',
    '\u{feff}', '\u{fe0f}',
];
/// What stands around an address.
const AROUND: [(&str, &str); 12] = [
    ("", ""),
    (" ", "\t"),
    ("<", ">"),
    ("'", "'"),
    ("\"", "\""),
    ("\u{201c}", "\u{201d}"),
    ("\u{ab}", "\u{bb}"),
    ("", ";"),
    ("", " ,"),
    ("\u{2066}", "\u{2069}"),
    ("\u{feff}", ""),
    ("[", "]"),
];
const EMAILS: [&str; 6] = [
    "ben@example.net",
    "hanako..k.@mail.example",
    "o'neil+x_y@in--box.mx_1.example",
    "jos\u{e9}.\u{3a3}@example.net",
    "gro\u{df}@b\u{fc}cher.example",
    "bounce=0123456789012345678901234567890123456789012345678901234567890123456789@example.net",
];
const NUMBERS: [&str; 4] = ["+447700900456", "+13125550147", "+4930123456", "+81312345678"];
const NAMES: [&str; 7] = [
    "acme",
    "tents ltd",
    "b\u{fc}ro nord",
    "grossmarkt",
    "\u{3b1}\u{3c3}\u{3c3}",
    "istanbul 24",
    "mcdonald's north-west",
];

/// Puts invisible characters at random places.
fn sprinkled(text: &str, places: &[(Index, char)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (place, c) in places {
        chars.insert(place.index(chars.len() + 1), *c);
    }
    chars.into_iter().collect()
}

fn invisible() -> impl Strategy<Value = Vec<(Index, char)>> {
    prop::collection::vec((any::<Index>(), select(&INVISIBLE[..])), 0..3)
}

/// Two wrappers, one within the other, with invisible characters in between.
fn wrapped(core: String) -> impl Strategy<Value = String> {
    let around = select(&AROUND[..]);
    (Just(core), around.clone(), around, invisible()).prop_map(|(core, inner, outer, places)| {
        sprinkled(&format!("{}{}{core}{}{}", outer.0, inner.0, inner.1, outer.1), &places)
    })
}

/// Case, composition, width: forms of the letters themselves.
fn lettered(text: &str, how: u8) -> String {
    match how % 5 {
        0 => text.to_owned(),
        1 => text.to_uppercase(),
        2 => text.replace('\u{fc}', "u\u{308}").replace('\u{e9}', "e\u{301}"),
        3 => text.replace("ss", "\u{df}"),
        _ => {
            let wide = |c: char| match c {
                'a'..='z' => char::from_u32(u32::from(c) - 0x61 + 0xff41).unwrap_or(c),
                c => c,
            };
            text.chars().map(wide).collect()
        }
    }
}

fn email_in_some_spelling(core: &'static str) -> impl Strategy<Value = String> {
    let scheme = select(&["", "", "mailto:", "MailTo:", "Ben <", "\"Ben, B.\" <"][..]);
    let tail = select(&["", "", ".", " (Ben)", "(home (old))", "?subject=no"][..]);
    (any::<u8>(), scheme, tail, any::<bool>()).prop_flat_map(move |(how, scheme, tail, quoted)| {
        let written = lettered(core, how);
        let written = match written.rsplit_once('@') {
            Some((local, domain)) if quoted && !domain.contains("ss") => {
                format!("\"{local}\"@{domain}")
            }
            _ => written,
        };
        let is_link = scheme.eq_ignore_ascii_case("mailto:");
        wrapped(match (scheme, tail) {
            (scheme, tail) if scheme.ends_with('<') && !tail.starts_with('?') => {
                format!("{scheme}{written}>{tail}")
            }
            (scheme, tail) if tail.starts_with('?') == is_link => {
                format!("{scheme}{written}{tail}")
            }
            _ => written,
        })
    })
}

fn number_in_some_spelling(core: &'static str) -> impl Strategy<Value = String> {
    let scheme = select(&["", "", "tel:", "SMS:", "whatsapp:", "rcs:", "mms:"][..]);
    let zero = select(&['0', '\u{660}', '\u{966}', '\u{ff10}', '\u{1d7ce}'][..]);
    let plus = select(&["+", "00", "\u{ff0b}", "+ "][..]);
    let gap = select(&["", " ", "-", "\u{a0}", ".", "\u{2011}"][..]);
    (scheme, zero, plus, gap).prop_flat_map(move |(scheme, zero, plus, gap)| {
        let digit = |c: char| {
            let value = c.to_digit(10).unwrap_or_default();
            char::from_u32(u32::from(zero) + value).unwrap_or(c)
        };
        let plus = plus.replace('0', &zero.to_string());
        let digits: Vec<char> = core.chars().skip(1).map(digit).collect();
        let (country, rest) = digits.split_at(2);
        let (country, rest): (String, String) = (country.iter().collect(), rest.iter().collect());
        wrapped(format!("{scheme}{plus}{country}{gap}{rest}"))
    })
}

fn name_in_some_spelling(core: &'static str) -> impl Strategy<Value = String> {
    let blank = select(&[" ", "\t", "\u{a0}", "\u{3000}", " \u{2009} "][..]);
    (any::<u8>(), blank, invisible()).prop_map(move |(how, blank, places)| {
        let quote = if how % 2 == 0 { "'" } else { "\u{2019}" };
        let core = core.replace(' ', blank).replace('\'', quote);
        sprinkled(&format!("{blank}{}{blank}", lettered(&core, how)), &places)
    })
}

/// Two spellings of one of these texts.
fn two<S: Strategy<Value = String>>(
    cores: &'static [&'static str],
    spelled: impl Fn(&'static str) -> S + Clone + 'static,
) -> impl Strategy<Value = (String, String)> {
    select(cores).prop_flat_map(move |core| (spelled(core), spelled(core)))
}

/// Blocked with the refusal, approved without it: the consent is found whatever the spelling, so it is the
/// refusal that blocks.
fn is_told_apart_only_by_the_refusal(
    consent: Event,
    refusal: Event,
    message: &OutboundMessage<'_>,
) -> (Outcome, Outcome) {
    let without = World::of(std::slice::from_ref(&consent)).decide(message, at(9));
    let with = World::of(&[consent, refusal]).decide(message, at(9));
    (without.outcome(), with.outcome())
}

const BOTH: (Outcome, Outcome) = (Outcome::Approved, Outcome::Blocked);

proptest! {
    #[test]
    fn a_refusal_by_email_is_found_in_every_spelling(
        (one, other) in two(&EMAILS, email_in_some_spelling),
    ) {
        for (one, other) in [(&one, &other), (&other, &one)] {
            let address = |text: &String| Address::new(text.clone().into());
            let consent = opt_in(1).with(|change| change.address = address(one));
            let refusal = opt_out(2).contact("lead").with(|change| change.address = address(other));
            let message = message().but(|m| m.address = address(one));
            let found = is_told_apart_only_by_the_refusal(consent, refusal, &message);
            prop_assert_eq!(found, BOTH, "{:?} {:?}", one, other);
        }
    }

    #[test]
    fn a_refusal_by_number_is_found_in_every_spelling(
        (one, other) in two(&NUMBERS, number_in_some_spelling),
    ) {
        for (one, other) in [(&one, &other), (&other, &one)] {
            let address = |text: &String| Address::new(text.clone().into());
            let consent = opt_in(1).sms().with(|change| change.address = address(one));
            let refusal =
                opt_out(2).sms().contact("lead").with(|change| change.address = address(other));
            let message = sms().but(|m| m.address = address(one));
            let found = is_told_apart_only_by_the_refusal(consent, refusal, &message);
            prop_assert_eq!(found, BOTH, "{:?} {:?}", one, other);
        }
    }

    #[test]
    fn a_refusal_by_id_is_found_in_every_spelling((one, other) in two(&NAMES, name_in_some_spelling)) {
        for (one, other) in [(&one, &other), (&other, &one)] {
            let id = |text: &String| ContactId::new(text.clone().into());
            let consent = opt_in(1).with(|change| change.contact_id = id(one));
            let refusal = opt_out(2).no_address().with(|change| change.contact_id = id(other));
            let message = message().but(|m| m.contact_id = id(one));
            let found = is_told_apart_only_by_the_refusal(consent, refusal, &message);
            prop_assert_eq!(found, BOTH, "{:?} {:?}", one, other);
        }
    }

    #[test]
    fn a_refusal_of_a_sender_is_found_in_every_spelling(
        (one, other) in two(&NAMES, name_in_some_spelling),
        field in 0..3u8,
    ) {
        for (one, other) in [(&one, &other), (&other, &one)] {
            let name = |text: &String| Name::new(text.clone().into());
            let on_change = |text: &String, event: Event| event.with(|change| match field {
                0 => change.controller = name(text),
                1 => change.brand = name(text),
                _ => change.purpose = name(text),
            });
            let message = message().but(|m| match field {
                0 => m.controller = name(one),
                1 => m.brand = name(one),
                _ => m.purpose = name(one),
            });
            let (consent, refusal) = (on_change(one, opt_in(1)), on_change(other, opt_out(2)));
            let found = is_told_apart_only_by_the_refusal(consent, refusal, &message);
            prop_assert_eq!(found, BOTH, "{:?} {:?}", one, other);
        }
    }

    /// Whatever comes in: no panic, and what comes out is its own canonical form.
    #[test]
    fn every_form_is_its_own_form(text in "\\PC{0,40}|[\\x00-\\x7f]{0,40}", channel in 0..9u8, region in "[A-Za-z]{0,3}") {
        let channel = Channel::from_code(channel);
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded.clone());
        let cleaned = clean(&text);
        prop_assert_eq!(clean(&cleaned), cleaned.clone());
        let sender = Sender::from(text.as_str());
        prop_assert_eq!(&*Sender::from(&*sender), &*sender);
        if let Ok(found) = CanonicalAddress::parse(&text, channel, Some(&region))
            && let Ok(again) = CanonicalAddress::parse(found.expose(), channel, None)
        {
            prop_assert_eq!(found.expose(), again.expose());
        }
        if let Some(channel) = channel {
            let found = CanonicalAddress::of_recipient(&text, channel, Some(&region));
            if let Ok(found) = found {
                let again = CanonicalAddress::of_recipient(found.expose(), channel, None);
                prop_assert_eq!(again.map(|again| again.expose().to_owned()), Ok(found.expose().to_owned()));
            }
        }
    }
}

/// Numbers of one line: a refusal of either reaches both, a permission of one does not reach the other.
#[test]
fn a_line_is_refused_as_a_whole_and_permitted_by_number() {
    for (one, other) in [
        ("+525555550199", "+5215555550199"),
        ("+5511987654321", "+551187654321"),
        ("+5491123456789", "+541123456789"),
    ] {
        for (one, other) in [(one, other), (other, one)] {
            let to = |number: &'static str| sms().but(|m| m.address = Address::new(number.into()));
            let consent = || opt_in(1).sms().address(one);
            let refusal = opt_out(2).sms().contact("lead").address(other);
            let outcome = |history: &[Event], message: &OutboundMessage<'_>| {
                World::of(history).decide(message, at(9)).reason().code()
            };
            assert_eq!(outcome(&[consent()], &to(one)), "approved.express_consent", "{one}");
            assert_eq!(outcome(&[consent()], &to(other)), "blocked.scope_mismatch", "{other}");
            let shared = [consent().no_contact()];
            assert_eq!(outcome(&shared, &to(other)), "blocked.scope_mismatch", "{other}");
            assert_eq!(outcome(&[consent(), refusal], &to(one)), "blocked.opted_out", "{one}");
        }
    }
}

/// What an address is by the channel that a change speaks about, where another reading lies near.
#[test]
fn the_kind_of_an_address_where_it_could_be_another() {
    use AddressKind::{Email, Push};
    for (raw, channel, region, expected) in [
        // an endpoint is one on every channel, an at sign in it or not
        ("https://push.example/send/abc@1", Some(Channel::Sms), None, Push),
        ("https://push.example/send/abc@1", Some(Channel::Email), None, Push),
        // a message service does not make another of an e-mail address
        ("ben@example.net", Some(Channel::Whatsapp), None, Email),
        // digits on push are a token, whatever number the region would make of them
        ("07700900123", Some(Channel::Push), Some("GB"), Push),
        // a token with an at sign, where no channel says so
        ("APA91bH:abc/def@1234567890abcdef", None, None, Push),
    ] {
        let read = CanonicalAddress::parse(raw, channel, region).unwrap();
        assert_eq!(read.kind(), expected, "{raw} {channel:?}");
        assert_eq!(
            format!("{read:?}"),
            format!("CanonicalAddress({}, redacted)", expected.as_str())
        );
    }
}
