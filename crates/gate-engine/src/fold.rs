//! One event into the states it speaks about, wherever they lie.
//!
//! INVARIANT: whenever a contact's state changes, its erasures and what the person refused without naming an address are
//! joined into the states of all addresses it was seen with; and whenever an address's does, what was refused there into
//! the states of those that took its place. So they reach an address however the events are ordered.
//!
//! This is `ConsentState::about_addresses` cut down to what one event can have made new, so that an event of a contact with
//! a thousand addresses does not touch a thousand states. A test compares the two.

use gate_core::{ConsentState, Fact, FactKind, Placement, SubjectKey, Subjects};

/// States by subject.
pub trait Table {
    /// What goes wrong with it.
    type Error;

    /// Appends the bytes of a subject's state to `out`, which is empty; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    fn load(&mut self, subject: SubjectKey, out: &mut Vec<u8>) -> Result<(), Self::Error>;

    /// What an event says about a subject, and the state after it, to be kept when it changed.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn note(&mut self, change: &Change<'_>) -> Result<(), Self::Error>;

    /// The error for bytes that are no state: a damaged one stops, it never counts as empty.
    fn damaged(&self) -> Self::Error;
}

/// One event as one subject's state sees it.
#[derive(Debug)]
pub struct Change<'c> {
    /// Whose state.
    pub subject: SubjectKey,
    /// An address's, not a contact's.
    pub is_address: bool,
    /// What the event says about the subject.
    pub facts: &'c [Fact<'c>],
    /// The bytes of `facts` alone.
    pub said: &'c [u8],
    /// The bytes of the state before the event; empty without one.
    pub before: &'c [u8],
    /// The state after the event.
    pub state: &'c ConsentState<'c>,
    /// Its bytes.
    pub encoded: &'c [u8],
    /// Whether the event changed the state.
    pub is_changed: bool,
    /// Which of the things it is that the record makes others say of an address (its contact, the address before it),
    /// beside what the event itself says of the address.
    pub echo: Option<u64>,
}

/// Scratch space of a fold, kept for its allocations.
#[derive(Debug, Default)]
pub struct Scratch {
    before: Vec<u8>,
    said: Vec<u8>,
    joined: Vec<u8>,
}

/// Joins an event into the states of its subjects. Returns whether any changed; a redelivery changes none.
///
/// # Errors
/// Those of the table, and a state in it that is none.
pub fn fold<T: Table>(
    table: &mut T,
    scratch: &mut Scratch,
    subjects: Subjects,
    placement: &Placement<'_>,
) -> Result<bool, T::Error> {
    Fold { table, scratch, n_echoes: 0, untold: Vec::new() }.event(subjects, placement)
}

/// Whether a record that could be read has said anything about this subject. It stays so for good: a state loses facts, but
/// never all of them.
///
/// # Errors
/// Those of the table, and a state in it that is none.
pub fn is_known<T: Table>(
    table: &mut T,
    scratch: &mut Scratch,
    subject: SubjectKey,
) -> Result<bool, T::Error> {
    scratch.before.clear();
    table.load(subject, &mut scratch.before)?;
    if scratch.before.is_empty() {
        return Ok(false);
    }
    let state = ConsentState::decode(&scratch.before).map_err(|_| table.damaged())?;
    Ok(state.is_saturated() || state.facts().iter().any(|f| f.kind != FactKind::Unreadable))
}

/// Whose state facts are joined into, and who says them.
enum Whose<'c> {
    /// A contact's; what it then says about its addresses is left here.
    Contact(&'c mut Closure),
    /// An address's, by an event about it.
    Address,
    /// An address's, by what one of its contacts, or the address before it, says.
    Echo,
}

struct Fold<'t, T> {
    table: &'t mut T,
    scratch: &'t mut Scratch,
    /// How often the event was joined into a state that it does not name.
    n_echoes: u64,
    /// What addresses say about those that took their places, yet to be joined.
    untold: Vec<(SubjectKey, Vec<u8>)>,
}

