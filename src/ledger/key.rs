//! The file of the key that signs checkpoints. Whoever has it can sign another history, so it is this user's own.
//!
//! INVARIANT: it is made once, before there is a ledger; an existing file is never overwritten.

use super::{LedgerError, Storage};
use crate::config::{Config, Ledger};
use crate::files;
use gate_ledger::{CHECKPOINT, PublicKey, SigningKey, Store as _};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const FILE_BYTES_MAX: u64 = 4_096;
/// Group may not write, others nothing: secrets of Kubernetes belong to root and to the pod's own group.
const NOT_THEIRS: u32 = 0o037;

/// The key, made if there is none and no ledger either; `true` when it was.
///
/// # Errors
/// It cannot be read, made, or is none.
pub fn key_of(config: &Config, store: &Storage) -> Result<(SigningKey, bool), LedgerError> {
    let path = &config.ledger.key_file;
    if let Some(key) = load(path)? {
        return Ok((key, false));
    }
    let io = |source| LedgerError::Io { action: "look into", path: store.name().into(), source };
    if store.get(CHECKPOINT).map_err(io)?.is_some()
        || !store.list("checkpoints").map_err(io)?.is_empty()
    {
        return Err(LedgerError::KeyLost { store: store.name(), path: path.clone() });
    }
    make(path, &format!("consent-gate-ledger/{}", config.kafka.group_id))?;
    let key =
        load(path)?.ok_or_else(|| io_error("read back", path)(io::ErrorKind::NotFound.into()));
    Ok((key?, true))
}

/// What checks signatures: of the key's file.
///
/// # Errors
/// It is not there or is none.
pub fn public_key(ledger: &Ledger) -> Result<PublicKey, LedgerError> {
    let path = &ledger.key_file;
    let key = load(path)?.ok_or_else(|| io_error("read", path)(io::ErrorKind::NotFound.into()))?;
    Ok(key.public().clone())
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LedgerError {
    let path = path.to_owned();
    move |source| LedgerError::Io { action, path, source }
}

fn load(path: &Path) -> Result<Option<SigningKey>, LedgerError> {
    let (_, metadata) = match files::open_regular(path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open the key", path)(error)),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & NOT_THEIRS != 0 {
        return Err(LedgerError::KeyExposed { path: path.to_owned(), mode });
    }
    let text = files::read_text(path, FILE_BYTES_MAX).map_err(io_error("read the key", path))?;
    let key = SigningKey::parse(&text);
    key.map(Some).map_err(|error| LedgerError::Key { path: path.to_owned(), error })
}

fn make(path: &Path, name: &str) -> Result<(), LedgerError> {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).map_err(|_| LedgerError::NoRandomness)?;
    let key = SigningKey::of_seed(name, seed)
        .map_err(|error| LedgerError::Key { path: path.to_owned(), error })?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        files::private_dir(parent).map_err(io_error("make the directory of the key", path))?;
    }
    let text = format!("{}\n", key.to_secret_text());
    files::create_whole(path, text.as_bytes()).map_err(io_error("make the key", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(dir: &Path) -> Config {
        let text = format!(
            "ledger: {{dir: \"{0}/ledger\", key_file: \"{0}/keys/ledger.key\"}}",
            dir.display()
        );
        Config::parse("test.yaml", &text, []).unwrap()
    }

    #[test]
    fn a_key_is_made_once_and_never_for_a_ledger_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        let ledger = config.ledger.dir.clone().unwrap();
        let store = Storage::of(&config.ledger).unwrap();
        assert!(public_key(&config.ledger).is_err(), "there is none yet");
        let (made, is_new) = key_of(&config, &store).unwrap();
        let (again, is_new_again) = key_of(&config, &store).unwrap();
        assert_eq!((is_new, is_new_again), (true, false));
        assert_eq!(made.public(), again.public());
        assert_eq!(public_key(&config.ledger).unwrap(), *made.public());
        assert_eq!(std::fs::read_dir(dir.path().join("keys")).unwrap().count(), 1, "no draft");

        std::fs::create_dir_all(ledger.join("checkpoints")).unwrap();
        std::fs::write(ledger.join("checkpoints/000"), "signed").unwrap();
        key_of(&config, &store).unwrap();
        let path = &config.ledger.key_file;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(key_of(&config, &store), Err(LedgerError::KeyExposed { .. })));
        std::fs::remove_file(path).unwrap();
        assert!(matches!(key_of(&config, &store), Err(LedgerError::KeyLost { .. })));
        std::fs::write(path, "nonsense").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(key_of(&config, &store), Err(LedgerError::Key { .. })));
    }
}
