//! Turns a [`SourceSpec`] into a [`Source`], or says everything that is wrong with it.

use super::{BasicSpec, Provider, SchemeSpec, ScopeSpec, Source, SourceSpec, Switches};
use crate::limits::{KEYS_MAX, TOLERANCE_SECONDS_MAX};
use crate::scheme::verify::{KeyRing, key, public_key};
use crate::scheme::{KeyForm, Scheme, SignatureScheme, known};
use crate::secret::{Keys, Secret, SecretSpec};
use crate::table::{self, Mapping};
use gate_core::{Action, Basis, Channel};
use std::collections::BTreeMap;
use std::fmt;

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceProblem {
    /// The key.
    pub key: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for SourceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}; {}", self.key, self.reason, self.fix)
    }
}

/// Collects problems and reads secrets.
struct Checker<'c> {
    read: &'c dyn Fn(&str) -> Result<String, String>,
    problems: Vec<SourceProblem>,
}

impl Checker<'_> {
    fn wrong(&mut self, key: &str, reason: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(SourceProblem {
            key: key.to_owned(),
            reason: reason.into(),
            fix: fix.into(),
        });
    }

    fn secret(&mut self, key: &str, spec: SecretSpec) -> Option<Secret> {
        let secret = match spec {
            SecretSpec::Text(secret) => secret,
            SecretSpec::File(path) => match (self.read)(&path) {
                Ok(text) => Secret::new(&text),
                Err(why) => {
                    self.wrong(key, why, "make the file readable for this program");
                    return None;
                }
            },
        };
        if secret.is_empty() {
            self.wrong(key, "it is empty", "copy the secret from the provider's console");
            return None;
        }
        Some(secret)
    }

    fn keys(&mut self, key: &str, keys: Option<Keys>) -> Vec<Secret> {
        let keys = keys.unwrap_or_default().0;
        if keys.len() > KEYS_MAX {
            self.wrong(key, "more than two keys at a time", "remove the one that was rotated out");
        }
        keys.into_iter().filter_map(|spec| self.secret(key, spec)).collect()
    }

    fn text(&mut self, key: &str, spec: Option<SecretSpec>) -> Option<String> {
        let secret = self.secret(key, spec?)?;
        Some(secret.expose().to_owned())
    }
}

pub(super) fn check(
    spec: SourceSpec,
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Source, Vec<SourceProblem>> {
    let mut checker = Checker { read, problems: Vec::new() };
    let checked = source(spec, &mut checker);
    match checked {
        Some(source) if checker.problems.is_empty() => Ok(source),
        _ => Err(checker.problems),
    }
}

fn source(spec: SourceSpec, checker: &mut Checker<'_>) -> Option<Source> {
    name(&spec.name, checker);
    let mapping = checker.text("mapping", spec.mapping);
    let provider = provider(&spec.provider, mapping.as_deref(), checker)?;
    let mut basic = Vec::new();
    for pair in match spec.basic_auth {
        None => Vec::new(),
        Some(BasicSpec::One(pair)) => vec![pair],
        Some(BasicSpec::Many(pairs)) => pairs,
    } {
        let password = checker.secret("basic_auth.password", pair.password);
        basic.extend(password.map(|word| Secret::new(&format!("{}:{}", pair.user, word.expose()))));
    }
    if basic.len() > KEYS_MAX {
        checker.wrong("basic_auth", "more than two pairs at a time", "remove the old one");
    }
    let keys = KeyRing {
        secrets: checker.keys("secrets", spec.secrets),
        public_keys: checker.keys("public_keys", spec.public_keys),
        tokens: checker.keys("tokens", spec.tokens),
        basic,
        path_secrets: checker.keys("path_secrets", spec.path_secrets),
    };
    let mut shared_keys = BTreeMap::new();
    if spec.shared_keys.len() > KEYS_MAX {
        checker.wrong("shared_keys", "more than two keys at a time", "remove the old one");
    }
    for (id, secret) in spec.shared_keys {
        let secret = checker.secret("shared_keys", secret);
        shared_keys.extend(secret.map(|secret| (id, secret)));
    }
    let mut schemes = schemes(&provider, spec.scheme, &keys, checker);
    tolerance(&mut schemes, spec.tolerance_seconds, checker);
    let switches = Switches {
        erase: spec.erase.unwrap_or(true),
        repeats: spec.repeats.unwrap_or(true),
        get: spec.get.unwrap_or(false),
        unknown_handset: spec.unknown_handset.unwrap_or(false),
        sha1: spec.sha1.unwrap_or(true),
        confirm_subscriptions: spec.confirm_subscriptions.unwrap_or(true),
        trust_fetch: spec.trust_fetch.unwrap_or(false),
        open_mailbox: spec.open_mailbox.unwrap_or(false),
    };
    let source = Source {
        actions: actions(&provider, spec.actions, checker),
        name: spec.name,
        provider,
        controller: said(spec.controller),
        brand: said(spec.brand),
        purpose: said(spec.purpose),
        region: said(spec.region),
        channel: said(spec.channel),
        basis: said(spec.basis),
        evidence: spec.evidence,
        public_url: said(spec.public_url),
        schemes,
        tolerance_seconds: spec.tolerance_seconds,
        keys,
        shared_keys,
        scopes: spec.scopes,
        contact_lists: spec.contact_lists,
        contact_id: said(spec.contact_id),
        topic_arns: spec.topic_arns.into_vec().into_iter().collect(),
        trust_anchor: checker.text("trust_anchor", spec.trust_anchor),
        intermediates: checker.text("intermediates", spec.intermediates),
        certificates: spec.certificates,
        switches,
    };
    words(&source, checker);
    proofs(&source, checker);
    Some(source)
}

fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn name(name: &str, checker: &mut Checker<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        checker.wrong(
            "name",
            "no name of a source",
            "use letters, digits, `-`, `_`, `.`; at most 64",
        );
    }
}

