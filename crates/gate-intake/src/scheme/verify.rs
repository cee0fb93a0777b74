//! Applies a scheme to the raw bytes of a request. Every failure is the same refusal; nothing is parsed before.

use super::presented::{Presented, bearer, within};
use super::{
    Algorithm, Encoding, HeaderNames, KeyForm, Part, Scheme, SignatureScheme, Unit, Written,
};
use super::{TimestampRule, jwt};
use crate::crypto::{self, Mac, PublicKey};
use crate::form;
use crate::limits::SIGNATURES_MAX;
use crate::outcome::Refusal;
use crate::request::Request;
use crate::secret::Secret;
use gate_core::Timestamp;

/// The keys a source holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRing {
    /// Shared secrets of signatures.
    pub(crate) secrets: Vec<Secret>,
    /// Public keys as configured.
    pub(crate) public_keys: Vec<Secret>,
    /// Secret words.
    pub(crate) tokens: Vec<Secret>,
    /// `name:password` as basic authentication joins them.
    pub(crate) basic: Vec<Secret>,
    /// Secrets in the path.
    pub(crate) path_secrets: Vec<Secret>,
}

/// Whether the request is the provider's.
pub(crate) fn verify(
    scheme: &Scheme,
    keys: &KeyRing,
    presented: &Presented<'_>,
) -> Result<(), Refusal> {
    let request = presented.request;
    match scheme {
        Scheme::Signature(scheme) => signed(scheme, keys, presented),
        Scheme::Jwt(scheme) => jwt::verify(scheme, &keys.secrets, presented),
        Scheme::Bearer(scheme) => {
            let word = match &scheme.header {
                Some(header) => request.text(header),
                None => request.text("authorization").and_then(bearer),
            };
            one_of(&keys.tokens, word)
        }
        Scheme::Basic => one_of(&keys.basic, basic(request).as_deref()),
        Scheme::PathSecret => {
            let of_path = request.path().rsplit('/').next();
            let query = form::urlencoded(request.query().unwrap_or_default().as_bytes());
            let of_query = form::value(&query, "secret").or_else(|| form::value(&query, "key"));
            one_of(&keys.path_secrets, of_query.or(of_path))
        }
    }
}

fn basic(request: &Request) -> Option<String> {
    let (kind, word) = request.text("authorization")?.split_once(' ')?;
    let pair = kind.eq_ignore_ascii_case("basic").then(|| crypto::base64(word.trim().as_bytes()));
    String::from_utf8(pair??).ok()
}

/// Compares with every key, so that time does not say which one fits.
fn one_of(known: &[Secret], word: Option<&str>) -> Result<(), Refusal> {
    let word = word.unwrap_or_default();
    let fits = known.iter().fold(false, |fits, secret| {
        fits | (!secret.is_empty() && crypto::is_same(secret.expose().as_bytes(), word.as_bytes()))
    });
    if fits { Ok(()) } else { Err(Refusal::Unauthentic) }
}

/// What stands in the headers of a signature.
struct Stated<'r> {
    signatures: Vec<(Algorithm, Vec<u8>)>,
    timestamp: Option<&'r str>,
    id: Option<&'r str>,
    nonce: Option<&'r str>,
}

fn signed(
    scheme: &SignatureScheme,
    keys: &KeyRing,
    presented: &Presented<'_>,
) -> Result<(), Refusal> {
    let request = presented.request;
    let demanded = scheme.demand.iter().all(|(name, value)| {
        request.text(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    });
    let stated = demanded.then(|| stated(scheme, request)).flatten();
    let stated = stated.ok_or(Refusal::Unauthentic)?;
    let message = message(scheme, &stated, presented).ok_or(Refusal::Unauthentic)?;
    let fits = stated
        .signatures
        .iter()
        .any(|(algorithm, tag)| fits(*algorithm, scheme.key, keys, &message, tag));
    if !fits {
        return Err(Refusal::Unauthentic);
    }
    match (scheme.timestamp, stated.timestamp) {
        (Some(rule), Some(at)) => timely(rule, at, presented.now),
        (Some(_), None) => Err(Refusal::Unauthentic),
        (None, _) => Ok(()),
    }
}

fn stated<'r>(scheme: &SignatureScheme, request: &'r Request) -> Option<Stated<'r>> {
    let names: &HeaderNames = scheme.headers.iter().find(|names| request.has(&names.signature))?;
    let whole = request.text(&names.signature)?;
    let of = |name: &Option<String>| name.as_ref().and_then(|name| request.text(name));
    let decode = |text: &str| decode(scheme.encoding, text);
    let mut stated = Stated {
        signatures: Vec::new(),
        timestamp: of(&names.timestamp),
        id: of(&names.id),
        nonce: of(&names.nonce),
    };
    match &scheme.written {
        Written::Plain => stated.signatures.push((scheme.algorithm, decode(whole)?)),
        Written::Versions(versions) => {
            let each = whole.split(' ').filter_map(|one| one.split_once(','));
            let known =
                each.filter_map(|(version, text)| Some((*versions.get(version)?, decode(text)?)));
            stated.signatures = known.take(SIGNATURES_MAX).collect();
        }
        Written::Pairs { timestamp, signature } => {
            let pairs = || whole.split(',').filter_map(|pair| pair.trim().split_once('='));
            let mut times = pairs().filter(|(name, _)| name == timestamp);
            stated.timestamp = times.next().map(|(_, at)| at);
            if times.next().is_some() {
                return None;
            }
            let texts = pairs().filter(|(name, _)| name == signature);
            let known = texts.filter_map(|(_, text)| Some((scheme.algorithm, decode(text)?)));
            stated.signatures = known.take(SIGNATURES_MAX).collect();
        }
    }
    Some(stated)
}

