//! The generated JSON Schemas against the reader of JSON: each field with every kind of value, one by one and mixed. They agree but
//! for what a schema cannot say, which is listed here and in `schemas/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

use gate_codec::{Codec, Format, Kind, field_paths};
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::LazyLock;

static CONSENT: LazyLock<Sides> = LazyLock::new(|| Sides::of(Kind::ConsentChange));
static MESSAGE: LazyLock<Sides> = LazyLock::new(|| Sides::of(Kind::OutboundMessage));
static PROBES: LazyLock<Vec<Value>> = LazyLock::new(probes);

/// The two that must agree.
struct Sides {
    kind: Kind,
    schema: Validator,
    reader: Codec,
}

impl Sides {
    fn of(kind: Kind) -> Self {
        let name = match kind {
            Kind::ConsentChange => "consent-change.schema.json",
            Kind::OutboundMessage => "outbound-message.schema.json",
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(name);
        let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        jsonschema::draft202012::meta::validate(&schema).unwrap();
        let schema = jsonschema::draft202012::new(&schema).unwrap();
        Self { kind, schema, reader: Codec::new(Format::Json, kind, None).unwrap() }
    }

    fn accepts(&self, record: &Value) -> bool {
        self.schema.is_valid(record)
    }

    fn reads(&self, record: &Value) -> bool {
        let bytes = record.to_string().into_bytes();
        match self.kind {
            Kind::ConsentChange => self.reader.decode_consent(Some(&bytes)).is_ok(),
            Kind::OutboundMessage => self.reader.decode_message(Some(&bytes)).is_ok(),
        }
    }

    /// Fields that are read, and some that are carried.
    fn paths(&self) -> Vec<&'static str> {
        let carried = ["via", "cause", "body", "x", "attributes.campaign", "evidence.x"];
        field_paths(self.kind).into_iter().chain(carried).collect()
    }

    fn bases(&self) -> Vec<Value> {
        match self.kind {
            Kind::ConsentChange => changes(),
            Kind::OutboundMessage => vec![json!({"message_id": "m-1", "channel": "email",
                "recipient": {"contact_id": "ana", "address": "ana@example.net"}})],
        }
    }

    fn agree_on(&self, record: &Value, why: &str) {
        let (accepts, reads) = (self.accepts(record), self.reads(record));
        let record = record.to_string();
        let shown: String = record.chars().take(300).collect();
        assert_eq!(accepts, reads, "schema, then reader; {why}: {shown}");
    }
}

/// Changes whose conditions differ.
fn changes() -> Vec<Value> {
    let change = |action: &str, more: Value| {
        let mut change =
            json!({"event_id": "e-1", "occurred_at": "2026-11-20T18:30:00Z", "action": action});
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        change
    };
    let both = || json!({"contact_id": "ana", "address": "ana@example.net"});
    vec![
        change("opt_out", both()),
        change("Opt_In", json!({"contact_id": 4711, "evidence": {"method": "web_form"}})),
        change("relationship", json!({"contact_id": "ana", "kind": "purchase"})),
        change("profile", both()),
        change(" PROFILE", json!({"contact_id": "ana"})),
        change(
            "address_changed",
            json!({"address": "a@example.net", "new_address": "b@example.net"}),
        ),
        change("opt_out", json!({})),
    ]
}

fn probes() -> Vec<Value> {
    let texts = [
        "",
        " ",
        "\t\u{1f}",
        "a",
        "A b",
        "a.b",
        "a..b",
        ".a",
        "a.",
        " a.b ",
        "a b.c",
        "é",
        "opt_out",
        "OPT_OUT",
        " Opt_In ",
        "opt_outs",
        "profile",
        "Profile",
        "address_changed",
        "sent",
        "any",
        "email",
        "Email",
        "fax",
        "MARKETING",
        "all",
        "express",
        "soft_opt_in",
        "purchase",
        "Account_Free",
        "person",
        "robot",
        "true",
        "null",
        "2026-11-20T18:30:00Z",
        "2026-11-20t18:30:00.123456789z",
        "2026-11-20 18:30:00+0100",
        "2026-11-20T18:30:00-23:59",
        "2026-11-20T18:30:60Z",
        "2026-11-20T18:30:00Z[UTC]",
        "2026-11-20T18:30:00.5+00:00[UTC]",
        "2026-11-20T18:30:00-0000[UTC]",
        "2026-11-20T18:30:00+01:00[UTC]",
        "2026-11-20T18:30:00Z[Europe/London]",
        "2026-11-20T18:30:00",
        "2026-11-20",
        "2026-11-20T18:30Z",
        "2026-11-20T18:30:00+01",
        "2026-11-20T18:30:00+24:00",
        "2026-11-20T18:30:00+01:60",
        "2026-11-20T24:00:00Z",
        "2026-13-20T18:30:00Z",
        "2026-11-32T18:30:00Z",
        "2026-11-20T18:30:00.Z",
        "2026-11-20T18:30:00,5Z",
        " 2026-11-20T18:30:00Z",
        "20261120T183000Z",
        "1850-01-01T00:00:00Z",
        "2250-01-01T00:00:00Z",
        "2026-11-20T18:30:00.1234567891Z",
        "1990-02-28",
        "1990-2-28",
        "19900228",
        "1850-01-01",
        "2250-01-01",
        "1990-00-10",
        "1772452800000",
    ];
    let lengths = [512, 513, 1_024, 1_025, 4_096, 4_097].map(|n| json!("x".repeat(n)));
    let others = json!([
        null, true, false, 0, 1, -1, 7, 9_007_199_254_740_991_u64, 9_007_199_254_740_992_u64, u64::MAX, 946_684_799_999_i64,
        946_684_800_000_i64, 1_772_452_800_000_i64, 4_102_444_799_999_i64, 4_102_444_800_000_i64, 1.5, 1e30, [], [1], {},
        {"a": 1}, {"a": {"a": [null]}}, {"contact_id": "ana"}
    ]);
    let others = others.as_array().unwrap().clone();
    texts.into_iter().map(Value::from).chain(lengths).chain(others).collect()
}

