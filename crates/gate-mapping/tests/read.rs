//! What becomes of a record: sources, transforms, times, what cannot be read, and that nothing becomes a permission by itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod common;

use common::{compiled, consent};
use gate_codec::{
    Class, Codec, ConsentChangeRecord, DecodeError, Format, Kind, consent_of_record,
    message_of_record,
};
use gate_core::{ChannelScope, Timestamp};
use gate_mapping::{Changes, Headers, ITEMS_MAX, Mapping, Origin};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

fn one<'a>(mapping: &'a Mapping, value: &'a str) -> Result<ConsentChangeRecord<'a>, DecodeError> {
    match mapping.map_consent(Some(value.as_bytes()), Origin::of_key(None))? {
        Changes::One(record) => Ok(record),
        other => panic!("{other:?}"),
    }
}

fn why(mapping: &Mapping, value: &[u8]) -> String {
    match mapping.map_consent(Some(value), Origin::of_key(None)) {
        Err(DecodeError::Unreadable(why)) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A record of consent with one more field, `x`.
fn with(x: &Value) -> String {
    json!({"id": "1", "at": "2026-11-03T10:00:00Z", "who": "ana", "x": x}).to_string()
}

fn micros(text: &str) -> Timestamp {
    gate_codec::parse_instant(text).unwrap()
}

#[test]
fn a_message_is_what_the_mapping_says() {
    let mapping = compiled(common::MESSAGE);
    let record =
        mapping.map_message(Some(common::RECORD.as_bytes()), Origin::of_key(None)).unwrap();
    assert_eq!(record.message_id.as_deref(), Some("m-1"));
    assert_eq!(record.controller.as_deref(), Some("Example Ltd"));
    assert_eq!(record.campaign.as_deref(), Some("spring"));
    assert_eq!(record.expires_at, Some(micros("2026-11-03T10:00:00Z")));
    assert_eq!(record.content.unwrap().unsubscribe, Some(true));
    let recipient = record.recipient.as_ref().unwrap();
    assert_eq!(recipient.address.as_deref(), Some("ana@example.net"));
    assert!(message_of_record(record).is_ok());
    // the mapping gives messages only
    assert!(mapping.map_consent(Some(b"{}"), Origin::of_key(None)).is_err());
}

#[test]
fn sources_and_transforms() {
    for (rule, x, source) in [
        ("$.x", json!("a"), Some("a")),
        ("{path: $.x, digits: true}", json!(7), Some("7")),
        ("{path: $.x, digits: true}", json!(0), None),
        ("{path: $.x, lower: true}", json!("ABC"), Some("abc")),
        ("{path: $.x, split: {by: ':', take: first}}", json!("a:b:c"), Some("a")),
        ("{path: $.x, split: {by: ':', take: rest}}", json!("a:b:c"), Some("b:c")),
        ("{path: $.x, split: {by: ':', take: last}}", json!("a:b:c"), Some("c")),
        ("{path: $.x, split: {by: ':', take: first}}", json!("a"), Some("a")),
        ("{path: $.x, split: {by: ':', take: rest}}", json!("a"), None),
        ("{path: $.x, default: none}", json!(null), Some("none")),
        ("{path: $.x, default: none}", json!("  "), Some("none")),
        ("{path: '$.x.y[1].z', default: none}", json!({"y": [{}, {"z": "deep"}]}), Some("deep")),
        ("{path: '$.x.y[1].z', default: none}", json!({"y": [{}]}), Some("none")),
        ("\"$.x['a.b']\"", json!({"a.b": "dot"}), Some("dot")),
        ("$.x(json).y", json!("{\"y\":\"in\\u0073ide\"}"), Some("inside")),
        ("{join: [shop-, $.x, '-', $.id]}", json!(12), Some("shop-12-1")),
        ("{join: [shop-, $.x]}", json!(null), None),
        ("{first_of: [$.x, $.who]}", json!(null), Some("ana")),
        (
            "{choose: [{when: {path: $.x, in: [a, 1, true]}, constant: yes-x}, {path: $.who}]}",
            json!(1),
            Some("yes-x"),
        ),
        (
            "{choose: [{when: {path: $.x, in: [a, 1, true]}, constant: yes-x}, {path: $.who}]}",
            json!(true),
            Some("yes-x"),
        ),
        (
            "{choose: [{when: {path: $.x, in: [a]}, constant: yes-x}, {path: $.who}]}",
            json!("b"),
            Some("ana"),
        ),
        (
            "{choose: [{when: [{path: $.x, present: true}, {path: $.y, absent: true}], path: $.who}]}",
            json!({}),
            Some("ana"),
        ),
        ("{path: $.x, values: {a: one, '7': two}, otherwise: other}", json!(7), Some("two")),
        ("{path: $.x, values: {a: one}, otherwise: other}", json!("b"), Some("other")),
        ("{path: $.x, values: {a: null}}", json!("a"), None),
    ] {
        let mapping =
            compiled(&consent(&format!("  action: {{constant: opt_out}}\n  source: {rule}\n")));
        let text = with(&x);
        let record = one(&mapping, &text).unwrap_or_else(|error| panic!("{rule} {x}: {error}"));
        assert_eq!(record.source.as_deref(), source, "{rule} {x}");
    }
}

#[test]
fn what_does_not_fit_is_unreadable_and_says_where() {
    for (rule, x, says) in [
        ("source: $.x", json!(7), "wrong_type: `source`"),
        ("source: $.x", json!({}), "wrong_type: `source`"),
        ("source: $.x", json!([]), "wrong_type: `source`"),
        ("source: $.x", json!(true), "wrong_type: `source`"),
        ("source: $.x.y", json!("text"), "wrong_type: `source`"),
        ("source: $.x[0]", json!({"0": 1}), "wrong_type: `source`"),
        ("source: $.x(json).y", json!("{"), "truncated"),
        ("source: $.x(json).y", json!("{} x"), "trailing_bytes"),
        ("source: {path: $.x, values: {a: b}}", json!("c"), "unknown_symbol: `source`"),
        ("source: {path: $.x, values: {a: b}}", json!(1.5), "wrong_type: `source`"),
        ("source: {path: $.x, digits: true}", json!(1.5), "wrong_type: `source`"),
        (
            "source: {path: $.x, digits: true}",
            json!(9_007_199_254_740_992_u64),
            "invalid_value: `source`",
        ),
        ("message_id: $.x", json!(0), "invalid_value: `message_id`"),
        ("message_id: $.x", json!(-1), "wrong_type: `message_id`"),
        ("listed: $.x", json!("true"), "wrong_type: `listed`"),
        ("expires_at: $.x", json!(1_793_700_000), "wrong_type: `expires_at`"),
        ("expires_at: $.x", json!("2026-11-03"), "bad_timestamp: `expires_at`"),
        (
            "expires_at: {path: $.x, time: epoch_s}",
            json!(1_793_700_000_000_i64),
            "bad_timestamp: `expires_at`",
        ),
        ("expires_at: {path: $.x, time: epoch_us}", json!("nan"), "bad_timestamp: `expires_at`"),
        ("birth_date: $.x", json!("1990-02-30"), "bad_timestamp: `birth_date`"),
        ("address: $.x[0]", json!(["a@example.net", "b@example.net"]), "array: `address`"),
    ] {
        let mapping = compiled(&consent(&format!("  action: {{constant: opt_out}}\n  {rule}\n")));
        assert_eq!(why(&mapping, with(&x).as_bytes()), says, "{rule} {x}");
    }
}

#[test]
fn bytes_follow_the_rules_of_the_plain_reader() {
    let mapping = compiled(&consent("  action: {constant: opt_out}\n"));
    let plain = Codec::new(Format::Json, Kind::ConsentChange, None).unwrap();
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let deeper = format!("{{\"x\":{}1{}}}", "[".repeat(20), "]".repeat(20));
    let wide = format!("{{\"x\":[{}0]}}", "0,".repeat(20_000));
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(2 << 20));
    for value in [
        &b""[..],
        b"{",
        b"{}x",
        b"{} {}",
        b"\xef\xbb\xbf{}",
        b"{\"x\":\"\xff\"}",
        b"{\"x\":1e999}",
        b"{\"x\":NaN}",
        b"{\"x\":Infinity}",
        b"{'x':1}",
        b"{\"id\":\"1\",",
        deep.as_bytes(),
        deeper.as_bytes(),
        wide.as_bytes(),
        large.as_bytes(),
    ] {
        let own = mapping.map_consent(Some(value), Origin::of_key(None)).unwrap_err();
        let theirs = plain.decode_consent_record(Some(value)).unwrap_err();
        assert_eq!(own, theirs, "{}", String::from_utf8_lossy(&value[..value.len().min(40)]));
    }
    let origin = Origin::of_key(None);
    assert_eq!(mapping.map_consent(None, origin).unwrap_err(), Class::NullValue.into());
    // a repeated name: in an object we look into it is refused, in others it is carried
    assert_eq!(
        why(&mapping, br#"{"id":"1","id":"2","at":"2026-11-03T10:00:00Z","who":"ana"}"#),
        "duplicate_key"
    );
    assert!(
        one(
            &mapping,
            r#"{"id":"1","z":{"a":1,"a":2},"at":"2026-11-03T10:00:00Z","who":"a\u0000na"}"#
        )
        .is_ok()
    );
    assert_eq!(why(&mapping, b"[{}]"), "array");
    assert_eq!(why(&mapping, b"\"{}\""), "wrong_type");
    assert_eq!(why(&mapping, b"null"), "wrong_type");
}

#[test]
fn times_in_a_zone_never_date_a_refusal_back() {
    let fields = |action: &str, time: &str| {
        consent(&format!("  action: {{constant: {action}}}\n"))
            .replace("occurred_at: $.at", &format!("occurred_at: {{path: $.x, {time}}}"))
    };
    let berlin = "time: \"%d.%m.%Y %H:%M\", zone: Europe/Berlin";
    let day = "time: \"%d.%m.%Y\", zone: Europe/Berlin";
    for (action, time, x, at) in [
        ("opt_out", berlin, "03.11.2026 10:00", "2026-11-03T09:00:00Z"),
        // the hour that the clock shows twice
        ("opt_out", berlin, "25.10.2026 02:30", "2026-10-25T01:30:00Z"),
        ("opt_in", berlin, "25.10.2026 02:30", "2026-10-25T00:30:00Z"),
        // a day without a time
        ("opt_out", day, "03.11.2026", "2026-11-03T22:59:59.999999Z"),
        ("opt_in", day, "03.11.2026", "2026-11-02T23:00:00Z"),
        ("complaint", day, "03.11.2026", "2026-11-03T22:59:59.999999Z"),
        ("relationship", day, "03.11.2026", "2026-11-02T23:00:00Z"),
    ] {
        let mapping = compiled(&fields(action, time));
        let text = with(&json!(x));
        assert_eq!(one(&mapping, &text).unwrap().occurred_at, Some(micros(at)), "{action} {x}");
    }
    // the hour that no clock shows
    let mapping = compiled(&fields("opt_out", berlin));
    assert_eq!(
        why(&mapping, with(&json!("29.03.2026 02:30")).as_bytes()),
        "bad_timestamp: `occurred_at`"
    );
    // nobody knows yet whether it refuses
    let mapping = compiled(&fields("inbound_sms", day));
    assert_eq!(
        why(&mapping, with(&json!("03.11.2026")).as_bytes()),
        "bad_timestamp: `occurred_at`"
    );
    for (time, x) in [
        ("time: epoch_s", json!(1_793_700_000)),
        ("time: epoch_s", json!(1_793_700_000.0)),
        ("time: epoch_s", json!("1793700000")),
        ("time: epoch_ms", json!(1_793_700_000_000_i64)),
        ("time: epoch_us", json!(1_793_700_000_000_000_i64)),
        ("time: rfc3339", json!("2026-11-03T11:00:00+01:00")),
    ] {
        let mapping = compiled(&fields("opt_out", time));
        let text = with(&x);
        assert_eq!(
            one(&mapping, &text).unwrap().occurred_at,
            Some(micros("2026-11-03T10:00:00Z")),
            "{x}"
        );
    }
}

#[test]
fn key_and_headers_are_sources() {
    let text =
        consent("  action: {constant: opt_out}\n  source: header:ce-source\n  via: key:$.shop\n")
            .replace("contact_id: $.who", "contact_id: key");
    let mapping = compiled(&text);
    let value = with(&json!(1));
    let headers: [(&str, Option<&[u8]>); 3] =
        [("x", Some(b"\xff")), ("ce-source", Some(b"/shop")), ("y", None)];
    let origin = Origin { key: Some(br#"{"shop":"s7"}"#), headers: &Slice(&headers) };
    let Changes::One(record) = mapping.map_consent(Some(value.as_bytes()), origin).unwrap() else {
        panic!()
    };
    assert_eq!(record.contact_id.as_deref(), Some(r#"{"shop":"s7"}"#));
    assert_eq!((record.source.as_deref(), record.via.as_deref()), (Some("/shop"), Some("s7")));
    let refused = |key: Option<&[u8]>, headers: &[(&str, Option<&[u8]>)]| {
        mapping
            .map_consent(Some(value.as_bytes()), Origin { key, headers: &Slice(headers) })
            .unwrap_err()
            .to_string()
    };
    assert!(refused(Some(b"\xff"), &[]).contains("bad_utf8"));
    assert!(refused(None, &[]).contains("missing_field: `contact_id`"));
    let twice: [(&str, Option<&[u8]>); 2] = [("ce-source", Some(b"a")), ("ce-source", Some(b"b"))];
    assert!(refused(Some(b"{}"), &twice).contains("duplicate_key"));
}

struct Slice<'h>(&'h [(&'h str, Option<&'h [u8]>)]);

impl Headers for Slice<'_> {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        self.0.get(at).copied()
    }
}

#[test]
fn who_it_is_about_is_found_when_anything_else_fails() {
    let mapping = compiled(&consent(
        "  action: {path: $.x, values: {OUT: opt_out}}\n  address: $.mail\n  channel: {path: $.ch, values: {E: email}}\n",
    ));
    let who = |value: &str| {
        let people = mapping.salvage(Some(value.as_bytes()), Origin::of_key(None));
        people.map(|people| {
            let who = people.into_iter().next().unwrap();
            let contact = who.contact_id.as_ref().map(|it| it.expose().to_owned());
            (contact, who.address.as_ref().map(|it| it.expose().to_owned()), who.channel)
        })
    };
    let ana = || Some("ana".to_owned());
    assert_eq!(
        who(r#"{"who":"ana","x":"??","ch":"E"}"#),
        Some((ana(), None, ChannelScope::One(gate_core::Channel::Email)))
    );
    assert_eq!(who(r#"{"who":"ana","ch":"fax"}"#), Some((ana(), None, ChannelScope::Any)));
    assert_eq!(who(r#"{"who":"ana","ch":[1]}"#), Some((ana(), None, ChannelScope::Any)));
    assert_eq!(
        who(r#"{"who":"ana","id":"1","id":"2","x":{"y":[]}}"#),
        Some((ana(), None, ChannelScope::Any))
    );
    assert_eq!(who(r#"{"mail":"a@example.net"}"#).unwrap().1.as_deref(), Some("a@example.net"));
    // nothing that is uncertain
    for value in [
        r#"{"who":"ana","who":"ben"}"#,
        r#"{"who":["ana"]}"#,
        r#"{"who":"ana","mail":7}"#,
        "{}",
        r#"{"who":"ana""#,
        "[]",
    ] {
        assert_eq!(who(value), None, "{value}");
    }
}

#[test]
fn an_each_is_all_or_nothing_and_bounded() {
    let text = "format: json\nrecord: consent_change\neach: $.list\nfields:\n  event_id: {join: [$.id, '-', index]}\n  \
                occurred_at: $.at\n  contact_id: '@.who'\n  action: {path: '@.a', values: {IN: opt_in, OUT: opt_out}}\n";
    let mapping = compiled(text);
    let read = |list: Value| {
        let value = json!({"list": list, "id": "e", "at": "2026-11-03T10:00:00Z"}).to_string();
        mapping.map_consent(Some(value.as_bytes()), Origin::of_key(None)).map(|changes| {
            changes.into_records().map(|it| it.event_id.unwrap().into_owned()).collect::<Vec<_>>()
        })
    };
    assert_eq!(
        read(json!([{"who": "a", "a": "IN"}, {"who": "b", "a": "OUT"}])).unwrap(),
        ["e-0", "e-1"]
    );
    assert!(read(json!([])).unwrap().is_empty());
    for list in [
        json!([{"who": "a", "a": "IN"}, {"who": "b", "a": "?"}]),
        json!(null),
        json!("x"),
        json!([1]),
        json!([null]),
    ] {
        assert!(read(list.clone()).is_err(), "{list}");
    }
    let many: Vec<Value> =
        (0..=ITEMS_MAX).map(|at| json!({"who": at.to_string(), "a": "OUT"})).collect();
    assert!(read(json!(many)).is_err());
    // the same id twice would be one change
    let mapping = compiled(&text.replace("{join: [$.id, '-', index]}", "$.id"));
    let value = json!({"list": [{"who": "a", "a": "OUT"}, {"who": "b", "a": "OUT"}], "id": "e", "at": "2026-11-03T10:00:00Z"});
    assert_eq!(why(&mapping, value.to_string().as_bytes()), "invalid_value: `event_id`");
}

const PERMITTING: [&str; 5] =
    ["opt_in", "opt_in_confirmed", "opt_in_requested", "unsuppress", "relationship"];

/// Every way an action may be read without a row for a permission.
static REFUSING: LazyLock<Vec<Mapping>> = LazyLock::new(|| {
    [
        "{path: $.x, values: {OUT: opt_out, C: complaint}}",
        "{path: $.x, values: {OUT: opt_out}, otherwise: suppress}",
        "{path: $.x.y, values: {OUT: opt_out}, default: object}",
        "{path: $.x, split: {by: '_', take: first}, lower: true, values: {opt: opt_out}}",
        "{first_of: [{path: $.x, values: {OUT: opt_out}}, {path: $.who, values: {b: object}, otherwise: opt_out}]}",
        "{choose: [{when: {path: $.x, present: true}, constant: opt_out}, {path: $.who, values: {a: object}}]}",
    ]
    .map(|rule| compiled(&consent(&format!("  action: {rule}\n  channel: {{path: $.c, values: {{E: email}}}}\n  purpose: $.p\n  basis: {{path: $.b, values: ours}}\n"))))
    .into()
});

static MESSAGE: LazyLock<Mapping> = LazyLock::new(|| compiled(common::MESSAGE));

static AS_PLAIN: LazyLock<Mapping> = LazyLock::new(|| {
    let fields = "  action: {constant: opt_out}\n  address: $.address\n  purpose: $.purpose\n  message_id: $.message_id\n  smtp: $.smtp\n  region: $.region\n";
    compiled(
        &consent(fields)
            .replace("$.id", "$.event_id")
            .replace("$.at", "$.occurred_at")
            .replace("$.who", "$.contact_id"),
    )
});

fn wild() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "OUT",
        "opt_in",
        "opt_in_confirmed",
        "unsuppress",
        "relationship",
        "IN",
        "",
        " ",
        "true",
        "E",
        "email",
        "express",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|it| json!(it)),
        words.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[xyab]", inner, 0..4).prop_map(|it| json!(it)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever a record holds, nothing permits that no row permits; what it does not say, a refusal does not leave out.
    #[test]
    fn nothing_becomes_a_permission_by_itself(x in wild(), c in wild(), p in wild(), b in wild(), who in "[abc]") {
        let value = json!({"id": "1", "at": "2026-11-03T10:00:00Z", "who": who, "x": x, "c": c, "p": p, "b": b}).to_string();
        for mapping in REFUSING.iter() {
            let Ok(Changes::One(record)) = mapping.map_consent(Some(value.as_bytes()), Origin::of_key(None)) else {
                // then whoever it is about is found
                let people = mapping.salvage(Some(value.as_bytes()), Origin::of_key(None)).unwrap();
                prop_assert_eq!(people[0].contact_id.as_ref().map(|it| it.expose()), Some(&*who));
                continue;
            };
            prop_assert!(!PERMITTING.contains(&record.action.as_deref().unwrap()), "{:?}", record.action);
            let is_blank = |value: &Value| value.is_null() || value.as_str().is_some_and(gate_core::canonical::is_blank);
            prop_assert_eq!(record.channel.is_none(), is_blank(&c));
            prop_assert_eq!(record.purpose.is_none(), is_blank(&p));
            if let Ok(change) = consent_of_record(record) {
                prop_assert_eq!(change.channel == ChannelScope::Any, is_blank(&c));
            }
        }
    }

    /// Whatever the bytes, there is an answer.
    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), key in prop::option::of(prop::collection::vec(any::<u8>(), 0..20))) {
        for mapping in REFUSING.iter().take(2) {
            let origin = Origin::of_key(key.as_deref());
            let _read = mapping.map_consent(Some(&bytes), origin).is_ok();
            let _who = mapping.salvage(Some(&bytes), origin).is_some();
        }
    }

    /// A prefix of a record is unreadable, never another record.
    #[test]
    fn a_record_cut_short_is_unreadable(cut in 1_usize..common::RECORD.len()) {
        let mapping = &*MESSAGE;
        let bytes = &common::RECORD.as_bytes()[..cut];
        prop_assert!(mapping.map_message(Some(bytes), Origin::of_key(None)).is_err());
    }

    /// Where both forms say the same, both read the same.
    #[test]
    fn our_own_names_read_as_the_plain_form(x in wild(), y in wild(), name in prop::sample::select(vec!["address", "purpose", "contact_id", "message_id", "smtp", "region"])) {
        let mapping = &*AS_PLAIN;
        let mut value = json!({"event_id": "1", "occurred_at": "2026-11-03T10:00:00Z", "action": "opt_out", "contact_id": "ana", "other": y});
        value[name] = x;
        let value = value.to_string();
        let plain = Codec::new(Format::Json, Kind::ConsentChange, None).unwrap();
        let theirs = plain.decode_consent(Some(value.as_bytes()));
        let own = mapping.map_consent(Some(value.as_bytes()), Origin::of_key(None));
        let own = own.map(|it| it.into_records().next().unwrap()).and_then(|it| consent_of_record(it).map_err(DecodeError::from));
        match (theirs, own) {
            (Ok(theirs), Ok(own)) => {
                prop_assert_eq!(theirs.contact_id.as_ref().map(|it| it.expose()), own.contact_id.as_ref().map(|it| it.expose()));
                prop_assert_eq!(theirs.address.as_ref().map(|it| it.expose()), own.address.as_ref().map(|it| it.expose()));
                prop_assert_eq!(theirs.purpose.as_deref(), own.purpose.as_deref());
                prop_assert_eq!(theirs.message_id, own.message_id);
            }
            (Err(_), Err(_)) => {}
            (theirs, own) => prop_assert!(false, "{} plain {} mapped {}", value, theirs.is_ok(), own.is_ok()),
        }
    }
}

#[test]
fn nothing_a_record_holds_is_printed() {
    let mapping =
        compiled(&consent("  action: {path: $.x, values: {OUT: opt_out}}\n  address: $.mail\n"));
    let canary = "canary-7f3";
    for value in [
        json!({"id": canary, "at": canary, "who": canary, "x": canary, "mail": canary}),
        json!({"id": canary, "at": "2026-11-03T10:00:00Z", "who": canary, "x": "OUT", "mail": canary}),
        json!({"id": [canary], "at": {canary: canary}, "who": canary}),
        json!([canary]),
    ] {
        let value = value.to_string();
        let cut = &value[..value.len() - 2];
        for text in [value.as_str(), cut] {
            let origin = Origin::of_key(Some(canary.as_bytes()));
            let read = mapping.map_consent(Some(text.as_bytes()), origin);
            let printed = match &read {
                Ok(changes) => format!("{changes:?}"),
                Err(error) => format!("{error:?} {error}"),
            };
            assert!(!printed.contains(canary), "{printed}");
            assert!(
                !format!("{:?}", mapping.salvage(Some(text.as_bytes()), origin)).contains(canary)
            );
        }
        assert!(!format!("{mapping:?}").contains(canary));
    }
}