impl<T: Table> Fold<'_, T> {
    fn event(&mut self, subjects: Subjects, placement: &Placement<'_>) -> Result<bool, T::Error> {
        let mut closure = Closure::default();
        let mut changed = false;
        if let Some(contact) = subjects.contact {
            changed |= self.join(contact, &placement.contact, Whose::Contact(&mut closure))?;
        }
        if let Some(address) = subjects.address {
            changed |= self.join(address, &placement.address, Whose::Address)?;
            changed |= self.echo(address, &closure.all)?;
        }
        if let Some(successor) = subjects.successor {
            changed |= self.echo(successor, &closure.all)?;
        }
        for link in closure.links {
            changed |= self.echo(link, &closure.new)?;
        }
        // each may have successors of its own; what changes nothing is not passed on, so a circle ends
        while let Some((successor, said)) = self.untold.pop() {
            changed |= self.echo(successor, &said)?;
        }
        Ok(changed)
    }

    /// Joins what is said elsewhere about an address into its state; noted only where it is new there.
    fn echo(&mut self, address: SubjectKey, said: &[u8]) -> Result<bool, T::Error> {
        if said.is_empty() {
            return Ok(false);
        }
        let said = ConsentState::decode(said).map_err(|_| self.table.damaged())?;
        self.join(address, said.facts(), Whose::Echo)
    }

    /// Joins facts into one subject's state.
    fn join(
        &mut self,
        subject: SubjectKey,
        facts: &[Fact<'_>],
        whose: Whose<'_>,
    ) -> Result<bool, T::Error> {
        if facts.is_empty() {
            return Ok(false);
        }
        let Scratch { before, said, joined } = &mut *self.scratch;
        before.clear();
        self.table.load(subject, before)?;
        let mut event = ConsentState::default();
        event.join(facts.iter().copied());
        said.clear();
        event.encode(said);
        let (state, encoded) = if before.is_empty() {
            (event, &*said)
        } else {
            let mut state = ConsentState::decode(before).map_err(|_| self.table.damaged())?;
            state.join(facts.iter().copied());
            joined.clear();
            state.encode(joined);
            (state, &*joined)
        };
        let is_changed = encoded != before;
        let echo = matches!(whose, Whose::Echo).then_some(self.n_echoes);
        self.n_echoes += u64::from(echo.is_some());
        let is_address = !matches!(whose, Whose::Contact(_));
        match whose {
            // repeated with every event of the contact, and said once
            Whose::Echo if !is_changed => return Ok(false),
            Whose::Echo | Whose::Address if is_changed => {
                self.untold.extend(to_successors(&state, facts));
            }
            Whose::Echo | Whose::Address => {}
            Whose::Contact(closure) => *closure = Closure::of(&state, facts, is_changed),
        }
        self.table.note(&Change {
            subject,
            is_address,
            facts,
            said,
            before,
            state: &state,
            encoded,
            is_changed,
            echo,
        })?;
        Ok(is_changed)
    }
}

/// What a contact says about addresses, after one event. Facts are kept as the bytes of a state, since they borrow
/// from states that are about to change; empty where there are none.
#[derive(Default)]
struct Closure {
    /// All that the contact says: for the address of this event.
    all: Vec<u8>,
    /// What this event says: for every address seen with the contact before.
    new: Vec<u8>,
    /// Those addresses; empty when this event brought nothing new.
    links: Vec<SubjectKey>,
}

impl Closure {
    /// After joining `facts`, which made the contact's state `state`.
    fn of(state: &ConsentState<'_>, facts: &[Fact<'_>], changed: bool) -> Self {
        let all = said(state.facts());
        if all.is_empty() {
            return Self::default();
        }
        // more refusals than can be told apart are a fact that no single event states
        let is_flooded = |fact: &&Fact<'_>| fact.kind == FactKind::Flooded;
        let flood = state.facts().iter().find(is_flooded).filter(|_| changed);
        let new: Vec<Fact<'_>> = facts.iter().chain(flood).copied().collect();
        let new = said(&new);
        let links = if changed && !new.is_empty() {
            state.leading_to(FactKind::Link).collect()
        } else {
            Vec::new()
        };
        Self { all, new, links }
    }
}

/// What an address says about those that took its place, after joining `facts`, which changed its state to `state`: to
/// a new one everything, to one that is known what is new.
fn to_successors(state: &ConsentState<'_>, facts: &[Fact<'_>]) -> Vec<(SubjectKey, Vec<u8>)> {
    let is_new = |address| {
        facts.iter().any(|fact| fact.kind == FactKind::Moved && fact.other == Some(address))
    };
    let flood = state.is_saturated().then(Fact::flood);
    let new = encoded(facts.iter().filter_map(Fact::about_successor).chain(flood));
    let successors = state.leading_to(FactKind::Moved);
    let told = successors.map(|address| {
        (address, if is_new(address) { encoded(state.to_successors()) } else { new.clone() })
    });
    told.filter(|(_, said)| !said.is_empty()).collect()
}

/// What facts of a contact say about its addresses.
fn said(facts: &[Fact<'_>]) -> Vec<u8> {
    encoded(facts.iter().filter_map(Fact::about_addresses))
}

/// Facts as the bytes of a state; empty where there are none.
fn encoded<'f>(facts: impl Iterator<Item = Fact<'f>>) -> Vec<u8> {
    let mut about = facts.peekable();
    let mut bytes = Vec::new();
    if about.peek().is_some() {
        let mut state = ConsentState::default();
        state.join(about);
        state.encode(&mut bytes);
    }
    bytes
}
