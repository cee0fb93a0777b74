//! Step 13: how many messages went out in a rolling window, by the gate and by others, each counted once.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const CAPPED: (&str, &str) = ("blocked.frequency_cap", "frequency_cap");
const SENDS: (&str, &str) = (APPROVED, "");

fn offer() -> OutboundMessage<'static> {
    in_aa(message()).but(|m| m.product_group = Some("tents".into()))
}

/// An approval of the gate `minutes` after the start, like the offer but for `edit`.
fn approved(
    id: &str,
    minutes: i64,
    edit: impl FnOnce(&mut OutboundMessage<'static>),
) -> SentMessage {
    let message = offer().but(edit);
    let channel = message.channel.unwrap();
    SentMessage::new(&message, channel, event_key(id), SentKind::Marketing, at(minutes))
}

fn plain(id: &str, minutes: i64) -> SentMessage {
    approved(id, minutes, |_| {})
}

/// What another program reports to have sent.
fn reported(id: &'static str, minutes: i64) -> Event {
    event(Action::Sent, at(minutes)).purpose("marketing.offers").with(|change| {
        change.message_id = Some(id.into());
        change.product_group = Some("tents".into());
    })
}

fn capped(caps: &[Cap]) -> PolicySet {
    only([base("AA/base").having(|rule| rule.caps = caps.to_vec())])
}

/// Two a day per controller unless said otherwise.
fn two_a_day(per: PerSender) -> PolicySet {
    capped(&[cap(2, 24, per)])
}

/// The reason and all failing ones of the offer `m1` at `minutes`, after an express opt-in.
fn decided(
    policies: &PolicySet,
    reports: &[Event],
    before: &[SentMessage],
    minutes: i64,
) -> (&'static str, String) {
    let history = [&[opt_in(0)], reports].concat();
    let decision =
        World::of(&numbered(&history)).decide_by(policies, &offer(), before, at(minutes));
    let reasons: Vec<_> = decision.reasons().iter().map(Reason::short_code).collect();
    assert_eq!(decision.detail(), Detail::None);
    let counts = (decision.outcome() == Outcome::Approved).then_some(SentKind::Marketing);
    assert_eq!(decision.counts_as(), counts.filter(|_| policies.has_caps()));
    (decision.reason().code(), reasons.join(" "))
}

#[track_caller]
fn assert_decided(found: (&'static str, String), expected: (&str, &str)) {
    assert_eq!((found.0, found.1.as_str()), expected);
}

#[test]
fn a_cap_counts_in_a_rolling_window() {
    let policies = two_a_day(PerSender::Controller);
    let day = 1_440;
    assert_decided(decided(&policies, &[], &[], 9), SENDS);
    assert_decided(decided(&policies, &[], &[plain("a", 1)], 9), SENDS);
    let two = [plain("a", 1), plain("b", 5)];
    assert_decided(decided(&policies, &[], &two, 9), CAPPED);
    assert_decided(decided(&policies, &[], &two, 5), CAPPED);
    // (now - window, now]
    let world = World::of(&[opt_in(0)]);
    let at_instant = |now| world.decide_by(&policies, &offer(), &two, now).reason().code();
    assert_eq!(at_instant(micros_later(at(1 + day), -1)), CAPPED.0);
    assert_eq!(at_instant(at(1 + day)), APPROVED);
    // a clock that runs behind those of other instances forgets nothing
    assert_decided(decided(&policies, &[], &[plain("a", 20), plain("b", 21)], 9), CAPPED);
    // each of several caps counts
    let policies = capped(&[cap(5, 1, PerSender::Controller), cap(2, 24, PerSender::Brand)]);
    assert_decided(decided(&policies, &[], &two, 9), CAPPED);
    let additions = only([
        base("AA/base"),
        addition("AA/a").having(|rule| rule.caps = vec![cap(9, 24, PerSender::Controller)]),
        addition("AA/b").having(|rule| rule.caps = vec![cap(2, 24, PerSender::Controller)]),
    ]);
    assert_decided(decided(&additions, &[], &two, 9), CAPPED);
    let zero = capped(&[cap(0, 24, PerSender::Controller)]);
    assert_decided(decided(&zero, &[], &[], 9), CAPPED);
}

#[test]
fn without_a_cap_nothing_is_counted() {
    let policies = only([base("AA/base")]);
    let many: Vec<_> = (0..SENT_MESSAGES_MAX).map(|nth| plain(&format!("{nth}"), 1)).collect();
    assert_decided(decided(&policies, &[], &many, 9), SENDS);
    // a cap elsewhere is none here, and nothing has to be remembered for it
    let elsewhere = base("BB/base").having(|rule| rule.caps = vec![cap(1, 24, PerSender::Brand)]);
    let policies = policies_with(elsewhere);
    let decision = World::of(&[opt_in(0)]).decide_by(&policies, &offer(), &many, at(9));
    assert_eq!((decision.reason().code(), decision.counts_as()), (APPROVED, None));
}

fn policies_with(elsewhere: Rule) -> PolicySet {
    policies([land("AA", [base("AA/base")]), land("BB", [elsewhere])])
}

#[test]
fn caps_count_per_sender_brand_or_subject() {
    use PerSender::*;
    let zeta = |m: &mut OutboundMessage<'static>| m.controller = Some("zeta-ltd".into());
    let brand = |m: &mut OutboundMessage<'static>| m.brand = Some("zeta".into());
    let boats = |m: &mut OutboundMessage<'static>| m.product_group = Some("boats".into());
    let nameless = |m: &mut OutboundMessage<'static>| {
        (m.controller, m.brand, m.product_group) = (None, None, Some(" ".into()));
    };
    let shouted = |m: &mut OutboundMessage<'static>| {
        m.controller = Some("ACME-LTD".into());
        m.brand = Some(" Acme ".into());
        m.product_group = Some("Tents".into());
    };
    type Rewrite = fn(&mut OutboundMessage<'static>);
    let rows: [(Rewrite, [bool; 3]); 5] = [
        (zeta, [false, false, false]),
        (brand, [true, false, true]),
        (boats, [true, true, false]),
        // who knows whose, of which brand and about what: it may count
        (nameless, [true, true, true]),
        (shouted, [true, true, true]),
    ];
    for (edit, counts) in rows {
        for (per, counts) in [Controller, Brand, Subject].into_iter().zip(counts) {
            let expected = if counts { CAPPED } else { SENDS };
            let before = [approved("a", 1, edit), approved("b", 2, edit)];
            assert_decided(decided(&two_a_day(per), &[], &before, 9), expected);
            // the same when others report it
            let report = |id: &'static str, minutes| {
                let message = offer().but(edit);
                reported(id, minutes).with(|change| {
                    change.controller = message.controller;
                    change.brand = message.brand;
                    change.product_group = message.product_group;
                })
            };
            let reports = [report("a", 1), report("b", 2)];
            assert_decided(decided(&two_a_day(per), &reports, &[], 9), expected);
        }
    }
    // a message that does not say counts everything
    let silent = offer().but(|m| (m.product_group, m.brand) = (None, Some("zeta".into())));
    let world = World::of(&[opt_in(0).brand("any")]);
    let before = [approved("a", 1, boats), approved("b", 2, |_| {})];
    let decision = world.decide_by(&two_a_day(Subject), &silent, &before, at(9));
    assert_eq!(decision.reason(), Reason::FrequencyCap);
}

