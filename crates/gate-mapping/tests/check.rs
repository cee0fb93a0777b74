//! What `mapping check` says: a line, a reason, a fix for each mistake.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod common;

use common::{check, consent};

const ACTION: &str = "  action: {path: $.a, values: {OUT: opt_out}}\n";

/// The only problem of a mapping: its line and both texts.
fn problem(text: &str) -> (usize, String) {
    problem_with(text, &|_| None)
}

fn problem_with(text: &str, files: &dyn Fn(&str) -> Option<Vec<u8>>) -> (usize, String) {
    let problems = check(text, files).map(|_| ()).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}\n{text}");
    (problems[0].line, format!("{} | {}", problems[0].reason, problems[0].fix))
}

#[test]
fn a_sound_mapping_has_no_problem() {
    check(&consent(ACTION), &|_| None).unwrap();
    check(common::MESSAGE, &|_| None).unwrap();
}

#[test]
fn mistakes_in_fields() {
    for (fields, line, says) in [
        ("  action: $.a\n", 7, "takes only values of ours"),
        ("  action: {path: $.a, values: {OUT: opt_uot}}\n", 7, "did you mean `opt_out`?"),
        ("  action: {constant: opt_uot}\n", 7, "is no value of `action`"),
        (
            "  acton: {constant: opt_out}\n  action: {constant: opt_out}\n",
            7,
            "did you mean `action`?",
        ),
        ("  action: {constant: opt_out, lower: true}\n", 7, "changes a constant"),
        ("  action: opt_out\n", 7, "is no source"),
        ("  action: {pth: $.a, constant: opt_out}\n", 7, "did you mean `path`?"),
        (
            "  action: {path: $.a, values: {IN: opt_in}, otherwise: opt_in}\n",
            7,
            "may permit what nobody permitted",
        ),
        (
            "  action: {path: $.a, values: {IN: opt_in}, default: opt_in}\n",
            7,
            "may permit what nobody permitted",
        ),
        (
            "  action: {path: $.a, values: {IN: opt_in}, default: relationship}\n",
            7,
            "only opt_out, object",
        ),
        (
            "  action: {first_of: [{path: $.a, values: {OUT: opt_out}}, {constant: opt_in}]}\n",
            7,
            "may permit",
        ),
        (
            "  action: {choose: [{when: {path: $.a, absent: true}, constant: opt_in}]}\n",
            7,
            "may permit",
        ),
        (
            "  action: {choose: [{when: {path: $.a, present: true}, constant: unsuppress}]}\n",
            7,
            "may permit",
        ),
        ("  action: {choose: [{constant: opt_in}]}\n", 7, "may permit"),
        ("  action: {join: [opt_, $.a]}\n", 7, "takes only values of ours"),
        ("  action: {first_of: [$.a, $.b]}\n", 7, "takes only values of ours"),
        (
            "  action: {constant: opt_out}\n  purpose: {path: $.p, default: marketing}\n",
            8,
            "narrow a refusal",
        ),
        (
            "  action: {constant: opt_out}\n  channel: {path: $.c, values: ours, default: email}\n",
            8,
            "narrow a refusal",
        ),
        (
            "  action: {constant: opt_out}\n  purpose: {constant: a..b}\n",
            8,
            "no value of `purpose`",
        ),
        (
            "  action: {constant: opt_in}\n  evidence.method: {path: $.m, default: form}\n",
            8,
            "may permit",
        ),
        (
            "  action: {constant: opt_out}\n  listed: {path: $.l, values: {Y: true}, otherwise: false}\n",
            8,
            "only `true`",
        ),
        (
            "  action: {constant: opt_out}\n  keep_suppression: {constant: nope}\n",
            8,
            "write `true` or `false`",
        ),
        (
            "  action: {constant: opt_out}\n  birth_date: {path: $.b, time: epoch_s}\n",
            8,
            "no way to write `birth_date`",
        ),
        (
            "  action: {constant: opt_out}\n  expires_at: {path: $.e, time: \"%Y\", zone: UTC}\n",
            8,
            "does not say year, month and day",
        ),
        (
            "  action: {constant: opt_out}\n  expires_at: {path: $.e, time: \"%Y-%m-%d %H:%M\"}\n",
            8,
            "in which zone",
        ),
        (
            "  action: {constant: opt_out}\n  expires_at: {path: $.e, time: \"%Y-%m-%d\", zone: Mars/Base}\n",
            8,
            "no time zone",
        ),
        (
            "  action: {constant: opt_out}\n  expires_at: {constant: \"2026-11-03T10:00:00Z\"}\n",
            8,
            "cannot be a fixed value",
        ),
        ("  action: {constant: opt_out}\n  source: \"@.x\"\n", 8, "`@` is the item of `each`"),
        ("  action: {constant: opt_out}\n  source: index\n", 8, "add `each: $.list`"),
        ("  action: {constant: opt_out}\n  source: $.a[*]\n", 8, "no number up to"),
        (
            "  action: {constant: opt_out}\n  source: {path: $.a, split: {by: \"\", take: first}}\n",
            8,
            "is no separator",
        ),
        ("  action: {constant: opt_out}\n  source: {path: $.a, constant: x}\n", 8, "more than one"),
        ("  action: {constant: opt_out}\n  source: {join: [a, b]}\n", 8, "joins fixed texts only"),
    ] {
        let (at, text) = problem(&consent(fields));
        assert_eq!(at, line, "{fields}{text}");
        assert!(text.contains(says), "{fields}{text}");
    }
}

