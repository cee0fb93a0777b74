//! A checked source: what `spec.rs` says, with every contradiction named before the first request comes.

mod check;
mod problem;
mod remark;
mod rules;
mod spec;

pub use problem::SourceProblem;
pub use remark::Remark;
pub use spec::{BasicPair, BasicSpec, SchemeSpec, ScopeSpec, SourceSpec, Texts};

use crate::scheme::Scheme;
use crate::scheme::verify::KeyRing;
use crate::secret::Secret;
use crate::table::Mapping;
use gate_core::Action;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Twilio Messaging.
    Twilio,
    /// SendGrid's event webhook.
    SendGrid,
    /// Amazon SES and End User Messaging through SNS.
    Ses,
    /// Mailgun.
    Mailgun,
    /// Postmark.
    Postmark,
    /// HubSpot.
    HubSpot,
    /// Shopify.
    Shopify,
    /// Consent changes as they are: Standard Webhooks, CloudEvents, JSON.
    Changes,
    /// Reports by mail.
    Mail,
    /// One-click links: no source needs to be configured for them, but a sample names one.
    OneClick,
    /// By a mapping file.
    Mapped(Box<Mapping>),
}

impl Provider {
    /// The public name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Twilio => "twilio",
            Self::SendGrid => "sendgrid",
            Self::Ses => "ses",
            Self::Mailgun => "mailgun",
            Self::Postmark => "postmark",
            Self::HubSpot => "hubspot",
            Self::Shopify => "shopify",
            Self::Changes => "consent-changes",
            Self::Mail => "mail",
            Self::OneClick => "one-click",
            Self::Mapped(mapping) => &mapping.name,
        }
    }

    /// The provider with code of its own that has this name, or one it also goes by.
    #[must_use]
    pub fn own(name: &str) -> Option<Self> {
        Some(match name {
            "twilio" => Self::Twilio,
            "sendgrid" => Self::SendGrid,
            "ses" | "sns" | "amazon-ses" | "aws" | "aws-sms" => Self::Ses,
            "mailgun" => Self::Mailgun,
            "postmark" => Self::Postmark,
            "hubspot" => Self::HubSpot,
            "shopify" => Self::Shopify,
            "consent-changes" | "standard-webhooks" | "cloudevents" | "generic" | "json"
            | "svix" => Self::Changes,
            "mail" | "mime" | "arf" | "dsn" | "rfc5965" | "rfc3464" => Self::Mail,
            "one-click" | "rfc8058" | "unsubscribe" => Self::OneClick,
            _ => return None,
        })
    }
}

/// What proves a permission, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) purpose: String,
    pub(crate) basis: Option<String>,
    pub(crate) evidence: BTreeMap<String, String>,
}

/// A source that can be used.
#[derive(Clone)]
pub struct Source {
    pub(crate) name: String,
    pub(crate) provider: Provider,
    pub(crate) controller: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) purpose: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) actions: Vec<Action>,
    pub(crate) basis: Option<String>,
    pub(crate) evidence: Option<BTreeMap<String, String>>,
    pub(crate) public_url: Option<String>,
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) tolerance_seconds: Option<u32>,
    pub(crate) keys: KeyRing,
    pub(crate) shared_keys: BTreeMap<String, Secret>,
    pub(crate) scopes: BTreeMap<String, ScopeSpec>,
    pub(crate) contact_lists: BTreeMap<String, BTreeMap<String, ScopeSpec>>,
    pub(crate) contact_id: Option<String>,
    pub(crate) topic_arns: BTreeSet<String>,
    pub(crate) trust_anchor: Option<String>,
    pub(crate) intermediates: Option<String>,
    pub(crate) certificates: BTreeMap<String, String>,
    pub(crate) switches: Switches,
}

