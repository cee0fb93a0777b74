//! A provider's API as an operator configures it, without the secret.

use crate::http::{Auth, HttpRequest, Method, parts};
use crate::limits::PAGE_BYTES_MAX;
use crate::problem::ListProblem;
use crate::sigv4::UNRESERVED;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

/// Which provider, and what of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum ApiSpec {
    /// SendGrid.
    SendGrid(SendGridSpec),
    /// Amazon SES.
    Ses(SesSpec),
    /// Mailgun.
    Mailgun(MailgunSpec),
    /// Twilio Messaging: written to, never read.
    Twilio(TwilioSpec),
}

/// SendGrid, API v3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendGridSpec {
    /// The account is kept in the EU.
    pub eu: bool,
    /// A subuser, or `account-id ID` of a customer, that the key's account acts for.
    pub on_behalf_of: Option<String>,
    /// Whether to read blocks too: they are counted and never a refusal.
    pub blocks: bool,
    /// Another address of the API, for tests.
    pub base_url: Option<String>,
}

/// Amazon SES, API v2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SesSpec {
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The tenant whose suppression list it is; without one, the account's.
    pub tenant: Option<String>,
    /// Contact lists whose unsubscribes count; groups are `LIST/TOPIC`.
    pub contact_lists: Vec<String>,
    /// Another address of the API, for tests.
    pub base_url: Option<String>,
}

/// Mailgun, API v3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailgunSpec {
    /// The sending domain: every one has lists of its own.
    pub domain: String,
    /// The domain is kept in the EU.
    pub eu: bool,
    /// Another address of the API, for tests.
    pub base_url: Option<String>,
}

/// Twilio's Consent Management API, which is a pilot (2026-11): `POST /v1/Consents/Bulk`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwilioSpec {
    /// The messaging service (`MG…`) or number that people refuse.
    pub sender: String,
    /// Another address of the API, for tests.
    pub base_url: Option<String>,
}

impl ApiSpec {
    /// The provider's name.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::SendGrid(_) => "sendgrid",
            Self::Ses(_) => "ses",
            Self::Mailgun(_) => "mailgun",
            Self::Twilio(_) => "twilio",
        }
    }

    /// The address of the API.
    pub(crate) fn base(&self) -> String {
        let (own, usual) = match self {
            Self::SendGrid(spec) => {
                let host = if spec.eu { "api.eu.sendgrid.com" } else { "api.sendgrid.com" };
                (&spec.base_url, format!("https://{host}"))
            }
            Self::Ses(spec) => {
                let cn = if spec.region.starts_with("cn-") { ".cn" } else { "" };
                (&spec.base_url, format!("https://email.{}.amazonaws.com{cn}", spec.region))
            }
            Self::Mailgun(spec) => {
                let host = if spec.eu { "api.eu.mailgun.net" } else { "api.mailgun.net" };
                (&spec.base_url, format!("https://{host}"))
            }
            Self::Twilio(spec) => (&spec.base_url, "https://accounts.twilio.com".to_owned()),
        };
        own.as_deref().map_or(usual, |own| own.trim_end_matches('/').to_owned())
    }

    /// A request for a path below the address.
    pub(crate) fn request(&self, method: Method, path_and_query: &str) -> HttpRequest {
        let auth = match self {
            Self::SendGrid(_) => Auth::Bearer,
            Self::Ses(spec) => Auth::AwsSigV4 { region: spec.region.clone(), service: "ses" },
            Self::Mailgun(_) | Self::Twilio(_) => Auth::Basic,
        };
        let mut headers = vec![("accept", "application/json".to_owned())];
        if let Self::SendGrid(SendGridSpec { on_behalf_of: Some(whom), .. }) = self {
            headers.push(("on-behalf-of", whom.clone()));
        }
        HttpRequest {
            method,
            url: format!("{}{path_and_query}", self.base()),
            headers,
            auth,
            body: Vec::new(),
            answer_bytes_max: PAGE_BYTES_MAX,
        }
    }

    /// Whether the settings can be.
    ///
    /// # Errors
    /// Names the setting that cannot, such as an address to which the secret would travel openly.
    pub fn check(&self) -> Result<(), ListProblem> {
        let wrong =
            |key: &str, reason, fix| Err(ListProblem::new(self.provider(), key, reason, fix));
        let is_label = |text: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
        };
        match self {
            Self::Ses(spec) if !is_label(&spec.region) => {
                return wrong("region", "it is no region of AWS", "write it as `eu-west-1`");
            }
            Self::Mailgun(spec) if !is_label(&spec.domain) => {
                return wrong(
                    "domain",
                    "it is no domain",
                    "write the sending domain, as `mg.example.com`",
                );
            }
            Self::Twilio(spec) if spec.sender.trim().is_empty() => {
                return wrong(
                    "sender",
                    "nobody is refused",
                    "give the messaging service (`MG…`) or the number",
                );
            }
            Self::SendGrid(SendGridSpec { on_behalf_of: Some(whom), .. })
                if whom.chars().any(char::is_control) =>
            {
                return wrong("on_behalf_of", "it is no header", "write the subuser's name");
            }
            Self::SendGrid(_) | Self::Ses(_) | Self::Mailgun(_) | Self::Twilio(_) => {}
        }
        let base = self.base();
        let (scheme, host, _, query) = parts(&base);
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_own = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
        if host.is_empty()
            || host.contains('@')
            || !query.is_empty()
            || !(scheme == "https" || (scheme == "http" && is_own))
        {
            return wrong(
                "base_url",
                "the secret would travel openly, or nowhere",
                "begin with `https://`",
            );
        }
        Ok(())
    }
}

/// A text as part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}
