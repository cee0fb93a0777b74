//! What `policy check` says: every mistake, at its line, with a remedy, all at once.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

use gate_policy::{File, Problem, TimeZones, bundled, compile};

/// The shipped packs with one text of one file replaced; the text must be there.
fn broken(file: &str, from: &str, to: &str) -> Vec<Problem> {
    let mut files = bundled();
    let target = files.iter_mut().find(|known| known.name == file).unwrap();
    assert!(target.text.contains(from), "`{from}` is not in {file}");
    target.text = target.text.replacen(from, to, 1);
    problems(&files)
}

fn problems(files: &[File]) -> Vec<Problem> {
    match compile(files, &TimeZones::bundled(), "test".into()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0,
    }
}

#[test]
fn the_shipped_packs_are_valid() {
    assert_eq!(problems(&bundled()), []);
}

/// Each mistake on its own: file, what to replace, by what, what must be said, what must be advised.
#[test]
fn each_mistake_is_named_with_its_remedy() {
    for (file, from, to, reason, remedy) in [
        (
            "GB.yaml",
            "regime: opt_in",
            "regmie: opt_in",
            "unknown key `regmie`",
            "did you mean `regime`?",
        ),
        (
            "GB.yaml",
            "regime: opt_in",
            "regime: optin",
            "unknown regime `optin`",
            "did you mean `opt_in`",
        ),
        (
            "GB.yaml",
            "express: {}",
            "expres: {}",
            "unknown basis `expres`",
            "did you mean `express`",
        ),
        (
            "GB.yaml",
            "law_zone: Europe/London",
            "law_zone: Europe/Londno",
            "unknown time zone `Europe/Londno`",
            "IANA",
        ),
        (
            "GB.yaml",
            "08:00-21:00",
            "21:00-08:00",
            "impossible window `21:00-08:00`",
            "start before end",
        ),
        ("GB.yaml", "08:00-21:00", "08:00-25:00", "impossible window", "24:00"),
        ("GB.yaml", "max_age: P28D", "max_age: P4W", "calendar period", "P28D"),
        (
            "GB.yaml",
            "collected_from: 2026-02-05",
            "collected_from: 5 Feb 2026",
            "the date must be a calendar date",
            "YYYY-MM-DD",
        ),
        ("GB.yaml", "pack: GB", "pack: UK", "pack `UK` in a file of another name", "UK.yaml"),
        (
            "GB.yaml",
            "channels: [push]",
            "channels: [voice_auto]",
            "overlaps another base rule for voice_auto",
            "until",
        ),
        ("GB.yaml", "channels: [push]", "channels: [fax]", "unknown channel `fax`", "email"),
        ("GB.yaml", "id: push", "id: live-calls", "`live-calls` is used twice", "its own id"),
        ("GB.yaml", "source: [4]", "source: [99]", "source `99` is not in `sources`", "add it"),
        ("GB.yaml", "status: [L2, P]", "status: [L3]", "unknown status `L3`", "L1"),
        ("GB.yaml", "minor_below: 13", "minor_below: 130", "whole number from 1 to 30", "correct"),
        (
            "GB.yaml",
            "kinds: {purchase: unlimited",
            "kinds: {purchased: unlimited",
            "unknown kind of relationship `purchased`",
            "`purchase`",
        ),
        (
            "GB.yaml",
            "own_similar, message_unsubscribe]",
            "own_simlar]",
            "unknown flag `own_simlar`",
            "own_similar",
        ),
        ("GB.yaml", "days: [mon, tue", "days: [mon, mon", "listed twice", "once"),
        ("GB.yaml", "title: United Kingdom\n", "", "a pack lacks `title`", "add a line"),
        ("GB.yaml", "    channels: [push]\n", "", "a rule lacks `channels`", "add a line"),
        (
            "GB.yaml",
            "    channels: [push]\n",
            "    channels: [push]\n    from: 2020-01-01\n    until: 2019-01-01\n",
            "`until` is not after `from`",
            "dates",
        ),
        (
            "GB.yaml",
            "    channels: [push]\n",
            "    channels: [push]\n    from: 2020-01-01\n",
            "no base rule for push before",
            "drop its `from`",
        ),
        (
            "GB.yaml",
            "    channels: [push]\n",
            "    channels: [push]\n    until: 2030-01-01\n",
            "a default is missing",
            "drop its `until`",
        ),
        ("GB.yaml", "aliases: [UK]", "aliases: [FR]", "`FR` has a file of its own", "delete it"),
        ("GB.yaml", "pack: GB", "pack: [GB", "is not YAML", "correct the YAML"),
        (
            "FR.yaml",
            "calendar: FR-public",
            "calendar: FR-publc",
            "no holidays of `FR-publc`",
            "ES-national, FR-public, IT-eve",
        ),
        ("US.yaml", "window: PT24H", "window: P1M", "exact duration", "PT24H"),
        ("US.yaml", "count: 3", "count: 0", "whole number from 1 to 100", "correct"),
        ("US.yaml", "  US-FL:", "  CA-FL:", "`CA-FL` is no part of `US`", "US-XX"),
        (
            "DE.yaml",
            "warn_after: P24M",
            "warn_after: P60M",
            "`warn_after` is not shorter",
            "shorten",
        ),
        (
            "data/zones.csv",
            "jurisdiction,zones",
            "code,zones",
            "the header is missing",
            "begin with",
        ),
        (
            "data/zones.csv",
            "GB,Europe/London",
            "GB,Europe/Londinium",
            "unknown time zone `Europe/Londinium`",
            "IANA",
        ),
        ("data/numbering.csv", "\n44,GB", "\n+44,GB", "`+44` is no prefix", "digits"),
        ("data/numbering.csv", "# version:", "# vers:", "the version is missing", "# version"),
        ("data/holidays.csv", "# covers:", "# cover:", "covered time is missing", "# covers"),
        (
            "data/holidays.csv",
            "FR-public,2026-07-14",
            "FR-public,14.7.2026",
            "is no date within",
            "YYYY-MM-DD",
        ),
    ] {
        let found = broken(file, from, to);
        let is_named = |problem: &Problem| {
            problem.file == file
                && problem.reason.contains(reason)
                && problem.remedy.contains(remedy)
        };
        assert!(found.iter().any(is_named), "{file}: {from} -> {to}: {found:#?}");
    }
}

