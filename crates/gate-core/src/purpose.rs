//! Purposes form a tree written as dotted paths: `marketing` covers `marketing.newsletter`, never the reverse.

/// Whether purpose `broad` is `narrow` itself or one of its ancestors.
///
/// ```
/// assert!(gate_core::covers("marketing", "marketing.offers"));
/// assert!(!gate_core::covers("marketing.offers", "marketing"));
/// assert!(!gate_core::covers("market", "marketing"));
/// ```
#[must_use]
pub fn covers(broad: &str, narrow: &str) -> bool {
    narrow
        .strip_prefix(broad)
        .is_some_and(|rest| !broad.is_empty() && (rest.is_empty() || rest.starts_with('.')))
}
