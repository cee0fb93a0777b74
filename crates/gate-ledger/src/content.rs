//! What an entry commits to: JSON in one form, and a salt.
//!
//! The form is what Python writes with `json.dumps(x, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`: keys in
//! the order of their code points, no spaces, nothing escaped that need not be. There are no fractions in it.

use crate::hash::{Hash, sha256};
use serde_json::Value;
use std::collections::BTreeMap;

/// What makes a commitment say nothing to those who guess: 32 random bytes. All zeros stand for one that was deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl Salt {
    /// One that was deleted.
    pub const DELETED: Self = Self([0; 32]);

    /// Whether it was deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        *self == Self::DELETED
    }

    /// Lower-case hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        crate::hash::hex(&self.0)
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_deleted() { "Salt(deleted)" } else { "Salt(..)" })
    }
}

/// SHA-256(salt || content).
#[must_use]
pub fn commitment(salt: &Salt, content: &[u8]) -> Hash {
    sha256(&[&salt.0, content])
}

/// The one form of a JSON value.
#[must_use]
pub fn canonical_json(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            // whatever order a feature of serde_json keeps them in
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            out.push(b'{');
            for (nth, (name, value)) in sorted.into_iter().enumerate() {
                if nth > 0 {
                    out.push(b',');
                }
                text(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::String(value) => text(value, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.extend(value.to_string().bytes()),
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    // writing a string to a vector cannot fail
    serde_json::to_writer(out, text).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What Python 3 printed for the same value.
    #[test]
    fn the_form_is_that_of_python() {
        let value = json!({
            "b": [1, -2, true, false, null, {}], "a": "é\u{1F600}/<>&\u{7f}\u{2028}", "Z": "\u{1}\u{1f}\"\\\n\r\t\u{8}\u{c}",
            "a/": {"y": [], "x": 9_007_199_254_740_993_i64},
        });
        let python = "{\"Z\":\"\\u0001\\u001f\\\"\\\\\\n\\r\\t\\b\\f\",\"a\":\"é😀/<>&\u{7f}\u{2028}\",\"a/\":{\"x\":9007199254740993,\"y\":[]},\"b\":[1,-2,true,false,null,{}]}";
        assert_eq!(String::from_utf8(canonical_json(&value)).unwrap(), python);
    }

    #[test]
    fn a_commitment_needs_its_salt() {
        let (one, two) = (Salt([1; 32]), Salt([2; 32]));
        assert_ne!(commitment(&one, b"x"), commitment(&two, b"x"));
        assert!(Salt::DELETED.is_deleted() && !one.is_deleted());
        assert_eq!(format!("{one:?}"), "Salt(..)", "it does not print itself");
    }
}
