//! A request that may be answered: who asks, what, and by which words.

use axum::http::HeaderMap;

use super::fields::Fields;
use super::roles::Account;
use super::routes::Asks;
use crate::answers::{Problem, ProblemKind};

/// A request that may be answered.
pub(super) struct Asked {
    pub(super) asks: Asks,
    pub(super) account: Account,
    /// Parts of the path by their names.
    pub(super) path: Vec<(String, String)>,
    /// Of the query.
    pub(super) query: Fields,
    /// Of the body.
    pub(super) body: Fields,
    pub(super) headers: HeaderMap,
    /// Path and query, for links back.
    pub(super) address: String,
}

impl Asked {
    /// That part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// That part as a number.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.part(name)
            .parse()
            .map_err(|_| Problem::new(ProblemKind::NotFound, "there is no such place"))
    }
}
