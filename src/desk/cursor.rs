//! What seals the index's cursors: a key derived from the pepper, so that they go on after a restart, and that nobody without the
//! pepper makes one.

use aws_lc_rs::hmac;
use gate_index::{SEAL_BYTES, Seal};

use crate::identity::Pepper;

/// The seal.
pub(super) fn seal(pepper: &Pepper) -> Box<Seal> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &pepper.cursor_seal());
    Box::new(move |bytes| {
        let tag = hmac::sign(&key, bytes);
        let mut sealed = [0; SEAL_BYTES];
        for (to, from) in sealed.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        sealed
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::PEPPER_BYTES;

    #[test]
    fn who_has_the_pepper_seals_the_same_and_nobody_else() {
        let of = |secret| seal(&Pepper::new(&[secret; PEPPER_BYTES]));
        let (one, again, other) = (of(7), of(7), of(8));
        assert_eq!(one(b"key"), again(b"key"));
        assert_ne!(one(b"key"), other(b"key"));
        assert_ne!(one(b"key"), one(b"key2"));
        // the pepper itself is no seal: what is sealed here could be asked for as a person's hash
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, &[7; PEPPER_BYTES]);
        assert_ne!(&one(b"key")[..], &hmac::sign(&pepper, b"key").as_ref()[..SEAL_BYTES]);
    }
}
