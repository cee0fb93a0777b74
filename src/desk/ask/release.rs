//! The release of a consent record that nobody can read: what it was, who answers for it, and that it is still open.
//!
//! INVARIANT: what stands in for it is in the consent topic before the release is written, and nothing is released that this
//! configuration reads or that somebody else has released.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::asked::Asked;
use super::super::fields::Fields;
use super::super::roles::Account;
use super::blocking;
use crate::access::Role;
use crate::answers::{Problem, ProblemKind};
use crate::clock::utc;
use crate::config::Config;
use crate::decisions::stretch;
use crate::decisions::window::Window;
use crate::exit::{ExitCode, Failure};
use crate::records::origin_of;
use crate::unresolved::Place;
use crate::unresolved::queue::{Letter, Queue};
use crate::unresolved::reading::{Reader, Reading};
use crate::unresolved::release::{Decision, written};
use crate::unresolved::releasing::{Left, Releasing, Target};

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;
/// Bytes of an event id.
const EVENT_BYTES_MAX: usize = 512;
/// What took the place of a record may have come so much earlier than its letter.
const EARLIER_MS: i64 = 3_600_000;

/// What an unreadable record was. Names are public API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::desk) enum Was {
    /// Published again, readable.
    Again,
    /// About no person.
    Test,
    /// Nobody can say.
    Unknown,
}

impl Was {
    const ALL: [Self; 3] = [Self::Again, Self::Test, Self::Unknown];

    pub(in crate::desk) const fn as_str(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Test => "test",
            Self::Unknown => "unknown",
        }
    }
}

/// What somebody says of a record. Those fields that are wrong stand beside it.
#[derive(Clone, Debug, Default)]
pub(in crate::desk) struct Wish {
    pub(in crate::desk) was: Option<Was>,
    /// The event that took its place.
    pub(in crate::desk) event_id: String,
    pub(in crate::desk) reason: String,
    /// The offset, typed once more.
    pub(in crate::desk) offset: String,
    /// Field and what to do about it.
    pub(in crate::desk) errors: Vec<(&'static str, &'static str)>,
}

impl Wish {
    /// What the form or the body says.
    pub(in crate::desk) fn read(body: &Fields) -> Self {
        let text = |name: &str| body.get(name).unwrap_or_default().trim().to_owned();
        let what = text("what");
        let mut wish = Self {
            was: Was::ALL.into_iter().find(|was| was.as_str() == what),
            event_id: text("event_id"),
            reason: text("reason"),
            offset: text("offset"),
            errors: Vec::new(),
        };
        let is_plain = |text: &str| !text.chars().any(char::is_control);
        if wish.was.is_none() {
            wish.errors.push(("what", "Say what it was: again, test or unknown."));
        }
        if wish.was == Some(Was::Again) && wish.event_id.is_empty() {
            let why = "Name the event id of the record that was published in its place.";
            wish.errors.push(("event_id", why));
        }
        if wish.event_id.len() > EVENT_BYTES_MAX || !is_plain(&wish.event_id) {
            wish.errors.push(("event_id", "This is no event id."));
        }
        if wish.reason.is_empty() {
            wish.errors.push(("reason", "Say why: it is kept for auditors."));
        } else if wish.reason.chars().count() > REASON_CHARS_MAX {
            wish.errors.push(("reason", "Say it in 500 characters."));
        } else if wish.reason.contains('@')
            || wish.reason.contains(|c: char| c.is_control() && c != '\n' && c != '\r')
        {
            wish.errors.push(("reason", "Name no person by address; it is kept for auditors."));
        }
        // one line for auditors, however it was typed
        wish.reason = wish.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        wish
    }
}

/// The event that took the place of a record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct FoundEvent {
    /// Where it stands.
    pub(in crate::desk) source: String,
    #[serde(skip)]
    pub(in crate::desk) place: (i32, i64),
    pub(in crate::desk) received_at: String,
}

