//! Who answers for a pack and its rules: sources, review, sign-off, and what a breach obliges to.
//!
//! None of it decides anything; it is kept so that explanations, checks and reports can name it.

use super::Code;
use crate::Timestamp;
use crate::listed::listed;
use jiff::civil::Date;
use std::time::Duration;

listed! {
    /// How far a rule was looked up.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Status {
        /// The primary text was read.
        L1,
        /// A secondary source was read.
        L2,
        /// From knowledge, not looked up.
        K,
        /// Our own choice where the law is silent: the stricter reading.
        P,
    }
}

impl Status {
    /// The mark packs use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::K => "K",
            Self::P => "P",
        }
    }

    /// What the mark means, for people.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::L1 => "primary text read",
            Self::L2 => "secondary source read",
            Self::K => "from knowledge, not looked up",
            Self::P => "product rule, the stricter reading",
        }
    }
}

/// Where something in a pack comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The law, as people cite it.
    pub law: String,
    /// How far it was looked up.
    pub status: Vec<Status>,
    /// Keys of the pack's sources.
    pub sources: Vec<String>,
}

/// A lawyer's word that a pack may be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOff {
    /// Who.
    pub by: String,
    /// When.
    pub on: Date,
}

/// How soon somebody must be told of a breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyWithin {
    /// Without undue delay.
    WithoutDelay,
    /// At most so long after it became known.
    Within(Duration),
}

/// A duty to notify after a breach, such as GDPR art. 33.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreachDuty {
    /// Who must be told.
    pub authority: String,
    /// How soon.
    pub notify_within: NotifyWithin,
    /// From when on the duty applies, such as "unless a risk is unlikely".
    pub threshold: Option<String>,
    /// When the persons concerned must be told too.
    pub persons: Option<String>,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// A pack as decisions name it, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Its code, such as `GB`.
    pub code: Code,
    /// Its version.
    pub version: String,
    /// Its name for people.
    pub title: String,
    /// The last day on which it counts as reviewed; `None` when no day was set.
    pub review_by: Option<Date>,
    /// The first instant after that day, in the pack's law zone; the end of time when no day was set.
    pub overdue_from: Timestamp,
    /// Who signed it off.
    pub signed_off: Option<SignOff>,
    /// Duties after a breach.
    pub breach: Vec<BreachDuty>,
    /// Where things were read: key, text.
    pub sources: Vec<(String, String)>,
}

impl Pack {
    /// A pack of which nothing else is known.
    #[must_use]
    pub fn new(code: Code, version: &str) -> Self {
        Self {
            code,
            version: version.to_owned(),
            title: String::new(),
            review_by: None,
            overdue_from: Timestamp::MAX,
            signed_off: None,
            breach: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Whether its review is overdue.
    #[must_use]
    pub fn is_review_overdue(&self, now: Timestamp) -> bool {
        self.overdue_from <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As packs write them; a reader must be able to tell what was looked up from what was not.
    #[test]
    fn marks() {
        assert_eq!(Status::ALL.map(Status::as_str), ["L1", "L2", "K", "P"]);
        assert_eq!(Status::K.meaning(), "from knowledge, not looked up");
        assert_eq!(Status::P.meaning(), "product rule, the stricter reading");
    }

    #[test]
    fn a_review_is_overdue_from_its_day_on() {
        let mut pack = Pack::new(Code::parse("AA").unwrap(), "1");
        let now = Timestamp::from_millis(1);
        assert!(!pack.is_review_overdue(now));
        pack.overdue_from = now;
        assert!(pack.is_review_overdue(now));
        assert!(!pack.is_review_overdue(Timestamp::from_millis(0)));
    }
}
