//! The ledger, where one is configured on this machine: its key is there, and has signed the newest checkpoint.

use super::Finding;
use crate::config::Config;
use crate::ledger::{Directory, public_key};
use gate_ledger::{Ledger, Signed};

const CHECK: &str = "ledger";

pub(super) fn check(config: &Config) -> Option<Finding> {
    let dir = config.ledger.dir.as_ref()?;
    let place = dir.display();
    if !dir.join("checkpoint").exists() {
        let reason = format!("nothing is signed in {place} yet; it may run on another machine");
        return Some(Finding::skip(CHECK, reason));
    }
    let key = match public_key(&config.ledger) {
        Ok(key) => key,
        Err(error) => {
            let fix = "restore the key; without it the ledger is not continued";
            return Some(Finding::warn(CHECK, error.to_string(), fix));
        }
    };
    let latest = Ledger::new(&Directory::at(dir), &key).latest();
    Some(match latest {
        Ok(Some(Signed { checkpoint, .. })) => {
            let (size, ordinal, time) = (checkpoint.size, checkpoint.ordinal, checkpoint.time);
            let found =
                format!("{size} decisions and changes are signed, checkpoint {ordinal} of {time}");
            Finding::pass(CHECK, found)
        }
        Ok(None) => Finding::skip(CHECK, format!("nothing is signed in {place} yet")),
        Err(error) => {
            let fix = "`consent-gate ledger verify` names what is wrong; docs/ledger.md";
            Finding::warn(CHECK, error.to_string(), fix)
        }
    })
}
