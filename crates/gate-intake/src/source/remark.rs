//! What is not wrong with a source, and somebody should know: how little its scheme proves, what it leaves open.

use super::{Provider, Source};
use crate::scheme::Scheme;
use crate::secret::Secret;

/// Bytes below which a secret can be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// Something to know, and what to do about it. No secret is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What.
    pub text: &'static str,
    /// What to do.
    pub fix: &'static str,
}

const fn remark(text: &'static str, fix: &'static str) -> Remark {
    Remark { text, fix }
}

const MAILGUN: Remark = remark(
    "Mailgun signs a word and a time, not the event: who saw one request can write another until its word is used",
    "let nothing between Mailgun and the door log bodies",
);
const WORD: Remark = remark(
    "only a secret word proves the sender: the content is not signed",
    "keep the word out of logs, change it at times, and let the proxy admit this provider's addresses only",
);
const ANY_CONTROLLER: Remark = remark(
    "no `controller`: whoever holds the key speaks for every legal entity",
    "name the `controller`, and a source for each",
);
const TRUST_FETCH: Remark = remark(
    "`trust_fetch`: certificates count as fetched, without a chain to an anchor of yours",
    "set `trust_anchor` to Amazon's roots and intermediates, and delete `trust_fetch`",
);
const SHORT: Remark = remark(
    "a secret has fewer than 16 bytes and can be guessed",
    "make a longer one (`openssl rand -hex 32`), set it there and here; both count meanwhile",
);
const TWO_KEYS: Remark = remark(
    "two keys of one kind count: whoever has the old one still gets in",
    "delete the old one as soon as the provider uses the new one",
);
const GET: Remark = remark(
    "`get: true`: who wrote and what stand in addresses, which proxies log",
    "let the provider send POST, and delete `get`",
);

impl Source {
    /// What a `doctor` should say about it.
    #[must_use]
    pub fn remarks(&self) -> Vec<Remark> {
        let proof = match self.provider {
            Provider::Mailgun => Some(MAILGUN),
            Provider::Twilio | Provider::SendGrid | Provider::Ses | Provider::OneClick => None,
            _ if self.schemes.iter().any(Scheme::covers_content) => None,
            _ => Some(WORD),
        };
        let keys = &self.keys;
        let kinds =
            [&keys.secrets, &keys.public_keys, &keys.tokens, &keys.basic, &keys.path_secrets];
        // the name in front of a password is no secret
        let basic =
            keys.basic.iter().map(|pair| pair.expose().split_once(':').map_or("", |it| it.1));
        let own = [&keys.secrets, &keys.tokens, &keys.path_secrets];
        let words = own.into_iter().flatten().chain(self.shared_keys.values());
        let mut words = words.map(Secret::expose).chain(basic);
        let is_changes = self.provider == Provider::Changes;
        [
            (proof.is_some(), proof.unwrap_or(WORD)),
            (is_changes && self.controller.is_none(), ANY_CONTROLLER),
            (self.switches.trust_fetch && self.provider == Provider::Ses, TRUST_FETCH),
            (words.any(|word| word.len() < SECRET_BYTES_MIN), SHORT),
            (kinds.iter().any(|kind| kind.len() > 1) || self.shared_keys.len() > 1, TWO_KEYS),
            (self.switches.get, GET),
        ]
        .into_iter()
        .filter_map(|(holds, remark)| holds.then_some(remark))
        .collect()
    }
}
