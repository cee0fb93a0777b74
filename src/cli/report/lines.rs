//! The file of a report: a line of JSON for each message, with ids and hashed recipients.
//!
//! It is made anew for this user alone and never written over; half of one is removed, since it would look like all.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use gate_core::Channel;
use gate_core::policy::Code;
use serde_json::{Value, json};

use super::decision::Decision;
use super::{ExitCode, Failure, output};
use crate::files;

/// A decision that is meant.
pub(super) fn line(record_ms: i64, place: &str, decision: &Decision) -> Value {
    let codes: Vec<&str> = decision.jurisdictions.iter().map(Code::as_str).collect();
    json!({
        "message_id": decision.message_id, "channel": decision.channel.map(Channel::as_str),
        "outcome": decision.outcome.as_str(), "reason": decision.reason, "at": output::utc(record_ms),
        "evaluated_at": decision.evaluated_at, "jurisdictions": codes, "packs": decision.packs,
        "rules": decision.rules, "source": decision.source, "log": place,
        "recipient": {"contact": decision.contact, "address": decision.address},
    })
}

/// The file, being written.
pub(super) struct Lines {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Lines {
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let file = files::create_private(path).map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::AlreadyExists => ExitCode::Usage,
                _ => ExitCode::Storage,
            };
            Failure::new(code, format!("cannot make `{}`: {error}", path.display()))
        })?;
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file) })
    }

    pub(super) fn write(&mut self, line: &Value) -> Result<(), Failure> {
        let written = serde_json::to_writer(&mut self.out, line).map_err(std::io::Error::from);
        written.and_then(|()| self.out.write_all(b"\n")).map_err(|error| self.failure(&error))
    }

    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        let synced = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &std::io::Error) -> Failure {
        let reason = format!("cannot write `{}`: {error}", self.path.display());
        Failure::new(ExitCode::Storage, reason)
    }

    /// Half a list must not be taken for all of it.
    pub(super) fn remove(&self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            let path = self.path.display();
            output::note(&format!("`{path}` is not complete and cannot be removed: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_new_and_private_and_half_of_one_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("affected.jsonl");
        let mut lines = Lines::create(&path).unwrap();
        lines.write(&json!({"a": 1})).unwrap();
        lines.write(&json!({"a": 2})).unwrap();
        lines.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"a\":2}\n");
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let again = Lines::create(&path).err().unwrap();
        assert_eq!(again.code(), ExitCode::Usage, "nothing is written over");
        assert_eq!(std::fs::read_to_string(&path).unwrap().len(), 16);
        lines.remove();
        assert!(!path.exists());
        let nowhere = Lines::create(&dir.path().join("none/file")).err().unwrap();
        assert_eq!(nowhere.code(), ExitCode::Storage);
    }
}
