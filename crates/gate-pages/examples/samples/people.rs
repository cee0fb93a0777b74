//! Signing in, errors, looking for a person, a person.

use gate_pages::{
    Choice, Corner, ErrorPage, Event, EventKind, Fact, FieldError, Found, Frame, Lane, Lanes,
    LoginError, LoginPage, LookUp, LookUpReason, Needs, PeopleForm, PeoplePage, PersonMatch,
    PersonPage, PersonState, Problem, Roles, Span, StateCell, StateRow, Tick, Unreadable, WhoKind,
    WouldPass, WouldPassForm,
};

use super::decisions::row;
use super::{Sample, building, frame, list, officer, place, reason, s, sample, viewer};

pub(super) fn samples(all: &mut Vec<Sample>) {
    signing_in(all);
    errors(all);
    looking(all);
    person(all);
}

fn signing_in(all: &mut Vec<Sample>) {
    let nobody = || Frame { name: None, roles: Roles::default(), waiting: 0, ..frame("/login") };
    let refused = |error| LoginPage {
        account: s("kim"),
        error: Some(error),
        work_account: true,
        query: s("?next=%2Fdecisions"),
    };
    all.push(sample("login", nobody(), &LoginPage::default()));
    all.push(sample("login-wrong", nobody(), &refused(LoginError::Refused)));
    all.push(sample("login-many", nobody(), &refused(LoginError::TooMany { seconds: 30 })));
    all.push(sample("login-form", nobody(), &refused(LoginError::Form)));
    all.push(sample("login-work", nobody(), &refused(LoginError::WorkAccount)));
    all.push(sample("login-over", nobody(), &refused(LoginError::Over)));
}

fn errors(all: &mut Vec<Sample>) {
    let error =
        |status, problem| ErrorPage { status, problem, detail: s(""), reference: s("e-7f21") };
    let away = Problem::KafkaAway { seconds: 41, index_until: Some(s("2026-11-29T21:11:23Z")) };
    let kafka = ErrorPage { detail: s("kafka:9092: connection refused"), ..error(503, away) };
    let corner = Corner::KafkaAway { seconds: 41 };
    all.push(sample("error", Frame { corner, ..frame("/people") }, &kafka));
    let by = Problem::Released { by: s("Noor"), at: s("2026-11-29T17:05:02Z") };
    let since = Some(s("2025-10-25T00:00:00Z"));
    let unclear = s("The cursor is not one of this desk’s.");
    for (name, status, problem) in [
        ("error-forbidden", 403, Problem::Forbidden { needs: Needs::Officer }),
        ("error-form", 403, Problem::Form),
        ("error-no-page", 404, Problem::NoPage),
        ("error-no-decision", 404, Problem::NoDecision { since }),
        ("error-no-person", 404, Problem::NoPerson),
        ("error-no-thing", 404, Problem::NoThing),
        ("error-method", 405, Problem::Method),
        ("error-released", 409, by),
        ("error-too-large", 413, Problem::TooLarge),
        ("error-bad-request", 400, Problem::BadRequest { sentence: unclear }),
        ("error-too-many", 429, Problem::TooMany { seconds: 20 }),
        ("error-gates", 503, Problem::GatesAway),
        ("error-not-recorded", 503, Problem::NotRecorded),
        ("error-building", 503, Problem::Building(building())),
        ("error-internal", 500, Problem::Internal),
    ] {
        let corner = if name == "error-gates" { Corner::GatesAway } else { frame("/").corner };
        all.push(sample(name, Frame { corner, ..viewer("/decisions") }, &error(status, problem)));
    }
    let nobody = Frame { name: None, roles: Roles::default(), ..viewer("/") };
    let early = ErrorPage { reference: s(""), ..error(404, Problem::NoDecision { since: None }) };
    all.push(sample("error-nobody", nobody, &early));
}

