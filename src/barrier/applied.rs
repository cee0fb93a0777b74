//! How far consent has been applied, partition by partition: written by the reader, awaited by the barrier.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Positions of the consent reader, published after the store has them.
pub struct Applied {
    state: Mutex<Vec<Progress>>,
    changed: Condvar,
}

/// One partition's progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The next offset to apply; everything before is in the store.
    pub next_offset: i64,
    /// An unreadable record stops this partition.
    pub is_poisoned: bool,
    /// A batch that the client cannot unpack stops this partition.
    pub is_unreadable: bool,
    /// Its end has been reached once since the start.
    pub is_restored: bool,
}

/// A partition that has not reached its end in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Partition.
    pub partition: i32,
    /// Its progress.
    pub progress: Progress,
    /// Where it must get to.
    pub end_offset: i64,
}

impl Applied {
    /// All partitions at `positions`.
    #[must_use]
    pub fn new(positions: &[i64]) -> Self {
        let progress =
            |next_offset: &i64| Progress { next_offset: *next_offset, ..Progress::default() };
        Self {
            state: Mutex::new(positions.iter().map(progress).collect()),
            changed: Condvar::new(),
        }
    }

    /// Publishes new progress and wakes those who wait.
    pub fn publish(&self, progress: &[Progress]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clear();
        state.extend_from_slice(progress);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether every partition has reached its end offset.
    #[must_use]
    pub fn has_reached(&self, end_offsets: &[i64]) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        first_behind(&state, end_offsets).is_none()
    }

    /// Whether every partition has come to its end once since the start: before that the states lack what was said
    /// long ago.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.iter().all(|progress| progress.is_restored)
    }

    /// Waits until every partition has reached its end offset.
    ///
    /// # Errors
    /// The first partition that is behind when the time is up.
    pub fn wait_for(&self, end_offsets: &[i64], timeout: Duration) -> Result<(), Behind> {
        let deadline = Instant::now() + timeout;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(behind) = first_behind(&state, end_offsets) else {
                return Ok(());
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(behind);
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn first_behind(state: &[Progress], end_offsets: &[i64]) -> Option<Behind> {
    // a partition that the reader does not know counts as never read
    let progress = |index: usize| state.get(index).copied().unwrap_or_default();
    let partitions = (0i32..).zip(end_offsets).enumerate();
    partitions
        .map(|(index, (partition, end_offset))| Behind {
            partition,
            progress: progress(index),
            end_offset: *end_offset,
        })
        .find(|behind| behind.progress.next_offset < behind.end_offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn waits_until_the_last_partition_is_there() {
        let applied = Arc::new(Applied::new(&[5, 0]));
        assert_eq!(applied.wait_for(&[5, 0], Duration::ZERO), Ok(()));
        assert!(applied.has_reached(&[5]) && !applied.has_reached(&[5, 1]));
        let behind = applied.wait_for(&[5, 3], Duration::ZERO).unwrap_err();
        assert_eq!((behind.partition, behind.end_offset), (1, 3));
        let waiting = Arc::clone(&applied);
        let waiter = std::thread::spawn(move || waiting.wait_for(&[5, 3], Duration::from_secs(60)));
        applied.publish(&[5, 3].map(|next_offset| Progress { next_offset, ..Progress::default() }));
        assert_eq!(waiter.join().unwrap(), Ok(()));
    }

    #[test]
    fn a_partition_nobody_reads_is_behind() {
        let applied = Applied::new(&[5]);
        assert_eq!(applied.wait_for(&[5, 1], Duration::ZERO).unwrap_err().partition, 1);
    }
}
