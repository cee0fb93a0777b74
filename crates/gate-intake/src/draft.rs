//! A change on its way from a provider's item to a record: what the item says, before the source's configuration is added.

use crate::source::{Grant, ScopeSpec};
use gate_core::{Action, Timestamp};
use serde_json::Value;

/// How the event id is made (rule 7).
#[derive(Clone)]
pub(crate) enum Id {
    /// Of the provider's own ids.
    Own(Vec<String>),
    /// By a keyed hash of what identifies the event, since the provider gives no id.
    Hashed(Vec<String>),
}

impl Id {
    /// Of one id of the provider's.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self::Own(vec![text.into()])
    }

    /// With a further part.
    pub(crate) fn and(self, part: impl Into<String>) -> Self {
        match self {
            Self::Own(mut parts) => {
                parts.push(part.into());
                Self::Own(parts)
            }
            Self::Hashed(mut parts) => {
                parts.push(part.into());
                Self::Hashed(parts)
            }
        }
    }
}

/// What an item says.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) id: Id,
    pub(crate) occurred_at: Timestamp,
    /// The time is that of receipt: a repeat is recognised by the window only (rule 8).
    pub(crate) is_receipt_dated: bool,
    pub(crate) channel: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) contact_id: Option<String>,
    pub(crate) purpose: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) grant: Option<Grant>,
    pub(crate) text: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) smtp: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) scope: Option<&'static str>,
    pub(crate) cause: Option<String>,
    pub(crate) via: Option<String>,
    /// Evidence of a refusal: how it came.
    pub(crate) method: Option<&'static str>,
    /// Controller that a token of ours names.
    pub(crate) controller: Option<String>,
}

impl Draft {
    /// A change at the provider's time.
    pub(crate) fn new(action: Action, id: Id, occurred_at: Timestamp) -> Self {
        Self {
            action,
            id,
            occurred_at,
            is_receipt_dated: false,
            channel: None,
            address: None,
            contact_id: None,
            purpose: None,
            brand: None,
            grant: None,
            text: None,
            to: None,
            smtp: None,
            format: None,
            scope: None,
            cause: None,
            via: None,
            method: None,
            controller: None,
        }
    }

    /// A change at the time of receipt, because the provider states none.
    pub(crate) fn received(action: Action, id: Id, now: Timestamp) -> Self {
        Self { is_receipt_dated: true, ..Self::new(action, id, now) }
    }

    /// On a channel.
    pub(crate) fn on(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// About an address.
    pub(crate) fn about(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Through an event of the provider's.
    pub(crate) fn via(mut self, via: impl Into<String>) -> Self {
        self.via = Some(via.into());
        self
    }

    /// The enhanced status code or what the provider gives for it, if anything.
    pub(crate) fn smtp(mut self, code: Option<String>) -> Self {
        self.smtp = code;
        self
    }

    /// A refusal inside what a group of the provider's means; of an unknown group, of everything (rule 5).
    pub(crate) fn refused_in(mut self, scope: Option<&ScopeSpec>) -> Self {
        if let Some(scope) = scope {
            self.purpose.clone_from(&scope.purpose);
            self.brand.clone_from(&scope.brand);
            if scope.channel.is_some() {
                self.channel.clone_from(&scope.channel);
            }
        }
        self
    }

    /// A permission in what a group of the provider's means.
    pub(crate) fn granted_in(mut self, grant: Grant, scope: Option<&ScopeSpec>) -> Self {
        self = self.refused_in(scope);
        self.purpose = Some(grant.purpose.clone());
        self.grant = Some(grant);
        self
    }
}

/// A text with `{name}` replaced by members of an object; `None` when one is missing.
pub(crate) fn filled(template: &str, item: &Value) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, from)) = rest.split_once('{') {
        let (name, after) = from.split_once('}')?;
        out.push_str(before);
        out.push_str(&crate::json::scalar(item, &format!("/{}", name.replace('.', "/")))?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}
