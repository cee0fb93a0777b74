//! What comes in, and the record that holds the gate.

use gate_pages::{
    Blocks, ConfirmPage, DeadLetter, FieldError, Frame, IntakePage, PoisonPage, ReleaseForm, Roles,
    Source, SourceState, What,
};

use super::overview::hold;
use super::{Sample, frame, held, officer, place, s, sample};

fn sources() -> Vec<Source> {
    let source = |name: &str, how: &str, last: Option<&str>, records, unreadable, state| Source {
        name: s(name),
        how: s(how),
        last: last.map(s),
        over_time: (0..24).map(|at| if records == 0 { 0 } else { 20 + at * at % 17 }).collect(),
        records,
        unreadable,
        state,
    };
    let wrong = SourceState::Trouble { sentence: s("12 wrong signatures") };
    vec![
        source(
            "preference page",
            "door, pages",
            Some("2026-11-29T17:03:12Z"),
            48_212,
            0,
            SourceState::Fine,
        ),
        source(
            "crm",
            "writes to Kafka itself",
            Some("2026-11-29T17:01:40Z"),
            611_904,
            28,
            SourceState::Holds,
        ),
        source("mail provider", "", Some("2026-11-29T17:03:11Z"), 91_530, 4, wrong),
        source(
            "shop-till",
            "file each night",
            Some("2026-11-28T15:02:00Z"),
            0,
            0,
            SourceState::Silent { hours: 26 },
        ),
        source("old-crm", "", None, 0, 0, SourceState::Silent { hours: 1 }),
    ]
}

fn letter(
    partition: u32,
    offset: u64,
    class: &str,
    sentence: &str,
    source: &str,
    blocks: Blocks,
    at: &str,
) -> DeadLetter {
    DeadLetter {
        place: place("consent-change", partition, offset),
        class: s(class),
        sentence: s(sentence),
        source: s(source),
        blocks,
        at: s(at),
    }
}

fn poison() -> DeadLetter {
    letter(3, 48_120, "truncated", "Cut off", "crm", Blocks::Everybody, "2026-11-29T17:01:40Z")
}

fn letters() -> Vec<DeadLetter> {
    let since = s("2026-11-29T10:02:00Z");
    vec![
        poison(),
        letter(
            1,
            47_702,
            "bad_timestamp",
            "No time zone in the date",
            "crm",
            Blocks::People(1),
            "2026-11-29T16:40:02Z",
        ),
        letter(
            0,
            46_020,
            "unknown_symbol",
            "An action we do not know: “optout”",
            "",
            Blocks::People(3),
            "2026-11-29T11:15:30Z",
        ),
        letter(
            2,
            44_871,
            "missing_field",
            "No event id",
            "crm",
            Blocks::Nobody { since },
            "2026-11-29T09:58:17Z",
        ),
        letter(
            2,
            44_000,
            "not_avro",
            "Neither JSON nor Avro",
            "",
            Blocks::Unknown,
            "2025-11-29T09:58:17Z",
        ),
    ]
}

pub(super) fn samples(all: &mut Vec<Sample>) {
    let page = IntakePage {
        hold: None,
        sources: Some(sources()),
        dead_letters: letters(),
        dead_letters_total: 32,
    };
    all.push(sample("intake", frame("/intake"), &page));
    all.push(sample("intake-held", held("/intake"), &IntakePage { hold: Some(hold()), ..page }));
    let quiet = IntakePage { sources: Some(Vec::new()), ..IntakePage::default() };
    all.push(sample("intake-quiet", officer("/intake"), &quiet));
    release(all);
}

fn release(all: &mut Vec<Sample>) {
    let at = || {
        let roles = Roles { viewer: true, officer: false, operator: true };
        Frame { roles, name: Some(s("Noor")), ..held("/intake/3/48120") }
    };
    let text =
        "{\"event_id\":\"crm-88102\",\"occurred_at\":\"2026-11-29T17:01:40Z\",\"action\":\"opt_";
    let form = ReleaseForm {
        what: Some(What::Again),
        event_id: s("crm-88102-again"),
        reason: s("The crm export was cut off. Opt-out published again, ticket OPS-412."),
    };
    let page = PoisonPage {
        record: poison(),
        holds: true,
        key: s(""),
        neighbours: s("48119 and 48121 are fine, from crm, one second apart"),
        text: s(text),
        ends_at: Some(text.len() - 4),
        bytes: text.as_bytes().to_vec(),
        size: text.len() as u64,
        form: Some(ReleaseForm::default()),
        errors: Vec::new(),
    };
    all.push(sample("poison", at(), &page));
    let wrong = |field: &str, sentence: &str| FieldError { field: s(field), sentence: s(sentence) };
    let bad = PoisonPage {
        form: Some(ReleaseForm { reason: s("\nshort"), ..form.clone() }),
        errors: vec![
            wrong("what", "Say what it was."),
            wrong("event_id", "This event has not been applied."),
            wrong("reason", "At least ten characters."),
        ],
        ends_at: Some(text.len()),
        ..page.clone()
    };
    all.push(sample("poison-wrong", at(), &bad));
    let looked = PoisonPage {
        record: letters().remove(1),
        holds: false,
        key: s("contact-81"),
        neighbours: s(""),
        ends_at: None,
        bytes: Vec::new(),
        form: None,
        ..page
    };
    all.push(sample("poison-letter", officer("/intake/1/47702"), &looked));
    let confirm = ConfirmPage {
        record: poison(),
        form,
        found: Some((place("consent-change", 3, 48_133), s("2026-11-29T17:04:31Z"))),
        waiting: Some(4_811),
        typed: s(""),
        errors: Vec::new(),
    };
    all.push(sample("poison-confirm", at(), &confirm));
    let again = ConfirmPage {
        typed: s("48102"),
        errors: vec![
            wrong("offset", "48102 is not this record. It is 48120."),
            wrong("event_id", "This event has not been applied yet."),
        ],
        found: None,
        waiting: None,
        ..confirm
    };
    all.push(sample("poison-confirm-wrong", at(), &again));
}
