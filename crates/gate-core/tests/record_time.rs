//! Record time never dates a refusal back: what a producer's clock, a tool that keeps timestamps or one that
//! counts in seconds writes on a record takes nothing from what the record says. Nor does a refusal dated years
//! ahead outlive a later consent, nor a permission from the future count before its time.
mod harness;

use gate_core::*;
use harness::check::*;
use harness::policies::*;
use harness::*;

/// Everything is told at this minute, by people who know what time it is, of a consent of an hour before.
const THEN: i64 = 20_000;
const HOUR: i64 = 60;

fn consent() -> Event {
    opt_in(THEN - HOUR).produced(at(THEN - HOUR))
}

fn epoch(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Record times of every kind of clock that is wrong, or right.
fn stamps() -> [Timestamp; 10] {
    [
        epoch(1),
        epoch(1_767_600),         // seconds where milliseconds belong
        epoch(1_577_836_800_000), // a device that starts in 2020
        at(THEN - 24 * HOUR),
        at(THEN - 2 * HOUR),
        at(THEN - HOUR),
        at(THEN - 50),
        at(THEN - 6),
        at(THEN),
        at(THEN + 50),
    ]
}

fn stop() -> Event {
    texted(THEN, "STOP")
}

#[test]
fn no_record_time_takes_a_refusal_back() {
    let later = at(THEN + 1);
    let written = [consent(), opt_in(THEN - HOUR).sms().produced(at(THEN - HOUR))];
    let of = |action| event(action, at(THEN));
    for stamp in stamps() {
        for (refusal, message, expected) in [
            (opt_out(THEN), message(), OPTED_OUT),
            (of(Action::Object), message(), "blocked.objected"),
            (of(Action::Complaint), message(), "blocked.complaint"),
            (of(Action::HardBounce), message(), "blocked.undeliverable"),
            (of(Action::AddressReassigned), message(), "blocked.number_reassigned"),
            (of(Action::Suppress).suppression(None), message(), "blocked.suppressed_global"),
            (of(Action::Erase).contact("dev"), message(), "blocked.suppressed_address"),
            (stop(), sms(), OPTED_OUT),
            (stop(), exempt(sms(), Category::Service), STOPPED),
        ] {
            let history = [&written[..], &[refusal.produced(stamp)]].concat();
            check(&history, &message, later, expected);
            // and for good: no clock makes it go away
            check(&history, &message, at(THEN + 500_000), expected);
        }
    }
}

/// A listing is not older than the check it followed, and a message that went out is counted.
#[test]
fn no_record_time_takes_a_listing_or_a_report_back() {
    let registry = |minutes, listed| {
        event(Action::RegistryStatus, at(minutes)).unscoped().with(|change| {
            (change.registry, change.listed) = (Some("aa-list".into()), Some(listed));
        })
    };
    let listed = only([free("AA/free")
        .having(|rule| rule.registries = vec![harness::policies::registry("aa-list")])]);
    let capped = only([base("AA/base").having(|rule| {
        rule.caps = vec![cap(1, 24, policy::PerSender::Controller)];
    })]);
    let sent =
        |minutes| event(Action::Sent, at(minutes)).with(|c| c.message_id = Some("m0".into()));
    for stamp in stamps() {
        let history = [registry(THEN - HOUR, false), registry(THEN, true).produced(stamp)];
        check_by(&listed, &history, &in_aa(message()), at(THEN + 1), "blocked.dnc_registry");
        let history = [consent(), sent(THEN).produced(stamp)];
        check_by(&capped, &history, &in_aa(message()), at(THEN + 1), "blocked.frequency_cap");
    }
}

/// What cannot be read claims nothing. Its log had come further than its record says.
#[test]
fn an_unreadable_change_stands_where_its_log_stands() {
    let unread = "blocked.consent_unreadable";
    for stamp in stamps() {
        let change = unreadable_record(Some("ben"), None, 0);
        let log = at(THEN - HOUR);
        let history = [consent(), change.produced_in(stamp, log)];
        check(&history, &message(), at(THEN + 1), unread);
        // anything dated later than all before it is later
        let after = opt_in(THEN + 60).produced(at(THEN + 60));
        check(&[&history[..], &[after]].concat(), &message(), at(THEN + 61), APPROVED);
    }
}

#[test]
fn a_refusal_dated_ahead_does_not_outlive_a_later_consent() {
    let ahead = |minutes| opt_out(minutes).produced(at(THEN));
    let again = |minutes| opt_in(minutes).produced(at(minutes));
    let year = 365 * 24 * HOUR;
    check_all! {
        by &PolicySet::express_only(), at at(THEN + 100);
        "nobody acts in a year: the receipt counts":
            [ahead(THEN + year), again(THEN + 10)], message() => APPROVED;
        "against what came before it": [consent(), ahead(THEN + year)], message() => OPTED_OUT;
        "at its receipt": [ahead(THEN + year), again(THEN)], message() => OPTED_OUT;
        "in an hour, by a clock of another zone":
            [ahead(THEN + 4 * HOUR), again(THEN + 10)], message() => APPROVED;
        "dated back and ahead: no further back than the log had come":
            [
                consent(),
                opt_out(THEN + year).produced_in(epoch(1), at(THEN - HOUR))
            ],
            message() => OPTED_OUT;
        "of two claims the possible one counts":
            [consent(), ahead(THEN + year), opt_out(THEN + 20).produced(epoch(1)), again(THEN + 10)],
            message() => OPTED_OUT;
        "a broker knows that no such time was":
            [ahead(THEN + 50).received(at(THEN)), again(THEN + 10)], message() => APPROVED;
        "what came within the same millisecond as a refusal is not after it, whatever it claims":
            [ahead(THEN + year).received(at(THEN)), again(THEN + 4).received(at(THEN))],
            message() => OPTED_OUT;
        "an erasure dated ahead":
            [event(Action::Erase, at(THEN + year)).contact("dev").produced(at(THEN)), again(THEN + 10)],
            message() => APPROVED;
        "an erasure dated ahead ends what came before":
            [event(Action::Erase, at(THEN + year)).contact("dev").produced(at(THEN)), consent()],
            message() => "blocked.suppressed_address [suppressed_address no_consent]";
        "and hides no other":
            [
                event(Action::Erase, at(THEN + year)).contact("dev").produced(at(THEN - 2 * HOUR)),
                event(Action::Erase, at(THEN)).contact("dev").produced(epoch(1)),
                consent()
            ],
            message() => "blocked.suppressed_address [suppressed_address no_consent]";
        "a bounce dated ahead":
            [
                event(Action::HardBounce, at(THEN + year)).produced(at(THEN)),
                event(Action::OptInConfirmed, at(THEN + 10)).produced(at(THEN + 10))
            ],
            message() => APPROVED;
    }
    // once its claim is possible, nobody knows which of the two clocks was wrong
    let history = [ahead(THEN + 4 * HOUR), again(THEN + 10)];
    check(&history, &message(), at(THEN + 4 * HOUR - 6), APPROVED);
    check(&history, &message(), at(THEN + 4 * HOUR - 5), OPTED_OUT);
    let renewed = [&history[..], &[again(THEN + 5 * HOUR)]].concat();
    check(&renewed, &message(), at(THEN + 6 * HOUR), APPROVED);
}

#[test]
fn a_permission_from_after_the_gates_clock_counts_for_nothing_yet() {
    for ahead in [30, 59] {
        let permitted = [opt_in(THEN + ahead).produced(at(THEN + ahead))];
        check(&permitted, &message(), at(THEN), NO_CONSENT);
        check(&permitted, &message(), at(THEN + ahead - 5), APPROVED);
        let refused = [&permitted[..], &[opt_out(THEN).produced(at(THEN))]].concat();
        check(&refused, &message(), at(THEN + 1), "blocked.opted_out [opted_out no_consent]");
        let unread = [&permitted[..], &[unreadable_record(Some("ben"), None, THEN)]].concat();
        check(
            &unread,
            &message(),
            at(THEN + 1),
            "blocked.consent_unreadable [consent_unreadable no_consent]",
        );
        let suppressed = [
            consent(),
            event(Action::Suppress, at(THEN)).suppression(None),
            event(Action::Unsuppress, at(THEN + ahead)).suppression(Some(SuppressionScope::All)),
        ];
        check(&suppressed, &message(), at(THEN + 1), "blocked.suppressed_global");
        check(&suppressed, &message(), at(THEN + ahead), APPROVED);
        let (_, notes) = World::of(&numbered(&permitted)).explain(
            &PolicySet::express_only(),
            &message(),
            &[],
            at(THEN),
        );
        assert!(notes.0.iter().any(|(_, note)| note.contains("does not count yet")), "{notes:?}");
        let decision =
            check_by(&PolicySet::express_only(), &permitted, &message(), at(THEN), NO_CONSENT);
        assert_eq!(decision.warnings().iter().collect::<Vec<_>>(), [Warning::ClockSkew]);
    }
}

/// The one confirmation of an opt-out is one, though the opt-out counts from two instants.
#[test]
fn a_refusal_with_two_instants_is_confirmed_once() {
    let opt_out = [opt_out(THEN + 4 * HOUR).produced(at(THEN))];
    let world = World::of(&numbered(&opt_out));
    let confirmation = exempt(message(), Category::OptoutConfirmation);
    let confirmed = |approved: &[SentMessage], now| {
        let policies = PolicySet::express_only();
        world.decide_by(&policies, &confirmation, approved, now).reason().code()
    };
    assert_eq!(confirmed(&[], at(THEN + 1)), "approved.optout_confirmation");
    let other = confirmation.clone().but(|m| m.message_id = "m0".into());
    let (key, kind) = (event_key("m0"), SentKind::Confirmation);
    let sent = SentMessage::new(&other, Channel::Email, key, kind, at(THEN + 1));
    assert_eq!(confirmed(&[], at(THEN + 4 * HOUR + 1)), "approved.optout_confirmation");
    assert_eq!(confirmed(&[sent], at(THEN + 4 * HOUR + 1)), "blocked.confirmation_duplicate");
}

/// However many erasures a broken clock dates ahead, they are one fact: a state must not grow with them.
#[test]
fn erasures_of_a_broken_clock_are_one() {
    let erase = |n: i64| event(Action::Erase, at(THEN + HOUR + n)).produced(at(THEN));
    let world = World::of(&numbered(&[erase(1), erase(2), erase(3)]));
    let backwards = World::of(numbered(&[erase(1), erase(2), erase(3)]).iter().rev());
    assert_eq!(world.states, backwards.states);
    let n_erased = |bytes: &Vec<u8>| {
        let is_one = |fact: &&Fact<'_>| fact.kind.is_erasure();
        decode(bytes).facts().iter().filter(is_one).count()
    };
    assert_eq!(world.states.values().map(n_erased).collect::<Vec<_>>(), [1, 1]);
}

/// Within the tolerance a claim is believed, whatever a slow clock of the gate says; a message that went out counts
/// from the earlier of both instants as soon as its claim lies ahead.
#[test]
fn a_claim_stands_unless_it_is_skewed_and_ahead() {
    let fact = |kind, claimed: i64| Fact::new(kind, EventKey::default(), at(claimed), at(THEN));
    let tolerated = fact(FactKind::OptOut, THEN + 4);
    assert_eq!(tolerated.effective_at(at(THEN - HOUR)), at(THEN + 4));
    let sent = fact(FactKind::Sent, THEN + HOUR);
    assert_eq!(sent.effective_at(at(THEN)), at(THEN));
    assert_eq!(sent.effective_at(at(THEN + HOUR)), at(THEN + HOUR));
    let unskewed = fact(FactKind::OptOut, THEN + HOUR);
    assert_eq!(unskewed.effective_at(at(THEN)), at(THEN + HOUR));
    let skewed = Fact { flags: flags::SKEWED, ..unskewed };
    assert_eq!(skewed.effective_at(at(THEN)), at(THEN));
    assert_eq!(skewed.effective_at(at(THEN + HOUR)), at(THEN + HOUR));
}

/// Where the broker dated them, or within the tolerance, nobody's clock is in doubt: such erasures are one with any
/// other.
#[test]
fn erasures_of_no_doubtful_clock_are_one_with_any_other() {
    let erase = |minutes| event(Action::Erase, at(minutes));
    let history = [
        erase(THEN),
        erase(THEN + 4 * HOUR).received(at(THEN + 1)),
        erase(THEN + 5).produced(at(THEN + 2)),
    ];
    let world = World::of(&numbered(&history));
    for bytes in world.states.values() {
        let state = decode(bytes);
        let erased = state.facts().iter().filter(|fact| fact.kind.is_erasure());
        let erased: Vec<_> = erased.map(|fact| (fact.at, fact.flags)).collect();
        assert_eq!(erased, [(at(THEN + 5), flags::KEEP_SUPPRESSION)]);
    }
}

/// Whether an erasure dated ahead is one, only the gate's clock tells. From then on all is gone that was permitted
/// until then, also what had verified the address.
#[test]
fn an_erasure_dated_ahead_takes_what_verified_the_address() {
    let end = at(THEN + 4 * HOUR);
    let bounced = || event(Action::HardBounce, at(THEN - HOUR)).no_contact();
    let verified = |when| event(Action::OptInConfirmed, when).no_contact().produced(when);
    let erased = || {
        let erase = event(Action::Erase, end).no_contact().produced(at(THEN));
        erase.with(|change| change.keep_suppression = false)
    };
    let to_address = || message().but(|m| m.contact_id = None);
    let dead = "blocked.undeliverable [undeliverable no_consent]";
    check_all! {
        by &PolicySet::express_only(), at at(THEN + 5 * HOUR);
        "before it": [bounced(), verified(at(THEN + HOUR)), erased()], to_address() => dead;
        "at its instant": [bounced(), verified(end), erased()], to_address() => dead;
        "after it":
            [bounced(), verified(micros_later(end, 1)), erased()], to_address() => APPROVED;
    }
    let history = [bounced(), verified(at(THEN + HOUR)), erased()];
    check(&history, &to_address(), at(THEN + 2 * HOUR), APPROVED);
}
