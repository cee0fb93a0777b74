//! What the test itself knows: who said what and when the broker acknowledged it, and which message was
//! sent when. It judges what an answer may be, from acknowledgement times alone; no code of the gate.
//!
//! A message is recognised by its header `test-id`, not by its content, so that unreadable ones count too.

use crate::harness::readers::Record;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The header that names a message to the ledger.
pub(crate) const TEST_ID: &str = "test-id";

/// What an answer to one message may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// A refusal acknowledged before, or no permission at all.
    MustNotApprove(&'static str),
    /// A permission acknowledged before, and never a refusal.
    MustApprove,
    /// Consent changed while the message was on its way.
    Either,
    /// The ledger never heard of it.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stance {
    Permit,
    Refuse,
}

#[derive(Clone, Copy, Debug)]
struct Statement {
    stance: Stance,
    sent: Instant,
    acked: Instant,
}

#[derive(Clone, Debug)]
struct Sent {
    contact: Option<String>,
    /// The gate cannot have taken it up for decision before this moment.
    taken_up_after: Instant,
}

#[derive(Debug, Default)]
struct Books {
    statements: HashMap<String, Vec<Statement>>,
    messages: HashMap<u64, Sent>,
}

/// The books of one test.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    books: Mutex<Books>,
    next: AtomicU64,
}

impl Ledger {
    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().expect("no thread panicked with the books open")
    }

    fn state(&self, contact: &str, stance: Stance, sent: Instant, acked: Instant) {
        let statement = Statement { stance, sent, acked };
        self.books().statements.entry(contact.to_owned()).or_default().push(statement);
    }

    /// `contact` permitted; sent and acknowledged then.
    pub(crate) fn permitted(&self, contact: &str, sent: Instant, acked: Instant) {
        self.state(contact, Stance::Permit, sent, acked);
    }

    /// `contact` refused; sent and acknowledged then.
    pub(crate) fn refused(&self, contact: &str, sent: Instant, acked: Instant) {
        self.state(contact, Stance::Refuse, sent, acked);
    }

    /// A message to `contact` is about to be sent; returns its id for the header.
    pub(crate) fn message(&self, contact: &str) -> u64 {
        self.enter(Some(contact.to_owned()))
    }

    /// A message that nobody can read is about to be sent.
    pub(crate) fn unreadable_message(&self) -> u64 {
        self.enter(None)
    }

    fn enter(&self, contact: Option<String>) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let sent = Sent { contact, taken_up_after: Instant::now() };
        self.books().messages.insert(id, sent);
        id
    }

    /// The gate was not running, or stopped, until now: none of these messages was taken up before.
    pub(crate) fn taken_up_from_now(&self, ids: &[u64]) {
        let now = Instant::now();
        let mut books = self.books();
        for id in ids {
            books.messages.get_mut(id).expect("a known message").taken_up_after = now;
        }
    }

    /// How many messages were sent.
    pub(crate) fn n_messages(&self) -> usize {
        self.books().messages.len()
    }

    /// What the answer to this input may be.
    pub(crate) fn judge(&self, input: &Record) -> Judgement {
        let books = self.books();
        let id = input.header(TEST_ID).and_then(|id| id.parse().ok());
        let Some(sent) = id.and_then(|id: u64| books.messages.get(&id)) else {
            return Judgement::Unknown;
        };
        let Some(contact) = &sent.contact else {
            return Judgement::MustNotApprove("nobody can read the message");
        };
        let empty = Vec::new();
        let statements = books.statements.get(contact).unwrap_or(&empty);
        weigh(statements, sent.taken_up_after)
    }
}

fn weigh(statements: &[Statement], taken_up_after: Instant) -> Judgement {
    let of = |stance: Stance| statements.iter().filter(move |s| s.stance == stance);
    if of(Stance::Permit).next().is_none() {
        return Judgement::MustNotApprove("nobody ever permitted it");
    }
    let refused = of(Stance::Refuse).filter(|s| s.acked <= taken_up_after).max_by_key(|s| s.acked);
    if let Some(refused) = refused
        && !of(Stance::Permit).any(|permit| permit.acked > refused.sent)
    {
        return Judgement::MustNotApprove("a refusal was acknowledged before");
    }
    let permitted = of(Stance::Permit).any(|s| s.acked <= taken_up_after);
    if permitted && of(Stance::Refuse).next().is_none() {
        return Judgement::MustApprove;
    }
    Judgement::Either
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_refusal_counts_from_its_acknowledgement() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let permit =
            |sent, acked| Statement { stance: Stance::Permit, sent: at(sent), acked: at(acked) };
        let refuse =
            |sent, acked| Statement { stance: Stance::Refuse, sent: at(sent), acked: at(acked) };
        let must_not = |statements: &[Statement], taken_up_after| {
            matches!(weigh(statements, at(taken_up_after)), Judgement::MustNotApprove(_))
        };
        assert!(must_not(&[], 10));
        assert!(must_not(&[permit(0, 1), refuse(5, 10)], 10));
        assert!(!must_not(&[permit(0, 1), refuse(5, 11)], 10));
        assert!(must_not(&[permit(0, 1), refuse(2, 3), refuse(4, 5)], 10));
        // permitted again after the refusal, or at the same time: not forbidden
        assert!(!must_not(&[permit(0, 1), refuse(2, 3), permit(4, 5)], 10));
        assert!(!must_not(&[permit(0, 1), refuse(2, 6), permit(3, 5)], 10));
        assert_eq!(weigh(&[permit(0, 1)], at(10)), Judgement::MustApprove);
        assert_eq!(weigh(&[permit(0, 11)], at(10)), Judgement::Either);
        assert_eq!(weigh(&[permit(0, 1), refuse(20, 21)], at(10)), Judgement::Either);
    }
}
