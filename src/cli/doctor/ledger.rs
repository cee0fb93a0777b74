//! The ledger, where one is configured on this machine: its key is there, and has signed the newest checkpoint.

use super::Finding;
use crate::config::Config;
use crate::ledger::{Storage, public_key};
use gate_ledger::{CHECKPOINT, Ledger, Signed, Store as _};

const CHECK: &str = "ledger";

pub(super) fn check(config: &Config) -> Option<Finding> {
    config.ledger.dir.as_ref()?;
    let store = match Storage::of(&config.ledger) {
        Ok(store) => store,
        Err(error) => {
            return Some(Finding::fail(CHECK, error.to_string(), "correct `ledger.store`"));
        }
    };
    let place = store.name();
    match store.get(CHECKPOINT) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let reason = format!("nothing is signed in {place} yet; it may run on another machine");
            return Some(Finding::skip(CHECK, reason));
        }
        Err(error) => {
            let found = format!("{place} cannot be read: {error}");
            let fix =
                "let this user read it; credentials of object storage come from the environment";
            return Some(Finding::warn(CHECK, found, fix));
        }
    }
    let key = match public_key(&config.ledger) {
        Ok(key) => key,
        Err(error) => {
            let fix = "restore the key; without it the ledger is not continued";
            return Some(Finding::warn(CHECK, error.to_string(), fix));
        }
    };
    let latest = Ledger::new(&store, &key).latest();
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
