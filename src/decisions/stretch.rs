//! What of a topic is read: a window of record time, from the first record in it to the ends as they were at the start.
//!
//! The ends are asked read uncommitted and everything is read committed up to there, so a transaction that was open at the
//! start is waited for: what it approves belongs to the window. Nothing is bounded by time at the far end, since clocks of
//! brokers differ and a younger record may stand before an older one.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::Offset;

use super::scan_failure;
use super::window::Window;
use crate::config::Config;
use crate::exit::Failure;
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{Patience, Positions, ScanError};

/// Longest wait for an answer of the brokers.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long nothing may come: longer than any transaction of the gate stays open.
const PATIENCE: Duration = Duration::from_secs(60);
/// Record time of the oldest record there is.
const OLDEST_MS: i64 = 0;

/// What the brokers say of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Where the log begins.
    pub(crate) begin: i64,
    /// The oldest record there is.
    pub(crate) oldest: Option<i64>,
    /// The first record of the window, or younger.
    pub(crate) from: Option<i64>,
    /// Next offset at the start of the report.
    pub(crate) end: i64,
}

impl Marks {
    /// Whether older records have been deleted and none is left that is older than the window: some of the window may
    /// have been among them.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.begin > 0 && self.oldest == self.from
    }
}

/// A topic's partitions, each with its marks.
pub(crate) type Stretch = BTreeMap<i32, Marks>;

/// How many offsets lie in it: no fewer than there are records to read.
pub(crate) fn n_offsets(stretch: &Stretch) -> u64 {
    let of = |marks: &Marks| marks.from.map_or(0, |from| marks.end.saturating_sub(from));
    stretch.values().map(|marks| of(marks).max(0).unsigned_abs()).sum()
}

/// Asks the brokers where the window lies in a topic.
pub(crate) fn stretch(config: &Config, topic: &str, window: &Window) -> Result<Stretch, Failure> {
    let doing = format!("looking for the window in topic `{topic}`");
    let observer = Observer::of(config);
    let at = |since_ms: i64| -> Result<BTreeMap<i32, Option<i64>>, Failure> {
        let found = observer
            .since(&[topic], Some(since_ms), ANSWER_MAX)
            .map_err(|error| scan_failure(&error, &doing))?;
        let offset = |offset: i64| (offset >= 0).then_some(offset);
        Ok(found.into_iter().map(|((_, partition), at)| (partition, offset(at))).collect())
    };
    // In this order, what is written or deleted in between can only make the report say that it may lack something.
    let from = at(window.begin_ms().max(OLDEST_MS))?;
    let partitions: Vec<i32> = from.keys().copied().collect();
    let edges = |place| observer.edges(topic, &partitions, place, ANSWER_MAX, &doing);
    let ends = edges(Offset::End)?;
    let oldest = at(OLDEST_MS)?;
    let begins = edges(Offset::Beginning)?;
    let marks = partitions.iter().copied().map(|partition| {
        let of = |found: &BTreeMap<i32, i64>| found.get(&partition).copied().unwrap_or(0);
        let marks = Marks {
            begin: of(&begins),
            oldest: oldest.get(&partition).copied().flatten(),
            from: from.get(&partition).copied().flatten(),
            end: of(&ends),
        };
        (partition, marks)
    });
    Ok(marks.collect())
}

/// Visits every committed record of the stretch and returns where each partition ended. A record that cannot be visited ends
/// it.
pub(crate) fn read(
    config: &Config,
    topic: &str,
    stretch: &Stretch,
    visit: &mut dyn FnMut(&Record<'_>) -> Result<(), Failure>,
) -> Result<Positions, Failure> {
    let (mut from, mut up_to) = (Positions::new(), Positions::new());
    for (partition, marks) in stretch {
        let next = marks.from.unwrap_or(marks.end).min(marks.end);
        from.insert((topic.to_owned(), *partition), next);
        up_to.insert((topic.to_owned(), *partition), marks.end);
    }
    let patience = Patience::Silence(PATIENCE);
    let visit = &mut |record: &Record<'_>| visit(record).map_err(Stop::Visitor);
    Observer::of(config).read(&from, &up_to, patience, visit).map_err(|stop| match stop {
        Stop::Scan(error) => scan_failure(&error, &format!("reading topic `{topic}`")),
        Stop::Visitor(failure) => failure,
    })
}

/// Why reading ended early.
enum Stop {
    Scan(ScanError),
    Visitor(Failure),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_off_only_when_nothing_older_is_left() {
        let marks = |begin, oldest, from, end| Marks { begin, oldest, from, end };
        assert!(!marks(0, Some(0), Some(0), 9).is_cut_off(), "nothing was ever deleted");
        assert!(!marks(0, None, None, 0).is_cut_off(), "nothing was ever written");
        assert!(marks(5, Some(5), Some(5), 9).is_cut_off(), "the oldest record is in the window");
        assert!(!marks(5, Some(5), Some(6), 9).is_cut_off(), "an older one is left");
        assert!(!marks(5, Some(5), None, 9).is_cut_off(), "all are older");
        assert!(marks(5, None, None, 5).is_cut_off(), "all are deleted");
    }
}
