//! Records of ours in a topic whose producers write another form.

use gate_mapping::Headers;
use rdkafka::message::{Header, OwnedHeaders};

/// Header by which the gate's own programs say that a record is written as `formats` says, whatever the mapping of its topic.
/// It is looked at only in topics that have one.
pub const FORM: &str = "gate-form";
/// What it says.
pub const PLAIN: &str = "plain";

/// The headers of a record that the gate's own programs write into an input topic.
#[must_use]
pub fn plain_headers() -> OwnedHeaders {
    OwnedHeaders::new().insert(Header { key: FORM, value: Some(PLAIN) })
}

/// Headers that are looked through; a record with more is its producer's.
const HEADERS_MAX: usize = 1_000;

/// Whether a record says that it is written in a form of ours. Two headers that say different things say nothing.
#[must_use]
pub fn is_plain(headers: &dyn Headers) -> bool {
    let mut is_plain = false;
    for at in 0..HEADERS_MAX {
        let Some((name, value)) = headers.get(at) else { return is_plain };
        if name == FORM {
            if value != Some(PLAIN.as_bytes()) {
                return false;
            }
            is_plain = true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_record_that_says_so_is_ours() {
        let of = |headers: &[(&'static str, Option<&'static [u8]>)]| {
            is_plain(&crate::records::KeptHeaders::of(&Listed(headers.to_vec())))
        };
        assert!(of(&[("trace", None), (FORM, Some(b"plain"))]));
        assert!(!of(&[]));
        assert!(!of(&[(FORM, None)]));
        assert!(!of(&[(FORM, Some(b"Plain"))]));
        assert!(!of(&[("Gate-Form", Some(b"plain"))]));
        assert!(!of(&[(FORM, Some(b"plain")), (FORM, Some(b"theirs"))]));
        assert!(!of(&vec![(FORM, Some(b"plain".as_slice())); HEADERS_MAX]));
    }

    struct Listed(Vec<(&'static str, Option<&'static [u8]>)>);

    impl Headers for Listed {
        fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
            self.0.get(at).copied()
        }
    }
}
