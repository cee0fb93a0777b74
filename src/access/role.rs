//! Roles: what a token is for.

/// What a token is for. Which routes a role may ask stands in `src/http/routes.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A system that sends, or feeds the gate: may ask whether a message would pass.
    Sender,
    /// Somebody who looks at counts and policies, and at nobody.
    Viewer,
    /// Who answers for people's data: may look at a person.
    Officer,
    /// Who runs the gate: releases and reloads, and looks at nobody.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Sender, Self::Viewer, Self::Officer, Self::Operator];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Viewer => "viewer",
            Self::Officer => "officer",
            Self::Operator => "operator",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}
