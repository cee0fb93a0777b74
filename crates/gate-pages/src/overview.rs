//! The first page, and what stands there before the first message.

use serde::{Deserialize, Serialize};

use crate::chart::rates::Rates;
use crate::chart::ruler::{Ruler, ruler};
use crate::parts::{DecisionRow, Hold, Outcome, Place, Reason, query};
use crate::words::Words;

/// `GET /?range=hour|day|week|month`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OverviewPage {
    /// The span that counts are over.
    pub range: Range,
    /// The gate decides nothing.
    pub hold: Option<Hold>,
    /// How soon an opt-out counts.
    pub promise: Promise,
    /// What is watched all the time.
    pub checks: Checks,
    /// Decisions over time.
    pub rates: Rates,
    /// Reasons by how often they stopped a message, at most ten.
    pub reasons: Vec<ReasonCount>,
    /// How many more reasons there were, and their messages.
    pub more_reasons: (u64, u64),
    /// Shares of all decisions that left their usual band.
    pub changes: Vec<ShareChange>,
    /// What waits for a person; empty leaves the sheet out.
    pub waiting: Vec<Waiting>,
    /// Trial rules beside the rules in force.
    pub trial: Option<Trial>,
    /// The last messages that were not approved.
    pub just_stopped: Vec<DecisionRow>,
}

/// The span that counts are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Range {
    /// One hour.
    Hour,
    /// 24 hours.
    #[default]
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
}

impl Range {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The word in the query.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The range with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.code() == code)
    }

    /// The id of its name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hour => "range-hour",
            Self::Day => "range-day",
            Self::Week => "range-week",
            Self::Month => "range-month",
        }
    }

    /// The id of "last 24 hours".
    pub(crate) fn last(self) -> &'static str {
        match self {
            Self::Hour => "last-hour",
            Self::Day => "last-day",
            Self::Week => "last-week",
            Self::Month => "last-month",
        }
    }
}

/// How soon an opt-out counts, from metrics. Times in milliseconds; `None` where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// What is promised.
    pub promised_ms: f64,
    /// Half count after.
    pub p50_ms: Option<f64>,
    /// 99 of 100 count after.
    pub p99_ms: Option<f64>,
    /// The slowest.
    pub max_ms: Option<f64>,
    /// How many counted later than promised; 0 beside a slower slowest says that nobody has counted them.
    pub late: u64,
    /// How many opt-outs there were.
    pub opt_outs: u64,
}

impl Promise {
    pub(crate) fn ruler(&self) -> Ruler {
        ruler(self.promised_ms, self.p50_ms, self.p99_ms, self.max_ms)
    }

    /// Something counted later than promised, whether or not it was counted how often.
    pub(crate) fn broken(&self) -> bool {
        self.late > 0 || self.max_ms.is_some_and(|max| max > self.promised_ms)
    }

    /// Green while it is kept.
    pub(crate) fn colour(&self) -> &'static str {
        if self.broken() { "no" } else { "ok" }
    }
}

/// What is watched all the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// Messages approved after an opt-out that covers them; `None`: not compared.
    pub approved_after_opt_out: Option<u64>,
    /// Opt-outs compared.
    pub opt_outs: u64,
    /// Messages compared.
    pub messages: u64,
    /// The probe; `None`: there is none.
    pub probe: Option<ProbeCheck>,
    /// The last hold, if one is known, from and until, RFC 3339.
    pub last_hold: Option<(String, String)>,
    /// The record that caused it, if it was one.
    pub last_hold_record: Option<Place>,
}

/// The probe in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeCheck {
    /// How it does.
    pub state: ProbeState,
    /// How long ago its last answer was, in seconds.
    pub seconds: u64,
    /// Rounds in 24 hours.
    pub rounds: u64,
    /// How many of them had no answer.
    pub unanswered: u64,
}

/// How the probe does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeState {
    /// The last round passed.
    Passed,
    /// It waits for an answer.
    Waiting,
    /// A message was approved after an opt-out.
    Violated,
    /// It could not be run: rights, schema, rules.
    Error,
}

impl ProbeState {
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Waiting => "later",
            Self::Violated => "no",
            Self::Error => "fix",
        }
    }

    /// The mark's shape: what must not happen does not look like a blocked message.
    pub(crate) fn shape(self) -> &'static str {
        match self {
            Self::Passed => "m-ok",
            Self::Waiting => "m-later",
            Self::Violated | Self::Error => "m-fix",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Passed => "probe-passed",
            Self::Waiting => "probe-waiting",
            Self::Violated => "probe-violated",
            Self::Error => "probe-error",
        }
    }
}

/// How often a reason stopped a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonCount {
    /// The reason.
    pub reason: Reason,
    /// How many messages.
    pub count: u64,
    /// The same over time, oldest first, in even steps.
    pub over_time: Vec<u64>,
}