pub(crate) fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Base64 => crypto::base64(text.as_bytes()),
        Encoding::Hex => crypto::hex(text.as_bytes()),
    }
}

fn message(
    scheme: &SignatureScheme,
    stated: &Stated<'_>,
    presented: &Presented<'_>,
) -> Option<Vec<u8>> {
    let request = presented.request;
    let mut message = Vec::with_capacity(request.body.len() + 256);
    for part in &scheme.template.0 {
        match part {
            Part::Text(text) => message.extend_from_slice(text.as_bytes()),
            Part::Id => message.extend_from_slice(stated.id?.as_bytes()),
            Part::Timestamp => message.extend_from_slice(stated.timestamp?.as_bytes()),
            Part::Nonce => message.extend_from_slice(stated.nonce?.as_bytes()),
            Part::Body => message.extend_from_slice(&request.body),
            Part::Method => message.extend_from_slice(request.method.as_bytes()),
            Part::Url => message.extend_from_slice(presented.url?.as_bytes()),
            Part::UrlDecoded => message.extend_from_slice(unescaped(presented.url?).as_bytes()),
            Part::SortedForm => {
                let mut form = form::urlencoded(&request.body);
                form.sort();
                for (name, value) in form {
                    message.extend_from_slice(name.as_bytes());
                    message.extend_from_slice(value.as_bytes());
                }
            }
        }
    }
    Some(message)
}

/// The escapes HubSpot decodes before signing (its documentation of request validation; K), and no others.
const UNESCAPED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

fn unescaped(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let known = from.get(..3).and_then(|escape| {
            UNESCAPED.iter().find(|(code, _)| code.eq_ignore_ascii_case(escape))
        });
        let (text, skip) = known.map_or(("%", 1), |(_, plain)| (*plain, 3));
        out.push_str(text);
        rest = from.get(skip..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn fits(algorithm: Algorithm, form: KeyForm, keys: &KeyRing, message: &[u8], tag: &[u8]) -> bool {
    let mac = match algorithm {
        Algorithm::HmacSha1 => Mac::Sha1,
        Algorithm::HmacSha256 => Mac::Sha256,
        Algorithm::HmacSha512 => Mac::Sha512,
        Algorithm::Ed25519 => {
            let mut known = keys.public_keys.iter().filter_map(public_key);
            return known.any(|key| PublicKey::Ed25519.signed(&key, message, tag));
        }
    };
    let mut known = keys.secrets.iter().filter_map(|secret| key(form, secret));
    known.any(|key| !key.is_empty() && mac.is_of(&key, message, tag))
}

/// The bytes of a key.
pub(crate) fn key(form: KeyForm, secret: &Secret) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let text = secret.expose();
    let bytes = match form {
        KeyForm::Text => Some(text.as_bytes().to_vec()),
        KeyForm::Base64 => crypto::base64(text.as_bytes()),
        KeyForm::Whsec => crypto::base64(text.strip_prefix("whsec_").unwrap_or(text).as_bytes())
            .filter(|key| (24..=64).contains(&key.len())),
        KeyForm::Hex => crypto::hex(text.as_bytes()),
    };
    bytes.map(zeroize::Zeroizing::new)
}

/// The 32 bytes of an Ed25519 key, as base64 with or without `whpk_`.
pub(crate) fn public_key(text: &Secret) -> Option<Vec<u8>> {
    let text = text.expose();
    let bytes = crypto::base64(text.strip_prefix("whpk_").unwrap_or(text).as_bytes())?;
    (bytes.len() == 32).then_some(bytes)
}

fn timely(rule: TimestampRule, text: &str, now: Timestamp) -> Result<(), Refusal> {
    let is_plain =
        !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = is_plain.then(|| text.parse().ok()).flatten().ok_or(Refusal::Unauthentic)?;
    let at = match rule.unit {
        Unit::Seconds => number,
        Unit::Milliseconds => number.div_euclid(1_000),
    };
    within(at, i64::from(rule.tolerance_seconds), now)
}
