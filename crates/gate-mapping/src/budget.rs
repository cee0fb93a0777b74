//! The budget of one record: depth and values, as the plain reader has them, and why reading stopped.

use gate_codec::{Class, DEPTH_MAX, NODES_MAX, Unreadable};
use serde::de::Error;
use std::cell::Cell;

/// The state of one walk over a record.
#[derive(Default)]
pub(crate) struct Budget {
    n_nodes: Cell<usize>,
    why: Cell<Option<Unreadable>>,
}

impl Budget {
    /// Counts a value about to be read at `depth`.
    pub(crate) fn enter<E: Error>(&self, depth: usize) -> Result<(), E> {
        let n_nodes = self.n_nodes.get() + 1;
        self.n_nodes.set(n_nodes);
        if n_nodes > NODES_MAX {
            Err(self.fail(Class::TooManyNodes))
        } else if depth > DEPTH_MAX {
            Err(self.fail(Class::TooDeep))
        } else {
            Ok(())
        }
    }

    /// Gives up for this reason; the first one stands.
    pub(crate) fn fail<E: Error>(&self, why: impl Into<Unreadable>) -> E {
        let why = why.into();
        if self.why.get().is_none() {
            self.why.set(Some(why));
        }
        E::custom(why.class.as_str())
    }

    /// Why reading stopped: by itself, or else for what the format says.
    pub(crate) fn why(&self, otherwise: impl FnOnce() -> Class) -> Unreadable {
        self.why.get().unwrap_or_else(|| otherwise().into())
    }
}

/// Where a value stands: whose budget it counts against, and how deep.
#[derive(Clone, Copy)]
pub(crate) struct At<'p> {
    pub(crate) budget: &'p Budget,
    pub(crate) depth: usize,
}

impl<'p> At<'p> {
    /// The outermost value.
    pub(crate) fn root(budget: &'p Budget) -> Self {
        Self { budget, depth: 1 }
    }

    /// One level further in.
    pub(crate) fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// Counts the value.
    pub(crate) fn enter<E: Error>(self) -> Result<(), E> {
        self.budget.enter(self.depth)
    }
}
