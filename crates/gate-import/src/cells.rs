//! The values of one row, by the columns of the plan: out of a row of a table, or out of a JSON object.

use crate::limits::{COLUMNS_MAX, JSON_DEPTH_MAX};
use crate::problem::ProblemKind;
use csv_core::ReadRecordResult;
use rustc_hash::FxHashMap;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'r> {
    /// Not there, null or blank.
    Absent,
    /// A text without blanks around it.
    Text(&'r str),
    /// Something that cannot be used, and why.
    Broken(ProblemKind),
}

impl<'r> Cell<'r> {
    pub(crate) fn of_bytes(bytes: &'r [u8]) -> Self {
        std::str::from_utf8(bytes).map_or(Self::Broken(ProblemKind::BadEncoding), Self::of_text)
    }

    fn of_text(text: &'r str) -> Self {
        // what an earlier program could not read: two people would become one
        if text.contains('\u{fffd}') || text.contains('\0') {
            return Self::Broken(ProblemKind::BadEncoding);
        }
        match text.trim() {
            "" => Self::Absent,
            text => Self::Text(text),
        }
    }
}

/// A row of a table, taken apart.
pub(crate) struct TableRow {
    reader: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    n_fields: usize,
}

impl TableRow {
    pub(crate) fn new(delimiter: u8) -> Self {
        let reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, text: Vec::new(), ends: vec![0; COLUMNS_MAX], n_fields: 0 }
    }

    /// Takes a row apart, which has no line end; `false` when it is more than one, or too wide.
    pub(crate) fn read(&mut self, row: &[u8]) -> bool {
        self.reader.reset();
        self.n_fields = 0;
        if self.text.len() <= row.len() {
            self.text.resize(row.len() + 1, 0);
        }
        let (mut rest, mut n_text, mut n_ends) = (row, 0, 0);
        loop {
            let text = self.text.get_mut(n_text..).unwrap_or_default();
            let ends = self.ends.get_mut(n_ends..).unwrap_or_default();
            let (result, n_in, n_out, n_end) = self.reader.read_record(rest, text, ends);
            rest = rest.get(n_in..).unwrap_or_default();
            (n_text, n_ends) = (n_text + n_out, n_ends + n_end);
            match result {
                // once more, without input, ends the row
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => {
                    self.n_fields = n_ends;
                    return rest.is_empty();
                }
                ReadRecordResult::End
                | ReadRecordResult::OutputFull
                | ReadRecordResult::OutputEndsFull => return false,
            }
        }
    }

    pub(crate) const fn n_fields(&self) -> usize {
        self.n_fields
    }

    /// The bytes of a field, as it is meant.
    pub(crate) fn field(&self, at: usize) -> Option<&[u8]> {
        if at >= self.n_fields {
            return None;
        }
        let start = at.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before))?;
        self.text.get(*start..*self.ends.get(at)?)
    }

    pub(crate) fn cell(&self, at: usize) -> Cell<'_> {
        self.field(at).map_or(Cell::Absent, Cell::of_bytes)
    }
}

/// What a JSON object holds of the plan's columns.
#[derive(Clone, Debug, Default, PartialEq)]
enum Value {
    #[default]
    Absent,
    Null,
    Text(String),
    /// A list, an object, or a number that programs do not agree on.
    Unusable,
}

/// A JSON object, taken apart.
pub(crate) struct ObjectRow {
    slots: FxHashMap<String, usize>,
    values: Vec<Value>,
}

const TWICE: &str = "a name twice";

impl ObjectRow {
    pub(crate) fn new(columns: &[String]) -> Self {
        let slots = columns.iter().enumerate().map(|(slot, name)| (name.clone(), slot)).collect();
        Self { slots, values: vec![Value::Absent; columns.len()] }
    }

    /// Takes an object apart.
    pub(crate) fn read(&mut self, row: &[u8]) -> Result<(), ProblemKind> {
        self.values.fill(Value::Absent);
        let text = std::str::from_utf8(row).map_err(|_| ProblemKind::BadEncoding)?;
        let mut input = serde_json::Deserializer::from_str(text);
        let Self { slots, values } = self;
        let object = Object { path: "", depth: 1, slots, values };
        let read = input.deserialize_map(object).and_then(|()| input.end());
        read.map_err(|error| {
            let is_twice = error.to_string().starts_with(TWICE);
            if is_twice { ProblemKind::DuplicateName } else { ProblemKind::NotAnObject }
        })
    }

    pub(crate) fn cell(&self, slot: usize) -> Cell<'_> {
        match self.values.get(slot) {
            None | Some(Value::Absent | Value::Null) => Cell::Absent,
            Some(Value::Text(text)) => Cell::of_text(text),
            Some(Value::Unusable) => Cell::Broken(ProblemKind::NotAValue),
        }
    }
}