/// A release.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct ReleaseAnswer {
    /// The record that nobody can read.
    pub(in crate::desk) released: String,
    /// Where the release stands.
    pub(in crate::desk) recorded_at: String,
    pub(in crate::desk) operator: String,
    /// `again`, `test` or `unknown`.
    pub(in crate::desk) what: &'static str,
    /// What took its place.
    pub(in crate::desk) event: Option<FoundEvent>,
}

/// Releases a record, for a program.
///
/// # Errors
/// A field is wrong, or there is nothing to release.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<ReleaseAnswer, Problem> {
    asked.body.only(&["what", "event_id", "reason", "offset", "csrf"])?;
    let place = Place { partition: asked.number("partition")?, offset: asked.number("offset")? };
    let wish = Wish::read(&asked.body);
    if let Some((field, sentence)) = wish.errors.first() {
        return Err(Problem::malformed(format!("/{field}"), *sentence));
    }
    if wish.offset != place.offset.to_string() {
        return Err(Problem::malformed("/offset", "repeat the offset of the record"));
    }
    release(desk, &asked.account, place, &wish).await
}

/// Whether this record may be released with that: what took its place, if that is what was said.
///
/// # Errors
/// There is nothing to release, or this account may not say that.
pub(in crate::desk) async fn check(
    desk: &Arc<Desk>,
    account: &Account,
    place: Place,
    wish: &Wish,
) -> Result<Option<FoundEvent>, Problem> {
    may_say(account, wish)?;
    let wish = wish.clone();
    let checked = blocking(desk, move |desk| {
        let queue = letters(&desk.config)?;
        let letter = match open(&desk.config, &queue, place) {
            Ok(letter) => letter,
            Err(problem) => return Ok(Err(problem)),
        };
        found(&desk.config, &wish, letter)
    });
    checked.await?
}

