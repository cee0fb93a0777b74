//! What surrounds every page: language, the present, where the switch of languages leads.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::link::{Csrf, Link};

/// What the shell knows about a request, whatever page answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// The language to answer in; see [`crate::Brand::language`].
    pub language: Language,
    /// The present: times of another day are shown with their date.
    pub now: Timestamp,
    /// The page itself, if it can be asked for again (GET): the switch of languages leads to it. `None` on answers to a POST.
    pub here: Option<Link>,
    /// For every form but the one-click one.
    pub csrf: Csrf,
    /// The browser sent `Sec-GPC: 1`, the law asks to honour it, and the refusal of `sale_share` is recorded: the preference page
    /// says so, as 11 CCR 7025(c)(6) wants since 2026. What is not recorded is not said to be honoured.
    pub gpc: bool,
}
