//! The canonical forms of texts, names, senders, regions and zones are their own, whatever comes in.
#![no_main]

use gate_core::canonical::{clean, country, fold, is_blank, offset_minutes};
use gate_core::{ContactId, Name, Sender};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let folded = fold(text);
    assert_eq!(fold(&folded), folded, "a folded text is not stable");
    assert!(!is_blank(text) || folded.is_empty(), "what says nothing must fold to nothing");
    let cleaned = clean(text);
    assert_eq!(clean(&cleaned), cleaned, "a cleaned text is not stable");
    assert_eq!(&*Name::from(text), &*folded);
    let sender = Sender::from(text);
    assert_eq!(&*Sender::from(&*sender), &*sender, "a sender is not stable");
    if let Some(contact) = ContactId::new(text.into()) {
        assert_eq!(contact.expose(), folded, "an id takes the form of a text");
    }
    if let Some(two) = country(text) {
        let again = std::str::from_utf8(&two).map(country);
        assert_eq!(again, Ok(Some(two)), "a country is not stable");
    }
    if let Some(minutes) = offset_minutes(text) {
        assert_eq!(minutes % 15, 0);
    }
});
