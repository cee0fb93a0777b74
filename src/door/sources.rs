//! The configured sources: a file of them, read at the start.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gate_intake::{
    Provider, Remark, Request, Source, SourceProblem, SourceSpec, is_from, may_be_from,
};

use crate::clock::now;
use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::files;

/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the file of a secret or of a mapping.
const SECRET_BYTES_MAX: u64 = 256 << 10;
/// Sources that a door serves; each has series of its own.
const SOURCES_MAX: usize = 200;

/// The sources of a file; one without a URL of its own has the door's.
fn specs(text: &str, public_url: Option<&str>) -> Result<Vec<SourceSpec>, String> {
    let mut specs: Vec<SourceSpec> = serde_saphyr::from_str(text)
        // a snippet could show a secret
        .map_err(|error| {
            let why = error.without_snippet();
            format!("{why}; write a list of sources (docs/door-sources.md)")
        })?;
    if specs.len() > SOURCES_MAX {
        return Err(format!("more than {SOURCES_MAX} sources"));
    }
    for spec in &mut specs {
        let own = || public_url.map(|url| format!("{url}/hooks/{}", spec.name));
        spec.public_url = spec.public_url.take().or_else(own);
    }
    Ok(specs)
}

fn secret(path: &Path, name: &str) -> Result<String, String> {
    files::read_text(path, SECRET_BYTES_MAX)
        .map_err(|error| format!("`{name}` cannot be read: {error}"))
}

/// A source as somebody who looks at it finds it.
pub(crate) struct Examined {
    /// Its name, as written.
    pub(crate) name: String,
    /// What to know about it, or what is wrong with it.
    pub(crate) found: Result<Vec<Remark>, Vec<SourceProblem>>,
    /// The files of its secrets, and of a mapping.
    pub(crate) files: Vec<PathBuf>,
}

/// Looks at each source of a file by itself.
///
/// # Errors
/// The file as a whole cannot be read.
pub(crate) fn examine(path: &Path, public_url: Option<&str>) -> Result<Vec<Examined>, String> {
    let text = files::read_text(path, FILE_BYTES_MAX).map_err(|error| error.to_string())?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let each = specs(&text, public_url)?.into_iter().map(|spec| {
        let (name, files) = (spec.name.clone(), RefCell::new(Vec::new()));
        let read = |file: &str| {
            let path = beside.join(file);
            let text = secret(&path, file);
            files.borrow_mut().push(path);
            text
        };
        let found = Source::new(spec, &read).map(|source| source.remarks());
        Examined { name, found, files: files.into_inner() }
    });
    Ok(each.collect())
}

/// By name.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<String, Arc<Source>>);

impl Sources {
    /// Reads the file; without one there is none.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn load(path: Option<&Path>, public_url: Option<&str>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::default()) };
        let name = path.display();
        let text = files::read_text(path, FILE_BYTES_MAX)
            .or_fail_at(ExitCode::Config, || format!("`door.sources_file`: `{name}`"))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")), public_url)
            .map_err(|problems| Failure::new(ExitCode::Config, format!("{name}: {problems}")))
    }

    /// Secrets in files are looked for beside the file.
    fn parse(text: &str, beside: &Path, public_url: Option<&str>) -> Result<Self, String> {
        let read = |file: &str| secret(&beside.join(file), file);
        let (mut sources, mut problems) = (BTreeMap::new(), Vec::new());
        for spec in specs(text, public_url)? {
            let name = spec.name.clone();
            match Source::new(spec, &read) {
                Ok(source) => {
                    for remark in source.remarks() {
                        tracing::warn!(source = name, "{}; {}", remark.text, remark.fix);
                    }
                    if sources.insert(name.clone(), Arc::new(source)).is_some() {
                        problems.push(format!("`{name}` stands there twice"));
                    }
                }
                Err(found) => problems.extend(found.iter().map(|it| format!("`{name}`: {it}"))),
            }
        }
        if problems.is_empty() { Ok(Self(sources)) } else { Err(problems.join("\n")) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Source>> {
        self.0.get(name)
    }

    /// The one whose token a request brings that has no source in its path.
    pub(super) fn of_changes(&self, request: &Request) -> Option<&Arc<Source>> {
        self.proven(request, |provider| *provider == Provider::Changes)
    }

    /// Whether a request for a path without a source can be of one, as far as its headers say. Where a scheme covers the body,
    /// nobody knows before it is read.
    pub(super) fn may_know(&self, head: &Request) -> bool {
        let no_path =
            |source: &&Arc<Source>| matches!(source.provider(), Provider::Changes | Provider::Mail);
        self.0.values().filter(no_path).any(|source| may_be_from(source, head, now()))
    }

    /// The same of reports by mail.
    pub(super) fn of_mail(&self, request: &Request) -> Option<&Arc<Source>> {
        self.proven(request, |provider| *provider == Provider::Mail)
    }

    fn proven(&self, request: &Request, which: fn(&Provider) -> bool) -> Option<&Arc<Source>> {
        // all are tried, whichever fits; a secret that two of them share says nothing
        let sources = self.0.values().filter(|source| which(source.provider()));
        let fitting: Vec<_> = sources.filter(|source| is_from(source, request, now())).collect();
        if fitting.len() > 1 {
            tracing::error!("several sources have the same token: give each its own");
        }
        fitting.first().copied().filter(|_| fitting.len() == 1)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.0.values()
    }
}
