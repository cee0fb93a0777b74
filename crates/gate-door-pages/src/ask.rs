//! Links that do not work, and asking for a new one. Unknown, damaged, foreign and old tokens look alike.

use serde::{Deserialize, Serialize};

use crate::link::Link;

/// Status 404, whatever is wrong with the token. The form posts `address` to `action` with `csrf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiredPage {
    /// Where the form posts to.
    pub action: Link,
    /// For how many days links to confirm something work.
    pub days: u32,
    /// What was sent is no e-mail address. It is not given back: pages show no address.
    pub no_address: bool,
}

/// The answer to a form that sends an e-mail; the same whether the address is known or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSentPage {}
