//! Duties to notify after a breach, and their clock: pure, the time is an argument.
//!
//! Periods count in exact hours from the moment somebody in the organisation knew (GDPR art. 33(1): "after having become
//! aware of it"). That a period may end later when it ends on a holiday (Regulation 1182/71 art. 3(4)) is left out:
//! whoever is done by the stricter deadline is in time under any other.

use gate_core::Timestamp;
use gate_core::policy::{NotifyWithin, Pack};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

use crate::headers::rfc3339;

/// Since when it is known, and what time it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) aware_at: Timestamp,
    pub(super) now: Timestamp,
}

/// What a duty's clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// There is no number of hours: it is to be done now, and so long it has been known.
    AtOnce {
        known_for: Duration,
    },
    Time(Duration),
    Overdue(Duration),
}

impl Clock {
    /// The last moment that is in time; `None` where the law says "without delay".
    pub(super) fn deadline(self, within: NotifyWithin) -> Option<Timestamp> {
        match within {
            NotifyWithin::WithoutDelay => None,
            NotifyWithin::Within(period) => Some(self.aware_at.saturating_add(period)),
        }
    }

    /// How much time is left. The deadline itself is still in time.
    pub(super) fn left(self, within: NotifyWithin) -> Left {
        let Some(deadline) = self.deadline(within) else {
            return Left::AtOnce { known_for: between(self.aware_at, self.now) };
        };
        if self.now <= deadline {
            Left::Time(between(self.now, deadline))
        } else {
            Left::Overdue(between(deadline, self.now))
        }
    }
}

fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    let micros = later.as_micros().saturating_sub(earlier.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

impl Left {
    pub(super) fn say(self) -> String {
        match self {
            Self::AtOnce { known_for } => format!("now; known for {}", hours(known_for)),
            Self::Time(left) => format!("{} left", hours(left)),
            Self::Overdue(by) => format!("OVERDUE by {}", hours(by)),
        }
    }

    fn is_overdue(self) -> bool {
        matches!(self, Self::Overdue(_))
    }

    /// Seconds to the deadline, negative behind it.
    fn seconds(self) -> Option<i64> {
        let signed = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        match self {
            Self::AtOnce { .. } => None,
            Self::Time(left) => Some(signed(left)),
            Self::Overdue(by) => Some(signed(by).saturating_neg()),
        }
    }
}

/// Hours and minutes, rounded down: no minute is promised that is not there.
fn hours(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

/// How soon, as a lawyer would read it.
pub(super) fn within(within: NotifyWithin) -> String {
    match within {
        NotifyWithin::WithoutDelay => "without delay".to_owned(),
        NotifyWithin::Within(period) if period.as_secs().is_multiple_of(3_600) => {
            format!("{} h", period.as_secs() / 3_600)
        }
        NotifyWithin::Within(period) => hours(period),
    }
}

/// One duty of one pack, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Duty {
    pub(super) pack: String,
    pub(super) authority: String,
    pub(super) within: NotifyWithin,
    pub(super) deadline: Option<Timestamp>,
    pub(super) left: Left,
    /// From when on it applies; empty where the pack does not say.
    pub(super) threshold: String,
    /// When the persons must be told too; empty where the pack does not say.
    pub(super) persons: String,
    pub(super) law: String,
    pub(super) status: Vec<&'static str>,
    /// Where it was read.
    pub(super) sources: Vec<String>,
}

/// The duties of those packs, and the codes for which the packs at hand know none.
pub(super) fn duties<'p>(
    packs: &[Pack],
    concerned: impl IntoIterator<Item = &'p str>,
    clock: Clock,
) -> (Vec<Duty>, Vec<String>) {
    let concerned: BTreeSet<&str> = concerned.into_iter().map(code_of).collect();
    let (mut duties, mut without) = (Vec::new(), Vec::new());
    for code in concerned {
        match packs.iter().find(|pack| pack.code.as_str() == code) {
            Some(pack) if !pack.breach.is_empty() => duties.extend(duties_of(pack, clock)),
            Some(_) | None => without.push(code.to_owned()),
        }
    }
    (duties, without)
}

/// The code of a pack as decisions name it, `GB@2026.11`.
fn code_of(named: &str) -> &str {
    named.split_once('@').map_or(named, |(code, _)| code)
}

fn duties_of(pack: &Pack, clock: Clock) -> impl Iterator<Item = Duty> {
    pack.breach.iter().map(move |duty| {
        let from = &duty.provenance;
        let source = |key: &String| {
            let read = pack.sources.iter().find(|(known, _)| known == key);
            read.map_or_else(|| key.clone(), |(_, text)| text.clone())
        };
        Duty {
            pack: pack.code.as_str().to_owned(),
            authority: duty.authority.clone(),
            within: duty.notify_within,
            deadline: clock.deadline(duty.notify_within),
            left: clock.left(duty.notify_within),
            threshold: duty.threshold.clone().unwrap_or_default(),
            persons: duty.persons.clone().unwrap_or_default(),
            law: from.law.clone(),
            status: from.status.iter().map(|status| status.as_str()).collect(),
            sources: from.sources.iter().map(source).collect(),
        }
    })
}

