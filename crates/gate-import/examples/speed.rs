//! How fast lists are read: `cargo run --release -p gate-import --example speed`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints figures")]

use gate_codec::{Encoding, encode_consent};
use gate_core::Timestamp;
use gate_import::{Digest, Import, ImportId, Plan, Preview, Rows};
use std::fmt::Write as _;
use std::time::Instant;

const N: usize = 1_000_000;

const TABLE: &str = "
controller: acme-ltd
brand: acme
zone: Europe/Berlin
contact_id: id
email: mail
statement:
  action: {column: status, values: {subscribed: opt_in, unsubscribed: opt_out}}
  channel: email
  purpose: marketing.newsletter
  occurred_at: {column: when}
  evidence: {method: {column: method}, notice_version: \"7\"}
";

const LIST: &str = "
preset: suppression-list
as_of: 2026-11-01T00:00:00Z
controller: acme-ltd
statement: {channel: sms}
";

fn table(n: usize) -> String {
    let mut out = String::from("id,mail,status,when,method,note\n");
    for at in 0..n {
        let status = if at % 5 == 0 { "unsubscribed" } else { "subscribed" };
        let (month, day) = (1 + at % 9, 1 + at % 28);
        writeln!(
            out,
            "c-{at},person.{at}@example.net,{status},2026-0{month}-{day:02} 10:11:12,web_form,\"said \"\"hello\"\"\""
        )
        .unwrap();
    }
    out
}

fn objects(n: usize) -> String {
    let mut out = String::new();
    for at in 0..n {
        writeln!(
            out,
            r#"{{"id":"c-{at}","mail":"person.{at}@example.net","status":"subscribed","when":"2026-03-02T10:11:12Z","method":"web_form"}}"#
        )
        .unwrap();
    }
    out
}

fn numbers(n: usize) -> String {
    (0..n).fold(String::new(), |mut out, at| {
        writeln!(out, "+4477009{:05}", at % 100_000).unwrap();
        out
    })
}

fn run(name: &str, plan: &str, bytes: &[u8], n: usize) {
    let plan = Plan::from_yaml(plan).unwrap();
    let now = Timestamp::from_micros(1_796_000_000_000_000);
    let since = Instant::now();
    let mut rows = Rows::preview(bytes, &plan, now).unwrap();
    let mut preview = Preview::default();
    while let Some(row) = rows.next().unwrap() {
        preview.add(&row);
    }
    let file = rows.digest().unwrap();
    let looked = since.elapsed().as_secs_f64();
    let summary = preview.summary();
    assert_eq!((summary.n_rows_taken, summary.n_rows_refused), (n as u64, 0));
    let since = Instant::now();
    let import = import(&plan, file);
    let mut rows = Rows::apply(bytes, &plan, &import).unwrap();
    let mut n_bytes = 0;
    while let Some(row) = rows.next().unwrap() {
        for change in &row.changes {
            n_bytes += encode_consent(&change.record, Encoding::Json).unwrap().len();
        }
    }
    let written = since.elapsed().as_secs_f64();
    let rate = |seconds: f64| n as f64 / seconds / 1e3;
    println!(
        "{name:9} preview {:4.0} k rows/s, with JSON {:4.0} k rows/s ({n} rows, {} MB in, {} MB out)",
        rate(looked),
        rate(written),
        bytes.len() / 1_000_000,
        n_bytes / 1_000_000
    );
}

fn import(plan: &Plan, file: Digest) -> Import {
    let id = ImportId::new("speed").unwrap();
    Import { id, file, plan: plan.fingerprint(), begun_at_micros: 1_796_000_000_000_000 }
}

fn main() {
    run("table", TABLE, table(N).as_bytes(), N);
    run("objects", TABLE, objects(N).as_bytes(), N);
    run("numbers", LIST, numbers(N).as_bytes(), N);
}
