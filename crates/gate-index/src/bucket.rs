//! Half hours, in which decisions are counted, and the counts of those that are being written.
//!
//! A half hour tells a bounded number of series apart. A decision that finds no room is counted by its verdict alone, and when
//! there are too many of these as well, as one of all others. A row remembers which, so that it can be taken back.

use crate::IndexError;
use crate::Inner;
pub(crate) use crate::half_hour::of;
use crate::key::sorted;
use crate::layout::COUNTS;
use crate::wire::{Wire, put_number};
use rocksdb::WriteBatch;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Half hours whose counts are kept in memory: partitions are not read in step.
const OPEN_MAX: usize = 16;
/// Verdicts that are told apart among those without room.
const OTHERS_MAX: usize = 1_000;

/// Verdict and context.
pub(crate) type Series = (u32, u32);

/// How exactly a decision is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exactness {
    Whole,
    ByVerdict,
    AmongAll,
}

impl Exactness {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::ByVerdict => 1,
            Self::AmongAll => 2,
        }
    }

    pub(crate) const fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Whole),
            1 => Some(Self::ByVerdict),
            2 => Some(Self::AmongAll),
            _ => None,
        }
    }

    pub(crate) const fn series(self, (verdict, context): Series) -> Series {
        match self {
            Self::Whole => (verdict, context),
            Self::ByVerdict => (verdict, 0),
            Self::AmongAll => (0, 0),
        }
    }
}

/// Bytes of a key of `counts`.
pub(crate) const KEY_BYTES: usize = 16;

pub(crate) fn key(half_hour: i64, (verdict, context): Series) -> [u8; KEY_BYTES] {
    let mut out = [0; KEY_BYTES];
    let parts: [&[u8]; 3] = [&sorted(half_hour), &verdict.to_be_bytes(), &context.to_be_bytes()];
    crate::key::fill(&mut out, &parts);
    out
}

/// Half hour and series of a key.
pub(crate) fn of_key(key: &[u8]) -> Option<(i64, Series)> {
    let mut wire = Wire(key);
    let half_hour = crate::key::of_sorted(wire.array()?);
    let series = (u32::from_be_bytes(wire.array()?), u32::from_be_bytes(wire.array()?));
    wire.end()?;
    Some((half_hour, series))
}

pub(crate) fn of_value(value: &[u8]) -> Option<u64> {
    let mut wire = Wire(value);
    let n = wire.number()?;
    wire.end()?;
    Some(n)
}

/// The counts of one half hour.
#[derive(Default)]
struct Open {
    series: FxHashMap<Series, u64>,
    n_whole: usize,
    n_by_verdict: usize,
    changed: FxHashSet<Series>,
    used: u64,
}

impl Open {
    fn tally(&mut self, series: Series) -> Option<&mut usize> {
        match series {
            (0, 0) => None,
            (_, 0) => Some(&mut self.n_by_verdict),
            (_, _) => Some(&mut self.n_whole),
        }
    }

    fn place(&self, series: Series, series_max: usize) -> Exactness {
        let by_verdict = Exactness::ByVerdict.series(series);
        if self.series.contains_key(&series) || (self.n_whole < series_max && series.1 != 0) {
            Exactness::Whole
        } else if self.series.contains_key(&by_verdict) || self.n_by_verdict < OTHERS_MAX {
            Exactness::ByVerdict
        } else {
            Exactness::AmongAll
        }
    }
}

/// The counts of half hours that are being written.
pub(crate) struct Buckets {
    open: BTreeMap<i64, Open>,
    series_max: usize,
    clock: u64,
}

impl Buckets {
    pub(crate) fn new(series_max: usize) -> Self {
        Self { open: BTreeMap::new(), series_max, clock: 0 }
    }

    /// Counts a decision.
    pub(crate) fn add(
        &mut self,
        inner: &Inner,
        half_hour: i64,
        series: Series,
    ) -> Result<Exactness, IndexError> {
        let series_max = self.series_max;
        let open = self.open(inner, half_hour)?;
        let exactness = open.place(series, series_max);
        let series = exactness.series(series);
        if let Some(n) = open.series.get_mut(&series) {
            *n += 1;
        } else {
            open.series.insert(series, 1);
            if let Some(tally) = open.tally(series) {
                *tally += 1;
            }
        }
        open.changed.insert(series);
        Ok(exactness)
    }

    /// Takes a decision back.
    pub(crate) fn remove(
        &mut self,
        inner: &Inner,
        half_hour: i64,
        series: Series,
    ) -> Result<(), IndexError> {
        let open = self.open(inner, half_hour)?;
        let n = open.series.get_mut(&series).and_then(|n| {
            *n = n.checked_sub(1)?;
            Some(*n)
        });
        match n {
            None => return Err(inner.damaged("a row was counted nowhere")),
            Some(0) => {
                open.series.remove(&series);
                if let Some(tally) = open.tally(series) {
                    *tally = tally.saturating_sub(1);
                }
            }
            Some(_) => {}
        }
        open.changed.insert(series);
        Ok(())
    }

    /// Adds what has changed to a batch.
    pub(crate) fn put(&mut self, inner: &Inner, batch: &mut WriteBatch) -> Result<(), IndexError> {
        let counts = inner.family(COUNTS)?;
        for (half_hour, open) in &mut self.open {
            for series in open.changed.drain() {
                let key = key(*half_hour, series);
                match open.series.get(&series) {
                    None => batch.delete_cf(counts, key),
                    Some(n) => {
                        let mut value = Vec::with_capacity(4);
                        put_number(&mut value, *n);
                        batch.put_cf(counts, key, value);
                    }
                }
            }
        }
        Ok(())
    }

    /// Everything is written: what is in memory may be forgotten.
    pub(crate) fn written(&mut self) {
        while self.open.len() > OPEN_MAX {
            let oldest = self.open.iter().min_by_key(|(_, open)| open.used).map(|(it, _)| *it);
            let Some(oldest) = oldest else { return };
            self.open.remove(&oldest);
        }
    }

    fn open(&mut self, inner: &Inner, half_hour: i64) -> Result<&mut Open, IndexError> {
        self.clock += 1;
        let clock = self.clock;
        let open = match self.open.entry(half_hour) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(read(inner, half_hour)?)
            }
        };
        open.used = clock;
        Ok(open)
    }
}

fn read(inner: &Inner, half_hour: i64) -> Result<Open, IndexError> {
    let mut open = Open::default();
    let prefix = sorted(half_hour);
    let options = crate::options::read_options();
    let mut entries = inner.db.raw_iterator_cf_opt(inner.family(COUNTS)?, options);
    entries.seek(prefix);
    while let Some((key, value)) = entries.item() {
        if !key.starts_with(&prefix) {
            break;
        }
        let entry = of_key(key).zip(of_value(value));
        let ((_, series), n) = entry.ok_or_else(|| inner.damaged("a count cannot be read"))?;
        open.series.insert(series, n);
        if let Some(tally) = open.tally(series) {
            *tally += 1;
        }
        entries.next();
    }
    entries.status().map_err(|error| inner.fail(&error))?;
    Ok(open)
}

impl Buckets {
    /// Whether more half hours are open than should be.
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() > 2 * OPEN_MAX
    }

    /// Half hours that are gone are not written again.
    pub(crate) fn forget_before(&mut self, half_hour: i64) {
        self.open = self.open.split_off(&half_hour);
    }
}
