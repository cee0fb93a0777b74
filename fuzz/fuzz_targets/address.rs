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
        // what nobody sees before and behind an address makes it no other one
        let padded = format!("\u{2066}\u{feff} {raw}\u{200b}\u{2069}");
        if let Ok(padded) = CanonicalAddress::parse(&padded, channel, region) {
            assert_eq!(padded, once, "invisible characters make another address");
        }
        assert!(once.variant() < 2 && once.expose().len() <= gate_core::ADDRESS_BYTES_MAX);
    }
    if let Some(channel) = channel {
        let of = CanonicalAddress::of_recipient(raw, channel, region);
        if let Ok(of) = of {
            assert!(!of.expose().is_empty());
            let again = CanonicalAddress::of_recipient(of.expose(), channel, None);
            let again = again.map(|again| again.expose().to_owned());
            assert_eq!(again.as_deref(), Ok(of.expose()), "a recipient's form is not stable");
        }
    }
});