#[test]
fn all_problems_of_all_files_at_once_each_at_its_line() {
    let mut files = bundled();
    for file in &mut files {
        match file.name.as_str() {
            "GB.yaml" => {
                file.text = file
                    .text
                    .replacen("regime: opt_out", "regime: maybe", 1)
                    .replace("max_age: P28D", "max_age: soon");
            }
            "SG.yaml" => {
                file.text = file.text.replace("law_zone: Asia/Singapore", "law_zone: Asia/Singapur")
            }
            _ => {}
        }
    }
    files.retain(|file| file.name != "data/holidays.csv");
    let found = problems(&files);
    let named: Vec<&str> = found.iter().map(|problem| problem.file.as_str()).collect();
    for file in ["GB.yaml", "SG.yaml", "data/holidays.csv"] {
        assert!(named.contains(&file), "{file}: {named:?}");
    }
    let of_gb: Vec<&Problem> = found.iter().filter(|problem| problem.file == "GB.yaml").collect();
    assert_eq!(of_gb.len(), 2, "{of_gb:#?}");
    let text = &files.iter().find(|file| file.name == "GB.yaml").unwrap().text;
    for problem in of_gb {
        let line = text.lines().nth(problem.line - 1).unwrap();
        assert_eq!(problem.excerpt, line);
        assert!(line.contains("maybe") || line.contains("soon"), "{problem}");
    }
}

#[test]
fn a_problem_reads_like_a_compilers() {
    let found = broken("GB.yaml", "regime: opt_in", "regime: optin");
    let shown = found[0].to_string();
    let line = found[0].line;
    assert!(shown.starts_with(&format!("GB.yaml:{line}:")), "{shown}");
    assert!(shown.contains("| ") && shown.contains('^') && shown.contains("= fix: "), "{shown}");
}

#[test]
fn a_set_without_strict_is_refused() {
    let files: Vec<File> = bundled().into_iter().filter(|f| f.name != "STRICT.yaml").collect();
    let found = problems(&files);
    assert!(found.iter().any(|problem| problem.reason.contains("STRICT")), "{found:#?}");
}

/// A member with a file of its own would have two laws.
#[test]
fn two_claims_on_one_country_are_refused() {
    let found = broken("EU.yaml", "members:\n", "members:\n  DE: {minor_below: 16}\n");
    assert!(
        found.iter().any(|problem| problem.reason.contains("`DE` has a file of its own")),
        "{found:#?}"
    );
}

/// `docs/law-table.md` is what the packs say.
#[test]
fn the_page_of_the_law_is_the_packs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/law-table.md");
    let set = compile(&bundled(), &TimeZones::bundled(), "test".into()).unwrap();
    let page = gate_policy::law_table(&set);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "run: UPDATE_GOLDEN=1 cargo test --release -p gate-policy the_page_of_the_law"
    );
}
