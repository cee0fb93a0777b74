//! Canonical forms are their own canonical forms, whatever comes in.
#![no_main]

use gate_core::{CanonicalAddress, Channel};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u8, &str)| {
    let (raw, channel, region) = input;
    let region = (!region.is_empty()).then_some(region);
    let channel = Channel::from_code(channel % 10);
    if let Ok(once) = CanonicalAddress::parse(raw, channel, region) {
        let shown = format!("CanonicalAddress({}, redacted)", once.kind().as_str());
        assert_eq!(format!("{once:?}"), shown, "a debug print shows more than the kind");
        let again = CanonicalAddress::parse(once.expose(), channel, None);
        if let Ok(again) = again {
            assert_eq!(again.expose(), once.expose(), "a canonical form is not stable");
        }
    }
    if let Some(channel) = channel {
        let of = CanonicalAddress::of_recipient(raw, channel, region);
        if let Ok(of) = of {
            assert!(!of.expose().is_empty());
        }
    }
});