/// What an operator turns on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Switches {
    pub(crate) erase: bool,
    pub(crate) repeats: bool,
    pub(crate) get: bool,
    pub(crate) unknown_handset: bool,
    pub(crate) sha1: bool,
    pub(crate) confirm_subscriptions: bool,
    pub(crate) trust_fetch: bool,
    pub(crate) open_mailbox: bool,
}

impl Source {
    /// Checks a source. `read` gives the content of a secret's file, or says in words without secrets why it cannot.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with key, reason and fix.
    pub fn new(
        spec: SourceSpec,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, Vec<SourceProblem>> {
        check::check(spec, read, true)
    }

    /// Checks a source of which only lists are read ([`crate::listed`]), so that nothing has to prove where a request comes
    /// from. [`crate::receive`] lets in nothing for it.
    ///
    /// # Errors
    /// As [`Source::new`].
    pub fn for_lists(
        spec: SourceSpec,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, Vec<SourceProblem>> {
        check::check(spec, read, false)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who sends.
    #[must_use]
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The legal entity its records are about.
    #[must_use]
    pub fn controller(&self) -> Option<&str> {
        self.controller.as_deref()
    }

    /// The trade name its records are about.
    #[must_use]
    pub fn brand(&self) -> Option<&str> {
        self.brand.as_deref()
    }

    /// The channel of what names none, where the source says one.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    /// ISO country that national numbers are read with.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// What the provider's groups, topics, streams, tags or lists mean, by their id; of Amazon SES `LIST/TOPIC` besides.
    pub fn groups(&self) -> impl Iterator<Item = (String, &ScopeSpec)> {
        let topics = self.contact_lists.iter().flat_map(|(list, topics)| {
            topics.iter().map(move |(topic, scope)| (format!("{list}/{topic}"), scope))
        });
        self.scopes.iter().map(|(id, scope)| (id.clone(), scope)).chain(topics)
    }

    /// What one of [`Source::groups`] means.
    pub(crate) fn scope(&self, group: &str) -> Option<&ScopeSpec> {
        let topic = || {
            let (list, topic) = group.split_once('/')?;
            self.contact_lists.get(list)?.get(topic)
        };
        self.scopes.get(group).or_else(topic)
    }

    /// The same source, known under another URL at the provider.
    #[must_use]
    pub fn with_public_url(self, url: &str) -> Self {
        Self { public_url: Some(url.to_owned()), ..self }
    }

    /// Whether it may say this.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.actions.contains(&action)
    }

    /// The URL that was signed: as configured, with the query as received unless one is configured.
    pub(crate) fn signed_url(&self, path_and_query: &str) -> Option<String> {
        let base = self.public_url.as_deref()?;
        if base.contains('?') {
            return Some(base.to_owned());
        }
        let after_scheme = base.split_once("://").map_or(base, |(_, rest)| rest);
        let has_path = after_scheme.trim_end_matches('/').contains('/');
        if !has_path {
            return Some(format!("{}{path_and_query}", base.trim_end_matches('/')));
        }
        let query = path_and_query.split_once('?').map(|(_, query)| query);
        Some(query.map_or_else(|| base.to_owned(), |query| format!("{base}?{query}")))
    }

    /// The scope of a permission in a group of the provider's; `None` when purpose or evidence is missing (rule 6).
    pub(crate) fn grant(&self, scope: Option<&ScopeSpec>) -> Option<Grant> {
        let purpose = scope.and_then(|scope| scope.purpose.as_ref()).or(self.purpose.as_ref())?;
        let evidence =
            scope.and_then(|scope| scope.evidence.as_ref()).or(self.evidence.as_ref())?;
        let basis = scope.and_then(|scope| scope.basis.as_ref()).or(self.basis.as_ref());
        let is_there = |name: &str| evidence.get(name).is_some_and(|text| !text.trim().is_empty());
        (is_there("method") && is_there("notice_version")).then(|| Grant {
            purpose: purpose.clone(),
            basis: basis.cloned(),
            evidence: evidence.clone(),
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("provider", &self.provider.as_str())
            .finish_non_exhaustive()
    }
}
