//! What is wrong with the file of tokens.

use std::fmt;
use std::path::PathBuf;

/// The file cannot be used; nothing of it is.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("cannot read `{path}` of `http.tokens_file`: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Everybody may write it, and so give themselves any role.
    #[error(
        "`{path}` of `http.tokens_file` can be written by everybody on this machine, who could so let themselves in: \
         `chmod o-w` it",
        path = path.display()
    )]
    Open {
        /// Which.
        path: PathBuf,
    },
    /// It says something wrong.
    #[error("{}", told(path, problems))]
    Invalid {
        /// Which.
        path: PathBuf,
        /// All of it.
        problems: Vec<TokenProblem>,
    },
}

/// One thing that is wrong. It quotes no value: somebody may have written the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenProblem {
    /// From 1; 0 is the file as a whole.
    pub line: usize,
    /// What.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for TokenProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason, self.fix)
    }
}

fn told(path: &std::path::Path, problems: &[TokenProblem]) -> String {
    let mut out =
        "the tokens of `http.tokens_file` are not valid; none of them was taken up".to_owned();
    for problem in problems {
        out.push_str(&format!("\n{}:{}: {problem}", path.display(), problem.line));
    }
    out
}
