//! Reads a Dockerfile and a .dockerignore, as far as ours go.

use serde_json::Value;

/// One instruction of a Dockerfile.
pub(crate) struct Instruction {
    /// The stage it belongs to: its name, or empty for the last one; `ARG`s before the first are of stage `global`.
    pub(crate) stage: String,
    /// In capitals.
    pub(crate) keyword: String,
    /// What follows, with continued lines joined.
    pub(crate) rest: String,
}

impl Instruction {
    /// A list in JSON, as ENTRYPOINT takes it.
    pub(crate) fn list(&self) -> Vec<String> {
        let from = self.rest.find('[').expect("exec form, since there is no shell");
        let list: Value = serde_json::from_str(&self.rest[from..]).expect("a JSON list");
        super::strings(&list)
    }

    /// Sources and destination of a COPY, and its options.
    pub(crate) fn copy(&self) -> Copy {
        assert_eq!(self.keyword, "COPY");
        let (options, mut paths): (Vec<String>, Vec<String>) = self
            .rest
            .split_whitespace()
            .map(str::to_owned)
            .partition(|word| word.starts_with("--"));
        let to = paths.pop().expect("a destination");
        Copy {
            from_stage: options.iter().any(|word| word.starts_with("--from=")),
            sources: paths,
            to,
        }
    }
}

pub(crate) struct Copy {
    /// Not from the build context.
    pub(crate) from_stage: bool,
    pub(crate) sources: Vec<String>,
    pub(crate) to: String,
}

pub(crate) fn instructions(text: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut stage = "global".to_owned();
    let mut whole = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let line = line.trim();
        whole.push_str(line.trim_end_matches('\\'));
        if line.ends_with('\\') {
            continue;
        }
        if let Some((keyword, rest)) = whole.split_once(' ') {
            if keyword == "FROM" {
                stage = rest.split_once(" AS ").map_or(String::new(), |(_, name)| name.to_owned());
            }
            let (keyword, rest) = (keyword.to_owned(), rest.trim().to_owned());
            found.push(Instruction { stage: stage.clone(), keyword, rest });
        }
        whole.clear();
    }
    found
}

/// Whether a file is kept out of the build context: the last pattern that fits it or a directory above it decides.
pub(crate) fn is_ignored(dockerignore: &str, path: &str) -> bool {
    let patterns = dockerignore.lines().map(str::trim);
    let mut ignored = false;
    for pattern in patterns.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (pattern, verdict) =
            pattern.strip_prefix('!').map_or((pattern, true), |pattern| (pattern, false));
        let pattern: Vec<&str> = pattern.split('/').collect();
        if fits(&pattern, &path.split('/').collect::<Vec<_>>()) {
            ignored = verdict;
        }
    }
    ignored
}

fn fits(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        // What is left of the path is below the directory that fits.
        (None, _) => true,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        (Some(_), None) => false,
        (Some((name, pattern)), Some((part, path))) => {
            (*name == "*" || name == part) && fits(pattern, path)
        }
    }
}

#[test]
fn patterns_are_read_as_docker_does() {
    let text = "*\n!src\n!bench/Cargo.toml\n!crates\ncrates/*/tests\n**/target\n";
    for (path, expected) in [
        ("README.md", true),
        ("src/main.rs", false),
        ("src/deep/er/x.rs", false),
        ("bench/Cargo.toml", false),
        ("bench/src/main.rs", true),
        ("crates/a/src/lib.rs", false),
        ("crates/a/tests/t.rs", true),
        ("crates/target/x", true),
        ("src/target", true),
    ] {
        assert_eq!(is_ignored(text, path), expected, "{path}");
    }
}
