//! Short tokens: what they carry comes back, and nothing else opens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate_intake::{ShortSender, TokenKeys};
use proptest::prelude::*;

const NUMBER: &str = "+447700900123";

fn keys() -> TokenKeys {
    TokenKeys::new(&[(1, [1; 32]), (2, [2; 32])], 2).unwrap()
}

fn sender(controller: Option<&str>, brand: Option<&str>) -> ShortSender {
    ShortSender { controller: controller.map(str::to_owned), brand: brand.map(str::to_owned) }
}

fn acme() -> ShortSender {
    sender(Some("acme-ltd"), Some("acme"))
}

#[test]
fn a_short_token_names_the_number_and_who_wrote_and_shows_nobody() {
    let token = keys().mint_short(NUMBER, "sms", &acme()).unwrap();
    assert_eq!(token.len(), gate_intake::SHORT_TOKEN_CHARS);
    assert!(!token.contains("447700"));
    assert_eq!(keys().mint_short(NUMBER, "sms", &acme()).unwrap(), token);
    let content = keys().open_short(&token, &[sender(None, None), acme()]).unwrap();
    let texts = [&content.address, &content.controller, &content.brand, &content.channel];
    let texts = texts.map(|text| text.as_deref().unwrap_or_default());
    assert_eq!(texts, [NUMBER, "acme-ltd", "acme", "sms"]);
    assert!(content.contact_id.is_none() && content.purpose.is_none());
    // an older key of the ring opens, a foreign one does not
    let old = TokenKeys::new(&[(1, [1; 32])], 1).unwrap();
    let token = old.mint_short(NUMBER, "whatsapp", &acme()).unwrap();
    assert!(keys().open_short(&token, &[acme()]).is_some());
    let foreign = TokenKeys::new(&[(2, [3; 32])], 2).unwrap();
    assert!(foreign.open_short(&token, &[acme()]).is_none());
}

#[test]
fn senders_are_told_apart_and_unknown_ones_open_nothing() {
    let all = [
        acme(),
        sender(Some("acme"), Some("-ltdacme")),
        sender(Some("acme"), None),
        sender(None, Some("acme")),
        sender(Some("acme"), Some("")),
        sender(None, None),
    ];
    let mint = |it| keys().mint_short(NUMBER, "sms", it).unwrap();
    for (nth, own) in all.iter().enumerate() {
        let token = mint(own);
        let content = keys().open_short(&token, &all).unwrap();
        assert_eq!((&content.controller, &content.brand), (&own.controller, &own.brand));
        let others: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != nth)
            .map(|it| it.1.clone())
            .collect();
        assert!(keys().open_short(&token, &others).is_none(), "{own:?}");
    }
}

#[test]
fn what_is_no_number_or_no_text_has_none() {
    for address in [
        "",
        "447700900123",
        "+",
        "+0447700900",
        "+44 7700",
        "+1234567890123456",
        "+123456",
        "a@b.example",
    ] {
        assert_eq!(keys().mint_short(address, "sms", &acme()), None, "{address}");
    }
    assert_eq!(keys().mint_short(NUMBER, "email", &acme()), None);
    assert!(keys().mint_short("+123456789012345", "rcs", &acme()).is_some());
}

#[test]
fn each_bit_counts() {
    let token = keys().mint_short(NUMBER, "sms", &acme()).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for bit in 0..16 * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let flipped = URL_SAFE_NO_PAD.encode(&flipped);
        assert!(keys().open_short(&flipped, &[acme()]).is_none(), "{bit}");
    }
}

proptest! {
    #[test]
    fn whatever_somebody_makes_up_opens_nothing(text in "[A-Za-z0-9_-]{22}", wild in ".{0,40}") {
        prop_assert!(keys().open_short(&text, &[acme()]).is_none());
        prop_assert!(keys().open_short(&wild, &[acme()]).is_none());
    }

    #[test]
    fn every_number_comes_back(digits in "[1-9][0-9]{6,14}") {
        let address = format!("+{digits}");
        let token = keys().mint_short(&address, "sms", &acme()).unwrap();
        prop_assert_eq!(keys().open_short(&token, &[acme()]).unwrap().address, Some(address));
    }
}