/// A report about all brands of a controller is one about the brand.
#[test]
fn a_report_for_any_brand_counts_for_each() {
    let any = |id| reported(id, 1).brand("any");
    let policies = two_a_day(PerSender::Brand);
    assert_decided(decided(&policies, &[any("a"), any("b")], &[], 9), CAPPED);
}

#[test]
fn a_cap_counts_the_channels_of_its_rule() {
    let on_text = |rule: &mut Rule| {
        rule.channels = channels(&[Channel::Sms, Channel::Email]);
        rule.caps = vec![cap(2, 24, PerSender::Controller)];
    };
    let policies = only([base("AA/base"), addition("AA/cap").having(on_text)]);
    let on = |channel| move |m: &mut OutboundMessage<'static>| m.channel = Some(channel);
    let texts = [approved("a", 1, on(Channel::Sms)), approved("b", 2, on(Channel::Email))];
    assert_decided(decided(&policies, &[], &texts, 9), CAPPED);
    let pushed = [approved("a", 1, on(Channel::Push)), plain("b", 2)];
    assert_decided(decided(&policies, &[], &pushed, 9), SENDS);
    let report = |channel| {
        let with = |event: Event| match channel {
            Some(channel) => event.channel(channel),
            None => event.any_channel(),
        };
        [with(reported("a", 1)), reported("b", 2)]
    };
    assert_decided(decided(&policies, &report(Some(Channel::Sms)), &[], 9), CAPPED);
    assert_decided(decided(&policies, &report(Some(Channel::Push)), &[], 9), SENDS);
    assert_decided(decided(&policies, &report(None), &[], 9), CAPPED);
}

