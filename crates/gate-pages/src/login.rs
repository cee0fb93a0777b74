//! The page that asks who one is.

use serde::{Deserialize, Serialize};

/// `GET /login`, and the answer to a POST that let nobody in. Fields: `account`, `token`, `csrf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginPage {
    /// What was entered as account (the token's id); a token is never shown again.
    pub account: String,
    /// Why nobody was let in.
    pub error: Option<LoginError>,
    /// A work account (OIDC) can be used: a link leads to `/login/oidc`. No form: its redirect to the provider would need that
    /// provider in the page's policy.
    pub work_account: bool,
    /// Where one goes on afterwards, as it stands behind addresses: `?next=%2Fdecisions`; empty for the first page.
    pub query: String,
}

/// Why nobody was let in. Which of account and token was wrong is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginError {
    /// Not known, not fitting, or run out.
    Refused,
    /// The form was too old, or cookies are off.
    Form,
    /// Too many attempts; again after so many seconds.
    TooMany {
        /// How long to wait.
        seconds: u64,
    },
    /// The identity provider said no, or gives this person no role here.
    WorkAccount,
    /// One was signed in, and that has run out.
    Over,
}
