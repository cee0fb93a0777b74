//! A record that a row makes: may an import say it, is it proven, does the gate read it, whom is it about?
//!
//! The same for records of a plan and of a mapping. The record is turned into what the gate itself folds
//! ([`gate_codec::consent_of_record`]), so what is counted as taken is read by the gate.

use crate::cells::Cell;
use crate::plan::{Nature, Plan};
use crate::problem::{Loss, Problem, ProblemKind};
use crate::row::Change;
use gate_codec::{Class, ConsentChangeRecord, Unreadable, consent_of_record};
use gate_core::{CLOCK_SKEW_MAX, ConsentChange, Timestamp};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Addresses that one statement may be about: those of the columns `email`, `phone` and `address`.
pub(crate) const ADDRESSES_MAX: usize = 3;

/// What is the same for all rows of an import.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// What event ids begin with.
    pub(crate) prefix: String,
    /// `via` of every change.
    pub(crate) via: String,
    /// What lies after it is in the future.
    pub(crate) now: Timestamp,
}

/// Where a statement stands, for problems.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'r> {
    pub(crate) plan: &'r Plan,
    pub(crate) context: &'r Context,
    pub(crate) line: u64,
    pub(crate) is_in_doubt: bool,
}

/// What is said of a row, so far.
#[derive(Default)]
pub(crate) struct Said<'r> {
    pub(crate) changes: Vec<Change<'r>>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) n_skipped: u32,
}

/// How much of a refusal is lost with an action that is not taken.
pub(crate) const fn loss(nature: Nature) -> Loss {
    match nature {
        Nature::Refusal => Loss::Refusal,
        Nature::Grant | Nature::Relationship => Loss::Nothing,
        Nature::NotAllowed => Loss::PerhapsRefusal,
    }
}

impl<'r> Judge<'r> {
    pub(crate) fn problem(&self, column: Option<&str>, kind: ProblemKind, loses: Loss) -> Problem {
        let column = column.map(str::to_owned);
        Problem { line: self.line, column, kind, detail: None, loses }
    }

