//! Policy packs on disk that a test may change while a gate watches them.

use crate::harness::environment;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

/// A directory of packs that a test may change.
pub(crate) struct Packs(pub(crate) PathBuf);

impl Packs {
    /// The packs that the program brings along.
    pub(crate) fn export(test: &str) -> Self {
        let dir = environment::new_dir(test).join("policies");
        let packs = Self(dir);
        packs.command("export");
        packs
    }

    fn command(&self, command: &str) -> String {
        let output = Command::new(environment::gate_program())
            .args(["policy", command])
            .arg(&self.0)
            .output();
        let output = output.expect("the program can be run");
        assert!(output.status.success(), "consent-gate policy {command}: {output:?}");
        String::from_utf8(output.stdout).expect("the program prints text")
    }

    /// The revision of the files as they are.
    pub(crate) fn revision(&self) -> String {
        let printed = self.command("check");
        let (_, rest) = printed.split_once("revision ").expect("check names the revision");
        rest.split(',').next().unwrap_or_default().to_owned()
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).expect("a pack can be read")
    }

    /// Puts the text there in one instant.
    pub(crate) fn replace(&self, file: &str, text: &str) {
        self.put(file, text, SystemTime::now());
    }

    /// The same, and to somebody who looks at length and time the file is the one that was there.
    pub(crate) fn replace_unnoticed(&self, file: &str, text: &str) {
        let was = std::fs::metadata(self.0.join(file)).expect("the pack is there");
        assert_eq!(was.len(), text.len() as u64, "the length would tell");
        self.put(file, text, was.modified().expect("files have times"));
    }

    fn put(&self, file: &str, text: &str, modified: SystemTime) {
        let beside = self.0.with_file_name("written");
        let mut written = File::create(&beside).expect("a pack can be written");
        written.write_all(text.as_bytes()).expect("a pack can be written");
        written.set_modified(modified).expect("times can be set");
        std::fs::rename(&beside, self.0.join(file)).expect("a pack can be replaced");
    }

    /// Replaces every `from`.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} no longer holds `{from}`");
        self.replace(file, &text.replace(from, to));
    }
}
