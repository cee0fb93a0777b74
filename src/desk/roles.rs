//! Who asks, and what they may.

use crate::access::Role;
use crate::answers::{Problem, ProblemKind};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Counts, decisions, policies, the probe.
    Look,
    /// People, texts, exports.
    People,
    /// What waits for a person.
    Intake,
    /// Releasing it.
    Release,
}

impl Right {
    /// The roles that have it.
    pub(super) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Look => &[Role::Viewer, Role::Officer, Role::Operator],
            Self::People => &[Role::Officer],
            Self::Intake => &[Role::Officer, Role::Operator],
            Self::Release => &[Role::Operator],
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// The token's id, for logs and the access log.
    pub(super) id: String,
    /// Their roles: one, but for the demo's visitor, who has all.
    pub(super) roles: Vec<Role>,
    /// What a form must send back; none with a bearer token.
    pub(super) csrf: Option<String>,
}

impl Account {
    pub(super) fn of_role(id: &str, role: Role) -> Self {
        Self { id: id.to_owned(), roles: vec![role], csrf: None }
    }

    pub(super) fn may(&self, right: Right) -> bool {
        right.roles().iter().any(|role| self.roles.contains(role))
    }

    /// # Errors
    /// Another role is needed.
    pub(super) fn must(&self, right: Right) -> Result<(), Problem> {
        if self.may(right) {
            return Ok(());
        }
        let names: Vec<&str> = right.roles().iter().map(|role| role.as_str()).collect();
        let detail = format!("this is for the roles `{}`", names.join("`, `"));
        Err(Problem::new(ProblemKind::Forbidden, detail))
    }

    /// Its role in records.
    pub(super) fn role(&self) -> &'static str {
        self.roles.last().map_or("-", |role| role.as_str())
    }
}
