//! The tokens in force, and the watch over their file: a changed file is taken up as a whole, or the former one stays.

use super::error::TokensError;
use super::file::{Caller, FILE_BYTES_MAX, Refused, Tokens};
use super::token::Digest;
use crate::clock::now;
use crate::files;
use crate::metrics::{CountTokens, PolicyReload};
use crate::shutdown::Shutdown;
use crate::status::Status;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

/// How often the file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);
/// Everybody may write.
const WRITE_BY_OTHERS: u32 = 0o002;

/// The tokens in force, shared by all who ask.
pub struct Access {
    path: PathBuf,
    current: RwLock<Arc<Tokens>>,
    /// The file as it was before it was first read: whatever changes since then is seen.
    began_with: Option<Stamp>,
}

/// Changes when the file does: which one it is, its length, when it was written.
type Stamp = (u64, u64, Option<SystemTime>);

impl Access {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, or anything in it is wrong.
    pub fn load(path: &Path) -> Result<Self, TokensError> {
        let began_with = stamp(path);
        let tokens = Arc::new(read(path)?);
        tracing::info!(
            n_tokens = tokens.len(),
            n_expired = tokens.n_expired(now()),
            "tokens loaded"
        );
        Ok(Self { path: path.to_owned(), current: RwLock::new(tokens), began_with })
    }

    /// Whose token this is, now.
    ///
    /// # Errors
    /// Nobody's, or not any more.
    pub fn admits(&self, token: &[u8]) -> Result<Caller, Refused> {
        let tokens = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        tokens.find(token, now())
    }

    /// Whose token has this hash, now: a token that is taken back ends what began with it.
    ///
    /// # Errors
    /// Nobody's, or not any more.
    pub fn admits_digest(&self, digest: &Digest) -> Result<Caller, Refused> {
        let tokens = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        tokens.find_digest(digest, now())
    }

    fn reload(&self) -> Result<Arc<Tokens>, TokensError> {
        let tokens = Arc::new(read(&self.path)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&tokens);
        Ok(tokens)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.len(), metadata.modified().ok()))
}

fn read(path: &Path) -> Result<Tokens, TokensError> {
    let failed = |source| TokensError::Io { path: path.to_owned(), source };
    let (_, metadata) = files::open_regular(path).map_err(failed)?;
    if metadata.permissions().mode() & WRITE_BY_OTHERS != 0 {
        return Err(TokensError::Open { path: path.to_owned() });
    }
    let text = files::read_text(path, FILE_BYTES_MAX).map_err(failed)?;
    let invalid = |problems| TokensError::Invalid { path: path.to_owned(), problems };
    Tokens::parse(&text).map_err(invalid)
}

/// Watches the file, and replaces the tokens.
pub struct Watch {
    /// What is replaced.
    pub access: Arc<Access>,
    /// Is told what became of each change.
    pub count: CountTokens,
    /// Heartbeat.
    pub status: Arc<Status>,
    /// When to stop.
    pub shutdown: Shutdown,
}

impl Watch {
    /// Watches until shutdown. A file that cannot be used, or is gone, leaves the former tokens in force: an empty file
    /// lets nobody in.
    pub fn run(self) {
        let heart = self.status.heart("tokens");
        let mut loaded = self.access.began_with;
        let mut seen = loaded;
        let mut looked_at = Instant::now();
        while !self.shutdown.is_requested() {
            heart.beat();
            if looked_at.elapsed() >= LOOK_INTERVAL {
                looked_at = Instant::now();
                let now = stamp(&self.access.path);
                // a change counts once the file stands still
                if now != loaded && now == seen {
                    self.reload();
                    loaded = now;
                }
                seen = now;
            }
            std::thread::sleep(NAP);
        }
    }

    fn reload(&self) {
        match self.access.reload() {
            Ok(tokens) => {
                let n_expired = tokens.n_expired(now());
                tracing::info!(n_tokens = tokens.len(), n_expired, "tokens loaded");
                (self.count)(PolicyReload::Loaded);
            }
            Err(error) => {
                (self.count)(PolicyReload::Rejected);
                tracing::error!("tokens NOT loaded, the former ones stay in force: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Role, Token};
    use super::*;
    use crate::metrics::{Metrics, TopicNames};

    fn line(id: &str, token: &Token) -> String {
        format!("- {{id: {id}, role: sender, hash: \"{}\"}}\n", token.digest().text())
    }

    #[test]
    fn a_changed_file_is_taken_up_and_a_wrong_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.yaml");
        let (one, two) = (Token::random().unwrap(), Token::random().unwrap());
        std::fs::write(&path, line("one", &one)).unwrap();
        let access = Arc::new(Access::load(&path).unwrap());
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let status = Status::new(Arc::clone(&metrics), 1);
        let shutdown = Shutdown::default();
        let watch = Watch {
            access: Arc::clone(&access),
            count: metrics.count_tokens(),
            status,
            shutdown: shutdown.clone(),
        };
        let watching = std::thread::spawn(move || watch.run());
        let until = |what: &str, is_so: &dyn Fn() -> bool| {
            let deadline = Instant::now() + Duration::from_secs(30);
            while !is_so() {
                assert!(Instant::now() < deadline, "{what}");
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        let admits = |token: &Token| access.admits(token.expose().as_bytes());
        assert_eq!(admits(&one).unwrap().role, Role::Sender);
        // half of it is right, and none of it counts
        std::fs::write(&path, line("two", &two) + "- {id: three}\n").unwrap();
        until("rejected", &|| metrics.tokens_rejected.get() == 1);
        assert!(admits(&one).is_ok());
        assert_eq!(admits(&two), Err(Refused::Unknown));
        std::fs::remove_file(&path).unwrap();
        let rejected = metrics.token_reloads.of(PolicyReload::Rejected);
        until("gone", &|| rejected.get() == 2);
        assert!(admits(&one).is_ok());
        std::fs::write(&path, line("two", &two)).unwrap();
        until("loaded", &|| admits(&two).is_ok());
        assert_eq!(admits(&one), Err(Refused::Unknown));
        assert_eq!(metrics.tokens_rejected.get(), 0);
        shutdown.request();
        watching.join().unwrap();
    }

    #[test]
    fn a_file_that_everybody_may_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.yaml");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o646)).unwrap();
        let error = Access::load(&path).err().unwrap().to_string();
        assert!(error.contains("chmod o-w"), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        Access::load(&path).unwrap();
        assert!(Access::load(&dir.path().join("none")).is_err());
    }
}