/// Releases it.
///
/// # Errors
/// As [`check`], or the brokers do not take it.
pub(in crate::desk) async fn release(
    desk: &Arc<Desk>,
    account: &Account,
    place: Place,
    wish: &Wish,
) -> Result<ReleaseAnswer, Problem> {
    may_say(account, wish)?;
    let (operator, wish) = (account.id.clone(), wish.clone());
    let released = blocking(desk, move |desk| {
        let config = &desk.config;
        let queue = letters(config)?;
        let letter = match open(config, &queue, place) {
            Ok(letter) => letter,
            Err(problem) => return Ok(Err(problem)),
        };
        let event = match found(config, &wish, letter)? {
            Ok(event) => event,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut releasing = Releasing::new(config, &queue)?;
        let meant = releasing.open(&Target::One(place))?;
        let (releasable, left) = releasing.sort(&meant, &mut |_, _, _| ())?;
        if releasable.is_empty() {
            let why =
                left.first().map_or("nothing is meant", |(_, left): &(Place, Left)| left.as_str());
            return Ok(Err(Problem::new(ProblemKind::Conflict, why)));
        }
        let what = wish.was.map_or("", Was::as_str);
        let mut further = vec![("what", what.to_owned())];
        further.extend(event.as_ref().map(|event| ("published", event.source.clone())));
        let decision = Decision { operator: &operator, reason: &wish.reason };
        let releases = releasing.release(decision, &further, &releasable, &mut |_, _, _| ())?;
        let topics = &config.topics;
        let at = releases.first().copied();
        let at = at.ok_or_else(|| Failure::new(ExitCode::Internal, "nothing was written"))?;
        Ok(Ok(ReleaseAnswer {
            released: place.of(&topics.consent_change),
            recorded_at: written(&topics.outputs.consent_dead_letter, at),
            operator,
            what,
            event,
        }))
    });
    let answer = released.await??;
    tracing::info!(
        account = account.id,
        record = answer.released,
        "an unreadable record was released"
    );
    Ok(answer)
}

/// "Nobody can say" is what an officer says.
fn may_say(account: &Account, wish: &Wish) -> Result<(), Problem> {
    if wish.was != Some(Was::Unknown) || account.roles.contains(&Role::Officer) {
        return Ok(());
    }
    let detail = "that nobody can say what it was needs the role `officer` as well: it may have been an opt-out";
    Err(Problem::new(ProblemKind::Forbidden, detail))
}

/// All letters, with what was decided about them.
pub(super) fn letters(config: &Config) -> Result<Queue<()>, Failure> {
    Queue::read(config, &config.topics.outputs.consent_dead_letter, &mut |_| ())
}

/// The open letter of that record.
fn open<'q>(
    config: &Config,
    queue: &'q Queue<()>,
    place: Place,
) -> Result<&'q Letter<()>, Problem> {
    let name = place.of(&config.topics.consent_change);
    let letter = queue.get(place).ok_or_else(|| {
        let detail =
            format!("the gate has no dead letter of `{name}`: there is nothing to release");
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    match &letter.release {
        None => Ok(letter),
        Some(release) => {
            let detail =
                format!("`{name}` is released already, by {} at {}", release.operator, release.at);
            Err(Problem::new(ProblemKind::Conflict, detail))
        }
    }
}

/// The event that took its place, where that is what was said.
fn found(
    config: &Config,
    wish: &Wish,
    letter: &Letter<()>,
) -> Result<Result<Option<FoundEvent>, Problem>, Failure> {
    if wish.was != Some(Was::Again) {
        return Ok(Ok(None));
    }
    let found = event(config, &wish.event_id, letter.written_ms.saturating_sub(EARLIER_MS))?;
    Ok(match found {
        Some(event) => Ok(Some(event)),
        None => Err(Problem::malformed(
            "/event_id",
            "no readable record with this event id came since: publish it first, then release",
        )),
    })
}

/// The first readable change of that id since then.
fn event(config: &Config, event_id: &str, since_ms: i64) -> Result<Option<FoundEvent>, Failure> {
    let topic = &config.topics.consent_change;
    let reader = Reader::new(config)?;
    let from = jiff::Timestamp::from_millisecond(since_ms.max(0));
    let window = Window::new(from.unwrap_or_default(), jiff::Timestamp::MAX)?;
    let stretch = stretch::stretch(config, topic, &window)?;
    let mut found = None;
    stretch::read(config, topic, &stretch, &mut |record| {
        let origin = origin_of(record);
        // a record that is readable only in part is applied to nobody
        let is_it = found.is_none()
            && match reader.read(record.value, origin) {
                Ok(Reading::Whole(changes)) => {
                    changes.all().iter().any(|it| it.change.event_id == event_id)
                }
                Ok(Reading::Unreadable(_)) | Err(_) => false,
            };
        if is_it {
            let place = (record.partition, record.offset);
            found = Some(FoundEvent {
                source: written(topic, place),
                place,
                received_at: utc(record.timestamp_ms),
            });
        }
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(form: &str) -> Vec<&'static str> {
        let wish = Wish::read(&Fields::of_form(form.as_bytes()).unwrap());
        wish.errors.iter().map(|(field, _)| *field).collect()
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        assert_eq!(wrong(""), ["what", "reason"]);
        assert_eq!(wrong("what=again&reason=x"), ["event_id"]);
        assert_eq!(wrong("what=gone&reason=x"), ["what"]);
        assert_eq!(wrong("what=test&reason=ana%40example.com"), ["reason"]);
        assert_eq!(wrong(&format!("what=test&reason={}", "x".repeat(501))), ["reason"]);
        assert_eq!(wrong("what=again&event_id=a%00b&reason=x"), ["event_id"]);
        assert!(wrong("what=again&event_id=crm-1&reason=two%0D%0Alines").is_empty());
        let wish = Wish::read(&Fields::of_form(b"what=test&reason=two%0D%0Alines").unwrap());
        assert_eq!(wish.reason, "two lines");
    }

    #[test]
    fn that_nobody_can_say_what_it_was_is_an_officers_word() {
        let wish = |was| Wish { was: Some(was), ..Wish::default() };
        let operator = Account::of_role("kim", Role::Operator);
        let both = Account { roles: vec![Role::Operator, Role::Officer], ..operator.clone() };
        assert!(may_say(&operator, &wish(Was::Test)).is_ok());
        assert!(may_say(&operator, &wish(Was::Unknown)).is_err());
        assert!(may_say(&both, &wish(Was::Unknown)).is_ok());
    }
}
