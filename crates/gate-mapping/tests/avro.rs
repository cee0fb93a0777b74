//! Avro of any schema: framings, schemas of a registry, and what another schema may change.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod common;

use apache_avro::{Schema, types::Value, writer::datum::GenericDatumWriter};
use gate_codec::{ConsentChangeRecord, DecodeError, FetchError, FetchedSchema, Schemas};
use gate_mapping::{Changes, Mapping, Origin, run_cases};
use std::collections::HashMap;

const OWN: &str = r#"{"type":"record","name":"C","fields":[
 {"name":"id","type":"string"},
 {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
 {"name":"who","type":{"type":"record","name":"W","fields":[{"name":"number","type":"long"},{"name":"mail","type":["null","string"],"default":null}]}},
 {"name":"status","type":{"type":"enum","name":"S","symbols":["IN","OUT"]}},
 {"name":"born","type":["null",{"type":"int","logicalType":"date"}],"default":null},
 {"name":"topic","type":["null","string"],"default":null}
]}"#;

const FIELDS: &str = "record: consent_change\nfields:\n  event_id: $.id\n  occurred_at: $.at\n  contact_id: $.who.number\n  address: $.who.mail\n  action: {path: $.status, values: {IN: opt_in, OUT: opt_out}}\n  birth_date: $.born\n  purpose: $.topic\n";

fn mapping(framing: &str) -> Mapping {
    let text = format!("format: avro\nschema: c.avsc\nframing: {framing}\n{FIELDS}");
    common::compiled_with(&text, &|_| Some(OWN.as_bytes().to_vec()))
}

struct Registry(HashMap<u32, String>);

impl Schemas for Registry {
    fn fetch(&self, id: u32) -> Result<FetchedSchema, FetchError> {
        match self.0.get(&id) {
            Some(text) => Ok(FetchedSchema { text: text.clone(), references: Vec::new() }),
            None => Err(FetchError::Unknown),
        }
    }
}

fn datum(schema: &str, fields: Vec<(&str, Value)>) -> Vec<u8> {
    let schema = Schema::parse_str(schema).unwrap();
    let value =
        Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    GenericDatumWriter::builder(&schema)
        .build()
        .unwrap()
        .write_value_to_vec(value.resolve(&schema).unwrap())
        .unwrap()
}

fn own_datum() -> Vec<u8> {
    let who = Value::Record(vec![
        ("number".into(), Value::Long(77)),
        ("mail".into(), Value::String("a@example.net".into())),
    ]);
    datum(
        OWN,
        vec![
            ("id", Value::String("1".into())),
            ("at", Value::Long(1_793_700_000_000)),
            ("who", who),
            ("status", Value::String("OUT".into())),
            ("born", Value::Int(7_300)),
            ("topic", Value::Null),
        ],
    )
}

fn framed(id: u32, datum: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), datum].concat()
}

fn one<'a>(mapping: &'a Mapping, value: &'a [u8]) -> Result<ConsentChangeRecord<'a>, DecodeError> {
    match mapping.map_consent(Some(value), Origin::of_key(None))? {
        Changes::One(record) => Ok(record),
        other => panic!("{other:?}"),
    }
}

fn is_read(record: &ConsentChangeRecord<'_>) {
    assert_eq!(record.contact_id.as_deref(), Some("77"));
    assert_eq!(record.action.as_deref(), Some("opt_out"));
    assert_eq!(record.occurred_at, gate_codec::parse_instant("2026-11-03T10:00:00Z"));
}

#[test]
fn framings() {
    let bare = mapping("none");
    let value = own_datum();
    let record = one(&bare, &value).unwrap();
    is_read(&record);
    assert_eq!((record.birth_date, record.purpose.as_deref()), (Some(7_300), None));
    for cut in 0..value.len() {
        assert!(one(&bare, &value[..cut]).is_err(), "{cut}");
    }
    assert!(
        one(&bare, &[&value[..], &[0]].concat())
            .unwrap_err()
            .to_string()
            .contains("trailing_bytes")
    );
    let single = mapping("single-object");
    let fingerprint =
        Schema::parse_str(OWN).unwrap().fingerprint::<apache_avro::rabin::Rabin>().bytes;
    let value = [&[0xC3, 1][..], &fingerprint, &own_datum()].concat();
    is_read(&one(&single, &value).unwrap());
    let other = [&[0xC3, 1][..], &[7; 8], &own_datum()].concat();
    assert!(one(&single, &other).unwrap_err().to_string().contains("unknown_schema"));
    // without a registry nothing is read, and nothing is lost
    let confluent = mapping("confluent");
    assert!(confluent.needs_registry());
    assert!(matches!(
        one(&confluent, &framed(7, &own_datum())),
        Err(DecodeError::Unavailable { .. })
    ));
    assert!(one(&confluent, &own_datum()).is_err());
}

