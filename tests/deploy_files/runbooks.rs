//! The runbooks: one for each alert, in the index, with commands that exist.

use crate::{assert_none, dashboards, files, path, read, rules, stem};
use std::collections::BTreeMap;
use std::process::Command;

/// What a page has to say, in this order.
const SECTIONS: &[&str] =
    &["## Symptom", "## First look", "## Likely causes", "## Fix", "## Verify", "## Escalate"];

#[test]
fn every_alert_has_its_runbook_and_every_runbook_its_alert() {
    let alerts = rules::alerts();
    let index = read(&path("docs/runbooks/README.md"));
    let mut faults = Vec::new();
    for file in files("docs/runbooks", "md") {
        let name = stem(&file);
        if name == "README" {
            continue;
        }
        if !alerts.contains(&name) {
            faults.push(format!("{name}.md: there is no such alert"));
        }
        if !index.contains(&format!("]({name}.md)")) {
            faults.push(format!("{name}.md: not in the index"));
        }
        let text = read(&file);
        let mut rest = text.as_str();
        for section in SECTIONS {
            match rest.split_once(&format!("\n{section}\n")) {
                Some((_, tail)) => rest = tail,
                None => faults.push(format!("{name}.md: no `{section}`, or not in its place")),
            }
        }
    }
    for alert in &alerts {
        if !path(&format!("docs/runbooks/{alert}.md")).is_file() {
            faults.push(format!("{alert}: no runbook"));
        }
    }
    assert_none(&faults);
}

/// `*Like this*` a runbook names a panel; one page of Prometheus' own is named too.
#[test]
fn the_panels_that_runbooks_name_exist() {
    let titles = dashboards::titles();
    let (mut faults, mut n_named) = (Vec::new(), 0);
    for file in files("docs/runbooks", "md") {
        let text = read(&file).replace("**", "");
        let prose = text.split("```").step_by(2).collect::<String>();
        for named in prose.split('*').skip(1).step_by(2) {
            n_named += 1;
            let named = named.replace('\n', " ");
            if !titles.contains(&named) && named != "Targets" {
                faults.push(format!("{}: there is no panel *{named}*", stem(&file)));
            }
        }
    }
    assert!(n_named > 20, "only {n_named} panels named");
    assert_none(&faults);
}

/// Command lines of `consent-gate` in the fenced blocks of a page.
fn commands(page: &str) -> Vec<String> {
    let joined = page.replace("\\\n", " ");
    let blocks = joined.split("```").skip(1).step_by(2);
    let lines =
        blocks.flat_map(str::lines).map(|line| line.split(" # ").next().unwrap_or(line).trim());
    lines.filter(|line| line.starts_with("consent-gate ")).map(str::to_owned).collect()
}

/// `--help` of the subcommand that a line calls; the words before the first option, as far as they are commands.
fn help(program: &str, words: &[&str]) -> (usize, String) {
    let ask = |words: &[&str]| {
        let output = Command::new(program).args(words).arg("--help").output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let two = words.len() > 1 && !words[1].starts_with(['-', '"', '$', '/']);
    // the help of a command that has no subcommand of that name is its own help
    let of_two = if two { ask(&words[..2]) } else { None };
    let of_one = words.first().and_then(|_| ask(&words[..1]));
    match (of_one, of_two) {
        (Some(one), Some(two)) if one != two => (2, two),
        (Some(one), _) => (1, one),
        (None, _) => (0, String::new()),
    }
}

#[test]
fn the_commands_in_runbooks_exist_with_their_options() {
    // set for tests of the package that has the program
    let Some(program) = option_env!("CARGO_BIN_EXE_consent-gate") else { return };
    let mut helps: BTreeMap<Vec<String>, (usize, String)> = BTreeMap::new();
    let (mut faults, mut n_commands) = (Vec::new(), 0);
    for file in files("docs/runbooks", "md") {
        for line in commands(&read(&file)) {
            n_commands += 1;
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            let key: Vec<String> = words.iter().take(2).map(|word| (*word).to_owned()).collect();
            let (n_words, text) = helps.entry(key).or_insert_with(|| help(program, &words));
            if *n_words == 0 {
                faults.push(format!("{}: `{line}`: there is no such command", stem(&file)));
            }
            let options = words.iter().filter(|word| word.starts_with('-'));
            for option in options.filter(|option| !text.contains(**option)) {
                faults.push(format!("{}: `{line}`: no option `{option}`", stem(&file)));
            }
        }
    }
    assert!(n_commands > 20, "only {n_commands} commands found");
    assert_none(&faults);
}
