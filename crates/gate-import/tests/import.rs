//! What becomes of lists: plans, rows, problems by line, previews, rows that were not taken, resuming.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a test"
)]

use gate_codec::{Encoding, encode_consent};
use gate_core::Timestamp;
use gate_import::{
    Digest, Flags, Import, ImportError, ImportId, Plan, PlanSpec, Preview, Resume, Rows, Summary,
};
use serde_json::Value;

const NOW: i64 = 1_796_000_000_000_000; // 2026-11-30

const PLAN: &str = "
controller: acme-ltd
brand: acme
zone: UTC
contact_id: id
email: mail
phone: phone
statement:
  action: {column: status, values: {in: opt_in, out: opt_out, \"\": skip}}
  channel: email
  purpose: {column: list, values: {news: marketing.newsletter}}
  occurred_at: {column: when}
  evidence: {method: {column: method}, notice_version: \"7\"}
";

fn plan(text: &str) -> Plan {
    Plan::from_yaml(text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Each row as `line: actions / problems`.
fn told(plan: &Plan, bytes: &[u8]) -> Vec<String> {
    let mut rows = Rows::preview(bytes, plan, Timestamp::from_micros(NOW)).unwrap();
    let mut told = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let changes: Vec<&str> = row.changes.iter().map(|it| it.action.as_str()).collect();
        let problems: Vec<String> = row
            .problems
            .iter()
            .map(|it| match &it.column {
                Some(column) => format!("{}@{column}", it.kind.as_str()),
                None => it.kind.as_str().to_owned(),
            })
            .collect();
        told.push(format!("{}: {} / {}", row.line, changes.join(" "), problems.join(" ")));
    }
    told
}

fn records(plan: &Plan, bytes: &[u8], import: &Import) -> Vec<Value> {
    let mut rows = Rows::apply(bytes, plan, import).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        for change in &row.changes {
            let json = encode_consent(&change.record, Encoding::Json).unwrap();
            all.push(serde_json::from_slice(&json).unwrap());
        }
    }
    all
}

fn summary(plan: &Plan, bytes: &[u8]) -> Summary {
    let mut rows = Rows::preview(bytes, plan, Timestamp::from_micros(NOW)).unwrap();
    let mut preview = Preview::default();
    while let Some(row) = rows.next().unwrap() {
        preview.add(&row);
    }
    preview.summary()
}

fn import(plan: &Plan) -> Import {
    let id = ImportId::new("crm").unwrap();
    Import { id, file: Digest([7; 32]), plan: plan.fingerprint(), begun_at_micros: NOW }
}

fn shape(plan: &str, bytes: &[u8]) -> String {
    let plan = self::plan(plan);
    match Rows::preview(bytes, &plan, Timestamp::from_micros(NOW)) {
        Ok(_) => "it opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn rows_become_records() {
    let plan = plan(PLAN);
    let file = b"id,mail,phone,status,list,when,method\n\
        1,ana@example.net,,in,news,2026-03-02 10:00:00,web_form\n\
        2,ben@example.net,,OUT,news,2026-03-02,\n";
    let records = records(&plan, file, &import(&plan));
    let id = records[0]["event_id"].as_str().unwrap();
    assert!(id.starts_with("import:crm:") && id.ends_with(":2"), "{id}");
    assert_eq!(
        records[0],
        serde_json::json!({
            "event_id": id, "occurred_at": "2026-03-02T10:00:00Z", "action": "opt_in", "contact_id": "1",
            "address": "ana@example.net", "channel": "email", "purpose": "marketing.newsletter",
            "controller": "acme-ltd", "brand": "acme", "evidence": {"method": "web_form", "notice_version": "7"},
            "source": "import", "via": "import crm"
        })
    );
    // a day without a time: a refusal counts from its end
    assert_eq!(records[1]["occurred_at"], "2026-03-02T23:59:59.999999Z");
    assert_eq!(records[1]["action"], "opt_out");
}

#[test]
fn bad_rows_stop_no_other() {
    let plan = plan(PLAN);
    let file = "id,mail,phone,status,list,when,method\n\
        1,ana@example.net,,in,news,2026-03-02T10:00:00Z,web\n\
        2,ana,,in,news,2026-03-02T10:00:00Z,web\n\
        3,ben@example.net,,perhaps,news,2026-03-02T10:00:00Z,web\n\
        4,ben@example.net,,in,news,2026-03-02T10:00:00Z,\n\
        5,ben@example.net,,out,other,2026-03-02T10:00:00Z,\n\
        6,ben@example.net,,in,other,2026-03-02T10:00:00Z,web\n\
        7,ben@example.net,,in,news,2027-03-02T10:00:00Z,web\n\
        8,ben@example.net,,out,news,gestern,web\n\
        9,ben@example.net,,in,news,,web\n\
        10,ben@example.net,,,,,\n\
        ,,,out,news,2026-03-02T10:00:00Z,\n\
        11,,,out,news,2026-03-02T10:00:00Z,\n\
        12,,,in,news,2026-03-02T10:00:00Z,web\n\
        13,eva,,out,news,2026-03-02T10:00:00Z,\n\
        14,eva@example.net,,out\n\
        15,eva@exa\u{fffd}mple.net,,out,news,2026-03-02T10:00:00Z,\n\
        16,eva@example.net,,in,news,2026-03-02T10:00:00Z,web\n";
    assert_eq!(
        told(&plan, file.as_bytes()),
        [
            "2: opt_in / ",
            "3:  / invalid_address@mail",
            "4:  / unknown_action@status",
            "5:  / no_evidence@evidence.method",
            "6: opt_out / ",
            "7:  / unknown_purpose@list",
            "8:  / future@occurred_at",
            "9:  / bad_time@when",
            "10:  / no_time@when",
            "11:  / ",
            "12:  / nobody",
            "13: opt_out / ",
            "14:  / no_address",
            "15: opt_out / invalid_address@mail",
            "16:  / field_count",
            "17:  / bad_encoding@mail",
            "18: opt_in / ",
        ]
    );
    let summary = summary(&plan, file.as_bytes());
    // 9, 12, 15 and 17 are refusals; 4 and 16 may be
    assert_eq!((summary.n_refusals_lost, summary.n_refusals_perhaps_lost), (4, 2));
    assert_eq!((summary.n_rows, summary.n_rows_taken, summary.n_rows_refused), (17, 5, 12));
    assert_eq!((summary.n_widened, summary.n_skipped), (1, 1));
    assert_eq!(summary.objections().len(), 2);
    assert!(summary.objections()[0].starts_with("4 refusals could not be read"));
}

#[test]
fn lines_are_those_of_an_editor() {
    let plan = plan(PLAN);
    let header = "id,mail,phone,status,list,when,method,note";
    let rows = [
        "1,\"ana@example.net\",,in,news,2026-03-02T10:00:00Z,web,\"a\r\nnote\"",
        "",
        "2,ben,,in,news,2026-03-02T10:00:00Z,web,",
    ];
    for (mark, end) in [("", "\n"), ("\u{feff}", "\r\n"), ("", "\r\n")] {
        let file = format!("{mark}{header}{end}{}{end}", rows.join(end));
        let told = told(&plan, file.as_bytes());
        assert_eq!(told, ["2: opt_in / ", "5:  / invalid_address@mail"], "{end:?}");
    }
    let header = header.replace(',', ";");
    let file =
        format!("{header}\r1;ana@example.net;;in;news;2026-03-02T10:00:00Z;web;\r2;b;;out;news;;;");
    assert_eq!(told(&plan, file.as_bytes()), ["2: opt_in / ", "3:  / no_time@when"]);
}

#[test]
fn an_open_quote_swallows_one_line() {
    let plan = plan(PLAN);
    let good = |n: u32| format!("{n},p{n}@example.net,,out,news,2026-03-02T10:00:00Z,\n");
    let header = "id,mail,phone,status,list,when,method\n";
    // never closed
    let mut file = format!("{header}{}2,\"ben@example.net,,out,news\n", good(1));
    (3..6).for_each(|n| file.push_str(&good(n)));
    let expected =
        ["2: opt_out / ", "3:  / open_quote", "4: opt_out / ", "5: opt_out / ", "6: opt_out / "];
    assert_eq!(told(&plan, file.as_bytes()), expected);
    // closed by the next quoted value
    let quoted = "5,\"e@example.net\",,out,news,2026-03-02T10:00:00Z,\n";
    let granted = "4,d@example.net,,in,news,2026-03-02T10:00:00Z,web\n";
    let file = format!("{header}1,\"a@example.net,,out\n{}{granted}{quoted}{}", good(3), good(6));
    assert_eq!(
        told(&plan, file.as_bytes()),
        ["2:  / open_quote", "3: opt_out / ", "4:  / in_doubt", "5: opt_out / ", "6: opt_out / "]
    );
    // in a column that nobody reads, so that all counts are right
    let noted = "id,mail,phone,status,list,when,method,note\n";
    let note = |n: u32, note: &str| {
        format!("{n},p{n}@example.net,,out,news,2026-03-02T10:00:00Z,,{note}\n")
    };
    let rows = [
        note(1, "\"hello"),
        note(2, ""),
        note(3, ""),
        note(4, "\"bye\""),
        note(5, "\"two\nlines\""),
    ];
    let file = format!("{noted}{}", rows.concat());
    assert_eq!(
        told(&plan, file.as_bytes()),
        ["2:  / open_quote", "3: opt_out / ", "4: opt_out / ", "5: opt_out / ", "6: opt_out / "]
    );
    // at the end of a file, without a line end
    let last = format!("{noted}{}", note(5, "\"two\nlines\""));
    assert_eq!(told(&plan, last.trim_end().as_bytes()), ["2: opt_out / "]);
    let last = format!("{noted}{}{}", note(5, "\"two"), note(6, "\"three\""));
    assert_eq!(told(&plan, last.trim_end().as_bytes()), ["2:  / open_quote", "3: opt_out / "]);
    // and a whole file after it
    let mut file = format!("{header}1,\"a@example.net,,out\n");
    (0..5_000).for_each(|n| file.push_str(&good(n)));
    let summary = summary(&plan, file.as_bytes());
    assert_eq!(
        (summary.n_rows, summary.n_changes, summary.n_refusals_perhaps_lost),
        (5_001, 5_000, 1)
    );
}

#[test]
fn a_row_that_is_too_long_is_passed_over() {
    let plan = plan(PLAN);
    let long = "x".repeat(700_000);
    for row in [format!("1,{long},,out,news,,"), format!("1,\"{long}\",,out,news,,")] {
        let good = "2,b@example.net,,out,news,2026-03-02T10:00:00Z,";
        let file = format!("id,mail,phone,status,list,when,method\n{good}\n{row}\n{good}\n");
        assert_eq!(
            told(&plan, file.as_bytes()),
            ["2: opt_out / ", "3:  / too_long", "4: opt_out / "]
        );
    }
}

#[test]
fn addresses_by_channel() {
    let plan = plan(
        "
controller: acme-ltd
as_of: 2026-11-01T00:00:00Z
region: GB
contact_id: {column: id, prefix: crm-}
email: mail
phone: phone
statement:
  action: opt_out
  channel: {column: channel, values: {mail: email, text: sms, \"\": any}}
",
    );
    let file = b"id,mail,phone,channel\n\
        1,a@example.net,07700 900001,mail\n\
        2,a@example.net,07700 900001,text\n\
        3,a@example.net,07700 900001,\n\
        4,a@example.net,07700 900001,pigeon\n\
        5,a@example.net,,text\n\
        ,a@example.net,,text\n";
    let records = records(&plan, file, &import(&plan));
    let told: Vec<String> = records
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", text("contact_id"), text("address"), text("channel"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "crm-1 a@example.net email",
            "crm-2 07700 900001 sms",
            "crm-3 a@example.net any",
            "crm-3 07700 900001 any",
            // of a refusal, a channel that nobody knows is every channel
            "crm-4 a@example.net -",
            "crm-4 07700 900001 -",
            "crm-5 - sms",
            "- a@example.net sms",
        ]
    );
    let ids: std::collections::BTreeSet<&str> =
        records.iter().map(|it| it["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), records.len());
    assert_eq!(summary(&plan, file).n_widened, 2);
}

#[test]
fn lists_and_objects() {
    let list = plan(
        "{preset: suppression-list, as_of: 2026-11-01T00:00:00Z, controller: acme-ltd, region: GB}",
    );
    let file =
        "ana@example.net\n\n+44 7700 900001\n07700 900002\nnobody\n\"Ben, B.\" <ben@example.net>";
    let expected = [
        "1: opt_out / ",
        "3: opt_out / ",
        "4: opt_out / ",
        "5:  / invalid_address@address",
        "6: opt_out / ",
    ];
    assert_eq!(told(&list, file.as_bytes()), expected);
    let objects = plan(
        "
preset: hubspot-statuses
controller: acme-ltd
brand: acme
statement: {purpose: marketing.newsletter, evidence: {method: hubspot, notice_version: '2'}}
",
    );
    let file = r#"{"subscriberIdString": "a@example.net", "channel": "EMAIL", "status": "SUBSCRIBED", "timestamp": "2026-03-02T10:00:00Z"}
{"subscriberIdString": "a@example.net", "channel": "EMAIL", "status": "UNSUBSCRIBED", "timestamp": "2026-03-02T10:00:00Z"}
{"subscriberIdString": "b@example.net", "channel": "FAX", "status": "UNSUBSCRIBED", "timestamp": "2026-03-02T10:00:00Z"}
{"subscriberIdString": "b@example.net", "channel": "FAX", "status": "SUBSCRIBED", "timestamp": "2026-03-02T10:00:00Z"}
{"subscriberIdString": "b@example.net", "channel": "EMAIL", "status": "NOT_SPECIFIED"}
{"subscriberIdString": ["b@example.net"], "channel": "EMAIL", "status": "UNSUBSCRIBED", "timestamp": "2026-03-02T10:00:00Z"}
no object
"#;
    assert_eq!(
        told(&objects, file.as_bytes()),
        [
            "1: opt_in / ",
            "2: opt_out / ",
            "3: opt_out / ",
            "4:  / unknown_channel@channel",
            "5:  / ",
            "6:  / not_a_value@subscriberIdString",
            "7:  / not_an_object",
        ]
    );
}

#[test]
fn every_preset_is_a_plan() {
    for name in gate_import::PRESETS {
        let text = format!(
            "{{preset: {name}, controller: a, brand: a, as_of: 2026-11-01T00:00:00Z,
              statement: {{purpose: marketing, evidence: {{method: m, notice_version: v}}}}}}"
        );
        plan(&text);
    }
}

#[test]
fn a_mapping_reads_rows() {
    let text = "
format: json
record: consent_change
fields:
  event_id: $.id
  occurred_at: $.when
  action: {path: $.status, values: {in: opt_in, out: opt_out}}
  contact_id: {join: [crm-, $.id]}
  address: $.mail
  channel: {constant: email}
  purpose: {constant: marketing.newsletter}
  evidence.method: $.method
  evidence.notice_version: {constant: '7'}
";
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    let given = gate_mapping::Given { file: "m.yaml", files: &|_| None, zones: &zones };
    let mapping = gate_mapping::compile(text, &given).unwrap();
    let spec = PlanSpec::from_yaml("{controller: acme-ltd, brand: acme}").unwrap();
    let plan = Plan::with_mapping(spec, mapping, text).unwrap();
    let table = b"id;mail;status;when;method\n\
        1;a@example.net;in;2026-03-02T10:00:00Z;web\n\
        2;b@example.net;in;2026-03-02T10:00:00Z;\n\
        3;\"c@exam\"\"ple.net\";out;2026-03-02T10:00:00Z;\n\
        4;d@example.net;off;2026-03-02T10:00:00Z;web\n";
    assert_eq!(
        told(&plan, table),
        [
            "2: opt_in / ",
            "3:  / no_evidence@evidence.method",
            "4: opt_out / invalid_address@address",
            "5:  / unknown_action@action"
        ]
    );
    let object =
        br#"{"id": 1, "mail": "a@example.net", "status": "out", "when": "2026-03-02T10:00:00Z"}"#;
    assert_eq!(told(&plan, object), ["1: opt_out / "]);
    let records = records(&plan, object, &import(&plan));
    assert!(records[0]["event_id"].as_str().unwrap().starts_with("import:crm:"));
    assert_eq!(records[0]["controller"], "acme-ltd");
}

#[test]
fn files_that_do_not_fit() {
    let good = PLAN.replace("phone: phone\n", "");
    for (file, part) in [
        (&b""[..], "empty"),
        (b" \n\n", "empty"),
        (b"id,mail,status,lst,when,method\n", "no column `list` (is it `lst`?)"),
        (b"id,mail,mail,status,list,when,method\n", "`mail` stands twice"),
        (b"1,ana@example.net,in,news,2026-03-02,web\n", "looks like a row"),
        (b"[{\"id\": 1}]", "JSON array"),
        (b"id;mail,status\n", "name `delimiter`"),
        (b"i\0d\0", "UTF-16"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\"id,mail", "header cannot be read"),
    ] {
        let error = shape(&good, file);
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(shape(&good, b"sep=|\nId|MAIL|status|list|when|method|more\n"), "it opened");
    assert_eq!(
        shape(
            &format!("skip_lines: 1\n{good}"),
            b"Report of May\nid,mail,status,list,when,method\n"
        ),
        "it opened"
    );
}

#[test]
fn columns_that_are_not_read_are_told() {
    let plan = plan(PLAN);
    let file = b"id,mail,phone,status,list,when,method,opted_out,note,note\n";
    let rows = Rows::preview(&file[..], &plan, Timestamp::from_micros(NOW)).unwrap();
    assert_eq!(rows.unused_columns(), ["opted_out", "note", "note"]);
    assert_eq!(rows.repeated_columns(), ["note"]);
}

#[test]
fn plans_that_would_permit_nothing_are_refused() {
    let refused = |text: &str| -> Vec<String> {
        Plan::from_yaml(text).unwrap_err().into_iter().map(|problem| problem.key).collect()
    };
    assert_eq!(
        refused("{email: mail, statement: {action: opt_in}}"),
        [
            "statement.channel",
            "statement.purpose",
            "controller",
            "brand",
            "statement.evidence.method",
            "statement.evidence.notice_version",
            "statement.occurred_at"
        ]
    );
    assert_eq!(refused("{email: mail, statement: {action: opt_out}}"), ["as_of"]);
    assert_eq!(refused("{as_of: 2026-11-01T00:00:00Z, statement: {action: opt_out}}"), ["email"]);
    for action in
        ["erase", "unsuppress", "sent", "profile", "inbound_sms", "address_changed", "subscribe"]
    {
        let text = format!(
            "{{email: mail, as_of: 2026-11-01T00:00:00Z, statement: {{action: {action}}}}}"
        );
        assert_eq!(refused(&text), ["statement.action"], "{action}");
        let text = format!(
            "{{email: mail, statement: {{action: {{column: a, values: {{x: {action}}}}}}}}}"
        );
        assert_eq!(refused(&text), ["statement.action.values"], "{action}");
    }
    assert_eq!(refused("{email: mail, colour: red}"), ["plan"]);
    let error = Plan::from_yaml("{statement: {evidence: {notice_version: 1.10}}}").unwrap_err();
    assert!(error[0].reason.contains("quotation marks"), "{error:?}");
    plan(
        "{email: m, as_of: 2026-11-01T00:00:00Z, statement: {action: {column: a, values: {1: opt_out, true: skip, no: skip}}}}",
    );
    assert_eq!(refused("{preset: excel}"), ["preset"]);
    let text = "{email: mail, zone: Mars/Base, encoding: klingon, delimiter: x, as_of: soon, statement: {action: opt_out, channel: fax}}";
    assert_eq!(refused(text), ["zone", "statement.channel", "as_of", "delimiter", "encoding"]);
    let text = "{email: mail, as_of: 2026-11-01T00:00:00Z, statement: {action: opt_out, occurred_at: {column: t, time: '%d.%m.%Y'}}}";
    assert_eq!(refused(text), ["statement.occurred_at"]);
}

#[test]
fn flags_are_a_plan() {
    let text = |text: &str| Some(text.to_owned());
    let flags = Flags {
        controller: text("acme-ltd"),
        brand: text("acme"),
        email: text("mail"),
        action_column: text("status"),
        action_values: vec!["a=b=opt_in".into(), "in=opt_in".into(), "out=opt_out".into()],
        channel: text("email"),
        purpose: text("marketing"),
        time_column: text("when"),
        zone: text("UTC"),
        evidence: vec![
            "method=web_form".into(),
            "notice_version=3".into(),
            "source=https://x.example/?a=b".into(),
        ],
        ..Flags::default()
    };
    let spec = flags.clone().over(PlanSpec::default()).unwrap();
    let file = b"mail,status,when\na@example.net,in,2026-03-02 10:00\n";
    let plan = Plan::new(spec).unwrap();
    assert_eq!(told(&plan, file), ["2: opt_in / "]);
    assert_eq!(
        records(&plan, file, &import(&plan))[0]["evidence"]["source"],
        "https://x.example/?a=b"
    );
    // over a preset, and over a file
    let flags = Flags {
        preset: text("mailchimp-subscribed"),
        controller: text("acme-ltd"),
        brand: text("acme"),
        purpose: text("marketing"),
        evidence: vec!["method=web_form".into(), "notice_version=3".into()],
        ..Flags::default()
    };
    let plan = Plan::new(flags.over(PlanSpec::default()).unwrap()).unwrap();
    let file = b"Email Address,CONFIRM_TIME\na@example.net,2026-03-02 10:00:00\n";
    assert_eq!(told(&plan, file), ["2: opt_in / "]);
    let wrong = Flags {
        format: text("xls"),
        action: text("opt_out"),
        action_column: text("status"),
        channel_values: vec!["x=email".into()],
        time_format: text("iso"),
        evidence: vec!["method".into()],
        ..Flags::default()
    };
    let keys: Vec<String> =
        wrong.over(PlanSpec::default()).unwrap_err().into_iter().map(|it| it.key).collect();
    assert_eq!(keys, ["format", "time-format", "action", "channel", "evidence"]);
}

#[test]
fn the_file_of_rows_not_taken_can_be_mended_and_imported() {
    let plan = plan(PLAN);
    let file = "id,mail,phone,status,list,when,method\n\
        1,ana@example.net,,in,news,2026-03-02T10:00:00Z,web\n\
        2,\"a \"\"b\"\"\",,in,news,2026-03-02T10:00:00Z,web\n\
        3,b,\n";
    let mut rows = Rows::preview(file.as_bytes(), &plan, Timestamp::from_micros(NOW)).unwrap();
    let mut out = rows.error_header();
    while let Some(row) = rows.next().unwrap() {
        row.write_error(&mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].ends_with("\"import_line\",\"import_problem\",\"import_fix\""));
    assert!(lines[1].starts_with("\"2\",\"a \"\"b\"\"\",\"\",\"in\""), "{}", lines[1]);
    assert!(lines[1].contains(",3,\"invalid_address: mail: "));
    assert!(lines[2].starts_with("\"3,b,\",,,,,,,4,\"field_count: "), "{}", lines[2]);
    let mended = text.replace("a \"\"b\"\"", "b@example.net");
    // the second is still broken: its status is blank, which says nothing by this plan
    assert_eq!(told(&plan, mended.as_bytes()), ["2: opt_in / ", "3:  / "]);
}

#[test]
fn rows_of_json_not_taken() {
    let plan = plan(
        "{format: ndjson, email: mail, controller: a, as_of: 2026-11-01T00:00:00Z, statement: {action: opt_out}}",
    );
    let file = "{\"mail\": \"x\", \"n\": 1}\n{broken\n";
    let mut rows = Rows::preview(file.as_bytes(), &plan, Timestamp::from_micros(NOW)).unwrap();
    let mut out = rows.error_header();
    while let Some(row) = rows.next().unwrap() {
        row.write_error(&mut out);
    }
    let lines: Vec<Value> = out
        .split(|byte| *byte == b'\n')
        .filter(|it| !it.is_empty())
        .map(|it| serde_json::from_slice(it).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["mail"], &lines[0]["n"], &lines[0]["import_line"]),
        (&"x".into(), &1.into(), &1.into())
    );
    assert_eq!((&lines[1]["import_row"], &lines[1]["import_line"]), (&"{broken".into(), &2.into()));
}

#[test]
fn what_is_interrupted_goes_on() {
    let plan = plan(PLAN);
    let mut file = String::from("id,mail,phone,status,list,when,method,note\n");
    for n in 0..2_000 {
        let note = if n % 3 == 0 { "\"a\r\nb\"" } else { "" };
        file.push_str(&format!("{n},p{n}@example.net,,out,news,2026-03-02T10:00:00Z,,{note}\n"));
    }
    let import = import(&plan);
    let whole = records(&plan, file.as_bytes(), &import);
    assert_eq!(whole.len(), 2_000);
    for stop in [0, 1, 7, 1_000, 2_000] {
        let mut done = Vec::new();
        let mut state = Resume::begin(import.clone());
        {
            let mut rows = Rows::resume(file.as_bytes(), &plan, &state).unwrap();
            for _ in 0..stop {
                let row = rows.next().unwrap().unwrap();
                done.extend(
                    row.changes.iter().map(|it| it.record.event_id.clone().unwrap().into_owned()),
                );
            }
            if stop > 0 {
                state = rows.resume_state(&import);
            }
        }
        // one that was undone is not gone on with, also when that was written down
        let mut undone = state.clone();
        undone.is_undone = true;
        let undone: Resume =
            serde_json::from_str(&serde_json::to_string(&undone).unwrap()).unwrap();
        let refused = Rows::resume(file.as_bytes(), &plan, &undone).err().unwrap().to_string();
        assert!(refused.contains("was undone") && refused.contains("under another"), "{refused}");
        // written down and read again
        let state: Resume = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
        let mut rows = Rows::resume(file.as_bytes(), &plan, &state).unwrap();
        while let Some(row) = rows.next().unwrap() {
            done.extend(
                row.changes.iter().map(|it| it.record.event_id.clone().unwrap().into_owned()),
            );
        }
        assert_eq!(rows.n_rows(), 2_000);
        let ids: Vec<&str> = whole.iter().map(|it| it["event_id"].as_str().unwrap()).collect();
        assert_eq!(done, ids, "{stop}");
        // of another file, or by another plan
        if stop == 2_000 {
            let short = &file.as_bytes()[..100];
            assert!(matches!(Rows::resume(short, &plan, &state), Err(ImportError::Other(_))));
            let other = Plan::from_yaml(&PLAN.replace("\"7\"", "\"8\"")).unwrap();
            assert!(matches!(
                Rows::resume(file.as_bytes(), &other, &state),
                Err(ImportError::Other(_))
            ));
        }
    }
}

#[test]
fn people_in_and_out() {
    let plan = plan(PLAN);
    let row = |mail: &str, status: &str, day: u32| {
        format!("1,{mail},,{status},news,2026-03-{day:02}T10:00:00Z,web\n")
    };
    let file = [
        "id,mail,phone,status,list,when,method\n".to_owned(),
        row("a@example.net", "in", 1),
        row("A@Example.net", "out", 2),
        row("b@example.net", "out", 1),
        row("b@example.net", "in", 2),
        row("c@example.net", "in", 1),
        row("c@example.net", "out", 1),
        row("d@example.net", "in", 1),
        row("d@example.net", "in", 1),
    ]
    .concat();
    let found = summary(&plan, file.as_bytes());
    let conflicts = found.conflicts;
    assert_eq!((conflicts.n_people, conflicts.n_refused, conflicts.n_granted), (3, 2, 1));
    assert_eq!((found.n_repeated, found.n_not_looked_for), (1, 0));
    assert_eq!(
        found.changes.iter().map(|it| (it.action, it.n)).collect::<Vec<_>>(),
        [("opt_in", 5), ("opt_out", 3)]
    );
    // with room for one person
    let mut rows = Rows::preview(file.as_bytes(), &plan, Timestamp::from_micros(NOW)).unwrap();
    let mut preview = Preview::with_people_max(1);
    while let Some(row) = rows.next().unwrap() {
        preview.add(&row);
    }
    let found = preview.summary();
    assert_eq!((found.conflicts.n_people, found.n_not_looked_for), (1, 6));
}

#[test]
fn nothing_shows_a_value() {
    let plan = plan(PLAN);
    let file = b"id,mail,phone,status,list,when,method\n\
        secret-id,secret-mail,,in,news,secret-time,web\n\
        secret-id,secret@example.net,,out,news,2026-03-02T10:00:00Z,\n\
        secret-id,secret@example.net,,secret-word,news,2026-03-02T10:00:00Z,\n\
        \"secret\n";
    let mut rows = Rows::preview(&file[..], &plan, Timestamp::from_micros(NOW)).unwrap();
    let mut preview = Preview::default();
    let mut shown = String::new();
    while let Some(row) = rows.next().unwrap() {
        preview.add(&row);
        shown.push_str(&format!("{row:?}"));
        row.problems.iter().for_each(|problem| shown.push_str(&problem.to_string()));
        row.changes.iter().for_each(|change| shown.push_str(&format!("{:?}", change.record)));
    }
    shown.push_str(&format!("{preview:?} {:?} {plan:?}", preview.summary()));
    assert!(shown.contains("unknown_action") && !shown.contains("secret"), "{shown}");
}

/// A list without a header has somebody's data where names of columns should be: no error and no list of columns shows it.
#[test]
fn a_first_row_is_never_shown() {
    let said = |first: &str| {
        let file = format!("{first}\n{first}\n");
        Rows::preview(file.as_bytes(), &plan(PLAN), Timestamp::from_micros(NOW)).err().unwrap()
    };
    for value in [
        "0151 2345678",
        "(0151) 23-45",
        "ana at@example",
        "DE89370400440532013000",
        "1980-05-17",
        "17.5.80",
        "17. Mai 1980",
        "May 7 1980",
        "4711",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}",
    ] {
        // `mai` is near to the plan's `mail`
        let error = said(&format!("Ana,Bauer,{value},mai"));
        assert!(matches!(error, ImportError::NoHeader), "{value}: {error}");
        let twice = format!("id,mail,phone,status,list,when,method,{value},Ana,Ana\n");
        match Rows::preview(twice.as_bytes(), &plan(PLAN), Timestamp::from_micros(NOW)) {
            Err(error) => assert!(matches!(error, ImportError::NoHeader), "{value}: {error}"),
            Ok(rows) => {
                assert_eq!(rows.unused_columns(), ["number 8", "number 9", "number 10"], "{value}");
                assert_eq!(rows.repeated_columns(), ["number 10"], "{value}");
            }
        }
    }
    // names with a few digits are names
    let error = said("id,mail2,phone1,status,list,when,method,consent 2024").to_string();
    assert!(error.contains("`mail` (is it `mail2`?)") && error.contains("consent 2024"), "{error}");
}
