//! Evolution: which writer schemas are read, on which path, and that both paths agree.

use super::super::avro::datum;
use super::super::avro::plan::Plan;
use super::super::*;
use super::fixtures;
use gate_core::ConsentChange;
use serde_json::json;

fn judge(schema: &str) -> Result<Plan, Class> {
    init_limits().unwrap();
    fixtures::judge(Kind::ConsentChange, schema, &[])
}

fn read<'a>(plan: &Plan, datum: &'a [u8]) -> Result<ConsentChange<'a>, Class> {
    let record: ConsentChangeRecord<'a> =
        datum::read(Kind::ConsentChange, plan, datum, "").map_err(|why| why.class)?;
    convert::consent(record).map_err(|why| why.class)
}

/// Our schema with a part of its text replaced.
fn altered(from: &str, to: &str) -> String {
    let schema = CONSENT_CHANGE_SCHEMA.replacen(from, to, 1);
    assert_ne!(schema, CONSENT_CHANGE_SCHEMA, "{from}");
    schema
}

fn datum(schema: &str, value: &serde_json::Value) -> Vec<u8> {
    let schema: serde_avro_fast::Schema = schema.parse().unwrap();
    serde_avro_fast::to_datum_vec(value, &mut serde_avro_fast::ser::SerializerConfig::new(&schema))
        .unwrap()
}

fn opt_out() -> serde_json::Value {
    json!({"event_id": "e", "occurred_at": 1_772_452_800_000_000_i64, "action": "opt_out", "contact_id": "ben",
           "channel": "sms", "purpose": "marketing"})
}

const TIME: &str = r#"{"type": "long", "logicalType": "timestamp-micros"}"#;
const EVENT_ID: &str = r#"{"name": "event_id", "type": "string""#;

#[test]
fn our_own_schemas_are_sound() {
    for kind in [Kind::ConsentChange, Kind::OutboundMessage] {
        let plan = fixtures::judge(kind, kind.schema(), &[]).unwrap();
        assert!(matches!(plan, Plan::Fast(_)));
        let json: serde_json::Value = serde_json::from_str(kind.schema()).unwrap();
        for field in json["fields"].as_array().unwrap() {
            // the fast path reads an absent field as null; apache-avro resolves no aliases
            assert!(field.get("aliases").is_none(), "{field}");
            let default = field.get("default").unwrap_or(&json!(null)).clone();
            assert!(default == json!(null) || default == json!({}), "{field}");
        }
    }
}

/// The symbols of the schema are exactly those of gate-core.
#[test]
fn symbols_are_those_of_the_law() {
    let json: serde_json::Value = serde_json::from_str(CONSENT_CHANGE_SCHEMA).unwrap();
    let symbols = |name: &str| -> Vec<String> {
        let fields = json["fields"].as_array().unwrap();
        let field = fields.iter().find(|field| field["name"] == name).unwrap();
        let named = field["type"].as_array().map_or(&field["type"], |union| &union[1]);
        serde_json::from_value(named["symbols"].clone()).unwrap()
    };
    // old readers could not read one symbol more: in Avro a `profile` with `new_address` says it
    let actions = gate_core::Action::ALL.map(|a| a.as_str());
    assert_eq!(symbols("action"), actions.strip_suffix(&["address_changed"]).unwrap());
    assert_eq!(symbols("basis"), gate_core::Basis::ALL.map(|a| a.as_str()));
    assert_eq!(symbols("kind"), gate_core::RelationshipKind::ALL.map(|a| a.as_str()));
    let mut channels = gate_core::Channel::ALL.map(|a| a.as_str()).to_vec();
    channels.push("any");
    assert_eq!(symbols("channel"), channels);
    assert_eq!(symbols("scope"), ["all", "marketing"]);
    let fields = json["fields"].as_array().unwrap().iter();
    let context = fields.filter(|field| field["name"] == "context");
    let context = context.map(|field| &field["type"][1]["fields"]).next().unwrap();
    let names: Vec<_> = context.as_array().unwrap().iter().map(|field| &field["name"]).collect();
    let mut expected = gate_core::flags::CONTEXT_NAMES.to_vec();
    expected.push("product_group");
    assert_eq!(names, expected);
}

