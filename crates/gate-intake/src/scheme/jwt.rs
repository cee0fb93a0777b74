//! Signed tokens (RFC 7519) with a shared secret: only HS256, HS384 and HS512, whatever the token's header would like.
//!
//! The claims hold hashes of the body and, at MessageBird, of the URL; without `payload_hash` the content is not covered and
//! the request is refused.

use super::JwtScheme;
use super::presented::{Presented, bearer, within};
use crate::crypto::{self, Mac};
use crate::json;
use crate::outcome::{Refusal, seconds};
use crate::secret::Secret;
use gate_core::Timestamp;
use serde_json::Value;

/// Longest token that is looked at.
const JWT_BYTES_MAX: usize = 8 * 1024;

/// Whether the token is there, valid now, and of this body.
pub(crate) fn verify(
    scheme: &JwtScheme,
    secrets: &[Secret],
    presented: &Presented<'_>,
) -> Result<(), Refusal> {
    let claims = claims(scheme, secrets, presented).ok_or(Refusal::Unauthentic)?;
    let is_of = |name: &str, bytes: &[u8]| {
        let stated = json::text(&claims, name).and_then(|text| crypto::hex(text.as_bytes()));
        stated.is_some_and(|stated| crypto::is_same(&stated, &crypto::sha256(bytes)))
    };
    let has_issuer =
        scheme.issuer.as_deref().is_none_or(|issuer| json::text(&claims, "/iss") == Some(issuer));
    let is_of_url =
        !scheme.url_hash || presented.url.is_some_and(|url| is_of("/url_hash", url.as_bytes()));
    // MessageBird leaves the claim out where there is no body
    let has_hash = json::at(&claims, "/payload_hash").is_some();
    let is_of_body = is_of("/payload_hash", &presented.request.body)
        || (!has_hash && scheme.url_hash && presented.request.body.is_empty());
    if !(has_issuer && is_of_url && is_of_body) {
        return Err(Refusal::Unauthentic);
    }
    timely(scheme, &claims, presented.now)
}

fn claims(scheme: &JwtScheme, secrets: &[Secret], presented: &Presented<'_>) -> Option<Value> {
    let header = presented.request.text(&scheme.header)?;
    let is_bearer = scheme.header.eq_ignore_ascii_case("authorization");
    let token = if is_bearer { bearer(header)? } else { header };
    let is_short = token.len() <= JWT_BYTES_MAX;
    let (signed, tag) = is_short.then(|| token.rsplit_once('.')).flatten()?;
    let (head, body) = signed.split_once('.')?;
    let head = json::value(&crypto::base64url(head.as_bytes())?).ok()?;
    let mac = match json::text(&head, "/alg")? {
        "HS256" => Mac::Sha256,
        "HS384" => Mac::Sha384,
        "HS512" => Mac::Sha512,
        _ => return None,
    };
    let tag = crypto::base64url(tag.as_bytes())?;
    let is_key = |secret: &Secret| {
        !secret.is_empty() && mac.is_of(secret.expose().as_bytes(), signed.as_bytes(), &tag)
    };
    secrets.iter().any(is_key).then(|| json::value(&crypto::base64url(body.as_bytes())?).ok())?
}

fn timely(scheme: &JwtScheme, claims: &Value, now: Timestamp) -> Result<(), Refusal> {
    let second = |name| json::at(claims, name).and_then(Value::as_i64);
    let (clock, leeway) = (seconds(now), i64::from(scheme.leeway_seconds));
    if second("/exp").is_some_and(|end| clock > end.saturating_add(leeway)) {
        return Err(Refusal::Stale);
    }
    if second("/nbf").is_some_and(|start| clock < start.saturating_sub(leeway)) {
        return Err(Refusal::Stale);
    }
    match (scheme.tolerance_seconds, second("/iat"), second("/exp")) {
        (Some(tolerance), Some(at), _) => within(at, i64::from(tolerance), now),
        (Some(_), None, _) | (None, _, None) => Err(Refusal::Unauthentic),
        (None, _, Some(_)) => Ok(()),
    }
}
