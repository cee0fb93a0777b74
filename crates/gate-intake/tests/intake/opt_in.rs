//! Double opt-in: what is asked, what the link says, what its button records, and the mail in between.

use crate::door::{NOW, at, tokens};
use gate_intake::{
    Asking, ConfirmError, Confirmation, IdKey, MailText, NoticeShown, Reading, RequestMailError,
    Shown, SignUp, SignUpError, SignUpFault, TokenError, TokenKind, Way, Wish, WishError, ask,
    confirm, consent_request, throttle_keys,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashSet;

const NEWSLETTER: NoticeShown<'_> =
    NoticeShown { purpose: "marketing.newsletter", version: "2026-11", sha256: "aa11" };
const OFFERS: NoticeShown<'_> =
    NoticeShown { purpose: "marketing.offers", version: "v7", sha256: "bb22" };

fn wish<'a>(notices: &'a [NoticeShown<'a>]) -> Wish<'a> {
    Wish {
        address: " Ana@Example.com ",
        contact_id: None,
        controller: Some("acme-ltd"),
        brand: Some("acme"),
        jurisdiction: Some("DE"),
        locale: "en",
        notices,
        way: Way::Form,
        page: "https://consent.example.com/s/acme?lang=en",
        ip: None,
        hours: 72,
    }
}

fn ids() -> IdKey {
    IdKey::new([7; 32])
}

fn asked(notices: &[NoticeShown<'_>]) -> Asking {
    ask(&wish(notices), &ids(), at(NOW)).unwrap()
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn pressed(confirmation: &Confirmation, notices: &[NoticeShown<'_>]) -> Vec<Value> {
    let shown = Shown { notices, page: "https://consent.example.com/c", ip: None };
    let window = HashSet::<String>::new();
    let outcome = confirm(confirmation, &shown, &window, at(NOW + 600)).unwrap();
    outcome.records.iter().map(|it| json_of(&it.json)).collect()
}

#[test]
fn a_form_asks_with_the_text_that_was_seen() {
    let asking = asked(&[NEWSLETTER, OFFERS]);
    let record = json_of(&asking.records[0].json);
    let id = asking.confirmation.request.clone();
    assert_eq!(
        record,
        json!({
            "event_id": format!("{id}:marketing.newsletter"), "occurred_at": "2026-11-24T10:00:05Z",
            "action": "opt_in_requested", "address": "Ana@Example.com", "channel": "email",
            "purpose": "marketing.newsletter", "controller": "acme-ltd", "brand": "acme", "basis": "express",
            "evidence": {
                "method": "web_form", "notice_version": "2026-11", "notice_text_sha256": "aa11",
                "source": "https://consent.example.com/s/acme", "locale": "en",
            },
            "source": "door",
        })
    );
    assert_eq!(asking.records.len(), 2);
    // pressed twice within the minute is asked once, however the address is written
    let again = Wish { address: "ana@example.com", ..wish(&[NEWSLETTER, OFFERS]) };
    assert_eq!(ask(&again, &ids(), at(NOW + 20)).unwrap().confirmation.request, id);
    assert_ne!(ask(&again, &ids(), at(NOW + 120)).unwrap().confirmation.request, id);
    // the operator may keep the address it came from
    let kept = Wish { ip: Some("192.0.2.7".parse().unwrap()), ..wish(&[NEWSLETTER]) };
    let record = json_of(&ask(&kept, &ids(), at(NOW)).unwrap().records[0].json);
    assert_eq!(record["evidence"]["ip"], "192.0.2.7");
}

#[test]
fn a_page_that_showed_no_text_claims_none() {
    let notices = [NEWSLETTER];
    let wish = Wish { way: Way::PreferencePage, contact_id: Some("c-7"), ..wish(&notices) };
    let record = json_of(&ask(&wish, &ids(), at(NOW)).unwrap().records[0].json);
    assert_eq!(record["contact_id"], "c-7");
    assert_eq!(
        record["evidence"],
        json!({"method": "preference_page", "source": "https://consent.example.com/s/acme", "locale": "en"})
    );
}

#[test]
fn what_is_not_asked() {
    let ask = |wish: Wish<'_>| gate_intake::ask(&wish, &ids(), at(NOW)).err().unwrap();
    let one = [NEWSLETTER];
    for address in ["", "ana", "+447700900101", "a@b@c", "Ana <ana@example.com>", "a@x.com,b@x.com"]
    {
        assert!(matches!(ask(Wish { address, ..wish(&one) }), WishError::Address), "{address}");
    }
    let nine = [NEWSLETTER; 9];
    for notices in [&[][..], &nine[..2], &nine] {
        assert!(matches!(ask(wish(notices)), WishError::Purposes));
    }
    for purpose in ["sale_share", "SALE_SHARE", "sale_share.ads"] {
        let sale = [NoticeShown { purpose, ..NEWSLETTER }];
        assert!(matches!(ask(wish(&sale)), WishError::SaleShare), "{purpose}");
    }
    for hours in [0, 47, 169, u32::MAX] {
        assert!(matches!(ask(Wish { hours, ..wish(&one) }), WishError::Hours), "{hours}");
    }
    let unread = [NoticeShown { purpose: "marketing..x", ..NEWSLETTER }];
    let error = ask(wish(&unread));
    assert!(matches!(error, WishError::Refused(_)), "{error}");
    assert!(!format!("{error} {error:?}").to_lowercase().contains("ana"), "{error:?}");
}

#[test]
fn the_button_records_what_proves_it() {
    let asking = asked(&[NEWSLETTER, OFFERS]);
    let records = pressed(&asking.confirmation, &[NEWSLETTER, OFFERS]);
    let id = &asking.confirmation.request;
    assert_eq!(
        records[1],
        json!({
            "event_id": format!("{id}:marketing.offers:confirmed"), "occurred_at": "2026-11-24T10:10:05Z",
            "action": "opt_in_confirmed", "address": "Ana@Example.com", "channel": "email",
            "purpose": "marketing.offers", "controller": "acme-ltd", "brand": "acme", "basis": "express",
            "evidence": {
                "method": "double_opt_in", "notice_version": "v7", "notice_text_sha256": "bb22",
                "source": "https://consent.example.com/c", "locale": "en",
                "request_event_id": format!("{id}:marketing.offers"), "requested_at": "2026-11-24T10:00:05Z",
                "mail_message_id": format!("{id}:mail"),
            },
            "source": "door",
        })
    );
    // the gate finds the request by its scope
    for field in ["address", "channel", "purpose", "controller", "brand"] {
        assert_eq!(json_of(&asking.records[1].json)[field], records[1][field], "{field}");
    }
}

#[test]
fn pressing_again_changes_nothing() {
    let confirmation = asked(&[NEWSLETTER]).confirmation;
    let shown = Shown { notices: &[NEWSLETTER], page: "https://x.example/c", ip: None };
    let mut window = HashSet::new();
    let first = confirm(&confirmation, &shown, &window, at(NOW)).unwrap();
    window.extend(first.remember.clone());
    let again = confirm(&confirmation, &shown, &window, at(NOW + 999)).unwrap();
    assert_eq!((again.records.len(), again.repeated.len()), (0, 1));
    let id = |it: &gate_intake::Accepted| it.record.event_id.clone();
    assert_eq!(id(&first.records[0]), id(&again.repeated[0]), "another door writes the same event");
}

#[test]
fn another_text_confirms_nothing() {
    let confirmation = asked(&[NEWSLETTER, OFFERS]).confirmation;
    let newer = NoticeShown { version: "2026-12", ..NEWSLETTER };
    // the same version, and somebody has changed the text under it
    let edited = NoticeShown { sha256: "aa12", ..NEWSLETTER };
    let more = [NEWSLETTER, OFFERS, OFFERS];
    for notices in
        [&[NEWSLETTER][..], &[newer, OFFERS], &[OFFERS, NEWSLETTER], &[], &[edited, OFFERS], &more]
    {
        let shown = Shown { notices, page: "https://x.example/c", ip: None };
        let error = confirm(&confirmation, &shown, &HashSet::new(), at(NOW)).err().unwrap();
        assert!(matches!(error, ConfirmError::OtherTexts));
    }
}

#[test]
fn a_link_seals_the_text_and_one_of_before_that_still_works() {
    let sha256 = "0123456789abcdef0123";
    let mut confirmation = asked(&[NoticeShown { sha256, ..NEWSLETTER }]).confirmation;
    let read = |confirmation: &Confirmation| {
        let token = tokens().seal(confirmation).unwrap();
        let Reading::Valid(read) = tokens().read(&token, at(NOW)) else { panic!("no link") };
        read.asked[0].clone()
    };
    let new = read(&confirmation);
    assert_eq!(new.text_sha256.as_deref(), Some("0123456789abcdef"));
    assert!(new.is_text(sha256) && !new.is_text("1123456789abcdef0123"));
    confirmation.asked[0].text_sha256 = None;
    let old = read(&confirmation);
    assert_eq!((old.notice_version.as_str(), &old.text_sha256), ("2026-11", &None));
    assert!(old.is_text(sha256));
    assert_eq!(pressed(&confirmation, &[NEWSLETTER]).len(), 1);
}

#[test]
fn a_link_works_until_its_end_and_then_says_what_to_ask_again() {
    let confirmation = asked(&[NEWSLETTER, OFFERS]).confirmation;
    let token = tokens().seal(&confirmation).unwrap();
    let end = NOW + 72 * 3_600;
    assert_eq!(tokens().read(&token, at(NOW)), Reading::Valid(confirmation.clone()));
    assert_eq!(tokens().read(&token, at(end)), Reading::Valid(confirmation.clone()));
    assert_eq!(tokens().read(&token, at(end + 1)), Reading::Expired(confirmation.clone()));
    let person = tokens().mint(TokenKind::Preferences, &confirmation.person()).unwrap();
    for wrong in ["", "x", &person, &token.to_lowercase(), &token[1..]] {
        assert_eq!(tokens().read(wrong, at(NOW)), Reading::Wrong, "{wrong}");
    }
    assert_eq!(tokens().open(&person).unwrap().content.expires_at, None);
    // one that no form of ours asks for is not sealed
    for broken in [
        Confirmation { asked: Vec::new(), ..confirmation.clone() },
        Confirmation { expires_at: at(NOW + 3_600), ..confirmation.clone() },
        Confirmation { expires_at: at(NOW + 8 * 24 * 3_600), ..confirmation.clone() },
        Confirmation { locale: "x".repeat(1_900), ..confirmation },
    ] {
        assert_eq!(tokens().seal(&broken), Err(TokenError::Content));
    }
}

#[test]
fn any_flipped_bit_of_a_link_is_wrong() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let token = tokens().seal(&asked(&[NEWSLETTER]).confirmation).unwrap();
    let bytes = engine.decode(&token).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(tokens().read(&engine.encode(&flipped), at(NOW)), Reading::Wrong, "bit {bit}");
    }
}

proptest! {
    #[test]
    fn whatever_is_sealed_is_read_again(
        name in "[a-z]{1,20}", contact_id in proptest::option::of(".{0,60}"), locale in "[a-z]{2}",
        version in "[^ \\t\\n\\r\\p{Z}]{1,64}", hours in 48_u32..=168, n in 1_usize..=8,
    ) {
        let address = format!("{name}@example.com");
        let purposes: Vec<String> = (0..n).map(|nth| format!("marketing.p{nth}")).collect();
        let notices: Vec<_> = purposes
            .iter()
            .map(|purpose| NoticeShown { purpose, version: &version, sha256: "cc" })
            .collect();
        let wish = Wish { address: &address, contact_id: contact_id.as_deref().filter(|id| !id.trim().is_empty()),
            locale: &locale, hours, ..wish(&notices) };
        if let Ok(asking) = ask(&wish, &ids(), at(NOW))
            && let Ok(token) = tokens().seal(&asking.confirmation)
        {
            prop_assert!(token.len() <= gate_intake::CONFIRM_TOKEN_CHARS_MAX);
            prop_assert_eq!(tokens().read(&token, at(NOW)), Reading::Valid(asking.confirmation));
        }
    }

    #[test]
    fn no_text_is_a_link(text in ".{0,300}") {
        prop_assert_eq!(tokens().read(&text, at(NOW)), Reading::Wrong);
    }

    #[test]
    fn no_form_panics(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(form) = SignUp::read(&form(body)) {
            let _faults = form.faults();
        }
    }
}

const URL: &str = "https://consent.example.com/c/T0k3n";

#[test]
fn the_mail_is_a_request_for_consent_and_promotes_nothing() {
    let confirmation = asked(&[NEWSLETTER]).confirmation;
    let text = format!("Please confirm:\n{URL}\n");
    let mail = MailText { subject: "Please confirm", text: &text };
    let message = consent_request(&confirmation, &mail, URL).unwrap();
    assert_eq!(
        json_of(&message.json),
        json!({
            "message_id": confirmation.message_id(), "channel": "email", "category": "consent_request",
            "purpose": "marketing.newsletter", "controller": "acme-ltd", "brand": "acme",
            "expires_at": "2026-11-27T10:00:05Z",
            "content": {
                "promotional": false, "sender_identity": true, "postal_address": true, "unsubscribe": false,
                "one_click": false, "contact_address": true, "bulk": false,
            },
            "recipient": {"address": "Ana@Example.com", "jurisdiction": "DE"},
            "body": text, "attributes": {"subject": "Please confirm", "locale": "en", "confirm_url": URL},
        })
    );
    // of two purposes it names none
    let both = asked(&[NEWSLETTER, OFFERS]).confirmation;
    let message = consent_request(&both, &mail, URL).unwrap();
    assert_eq!(json_of(&message.json).get("purpose"), None);
    let refused = |mail: MailText<'_>, url: &str| consent_request(&both, &mail, url).err();
    assert_eq!(refused(mail, "https://other.example/c/x"), Some(RequestMailError::Link));
    assert_eq!(refused(mail, "javascript:alert(1)"), Some(RequestMailError::Link));
    let long = "x".repeat(2_000);
    for subject in ["", " ", "a\r\nBcc: b@example.com", &long] {
        let refused = refused(MailText { subject, ..mail }, URL);
        assert_eq!(refused, Some(RequestMailError::Size), "{subject:?}");
    }
}

#[test]
fn links_in_mail_are_read_by_nobody_on_their_way() {
    use gate_intake::can_be_mailed;
    for fine in
        ["https://door.example", "http://127.0.0.1:8090", "http://localhost/c", "http://[::1]"]
    {
        assert!(can_be_mailed(fine), "{fine}");
    }
    for no in ["http://door.example", "http://127.0.0.1.example", "http://localhost.example", "x"] {
        assert!(!can_be_mailed(no), "{no}");
    }
}

fn form(body: impl Into<Vec<u8>>) -> gate_intake::Request {
    let kind = ("content-type", "application/x-www-form-urlencoded");
    crate::door::post(&[kind], body)
}

#[test]
fn a_form_is_read_with_the_texts_it_showed() {
    let read = SignUp::read(&form(
        "csrf=c5&locale=de&address=+ana%40example.com&want=marketing.newsletter+2026-11&want=marketing.offers+v7&x=1",
    ));
    let read = read.unwrap();
    assert_eq!((&*read.csrf, &*read.locale, &*read.address), ("c5", "de", "ana@example.com"));
    let asked: Vec<_> = read.asked.iter().map(|it| (&*it.purpose, &*it.notice_version)).collect();
    assert_eq!(asked, [("marketing.newsletter", "2026-11"), ("marketing.offers", "v7")]);
    assert!(read.faults().is_empty());
    assert!(!read.again);
    assert!(SignUp::read(&form("again=yes&want=p+v")).unwrap().again);
    let empty = SignUp::read(&form("address=ana")).unwrap();
    assert_eq!(empty.faults(), [SignUpFault::Address, SignUpFault::Nothing]);
}

#[test]
fn a_form_that_is_none_of_ours_is_refused() {
    let long = "x".repeat(1_025);
    let nine: String = (0..9).map(|nth| format!("want=p{nth}+v&")).collect();
    for (body, error) in [
        ("address=a&address=b".to_owned(), SignUpError::Unreadable),
        ("want=marketing".to_owned(), SignUpError::Unreadable),
        ("want=+v".to_owned(), SignUpError::Unreadable),
        ("want=p+v+w".to_owned(), SignUpError::Unreadable),
        ("want=p+v&want=p+w".to_owned(), SignUpError::Unreadable),
        (nine, SignUpError::Unreadable),
        (format!("address={long}"), SignUpError::TooLarge),
        ("x".repeat(20_000), SignUpError::TooLarge),
    ] {
        assert_eq!(SignUp::read(&form(body.clone())), Err(error), "{body}");
    }
}

#[test]
fn attempts_are_counted_by_address_and_network_without_naming_either() {
    let key = |address: &str, ip: &str| throttle_keys(address, ip.parse().unwrap(), &ids());
    let one = key("Ana@Example.com", "192.0.2.7");
    assert_eq!(one, key("ana@example.com ", "::ffff:192.0.2.200"));
    assert_ne!(one.network, key("ana@example.com", "192.0.3.7").network);
    let six = key("x", "2001:db8:0:1ff::1");
    assert_eq!((six.address.clone(), &six.network), (None, &key("x", "2001:db8:0:100::9").network));
    assert_ne!(six.network, key("x", "2001:db8:0:200::9").network);
    assert!(!format!("{one:?}{six:?}").contains("192.0") && !format!("{one:?}").contains("ana@"));
}

#[test]
fn a_mailbox_counts_once_under_all_its_names() {
    let ip = "192.0.2.7".parse().unwrap();
    let key = |address: &str| throttle_keys(address, ip, &ids()).address.unwrap();
    for (one, other) in [
        ("ana+1@example.com", "Ana+two+three@example.com"),
        ("ana+1@example.com", "ana@EXAMPLE.com"),
        ("a.n.a+x@gmail.com", "ana@googlemail.com"),
    ] {
        assert_eq!(key(one), key(other), "{one} {other}");
    }
    for (one, other) in [
        ("ana@example.com", "ana@example.org"),
        ("a.na@example.com", "ana@example.com"),
        ("+1@example.com", "+2@example.com"),
        ("ben+ana@example.com", "ana@example.com"),
    ] {
        assert_ne!(key(one), key(other), "{one} {other}");
    }
}

#[test]
fn nothing_of_a_person_is_printed() {
    let asking = asked(&[NEWSLETTER]);
    let token = tokens().seal(&asking.confirmation).unwrap();
    let sent = form("address=ana%40example.com");
    let printed = format!(
        "{asking:?} {:?} {:?} {:?}",
        wish(&[NEWSLETTER]),
        tokens().read(&token, at(NOW)),
        SignUp::read(&sent)
    );
    assert!(!printed.to_lowercase().contains("ana@") && !printed.contains("opt-in:"), "{printed}");
}