/// The record with this value at the path; what is no object on the way becomes one.
fn with(base: &Value, path: &str, value: &Value) -> Value {
    let mut record = base.clone();
    let mut at = &mut record;
    for name in path.split('.') {
        if !at.is_object() {
            *at = json!({});
        }
        at = at.as_object_mut().unwrap().entry(name).or_insert(Value::Null);
    }
    *at = value.clone();
    record
}

fn field_by_field(sides: &Sides) {
    let (mut n_read, mut n_refused) = (0, 0);
    for base in sides.bases() {
        for path in sides.paths() {
            for probe in PROBES.iter() {
                let record = with(&base, path, probe);
                sides.agree_on(&record, path);
                if sides.reads(&record) { n_read += 1 } else { n_refused += 1 }
            }
        }
    }
    assert!(n_read > 1_000 && n_refused > 500, "{n_read} read, {n_refused} refused");
}

#[test]
fn changes_agree_field_by_field() {
    field_by_field(&CONSENT);
}

#[test]
fn messages_agree_field_by_field() {
    field_by_field(&MESSAGE);
}

/// What is left out, and what is no record at all.
#[test]
fn they_agree_on_what_is_missing() {
    for sides in [&*CONSENT, &*MESSAGE] {
        for base in sides.bases() {
            for name in base.as_object().unwrap().keys() {
                let mut record = base.clone();
                record.as_object_mut().unwrap().remove(name);
                sides.agree_on(&record, name);
            }
        }
        PROBES.iter().for_each(|probe| sides.agree_on(probe, "instead of a record"));
    }
}

fn several(sides: &'static Sides) -> impl Strategy<Value = Value> {
    let field = (select(sides.paths()), any::<Index>());
    (select(sides.bases()), prop::collection::vec(field, 1..6)).prop_map(|(base, fields)| {
        fields.iter().fold(base, |record, (path, probe)| with(&record, path, probe.get(&PROBES)))
    })
}

proptest! {
    #[test]
    fn changes_agree_on_several_fields(record in several(&CONSENT)) {
        CONSENT.agree_on(&record, "several");
    }

    #[test]
    fn messages_agree_on_several_fields(record in several(&MESSAGE)) {
        MESSAGE.agree_on(&record, "several");
    }
}

/// Each difference that is known: of these the schema accepts the first and the reader does not, and the reverse.
#[test]
fn what_a_schema_cannot_say() {
    let change = &changes()[0];
    let accepted = [
        ("contact_id", json!(1.0), "a whole number with a fraction of zero"),
        ("contact_id", json!("é".repeat(600)), "bytes"),
        ("event_id", json!("\u{200b}"), "invisible beyond ASCII"),
        ("purpose", json!("a\u{a0}b"), "a blank beyond ASCII"),
        ("occurred_at", json!("2026-02-30T12:00:00Z"), "a day that does not exist"),
        ("birth_date", json!("2026-02-30"), "a day that does not exist"),
        ("occurred_at", json!("1900-01-01T00:00:00+01:00"), "the first hours of 1900"),
    ];
    for (path, value, why) in accepted {
        let record = with(change, path, &value);
        assert!(CONSENT.accepts(&record) && !CONSENT.reads(&record), "{why}");
    }
    let refused = [
        ("action", json!("opt_out\u{200b}"), "invisible beyond ASCII"),
        ("listed", json!("\u{a0}"), "a blank beyond ASCII"),
        ("purpose", json!("a\u{1}b"), "a control character within"),
        ("region", json!(format!("GB{}", " ".repeat(600))), "blanks around it"),
        ("occurred_at", json!("1899-12-31T23:30:00-01:00"), "the last hours of 1899"),
    ];
    for (path, value, why) in refused {
        let record = with(change, path, &value);
        assert!(!CONSENT.accepts(&record) && CONSENT.reads(&record), "{why}");
    }
    let twice = br#"{"event_id": "e", "event_id": "e", "occurred_at": "2026-11-20T18:30:00Z", "action": "opt_out", "contact_id": "a"}"#;
    assert!(CONSENT.accepts(&serde_json::from_slice(twice).unwrap()), "a schema sees one of them");
    assert!(CONSENT.reader.decode_consent(Some(twice)).is_err());
}
