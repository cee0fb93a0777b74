//! What the demo has seen so far, for its page: the cast with its decisions, the newest decisions, who is out now.
//!
//! Of a message that is not the cast's only outcome and reason are kept: whoever writes to the demo's Kafka may put in
//! what belongs on no page.

use super::cast::{Person, Scene};
use super::stage::Seen;
use gate_core::{Outcome, Reason};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Decisions shown; older ones make room.
const LINES_MAX: usize = 40;

/// A scene and how it came out.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) who: &'static str,
    pub(super) story: &'static str,
    pub(super) message: &'static str,
    pub(super) expected: &'static str,
    pub(super) decided: Option<String>,
}

/// One decision.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// `18:30:00`, UTC.
    pub(super) at: String,
    pub(super) who: String,
    pub(super) message: String,
    pub(super) reason: String,
    /// Since it was sent, where that is known.
    pub(super) took: Option<Duration>,
}

/// Somebody who can be opted out and in.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) person: Person,
    pub(super) is_in: bool,
}

/// Everything the page shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) rows: Vec<Row>,
    pub(super) lines: VecDeque<Line>,
    pub(super) people: Vec<Standing>,
    /// Decisions by outcome, each counted once.
    pub(super) counts: BTreeMap<&'static str, u64>,
    /// From the start of the process to the first decision.
    pub(super) first_decision: Option<Duration>,
    /// The last opt-out: who, how long until it was acknowledged, how long until the message was decided, and how.
    pub(super) live: Option<(String, Duration, Duration, String)>,
    /// What to paste.
    pub(super) lines_to_paste: Vec<(&'static str, String)>,
}

/// Shared by the demo and its page.
#[derive(Clone, Default)]
pub(super) struct Board(Arc<Mutex<Shown>>);

impl Board {
    pub(super) fn new(scenes: &[Scene], people: Vec<Person>) -> Self {
        let rows = scenes.iter().map(|scene| Row {
            who: scene.who,
            story: scene.story,
            message: scene.message_label,
            expected: scene.expected,
            decided: None,
        });
        let people = people.into_iter().map(|person| Standing { is_in: person.is_in, person });
        let shown = Shown { rows: rows.collect(), people: people.collect(), ..Shown::default() };
        Self(Arc::new(Mutex::new(shown)))
    }

    /// For reading and writing. A panic ends the process, so a poisoned lock is still good.
    pub(super) fn open(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// Notes a decision; `scenes` tells whose the message is. Returns the line.
    pub(super) fn note(&mut self, seen: &Seen, scenes: &[Scene], took: Option<Duration>) -> Line {
        let scene = scenes.iter().position(|scene| scene.message_id() == seen.message_id);
        if let Some(row) = scene.and_then(|place| self.rows.get_mut(place)) {
            row.decided.get_or_insert_with(|| seen.reason.clone());
        }
        let resent = self
            .people
            .iter()
            .find(|standing| seen.message_id.starts_with(&standing.person.message_prefix()));
        let (who, message) = match (scene.and_then(|place| scenes.get(place)), resent) {
            (Some(scene), _) => (scene.who, scene.message_label),
            (None, Some(standing)) => (standing.person.name, "newsletter, sent again"),
            (None, None) => ("somebody of yours", "a message you sent"),
        };
        *self.counts.entry(outcome_of(&seen.reason)).or_default() += 1;
        let now = jiff::Timestamp::now();
        let line = Line {
            at: now.strftime("%H:%M:%S").to_string(),
            who: who.to_owned(),
            message: message.to_owned(),
            reason: seen.reason.clone(),
            took,
        };
        self.lines.push_front(line.clone());
        self.lines.truncate(LINES_MAX);
        line
    }
}

/// The outcome that a reason belongs to.
pub(super) fn outcome_of(reason: &str) -> &'static str {
    let of = |outcome: &&Outcome| reason.starts_with(outcome.as_str());
    Outcome::ALL.iter().find(of).map_or("?", |outcome| outcome.as_str())
}

/// What a reason means.
pub(super) fn meaning_of(reason: &str) -> &'static str {
    let known = Reason::ALL.iter().find(|known| known.code() == reason);
    known.map_or("", |known| known.meaning())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast;
    use std::time::Instant;

    fn seen(message_id: &str, reason: &str) -> Seen {
        let (message_id, reason) = (message_id.to_owned(), reason.to_owned());
        Seen { message_id, reason, at: Instant::now() }
    }

    #[test]
    fn strangers_messages_show_no_id_and_lines_are_bounded() {
        let scenes = cast::scenes();
        let board = Board::new(&scenes, cast::people());
        let mut shown = board.open();
        let ana = shown.note(&seen("demo-ana-email", "approved.express_consent"), &scenes, None);
        assert_eq!((ana.who.as_str(), ana.message.as_str()), ("Ana", "newsletter by e-mail"));
        let again = shown.note(&seen("demo-chloe-again-7", "blocked.opted_out"), &scenes, None);
        assert_eq!(again.who, "Chloé");
        for _ in 0..LINES_MAX {
            shown.note(&seen("zoe@example.org", "blocked.no_consent"), &scenes, None);
        }
        assert_eq!(shown.lines.len(), LINES_MAX);
        assert!(!format!("{shown:?}").contains("zoe@"));
        assert_eq!(shown.counts["blocked"], 41);
        assert_eq!(shown.rows[0].decided.as_deref(), Some("approved.express_consent"));
        assert!(!meaning_of("blocked.no_consent").is_empty());
    }
}