fn looking(all: &mut Vec<Sample>) {
    let look = |whom: &str, at: &str, reason, ticket: &str| LookUp {
        whom: s(whom),
        at: s(at),
        reason,
        ticket: s(ticket),
    };
    let choice = |value: &str, label: &str| Choice { value: s(value), label: s(label) };
    let people = PeoplePage {
        regions: vec![choice("GB", "United Kingdom"), choice("DE", "Germany")],
        look_ups: vec![
            look("9d40bd8f…", "2026-11-29T20:47:00Z", LookUpReason::Complaint, "HELP-2291"),
            look("c81e07aa…", "2026-11-29T16:02:00Z", LookUpReason::Access, "DSAR-118"),
            look("5510f3b2…", "2025-12-27T09:30:00Z", LookUpReason::Audit, ""),
        ],
        ..PeoplePage::default()
    };
    all.push(sample("people", officer("/people"), &people));
    all.push(sample("people-first", officer("/people"), &PeoplePage::default()));
    let form = PeopleForm {
        kind: WhoKind::Address,
        who: s("ana@example.com"),
        region: s("DE"),
        reason: Some(LookUpReason::Complaint),
        ticket: s("HELP-2291"),
    };
    let found = Found::Several {
        people: vec![
            PersonMatch {
                handle: s("h-8fWm2Q"),
                contact: s("ana-7731"),
                channels: list(&["email", "voice_live"]),
                last_event: Some(s("2026-11-22T07:00:12Z")),
                nothing_because: None,
            },
            PersonMatch {
                handle: s("h-Kx81/?"),
                contact: s("till-20391"),
                channels: list(&["email"]),
                last_event: None,
                nothing_because: Some(reason("blocked.no_consent")),
            },
        ],
    };
    let several = PeoplePage { form: form.clone(), found: Some(found), ..people.clone() };
    all.push(sample("people-several", officer("/people"), &several));
    let nobody = PeoplePage { form: form.clone(), found: Some(Found::Nobody), ..people.clone() };
    all.push(sample("people-nobody", officer("/people"), &nobody));
    let wrong = |field: &str, sentence: &str| FieldError { field: s(field), sentence: s(sentence) };
    let bad = PeoplePage {
        form: PeopleForm { who: s("ana@"), reason: None, ..form },
        errors: vec![
            wrong(
                "who",
                "This is no address. A contact id, an e-mail address or a phone number is looked for.",
            ),
            wrong("kind", "It does not look like an address."),
            wrong("region", "No such country."),
            wrong("reason", "Say why you look."),
            wrong("ticket", "At most 64 characters."),
        ],
        ..people
    };
    all.push(sample("people-wrong", officer("/people"), &bad));
}

fn cell(code: &str, sentence: &str) -> StateCell {
    StateCell { reason: reason(code), sentence: s(sentence), until: None }
}

fn later(sentence: &str) -> StateCell {
    StateCell { until: Some(s("2026-11-30T08:00:00Z")), ..cell("deferred.quiet_hours", sentence) }
}

fn state() -> PersonState {
    let row = |channel: &str, cells: Vec<StateCell>| StateRow { channel: s(channel), cells };
    let stop = || cell("blocked.opted_out", "Texted STOP on 14 November.");
    let nothing = || cell("blocked.no_consent", "");
    let agreed = cell("approved.express_consent", "Agreed on 22 November by web form.");
    PersonState {
        answer: s("The newsletter and order updates by e-mail."),
        rest: s("No offers by e-mail, no texts at all. Calls only from 08:00 to 21:00."),
        at: s("2026-11-29T21:12:00Z"),
        packs: list(&["GB@2026.11"]),
        reflects: Some(s("2026-11-29T21:12:03Z")),
        purposes: list(&["Newsletter", "Offers", "Order updates"]),
        channels: vec![
            row(
                "email",
                vec![
                    StateCell { until: Some(s("2028-11-22T00:00:00Z")), ..agreed },
                    cell("blocked.opted_out", "Opted out on 20 November in the preference centre."),
                    cell("approved.transactional", ""),
                ],
            ),
            row(
                "sms",
                vec![
                    stop(),
                    stop(),
                    cell(
                        "blocked.sender_stop",
                        "Our number 07700 900001 received STOP. START to it ends that.",
                    ),
                ],
            ),
            row("whatsapp", vec![nothing(), nothing(), cell("approved.transactional", "")]),
            row(
                "push",
                vec![
                    nothing(),
                    nothing(),
                    cell("blocked.missing_contact", "No app install on file."),
                ],
            ),
            row(
                "voice_live",
                vec![
                    later("Not on the TPS register, checked 12 November, good until 10 December."),
                    later(""),
                    cell("approved.transactional", "Service call without promotion."),
                ],
            ),
        ],
    }
}

