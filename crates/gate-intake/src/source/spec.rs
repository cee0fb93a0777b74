//! A source as an operator writes it in YAML, and as `source` stands in a sample file: names, keys, tables, switches.
//!
//! An unknown key is an error. What the keys mean together is checked in `mod.rs`; every key is explained in
//! docs/door-sources.md.

use crate::scheme::Scheme;
use crate::secret::{Keys, SecretSpec};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One configured sender, unchecked: [`crate::Source::new`] checks it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// Its name: in the URL, in event ids, in labels. Letters, digits, `-`, `_`, `.`; at most 64.
    pub name: String,
    /// Who sends: `twilio`, `sendgrid`, `ses`, `mailgun`, `postmark`, `hubspot`, `shopify`, `standard-webhooks`, `mime`,
    /// `rfc8058`, or the name of a mapping file.
    pub provider: String,
    /// A mapping file of the operator's own, as text or `{file: PATH}`.
    pub mapping: Option<SecretSpec>,
    /// The legal entity every record is about.
    pub controller: Option<String>,
    /// The trade name every record is about.
    pub brand: Option<String>,
    /// The purpose of permissions that name none. A refusal that names none is about everything.
    pub purpose: Option<String>,
    /// ISO country that national numbers are read with.
    pub region: Option<String>,
    /// The channel, where the provider serves one and its events do not say which.
    pub channel: Option<String>,
    /// What the source may say: names of actions, or `refusals`, `grants`, `all`.
    pub actions: Option<Vec<String>>,
    /// The basis of permissions.
    pub basis: Option<String>,
    /// What proves a permission: `method` and `notice_version` at least.
    pub evidence: Option<BTreeMap<String, String>>,
    /// The URL as it is configured at the provider.
    pub public_url: Option<String>,
    /// A scheme that takes the place of the provider's own: its name, or its parts.
    pub scheme: Option<SchemeSpec>,
    /// Another age a signature may have, in seconds.
    pub tolerance_seconds: Option<u32>,

    /// Shared secrets of signatures, also under the provider's own name for them.
    #[serde(
        alias = "secret",
        alias = "auth_token",
        alias = "auth_tokens",
        alias = "signing_key",
        alias = "signing_keys",
        alias = "signing_secret",
        alias = "signing_secrets",
        alias = "signature_secret",
        alias = "client_secret",
        alias = "client_secrets",
        alias = "webhook_key",
        alias = "webhook_keys",
        alias = "webhook_secret",
        alias = "shared_secret",
        alias = "app_secret",
        alias = "api_secret",
        alias = "hmac_secret",
        alias = "signature_key",
        alias = "signature_keys",
        alias = "key",
        alias = "keys"
    )]
    pub secrets: Option<Keys>,
    /// Public keys.
    #[serde(alias = "public_key", alias = "verification_key")]
    pub public_keys: Option<Keys>,
    /// Twilio's Webhooks Rules: keys by id.
    #[serde(default)]
    pub shared_keys: BTreeMap<String, SecretSpec>,
    /// Secret words in a header.
    #[serde(
        alias = "token",
        alias = "webhook_token",
        alias = "bearer",
        alias = "bearer_token",
        alias = "bearer_tokens"
    )]
    pub tokens: Option<Keys>,
    /// Name and password.
    #[serde(alias = "basic")]
    pub basic_auth: Option<BasicSpec>,
    /// Secrets in the URL.
    #[serde(alias = "path_secret", alias = "url_secret")]
    pub path_secrets: Option<Keys>,

    /// What the provider's groups, topics, streams or lists mean; `properties` at HubSpot.
    #[serde(
        default,
        alias = "groups",
        alias = "streams",
        alias = "lists",
        alias = "topics",
        alias = "properties",
        alias = "subscriptions"
    )]
    pub scopes: BTreeMap<String, ScopeSpec>,
    /// Amazon SES: lists, their topics and what those mean.
    #[serde(default)]
    pub contact_lists: BTreeMap<String, BTreeMap<String, ScopeSpec>>,
    /// How a contact id is made: `hubspot-{portalId}-{objectId}`.
    pub contact_id: Option<String>,
    /// Amazon SNS: the topics that count.
    #[serde(default, alias = "topic_arn")]
    pub topic_arns: Texts,
    /// Amazon SNS: certificates of authorities, in PEM.
    #[serde(alias = "trust_anchors")]
    pub trust_anchor: Option<SecretSpec>,
    /// Amazon SNS: certificates between anchor and leaf, in PEM.
    pub intermediates: Option<SecretSpec>,
    /// Amazon SNS: certificates by URL, instead of fetching them; for samples.
    #[serde(default)]
    pub certificates: BTreeMap<String, String>,

    /// Whether an erasure at the provider erases here.
    pub erase: Option<bool>,
    /// Whether suppressions that a provider repeats are passed on (rule 9).
    pub repeats: Option<bool>,
    /// Whether requests by GET count (Vonage).
    pub get: Option<bool>,
    /// Whether Twilio's 30005 (unknown handset) is a `hard_bounce`.
    pub unknown_handset: Option<bool>,
    /// Whether SNS signatures of version 1 (SHA-1) count.
    pub sha1: Option<bool>,
    /// Whether SNS subscriptions of listed topics are confirmed.
    pub confirm_subscriptions: Option<bool>,
    /// Amazon SNS: take the certificate of the exact host as fetched, without a chain of our own.
    pub trust_fetch: Option<bool>,
    /// Mail: anybody can write to the mailbox, so only our own tokens count.
    pub open_mailbox: Option<bool>,
}

impl SourceSpec {
    /// Reads a source from YAML.
    ///
    /// # Errors
    /// What is wrong, by line and without quoting the text: it may be a secret.
    pub fn from_yaml(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.without_snippet().to_string())
    }
}

/// One text or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Texts {
    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// A scheme by name or by its parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum SchemeSpec {
    /// Its name.
    Named(String),
    /// Its parts.
    Parts(Box<Scheme>),
}

/// Name and password, one pair or two.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum BasicSpec {
    /// One pair.
    One(BasicPair),
    /// While they change.
    Many(Vec<BasicPair>),
}

/// A name and a password.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicPair {
    /// The name.
    #[serde(alias = "username", alias = "name")]
    pub user: String,
    /// The password.
    pub password: SecretSpec,
}

/// What a group, topic, stream or list of the provider means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeSpec {
    /// Its purpose.
    pub purpose: Option<String>,
    /// Its channel, where it is not the provider's usual one.
    pub channel: Option<String>,
    /// Its brand, where it is not the source's.
    pub brand: Option<String>,
    /// The basis of permissions in it.
    pub basis: Option<String>,
    /// What proves permissions in it.
    pub evidence: Option<BTreeMap<String, String>>,
}
