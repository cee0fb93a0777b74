//! An e-mail address as people type it into a form.

use gate_core::{CanonicalAddress, Channel};

/// The address as it is hashed, if it is one mailbox: no name around it, no list.
pub(crate) fn plain_address(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = !text.chars().any(|c| c.is_whitespace() || "<>,;:\"()[]\\".contains(c));
    let read = CanonicalAddress::of_recipient(text, Channel::Email, None).ok();
    read.filter(|_| is_plain).map(|address| address.expose().to_owned())
}
