//! The policies in force: loaded at the start, replaced as a whole when the files change, never half.
//!
//! A set that is not valid is refused: at the start the gate does not run, later it goes on with the old set
//! and says so in the log and in `consent_gate_policy_reloads_total{result="rejected"}`. Each set that comes into force is
//! kept by its revision (`archive/`), before the first decision with it.

pub mod archive;
mod revision;

pub use revision::Revision;

use crate::config;
use crate::files;
use crate::metrics::{Metrics, PolicyReload};
use crate::shutdown::Shutdown;
use crate::status::Status;
use archive::{Archive, SetFiles};
use gate_core::PolicySet;
use gate_policy::{File, Problems, Remark, TimeZones, TzError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes of one file of packs or data; the largest of ours has 91 KB.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Files of packs and data; ours are 40.
const FILES_MAX: usize = 1_024;
/// Entries of a directory that are looked at for changes.
const ENTRIES_MAX: usize = 8_192;
/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);

/// Policies cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFailure {
    /// A directory or file cannot be read.
    #[error("cannot read `{path}` of `policies.dir`: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The packs are not valid.
    #[error("the policy packs are not valid; nothing of them was loaded\n\n{0}")]
    Invalid(Problems),
    /// The time-zone data.
    #[error("`policies.tz_dir`: {0}")]
    Tz(#[from] TzError),
}

/// A set that was loaded, and what it was loaded from.
pub struct Loaded {
    /// The set.
    pub set: PolicySet,
    /// Its files, to be kept.
    pub files: SetFiles,
    /// What is worth a look in it.
    pub remarks: Vec<Remark>,
}

/// Where policies come from: a directory, or the packs built into the program.
#[derive(Clone, Debug, Default)]
pub struct PolicySource {
    /// A directory of packs.
    pub dir: Option<PathBuf>,
    /// A directory of compiled time zones.
    pub tz_dir: Option<PathBuf>,
}

impl PolicySource {
    /// As configured.
    #[must_use]
    pub fn of(config: &config::Policies) -> Self {
        Self { dir: config.dir.clone(), tz_dir: config.tz_dir.clone() }
    }

    /// The files, read now.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn files(&self) -> Result<Vec<File>, PolicyFailure> {
        match &self.dir {
            Some(dir) => read_dir(dir),
            None => Ok(gate_policy::bundled()),
        }
    }

    /// The time zones, read now.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn zones(&self) -> Result<TimeZones, PolicyFailure> {
        match &self.tz_dir {
            Some(dir) => Ok(TimeZones::from_dir(dir)?),
            None => Ok(TimeZones::bundled()),
        }
    }

    /// The files with their revision, which says nothing about whether they are valid.
    ///
    /// # Errors
    /// When files or zones cannot be read.
    pub fn set_files(&self) -> Result<SetFiles, PolicyFailure> {
        Ok(SetFiles::new(self.files()?, self.zones()?.version()))
    }

    /// Reads and compiles everything.
    ///
    /// # Errors
    /// When anything cannot be read or is not valid.
    pub fn load(&self) -> Result<PolicySet, PolicyFailure> {
        self.read().map(|loaded| loaded.set)
    }

    /// The same, with its files and with what is worth a look in it.
    ///
    /// # Errors
    /// When anything cannot be read or is not valid.
    pub fn read(&self) -> Result<Loaded, PolicyFailure> {
        let zones = self.zones()?;
        let files = SetFiles::new(self.files()?, zones.version());
        let revision = files.revision().as_str().to_owned();
        let checked = gate_policy::check(files.files(), &zones, revision);
        let (set, remarks) = checked.map_err(PolicyFailure::Invalid)?;
        Ok(Loaded { set, files, remarks })
    }

    /// Changes when a file does.
    fn stamp(&self) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
        let mut stamp = BTreeMap::new();
        let Some(dir) = &self.dir else { return stamp };
        for dir in [dir.clone(), dir.join("data")] {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten().take(ENTRIES_MAX) {
                if let Ok(metadata) = std::fs::metadata(entry.path()) {
                    stamp.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
                }
            }
        }
        stamp
    }
}

fn read_dir(dir: &Path) -> Result<Vec<File>, PolicyFailure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| PolicyFailure::Io { path, source }
    };
    let mut found = Vec::new();
    for (below, prefix) in [(dir.to_owned(), ""), (dir.join("data"), "data/")] {
        let entries = match std::fs::read_dir(&below) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !prefix.is_empty() => {
                continue; // the compiler names the missing files
            }
            entries => entries.map_err(failed(&below))?,
        };
        for entry in entries {
            let path = entry.map_err(failed(&below))?.path();
            let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
            let name = format!("{prefix}{name}");
            if gate_policy::is_policy_file(&name) {
                if found.len() >= FILES_MAX {
                    let text = format!("there are more than {FILES_MAX} files in it");
                    return Err(failed(dir)(std::io::Error::other(text)));
                }
                let text = files::read_text(&path, FILE_BYTES_MAX).map_err(failed(&path))?;
                found.push(File { name, text });
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// The set in force, shared by all lanes. A lane takes it once per batch.
pub struct Policies {
    current: RwLock<Arc<PolicySet>>,
}

impl Policies {
    /// Begins with a set.
    #[must_use]
    pub fn new(set: PolicySet) -> Self {
        Self { current: RwLock::new(Arc::new(set)) }
    }

    /// The set in force.
    #[must_use]
    pub fn current(&self) -> Arc<PolicySet> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, set: PolicySet) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }
}

