//! The tokens of `http.tokens_file`, where one is set: the file loads, and the gate that runs here has taken it up.

use super::{Finding, running};
use crate::access::{Access, TokensError};
use crate::config::Config;

const CHECK: &str = "tokens";
/// What the running gate says of the file.
const REJECTED: &str = "consent_gate_tokens_rejected";
/// Lines of what is wrong with the file that are shown.
const LINES_SHOWN: usize = 3;

/// Nothing without a file: nobody may ask then.
pub(super) fn check(config: &Config) -> Option<Finding> {
    let path = config.http.tokens_file.as_ref()?;
    Some(judge(Access::load(path).map(drop), running::ask(config, "/metrics")))
}

fn judge(loaded: Result<(), TokensError>, answer: Result<(u16, String), String>) -> Finding {
    let rejected = answer.ok().and_then(|(_, page)| rejected(&page));
    match (loaded, rejected) {
        (Err(error), _) => {
            let text = error.to_string();
            let lines: Vec<&str> = text.lines().map(str::trim).take(LINES_SHOWN).collect();
            let fix =
                "correct the file: a running gate keeps the former tokens, and none starts with it";
            Finding::fail(CHECK, lines.join("; "), fix)
        }
        (Ok(()), Some(true)) => Finding::warn(
            CHECK,
            "the gate that runs here has refused its file and goes on with the former tokens; the one seen here is valid",
            "look again in some seconds; if it stays, the gate sees another file or may not read it: docs/runbooks/TokensRejected.md",
        ),
        (Ok(()), Some(false)) => {
            Finding::pass(CHECK, "the file is valid, and the gate that runs here has taken it up")
        }
        (Ok(()), None) => {
            Finding::pass(CHECK, "the file is valid; no gate says here whether it has taken it up")
        }
    }
}

/// Whether a page of metrics says so; `None` when it says neither.
fn rejected(page: &str) -> Option<bool> {
    let value = page.lines().find_map(|line| line.strip_prefix(REJECTED)?.strip_prefix(' '))?;
    value.trim().parse::<f64>().ok().map(|value| value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Token;
    use crate::metrics::{Metrics, TopicNames};

    /// What a gate serves whose file is refused, or is not.
    fn page(rejected: i64) -> String {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        metrics.tokens_rejected.set(rejected);
        metrics.encode().unwrap()
    }

    #[test]
    fn the_running_gate_is_believed_and_a_bad_file_fails_whatever_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.yaml");
        let hash = Token::random().unwrap().digest().text();
        let away = || Err("refused".to_owned());
        let load = || Access::load(&path).map(drop);
        std::fs::write(&path, format!("- {{id: desk, role: officer, hash: \"{hash}\"}}\n"))
            .unwrap();
        for (answer, verdict, says) in [
            (Ok((200, page(0))), "PASS", "has taken it up"),
            (Ok((200, page(1))), "WARN", "goes on with the former tokens"),
            (Ok((200, "# another program\n".to_owned())), "PASS", "no gate says"),
            (away(), "PASS", "no gate says"),
        ] {
            let finding = judge(load(), answer);
            assert_eq!(finding.verdict.name(), verdict, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
        let secret = "cgt_0000";
        std::fs::write(&path, format!("- {{id: desk, role: officer, hash: {secret}}}\n")).unwrap();
        for answer in [Ok((200, page(0))), Ok((200, page(1))), away()] {
            let finding = judge(load(), answer);
            assert_eq!(finding.verdict.name(), "FAIL", "{finding:?}");
            assert!(finding.found.contains("tokens.yaml:1: "), "{finding:?}");
            assert!(!finding.found.contains(secret), "{finding:?}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(judge(load(), away()).verdict.name(), "FAIL");
    }
}