    /// The name of a column of the plan.
    pub(crate) fn column(&self, slot: usize) -> Option<&'r str> {
        self.plan.columns.get(slot).map(String::as_str)
    }

    /// Completes a record and takes it, or says why not. `n` tells the records of a row apart.
    pub(crate) fn accept(
        &self,
        mut record: ConsentChangeRecord<'r>,
        n: usize,
        is_widened: bool,
        said: &mut Said<'r>,
    ) {
        let id = &self.context.prefix;
        let line = self.line;
        let id = if n == 0 { format!("{id}{line}") } else { format!("{id}{line}.{n}") };
        record.event_id = Some(Cow::Owned(id));
        record.source = Some(Cow::Borrowed(&self.plan.source));
        record.via = Some(Cow::Borrowed(&self.context.via));
        let change = match consent_of_record(record.clone()) {
            Ok(change) => change,
            Err(why) => {
                let loses = match record.action.as_deref().and_then(gate_core::Action::parse) {
                    Some(action) => loss(Nature::of(action)),
                    None => Loss::PerhapsRefusal,
                };
                said.problems.push(self.unreadable(why, loses));
                return;
            }
        };
        let nature = Nature::of(change.action);
        if let Some((column, kind)) = self.refused(&change, nature) {
            said.problems.push(self.problem(column, kind, loss(nature)));
            return;
        }
        let address = change.address.as_ref().map(|address| change.canonical(address));
        let address = match address {
            Some(None) => {
                said.problems.push(self.problem(
                    self.address_column(n),
                    ProblemKind::InvalidAddress,
                    loss(nature),
                ));
                if nature != Nature::Refusal || change.contact_id.is_none() {
                    return;
                }
                // the contact is known, and refuses; the address is left to whoever mends it
                record.address = None;
                None
            }
            Some(address) => address,
            None => None,
        };
        if address.is_none() && nature != Nature::Refusal {
            said.problems.push(self.problem(None, ProblemKind::NoAddress, Loss::Nothing));
            return;
        }
        let mut hasher = DefaultHasher::new();
        self.context.prefix.hash(&mut hasher);
        match &address {
            Some(address) => (address.kind().as_str(), address.expose()).hash(&mut hasher),
            None => change.contact_id.as_ref().map(gate_core::ContactId::expose).hash(&mut hasher),
        }
        change.channel.code().hash(&mut hasher);
        for name in [&change.purpose, &change.controller, &change.brand] {
            name.as_deref().hash(&mut hasher);
        }
        let (subject, action) = (hasher.finish(), change.action);
        said.changes.push(Change { record, action, is_widened, nature, subject });
    }

    /// The column that the address of the record with this number stands in.
    fn address_column(&self, n: usize) -> Option<&'r str> {
        let columns = [&self.plan.email, &self.plan.phone, &self.plan.address];
        let who = columns.get(n % ADDRESSES_MAX).and_then(|who| who.as_ref());
        who.map_or(Some("address"), |who| self.column(who.slot))
    }

    /// Why a change that reads is not taken.
    fn refused(
        &self,
        change: &ConsentChange<'_>,
        nature: Nature,
    ) -> Option<(Option<&'static str>, ProblemKind)> {
        let whole = |kind| Some((None, kind));
        if nature == Nature::NotAllowed {
            return whole(ProblemKind::ActionNotAllowed);
        }
        if change.occurred_at > self.context.now.saturating_add(CLOCK_SKEW_MAX) {
            return Some((Some("occurred_at"), ProblemKind::Future));
        }
        match nature {
            Nature::Grant => {
                if self.is_in_doubt {
                    return whole(ProblemKind::InDoubt);
                }
                let scope = [
                    ("channel", change.channel.channel().is_some()),
                    ("purpose", change.purpose.is_some()),
                    ("controller", change.controller.is_some()),
                    ("brand", change.brand.is_some()),
                ];
                if let Some((name, _)) = scope.into_iter().find(|(_, is_there)| !is_there) {
                    return Some((Some(name), ProblemKind::NoScope));
                }
                let evidence = change.evidence.clone().unwrap_or_default();
                let proof = [
                    ("evidence.method", evidence.method.is_some()),
                    ("evidence.notice_version", evidence.notice_version.is_some()),
                ];
                let missing = proof.into_iter().find(|(_, is_there)| !is_there);
                missing.map(|(name, _)| (Some(name), ProblemKind::NoEvidence))
            }
            Nature::Relationship if self.is_in_doubt => whole(ProblemKind::InDoubt),
            Nature::Relationship if change.kind.is_none() && change.context_flags == 0 => {
                whole(ProblemKind::NoRelationship)
            }
            Nature::Relationship | Nature::Refusal | Nature::NotAllowed => None,
        }
    }

    /// What the gate's reader would not read, by the field it names.
    pub(crate) fn unreadable(&self, why: Unreadable, loses: Loss) -> Problem {
        let kind = match (why.class, why.field) {
            (Class::MissingField, Some("contact_id" | "address")) => ProblemKind::Nobody,
            (Class::MissingField, Some("occurred_at")) => ProblemKind::NoTime,
            (Class::BadTimestamp, _) => ProblemKind::BadTime,
            (Class::InvalidAddress, _) => ProblemKind::InvalidAddress,
            (Class::UnknownSymbol, Some("action")) => ProblemKind::UnknownAction,
            (Class::BadUtf8, _) => ProblemKind::BadEncoding,
            _ => ProblemKind::Refused,
        };
        let detail = (kind == ProblemKind::Refused).then_some(why.class.as_str());
        Problem { detail, ..self.problem(why.field, kind, loses) }
    }
}

/// A row's values by the plan's columns.
pub(crate) trait Cells<'r> {
    /// The value in a column of the plan.
    fn cell(&self, slot: usize) -> Cell<'r>;
}
