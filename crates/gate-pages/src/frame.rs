//! What stands around a page: who looks, what they may see, how the gate does.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::parts::query;

/// What surrounds every page. Nothing in it is looked up: the desk says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The present, RFC 3339, as the desk's clock tells it.
    pub now: String,
    /// Who is signed in; `None` leaves the way out away (loopback of `demo`, and nobody).
    pub name: Option<String>,
    /// What they may do; links to the rest are left out.
    pub roles: Roles,
    /// Whom this desk serves, as one line: "tents-ltd · all brands". May be empty.
    pub scope: String,
    /// How the gate does, in the corner.
    pub corner: Corner,
    /// How many things wait for a person in Intake; 0 shows no number.
    pub waiting: u64,
    /// The hidden field `csrf` of every form.
    pub csrf: String,
    /// The program's version.
    pub version: String,
    /// Path and query that show this page by GET, for the switch of language: the link adds `lang=de`. After a POST the page one
    /// may come back to.
    pub path: String,
    /// The gate only observes: nothing is stopped. Said on top of every page.
    pub observe: bool,
    /// How far behind the index is, in seconds, when that is too much (10 or more).
    pub stale_seconds: Option<u64>,
    /// The index is being built.
    pub building: Option<IndexBuilding>,
}

/// What somebody may do. Each stands for itself: who is an operator is not thereby an officer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Counts, decisions, policies.
    pub viewer: bool,
    /// People and exports.
    pub officer: bool,
    /// Release and reload.
    pub operator: bool,
}

impl Roles {
    /// May everything.
    pub const ALL: Self = Self { viewer: true, officer: true, operator: true };

    /// The id of the word beside the name: the one that says most.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self { officer: true, operator: true, .. } => "role-both",
            Self { officer: true, .. } => "role-officer",
            Self { operator: true, .. } => "role-operator",
            Self { .. } => "role-viewer",
        }
    }
}

/// How the gate does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Corner {
    /// Nobody has told yet.
    #[default]
    Unknown,
    /// These instances decide.
    Ready {
        /// Their names.
        instances: Vec<String>,
    },
    /// Something is held.
    Held {
        /// Why: `consent_poison`.
        code: String,
        /// Since when, RFC 3339.
        since: String,
    },
    /// Instances are there and not ready (they catch up).
    NotReady {
        /// Their names.
        instances: Vec<String>,
    },
    /// No gate answers.
    GatesAway,
    /// Kafka does not answer.
    KafkaAway {
        /// For how long, in seconds.
        seconds: u64,
    },
}

/// The index over the decision log is not whole yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexBuilding {
    /// How much of it, 0 to 100.
    pub percent: u8,
    /// How long it will take, in minutes, if that can be told.
    pub minutes_left: Option<u64>,
    /// Decisions from here on are seen already, RFC 3339; `None`: none yet.
    pub since: Option<String>,
}

/// The pages of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nav {
    Overview,
    People,
    Decisions,
    Policies,
    Intake,
    Probe,
    /// None of them: an error.
    Elsewhere,
}

/// One entry of the navigation.
pub(crate) struct NavEntry {
    pub(crate) at: Nav,
    pub(crate) href: &'static str,
    pub(crate) word: &'static str,
}

impl Frame {
    /// The entries that this role may open.
    pub(crate) fn nav(&self) -> Vec<NavEntry> {
        let Roles { viewer, officer, operator } = self.roles;
        let all = [
            (Nav::Overview, "/", "nav-overview", true),
            (Nav::People, "/people", "nav-people", officer),
            (Nav::Decisions, "/decisions", "nav-decisions", true),
            (Nav::Policies, "/policies", "nav-policies", true),
            (Nav::Intake, "/intake", "nav-intake", officer || operator),
            (Nav::Probe, "/probe", "nav-probe", true),
        ];
        let somebody = viewer || officer || operator;
        let seen = all.into_iter().filter(|(.., may)| somebody && *may);
        seen.map(|(at, href, word, _)| NavEntry { at, href, word }).collect()
    }

    /// Whether dead letters and the record that holds may be looked at.
    pub(crate) fn sees_intake(&self) -> bool {
        self.roles.officer || self.roles.operator
    }

    /// This page in another language. Only a path of our own: what is none leads to the first page.
    pub(crate) fn in_language(&self, language: impl Borrow<Language>) -> String {
        let own = self.path.starts_with('/') && !self.path.starts_with("//");
        let own =
            own && !self.path.contains(['\\', '#']) && !self.path.chars().any(char::is_control);
        let (path, old) =
            if own { self.path.split_once('?').unwrap_or((&self.path, "")) } else { ("/", "") };
        let kept = old.split('&').filter(|f| !f.is_empty() && !f.starts_with("lang="));
        let mut out = query(&[("lang", language.borrow().code())]);
        for field in kept {
            out.push('&');
            out.push_str(field);
        }
        format!("{path}{out}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switched(path: &str) -> String {
        Frame { path: path.to_owned(), ..Frame::default() }.in_language(Language::German)
    }

    #[test]
    fn the_switch_keeps_the_page_and_its_filters() {
        assert_eq!(switched("/"), "/?lang=de");
        assert_eq!(switched("/decisions?lang=en&brand=a%20b"), "/decisions?lang=de&brand=a%20b");
    }

    #[test]
    fn the_switch_leads_nowhere_else() {
        for path in
            ["//evil.example", "https://evil.example", "", "/\\evil", "/a\nb", "javascript:x"]
        {
            assert_eq!(switched(path), "/?lang=de", "{path}");
        }
    }

    #[test]
    fn what_one_may_not_open_is_left_out() {
        let hrefs = |roles| {
            let frame = Frame { roles, ..Frame::default() };
            frame.nav().iter().map(|e| e.href).collect::<Vec<_>>()
        };
        let viewer = Roles { viewer: true, ..Roles::default() };
        assert_eq!(hrefs(viewer), ["/", "/decisions", "/policies", "/probe"]);
        assert_eq!(hrefs(Roles { operator: true, ..viewer }).len(), 5);
        assert_eq!(hrefs(Roles::ALL).len(), 6);
        assert!(hrefs(Roles::default()).is_empty());
    }
}
