//! Amazon SNS over HTTPS: is the message Amazon's, and of a topic of ours?
//!
//! Anybody's topic has a valid signature of Amazon, so topics are listed. The certificate must lie on exactly the host of the
//! topic's region: the pattern of Amazon's own validator also fits a storage bucket (`sns.s3-eu-west-1.amazonaws.com`). It must
//! chain to the configured anchor and be made out to SNS. Raw delivery has no signature and is refused.

use crate::crypto::{self, PublicKey};
use crate::json;
use crate::outcome::{CertificateUrl, Refusal, seconds};
use crate::request::Request;
use crate::source::Source;
use gate_core::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Most certificates of a chain or a list of anchors.
const CERTIFICATES_MAX: usize = 32;

/// Certificates that the caller has fetched, by URL. Keep them: they change every few months.
#[derive(Clone, Debug, Default)]
pub struct Certificates(pub BTreeMap<String, Vec<u8>>);

impl Certificates {
    /// Takes one in, where it is one that can be read. An error page with status 200, or half of an answer, would be kept for long.
    ///
    /// # Errors
    /// It is none: it is not to be had now.
    pub fn take(&mut self, url: CertificateUrl, pem: Vec<u8>) -> Result<(), NoCertificate> {
        let chain = certificates(&pem).unwrap_or_default();
        let leaf = chain.first().ok_or(NoCertificate)?;
        EndEntityCert::try_from(leaf).map_err(|_| NoCertificate)?;
        self.0.insert(url.0, pem);
        Ok(())
    }
}

/// What was fetched is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was fetched is no certificate")]
pub struct NoCertificate;

/// What a verified request is.
pub(crate) struct Message {
    pub(crate) kind: Kind,
    /// The payload of a notification.
    pub(crate) text: String,
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) message_id: String,
}

/// The kinds of SNS request.
pub(crate) enum Kind {
    Notification,
    /// With the URL that confirms it.
    Subscription(String),
    Unsubscription,
}

/// Why there is no message.
pub(crate) enum Failure {
    Refused(Refusal),
    Needs(CertificateUrl),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Checks topic, certificate and signature.
pub(crate) fn verify(
    source: &Source,
    request: &Request,
    fetched: &Certificates,
    now: Timestamp,
) -> Result<Message, Failure> {
    let is_raw = request
        .text("x-amz-sns-rawdelivery")
        .is_some_and(|value| !value.eq_ignore_ascii_case("false"));
    if is_raw {
        return Err(Refusal::Unauthentic.into());
    }
    let envelope = json::value(&request.body).map_err(|_| Refusal::Unauthentic)?;
    let text = |name: &str| envelope.get(name).and_then(Value::as_str);
    let topic = text("TopicArn").ok_or(Refusal::Unauthentic)?;
    if !source.topic_arns.contains(topic) {
        return Err(Refusal::ForeignTopic.into());
    }
    let kind = text("Type").ok_or(Refusal::Unauthentic)?;
    let host = host(topic).ok_or(Refusal::ForeignTopic)?;
    let url =
        text("SigningCertURL").or_else(|| text("SigningCertUrl")).ok_or(Refusal::Unauthentic)?;
    if !is_certificate(url, &host) {
        return Err(Refusal::Unauthentic.into());
    }
    let algorithm = match text("SignatureVersion") {
        Some("2") => PublicKey::RsaSha256,
        Some("1") if source.switches.sha1 => PublicKey::RsaSha1,
        _ => return Err(Refusal::Unauthentic.into()),
    };
    let signature = text("Signature")
        .and_then(|text| crypto::base64(text.as_bytes()))
        .ok_or(Refusal::Unauthentic)?;
    let signed = signed(kind, &envelope).ok_or(Refusal::Unauthentic)?;
    let own = source.certificates.get(url).map(String::as_bytes);
    let Some(pem) = own.or_else(|| fetched.0.get(url).map(Vec::as_slice)) else {
        return Err(Failure::Needs(CertificateUrl(url.to_owned())));
    };
    let key = public_key(source, pem, &host, now)?;
    if !algorithm.signed(&key, signed.as_bytes(), &signature) {
        return Err(Refusal::Unauthentic.into());
    }
    let kind = match kind {
        "Notification" => Kind::Notification,
        "SubscriptionConfirmation" => {
            let url = text("SubscribeURL")
                .filter(|url| is_confirmation(url, &host))
                .ok_or(Refusal::Unauthentic)?;
            Kind::Subscription(url.to_owned())
        }
        _ => Kind::Unsubscription,
    };
    Ok(Message {
        kind,
        text: text("Message").unwrap_or_default().to_owned(),
        timestamp: text("Timestamp").and_then(crate::time::rfc3339),
        message_id: text("MessageId").unwrap_or_default().to_owned(),
    })
}

/// Names and values in byte order, each followed by a line break; a `Subject` only where there is one.
fn signed(kind: &str, envelope: &Value) -> Option<String> {
    let names: &[&str] = match kind {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
            &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        }
        _ => return None,
    };
    let mut out = String::new();
    for name in names {
        match envelope.get(name) {
            Some(Value::String(text)) => {
                out.extend([name, "\n", text, "\n"]);
            }
            None | Some(Value::Null) if *name == "Subject" => {}
            _ => return None,
        }
    }
    Some(out)
}