/// Reads members into the columns that their paths name.
struct Object<'o> {
    path: &'o str,
    depth: usize,
    slots: &'o FxHashMap<String, usize>,
    values: &'o mut [Value],
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut n_members = 0_usize;
        while let Some(name) = map.next_key::<String>()? {
            n_members += 1;
            if n_members > COLUMNS_MAX {
                return Err(A::Error::custom("too many members"));
            }
            let path = if self.path.is_empty() { name } else { format!("{}.{name}", self.path) };
            let slot = self.slots.get(&path).copied();
            let member = Member {
                object: Object {
                    path: &path,
                    depth: self.depth + 1,
                    slots: self.slots,
                    values: &mut *self.values,
                },
            };
            let found = map.next_value_seed(member)?;
            if let Some(value) = slot.and_then(|slot| self.values.get_mut(slot)) {
                if *value != Value::Absent {
                    return Err(A::Error::custom(TWICE));
                }
                *value = found;
            }
        }
        Ok(())
    }
}

/// Reads one member; an object's own members go where they belong.
struct Member<'o> {
    object: Object<'o>,
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        let is_exact = value.unsigned_abs() <= gate_codec::NUMBER_MAX;
        Ok(if is_exact { Value::Text(value.to_string()) } else { Value::Unusable })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        let is_exact = value <= gate_codec::NUMBER_MAX;
        Ok(if is_exact { Value::Text(value.to_string()) } else { Value::Unusable })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // seconds since 1970 have fractions; an id that has one is none, and no address
        let is_exact = value.is_finite() && value.abs() < 1e12;
        Ok(if is_exact { Value::Text(value.to_string()) } else { Value::Unusable })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Unusable)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        if self.object.depth > JSON_DEPTH_MAX {
            return Err(A::Error::custom("too deep"));
        }
        self.object.visit_map(map)?;
        Ok(Value::Unusable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(row: &str) -> Option<Vec<String>> {
        let mut table = TableRow::new(b',');
        table.read(row.as_bytes()).then(|| {
            let fields = (0..table.n_fields()).filter_map(|at| table.field(at));
            fields.map(|field| String::from_utf8_lossy(field).into_owned()).collect()
        })
    }

    #[test]
    fn rows_of_a_table() {
        for (row, expected) in [
            ("a,b", &["a", "b"][..]),
            ("a,", &["a", ""]),
            (",", &["", ""]),
            ("\"a,b\",\"c\"\"d\"", &["a,b", "c\"d"]),
            ("\"a\nb\",c", &["a\nb", "c"]),
            ("a\"b,c", &["a\"b", "c"]),
            ("\"a\"b,c", &["ab", "c"]),
        ] {
            assert_eq!(table(row).unwrap(), expected, "{row}");
        }
        assert_eq!(table("a\nb"), None);
        assert_eq!(table(&",".repeat(COLUMNS_MAX)), None);
    }

    #[test]
    fn objects() {
        let columns: Vec<String> = ["id", "consent.email", "on"].map(String::from).into();
        let mut row = ObjectRow::new(&columns);
        let read = |row: &mut ObjectRow, text: &str| {
            row.read(text.as_bytes()).map(|()| {
                [0, 1, 2].map(|slot| match row.cell(slot) {
                    Cell::Absent => "-".to_owned(),
                    Cell::Text(text) => text.to_owned(),
                    Cell::Broken(kind) => kind.as_str().to_owned(),
                })
            })
        };
        let expected = ["4711", "x", "true"].map(String::from);
        let text = r#"{"id": 4711, "consent": {"email": " x ", "sms": [1]}, "on": true}"#;
        assert_eq!(read(&mut row, text), Ok(expected));
        let blank = ["-", "-", "-"].map(String::from);
        assert_eq!(read(&mut row, r#"{"id": null, "consent": {"email": " "}}"#), Ok(blank));
        let broken = ["not_a_value", "-", "not_a_value"].map(String::from);
        assert_eq!(read(&mut row, r#"{"id": 9007199254740993, "on": {}}"#), Ok(broken));
        for (text, kind) in [
            (r#"{"id": 1, "id": 2}"#, ProblemKind::DuplicateName),
            (r#"{"consent": {"email": "a"}, "consent.email": "b"}"#, ProblemKind::DuplicateName),
            (r#"[{"id": 1}]"#, ProblemKind::NotAnObject),
            (r#"{"id": 1} {"id": 2}"#, ProblemKind::NotAnObject),
            (r#"{"id": 1"#, ProblemKind::NotAnObject),
        ] {
            assert_eq!(read(&mut row, text), Err(kind), "{text}");
        }
        let deep = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
        assert_eq!(read(&mut row, &deep), Err(ProblemKind::NotAnObject));
    }
}