#[test]
fn a_message_is_counted_once_however_often_it_is_heard_of() {
    let policies = two_a_day(PerSender::Controller);
    // approved here and reported there
    assert_decided(decided(&policies, &[reported("a", 2)], &[plain("a", 1)], 9), SENDS);
    assert_decided(decided(&policies, &[reported("b", 2)], &[plain("a", 1)], 9), CAPPED);
    // reported twice, by both subjects, by one of them
    let twice = [reported("a", 2).id("x"), reported("a", 2).id("y")];
    assert_decided(decided(&policies, &twice, &[], 9), SENDS);
    let apart = [reported("a", 2).no_contact(), reported("b", 3).no_address()];
    assert_decided(decided(&policies, &apart, &[], 9), CAPPED);
    let halves = [reported("a", 2).no_contact().id("x"), reported("a", 2).no_address().id("y")];
    assert_decided(decided(&policies, &halves, &[], 9), SENDS);
    // a report without a message id counts as one by its event
    let nameless = |id| reported("", 2).id(id).with(|change| change.message_id = None);
    assert_decided(decided(&policies, &[nameless("x"), nameless("x")], &[], 9), SENDS);
    assert_decided(decided(&policies, &[nameless("x"), nameless("y")], &[], 9), CAPPED);
}

/// Redelivered by a broker that stamps it anew, of a clock ahead of both receipts.
#[test]
fn a_report_of_a_broken_clock_is_counted_once_too() {
    let policies = two_a_day(PerSender::Controller);
    let ahead = |minutes| reported("a", 500).id("x").received(at(minutes));
    assert_decided(decided(&policies, &[ahead(2), ahead(3)], &[], 9), SENDS);
    assert_decided(decided(&policies, &[ahead(2), ahead(3), reported("b", 4)], &[], 9), CAPPED);
}

/// The same message again: the same decision, and the cap is counted once.
#[test]
fn a_message_that_was_approved_is_not_counted_against_itself() {
    let policies = two_a_day(PerSender::Controller);
    let full = [plain("a", 1), plain("m1", 2)];
    assert_decided(decided(&policies, &[], &full, 9), SENDS);
    let over = [plain("a", 1), plain("b", 1), plain("m1", 2)];
    assert_decided(decided(&policies, &[], &over, 9), SENDS);
    assert_decided(decided(&policies, &[reported("m1", 1)], &[plain("a", 1)], 9), SENDS);
    // the confirmation of the same name is another thing
    let confirmed = SentMessage { kind: SentKind::Confirmation, ..plain("m1", 2) };
    let before = [plain("a", 1), plain("b", 1), confirmed];
    assert_decided(decided(&policies, &[], &before, 9), CAPPED);
}

/// Somebody took away what was remembered: until that is out of the window nothing capped goes out.
#[test]
fn a_lost_memory_counts_as_much_as_a_cap_allows() {
    let policies = two_a_day(PerSender::Brand);
    let lost = |minutes| [SentMessage::unknown(at(minutes), event_key("place"))];
    assert_decided(decided(&policies, &[], &lost(2), 9), CAPPED);
    assert_decided(decided(&policies, &[], &lost(2), 2 + 24 * 60 - 1), CAPPED);
    assert_decided(decided(&policies, &[], &lost(2), 2 + 24 * 60), SENDS);
    // a message that went out before goes out again all the same: it counts once
    let known = [lost(2).as_slice(), &[plain("m1", 1)]].concat();
    assert_decided(decided(&policies, &[], &known, 9), SENDS);
    assert_decided(decided(&capped(&[]), &[], &lost(2), 9), SENDS);
}

#[test]
fn only_marketing_counts() {
    let policies = two_a_day(PerSender::Controller);
    let of_kind = |kind| [plain("a", 1), SentMessage { kind, ..plain("b", 2) }];
    assert_decided(decided(&policies, &[], &of_kind(SentKind::Marketing), 9), CAPPED);
    assert_decided(decided(&policies, &[], &of_kind(SentKind::Confirmation), 9), SENDS);
    assert_decided(decided(&policies, &[], &of_kind(SentKind::Request), 9), SENDS);
    for (purpose, expected) in [
        (Some("marketing"), CAPPED),
        (Some("survey"), CAPPED),
        (Some("services"), CAPPED),
        (None, CAPPED),
        (Some(" "), CAPPED),
        (Some("service"), SENDS),
        (Some("Service.Order"), SENDS),
        (Some("transactional.receipt"), SENDS),
    ] {
        let reports = [reported("a", 1), reported("b", 2).purpose(purpose)];
        assert_decided(decided(&policies, &reports, &[], 9), expected);
    }
    // and only marketing is capped
    let order = exempt(offer(), Category::Service);
    let two = [plain("a", 1), plain("b", 2)];
    let decision = World::default().decide_by(&policies, &order, &two, at(9));
    assert_eq!((decision.reason(), decision.counts_as()), (Reason::Transactional, None));
}

