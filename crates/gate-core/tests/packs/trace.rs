//! All steps at once, in their order, and what `decide_traced` says about them. That it decides as `decide` does
//! is demanded of every decision in these tests (`harness/mod.rs`).

use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

/// A land that asks for everything there is.
fn demanding() -> PolicySet {
    let rule = base("AA/base").having(|rule| {
        rule.bases = vec![BasisRule::express().having(|basis| basis.valid_for = days(60))];
        rule.registries = vec![registry("tps")];
        rule.content = content(&[Element::PostalAddress]);
        rule.caps = vec![cap(1, 24, PerSender::Brand)];
        rule.hours = Some(daily(&["10:00-12:00"]));
        rule.transactional = Transactional {
            content: content(&[Element::SenderIdentity]),
            consent: bases(&[Basis::Express]),
            ..Transactional::default()
        };
    });
    let mut parts = parts([land("AA", [rule]).having(|land| land.minor_below = Some(18))]);
    numbered_as(&mut parts, &[("44", &["AA"], &["Europe/London"])]);
    PolicySet::new(parts).unwrap()
}

/// Everything against a text to Ben, in force at [`MORNING`].
fn everything_against() -> Vec<Event> {
    let phone = |event: Event| event.address(PHONE);
    vec![
        phone(
            event(Action::Profile, at(1))
                .unscoped()
                .with(|c| c.birth_date_days = Some(on("2015-01-01"))),
        ),
        registry_answer("tps", true),
        opt_in(1).sms().no_evidence(),
        opt_out(2).sms(),
        texted(2, "stop"),
        phone(event(Action::Object, at(2))),
        event(Action::Complaint, at(2)).sms(),
        phone(event(Action::HardBounce, at(2))),
        phone(event(Action::AddressReassigned, at(2))),
        phone(event(Action::Suppress, at(2)).suppression(Some(SuppressionScope::Marketing))),
        phone(event(Action::Suppress, at(2)).suppression(Some(SuppressionScope::All))),
        unreadable_record(None, Some(PHONE), 3),
    ]
}

/// 08:00 in London, two days later.
const MORNING: i64 = 2 * 1_440;

fn sent() -> SentMessage {
    SentMessage::new(&sms(), Channel::Sms, event_key("m0"), SentKind::Marketing, at(MORNING - 9))
}

#[test]
fn every_failing_step_is_listed_in_order() {
    let world = World::of(&numbered(&everything_against()));
    let text = sms().but(|m| m.expires_at = Some(at(1)));
    let decision = world.decide_by(&demanding(), &text, &[sent()], at(MORNING));
    let reasons: Vec<_> = decision.reasons().iter().map(Reason::code).collect();
    assert_eq!(
        reasons,
        [
            "blocked.message_expired",
            "blocked.undeliverable",
            "blocked.number_reassigned",
            "blocked.suppressed_global",
            "blocked.complaint",
            "blocked.objected",
            "blocked.opted_out",
            "blocked.sender_stop",
            "blocked.consent_unreadable",
            "blocked.minor",
            "blocked.dnc_registry",
            "blocked.evidence_incomplete",
            "blocked.content_requirement",
            "blocked.frequency_cap",
            "deferred.quiet_hours",
        ]
    );
    assert_eq!((decision.outcome(), decision.not_before()), (Outcome::Blocked, None));
    assert_eq!((decision.basis(), decision.registry_checked()), (None, None));
}

/// Taking away the first reason leaves the second one as the reason.
#[test]
fn the_first_failing_step_is_the_reason() {
    struct Case {
        history: Vec<Event>,
        text: OutboundMessage<'static>,
        approved: Vec<SentMessage>,
    }
    let mut case =
        Case { history: vec![everything_against().remove(0)], text: sms(), approved: vec![sent()] };
    let cures: [(&str, fn(&mut Case)); 5] = [
        ("minor", |case| case.history.clear()),
        ("registry_stale", |case| case.history.push(registry_answer("TPS", false))),
        ("no_consent", |case| case.history.push(opt_in(1).sms())),
        ("content_requirement", |case| case.text.content.postal_address = Some(true)),
        ("frequency_cap", |case| case.approved.clear()),
    ];
    let decided = |case: &Case, minutes| {
        let world = World::of(&numbered(&case.history));
        world.decide_by(&demanding(), &case.text, &case.approved, at(minutes))
    };
    for (nth, (_, cure)) in cures.iter().enumerate() {
        let decision = decided(&case, MORNING);
        let reasons: Vec<_> = decision.reasons().iter().map(Reason::short_code).collect();
        let left = cures[nth..].iter().map(|(reason, _)| *reason);
        assert_eq!(reasons, left.chain(["quiet_hours"]).collect::<Vec<_>>());
        cure(&mut case);
    }
    assert_eq!(decided(&case, MORNING).not_before(), Some(at(MORNING + 120)));
    let decision = decided(&case, MORNING + 120);
    assert_eq!(decision.reason(), Reason::ExpressConsent);
    assert_eq!(decision.registry_checked(), Some(at(1)));
    assert_eq!(decision.counts_as(), Some(SentKind::Marketing));
}

fn registry_answer(name: &'static str, listed: bool) -> Event {
    event(Action::RegistryStatus, at(1)).unscoped().address(PHONE).with(|change| {
        (change.listed, change.registry) = (Some(listed), Some(name.into()));
    })
}

fn notes(history: &[Event], message: &OutboundMessage<'_>) -> Vec<(Step, String)> {
    let world = World::of(&numbered(history));
    world.explain(&demanding(), message, &[sent()], at(MORNING)).1.0
}