#[test]
fn additions_and_omissions_stay_on_the_fast_path() {
    let added = altered(
        EVENT_ID,
        r#"{"name": "tenant", "type": ["null", {"type": "array", "items": "string"}]}, {"name": "event_id", "type": "string""#,
    );
    let required = altered(
        r#"{"name": "contact_id", "type": ["null", "string"], "default": null"#,
        r#"{"name": "contact_id", "type": "string""#,
    );
    let swapped = altered(
        r#"{"name": "contact_id", "type": ["null", "string"], "default": null"#,
        r#"{"name": "contact_id", "type": ["string", "null"]"#,
    );
    let minimal = r#"{"type":"record","name":"ConsentChange","namespace":"elsewhere","fields":[
        {"name":"purpose","type":"string"},
        {"name":"channel","type":{"type":"enum","name":"ChannelScope","symbols":["sms","fax"]}},
        {"name":"action","type":{"type":"enum","name":"Action","symbols":["opt_out","wave"]}},
        {"name":"contact_id","type":"string"},
        {"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"event_id","type":"string"}]}"#;
    let own = datum(CONSENT_CHANGE_SCHEMA, &opt_out());
    let expected = read(&judge(CONSENT_CHANGE_SCHEMA).unwrap(), &own).unwrap();
    for schema in [&added, &required, &swapped, minimal] {
        let plan = judge(schema).unwrap();
        assert!(matches!(plan, Plan::Fast(_)));
        assert_eq!(read(&plan, &datum(schema, &opt_out())).unwrap(), expected);
    }
    let plan = judge(minimal).unwrap();
    for (field, symbol) in [("channel", "fax"), ("action", "wave")] {
        let mut value = opt_out();
        value[field] = json!(symbol);
        assert_eq!(read(&plan, &datum(minimal, &value)), Err(Class::UnknownSymbol), "{field}");
    }
}

#[test]
fn promotions_are_resolved() {
    let bytes = altered(EVENT_ID, r#"{"name": "event_id", "type": "bytes""#);
    let decimal = altered(
        EVENT_ID,
        r#"{"name": "price", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}], "default": null}, {"name": "event_id", "type": "string""#,
    );
    let wider = altered(
        r#"["null", "boolean"], "default": null, "doc": "For registry_status"#,
        r#"["null", "boolean", "long"], "default": null, "doc": "For registry_status"#,
    );
    let own = datum(CONSENT_CHANGE_SCHEMA, &opt_out());
    let expected = read(&judge(CONSENT_CHANGE_SCHEMA).unwrap(), &own).unwrap();
    for schema in [&bytes, &decimal, &wider] {
        let plan = judge(schema).expect(schema);
        assert!(matches!(plan, Plan::Resolve { .. }));
        let value = datum(schema, &opt_out());
        assert_eq!(read(&plan, &value).unwrap(), expected);
        for end in 0..value.len() {
            assert_eq!(read(&plan, &value[..end]), Err(Class::Truncated));
        }
        assert_eq!(read(&plan, &[&value[..], &[0]].concat()), Err(Class::TrailingBytes));
    }
    let mut value = opt_out();
    value["listed"] = json!(1);
    let value = datum(&wider, &value);
    assert_eq!(read(&judge(&wider).unwrap(), &value), Err(Class::WrongType));
    let symbols = bytes.replacen(r#""erase", "#, r#""erase", "wave", "#, 1);
    let mut value = opt_out();
    value["action"] = json!("wave");
    let value = datum(&symbols, &value);
    assert_eq!(read(&judge(&symbols).unwrap(), &value), Err(Class::UnknownSymbol));
}

#[test]
fn incompatible_schemas() {
    for schema in [
        // another unit, or none: a refusal must not be dated to 1970
        altered(TIME, r#"{"type": "long", "logicalType": "timestamp-millis"}"#),
        altered(TIME, r#"{"type": "long", "logicalType": "local-timestamp-micros"}"#),
        altered(TIME, r#"{"type": "long", "logicalType": "timestamp-nanos"}"#),
        altered(TIME, r#""long""#),
        altered(TIME, r#""int""#),
        altered(TIME, r#"["null", "long"]"#),
        altered(TIME, r#""string""#),
        altered(r#"{"type": "int", "logicalType": "date"}"#, r#""int""#),
        altered(EVENT_ID, r#"{"name": "event_id", "type": "long""#),
        altered(r#""event_id""#, r#""id""#),
        altered(r#""name": "ConsentChange""#, r#""name": "ConsentEvent""#),
        OUTBOUND_MESSAGE_SCHEMA.to_owned(),
    ] {
        assert!(judge(&schema).is_err(), "{}", &schema[..700]);
    }
}

#[test]
fn repeated_map_keys_are_refused_on_both_paths() {
    let bytes = altered(EVENT_ID, r#"{"name": "event_id", "type": "bytes""#);
    let mut record = fixtures::opt_out();
    record.evidence = Some(EvidenceRecord {
        method: Some("web_form".into()),
        further: vec![("method".into(), "list_import".into())],
        ..EvidenceRecord::default()
    });
    let value = encode_consent(&record, Encoding::Avro { schema_id: 0 }).unwrap();
    for schema in [CONSENT_CHANGE_SCHEMA, &bytes] {
        assert_eq!(read(&judge(schema).unwrap(), &value[5..]), Err(Class::DuplicateKey));
    }
}

#[test]
fn schemas_that_refer_to_others() {
    let inline = r#"{"type": "map", "values": "string"}"#;
    let schema = altered(
        EVENT_ID,
        r#"{"name": "origin", "type": "elsewhere.Origin"}, {"name": "event_id", "type": "string""#,
    );
    let origin = r#"{"type":"record","name":"Origin","namespace":"elsewhere","fields":[{"name":"host","type":"string"}]}"#;
    assert!(inline.len() < schema.len());
    assert!(judge(&schema).is_err());
    let plan = fixtures::judge(Kind::ConsentChange, &schema, &[origin.to_owned()]).unwrap();
    let own = datum(CONSENT_CHANGE_SCHEMA, &opt_out());
    let expected = read(&judge(CONSENT_CHANGE_SCHEMA).unwrap(), &own).unwrap();
    let value = [&[4, b'h', b'i'], &own[..]].concat();
    assert_eq!(read(&plan, &value).unwrap(), expected);
}