fn event(
    at: &str,
    kind: EventKind,
    title: &str,
    covers: &[&str],
    in_force: bool,
    effect: &str,
    offset: u64,
) -> Event {
    Event {
        at: s(at),
        kind,
        title: s(title),
        covers: list(covers),
        in_force,
        effect: s(effect),
        proof: Vec::new(),
        place: place("consent-change", 0, offset),
        event_id: format!("web-{offset}"),
    }
}

fn events() -> Vec<Event> {
    let fact = |label: &str, value: &str, code| Fact { label: s(label), value: s(value), code };
    let proof = |how: &str, notice: &str, hash: &str| {
        vec![
            fact("How", how, false),
            fact("Text shown", notice, false),
            fact("SHA-256", hash, true),
            fact("Where", "https://shop.example/newsletter", false),
            fact("Language", "en-GB", false),
        ]
    };
    use EventKind::{Other, Permission, Refusal};
    let mut events = vec![
        event(
            "2026-11-22T07:00:12Z",
            Permission,
            "Agreed again, newsletter only",
            &["e-mail", "newsletter", "tents"],
            true,
            "Ends the opt-out of 20 November for the newsletter.",
            58,
        ),
        event(
            "2026-11-20T18:30:00Z",
            Refusal,
            "Opted out in the preference centre",
            &["e-mail", "all purposes", "tents-ltd"],
            true,
            "Ended the consent of 2 November.",
            51,
        ),
        event(
            "2026-11-14T19:22:41Z",
            Refusal,
            "Texted “STOP” to 07700 900001",
            &["SMS, MMS, RCS", "all purposes", "tents"],
            true,
            "Closes the number 07700 900001 as well.",
            2210,
        ),
        event(
            "2026-11-09T12:04:30Z",
            Other,
            "Bought something",
            &["tents", "order-88121"],
            false,
            "Would allow similar offers, but later refusals stand against it.",
            993,
        ),
        event(
            "2026-11-04T10:02:09Z",
            Permission,
            "Agreed to texts",
            &["SMS", "offers", "tents"],
            false,
            "Ended on 14 November by STOP.",
            1107,
        ),
        event("2026-11-02T09:15:00Z", Permission, "Agreed to e-mail", &[], false, "", 42),
    ];
    events[0].proof = proof("web form", "notice 2026-11", "41c0a7e95b1f");
    events[1].proof = proof("preference page", "notice 2026-11", "b7d2f004aa21");
    events[5].event_id = s("");
    events
}

fn lanes() -> Lanes {
    let span = |from: &str, until: Option<&str>, agreed| Span {
        from: s(from),
        until: until.map(s),
        agreed,
    };
    let tick = |at: &str, approved| Tick { at: s(at), approved };
    let lane = |channel: &str, purpose: &str, spans, messages| Lane {
        channel: s(channel),
        purpose: s(purpose),
        spans,
        messages,
    };
    let (agreed, out, again) =
        ("2026-11-02T09:15:00Z", "2026-11-20T18:30:00Z", "2026-11-22T07:00:12Z");
    let (texts, stop) = ("2026-11-04T10:02:09Z", "2026-11-14T19:22:41Z");
    Lanes {
        from: s("2026-11-01T00:00:00Z"),
        until: s(super::NOW),
        lanes: vec![
            lane(
                "email",
                "newsletter",
                vec![
                    span(agreed, Some(out), true),
                    span(out, Some(again), false),
                    span(again, None, true),
                ],
                vec![
                    tick("2026-11-06T10:00:00Z", true),
                    tick("2026-11-20T18:31:04Z", false),
                    tick("2026-11-27T07:30:02Z", true),
                ],
            ),
            lane(
                "email",
                "offers",
                vec![span(agreed, Some(out), true), span(out, None, false)],
                vec![tick("2026-11-11T10:00:00Z", true), tick("2026-11-28T10:00:07Z", false)],
            ),
            lane(
                "sms",
                "",
                vec![span(texts, Some(stop), true), span(stop, None, false)],
                vec![tick("2026-11-08T10:00:00Z", true), tick("2026-11-22T16:00:11Z", false)],
            ),
        ],
    }
}

