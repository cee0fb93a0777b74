//! docs/questions.md: the answer, the table of rules and `explain` agree.

use crate::page::{code_spans, read, root};
use std::process::Command;

/// Fewest questions the page answers.
const QUESTIONS_MIN: usize = 10;

#[test]
fn page_table_and_program_answer_alike() {
    let (page, table) = (read("docs/questions.md"), read("docs/law-table.md"));
    let mut n_questions = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |")) {
        let spans: Vec<&str> = code_spans(row).collect();
        let [.., rule, reason, case] = spans.as_slice() else {
            panic!("{row}: three words in code")
        };
        n_questions += 1;
        let (pack, id) = rule.split_once('/').unwrap_or_else(|| panic!("{row}: PACK/rule"));
        let section = table.split("\n## ").find(|part| part.starts_with(&format!("{pack}: ")));
        let is_there = section.is_some_and(|part| part.contains(&format!("\n| {id} |")));
        assert!(is_there, "{rule} is not in the table");
        let explained = Command::new(env!("CARGO_BIN_EXE_consent-gate"))
            .args(["explain", "--case", "docs/examples/questions.cases.yaml", "--id", case])
            .current_dir(root())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&explained.stdout);
        let (head, steps) = said.split_once("1 well-formed").unwrap_or((&said, ""));
        assert!(head.contains(reason), "{case}: {reason}\n{said}");
        assert!(steps.contains(&format!("{pack}/{id}")), "{case}: judged by {rule}\n{said}");
    }
    assert!(n_questions >= QUESTIONS_MIN, "only {n_questions} questions");
}