/// The one host that speaks for a topic: `arn:aws:sns:REGION:ACCOUNT:NAME`.
fn host(topic: &str) -> Option<String> {
    let mut parts = topic.split(':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let region = parts.next()?;
    let is_region = !region.is_empty()
        && region.len() <= 32
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        // a bucket's region begins so, and no region does
        && !region.starts_with("s3");
    let suffix = match partition {
        "aws" | "aws-us-gov" => "amazonaws.com",
        "aws-cn" => "amazonaws.com.cn",
        _ => return None,
    };
    (arn == "arn" && service == "sns" && is_region).then(|| format!("sns.{region}.{suffix}"))
}

/// Exactly `https://HOST/SimpleNotificationService-HEX.pem`.
fn is_certificate(url: &str, host: &str) -> bool {
    let rest = url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(host));
    let hex = rest
        .and_then(|rest| rest.strip_prefix("/SimpleNotificationService-"))
        .and_then(|rest| rest.strip_suffix(".pem"));
    hex.is_some_and(|hex| {
        !hex.is_empty() && hex.len() <= 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// `https://HOST/?Action=ConfirmSubscription&…`, with nothing in it that ends a header or a host.
fn is_confirmation(url: &str, host: &str) -> bool {
    let rest = url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(host));
    let is_plain =
        url.len() <= 2_048 && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    is_plain
        && rest.is_some_and(|rest| {
            rest.starts_with("/?Action=ConfirmSubscription&")
                && rest.contains("TopicArn=")
                && rest.contains("Token=")
        })
}

/// The key of a certificate that is made out to SNS, valid now, and signed by an anchor of ours.
fn public_key(source: &Source, pem: &[u8], host: &str, now: Timestamp) -> Result<Vec<u8>, Refusal> {
    let chain = certificates(pem).filter(|chain| !chain.is_empty()).ok_or(Refusal::Ours)?;
    let leaf = chain.first().ok_or(Refusal::Ours)?;
    let certificate = EndEntityCert::try_from(leaf).map_err(|_| Refusal::Certificate)?;
    let key = certificate.subject_public_key_info().as_ref().to_vec();
    if source.switches.trust_fetch {
        return Ok(key);
    }
    let suffix = if host.ends_with(".cn") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let is_made_out = [host.to_owned(), format!("sns.{suffix}")].into_iter().any(|name| {
        ServerName::try_from(name)
            .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
    });
    if !is_made_out {
        return Err(Refusal::Certificate);
    }
    let anchors = source
        .trust_anchor
        .as_deref()
        .and_then(|pem| certificates(pem.as_bytes()))
        .ok_or(Refusal::Ours)?;
    let anchors: Vec<_> =
        anchors.iter().filter_map(|anchor| anchor_from_trusted_cert(anchor).ok()).collect();
    let own = source.intermediates.as_deref().and_then(|pem| certificates(pem.as_bytes()));
    let between: Vec<CertificateDer<'_>> =
        chain.iter().skip(1).cloned().chain(own.unwrap_or_default()).collect();
    let clock = Duration::from_secs(u64::try_from(seconds(now)).map_err(|_| Refusal::Ours)?);
    let verified = certificate.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &anchors,
        &between,
        UnixTime::since_unix_epoch(clock),
        KeyUsage::server_auth(),
        None,
        None,
    );
    verified.map(|_| key).map_err(|_| Refusal::Certificate)
}

/// The certificates of a PEM text.
pub(crate) fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem).take(CERTIFICATES_MAX).collect::<Result<_, _>>().ok()
}
