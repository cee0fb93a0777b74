//! A page of Markdown: its prose, links, headings and fenced blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A page of documentation.
pub(crate) struct Page {
    /// Path below the repository.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A fenced block.
pub(crate) struct Block<'p> {
    pub(crate) page: &'p str,
    /// Line of its opening fence.
    pub(crate) line: usize,
    pub(crate) language: &'p str,
    /// The comment right before it, without `<!--` and `-->`.
    pub(crate) mark: &'p str,
    pub(crate) text: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> =
        ["README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "schemas/README", "deploy/README"]
            .map(|name| root().join(format!("{name}.md")))
            .into();
    collect(&root().join("docs"), &mut paths);
    paths.sort();
    let page = |path: PathBuf| Page {
        name: path.strip_prefix(root()).unwrap().display().to_string(),
        text: fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    };
    let pages: Vec<Page> = paths.into_iter().map(page).collect();
    assert!(pages.len() > 15, "the walk found too little: {}", pages.len());
    pages
}

pub(crate) fn collect(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            into.push(path);
        }
    }
}

impl Page {
    /// Lines outside fenced blocks, numbered from 1.
    pub(crate) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut is_fenced = false;
        self.text.lines().enumerate().filter_map(move |(at, line)| {
            let is_fence = line.trim_start().starts_with("```");
            is_fenced ^= is_fence;
            (!is_fenced && !is_fence).then_some((at + 1, line))
        })
    }

    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let (mut mark, mut is_open) = ("", false);
        for (at, line) in self.text.lines().enumerate() {
            match line.trim_start().strip_prefix("```") {
                Some(language) if !is_open => {
                    let (page, text) = (self.name.as_str(), String::new());
                    blocks.push(Block { page, line: at + 1, language, mark, text });
                    is_open = true;
                }
                Some(_) => is_open = false,
                None if is_open => {
                    let text = &mut blocks.last_mut().unwrap().text;
                    text.push_str(line);
                    text.push('\n');
                }
                None => {
                    let comment = line.strip_prefix("<!--").and_then(|it| it.strip_suffix("-->"));
                    mark = comment.map_or("", str::trim);
                }
            }
        }
        assert!(!is_open, "{}: a fenced block does not end", self.name);
        blocks
    }

    /// What headings are called in links, as GitHub makes it.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let headings = self.prose().filter_map(|(_, line)| {
            let level = line.chars().take_while(|c| *c == '#').count();
            line.get(level..)?.strip_prefix(' ').filter(|_| level > 0)
        });
        let mut anchors = BTreeSet::new();
        for heading in headings {
            let kept = heading.trim().to_lowercase();
            let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let n_before = seen.entry(anchor.clone()).or_default();
            anchors.insert(match *n_before {
                0 => anchor,
                n => format!("{anchor}-{n}"),
            });
            *n_before += 1;
        }
        anchors
    }
}

/// Texts between single backticks.
pub(crate) fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Targets of `[text](target)`, outside code.
pub(crate) fn link_targets(line: &str) -> Vec<&str> {
    let plain = line.split('`').step_by(2);
    let starts = plain.flat_map(|part| part.split("](").skip(1));
    starts.filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).collect()
}
