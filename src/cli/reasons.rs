//! The reason codes as a page: code, meaning, remedy, and whether it is everyday business.

use gate_core::{Outcome, Reason, Warning};
use std::fmt::Write as _;

/// `docs/reference/reasons.md`.
pub(super) fn page() -> String {
    let mut page = String::from(
        "<!-- Generated from crates/gate-core/src/decision.rs; write it again with \
         UPDATE_GOLDEN=1 cargo test --release --lib reasons -->\n\
         # Reason codes\n\n\
         Each decision names one reason, in the header `gate-reason` and in metrics; all failing steps stand in `reasons` of\n\
         `gate-decision`. Within an outcome the codes stand in evaluation order: the first failing step gives the reason.\n\
         *healthy* is everyday business, *fix me* means that somebody should mend something.\n",
    );
    for outcome in Outcome::ALL {
        write!(
            page,
            "\n## {}\n\n| code | meaning | remedy | |\n|---|---|---|---|\n",
            outcome.as_str()
        )
        .ok(); // writing to a String cannot fail
        for reason in Reason::ALL.iter().filter(|reason| reason.outcome() == outcome) {
            let health = if reason.is_healthy() { "healthy" } else { "fix me" };
            let (code, meaning, remedy) = (reason.code(), reason.meaning(), reason.remedy());
            writeln!(page, "| `{code}` | {meaning} | {remedy} | {health} |").ok();
        }
    }
    page.push_str(
        "\n## Warnings\n\nThey never change the outcome.\n\n| code | meaning |\n|---|---|\n",
    );
    for warning in Warning::ALL {
        writeln!(page, "| `{}` | {} |", warning.code(), warning.meaning()).ok();
    }
    page.push_str(
        "\nOf the events themselves (`consent_gate_consent_changes_total{result}` and the log): `quarantined` and `clamped` are\n\
         clock skew; `review` is a text that may ask to stop and may not (\"cancel my order\"): it waits in\n\
         `topics.consent_review` for a person to read it (`consent-gate consent review`).\n",
    );
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_of_reasons_is_the_program() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/reasons.md");
        let page = super::page();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert!(written == page, "run: UPDATE_GOLDEN=1 cargo test --release --lib reasons");
    }
}
