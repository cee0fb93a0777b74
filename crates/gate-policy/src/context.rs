//! What is known of a pack while its rules are read.

use crate::names::Names;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// What all rules of a pack share while it is read.
pub(crate) struct Context<'a> {
    pub(crate) pack: String,
    pub(crate) names: &'a Names,
    pub(crate) zone: TimeZone,
    pub(crate) sources: Vec<(String, String)>,
    pub(crate) ids: BTreeSet<String>,
}
