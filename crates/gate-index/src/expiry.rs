//! What is older than the bound goes.

use crate::Inner;
use crate::bucket;
use crate::half_hour::HALF_HOUR_MICROS;
use crate::key::sorted;
use crate::layout::{COUNTS, ROWS};
use crate::options::read_options;
use crate::{IndexError, Writer};
use gate_core::Timestamp;
use std::sync::atomic::Ordering;

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

impl Writer {
    /// Lets go of what is older than [`crate::Settings`] say at this time, in whole half hours. Readers do not see it any more
    /// at once; it leaves the disk when its files are compacted. The bound never moves back.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn expire(&mut self, now: Timestamp) -> Result<(), IndexError> {
        let settings = self.inner().settings;
        let before = |days: u32| now.as_micros().saturating_sub(i64::from(days) * DAY_MICROS);
        let half_hour = bucket::of(before(settings.keep_days));
        let floor = half_hour.saturating_mul(HALF_HOUR_MICROS);
        let changes_ms = settings.keep_changes_days.map(|days| before(days).div_euclid(1_000));
        let floors = std::sync::Arc::clone(&self.inner().floors);
        let is_due = floors.decisions() < floor
            || changes_ms.is_some_and(|ms| {
                // as coarse as that of decisions: each move is put on disk
                let done = floors.changes_ms.load(Ordering::Acquire);
                ms.saturating_sub(done) >= HALF_HOUR_MICROS / 1_000
            });
        if !is_due {
            return Ok(());
        }
        self.with_state(|inner, state| {
            if state.floor < floor {
                let gone = n_counted_before(inner, half_hour)?;
                state.n_rows = state.n_rows.saturating_sub(gone);
                state.floor = floor;
            }
            if let Some(ms) = changes_ms.filter(|ms| state.changes_floor_ms < *ms) {
                state.changes_floor_ms = ms;
            }
            Ok(())
        })?;
        // only now that the bound is on disk: what is compacted away does not come back
        let inner = self.inner();
        floors.decisions.fetch_max(floor, Ordering::AcqRel);
        if let Some(ms) = changes_ms {
            floors.changes_ms.fetch_max(ms, Ordering::AcqRel);
        }
        for (family, end) in [(ROWS, floor), (COUNTS, half_hour)] {
            // whole files at once; what is left of others is taken out when they are compacted
            let family = inner.family(family)?;
            let range = inner.db.delete_file_in_range_cf(family, sorted(i64::MIN), sorted(end));
            range.map_err(|error| inner.fail(&error))?;
        }
        Ok(())
    }
}

/// Each row is counted once: so many rows are older.
fn n_counted_before(inner: &Inner, half_hour: i64) -> Result<u64, IndexError> {
    let mut options = read_options();
    options.fill_cache(false);
    options.set_iterate_lower_bound(sorted(bucket::of(inner.floors.decisions())));
    options.set_iterate_upper_bound(sorted(half_hour));
    let mut entries = inner.db.raw_iterator_cf_opt(inner.family(COUNTS)?, options);
    entries.seek_to_first();
    let mut sum = 0u64;
    while let Some(value) = entries.value() {
        let n = bucket::of_value(value);
        sum += n.ok_or_else(|| inner.damaged("a count cannot be read"))?;
        entries.next();
    }
    entries.status().map_err(|error| inner.fail(&error))?;
    Ok(sum)
}
