//! Turns a [`SourceSpec`] into a [`Source`], or says everything that is wrong with it.

use super::problem::{Problems, SourceProblem};
use super::rules::{actions, proofs, words};
use super::{BasicSpec, Provider, SchemeSpec, Source, SourceSpec, Switches};
use crate::limits::{KEYS_MAX, TOLERANCE_SECONDS_MAX};
use crate::scheme::verify::{KeyRing, key, public_key};
use crate::scheme::{KeyForm, Scheme, SignatureScheme, known};
use crate::secret::{Keys, Secret, SecretSpec};
use crate::table::{self, Mapping};
use std::collections::BTreeMap;

/// Collects problems and reads secrets.
struct Checker<'c> {
    read: &'c dyn Fn(&str) -> Result<String, String>,
    problems: Problems,
    /// Whether requests come from it, which something must prove.
    sends: bool,
}

impl Checker<'_> {
    fn wrong(&mut self, key: &str, reason: impl Into<String>, fix: impl Into<String>) {
        self.problems.wrong(key, reason, fix);
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
    sends: bool,
) -> Result<Source, Vec<SourceProblem>> {
    let mut checker = Checker { read, problems: Problems::default(), sends };
    let checked = source(spec, &mut checker);
    match checked {
        Some(source) if checker.problems.0.is_empty() => Ok(source),
        _ => Err(checker.problems.0),
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
        actions: actions(&provider, spec.actions, &mut checker.problems),
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
    words(&source, &mut checker.problems);
    if checker.sends {
        proofs(&source, &mut checker.problems);
    }
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
    if fitting.is_empty() && !possible.is_empty() && checker.sends {
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
