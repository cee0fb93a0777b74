//! Properties: no input panics, the formats agree, the two Avro paths agree also on damaged data.

use super::super::avro::datum;
use super::super::avro::plan::Plan;
use super::super::*;
use super::fixtures;
use gate_core::{Action, Basis, Channel, ConsentChange, RelationshipKind, Timestamp};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::Cow;
use std::sync::LazyLock;

type Text = Option<Cow<'static, str>>;

fn text() -> impl Strategy<Value = Text> {
    of("[a-zé\"\\\\\u{1f600} .]{0,12}".prop_map(Cow::Owned))
}

fn one_of(names: Vec<&'static str>) -> impl Strategy<Value = Text> {
    of(select(names).prop_map(Cow::Borrowed))
}

fn context() -> impl Strategy<Value = ContextRecord<'static>> {
    (prop::array::uniform14(of(any::<bool>())), text())
        .prop_map(|(flags, product_group)| ContextRecord { flags, product_group })
}

fn evidence() -> impl Strategy<Value = EvidenceRecord<'static>> {
    (text(), text(), text(), text(), text()).prop_map(|(method, version, a, b, c)| EvidenceRecord {
        notice_text_sha256: version.clone(),
        source: method.clone(),
        locale: None,
        template_id: a.clone(),
        method,
        notice_version: version,
        signature: a,
        number_named: b,
        not_condition_of_purchase: c,
        further: vec![("campaign".into(), "spring".into())],
    })
}

/// The actions that have a symbol in Avro.
fn in_avro() -> Vec<Action> {
    Action::ALL.into_iter().filter(|action| *action != Action::AddressChanged).collect()
}

fn consent() -> impl Strategy<Value = ConsentChangeRecord<'static>> {
    let channels = Channel::ALL.map(Channel::as_str).into_iter().chain(["any"]);
    let symbols = (
        one_of(channels.collect()),
        one_of(Basis::ALL.map(Basis::as_str).to_vec()),
        one_of(RelationshipKind::ALL.map(RelationshipKind::as_str).to_vec()),
        one_of(vec!["all", "marketing"]),
    );
    let names = prop::array::uniform12(text());
    let rest = (
        of(any::<bool>()),
        of(any::<bool>()),
        of(-20_000..80_000_i32),
        of(context()),
        of(evidence()),
    );
    let head = ("[a-z]{0,3}", 0..2_000_000_000_000_000_i64, select(in_avro()));
    (head, symbols, names, rest).prop_map(|(head, symbols, names, rest)| {
        let [
            contact_id,
            address,
            region,
            purpose,
            controller,
            brand,
            text,
            to,
            registry,
            smtp,
            cause,
            via,
        ] = names;
        ConsentChangeRecord {
            event_id: Some(head.0.into()),
            occurred_at: Some(Timestamp::from_micros(head.1)),
            action: Some(head.2.as_str().into()),
            contact_id,
            address,
            region,
            purpose,
            controller,
            brand,
            text,
            to,
            registry,
            smtp,
            new_address: via.clone(),
            cause,
            via,
            channel: symbols.0,
            basis: symbols.1,
            kind: symbols.2,
            scope: symbols.3,
            listed: rest.0,
            keep_suppression: rest.1,
            birth_date: rest.2,
            context: rest.3,
            evidence: rest.4,
            ..ConsentChangeRecord::default()
        }
    })
}

static JSON: LazyLock<Codec> = LazyLock::new(|| fixtures::codec(Format::Json, Kind::ConsentChange));
static SINGLE: LazyLock<Codec> =
    LazyLock::new(|| fixtures::codec(Format::AvroSingleObject, Kind::ConsentChange));
static CONFLUENT: LazyLock<Codec> =
    LazyLock::new(|| fixtures::codec(Format::Avro, Kind::ConsentChange));
static MESSAGES: LazyLock<[Codec; 3]> = LazyLock::new(|| {
    [Format::Json, Format::Avro, Format::AvroSingleObject]
        .map(|format| fixtures::codec(format, Kind::OutboundMessage))
});

