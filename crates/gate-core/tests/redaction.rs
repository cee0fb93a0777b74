//! Promise P6: no `Debug` of the core's types shows an address, a contact id, a content or a stored key.
//!
//! Every text field is filled with a marker that must not come out. A new field of a type that derives
//! `Debug` again would fail here, because each struct is built with all its fields named.

use gate_core::*;

const MARKER: &str = "zq7-personal";

fn marked<T: From<&'static str>>() -> Option<T> {
    Some(MARKER.into())
}

fn change() -> ConsentChange<'static> {
    ConsentChange {
        event_id: MARKER.into(),
        occurred_at: Timestamp::from_millis(1),
        action: Action::InboundSms,
        contact_id: ContactId::new(MARKER.into()),
        address: Address::new(MARKER.into()),
        region: marked(),
        channel: ChannelScope::One(Channel::Sms),
        purpose: marked(),
        controller: marked(),
        brand: marked(),
        basis: Some(Basis::Express),
        kind: Some(RelationshipKind::Purchase),
        context_flags: 0,
        product_group: marked(),
        evidence: Some(Evidence {
            method: marked(),
            notice_version: marked(),
            signature: true,
            number_named: true,
            not_condition_of_purchase: true,
            has_notice_text: true,
            has_source: true,
            has_locale: true,
            has_template_id: true,
        }),
        text: marked(),
        to: marked(),
        registry: marked(),
        listed: Some(true),
        smtp: marked(),
        format: marked(),
        scope: Some(SuppressionScope::All),
        keep_suppression: true,
        birth_date_days: Some(987_654),
        message_id: marked(),
        expires_at: Some(Timestamp::from_millis(3)),
        new_address: Address::new(MARKER.into()),
        recipient_kind: Some(RecipientKind::Business),
    }
}

fn message() -> OutboundMessage<'static> {
    OutboundMessage {
        message_id: MARKER.into(),
        channel: Some(Channel::Sms),
        category: Category::Marketing,
        purpose: marked(),
        controller: marked(),
        brand: marked(),
        sender_number: marked(),
        product_group: marked(),
        sole_charitable_purpose: Some(true),
        expires_at: Some(Timestamp::from_millis(2)),
        content: Content::default(),
        contact_id: ContactId::new(MARKER.into()),
        address: Address::new(MARKER.into()),
        region: marked(),
        tz: marked(),
        jurisdiction: marked(),
        jurisdiction_verified: true,
        jurisdiction_verified_at: Some(Timestamp::from_millis(3)),
        kind: Some(RecipientKind::Business),
        campaign: marked(),
    }
}

#[track_caller]
fn assert_redacted(shown: &str) {
    for secret in [MARKER, "987654", "987_654", "zq7", "[7, 7", "0x070707"] {
        assert!(!shown.contains(secret), "shows `{secret}`: {shown}");
    }
}

#[test]
fn no_debug_shows_personal_data() {
    let address = CanonicalAddress::parse("zq7-personal@example.net", None, None).unwrap();
    assert_redacted(&format!("{:?}", ContactId::new(MARKER.into())));
    assert_redacted(&format!("{:?}", Address::new(MARKER.into())));
    assert_redacted(&format!("{address:?} {address:#?}"));
    assert_redacted(&format!("{:?} {:#?}", change(), change()));
    assert_redacted(&format!("{:?} {:#?}", message(), message()));
    assert_redacted(&format!("{:?}", SubjectKey([7; 16])));
}

#[test]
fn no_debug_of_state_shows_a_birth_date_a_number_or_a_key() {
    let subjects = Subjects {
        contact: Some(SubjectKey([7; 16])),
        address: Some(SubjectKey([7; 16])),
        ..Subjects::default()
    };
    let received = Timestamp::from_millis(1);
    let profile = ConsentChange {
        action: Action::Profile,
        purpose: None,
        controller: None,
        brand: None,
        ..change()
    };
    let stop = ConsentChange {
        text: Some("stop".into()),
        to: Some("zq7-number".into()),
        controller: None,
        brand: None,
        ..change()
    };
    for change in [&profile, &stop] {
        let placement = place(change, subjects, EventKey([1; 8]), Receipt::by_broker(received));
        let mut state = ConsentState::default();
        state.join(placement.contact.iter().copied());
        assert!(!state.facts().is_empty());
        assert_redacted(&format!("{placement:?} {placement:#?} {state:?} {subjects:?}"));
        let shown = format!("{state:?}");
        assert!(!shown.contains(&format!("{:x}", 987_654)), "a birth date, as flags: {shown}");
        // all other flags may be seen: they come from closed sets
        let n_hidden = usize::from(change.action == Action::Profile);
        assert_eq!(shown.matches("kind: ").count(), state.facts().len());
        assert_eq!(shown.matches("flags: ").count(), state.facts().len() - n_hidden, "{shown}");
        let recipient = Recipient::new(
            Some((SubjectKey([7; 16]), &state)),
            AddressLookup::Known(SubjectKey([7; 16]), &state),
        );
        let decision = decide(&PolicySet::express_only(), recipient, &message(), received);
        assert_redacted(&format!("{recipient:?} {decision:?}"));
        // and still it says what a decision had to go by
        for known in ["contact: Some", "Known", "has_number: false", "n_approved: 0"] {
            assert!(format!("{recipient:?}").contains(known), "{known}: {recipient:?}");
        }
    }
}

#[test]
fn errors_show_no_address() {
    for raw in ["zq7-personal", "zq7-personal@", "zq7-personal@@x", &MARKER.repeat(40)] {
        let error = CanonicalAddress::parse(raw, Some(Channel::Email), None).unwrap_err();
        assert_redacted(&format!("{error} {error:?}"));
    }
    assert_redacted(&format!("{:?}", ConsentState::decode(MARKER.as_bytes()).unwrap_err()));
}
