//! The decision log as anybody reads it: the schema of the repository, and a library that the gate does not write with.

use crate::harness::readers::Record;
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Marker and fingerprint of the single-object encoding.
const HEADER_BYTES: usize = 10;

/// What the log says of each message, by its place; the last whole entry counts, and else a reconstructed one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logged {
    pub(crate) entries: BTreeMap<String, Value>,
    /// Messages with several whole entries.
    pub(crate) repeated: Vec<String>,
    /// Records that are none, or whose headers are wrong.
    pub(crate) strange: Vec<String>,
}

impl Logged {
    pub(crate) fn read(records: &[Record]) -> Self {
        let schema = std::fs::read_to_string("schemas/decision-batch.avsc").expect("the schema");
        let schema = Schema::parse_str(&schema).expect("a schema");
        let reader = GenericDatumReader::builder(&schema).build().expect("a reader");
        let mut logged = Self::default();
        for record in records {
            let value = record.value.as_deref().unwrap_or_default();
            let datum = value.get(HEADER_BYTES..).unwrap_or_default();
            match reader.read_value(&mut &*datum) {
                Ok(batch) => logged.take(record, &plain(batch)),
                Err(error) => logged.strange.push(format!("{}: {error}", record.place())),
            }
        }
        logged
    }

    fn take(&mut self, record: &Record, batch: &Value) {
        let mut offset = batch["first_offset"].as_i64().unwrap_or(-1);
        let mut offsets = Vec::new();
        let place = |of: &Value| usize::try_from(of.as_i64().unwrap_or(-1)).unwrap_or(usize::MAX);
        let deltas = batch["offsets"].as_array().cloned().unwrap_or_default();
        for (nth, delta) in deltas.iter().enumerate() {
            offset += delta.as_i64().unwrap_or(0);
            offsets.push(offset);
            let mut entry = batch["shapes"][place(&batch["shape"][nth])].clone();
            let context = &batch["contexts"][place(&batch["context"][nth])];
            for (name, value) in context.as_object().into_iter().flatten() {
                entry[name] = value.clone();
            }
            entry["message_id"] = batch["message_ids"][nth].clone();
            for name in ["policy_revision", "tz_version", "consent_topic", "consent_position"] {
                entry[name] = batch[name].clone();
            }
            let topic = batch["source_topic"].as_str().unwrap_or_default();
            self.add(format!("{topic}/{}/{offset}", batch["source_partition"]), entry);
        }
        let ends = (offsets.iter().min(), offsets.iter().max());
        let header = |name| record.header(name).and_then(|text| text.parse::<i64>().ok());
        let said = (header("gate-first-offset"), header("gate-last-offset"));
        let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let partition = record.partition.to_string();
        if (ends.0.copied(), ends.1.copied()) != said
            || key != Some(partition.as_str())
            || batch["source_partition"] != record.partition
        {
            self.strange.push(format!("{}: key or headers are wrong", record.place()));
        }
    }

    fn add(&mut self, source: String, entry: Value) {
        let is_whole = entry["reconstructed"] == false;
        match self.entries.get(&source) {
            Some(known) if known["reconstructed"] == false => {
                if is_whole {
                    self.repeated.push(source.clone());
                    self.entries.insert(source, entry);
                }
            }
            Some(_) | None => drop(self.entries.insert(source, entry)),
        }
    }

    /// What is wrong between an output and its entry.
    pub(crate) fn fault(&self, output: &Record) -> Option<String> {
        let source = output.header("gate-source").unwrap_or("");
        let Some(entry) = self.entries.get(source) else {
            return Some("is not in the decision log".to_owned());
        };
        for (name, member) in [("gate-outcome", "outcome"), ("gate-reason", "reason")] {
            if entry[member].as_str() != output.header(name) {
                return Some(format!("the decision log has another {member}: {}", entry[member]));
            }
        }
        let header: Value = serde_json::from_str(output.header("gate-decision")?).ok()?;
        if entry["reconstructed"] == true {
            return None;
        }
        let differs = header.as_object()?.iter().find(|(name, value)| {
            // written otherwise in the log
            let is_own = ["decision_id", "evidence", "not_before", "registry_checked_at"];
            let is_own = is_own.contains(&name.as_str()) || *name == "evaluated_at";
            !is_own && without_nulls(&entry[name.as_str()]) != **value
        });
        differs.map(|(name, _)| format!("the decision log has another {name}"))
    }
}

fn without_nulls(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}

fn plain(value: Avro) -> Value {
    match value {
        Avro::Null => Value::Null,
        Avro::Boolean(it) => json!(it),
        Avro::Int(it) => json!(it),
        Avro::Long(it) | Avro::TimestampMicros(it) => json!(it),
        Avro::String(it) => json!(it),
        Avro::Bytes(it) => json!(it),
        Avro::Union(_, it) => plain(*it),
        Avro::Array(items) => items.into_iter().map(plain).collect(),
        Avro::Record(fields) => {
            fields.into_iter().map(|(name, value)| (name, plain(value))).collect()
        }
        other => panic!("the schema has no {other:?}"),
    }
}