#[test]
fn reports_count_for_the_person_and_for_the_address() {
    let policies = two_a_day(PerSender::Controller);
    let with = |event: Event| [reported("a", 1), event];
    let of = |event| decided(&policies, &with(event), &[], 9);
    assert_decided(of(reported("b", 2)), CAPPED);
    assert_decided(of(reported("b", 2).contact("dev")), CAPPED);
    assert_decided(of(reported("b", 2).address("ben@example.org")), CAPPED);
    assert_decided(of(reported("b", 2).contact("dev").address("dev@example.net")), SENDS);
    // a clock that ran ahead must not keep it out of the window, nor one that is ahead now
    assert_decided(of(reported("b", 5_000).received(at(2))), CAPPED);
    let late = [reported("a", -1_500), reported("b", -1_500).received(at(2))];
    assert_decided(decided(&policies, &late, &[], 9), SENDS);
}

/// With as many messages as are remembered nobody can count further, so nothing capped goes out.
#[test]
fn a_full_list_blocks_what_is_capped() {
    let policies = two_a_day(PerSender::Controller);
    let long_ago =
        |n: usize| (0..n).map(|nth| plain(&format!("old {nth}"), -900_000)).collect::<Vec<_>>();
    assert_eq!(SENT_MESSAGES_MAX, 128);
    assert_decided(decided(&policies, &[], &long_ago(127), 9), SENDS);
    assert_decided(decided(&policies, &[], &long_ago(128), 9), CAPPED);
    let mut with_itself = long_ago(127);
    with_itself.push(plain("m1", 1));
    assert_decided(decided(&policies, &[], &with_itself, 9), SENDS);
    assert!(FREQUENCY_COUNT_MAX as usize <= SENT_MESSAGES_MAX);
}

#[test]
fn what_an_approval_leaves() {
    let message = offer();
    let sent =
        SentMessage::new(&message, Channel::Email, event_key("m1"), SentKind::Request, at(3));
    assert_eq!((sent.at, sent.message, sent.channel), (at(3), event_key("m1"), Channel::Email));
    assert_eq!(sent.controller, NameHash::of(Some("acme-ltd")));
    assert_eq!(sent.brand, NameHash::of(Some("acme")));
    assert_eq!(sent.subject, NameHash::of(Some("tents")));
    for kind in [SentKind::Marketing, SentKind::Confirmation, SentKind::Request, SentKind::Unknown]
    {
        assert_eq!(SentKind::from_code(kind as u8), Some(kind));
    }
    assert_eq!(SentKind::from_code(0), None);
    assert_eq!(SentKind::from_code(5), None);
}

/// A report counts from when it was sent, or from its receipt when its clock ran ahead; a receipt that nobody
/// knows dates nothing back.
#[test]
fn a_report_from_the_future_counts_from_its_receipt() {
    let policies = capped(&[cap(1, 24, PerSender::Controller)]);
    let ahead = [reported("a", 5_000).received(at(10))];
    assert_decided(decided(&policies, &ahead, &[], 9 + 1_440), CAPPED);
    assert_decided(decided(&policies, &ahead, &[], 10 + 1_440), SENDS);
    let undated = [reported("a", 10).received(Timestamp::default())];
    assert_decided(decided(&policies, &undated, &[], 20), CAPPED);
    assert_decided(decided(&policies, &undated, &[], 10 + 1_440), SENDS);
}

/// What was approved before is looked up only where it has a part in the decision.
#[test]
fn history_is_needed_for_caps_and_for_what_goes_out_once() {
    let needs = |policies: &PolicySet, message: &OutboundMessage<'_>| {
        depends_on_history(policies, message, None, at(9))
    };
    let with_cap = two_a_day(PerSender::Controller);
    let without = only([base("AA/base")]);
    assert!(needs(&with_cap, &offer()));
    assert!(!needs(&without, &offer()));
    assert!(
        !needs(
            &policies_with(base("BB/base").having(|rule| {
                rule.caps = vec![cap(1, 24, PerSender::Brand)];
            })),
            &offer()
        ),
        "a cap of another land"
    );
    assert!(!needs(&with_cap, &offer().but(|m| m.channel = None)));
    for category in [Category::OptoutConfirmation, Category::ConsentRequest] {
        assert!(needs(&without, &exempt(offer(), category)), "{category:?}");
    }
    for category in [Category::Transactional, Category::Service, Category::Emergency] {
        assert!(!needs(&with_cap, &exempt(offer(), category)), "{category:?}");
    }
    // a number can bring the cap of its land
    let mut parts = parts([
        land("AA", [base("AA/base")]),
        land(
            "BB",
            [base("BB/base").having(|rule| {
                rule.caps = vec![cap(1, 24, PerSender::Brand)];
            })],
        ),
    ]);
    numbered_as(&mut parts, &[("44", &["BB"], &[])]);
    let by_number = PolicySet::new(parts).unwrap();
    assert!(depends_on_history(&by_number, &in_aa(sms()), Some(PHONE), at(9)));
    assert!(!depends_on_history(&by_number, &in_aa(sms()), None, at(9)));
}
