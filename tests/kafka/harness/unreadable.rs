//! Records that nobody can read, one of each kind, for JSON and for Avro.
//!
//! Only what every reader of the contract must refuse: what a lenient reader may accept (unknown channel,
//! extra fields) is not here.

use crate::harness::avro::{Schema, long};
use crate::harness::data::{Contact, bytes};
use serde_json::{Value, json};

/// Which topic it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Consent,
    Message,
}

/// One unreadable value.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    pub(crate) name: String,
    pub(crate) value: Option<Vec<u8>>,
}

fn unreadable(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Unreadable {
    Unreadable { name: name.into(), value: Some(value.into()) }
}

/// The largest value the gate decodes by default is 1 MiB.
const MIB: usize = 1 << 20;
const DEPTH: usize = 100_000;

/// A valid value of the kind about `contact`, small, so that it can be cut at every byte.
pub(crate) fn valid(kind: Kind, contact: &Contact) -> Value {
    match kind {
        Kind::Consent => {
            contact.opt_in(&format!("unreadable-{}", contact.id), jiff::Timestamp::now())
        }
        Kind::Message => contact.message(&format!("unreadable-{}", contact.id), 0),
    }
}

/// Values that are neither JSON of the kind nor anything else of use. `contact` names whom the value is
/// about where that can still be told; the function is called with a fresh one for each.
pub(crate) fn json(kind: Kind, mut contact: impl FnMut() -> Contact) -> Vec<(Contact, Unreadable)> {
    let mut all = Vec::new();
    let mut add = |contact: Contact, record: Unreadable| all.push((contact, record));
    let c = contact();
    add(c, Unreadable { name: "null value".to_owned(), value: None });
    let n_bytes = bytes(&valid(kind, &contact())).len();
    for n in 0..n_bytes {
        let c = contact();
        // ids differ in length by a byte or two: stay short of the end
        let whole = bytes(&valid(kind, &c));
        let cut = whole[..n.min(whole.len() - 1)].to_vec();
        add(c, unreadable(format!("cut after {n} bytes"), cut));
    }
    for (name, change) in broken_json(kind) {
        let c = contact();
        let value = change(&valid(kind, &c));
        add(c, unreadable(name, value));
    }
    all
}

type Change = Box<dyn Fn(&Value) -> Vec<u8>>;
type Mangle = Box<dyn Fn(Vec<u8>) -> Vec<u8>>;

fn with(field: &'static str, wrong: Value) -> Change {
    Box::new(move |value| {
        let mut value = value.clone();
        value[field] = wrong.clone();
        bytes(&value)
    })
}

fn without(field: &'static str) -> Change {
    Box::new(move |value| {
        let mut value = value.clone();
        value.as_object_mut().expect("an object").remove(field);
        bytes(&value)
    })
}

fn followed_by(tail: &'static [u8]) -> Change {
    Box::new(move |value| [bytes(value).as_slice(), tail].concat())
}

fn replaced(find: &'static str, by: &'static [u8]) -> Change {
    Box::new(move |value| {
        let whole = bytes(value);
        let at = whole.windows(find.len()).position(|window| window == find.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{find} is not in the value"));
        [&whole[..at], by, &whole[at + find.len()..]].concat()
    })
}

fn raw(value: Vec<u8>) -> Change {
    Box::new(move |_| value.clone())
}

fn nested(value: &Value, open: &str, close: &str) -> Vec<u8> {
    let whole = String::from_utf8(bytes(value)).expect("JSON is text");
    let body = whole.strip_suffix('}').expect("an object");
    format!("{body},\"body\":{}0{}}}", open.repeat(DEPTH), close.repeat(DEPTH)).into_bytes()
}

fn broken_json(kind: Kind) -> Vec<(&'static str, Change)> {
    let mut all: Vec<(&'static str, Change)> = vec![
        ("a letter behind the end", followed_by(b"x")),
        ("a second object behind the end", followed_by(b"{}")),
        ("a zero byte behind the end", followed_by(b"\0")),
        ("a closing brace too many", followed_by(b"}")),
        ("a byte order mark", Box::new(|v| [b"\xef\xbb\xbf", bytes(v).as_slice()].concat())),
        (
            "UTF-16",
            Box::new(|v| {
                let text = String::from_utf8(bytes(v)).expect("JSON is text");
                text.encode_utf16().flat_map(u16::to_be_bytes).collect()
            }),
        ),
        ("bad UTF-8 in an id", replaced("unreadable-", b"unread\xff\xfe")),
        ("a lone surrogate in an id", replaced("unreadable-", br"unread\ud800")),
        ("a control character in an id", replaced("unreadable-", b"unread\n")),
        ("an array", raw(b"[]".to_vec())),
        ("a string", raw(b"\"opt_out\"".to_vec())),
        ("a number", raw(b"4".to_vec())),
        ("the word null", raw(b"null".to_vec())),
        ("an empty object", raw(b"{}".to_vec())),
        ("blanks", raw(b"   ".to_vec())),
        ("an array bomb", Box::new(|v| nested(v, "[", "]"))),
        ("an object bomb", Box::new(|v| nested(v, "{\"a\":", "}"))),
        ("brackets only", raw(vec![b'['; MIB])),
        ("1 MiB of letters", raw(vec![b'a'; MIB])),
        (
            "a valid value above 1 MiB",
            Box::new(|v| {
                let mut v = v.clone();
                v["note"] = "n".repeat(MIB).into();
                bytes(&v)
            }),
        ),
        ("a Confluent frame", Box::new(|v| [&[0, 0, 0, 0, 1], bytes(v).as_slice()].concat())),
        ("random bytes", raw((0..200_u8).map(|n| n.wrapping_mul(167) ^ 0x5a).collect())),
    ];
    match kind {
        Kind::Consent => all.extend([
            ("an unknown action", with("action", json!("opt_ouch"))),
            ("no action", without("action")),
            ("no event id", without("event_id")),
            ("no time", without("occurred_at")),
            ("a time without offset", with("occurred_at", json!("2026-01-02T03:04:05"))),
            ("a month too many", with("occurred_at", json!("2026-13-01T00:00:00Z"))),
            ("a time in words", with("occurred_at", json!("yesterday"))),
            ("a time as a list", with("occurred_at", json!([2026, 1, 2]))),
            ("an unknown channel", with("channel", json!("pigeon"))),
            ("an unknown basis", with("basis", json!("because"))),
            ("evidence as text", with("evidence", json!("web form"))),
            ("an action as a number", with("action", json!(3))),
            (
                "the action twice",
                replaced("\"action\":\"opt_in\"", br#""action":"opt_out","action":"opt_in""#),
            ),
            (
                "a message",
                Box::new(|v| {
                    let id = v["contact_id"].as_str().unwrap_or("nobody");
                    bytes(&Contact::new(id).message("stray", 0))
                }),
            ),
        ]),
        Kind::Message => all.extend([
            ("no message id", without("message_id")),
            ("no channel", without("channel")),
            ("no recipient", without("recipient")),
            ("a message id as a number", with("message_id", json!(5.5))),
            ("a channel as a number", with("channel", json!(5))),
            ("a recipient as text", with("recipient", json!("ana"))),
            ("a contact id as a number", with("recipient", json!({"contact_id": 5.5}))),
            ("content as text", with("content", json!("yes"))),
            ("a flag as text", with("content", json!({"promotional": "no"}))),
            ("an expiry in words", with("expires_at", json!("tomorrow"))),
            (
                "the channel twice",
                replaced("\"channel\":\"email\"", br#""channel":"email","channel":"sms""#),
            ),
            (
                "an opt-in",
                Box::new(|v| {
                    let id = v["recipient"]["contact_id"].as_str().unwrap_or("nobody");
                    bytes(&Contact::new(id).opt_in("stray", jiff::Timestamp::now()))
                }),
            ),
        ]),
    }
    all
}

/// What Avro records are made with.
pub(crate) struct Avro<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) id: u32,
    /// A registered schema of something else.
    pub(crate) other_id: u32,
    /// The registered schema of the other topic.
    pub(crate) swapped_id: u32,
}

/// Values that are not Confluent-framed Avro of the kind.
pub(crate) fn avro(
    kind: Kind,
    avro: &Avro<'_>,
    mut contact: impl FnMut() -> Contact,
) -> Vec<(Contact, Unreadable)> {
    let mut all = Vec::new();
    let c = contact();
    all.push((c, Unreadable { name: "null value".to_owned(), value: None }));
    let frame = |c: &Contact| avro.schema.framed(avro.id, &valid(kind, c));
    let n_bytes = frame(&contact()).len();
    for n in 0..n_bytes {
        let c = contact();
        let whole = frame(&c);
        let cut = whole[..n.min(whole.len() - 1)].to_vec();
        all.push((c, unreadable(format!("cut after {n} bytes"), cut)));
    }
    let header = |id: u32| [&[0], id.to_be_bytes().as_slice()].concat();
    let number = |n: i64| {
        let mut out = header(avro.id);
        long(n, &mut out);
        out
    };
    let mut simple: Vec<(&str, Vec<u8>)> = vec![
        ("a string of a terabyte", number(1 << 40)),
        ("a string of negative length", number(-5)),
        ("a length that never ends", [header(avro.id), vec![0xff; 40]].concat()),
        ("1 MiB of ones", [header(avro.id), vec![0xff; MIB]].concat()),
        ("1 MiB of zeros", [header(avro.id), vec![0; MIB]].concat()),
        ("1 MiB without a frame", vec![b'a'; MIB]),
        ("only a frame", header(avro.id)),
    ];
    simple.extend([0x7fff_fff0, u32::MAX].map(|id| ("an unknown schema id", header(id))));
    for (name, value) in simple {
        all.push((contact(), unreadable(name, value)));
    }
    let changes: Vec<(&str, Mangle)> = vec![
        ("a zero behind the end", Box::new(|v| [v, vec![0]].concat())),
        ("many bytes behind the end", Box::new(|v| [v, vec![7; 100]].concat())),
        ("twice", Box::new(|v| [v.clone(), v].concat())),
        ("another magic byte", Box::new(|v| [&[1], &v[1..]].concat())),
        (
            "single-object encoding",
            Box::new(|v| [&[0xc3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8], &v[5..]].concat()),
        ),
        ("an unknown schema id", Box::new(|v| [&[0, 0x7f, 0, 0, 1], &v[5..]].concat())),
        ("another schema", {
            let id = header(avro.other_id);
            Box::new(move |v| [&id, &v[5..]].concat())
        }),
        ("the other topic's schema", {
            let id = header(avro.swapped_id);
            Box::new(move |v| [&id, &v[5..]].concat())
        }),
        (
            "bad UTF-8 in an id",
            Box::new(|v| {
                let at = v
                    .windows(11)
                    .position(|window| window == b"unreadable-")
                    .expect("the id is in the value");
                [&v[..at], b"unread\xff\xfe\xff\xfe\xff", &v[at + 11..]].concat()
            }),
        ),
    ];
    for (name, change) in changes {
        let c = contact();
        let value = change(frame(&c));
        all.push((c, unreadable(name, value)));
    }
    let c = contact();
    let value = bytes(&valid(kind, &c));
    all.push((c, unreadable("JSON", value)));
    all
}