/// Publishes which packs are in force.
pub fn publish(metrics: &Metrics, set: &PolicySet) {
    metrics
        .set_policies(set.packs().iter().map(|pack| (pack.code.as_str(), pack.version.as_str())));
    metrics.set_policy_revision(set.revision());
    publish_reviews(metrics, set);
}

/// Publishes whose review is overdue by now; a date passes while nobody changes a file.
fn publish_reviews(metrics: &Metrics, set: &PolicySet) {
    let now = crate::clock::now();
    let packs = set.packs().iter();
    metrics.set_policy_reviews(packs.map(|pack| (pack.code.as_str(), pack.is_review_overdue(now))));
}

/// Watches the files and a signal, and replaces the set.
pub struct Watch {
    /// What is replaced.
    pub policies: Arc<Policies>,
    /// Where from.
    pub source: PolicySource,
    /// Keeps what comes into force.
    pub archive: Archive,
    /// Set by SIGHUP.
    pub is_asked: Arc<AtomicBool>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Heartbeat.
    pub status: Arc<Status>,
    /// When to stop.
    pub shutdown: Shutdown,
}

impl Watch {
    /// Watches until shutdown. A set that cannot be loaded leaves the old one in force.
    pub fn run(self) {
        let heart = self.status.heart("policies");
        let mut loaded = self.source.stamp();
        let mut seen = loaded.clone();
        let mut looked_at = Instant::now();
        while !self.shutdown.is_requested() {
            heart.beat();
            let is_asked = self.is_asked.swap(false, Ordering::AcqRel);
            if is_asked || looked_at.elapsed() >= LOOK_INTERVAL {
                looked_at = Instant::now();
                let now = self.source.stamp();
                // a change counts once the files stand still: nobody copies twenty files in one instant
                if is_asked || (now != loaded && now == seen) {
                    self.reload();
                    loaded.clone_from(&now);
                }
                seen = now;
                publish_reviews(&self.metrics, &self.policies.current());
            }
            std::thread::sleep(NAP);
        }
    }

    fn reload(&self) {
        match self.source.read() {
            Ok(Loaded { set, files, .. }) => {
                let former = self.policies.current();
                let result = if former.revision() == set.revision() {
                    PolicyReload::Unchanged
                } else {
                    PolicyReload::Loaded
                };
                tracing::info!(
                    revision = set.revision(),
                    former = former.revision(),
                    tz = set.tz_version(),
                    n_packs = set.packs().len(),
                    "policies loaded"
                );
                publish(&self.metrics, &set);
                // before the first decision with it; one that is in force already may not be kept yet
                self.archive.keep(files);
                self.policies.replace(set);
                self.metrics.policy_reloads.of(result).inc();
                self.metrics.policy_rejected.set(0);
            }
            Err(error) => {
                self.metrics.policy_reloads.of(PolicyReload::Rejected).inc();
                self.metrics.policy_rejected.set(1);
                tracing::error!(
                    in_force = self.policies.current().revision(),
                    "policies NOT loaded, the former ones stay in force: {error}"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_read_whole_and_its_revision_follows_every_byte() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        for file in gate_policy::bundled() {
            std::fs::write(dir.path().join(&file.name), &file.text).unwrap();
        }
        let source = PolicySource { dir: Some(dir.path().to_owned()), tz_dir: None };
        let from_dir = source.load().unwrap();
        let built_in = PolicySource::default().load().unwrap();
        assert_eq!(from_dir.packs(), built_in.packs());
        assert_eq!(from_dir.revision(), built_in.revision(), "the same files are the same set");
        let path = dir.path().join("GB.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}# one more line\n")).unwrap();
        let changed = source.load().unwrap();
        assert_ne!(changed.revision(), from_dir.revision());
        std::fs::write(&path, "pack: [").unwrap();
        assert!(matches!(source.load(), Err(PolicyFailure::Invalid(_))));
        std::fs::write(&path, &text).unwrap();
        source.load().unwrap();
        // what would be waited for, or never end, is no pack
        let odd = dir.path().join("ZZ.yaml");
        for make in ["mkfifo", "mkdir"] {
            assert!(std::process::Command::new(make).arg(&odd).status().unwrap().success());
            assert!(matches!(source.load(), Err(PolicyFailure::Io { .. })), "{make}");
            std::fs::remove_file(&odd).or_else(|_| std::fs::remove_dir(&odd)).unwrap();
        }
        std::os::unix::fs::symlink("/dev/zero", &odd).unwrap();
        assert!(matches!(source.load(), Err(PolicyFailure::Io { .. })));
        std::fs::remove_file(&odd).unwrap();
        std::fs::File::create(&odd).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
        assert!(matches!(source.load(), Err(PolicyFailure::Io { .. })));
        std::fs::remove_file(&odd).unwrap();
        for n in 0..FILES_MAX {
            std::fs::write(dir.path().join(format!("Z{n}.yaml")), "").unwrap();
        }
        assert!(matches!(source.load(), Err(PolicyFailure::Io { .. })));
        std::fs::remove_dir_all(dir.path()).unwrap();
        assert!(matches!(source.load(), Err(PolicyFailure::Io { .. })));
    }
}
