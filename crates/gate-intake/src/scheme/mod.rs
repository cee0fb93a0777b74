//! How a provider shows that a request is its own, as data: which header, what is signed, with what, in which encoding.
//!
//! The set is closed and typed; a scheme that does not fit here has code of its own (`provider/`). Facts and their sources:
//! docs/door-sources.md. `verify.rs` applies a scheme, `jwt.rs` the kind that signs a token, `known.rs` names those of providers.

pub(crate) mod jwt;
pub(crate) mod known;
pub(crate) mod presented;
mod template;
pub(crate) mod verify;

pub use template::{Part, Template};

use serde::Deserialize;
use std::collections::BTreeMap;

/// One way of proving where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scheme {
    /// A signature in a header over parts of the request.
    Signature(SignatureScheme),
    /// A signed token whose claims hold hashes of the request.
    Jwt(JwtScheme),
    /// A secret word in a header: `Authorization: Bearer` unless another is named. Proves the sender, not the content.
    Bearer(BearerScheme),
    /// Name and password (RFC 7617). Proves the sender, not the content.
    Basic,
    /// A secret in the last segment of the path, or in the query as `secret` or `key`. Logs of proxies hold it: the weakest.
    PathSecret,
}

impl Scheme {
    /// Whether the content is covered, so that nobody who reads a request can change it.
    #[must_use]
    pub const fn covers_content(&self) -> bool {
        matches!(self, Self::Signature(_) | Self::Jwt(_))
    }
}

/// Where the secret word stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BearerScheme {
    /// A header that holds the word alone; absent: `Authorization: Bearer`.
    pub header: Option<String>,
}

/// A signature over parts of the request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureScheme {
    /// Names of the headers; the first set whose signature is there counts.
    pub headers: Vec<HeaderNames>,
    /// What is signed: `{id}.{timestamp}.{body}`.
    pub template: Template,
    /// How signatures stand in the header.
    #[serde(default)]
    pub written: Written,
    /// The keyed hash, where `written` does not name it by version.
    #[serde(default = "hmac_sha256")]
    pub algorithm: Algorithm,
    /// How the bytes of a signature are written.
    #[serde(default)]
    pub encoding: Encoding,
    /// How the key is made of the configured secret.
    #[serde(default)]
    pub key: KeyForm,
    /// The unit of the timestamp and how old it may be; only with a timestamp in the template.
    pub timestamp: Option<TimestampRule>,
    /// Headers that must hold exactly this.
    #[serde(default)]
    pub demand: BTreeMap<String, String>,
}

const fn hmac_sha256() -> Algorithm {
    Algorithm::HmacSha256
}

/// Headers that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderNames {
    /// The signature.
    pub signature: String,
    /// The time of signing.
    pub timestamp: Option<String>,
    /// The id of the message.
    pub id: Option<String>,
    /// A word used once.
    pub nonce: Option<String>,
}

/// How signatures stand in their header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Written {
    /// One signature and nothing else.
    #[default]
    Plain,
    /// Standard Webhooks: `v1,SIG v1a,SIG`, versions and their algorithms; unknown versions are passed over.
    Versions(BTreeMap<String, Algorithm>),
    /// Stripe: `t=TIME,v1=SIG,v1=SIG`.
    Pairs {
        /// The name before the time.
        timestamp: String,
        /// The name before a signature.
        signature: String,
    },
}

/// What signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// For schemes that have nothing better (Mandrill).
    HmacSha1,
    /// The usual one.
    HmacSha256,
    /// Rare.
    HmacSha512,
    /// With a public key.
    Ed25519,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// The standard alphabet.
    #[default]
    Base64,
    /// In either case.
    Hex,
}

/// How a key is made of the secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// Its text is the key.
    #[default]
    Text,
    /// Its text is base64 of the key.
    Base64,
    /// Base64 behind `whsec_` (Standard Webhooks), 24 to 64 bytes.
    Whsec,
    /// Its text is hexadecimal of the key.
    Hex,
}

/// The time of signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampRule {
    /// Seconds or milliseconds.
    pub unit: Unit,
    /// How old it may be; ahead of us at most five minutes.
    pub tolerance_seconds: u32,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// A signed token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtScheme {
    /// The header that holds it; with `Authorization`, behind `Bearer`.
    pub header: String,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// Whether the claim `url_hash` must be the SHA-256 of the URL.
    #[serde(default)]
    pub url_hash: bool,
    /// Leeway around `exp` and `nbf`, in seconds.
    #[serde(default)]
    pub leeway_seconds: u32,
    /// How old `iat` may be; absent: `exp` must be there.
    pub tolerance_seconds: Option<u32>,
}