fn provider(name: &str, mapping: Option<&str>, checker: &mut Checker<'_>) -> Option<Provider> {
    if let Some(text) = mapping {
        return match Mapping::parse(text) {
            Ok(mapping) => Some(Provider::Mapped(Box::new(mapping))),
            Err(why) => {
                checker.wrong("mapping", why, "see docs/door-sources.md, mapping files");
                None
            }
        };
    }
    let found = Provider::own(name)
        .or_else(|| table::known(name).map(|mapping| Provider::Mapped(Box::new(mapping))));
    if found.is_none() {
        let fix = format!(
            "use twilio, sendgrid, ses, mailgun, postmark, hubspot, shopify, standard-webhooks, mime, {}, or give a `mapping`",
            table::NAMES.join(", ")
        );
        checker.wrong("provider", "no provider of that name", fix);
    }
    found
}

/// The schemes of which one must fit: those of the provider whose keys are there.
fn schemes(
    provider: &Provider,
    own: Option<SchemeSpec>,
    keys: &KeyRing,
    checker: &mut Checker<'_>,
) -> Vec<Scheme> {
    let named = |name: &str| known::named(name).into_iter().collect::<Vec<_>>();
    let possible = match own {
        Some(SchemeSpec::Parts(scheme)) => vec![*scheme],
        Some(SchemeSpec::Named(name)) => {
            let found = named(&name);
            if found.is_empty() {
                let fix = format!("use one of {}", known::NAMES.join(", "));
                checker.wrong("scheme", "no scheme of that name", fix);
            }
            found
        }
        None => match provider {
            Provider::Twilio
            | Provider::SendGrid
            | Provider::Ses
            | Provider::Mailgun
            | Provider::OneClick => return Vec::new(),
            Provider::Postmark => ["basic", "bearer", "path-secret"].map(named).concat(),
            Provider::HubSpot => named("hubspot-v3"),
            Provider::Shopify => named("shopify"),
            Provider::Changes => ["standard-webhooks", "bearer", "basic"].map(named).concat(),
            Provider::Mail => ["bearer", "basic", "standard-webhooks"].map(named).concat(),
            Provider::Mapped(mapping) => mapping.schemes(),
        },
    };
    let wanted: Vec<&str> = possible.iter().map(key_of).collect();
    let fitting: Vec<Scheme> =
        possible.iter().filter(|scheme| has_key(scheme, keys)).cloned().collect();
    if fitting.is_empty() && !possible.is_empty() {
        let fix = format!("give {}", wanted.join(" or "));
        checker.wrong(
            wanted.first().unwrap_or(&"secrets"),
            "nothing proves where a request comes from",
            fix,
        );
    }
    for scheme in &fitting {
        if let Scheme::Signature(scheme) = scheme {
            key_forms(scheme, keys, checker);
        }
    }
    fitting
}

fn key_forms(scheme: &SignatureScheme, keys: &KeyRing, checker: &mut Checker<'_>) {
    if keys.secrets.iter().any(|secret| key(scheme.key, secret).is_none()) {
        let fix = match scheme.key {
            KeyForm::Whsec => "it is `whsec_` and base64 of 24 to 64 bytes",
            KeyForm::Base64 => "it is base64",
            KeyForm::Hex => "it is hexadecimal",
            KeyForm::Text => "copy it from the provider's console",
        };
        checker.wrong("secrets", "no key of this scheme", fix);
    }
    if keys.public_keys.iter().any(|text| public_key(text).is_none()) {
        checker.wrong("public_keys", "no Ed25519 key", "it is `whpk_` and base64 of 32 bytes");
    }
}

