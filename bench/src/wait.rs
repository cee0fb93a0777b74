//! Bounded waiting: whatever does not happen in time is an error that says what was waited for.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Polls `condition` every `pause` until it gives a value.
pub(crate) fn until<T>(
    what: &str,
    patience: Duration,
    pause: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            bail!("not within {} s: {what}", patience.as_secs());
        }
        std::thread::sleep(pause);
    }
}
