//! What bytes look like, said without showing any of them: for keys and values that may name a person.

use serde::de::IgnoredAny;

/// What kind of bytes they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Null,
    Empty,
    JsonObject,
    JsonArray,
    JsonText,
    /// Begins like JSON and is none.
    BrokenJson,
    /// As Kafka Connect prints a struct with its string converter.
    ConnectStruct,
    Uuid,
    Digits,
    Text,
    /// Four or eight bytes that are no text: a serialized whole number.
    Integer,
    AvroConfluent,
    AvroSingleObject,
    Binary,
}

/// Shortest Avro value in the Confluent wire format: a zero and the id of the schema.
const CONFLUENT_HEAD: usize = 5;

impl Shape {
    pub(super) fn of(bytes: Option<&[u8]>) -> Self {
        let Some(bytes) = bytes else {
            return Self::Null;
        };
        if bytes.is_empty() {
            return Self::Empty;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(is_no_text) => Self::of_text(text.trim()),
            Ok(_) | Err(_) => Self::of_binary(bytes),
        }
    }

    fn of_text(text: &str) -> Self {
        let is_json = || serde_json::from_str::<IgnoredAny>(text).is_ok();
        let json = |shape| if is_json() { shape } else { Self::BrokenJson };
        match text.chars().next() {
            Some('{') => json(Self::JsonObject),
            Some('[') => json(Self::JsonArray),
            Some('"') => json(Self::JsonText),
            _ if text.starts_with("Struct{") => Self::ConnectStruct,
            _ if is_uuid(text) => Self::Uuid,
            _ if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Self::Digits,
            Some(_) | None => Self::Text,
        }
    }

    fn of_binary(bytes: &[u8]) -> Self {
        match bytes {
            [_, _, _, _] | [_, _, _, _, _, _, _, _] => Self::Integer,
            [0xC3, 0x01, ..] => Self::AvroSingleObject,
            [0, ..] if bytes.len() >= CONFLUENT_HEAD => Self::AvroConfluent,
            _ => Self::Binary,
        }
    }

    /// For people.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Empty => "empty",
            Self::JsonObject => "a JSON object",
            Self::JsonArray => "a JSON array",
            Self::JsonText => "JSON text, in quotes",
            Self::BrokenJson => "text that begins like JSON and is none",
            Self::ConnectStruct => "Connect's Struct{…} as text",
            Self::Uuid => "a UUID",
            Self::Digits => "digits",
            Self::Text => "UTF-8 text",
            Self::Integer => "a binary whole number",
            Self::AvroConfluent => "binary, perhaps Avro in Confluent's wire format",
            Self::AvroSingleObject => "binary, perhaps Avro's single-object encoding",
            Self::Binary => "binary",
        }
    }
}

/// Length and kind.
pub(super) fn describe(bytes: Option<&[u8]>) -> String {
    let shape = Shape::of(bytes).as_str();
    match bytes.map(<[u8]>::len) {
        None | Some(0) => shape.to_owned(),
        Some(1) => format!("1 byte, {shape}"),
        Some(n) => format!("{n} bytes, {shape}"),
    }
}

fn is_no_text(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

fn is_uuid(text: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq(GROUPS)
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What came from outside, for a terminal: it cannot move the cursor, nor fill the screen.
pub(super) fn printable(text: &str, chars_max: usize) -> String {
    let mut shown: String = text.chars().take(chars_max).flat_map(visible).collect();
    if text.chars().nth(chars_max).is_some() {
        shown.push('…');
    }
    shown
}

/// The character, or its escape when it would not be seen or would turn the line around.
fn visible(c: char) -> Vec<char> {
    const TURNS: [char; 9] = [
        '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}',
        '\u{2068}', '\u{2069}',
    ];
    if c.is_control() || TURNS.contains(&c) { c.escape_default().collect() } else { vec![c] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_described_and_not_shown() {
        for (bytes, says) in [
            (None, "null"),
            (Some(&b""[..]), "empty"),
            (Some(b"ana"), "3 bytes, UTF-8 text"),
            (Some(b"\"ana\""), "5 bytes, JSON text, in quotes"),
            (Some(b"\"ana"), "4 bytes, text that begins like JSON and is none"),
            (Some(b"{\"id\":9}"), "8 bytes, a JSON object"),
            (Some(b"[1]"), "3 bytes, a JSON array"),
            (Some(b"Struct{id=9}"), "12 bytes, Connect's Struct{…} as text"),
            (Some(b"123e4567-e89b-12d3-a456-426614174000"), "36 bytes, a UUID"),
            (Some(b"4711"), "4 bytes, digits"),
            (Some(&[0, 0, 0, 0, 0, 0, 0, 9]), "8 bytes, a binary whole number"),
            (
                Some(&[0, 0, 0, 0, 7, 6, b'a', b'n', b'a']),
                "9 bytes, binary, perhaps Avro in Confluent's wire format",
            ),
            (Some(&[0xC3, 1, 2]), "3 bytes, binary, perhaps Avro's single-object encoding"),
            (Some(&[0xFF]), "1 byte, binary"),
        ] {
            assert_eq!(describe(bytes), says);
        }
    }

    #[test]
    fn what_is_printed_stays_in_its_line() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n", 80), "a\\u{1b}[2Jb\\r\\n");
        assert_eq!(printable("a\u{202e}b", 80), "a\\u{202e}b");
        assert_eq!(printable("abcd", 3), "abc…");
        assert_eq!(printable("grüße 👋", 80), "grüße 👋");
    }
}
