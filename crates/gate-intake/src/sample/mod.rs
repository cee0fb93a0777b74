//! Sample requests in files (the format is described in docs/door-sources.md), run through the real handlers: the clock is the
//! file's, certificates are the file's, a collector stands for Kafka. Operators test a source with it before they connect it.

mod compare;
mod file;
mod play;

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The case, as the file names it.
    pub case: String,
    /// What differs: each line says what was expected and what came. Empty: it passed.
    pub mismatches: Vec<String>,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order of the file.
    pub results: Vec<CaseResult>,
}

impl Report {
    /// How many cases passed.
    #[must_use]
    pub fn n_passed(&self) -> usize {
        self.results.iter().filter(|result| result.mismatches.is_empty()).count()
    }

    /// How many cases did not.
    #[must_use]
    pub fn n_failed(&self) -> usize {
        self.results.len() - self.n_passed()
    }
}

/// Runs the sample file with that text. A secret may be `{file: PATH}`; `read` gives the file's content.
#[must_use]
pub fn run_with(text: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Report {
    match file::parse(text) {
        Ok(file) => play::play(&file, read),
        Err(why) => Report {
            results: vec![CaseResult { case: "the file".to_owned(), mismatches: vec![why] }],
        },
    }
}

/// Runs the sample file with that text; secrets stand in it.
#[must_use]
pub fn run(text: &str) -> Report {
    run_with(text, &|_| Err("a sample says its secrets itself".to_owned()))
}
