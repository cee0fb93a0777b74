//! Published signatures: the vectors of vendors' own documentation and test suites.
//!
//! Standard Webhooks and Svix: `svix-webhooks` go/webhook_test.go. Twilio: its security documentation and twilio-php
//! RequestValidatorTest. SendGrid: sendgrid-python test_eventwebhook.py. HubSpot: hubspot-api-python test_signature.py.

use crate::door::{post, run_at, source};
use gate_intake::Refusal;
use serde_json::json;
use std::collections::HashSet;

#[test]
fn standard_webhooks() {
    let source = source(json!({
        "name": "x", "provider": "standard-webhooks", "secrets": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }));
    for prefix in ["webhook", "svix"] {
        let (id, at, signature) =
            (format!("{prefix}-id"), format!("{prefix}-timestamp"), format!("{prefix}-signature"));
        let headers = [
            (id.as_str(), "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            (at.as_str(), "1614265330"),
            (signature.as_str(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ];
        let request = post(&headers, r#"{"test": 2432232314}"#);
        let outcome = run_at(&source, &request, 1_614_265_330, &HashSet::new());
        // authentic, and no consent change
        assert_eq!((outcome.refused, outcome.problems.len()), (None, 1));
        let changed = post(&headers, r#"{"test": 2432232315}"#);
        let outcome = run_at(&source, &changed, 1_614_265_330, &HashSet::new());
        assert_eq!(outcome.refused, Some(Refusal::Unauthentic));
    }
}

#[test]
fn twilio() {
    let source = source(json!({
        "name": "x", "provider": "twilio", "auth_token": "12345",
        "public_url": "https://mycompany.com/myapp.php?foo=1&bar=2",
    }));
    let form = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    let repeated = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
    for (form, signature) in
        [(form, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), (repeated, "IK+Dwps556ElfBT0I3Rgjkr1wJU=")]
    {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-twilio-signature", signature),
        ];
        let outcome = run_at(&source, &post(&headers, form), 0, &HashSet::new());
        assert_eq!(outcome.refused, None);
        let outcome = run_at(&source, &post(&headers, format!("{form}&x=")), 0, &HashSet::new());
        assert_eq!(outcome.refused, Some(Refusal::Unauthentic), "a blank field is signed too");
    }
}

#[test]
fn sendgrid() {
    let source = source(json!({
        "name": "x", "provider": "sendgrid",
        "public_key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
    }));
    let body = concat!(
        r#"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#,
        r#""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#,
        r#""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#,
        r#""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#,
        "\r\n"
    );
    let headers = [
        (
            "x-twilio-email-event-webhook-signature",
            "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
        ),
        ("x-twilio-email-event-webhook-timestamp", "1600112502"),
    ];
    let outcome = run_at(&source, &post(&headers, body), 1_600_112_502, &HashSet::new());
    assert_eq!(outcome.records[0].record.action.as_deref(), Some("hard_bounce"));
    let outcome = run_at(&source, &post(&headers, body.trim_end()), 1_600_112_502, &HashSet::new());
    assert_eq!(outcome.refused, Some(Refusal::Unauthentic));
    let outcome = run_at(&source, &post(&headers, body), 1_600_112_502 + 90_000, &HashSet::new());
    assert_eq!(outcome.refused, Some(Refusal::Stale));
}

#[test]
fn hubspot() {
    let source = source(json!({
        "name": "x", "provider": "hubspot", "client_secret": "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
        "public_url": "https://www.example.com/webhook_uri",
    }));
    let headers = [
        ("x-hubspot-signature-v3", "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw="),
        ("x-hubspot-request-timestamp", "15000000"),
    ];
    let request = post(&headers, "{'example_field':'example_value'}");
    let outcome = run_at(&source, &request, 15_000, &HashSet::new());
    // authentic, and no JSON
    assert_eq!((outcome.refused, outcome.problems.len()), (Some(Refusal::Unreadable), 1));
    let outcome = run_at(&source, &request, 15_000 + 301, &HashSet::new());
    assert_eq!(outcome.refused, Some(Refusal::Stale));
}