const fn key_of(scheme: &Scheme) -> &'static str {
    match scheme {
        Scheme::Signature(_) | Scheme::Jwt(_) => "secrets",
        Scheme::Bearer(_) => "tokens",
        Scheme::Basic => "basic_auth",
        Scheme::PathSecret => "path_secrets",
    }
}

fn has_key(scheme: &Scheme, keys: &KeyRing) -> bool {
    match scheme {
        Scheme::Signature(_) => !keys.secrets.is_empty() || !keys.public_keys.is_empty(),
        Scheme::Jwt(_) => !keys.secrets.is_empty(),
        Scheme::Bearer(_) => !keys.tokens.is_empty(),
        Scheme::Basic => !keys.basic.is_empty(),
        Scheme::PathSecret => !keys.path_secrets.is_empty(),
    }
}

fn tolerance(schemes: &mut [Scheme], seconds: Option<u32>, checker: &mut Checker<'_>) {
    let Some(seconds) = seconds else { return };
    if seconds == 0 || seconds > TOLERANCE_SECONDS_MAX {
        checker.wrong("tolerance_seconds", "no such window", "1 to 604800 seconds");
    }
    for scheme in schemes {
        match scheme {
            Scheme::Signature(scheme) => {
                if let Some(rule) = &mut scheme.timestamp {
                    rule.tolerance_seconds = seconds;
                }
            }
            Scheme::Jwt(scheme) if scheme.tolerance_seconds.is_some() => {
                scheme.tolerance_seconds = Some(seconds);
            }
            Scheme::Jwt(_) | Scheme::Bearer(_) | Scheme::Basic | Scheme::PathSecret => {}
        }
    }
}

/// Actions that can permit something.
const GRANTS: [Action; 4] =
    [Action::OptInRequested, Action::OptIn, Action::OptInConfirmed, Action::Relationship];
/// Actions that can only restrict.
const REFUSALS: [Action; 7] = [
    Action::OptOut,
    Action::Object,
    Action::Complaint,
    Action::HardBounce,
    Action::AddressReassigned,
    Action::Suppress,
    Action::Erase,
];
/// What a sender of consent changes must be given by name: they undo what others said, or are the gate's own.
const NAMED_ONLY: [Action; 3] = [Action::Unsuppress, Action::Erase, Action::Sent];

fn actions(
    provider: &Provider,
    names: Option<Vec<String>>,
    checker: &mut Checker<'_>,
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
                None => checker.wrong(
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
fn words(source: &Source, checker: &mut Checker<'_>) {
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
            checker.wrong(
                "channel",
                "no channel of that name",
                "email, sms, mms, rcs, whatsapp, push, voice_live, voice_auto or any",
            );
        }
        if scope.basis.as_deref().is_some_and(|name| Basis::parse(name).is_none()) {
            checker.wrong(
                "basis",
                "no basis of that name",
                "express, express_written, soft_opt_in, implied …",
            );
        }
        let is_path = |path: &str| {
            path.split('.').all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
        };
        if scope.purpose.as_deref().is_some_and(|path| !is_path(path)) {
            checker.wrong("purpose", "no dotted path", "such as `marketing.newsletter`");
        }
        let lacks =
            |name: &str| scope.evidence.as_ref().is_some_and(|given| !given.contains_key(name));
        if lacks("method") || lacks("notice_version") {
            checker.wrong(
                "evidence",
                "it proves nothing without both",
                "give `method` and `notice_version`",
            );
        }
    }
}

/// What the provider's own code needs.
fn proofs(source: &Source, checker: &mut Checker<'_>) {
    let has_secrets = !source.keys.secrets.is_empty();
    match source.provider {
        Provider::Twilio => {
            if !has_secrets && source.shared_keys.is_empty() {
                checker.wrong(
                    "auth_token",
                    "nothing to verify with",
                    "copy the primary Auth Token from Twilio's console",
                );
            }
        }
        Provider::SendGrid if source.keys.public_keys.is_empty() => {
            checker.wrong(
                "public_key",
                "nothing to verify with",
                "turn on the signed event webhook and copy its verification key",
            );
        }
        Provider::Mailgun if !has_secrets => {
            checker.wrong(
                "signing_key",
                "nothing to verify with",
                "copy the HTTP webhook signing key",
            );
        }
        Provider::Ses => {
            if source.topic_arns.is_empty() {
                checker.wrong(
                    "topic_arns",
                    "anybody's topic has a valid signature of Amazon",
                    "list the topics that are yours",
                );
            }
            if source.trust_anchor.is_none() && !source.switches.trust_fetch {
                checker.wrong(
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
        None if signs_url => checker.wrong(
            "public_url",
            "the provider signs its URL",
            "give the URL as it is configured there",
        ),
        Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
            checker.wrong("public_url", "no URL", "begin with `https://`");
        }
        _ => {}
    }
}
