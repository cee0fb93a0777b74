//! Single keys from the terminal, where there is one.
//!
//! Only while standard input is a terminal and this process is in its foreground: in a pipe, in CI or in the background
//! nothing is read and nothing is changed. Ctrl-C stays a signal. Invariant: the terminal is as before when this is
//! dropped.

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::io::{IsTerminal as _, Read as _, stdin};

/// The terminal gives back what there is after this long, in tenths of a second.
const WAIT_TENTHS: u8 = 1;

/// A terminal that gives keys one by one.
pub(super) struct Keys {
    before: Termios,
}

impl Keys {
    /// `None` where nobody can press a key.
    pub(super) fn open() -> Option<Self> {
        if !stdin().is_terminal() {
            return None;
        }
        // changing the terminal from the background would stop the process
        let foreground = rustix::termios::tcgetpgrp(stdin()).ok()?;
        if foreground != rustix::process::getpgrp() {
            return None;
        }
        let before = rustix::termios::tcgetattr(stdin()).ok()?;
        let mut single = before.clone();
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        single.special_codes[SpecialCodeIndex::VMIN] = 0;
        single.special_codes[SpecialCodeIndex::VTIME] = WAIT_TENTHS;
        rustix::termios::tcsetattr(stdin(), OptionalActions::Now, &single).ok()?;
        Some(Self { before })
    }

    /// The next key, waiting for a moment; also `None` when the terminal is gone.
    pub(super) fn next(&self) -> Option<char> {
        let mut byte = [0; 1];
        match stdin().lock().read(&mut byte) {
            Ok(1) => Some(char::from(byte[0]).to_ascii_lowercase()),
            Ok(_) | Err(_) => None,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        rustix::termios::tcsetattr(stdin(), OptionalActions::Now, &self.before).ok();
    }
}
