//! Exports as files.

use gate_core::Timestamp;
use gate_reconcile::{
    Columns, Entry, FileCounts, FileList, LINE_BYTES_MAX, ListProblem, Reason, Word,
};
use std::collections::BTreeMap;

fn read_in(
    file: &[u8],
    columns: &Columns,
    size: usize,
) -> Result<(Vec<Entry>, FileCounts), ListProblem> {
    let mut list = FileList::new("export.csv", columns.clone());
    let mut entries = Vec::new();
    for piece in file.chunks(size) {
        entries.extend(list.push(piece)?);
    }
    entries.extend(list.finish()?);
    Ok((entries, list.counts().clone()))
}

/// Reads a file in pieces of several sizes, which must not matter.
fn read(file: &[u8], columns: &Columns) -> Result<(Vec<Entry>, FileCounts), ListProblem> {
    let whole = read_in(file, columns, file.len().max(1));
    for size in [1, 2, 3, 7] {
        assert_eq!(read_in(file, columns, size), whole, "{size}");
    }
    whole
}

fn seconds(at: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(at * 1_000_000))
}

#[test]
fn usual_columns_are_found() {
    for file in [
        "email,created\nana@example.com,1443651141\nben@example.com,1443651154\n",
        "email,created\r\nana@example.com,1443651141\r\nben@example.com,1443651154",
        "\u{feff}Email;Created\n\"ana@example.com\";2015-09-30 22:12:21\nben@example.com;2015-09-30T22:12:34Z\n",
        "created_at\tE-Mail Address\nWed, 30 Sep 2015 22:12:21 GMT\tana@example.com\n1443651154000\tben@example.com",
    ] {
        let (entries, counts) = read(file.as_bytes(), &Columns::default()).unwrap();
        let expected = [
            Entry::new("ana@example.com", Reason::Unsubscribe, seconds(1_443_651_141)),
            Entry::new("ben@example.com", Reason::Unsubscribe, seconds(1_443_651_154)),
        ];
        assert_eq!(entries, expected, "{file}");
        assert_eq!((counts.n_entries, counts.n_problems), (2, 0));
    }
}

#[test]
fn named_columns_and_words() {
    let columns = Columns {
        address: Some("Who".to_owned()),
        kind: Some("why".to_owned()),
        at: Some("when".to_owned()),
        group: Some("list".to_owned()),
        smtp: Some("said".to_owned()),
        words: BTreeMap::from([("Cancelled".to_owned(), Word::NotListed)]),
        ..Columns::default()
    };
    let file = "who,why,when,list,said\n\
                a@example.com,Spam Report,2026-01-02,,\n\
                b@example.com,hard_bounce,,*,\"5.1.1 gone, for \"\"good\"\"\"\n\
                c@example.com,cancelled,,,\n\
                d@example.com,opt-in,,,\n\
                e@example.com,Frobnicated,never,1,\n\
                ,unsubscribe,,,\n\
                f@example.com,,,,\n";
    let (entries, counts) = read(file.as_bytes(), &columns).unwrap();
    let said: Vec<_> =
        entries.iter().map(|e| (e.address.as_ref(), e.reason, e.group.as_deref())).collect();
    assert_eq!(
        said,
        [
            ("a@example.com", Reason::Complaint, None),
            ("b@example.com", Reason::HardBounce, None),
            // a word nobody knows is a refusal, and of everything it could be
            ("e@example.com", Reason::Unsubscribe, Some("1")),
            ("f@example.com", Reason::Unsubscribe, None),
        ]
    );
    assert_eq!(entries[1].smtp.as_deref(), Some("5.1.1 gone, for \"good\""));
    assert_eq!((counts.n_skipped, counts.n_unknown_kinds, counts.n_unknown_times), (2, 1, 1));
    assert_eq!((counts.n_problems, counts.problems[0].line), (1, 7));
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_nobody() {
    let wrong = |file: &[u8], columns: &Columns| {
        let problem = read(file, columns).unwrap_err();
        assert!(!problem.to_string().contains("ana"), "{problem}");
        problem
    };
    let usual = Columns::default();
    wrong(b"", &usual);
    wrong(b"ana@example.com\nben@example.com\n", &usual);
    wrong(b"email,address\nana@example.com,x\n", &usual);
    wrong(b"email,reason\nana@example.com,bounce\n", &usual);
    wrong(
        b"email,email\nana@example.com,x\n",
        &Columns { address: Some("email".to_owned()), ..usual.clone() },
    );
    wrong(b"\xff\xfee\0m", &usual);
    let open =
        format!("email\n\"ana@example.com\n{}", "x@example.com\n".repeat(LINE_BYTES_MAX / 8));
    assert!(wrong(open.as_bytes(), &usual).fix.contains("quotation mark"));
    let (_, counts) = read(b"email\nan\xe9@example.com\nben@example.com\n", &usual).unwrap();
    assert_eq!((counts.n_entries, counts.n_problems), (1, 1));
}

/// A stray quotation mark swallows refusals up to the next one: whatever it swallowed, the whole file is refused.
#[test]
fn no_line_is_swallowed_by_a_stray_mark() {
    let columns = Columns {
        kind: Some("kind".to_owned()),
        smtp: Some("said".to_owned()),
        ..Columns::default()
    };
    let heading = "email,kind,created,said\n";
    for (line, rows) in [
        // to the end of the file: as one field, as the last of a line
        (2, "\"a@example.com,bounce,2026-01-02,x\nb@example.com,complaint,2026-01-02,x\n"),
        (2, "a@example.com,bounce,2026-01-02,\"550\nb@example.com,complaint,2026-01-02,x"),
        // up to the next one: too few fields, a break within an address, text behind the mark
        (2, "a@example.com,\"bounce,2026-01-02,x\nb@example.com,complaint,2026-01-02,\"\n"),
        (3, "a@example.com,,,\n\"b@example.com\nc@example.com\",bounce,2026-01-02,x\n"),
        (2, "a@example.com,,,\"550\nb@example.com,complaint,2026-01-02,\"550 no\"\n"),
        (2, "a@example.com,\"bounce\n\",2026-01-02,x\n"),
        (2, "a@example.com,bounce,\"2026-01-02\n\",x\n"),
        // fields too many and too few, without a mark
        (2, "a@example.com,bounce,2026-01-02,x,y\n"),
        (3, "a@example.com,,,\nb@example.com\n"),
    ] {
        let file = format!("{heading}{rows}");
        let problem = read(file.as_bytes(), &columns).unwrap_err();
        assert_eq!(problem.pointer, format!("line {line}"), "{rows}: {problem}");
    }
    read(b"\"email\na@example.com\n\"\nb@example.com\n", &Columns::default()).unwrap_err();
    // what a mail server said in two lines swallows nobody
    let file = format!(
        "{heading}a@example.com,bounce,,\"550 no\n550 \"\"gone\"\"\"\r\n\nb@example.com,,,\n"
    );
    let (entries, counts) = read(file.as_bytes(), &columns).unwrap();
    assert_eq!((entries.len(), counts.n_problems), (2, 0));
}

/// A file that holds one list says so once.
#[test]
fn a_default_stands_for_every_line() {
    let columns: Columns =
        serde_json::from_str(r#"{"default":"hard_bounce","smtp":"reason"}"#).unwrap();
    let (entries, _) = read(b"email,reason\na@example.com,5.1.1\n", &columns).unwrap();
    assert_eq!(
        (entries[0].reason, entries[0].smtp.as_deref()),
        (Reason::HardBounce, Some("5.1.1"))
    );
    serde_json::from_str::<Columns>(r#"{"default":"whatever"}"#).unwrap_err();
}