#[test]
fn notes_stand_in_the_order_of_the_steps() {
    for history in [everything_against(), vec![], vec![opt_in(1).sms()]] {
        for message in [sms(), exempt(sms(), Category::Service), sms().but(|m| m.address = None)] {
            let steps: Vec<Step> =
                notes(&history, &message).into_iter().map(|(step, _)| step).collect();
            assert!(steps.is_sorted(), "{steps:?}");
            assert_eq!(steps.first(), Some(&Step::WellFormed));
            assert_eq!(steps.last(), Some(&Step::Outcome));
        }
    }
}

#[test]
fn every_step_of_marketing_is_explained() {
    let mut steps: Vec<Step> =
        notes(&everything_against(), &sms()).into_iter().map(|(step, _)| step).collect();
    steps.sort_unstable();
    steps.dedup();
    use Step::*;
    assert_eq!(
        steps,
        [
            WellFormed,
            Available,
            Destination,
            DeadAddress,
            Suppressed,
            Class,
            MarketingSuppressed,
            Refusals,
            Age,
            Registry,
            Basis,
            Content,
            Frequency,
            QuietHours,
            Outcome,
        ]
    );
    let mut names: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), steps.len());
}

#[test]
fn notes_name_what_was_looked_at() {
    let all = notes(&[opt_in(1).sms()], &sms());
    let about = |wanted: Step| {
        let texts = all.iter().filter(|(step, _)| *step == wanted).map(|(_, text)| &**text);
        texts.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(about(Step::Available), "jurisdictions AA; rules AA/base");
    assert!(about(Step::Basis).contains("AA/base: express of 2027-01-15T08:01:00Z is live"));
    assert!(about(Step::Registry).contains("tps"));
    assert!(about(Step::Content).contains("postal_address"));
    assert!(about(Step::Frequency).contains("1 of 1 in 24 h"));
    assert!(about(Step::QuietHours).contains("Europe/London"));
    assert_eq!(about(Step::Outcome), "blocked.registry_stale");
    let listened = about(Step::WellFormed);
    assert!(listened.contains("sms"), "{listened}");
}

/// The one note of a step.
#[track_caller]
fn finding(
    world: &World,
    step: Step,
    policies: &PolicySet,
    message: &OutboundMessage<'_>,
    now: Timestamp,
) -> String {
    let notes = world.explain(policies, message, &[], now).1.0;
    let mut texts: Vec<_> = notes.into_iter().filter(|(of, _)| *of == step).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    texts.remove(0).1
}

/// What a reader of an explanation goes by: each finding of a step has words of its own.
#[test]
fn each_finding_has_its_own_words() {
    let about = |step: Step, policies: &PolicySet, history: &[Event], minutes: i64| {
        let world = World::of(&numbered(history));
        let message = sms().but(|m| m.jurisdiction = Some("AA".into()));
        finding(&world, step, policies, &message, at(minutes))
    };
    let listed = [registry_answer("tps", true)];
    let clear = [registry_answer("tps", false)];
    for (history, expected) in [
        (&listed[..], "tps: listed"),
        (&clear, "tps: clear, asked 2027-01-15T08:01:00Z"),
        (&[], "tps: not asked, or too long ago"),
    ] {
        assert_eq!(about(Step::Registry, &demanding(), history, MORNING), expected);
    }
    let hours = |minutes| about(Step::QuietHours, &demanding(), &[], minutes);
    let zones = "zones (number) Europe/London";
    assert_eq!(hours(MORNING), format!("{zones}: closed until 2027-01-17T10:00:00Z"));
    assert_eq!(hours(MORNING + 119), format!("{zones}: closed until 2027-01-17T10:00:00Z"));
    assert_eq!(hours(MORNING + 120), format!("{zones}: open"));
    let basis = |rule: Rule| about(Step::Basis, &only([rule]), &[], MORNING);
    let asks = |rule: Rule| rule.having(|rule| rule.bases = vec![BasisRule::express()]);
    assert_eq!(basis(asks(base("AA/base"))), "AA/base: nothing on file");
    assert_eq!(basis(asks(free("AA/free"))), "AA/free: none is needed");
    let withdrawn = [opt_in(1).sms(), opt_out(2).sms()];
    let needed = only([asks(base("AA/base"))]);
    assert_eq!(about(Step::Basis, &needed, &withdrawn, MORNING), "AA/base: nothing on file");
    // nobody knows the zone, or not the one that the message names
    let nowhere = land("AA", [base("AA/base").having(|r| r.hours = Some(daily(&["08:00-21:00"])))]);
    let nowhere = policies([nowhere.having(|land| land.zones = vec![])]);
    let in_zone = |name: Option<&'static str>| {
        let message = in_aa(message()).but(|m| m.tz = name.map(Into::into));
        finding(&World::default(), Step::QuietHours, &nowhere, &message, at(MORNING))
    };
    assert_eq!(in_zone(None), "the zone is unknown");
    assert_eq!(in_zone(Some("Mars/Olympus")), "the declared zone is unknown");
}

/// Promise P6: an explanation holds no address and no contact id.
#[test]
fn notes_show_nobody() {
    let mut histories = vec![everything_against(), vec![opt_in(1).sms()]];
    histories.push(vec![texted(1, "stop"), event(Action::Erase, at(2)).address(PHONE)]);
    for history in histories {
        for category in [Category::Marketing, Category::Service, Category::ConsentRequest] {
            let message = match category {
                Category::Marketing => sms(),
                other => exempt(sms(), other),
            };
            for (_, text) in notes(&history, &message) {
                for secret in ["ben", PHONE, "7700900456", "2015-01-01"] {
                    assert!(!text.contains(secret), "shows `{secret}`: {text}");
                }
            }
        }
    }
}
