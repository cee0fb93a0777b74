//! Somebody who is looked for: named by whoever asks, hashed at once, compared and forgotten.
//!
//! The log knows people by keyed hashes alone, so this needs the gate's own pepper. What stands on a command line stands in
//! lists of processes and histories of shells; `-` reads it from standard input instead.

use std::io::Read as _;

use gate_core::{CanonicalAddress, ContactId, SubjectKey};
use gate_engine::Keys as _;

use super::{ExitCode, Failure};
use crate::config::Config;
use crate::exit::OrFail as _;
use crate::identity::{Pepper, PepperFile};

/// Longest id or address that is read from standard input, in bytes.
const TEXT_BYTES_MAX: u64 = 8_192;

/// The key of a contact; `-` stands for the first line of standard input.
///
/// # Errors
/// The id is blank, or there is no pepper here.
pub(crate) fn contact(config: &Config, id: &str) -> Result<SubjectKey, Failure> {
    let Some(id) = ContactId::new(text(id)?.into()) else {
        return Err(Failure::new(ExitCode::Usage, "--contact: the id is blank"));
    };
    Ok(pepper(config, "--contact")?.contact(&id))
}

/// The key of an address: an e-mail address, or a number with its country; `-` as for a contact.
///
/// # Errors
/// It is no address, or there is no pepper here.
pub(crate) fn address(config: &Config, address: &str) -> Result<SubjectKey, Failure> {
    let Ok(canonical) = CanonicalAddress::parse(&text(address)?, None, None) else {
        let reason = "--address: neither an e-mail address nor a number with its country (+44 …)";
        return Err(Failure::new(ExitCode::Usage, reason));
    };
    Ok(pepper(config, "--address")?.address(&canonical))
}

fn text(given: &str) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().lock().take(TEXT_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn pepper(config: &Config, option: &str) -> Result<Pepper, Failure> {
    let path = &config.state.pepper_file;
    let found = PepperFile::load(path).or_fail(ExitCode::Config)?;
    let pepper = found.map(|pepper| Pepper::new(pepper.expose()));
    pepper.ok_or_else(|| {
        let path = path.display();
        let reason = format!(
            "{option}: there is no pepper at `{path}`, and the decision log knows people by keyed hashes alone: run this \
             where the gate runs"
        );
        Failure::new(ExitCode::Config, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn config(dir: &std::path::Path) -> Config {
        let yaml = format!("instance_id: gate-1\nstate: {{dir: {}}}", dir.display());
        Config::parse("f", &yaml, []).unwrap()
    }

    #[test]
    fn whoever_has_no_pepper_is_told_where_to_go() {
        let dir = tempfile::tempdir().unwrap();
        let failure = contact(&config(dir.path()), "ana").err().unwrap();
        assert_eq!(failure.code(), ExitCode::Config);
        assert!(format!("{failure:?}").contains("where the gate runs"));
    }

    #[test]
    fn every_spelling_is_one_person_and_what_is_no_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let pepper = dir.path().join("pepper");
        std::fs::write(&pepper, [7; 32]).unwrap();
        std::fs::set_permissions(&pepper, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = config(dir.path());
        assert_eq!(contact(&config, " Ana ").unwrap(), contact(&config, "ana").unwrap());
        assert_eq!(
            address(&config, "Ana@Example.com").unwrap(),
            address(&config, "ana@example.com").unwrap()
        );
        for wrong in ["", " ", "ana", "0170 1234567"] {
            let failure = address(&config, wrong).err().unwrap();
            assert_eq!(failure.code(), ExitCode::Usage, "{wrong}");
            assert!(!format!("{failure:?}").contains("0170"), "nobody's number is repeated");
        }
        assert_eq!(contact(&config, " ").err().unwrap().code(), ExitCode::Usage);
    }
}
