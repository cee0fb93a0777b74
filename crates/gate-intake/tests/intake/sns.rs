//! The certificate of an Amazon SNS signature: what is not there yet is asked for, what is wrong is refused, what is no certificate
//! is not kept.

use crate::door::{NOW, at, source, tokens};
use gate_intake::{
    CertificateUrl, Certificates, Context, IdKey, NoCertificate, Outcome, Refusal, Request, Source,
    Step, receive,
};
use serde_json::Value;
use std::collections::HashSet;
use std::path::Path;

struct Sample {
    /// Without certificates of its own: they are fetched.
    source: Source,
    request: Request,
    url: CertificateUrl,
    pem: Vec<u8>,
    anchor: Vec<u8>,
}

/// A bounce of `webhooks/ses.json`.
fn sample() -> Sample {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webhooks/ses.json");
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut spec = whole["source"].clone();
    let (url, pem) = spec["certificates"].as_object().unwrap().iter().next().unwrap();
    let (url, pem) = (url.clone(), pem.as_str().unwrap().as_bytes().to_vec());
    let anchor = spec["trust_anchor"].as_str().unwrap().as_bytes().to_vec();
    spec.as_object_mut().unwrap().remove("certificates");
    let case = &whole["requests"][2];
    assert_eq!(case["verdict"], "accept");
    let headers = case["headers"].as_object().unwrap().iter();
    let request = Request {
        method: "POST".to_owned(),
        path_and_query: "/hooks/ses-main".to_owned(),
        headers: headers
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().as_bytes().to_vec()))
            .collect(),
        body: case["body"].as_str().unwrap().as_bytes().to_vec(),
    };
    Sample { source: source(spec), request, url: CertificateUrl(url), pem, anchor }
}

fn step(sample: &Sample, certificates: &Certificates, now: i64) -> Step {
    let (tokens, ids, window) = (tokens(), IdKey::new([7; 32]), HashSet::<String>::new());
    let context =
        Context { now: at(now), certificates, tokens: &tokens, ids: &ids, window: &window };
    receive(&sample.source, &sample.request, &context)
}

fn outcome(sample: &Sample, pem: &[u8], now: i64) -> Outcome {
    let mut certificates = Certificates::default();
    certificates.take(sample.url.clone(), pem.to_vec()).unwrap();
    match step(sample, &certificates, now) {
        Step::Done(outcome) => outcome,
        Step::Needs(url) => panic!("it has {}", url.0),
    }
}

#[test]
fn a_certificate_is_asked_for_and_a_wrong_one_is_refused() {
    let sample = sample();
    let Step::Needs(url) = step(&sample, &Certificates::default(), NOW) else {
        panic!("nothing proves it yet")
    };
    assert_eq!(url, sample.url);
    assert_eq!(outcome(&sample, &sample.pem, NOW).answer.status, 200);
    let years = 10 * 366 * 24 * 3_600;
    for (why, pem, now) in [
        ("made out to somebody else", &sample.anchor, NOW),
        ("over", &sample.pem, NOW + years),
        ("not yet", &sample.pem, NOW - years),
    ] {
        let refused = outcome(&sample, pem, now);
        assert_eq!(refused.refused, Some(Refusal::Certificate), "{why}");
        assert_eq!((refused.answer.status, refused.records.len()), (401, 0), "{why}");
    }
}

#[test]
fn what_is_no_certificate_is_not_kept() {
    let sample = sample();
    let mut certificates = Certificates::default();
    let text = String::from_utf8(sample.pem.clone()).unwrap();
    let half = &sample.pem[..sample.pem.len() / 2];
    let shorter = text.replacen("MII", "", 1);
    for pem in [&b""[..], b"<html>not found</html>", half, shorter.as_bytes()] {
        let taken = certificates.take(sample.url.clone(), pem.to_vec());
        assert_eq!((taken, certificates.0.len()), (Err(NoCertificate), 0));
    }
    assert!(matches!(step(&sample, &certificates, NOW), Step::Needs(_)), "it comes again");
}
