//! What is on disk today must be read the same by every later version: codes, bits and bytes of consent state.
//! A number that changes here needs a new `ConsentState::FORMAT`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

use gate_core::*;

const KINDS: [(FactKind, u8); 26] = [
    (FactKind::OptOut, 1),
    (FactKind::Objected, 2),
    (FactKind::Complaint, 3),
    (FactKind::SenderStop, 4),
    (FactKind::HardBounce, 5),
    (FactKind::Reassigned, 6),
    (FactKind::SuppressAll, 7),
    (FactKind::SuppressMarketing, 8),
    (FactKind::ErasedContact, 9),
    (FactKind::ErasedAddress, 10),
    (FactKind::RegistryListed, 11),
    (FactKind::Unreadable, 12),
    (FactKind::Flooded, 13),
    (FactKind::Link, 16),
    (FactKind::Sent, 17),
    (FactKind::Moved, 18),
    (FactKind::OptInRequested, 32),
    (FactKind::OptIn, 33),
    (FactKind::OptInConfirmed, 34),
    (FactKind::Start, 35),
    (FactKind::Relationship, 36),
    (FactKind::UnsuppressAll, 37),
    (FactKind::UnsuppressMarketing, 38),
    (FactKind::RegistryClear, 39),
    (FactKind::Profile, 40),
    (FactKind::Kind, 41),
];

fn fact(kind: FactKind) -> Fact<'static> {
    Fact::new(kind, EventKey([7; 8]), Timestamp::from_micros(0), Timestamp::from_micros(0))
}