/// A share of all decisions that left its usual band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareChange {
    /// Whose share.
    pub of: ShareOf,
    /// How many of how many there were in the hours before.
    pub before: (u64, u64),
    /// How many of how many there are since then.
    pub now: (u64, u64),
    /// Since when, RFC 3339.
    pub since: String,
    /// The campaign of most of them; may be empty.
    pub campaign: String,
    /// The brand of most of them; may be empty.
    pub brand: String,
    /// Code of the channel of most of them; may be empty.
    pub channel: String,
}

/// Whose share of all decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShareOf {
    /// Of what was approved, for whatever reason.
    Approved,
    /// Of what one reason stopped.
    Reason(Reason),
}

impl ShareChange {
    /// Whether it is more than before.
    pub(crate) fn rose(&self) -> bool {
        let (of_before, of_now) = (u128::from(self.before.1), u128::from(self.now.1));
        u128::from(self.now.0) * of_before > u128::from(self.before.0) * of_now
    }

    /// More that was stopped, or less that was approved, is for somebody to look at.
    pub(crate) fn mark(&self) -> &'static str {
        match (&self.of, self.rose()) {
            (ShareOf::Approved, true) | (ShareOf::Reason(_), false) => "info",
            (ShareOf::Approved, false) | (ShareOf::Reason(_), true) => "fix",
        }
    }

    /// The note's colour.
    pub(crate) fn colour(&self) -> &'static str {
        if self.mark() == "fix" { "later" } else { "info" }
    }

    /// A reason without its full stop, to stand in a sentence.
    pub(crate) fn reason(&self) -> Option<(&str, &str)> {
        match &self.of {
            ShareOf::Approved => None,
            ShareOf::Reason(reason) => Some((reason.sentence.trim_end_matches('.'), &reason.code)),
        }
    }

    pub(crate) fn has_place(&self) -> bool {
        [&self.campaign, &self.brand, &self.channel].iter().any(|name| !name.is_empty())
    }

    pub(crate) fn href(&self) -> String {
        let what = match &self.of {
            ShareOf::Approved => ("outcome", "approved"),
            ShareOf::Reason(reason) => ("reason", reason.code.as_str()),
        };
        let fields = [what, ("campaign", self.campaign.as_str()), ("since", &self.since)];
        format!("/decisions{}", query(&fields))
    }
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What.
    pub kind: WaitingKind,
    /// How many.
    pub count: u64,
    /// More about it, one sentence: "shop-till: nothing for 26 h"; may be empty.
    pub sentence: String,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitingKind {
    /// Unreadable consent records.
    DeadLetters,
    /// Silent sources.
    SilentSources,
}

impl WaitingKind {
    pub(crate) fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::DeadLetters => ("/intake#dead-letters", "waiting-dead-letters"),
            Self::SilentSources => ("/intake#sources", "waiting-silent"),
        }
    }
}

/// Trial rules beside the rules in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The revision on trial.
    pub revision: String,
    /// The revision in force.
    pub in_force: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Messages it would approve and the rules in force do not.
    pub more_approved: u64,
    /// Messages it would defer.
    pub more_deferred: u64,
    /// Messages it would block.
    pub more_blocked: u64,
}

impl Trial {
    pub(crate) fn diff_href(&self) -> String {
        format!("/policies/diff{}", query(&[("from", &self.in_force), ("to", &self.revision)]))
    }

    pub(crate) fn figures(&self) -> [(Outcome, &'static str, u64); 3] {
        [
            (Outcome::Approved, "trial-approved", self.more_approved),
            (Outcome::Deferred, "trial-deferred", self.more_deferred),
            (Outcome::Blocked, "trial-blocked", self.more_blocked),
        ]
    }
}

/// The first page before the first message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyPage {
    /// Instances that are ready.
    pub instances: Vec<String>,
    /// For how long, in seconds.
    pub uptime_seconds: u64,
    /// Packs in force.
    pub packs: u64,
    /// Consent records read.
    pub consent_records: u64,
    /// Topic of consent changes.
    pub consent_topic: String,
    /// Topic that messages go into.
    pub outbound_topic: String,
    /// Topic that senders read.
    pub approved_topic: String,
}

impl OverviewPage {
    /// How many messages did not go out, of the ten reasons and the rest.
    pub(crate) fn stopped(&self) -> u64 {
        self.rates.blocked.saturating_add(self.rates.deferred)
    }

    pub(crate) fn reason_href(&self, reason: &ReasonCount) -> String {
        format!("/decisions{}", query(&[("reason", &reason.reason.code)]))
    }

    pub(crate) fn is_range(&self, range: &Range) -> bool {
        self.range == *range
    }

    /// The word under a step of the chart: a time of the day, or a day.
    pub(crate) fn word_at(&self, t: &Words<'_>, index: &usize) -> String {
        let at = self.rates.bins.get(*index).map_or("", |bin| &bin.at);
        match self.range {
            Range::Hour | Range::Day => t.clock_short(at).into_owned(),
            Range::Week | Range::Month => t.day(at).into_owned(),
        }
    }

    pub(crate) fn range_href(&self, range: &Range) -> String {
        format!("/{}", query(&[("range", range.code())]))
    }
}