#[test]
fn schemas_of_a_registry_are_taken_when_every_path_means_the_same() {
    let more = OWN.replace(
        r#"{"name":"topic""#,
        r#"{"name":"more","type":["null","double"],"default":null},{"name":"topic""#,
    );
    let less = OWN.replace(
        r#",
 {"name":"topic","type":["null","string"],"default":null}"#,
        "",
    );
    let symbols = OWN.replace(r#"["IN","OUT"]"#, r#"["GONE","OUT","IN"]"#);
    let micros = OWN.replace("timestamp-millis", "timestamp-micros");
    let bare = OWN.replace(r#"{"type":"long","logicalType":"timestamp-millis"}"#, r#""long""#);
    let text =
        OWN.replace(r#"{"name":"number","type":"long"}"#, r#"{"name":"number","type":"string"}"#);
    let without = OWN.replace(r#"{"name":"id","type":"string"},"#, "");
    let schemas = [
        OWN.to_owned(),
        more.clone(),
        less.clone(),
        symbols.clone(),
        micros,
        bare,
        text,
        without,
        "{}".to_owned(),
    ];
    let registry =
        schemas.into_iter().enumerate().map(|(id, text)| (u32::try_from(id).unwrap(), text));
    let mapping = mapping("confluent").with_registry(Box::new(Registry(registry.collect())));
    is_read(&one(&mapping, &framed(0, &own_datum())).unwrap());
    let who =
        || Value::Record(vec![("number".into(), Value::Long(77)), ("mail".into(), Value::Null)]);
    let fields = || {
        vec![
            ("id", Value::String("1".into())),
            ("at", Value::Long(1_793_700_000_000)),
            ("who", who()),
            ("status", Value::String("OUT".into())),
            ("born", Value::Null),
        ]
    };
    let mut longer = fields();
    longer.extend([("more", Value::Double(1.0)), ("topic", Value::String("news".into()))]);
    assert_eq!(
        one(&mapping, &framed(1, &datum(&more, longer.clone()))).unwrap().purpose.as_deref(),
        Some("news")
    );
    is_read(&one(&mapping, &framed(2, &datum(&less, fields()))).unwrap());
    let mut gone = longer.clone();
    gone.remove(5);
    is_read(&one(&mapping, &framed(3, &datum(&symbols, gone.clone()))).unwrap());
    gone[3].1 = Value::String("GONE".into());
    let value = framed(3, &datum(&symbols, gone));
    assert!(one(&mapping, &value).unwrap_err().to_string().contains("unknown_symbol: `action`"));
    assert_eq!(mapping.salvage(Some(&value), Origin::of_key(None)).unwrap().len(), 1);
    for id in 4..9 {
        let error = one(&mapping, &framed(id, &own_datum())).unwrap_err().to_string();
        assert!(error.contains("incompatible_schema"), "{id}: {error}");
    }
    assert!(
        one(&mapping, &framed(99, &own_datum()))
            .unwrap_err()
            .to_string()
            .contains("unknown_schema")
    );
}

#[test]
fn cases_are_written_as_json() {
    let cases = r#"
- in: {id: "1", at: 1793700000000, who: {number: 77, mail: null}, status: OUT}
  expect: {event_id: "1", occurred_at: "2026-11-03T10:00:00Z", action: opt_out, contact_id: "77"}
- in: {id: "1", at: 1793700000000, who: {number: 0, mail: a@example.net}, status: OUT}
  error: "invalid_value: contact_id"
  who: nobody
"#;
    let report = run_cases(&mapping("confluent"), "cases", cases).unwrap();
    assert_eq!(report.to_string(), "2 passed, 0 failed");
    assert!(run_cases(&mapping("confluent"), "cases", "- {in: {id: 1}, error: x}").is_err());
}
