//! Questions past their bounds.
