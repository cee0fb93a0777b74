//! The configured sources: a file of them, read at the start.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gate_intake::{Provider, Request, Source, SourceSpec, is_from};

use crate::clock::now;
use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::files;

/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the file of a secret or of a mapping.
const SECRET_BYTES_MAX: u64 = 256 << 10;
/// Sources that a door serves; each has series of its own.
const SOURCES_MAX: usize = 200;

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

    /// Secrets in files are looked for beside the file; a source without a URL of its own has the door's.
    fn parse(text: &str, beside: &Path, public_url: Option<&str>) -> Result<Self, String> {
        let specs: Vec<SourceSpec> = serde_saphyr::from_str(text)
            // a snippet could show a secret
            .map_err(|error| {
                format!(
                    "{}; write a list of sources (docs/door-sources.md)",
                    error.without_snippet()
                )
            })?;
        if specs.len() > SOURCES_MAX {
            return Err(format!("more than {SOURCES_MAX} sources"));
        }
        let read = |file: &str| {
            files::read_text(&beside.join(file), SECRET_BYTES_MAX)
                .map_err(|error| format!("`{file}` cannot be read: {error}"))
        };
        let (mut sources, mut problems) = (BTreeMap::new(), Vec::new());
        for mut spec in specs {
            let name = spec.name.clone();
            spec.public_url =
                spec.public_url.or_else(|| public_url.map(|url| format!("{url}/hooks/{name}")));
            match Source::new(spec, &read) {
                Ok(source) => {
                    for remark in source.remarks() {
                        tracing::warn!(source = name, "{remark}");
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
