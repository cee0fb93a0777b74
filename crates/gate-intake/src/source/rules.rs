//! What the keys of a source mean together: which actions it may say, names from closed sets, what its provider needs.

use super::problem::Problems;
use super::{Provider, ScopeSpec, Source};
use crate::scheme::Scheme;
use gate_core::{Action, Basis, Channel};
use std::collections::BTreeMap;

/// Actions that can permit something.
const GRANTS: [Action; 4] =
    [Action::OptInRequested, Action::OptIn, Action::OptInConfirmed, Action::Relationship];
/// Actions that can only restrict. Erasing is none of them: it reaches every brand, and may lift what was refused.
const REFUSALS: [Action; 6] = [
    Action::OptOut,
    Action::Object,
    Action::Complaint,
    Action::HardBounce,
    Action::AddressReassigned,
    Action::Suppress,
];
/// What a sender of consent changes must be given by name: they undo what others said, or are the gate's own.
const NAMED_ONLY: [Action; 3] = [Action::Unsuppress, Action::Erase, Action::Sent];

pub(super) fn actions(
    provider: &Provider,
    names: Option<Vec<String>>,
    problems: &mut Problems,
) -> Vec<Action> {
    let Some(names) = names else {
        let is_own = *provider == Provider::Changes;
        return Action::ALL
            .into_iter()
            .filter(|action| !(is_own && NAMED_ONLY.contains(action)))
            .collect();
    };
    let mut actions = Vec::new();
    for name in names {
        match name.as_str() {
            "all" => actions.extend(Action::ALL),
            "refusals" => actions.extend(REFUSALS),
            "grants" => actions.extend(GRANTS),
            name => match Action::parse(name) {
                Some(action) => actions.push(action),
                None => problems.wrong(
                    "actions",
                    "no action of that name",
                    "use actions of the contract, `refusals`, `grants` or `all`",
                ),
            },
        }
    }
    actions
}

/// Names from closed sets, in the source and its tables.
pub(super) fn words(source: &Source, problems: &mut Problems) {
    let tables =
        source.scopes.values().chain(source.contact_lists.values().flat_map(BTreeMap::values));
    let usual = ScopeSpec {
        purpose: source.purpose.clone(),
        channel: source.channel.clone(),
        brand: None,
        basis: source.basis.clone(),
        evidence: source.evidence.clone(),
    };
    for scope in tables.chain([&usual]) {
        let channel = scope.channel.as_deref();
        if channel.is_some_and(|name| name != "any" && Channel::parse(name).is_none()) {
            problems.wrong(
                "channel",
                "no channel of that name",
                "email, sms, mms, rcs, whatsapp, push, voice_live, voice_auto or any",
            );
        }
        if scope.basis.as_deref().is_some_and(|name| Basis::parse(name).is_none()) {
            problems.wrong(
                "basis",
                "no basis of that name",
                "express, express_written, soft_opt_in, implied …",
            );
        }
        let is_path = |path: &str| {
            path.split('.').all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
        };
        if scope.purpose.as_deref().is_some_and(|path| !is_path(path)) {
            problems.wrong("purpose", "no dotted path", "such as `marketing.newsletter`");
        }
        let lacks =
            |name: &str| scope.evidence.as_ref().is_some_and(|given| !given.contains_key(name));
        if lacks("method") || lacks("notice_version") {
            problems.wrong(
                "evidence",
                "it proves nothing without both",
                "give `method` and `notice_version`",
            );
        }
    }
}

/// What the provider's own code needs.
pub(super) fn proofs(source: &Source, problems: &mut Problems) {
    let has_secrets = !source.keys.secrets.is_empty();
    match source.provider {
        Provider::Twilio => {
            if !has_secrets && source.shared_keys.is_empty() {
                problems.wrong(
                    "auth_token",
                    "nothing to verify with",
                    "copy the primary Auth Token from Twilio's console",
                );
            }
        }
        Provider::SendGrid if source.keys.public_keys.is_empty() => {
            problems.wrong(
                "public_key",
                "nothing to verify with",
                "turn on the signed event webhook and copy its verification key",
            );
        }
        Provider::Mailgun if !has_secrets => {
            problems.wrong(
                "signing_key",
                "nothing to verify with",
                "copy the HTTP webhook signing key",
            );
        }
        Provider::Ses => {
            if source.topic_arns.is_empty() {
                problems.wrong(
                    "topic_arns",
                    "anybody's topic has a valid signature of Amazon",
                    "list the topics that are yours",
                );
            }
            if source.trust_anchor.is_none() && !source.switches.trust_fetch {
                problems.wrong(
                    "trust_anchor",
                    "nothing to verify certificates with",
                    "give Amazon's roots and intermediates in PEM, or `trust_fetch: true`",
                );
            }
        }
        Provider::SendGrid
        | Provider::Mailgun
        | Provider::Postmark
        | Provider::HubSpot
        | Provider::Shopify
        | Provider::Changes
        | Provider::Mail
        | Provider::OneClick
        | Provider::Mapped(_) => {}
    }
    let signs_url = source.provider == Provider::Twilio
        || source.schemes.iter().any(|scheme| match scheme {
            Scheme::Signature(scheme) => scheme.template.needs_url(),
            Scheme::Jwt(scheme) => scheme.url_hash,
            Scheme::Bearer(_) | Scheme::Basic | Scheme::PathSecret => false,
        });
    match source.public_url.as_deref() {
        None if signs_url => problems.wrong(
            "public_url",
            "the provider signs its URL",
            "give the URL as it is configured there",
        ),
        Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
            problems.wrong("public_url", "no URL", "begin with `https://`");
        }
        _ => {}
    }
}
