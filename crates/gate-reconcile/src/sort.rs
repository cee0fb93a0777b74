//! Sorts more rows than fit into memory: the caller keeps sorted runs in files and hands them back to be merged.

use crate::limits::{RUN_BYTES_MAX, RUNS_MAX};
use crate::problem::ListProblem;
use crate::row::Row;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Collects rows. `Debug` shows how many.
#[derive(Default)]
pub struct Sorter {
    rows: Vec<Row>,
    n_bytes: usize,
    n_runs: usize,
}

impl std::fmt::Debug for Sorter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sorter").field("n_rows", &self.rows.len()).finish_non_exhaustive()
    }
}

impl Sorter {
    /// Takes a row. `Some`: memory is full; write these bytes to a file of their own (they hold addresses: mode 0600, deleted
    /// at the end) and merge it later by [`crate::Rows`].
    ///
    /// # Errors
    /// When there are more runs than can be merged.
    pub fn push(&mut self, row: Row) -> Result<Option<Vec<u8>>, ListProblem> {
        self.n_bytes += row.size();
        self.rows.push(row);
        if self.n_bytes < RUN_BYTES_MAX {
            return Ok(None);
        }
        self.n_runs += 1;
        if self.n_runs >= RUNS_MAX {
            let fix = "reconcile one brand or channel at a time";
            return Err(ListProblem::new("sort", "", "there are too many rows to compare", fix));
        }
        let rows = self.take();
        let mut out = Vec::with_capacity(self.n_bytes / 2);
        for row in rows {
            row.encode(&mut out);
        }
        self.n_bytes = 0;
        Ok(Some(out))
    }

    /// The rows that were not spilled, sorted: the last run.
    #[must_use]
    pub fn finish(mut self) -> Vec<Row> {
        self.take()
    }

    fn take(&mut self) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

/// Why rows cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError<E> {
    /// A run cannot be read.
    #[error("a run cannot be read")]
    Run(#[source] E),
    /// A run is not sorted: it is none of [`Sorter`]'s, or files were mixed up.
    #[error("a run of rows is not in order: begin again, with an empty directory for them")]
    Order,
    /// More runs than can be merged.
    #[error("more runs than can be merged")]
    Runs,
}

/// Sorted runs as one.
pub struct Merge<I> {
    runs: Vec<I>,
    heap: BinaryHeap<Reverse<(Row, usize)>>,
    /// Runs whose next row is not in the heap yet.
    pending: Vec<usize>,
    last: Option<Row>,
}

impl<I, E> Merge<I>
where
    I: Iterator<Item = Result<Row, E>>,
{
    /// Of runs that are sorted each.
    ///
    /// # Errors
    /// When there are too many.
    pub fn new(runs: Vec<I>) -> Result<Self, MergeError<E>> {
        if runs.len() > RUNS_MAX {
            return Err(MergeError::Runs);
        }
        let pending = (0..runs.len()).collect();
        Ok(Self { runs, heap: BinaryHeap::new(), pending, last: None })
    }

    fn step(&mut self) -> Result<Option<Row>, MergeError<E>> {
        while let Some(index) = self.pending.pop() {
            match self.runs.get_mut(index).and_then(Iterator::next) {
                Some(Ok(row)) => self.heap.push(Reverse((row, index))),
                Some(Err(error)) => return Err(MergeError::Run(error)),
                None => {}
            }
        }
        let Some(Reverse((row, index))) = self.heap.pop() else { return Ok(None) };
        self.pending.push(index);
        if self.last.as_ref().is_some_and(|last| *last > row) {
            return Err(MergeError::Order);
        }
        self.last = Some(row.clone());
        Ok(Some(row))
    }
}

impl<I, E> Iterator for Merge<I>
where
    I: Iterator<Item = Result<Row, E>>,
{
    type Item = Result<Row, MergeError<E>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
