//! The policy a message is judged by.
//!
//! Until jurisdiction packs arrive there is one, `STRICT`: express consent with full evidence, no soft or
//! implied basis (rules section 3, row STRICT: "jurisdiction unknown").

/// A compiled policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    id: &'static str,
    version: &'static str,
}

impl Policy {
    /// The built-in strict pack.
    #[must_use]
    pub const fn strict() -> Self {
        Self { id: "STRICT", version: "1" }
    }

    /// The pack's id, named in each decision.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id
    }

    /// The pack's version, named in each decision.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version
    }
}
