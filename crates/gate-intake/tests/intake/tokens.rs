//! Tokens: what is sealed opens again, and nothing else does.

use crate::door::{at, tokens};
use gate_intake::{TokenContent, TokenError, TokenKeys, TokenKind};
use proptest::option;
use proptest::prelude::*;

fn ana() -> TokenContent {
    TokenContent {
        address: Some("ana@example.com".to_owned()),
        controller: Some("acme-ltd".to_owned()),
        brand: Some("acme".to_owned()),
        channel: Some("email".to_owned()),
        purpose: Some("marketing.newsletter".to_owned()),
        message_id: Some("m-1".to_owned()),
        ..TokenContent::default()
    }
}

#[test]
fn the_same_content_gives_the_same_token_and_another_kind_another() {
    let keys = tokens();
    let one = keys.mint(TokenKind::Unsubscribe, &ana()).unwrap();
    assert_eq!(one, keys.mint(TokenKind::Unsubscribe, &ana()).unwrap());
    let other = keys.mint(TokenKind::Preferences, &ana()).unwrap();
    assert_ne!(one, other);
    assert_eq!(keys.open(&other).unwrap().kind, TokenKind::Preferences);
    assert!(one.len() < 240, "{}", one.len());
    assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
}

#[test]
fn lengths_show_little() {
    let keys = tokens();
    let of = |address: &str| {
        let content = TokenContent { address: Some(address.to_owned()), ..TokenContent::default() };
        keys.mint(TokenKind::Unsubscribe, &content).unwrap().len()
    };
    assert_eq!(of("a@example.com"), of("a.much.longer.name@mail.example.com"));
}

#[test]
fn a_new_key_seals_and_an_old_one_still_opens() {
    let old = tokens().mint(TokenKind::Unsubscribe, &ana()).unwrap();
    let both = TokenKeys::new(&[(1, [7; 32]), (2, [8; 32])], 2).unwrap();
    assert!(both.open(&old).unwrap().content == ana());
    let new = both.mint(TokenKind::Unsubscribe, &ana()).unwrap();
    assert!(both.open(&new).is_ok());
    assert_eq!(tokens().open(&new), Err(TokenError::Unknown), "a key that nobody has");
    let foreign = TokenKeys::new(&[(1, [9; 32])], 1).unwrap();
    assert_eq!(foreign.open(&old), Err(TokenError::Unknown), "the same id, another key");
}

#[test]
fn what_is_no_ring_and_no_content() {
    assert_eq!(TokenKeys::new(&[], 1).err(), Some(TokenError::Ring));
    assert_eq!(TokenKeys::new(&[(1, [0; 32])], 2).err(), Some(TokenError::Ring));
    assert_eq!(TokenKeys::new(&[(1, [0; 32]), (1, [1; 32])], 1).err(), Some(TokenError::Ring));
    let nobody = TokenContent::default();
    assert_eq!(tokens().mint(TokenKind::Confirm, &nobody), Err(TokenError::Content));
    let long = TokenContent { address: Some("a".repeat(4_000)), ..TokenContent::default() };
    assert_eq!(tokens().mint(TokenKind::Confirm, &long), Err(TokenError::Content));
}

#[test]
fn what_is_sealed_fits_into_a_link_of_2000_characters() {
    for n in 1_300..1_600 {
        let content = TokenContent { message_id: Some("m".repeat(n)), ..ana() };
        match tokens().mint(TokenKind::Unsubscribe, &content) {
            Ok(token) => assert!(token.len() <= 2_000 && tokens().open(&token).is_ok(), "{n}"),
            Err(error) => {
                assert_eq!(error, TokenError::Content);
                assert!(n > 1_300, "{n}");
            }
        }
    }
    let long = TokenContent { message_id: Some("m".repeat(1_600)), ..ana() };
    assert_eq!(tokens().mint(TokenKind::Unsubscribe, &long), Err(TokenError::Content));
}

#[test]
fn nothing_of_a_token_is_printed() {
    let token = tokens().open(&tokens().mint(TokenKind::Unsubscribe, &ana()).unwrap()).unwrap();
    let printed = format!("{token:?} {:?} {:?}", token.content, tokens());
    assert!(!printed.contains("ana") && !printed.contains("acme"), "{printed}");
}

#[test]
fn any_flipped_bit_and_any_cut_is_refused() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let token = tokens().mint(TokenKind::Unsubscribe, &ana()).unwrap();
    let bytes = engine.decode(&token).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(tokens().open(&engine.encode(&flipped)), Err(TokenError::Unknown), "bit {bit}");
    }
    for length in 0..token.len() {
        assert_eq!(
            tokens().open(&token[..length]),
            Err(TokenError::Unknown),
            "{length} characters"
        );
    }
    // other characters of the same bytes
    for text in
        [format!("{token}="), format!("{token}A"), format!(" {token}"), token.to_lowercase()]
    {
        assert_eq!(tokens().open(&text), Err(TokenError::Unknown));
    }
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::of(".{0,60}")
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens_again(
        address in ".{0,80}", contact_id in text(), controller in text(), brand in text(), channel in text(),
        purpose in text(), message_id in text(), request_event_id in text(), until in option::of(0_i64..9_000_000_000),
        jurisdiction in text(),
    ) {
        let content = TokenContent {
            contact_id, address: Some(address), controller, brand, channel, purpose, message_id, request_event_id,
            expires_at: until.map(at), jurisdiction, ..TokenContent::default()
        };
        let token = tokens().mint(TokenKind::Confirm, &content).unwrap();
        let opened = tokens().open(&token).unwrap();
        prop_assert!(opened.content == content);
    }

    #[test]
    fn no_text_panics_or_opens(text in ".{0,400}") {
        prop_assert_eq!(tokens().open(&text), Err(TokenError::Unknown));
    }
}