fn would_pass() -> WouldPass {
    let choice = |value: &str, label: &str| Choice { value: s(value), label: s(label) };
    WouldPass {
        channels: vec![
            choice("email", "E-mail"),
            choice("sms", "SMS"),
            choice("voice_live", "Phone call"),
        ],
        categories: vec![choice("marketing", "Marketing"), choice("transactional", "Service")],
        jurisdictions: vec![
            choice("", "as the gate finds it"),
            choice("GB", "GB"),
            choice("DE", "DE"),
        ],
        form: WouldPassForm {
            channel: s("sms"),
            purpose: s("marketing.offers"),
            category: s("marketing"),
            brand: s("tents"),
            controller: s("tents-ltd"),
            jurisdiction: s("GB"),
        },
        ..WouldPass::default()
    }
}

fn ana() -> PersonPage {
    let fact = |label: &str, value: &str, code| Fact { label: s(label), value: s(value), code };
    let choice = |value: &str| Choice { value: s(value), label: s(value) };
    PersonPage {
        handle: s("h-8fWm2Q"),
        name: s("ana-7731"),
        addresses: list(&["ana@example.com", "+44 7700 900101"]),
        region: s("United Kingdom"),
        known_since: Some(s("2026-11-02T09:15:00Z")),
        looked_up: s("This person asked or complained, HELP-2291"),
        positions: s("[58, 993, 1107, 2210]"),
        erased_at: None,
        brands: vec![choice("tents"), choice("trails")],
        brand: s("tents"),
        state: Some(state()),
        events: events(),
        events_total: 6,
        events_older: None,
        unreadable: Vec::new(),
        lanes: Some(lanes()),
        decisions: vec![
            row("2026-11-28T10:00:07Z", "email", "offers", "winter-sale", "blocked.opted_out"),
            row(
                "2026-11-27T07:30:02Z",
                "email",
                "newsletter",
                "winter-news",
                "approved.express_consent",
            ),
            row("2026-11-22T16:00:11Z", "sms", "offers", "winter-sale", "blocked.opted_out"),
            row("2026-11-20T18:31:04Z", "email", "newsletter", "winter-news", "blocked.opted_out"),
            row(
                "2025-11-20T09:30:02Z",
                "email",
                "newsletter",
                "winter-news",
                "approved.express_consent",
            ),
            row(
                "2025-11-09T12:04:51Z",
                "email",
                "receipt",
                "order-88121",
                "approved.transactional",
            ),
        ],
        decisions_total: 14,
        decisions_older: Some(s("c-20")),
        would_pass: Some(would_pass()),
        holdings: vec![
            fact("Events", "6, in Kafka until erased", false),
            fact("Decisions", "14, for 400 days, without address or content", false),
            fact("Registers", "TPS: not listed, 12 November", false),
            fact("Contact here", "9d40bd8f1e22", true),
        ],
        export: true,
    }
}

fn person(all: &mut Vec<Sample>) {
    let at = || officer("/people/h-8fWm2Q?brand=tents");
    all.push(sample("person", at(), &ana()));
    let answered = WouldPass {
        answer: Some(cell("blocked.opted_out", "Texted STOP on 14 November.")),
        ..would_pass()
    };
    all.push(sample("person-answer", at(), &PersonPage { would_pass: Some(answered), ..ana() }));
    let waits = WouldPass { answer: Some(later("")), ..would_pass() };
    all.push(sample("person-answer-later", at(), &PersonPage { would_pass: Some(waits), ..ana() }));
    let fields = ["channel", "category", "purpose", "brand", "controller", "jurisdiction"];
    let wrong =
        fields.map(|field| FieldError { field: s(field), sentence: format!("No such {field}.") });
    let bad = WouldPass { errors: wrong.to_vec(), ..would_pass() };
    all.push(sample("person-wrong", at(), &PersonPage { would_pass: Some(bad), ..ana() }));
    let unreadable = vec![Unreadable {
        place: place("consent-change", 1, 47_702),
        at: s("2026-11-29T16:40:02Z"),
        class: s("bad_timestamp"),
    }];
    let many = PersonPage {
        unreadable,
        events_total: 512,
        events_older: Some(s("e-50")),
        state: None,
        lanes: None,
        would_pass: None,
        ..ana()
    };
    all.push(sample("person-many", at(), &many));
    let erased = PersonPage {
        name: s("9d40bd8f…"),
        handle: s("h-gone"),
        erased_at: Some(s("2026-03-01T12:00:00Z")),
        positions: s("[58]"),
        state: Some(PersonState { answer: s("Nothing."), rest: s("The id is closed."), ..state() }),
        ..PersonPage::default()
    };
    all.push(sample("person-erased", at(), &erased));
}