/// Our own schema on both paths.
static PATHS: LazyLock<[Plan; 2]> = LazyLock::new(|| {
    init_limits().unwrap();
    let writer = apache_avro::Schema::parse_str(CONSENT_CHANGE_SCHEMA).unwrap();
    let walk = writer.canonical_form().parse().unwrap();
    let resolve = Plan::Resolve { walk: Box::new(walk), writer: Box::new(writer) };
    [fixtures::judge(Kind::ConsentChange, CONSENT_CHANGE_SCHEMA, &[]).unwrap(), resolve]
});

fn on_path<'a>(plan: &Plan, datum: &'a [u8]) -> Result<ConsentChange<'a>, Class> {
    let record: ConsentChangeRecord<'a> =
        datum::read(Kind::ConsentChange, plan, datum, "").map_err(|why| why.class)?;
    convert::consent(record).map_err(|why| why.class)
}

/// Reads it every way; nothing may panic.
fn read_every_way(value: &[u8]) {
    for codec in [&*JSON, &*SINGLE, &*CONFLUENT] {
        let read = codec.decode_consent(Some(value)).is_ok();
        let salvaged = codec.salvage(Some(value)).is_some();
        assert!(!read || salvaged, "what can be read names somebody");
    }
    for codec in &*MESSAGES {
        drop(codec.decode_message(Some(value)));
    }
}

/// Changes some bytes, and perhaps cuts.
fn damage(
    mut value: Vec<u8>,
    hits: &[(prop::sample::Index, u8)],
    cut: Option<prop::sample::Index>,
) -> Vec<u8> {
    for (at, byte) in hits {
        let at = at.index(value.len());
        value[at] = *byte;
    }
    if let Some(cut) = cut {
        value.truncate(cut.index(value.len()) + 1);
    }
    value
}

fn hits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(value in prop::collection::vec(any::<u8>(), 0..200)) {
        read_every_way(&value);
        for header in [&[0, 0, 0, 0, 7][..], &[0, 0, 0, 0, 8]] {
            read_every_way(&[header, &value].concat());
        }
        for kind in [Kind::ConsentChange, Kind::OutboundMessage] {
            let fingerprint = avro::own::fingerprint(kind).unwrap();
            read_every_way(&[&[0xC3, 0x01], &fingerprint[..], &value].concat());
        }
    }

    #[test]
    fn json_like_text_never_panics(value in "[\\[\\]{}:,\"a-c0-9\\\\.eE+-]{0,60}") {
        read_every_way(value.as_bytes());
    }

    #[test]
    fn json_and_avro_agree(record in consent()) {
        let json = encode_consent(&record, Encoding::Json).unwrap();
        let avro = encode_consent(&record, Encoding::AvroSingleObject).unwrap();
        prop_assert_eq!(JSON.decode_consent(Some(&json)), SINGLE.decode_consent(Some(&avro)));
        prop_assert_eq!(JSON.salvage(Some(&json)), SINGLE.salvage(Some(&avro)));
    }

    #[test]
    fn damaged_records_never_panic(record in consent(), hits in hits(), cut in of(any::<prop::sample::Index>())) {
        for encoding in [Encoding::Json, Encoding::AvroSingleObject, Encoding::Avro { schema_id: 7 }] {
            let value = encode_consent(&record, encoding).unwrap();
            read_every_way(&damage(value, &hits, cut));
        }
    }

    #[test]
    fn both_avro_paths_agree_on_damaged_data(
        record in consent(), hits in hits(), cut in of(any::<prop::sample::Index>())
    ) {
        let value = encode_consent(&record, Encoding::Avro { schema_id: 7 }).unwrap();
        let datum = damage(value[5..].to_vec(), &hits, cut);
        let [fast, resolve] = &*PATHS;
        let (fast, resolve) = (on_path(fast, &datum), on_path(resolve, &datum));
        prop_assert_eq!(fast.is_ok(), resolve.is_ok(), "{:?} {:?}", fast, resolve);
        if let Ok(fast) = fast {
            prop_assert_eq!(fast, resolve.unwrap());
        }
    }
}