#[test]
fn what_is_missing_or_has_no_place() {
    let (_, text) = problem(
        "format: json\nrecord: consent_change\nfields: {event_id: $.id, occurred_at: $.at, contact_id: $.who}\n",
    );
    assert!(text.contains("nothing gives `action`"), "{text}");
    let (line, text) = problem(&common::MESSAGE.replace("fields:", "each: $.recipients\nfields:"));
    assert_eq!(line, 4);
    assert!(text.contains("a message has one recipient"), "{text}");
    let (_, text) =
        problem(&common::MESSAGE.replace("fields:", "ignore: {path: $.x, equals: y}\nfields:"));
    assert!(text.contains("no message is ignored"), "{text}");
    let (_, text) =
        problem(&consent(ACTION).replace("fields:", "ignore: {path: $.x, absent: true}\nfields:"));
    assert!(text.contains("by what they do not say"), "{text}");
    for (text, says) in [
        ("format: xml\nrecord: consent_change\nfields: {}\n", "no format"),
        ("format: json\nrecord: consent\nfields: {}\n", "no record"),
        ("format: avro\nrecord: consent_change\nfields: {}\n", "has no `schema`"),
        ("", "must be a mapping"),
        ("a: [", "is not YAML"),
    ] {
        let problems = check(text, &|_| None).map(|_| ()).unwrap_err();
        assert!(problems.iter().any(|it| it.reason.contains(says)), "{text}: {problems:?}");
    }
}

const AVSC: &str = r#"{"type":"record","name":"C","fields":[
 {"name":"id","type":"string"},
 {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
 {"name":"who","type":["null","string"],"default":null},
 {"name":"n","type":"long"},
 {"name":"ok","type":"boolean"},
 {"name":"status","type":{"type":"enum","name":"S","symbols":["IN","OUT","GONE"]}},
 {"name":"raw","type":"bytes"},
 {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"x","type":"string"}]}}
]}"#;

fn avro(fields: &str) -> String {
    format!(
        "format: avro\nschema: c.avsc\nrecord: consent_change\nfields:\n  event_id: $.id\n  occurred_at: $.at\n  contact_id: $.who\n{fields}"
    )
}

#[test]
fn an_avro_schema_is_looked_at() {
    let files = |name: &str| (name == "c.avsc").then(|| AVSC.as_bytes().to_vec());
    let all = "  action: {path: $.status, values: {IN: opt_in, OUT: opt_out, GONE: object}}\n";
    check(&avro(all), &files).unwrap();
    check(&avro("  action: {path: $.status, values: {IN: opt_in}, otherwise: opt_out}\n"), &files)
        .unwrap();
    for (fields, says) in [
        (
            "  action: {path: $.status, values: {IN: opt_in, OUT: opt_out}}\n",
            "the schema's value `GONE` has no row",
        ),
        (
            "  action: {path: $.status, values: {IN: opt_in, OTU: opt_out}, otherwise: object}\n",
            "did you mean `OUT`?",
        ),
        ("  action: {path: $.status, values: ours}\n", "no name of ours"),
        ("  action: {path: $.stauts, values: {OUT: opt_out}}\n", "did you mean `status`?"),
        ("  action: {constant: opt_out}\n  purpose: $.inner\n", "this is an object"),
        ("  action: {constant: opt_out}\n  purpose: $.raw\n", "this is bytes"),
        ("  action: {constant: opt_out}\n  purpose: $.n\n", "add `digits: true`"),
        ("  action: {constant: opt_out}\n  expires_at: $.n\n", "a number does not say its unit"),
        (
            "  action: {constant: opt_out}\n  expires_at: {path: $.at, time: epoch_s}\n",
            "the schema says another unit",
        ),
        ("  action: {constant: opt_out}\n  listed: $.n\n", "add `values:"),
        (
            "  action: {constant: opt_out}\n  purpose: $.id.x\n",
            "there is a text where `.x` is looked for",
        ),
        (
            "  action: {constant: opt_out}\n  purpose: $.inner[0]\n",
            "there is an object where `[0]`",
        ),
        (
            "  action: {choose: [{when: {path: $.status, in: [GON]}, constant: opt_out}]}\n",
            "did you mean `GONE`?",
        ),
    ] {
        let problems = check(&avro(fields), &files).map(|_| ()).unwrap_err();
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(text.contains(says), "{fields}{text}");
    }
    assert!(problem_with(&avro(all), &|_| None).1.contains("cannot be read"));
    assert!(problem_with(&avro(all), &|_| Some(b"{}".to_vec())).1.contains("no Avro schema"));
}

#[test]
fn a_json_schema_or_a_sample_is_looked_at() {
    let schema = r##"{"type":"object","properties":{"id":{"type":"string"},"at":{"type":"string"},"who":{"$ref":"#/$defs/w"},
      "s":{"enum":["A","B"]},"n":{"type":["integer","null"]}},"$defs":{"w":{"type":"string"}}}"##;
    let sample = r#"{"id":"1","at":"x","who":"ana","s":"A","n":3}"#;
    for (key, body) in [("schema", schema), ("sample", sample)] {
        let files = |_: &str| Some(body.as_bytes().to_vec());
        let of =
            |fields: &str| consent(fields).replace("record:", &format!("{key}: f.json\nrecord:"));
        check(&of("  action: {path: $.s, values: {A: opt_out, B: object}}\n"), &files).unwrap();
        let (line, text) =
            problem_with(&of("  action: {constant: opt_out}\n  purpose: $.nn\n"), &files);
        assert_eq!(line, 9);
        assert!(text.contains("the schema has no `nn` | did you mean"), "{text}");
        let (_, text) =
            problem_with(&of("  action: {constant: opt_out}\n  purpose: $.n\n"), &files);
        assert!(text.contains("whole number"), "{text}");
    }
}
