//! Samples in a file of cases: YAML as JSON, JSON as a tree with places, bytes in hexadecimal.

use gate_located::{Node, Value as Yaml};
use serde_json::{Value, json};

pub(crate) fn node_of(value: &Value, line: usize) -> Node {
    let place = gate_located::Place { line, column: 1 };
    let value = match value {
        Value::Null => Yaml::Null,
        Value::Bool(flag) => Yaml::Boolean(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Yaml::Integer(number.into()),
            (None, Some(number)) => Yaml::Integer(number.into()),
            (None, None) => Yaml::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Yaml::Text(text.clone()),
        Value::Array(items) => Yaml::List(items.iter().map(|item| node_of(item, line)).collect()),
        Value::Object(fields) => Yaml::Map(
            fields
                .iter()
                .map(|(name, value)| {
                    (gate_located::Key { place, name: name.clone() }, node_of(value, line))
                })
                .collect(),
        ),
    };
    Node { place, used: place, value }
}

pub(crate) fn json_of(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Boolean(flag) => Value::Bool(*flag),
        Yaml::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => Value::Null,
        },
        Yaml::Float(number) => json!(number),
        Yaml::Text(text) => Value::String(text.clone()),
        Yaml::List(items) => Value::Array(items.iter().map(json_of).collect()),
        Yaml::Map(entries) => Value::Object(
            entries.iter().map(|(key, value)| (key.name.clone(), json_of(value))).collect(),
        ),
    }
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}