fn bytes_of(facts: &[Fact<'static>]) -> Vec<u8> {
    let mut state = ConsentState::default();
    state.join(facts.iter().copied());
    assert_eq!(state.facts().len(), facts.len());
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every kind keeps its code, and its side of the line between what blocks and what permits.
#[test]
fn kinds_keep_their_codes() {
    for (kind, code) in KINDS {
        let bytes = bytes_of(&[fact(kind)]);
        assert_eq!(bytes[3], code, "{kind:?}");
        assert_eq!(ConsentState::decode(&bytes).unwrap().facts()[0].kind, kind);
        assert_eq!(kind.is_restrictive(), code < 16, "{kind:?}");
        assert_eq!(kind.is_permissive(), code >= 32, "{kind:?}");
    }
    let mut bytes = bytes_of(&[fact(FactKind::OptIn)]);
    for code in (0..=255).filter(|code| KINDS.iter().all(|(_, known)| known != code)) {
        bytes[3] = code;
        assert_eq!(ConsentState::decode(&bytes), Err(StateError), "no kind has the code {code}");
    }
}

/// A bit that moved would turn one condition of the law into another.
#[test]
fn flags_keep_their_bits() {
    for (flag, bit) in [
        (flags::METHOD, 3),
        (flags::NOTICE_VERSION, 4),
        (flags::SIGNATURE, 5),
        (flags::NUMBER_NAMED, 6),
        (flags::NOT_CONDITION_OF_PURCHASE, 7),
        (flags::DETAILS_OBTAINED_DIRECTLY, 12),
        (flags::REFUSAL_OFFERED_AT_COLLECTION, 13),
        (flags::NOT_REFUSED, 14),
        (flags::SENDER_IS_CHARITY, 15),
        (flags::INDIRECT_REMUNERATION, 16),
        (flags::OBJECTION_NOTICE, 17),
        (flags::RELATIONSHIP_ACTIVE, 18),
        (flags::PUBLISHED_IN_ROLE, 19),
        (flags::NO_SPAM_NOTICE, 20),
        (flags::ONGOING_RELATIONSHIP, 21),
        (flags::BUSINESS_TRANSACTION, 22),
        (flags::ADDRESS_HANDED_OVER, 23),
        (flags::PUBLISHED_BUSINESS_ADDRESS, 24),
        (flags::MESSAGE_RELATES_TO_RELATIONSHIP, 25),
        (flags::YES, 26),
        (flags::KEEP_SUPPRESSION, 27),
        (flags::SKEWED, 28),
        (flags::KEYWORD, 29),
        (flags::NOTICE_TEXT, 30),
        (flags::SOURCE, 31),
        (flags::LOCALE, 32),
        (flags::TEMPLATE_ID, 33),
        (flags::ABOUT_CONTACT, 34),
    ] {
        assert_eq!(flag.trailing_zeros(), bit);
        assert_eq!(flag.count_ones(), 1);
    }
    assert_eq!(flags::EVIDENCE_REQUIRED, 0b1_1000, "how, and which text: both are needed");
}

/// The basis is the number in the three lowest bits, the kind of a relationship the one in bits 8 to 11.
#[test]
fn basis_and_kind_share_the_flags() {
    let everything_else = !0b1111_0000_0111;
    for (code, basis) in Basis::ALL.into_iter().enumerate() {
        for others in [0, everything_else] {
            let fact = Fact { flags: code as u64 | others, ..fact(FactKind::OptIn) };
            assert_eq!(fact.basis(), basis);
        }
    }
    for (code, kind) in RelationshipKind::ALL.into_iter().enumerate() {
        for others in [0, everything_else] {
            let flags = (code as u64 + 1) << 8 | others;
            let fact = Fact { flags, ..fact(FactKind::Relationship) };
            assert_eq!(fact.relationship_kind(), Some(kind));
        }
    }
    let none = Fact { flags: everything_else, ..fact(FactKind::Relationship) };
    assert_eq!(none.relationship_kind(), None, "a published address has no kind");
}

/// Every field of a fact, each in a form that its encoding treats in a way of its own.
#[test]
fn the_bytes_of_a_state_are_frozen() {
    let at = Timestamp::from_micros(0x0123_4567_89ab_cdef);
    let refusal = Fact {
        scope: Scope {
            channel: ChannelScope::One(Channel::Sms),
            controller: Some("acme-ltd"),
            brand: Some(""),
            purpose: None,
        },
        ..Fact::new(FactKind::OptOut, EventKey(*b"refusal!"), at, at)
    };
    let earlier = Timestamp::from_micros(at.as_micros() - 65);
    let grant = Fact {
        scope: Scope { purpose: Some("marketing"), ..Scope::EVERYTHING },
        detail: Some("é"),
        flags: flags::TEMPLATE_ID | flags::EVIDENCE_REQUIRED | 1,
        other: Some(SubjectKey(*b"the other person")),
        end: Some(Timestamp::from_micros(0x0123_4567_89ab_cdfe)),
        ..Fact::new(FactKind::OptIn, EventKey(*b"granted!"), at, earlier)
    };
    let expected = [
        "030002",                           // format, not saturated, two facts
        "0102",                             // an opt-out from SMS
        "00",                               // no flags
        "efcdab8967452301",                 // when it took effect
        "00",                               // received that instant
        &hex(b"refusal!"),                  // the event
        "00",                               // no end
        "00",                               // no other subject
        &format!("09{}", hex(b"acme-ltd")), // a text by its length plus one
        "01",                               // an empty one
        "0000",                             // none: no purpose, no detail
        "2100",                             // an opt-in by any channel
        "9980808020",                       // its flags, seven bits a byte
        "efcdab8967452301",
        "8101", // received 65 microseconds before
        &hex(b"granted!"),
        "01fecdab8967452301", // its end
        &format!("01{}", hex(b"the other person")),
        "0000",
        &format!("0a{}", hex(b"marketing")),
        "03c3a9",
    ];
    let bytes = bytes_of(&[refusal, grant]);
    assert_eq!(hex(&bytes), expected.concat());
    assert_eq!(ConsentState::decode(&bytes).unwrap().facts(), [refusal, grant]);
}

/// Numbers at the ends of their ranges read back as they were.
#[test]
fn the_widest_numbers_are_kept() {
    let instants = [i64::MIN, -1, 0, 1, i64::MAX].map(Timestamp::from_micros);
    for flags in [0, 0x7f, 0x80, 0x3fff, 0x4000, u64::MAX >> 1, u64::MAX] {
        for at in instants {
            for received in instants {
                let fact = Fact { flags, at, received, ..fact(FactKind::Unreadable) };
                let bytes = bytes_of(&[fact]);
                assert_eq!(ConsentState::decode(&bytes).unwrap().facts(), [fact]);
            }
        }
    }
}

/// One state has one spelling: whatever else is on disk is damage, and the store rebuilds.
#[test]
fn damaged_states_are_refused() {
    let grant = Fact { other: Some(SubjectKey([9; 16])), ..fact(FactKind::OptIn) };
    let whole = bytes_of(&[grant]);
    assert!(ConsentState::decode(&whole).is_ok());
    for length in 0..whole.len() {
        assert_eq!(ConsentState::decode(&whole[..length]), Err(StateError), "cut at {length}");
    }
    let replaced = |at: usize, by: &[u8]| [&whole[..at], by, &whole[at + 1..]].concat();
    let flags_at = 5;
    let end_at = flags_at + 1 + 8 + 1 + 8;
    let other_at = end_at + 1;
    let widest = [&[0xff; 9][..], &[0x01]].concat();
    for (what, bytes, is_read) in [
        ("another format", replaced(0, &[1]), false),
        ("no bit of saturation", replaced(1, &[2]), false),
        ("a fact fewer than counted", replaced(2, &[2]), false),
        ("more than is counted", replaced(2, &[0]), false),
        ("an unknown channel", replaced(4, &[9]), false),
        ("a number of two bytes", replaced(flags_at, &[0x80, 0x01]), true),
        ("a number with an idle byte", replaced(flags_at, &[0x80, 0x00]), false),
        ("the widest number", replaced(flags_at, &widest), true),
        ("a bit too many", replaced(flags_at, &[&[0xff; 9][..], &[0x02]].concat()), false),
        ("a byte too many", replaced(flags_at, &[&[0xff; 10][..], &[0x01]].concat()), false),
        ("neither an end nor none", replaced(end_at, &[2]), false),
        ("an end", replaced(end_at, &[1, 0, 0, 0, 0, 0, 0, 0, 0]), true),
        ("neither another subject nor none", replaced(other_at, &[2]), false),
        ("a text beyond the end", replaced(whole.len() - 1, &[2]), false),
        ("a text that is no UTF-8", replaced(whole.len() - 1, &[2, 0xff]), false),
        ("a text", replaced(whole.len() - 1, &[2, b'a']), true),
        ("a byte behind", [&whole[..], &[0]].concat(), false),
    ] {
        assert_eq!(ConsentState::decode(&bytes).is_ok(), is_read, "{what}");
    }
}

/// They are hashed into the keys of addresses: with another name nobody's refusal is found.
#[test]
fn kinds_of_address_keep_their_names() {
    for (kind, name) in [
        (AddressKind::Email, "email"),
        (AddressKind::Phone, "phone"),
        (AddressKind::Push, "push"),
        (AddressKind::User, "user"),
    ] {
        assert_eq!(kind.as_str(), name);
    }
}