impl Duty {
    pub(super) fn json(&self) -> Value {
        json!({
            "pack": self.pack, "authority": self.authority, "within": within(self.within),
            "deadline": self.deadline.map(rfc3339), "seconds_left": self.left.seconds(),
            "overdue": self.left.is_overdue(), "threshold": self.threshold, "persons": self.persons,
            "law": self.law, "status": self.status, "sources": self.sources,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_core::policy::{BreachDuty, Code, Provenance, Status};

    const HOUR_MS: i64 = 3_600_000;

    fn clock(now_ms: i64) -> Clock {
        Clock { aware_at: Timestamp::from_millis(0), now: Timestamp::from_millis(now_ms) }
    }

    fn hours_72() -> NotifyWithin {
        NotifyWithin::Within(Duration::from_secs(72 * 3_600))
    }

    #[test]
    fn the_last_moment_is_in_time_and_the_next_one_is_late() {
        let left = |now_ms| clock(now_ms).left(hours_72());
        assert_eq!(clock(5).deadline(hours_72()), Some(Timestamp::from_millis(72 * HOUR_MS)));
        assert_eq!(left(0), Left::Time(Duration::from_secs(72 * 3_600)));
        assert_eq!(left(72 * HOUR_MS - 1), Left::Time(Duration::from_millis(1)));
        assert_eq!(left(72 * HOUR_MS), Left::Time(Duration::ZERO));
        assert_eq!(left(72 * HOUR_MS + 1), Left::Overdue(Duration::from_millis(1)));
        assert_eq!(left(72 * HOUR_MS).seconds(), Some(0));
        assert_eq!(left(73 * HOUR_MS).seconds(), Some(-3_600));
        assert!(left(72 * HOUR_MS + 1).is_overdue() && !left(72 * HOUR_MS).is_overdue());
    }

    #[test]
    fn without_delay_has_no_deadline_to_wait_for() {
        let at = clock(3 * HOUR_MS);
        assert_eq!(at.deadline(NotifyWithin::WithoutDelay), None);
        let left = at.left(NotifyWithin::WithoutDelay);
        assert_eq!(left, Left::AtOnce { known_for: Duration::from_secs(3 * 3_600) });
        assert_eq!((left.say().as_str(), left.seconds()), ("now; known for 3 h 00 min", None));
    }

    #[test]
    fn no_minute_is_promised_that_is_not_there() {
        let say = |seconds| Left::Time(Duration::from_secs(seconds)).say();
        assert_eq!(say(72 * 3_600), "72 h 00 min left");
        assert_eq!(say(3_659), "1 h 00 min left");
        assert_eq!(say(59), "0 h 00 min left");
        assert_eq!(Left::Overdue(Duration::from_secs(90)).say(), "OVERDUE by 0 h 01 min");
        assert_eq!(within(hours_72()), "72 h");
        assert_eq!(within(NotifyWithin::Within(Duration::from_secs(90 * 60))), "1 h 30 min");
    }

    #[test]
    fn a_deadline_beyond_all_time_does_not_wrap() {
        let never = NotifyWithin::Within(Duration::MAX);
        assert_eq!(clock(0).deadline(never), Some(Timestamp::MAX));
        assert!(matches!(clock(0).left(never), Left::Time(_)));
    }

    fn pack(code: &str, breach: Vec<BreachDuty>) -> Pack {
        let sources = vec![("7".to_owned(), "example.org, read in full".to_owned())];
        Pack { breach, sources, ..Pack::new(Code::parse(code).unwrap(), "1") }
    }

    #[test]
    fn each_pack_is_asked_once_and_one_that_knows_no_duty_is_named() {
        let duty = BreachDuty {
            authority: "the authority".to_owned(),
            notify_within: hours_72(),
            threshold: Some("unless a risk is unlikely".to_owned()),
            persons: None,
            provenance: Provenance {
                law: "art. 33".to_owned(),
                status: vec![Status::L1],
                sources: vec!["7".to_owned(), "9".to_owned()],
            },
        };
        let packs = [pack("AA", vec![duty.clone(), duty]), pack("BB", Vec::new())];
        let concerned = ["AA@1", "AA@2", "BB@1", "CC@1"];
        let (duties, without) = duties(&packs, concerned, clock(HOUR_MS));
        assert_eq!(without, ["BB", "CC"]);
        assert_eq!(duties.len(), 2, "both duties of the pack, once");
        let first = &duties[0];
        assert_eq!(first.sources, ["example.org, read in full", "9"]);
        let json = first.json();
        assert_eq!(json["deadline"], "1970-01-04T00:00:00Z");
        assert_eq!((&json["seconds_left"], &json["overdue"]), (&json!(71 * 3_600), &json!(false)));
        assert_eq!(json["status"], json!(["L1"]));
    }
}
