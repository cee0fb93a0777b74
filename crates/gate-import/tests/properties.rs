//! Whatever the bytes: nothing panics, every line is told, and good rows around a bad one are kept.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a test"
)]

use gate_core::Timestamp;
use gate_import::{Digest, Import, ImportError, ImportId, Plan, Preview, Resume, Row, Rows};
use proptest::prelude::*;

const NOW: i64 = 1_796_000_000_000_000;

const PLAN: &str = "
controller: acme-ltd
brand: acme
zone: Europe/Berlin
contact_id: id
email: mail
statement:
  action: {column: status, values: {in: opt_in, out: opt_out}}
  channel: email
  purpose: marketing
  occurred_at: {column: when}
  evidence: {method: m, notice_version: v}
";
const HEADER: &str = "id,mail,status,when,note";

/// Lines with a change, and lines with a problem.
fn read(plan: &Plan, bytes: &[u8]) -> Result<(Vec<u64>, Vec<u64>), ImportError> {
    let mut rows = Rows::preview(bytes, plan, Timestamp::from_micros(NOW))?;
    let mut preview = Preview::with_people_max(8);
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    let mut errors = rows.error_header();
    while let Some(row) = rows.next()? {
        preview.add(&row);
        row.write_error(&mut errors);
        if !row.changes.is_empty() {
            taken.push(row.line);
        }
        if !row.problems.is_empty() {
            refused.push(row.line);
        }
    }
    assert!(std::str::from_utf8(&errors).is_ok());
    let summary = preview.summary();
    assert_eq!(summary.n_rows, rows.n_rows());
    assert_eq!(summary.n_rows_taken, taken.len() as u64);
    Ok((taken, refused))
}

/// What up to `n` rows say, and where the import is then.
fn told(plan: &Plan, file: &[u8], from: &Resume, n: usize) -> (Vec<String>, Resume) {
    let mut rows = Rows::resume(file, plan, from).unwrap();
    let tell = |row: &Row<'_>| {
        let ids: Vec<_> = row.changes.iter().map(|it| it.record.event_id.as_deref()).collect();
        format!("{ids:?} {:?}", row.problems)
    };
    let mut all = Vec::new();
    while all.len() < n {
        let Some(row) = rows.next().unwrap() else { break };
        all.push(tell(&row));
    }
    (all, rows.resume_state(&from.import))
}

fn plans() -> impl Strategy<Value = Plan> {
    prop::sample::select(vec![
        PLAN.to_owned(),
        format!("format: ndjson{PLAN}"),
        format!("encoding: utf-16le{PLAN}"),
        format!("encoding: shift_jis{PLAN}"),
        "{preset: suppression-list, as_of: 2026-11-01T00:00:00Z}".to_owned(),
    ])
    .prop_map(|text| Plan::from_yaml(&text).unwrap())
}

/// What a table is made of, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"\""[..],
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b"\"\"",
        b"a@example.net",
        b"in",
        b"out",
        b"2026-03-02T10:00:00Z",
        b"1",
        b"\xff",
        b"\0",
        b" ",
        b";",
        b"{\"mail\":\"a@example.net\"}",
        b"\xef\xbb\xbf",
        b"out,2026-03-02,\n",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A row that is good, by its number.
fn good(n: usize) -> String {
    let status = if n.is_multiple_of(2) { "in" } else { "out" };
    format!("{n},p{n}@example.net,{status},2026-03-02T10:00:00Z,")
}

/// A row that is bad, or none, and what it looks like; it ends with its line.
fn bad() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "1,a@example.net,out".to_owned(),
        "1,a@example.net,out,2026-03-02,x,y".to_owned(),
        "1,nobody,in,2026-03-02,".to_owned(),
        "1,a@example.net,perhaps,2026-03-02,".to_owned(),
        "1,a@example.net,out,someday,".to_owned(),
        "1,\"a@example.net\"x\",out".to_owned(),
        format!("1,{},out,,", "x".repeat(300_000)),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes(plan in plans(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&plan, &bytes);
    }

    #[test]
    fn any_table(plan in plans(), is_headed in any::<bool>(), bytes in pieces()) {
        let header = if is_headed { format!("{HEADER}\n") } else { String::new() };
        let _ = read(&plan, &[header.as_bytes(), &bytes].concat());
    }

    /// Interrupted after any row, whatever the rows are, an import says the same things under the same ids.
    #[test]
    fn any_interruption(mut bytes in pieces(), stop in 0_usize..12) {
        let plan = Plan::from_yaml(PLAN).unwrap();
        // many of them are no text, and no file
        bytes.retain(|byte| *byte != 0);
        let file = [HEADER.as_bytes(), b"\n", &bytes].concat();
        let id = ImportId::new("any").unwrap();
        let import = Import { id, file: Digest([0; 32]), plan: plan.fingerprint(), begun_at_micros: NOW };
        let whole = told(&plan, &file, &Resume::begin(import.clone()), usize::MAX).0;
        let (mut parts, state) = told(&plan, &file, &Resume::begin(import), stop);
        let (rest, end) = told(&plan, &file, &state, usize::MAX);
        parts.extend(rest);
        prop_assert_eq!(&parts, &whole);
        prop_assert_eq!(end.n_rows, whole.len() as u64);
    }

    /// Each line stands for itself, whatever its end and its neighbours; also within values.
    #[test]
    fn good_rows_are_kept(
        rows in prop::collection::vec(prop_oneof![3 => Just(None), 1 => bad().prop_map(Some)], 1..12),
        notes in prop::collection::vec(prop::sample::select(vec!["", "\"two\nlines\"", "\"a \"\"word\"\", and more\"", "plain"]), 12),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        mark in prop::sample::select(vec!["", "\u{feff}"]),
    ) {
        let plan = Plan::from_yaml(PLAN).unwrap();
        let mut file = format!("{mark}{HEADER}{end}");
        let (mut taken, mut refused, mut line) = (Vec::new(), Vec::new(), 2);
        for (n, (row, note)) in rows.iter().zip(&notes).enumerate() {
            match row {
                None => {
                    file.push_str(&good(n));
                    file.push_str(note);
                    taken.push(line);
                    line += note.matches('\n').count() as u64;
                }
                Some(bad) => {
                    file.push_str(bad);
                    refused.push(line);
                }
            }
            file.push_str(end);
            line += 1;
        }
        // of a bad address a refusal still knows the contact
        let (found, not_taken) = read(&plan, file.as_bytes()).unwrap();
        prop_assert_eq!(found, taken);
        prop_assert_eq!(not_taken, refused);
    }

    /// An open quote costs its own line: every refusal after it is kept.
    #[test]
    fn refusals_after_an_open_quote_are_kept(n_before in 0_usize..4, n_after in 0_usize..6, close in 0_usize..6) {
        let plan = Plan::from_yaml(PLAN).unwrap();
        let refusal = |n: usize, note: &str| format!("{n},p{n}@example.net,out,2026-03-02T10:00:00Z,{note}\n");
        let mut file = format!("{HEADER}\n");
        (0..n_before).for_each(|n| file.push_str(&refusal(n, "")));
        file.push_str("9,\"p9@example.net,out,2026-03-02T10:00:00Z,\n");
        (0..n_after).for_each(|n| file.push_str(&refusal(n, if n == close { "\"quoted\"" } else { "" })));
        let line = n_before as u64 + 2;
        let expected: Vec<u64> = (2..line).chain(line + 1..=line + n_after as u64).collect();
        prop_assert_eq!(read(&plan, file.as_bytes()).unwrap(), (expected, vec![line]));
    }
}
