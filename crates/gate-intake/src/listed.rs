//! Entries of a provider's suppression list as consent changes: made, numbered and read back like what its webhooks say.
//!
//! Rule 9 (docs/providers): a list repeats what happened once. Its time is that of the provider's entry, which may be the time of
//! the report and not of the act; `via` says so, and the source's `repeats` switches such changes off. The id is a keyed hash of
//! list, kind, address, group and time, so that the same entry is the same event however often the list is read.

use crate::batch::{At, Batch, IdKey};
use crate::draft::{Draft, Id};
use crate::outcome::{Outcome, Skip};
use crate::source::Source;
use gate_core::{Action, Timestamp};
use std::collections::HashSet;
use std::fmt;

/// What an entry says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedKind {
    /// The person refused.
    Unsubscribe,
    /// The person reported spam.
    Complaint,
    /// The address takes no messages for good.
    HardBounce,
}

impl ListedKind {
    const fn action(self) -> Action {
        match self {
            Self::Unsubscribe => Action::OptOut,
            Self::Complaint => Action::Complaint,
            Self::HardBounce => Action::HardBounce,
        }
    }
}

/// One entry. `Debug` shows no address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// What it says.
    pub kind: ListedKind,
    /// The list, by a name of ours: for `via`.
    pub list: &'a str,
    /// Whom it is about.
    pub address: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// The provider's group, topic or tag; `None`: everything. One that the source does not know is everything too (rule 5).
    pub group: Option<&'a str>,
    /// When, as the provider says.
    pub at: Option<Timestamp>,
    /// Of a bounce: the status code, alone or within what the mail server said.
    pub smtp: Option<&'a str>,
}

impl fmt::Debug for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// The changes that entries of a list of this source's provider are; `index` of records and problems counts the entries.
///
/// An entry without a time is one of now: write it once only, for every further time is a further refusal. One from after now
/// has a clock that runs ahead: it is one of now.
#[must_use]
pub fn listed(source: &Source, ids: &IdKey, now: Timestamp, entries: &[Listed<'_>]) -> Outcome {
    let window = HashSet::new();
    let mut batch = Batch::new(source, ids, now, &window);
    for (index, entry) in entries.iter().enumerate() {
        if source.switches.repeats {
            batch.push(&At { index, pointer: "", raw: b"" }, draft(source, entry, now));
        } else {
            batch.skip(Skip::SwitchedOff);
        }
    }
    batch.outcome
}

fn draft(source: &Source, entry: &Listed<'_>, now: Timestamp) -> Draft {
    let action = entry.kind.action();
    let group = entry.group.unwrap_or_default();
    let at = entry.at.map(|at| at.as_micros().to_string()).unwrap_or_default();
    let parts = ["list", entry.list, action.as_str(), entry.address, entry.channel, group, &at];
    let id = Id::Hashed(parts.map(str::to_owned).into());
    let time = if entry.at.is_some() {
        "time of the list's entry"
    } else {
        "read now: the list gives no time"
    };
    let via = format!(
        "{}:list:{} (repeated by the provider; {time})",
        source.provider.as_str(),
        entry.list
    );
    let draft = Draft::new(action, id, entry.at.unwrap_or(now).min(now))
        .on(entry.channel)
        .about(entry.address)
        .via(via);
    match entry.kind {
        ListedKind::Unsubscribe => {
            draft.refused_in(entry.group.and_then(|group| source.scope(group)))
        }
        ListedKind::HardBounce => draft.smtp(entry.smtp.map(str::to_owned)),
        ListedKind::Complaint => draft,
    }
}
