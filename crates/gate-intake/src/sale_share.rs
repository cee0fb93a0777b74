//! The purpose of selling or sharing data (CCPA 1798.120). It can only be refused: the gate lets no consent to it permit
//! anything (gate-core `reach.rs`), and the door does not even take one.

use gate_codec::ConsentChangeRecord;
use gate_core::{Action, covers};

/// The purpose of selling or sharing data.
pub const SALE_SHARE: &str = "sale_share";

/// What whoever sends a consent to it is told.
pub(crate) const ONLY_REFUSED: &str = "selling or sharing data (`sale_share`) can only be refused";

/// Whether a purpose is that of selling or sharing data, or a part of it.
#[must_use]
pub fn is_sale_share(purpose: &str) -> bool {
    covers(SALE_SHARE, purpose.trim().to_ascii_lowercase().as_str())
}

/// Whether a record asks for or grants it.
pub(crate) fn is_granted_by(record: &ConsentChangeRecord<'_>) -> bool {
    let action = record.action.as_deref().and_then(Action::parse);
    let is_grant =
        matches!(action, Some(Action::OptInRequested | Action::OptIn | Action::OptInConfirmed));
    is_grant && record.purpose.as_deref().is_some_and(is_sale_share)
}
