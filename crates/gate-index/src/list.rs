//! Decisions newest first: all that a filter means, and those about one message id.

use crate::bucket;
use crate::filter::Sieve;
use crate::half_hour::HALF_HOUR_MICROS;
use crate::index::{Index, Moment};
use crate::key::{MESSAGE_BYTES, ROW_BYTES, RowKey, SourceKey, message_hash, of_sorted, sorted};
use crate::layout::{COUNTS, MESSAGES, ROWS};
use crate::row::{DecisionRow, Row};
use crate::word::cut;
use crate::{Filter, IndexError, LIMIT_MAX, Page, cursor};

/// Rows that are looked at for one page, and series of half hours without any.
pub const SCANNED_MAX: usize = 200_000;

const OF_LIST: u8 = b'L';
const OF_MESSAGE: u8 = b'M';

impl Index {
    /// Decisions that a filter means, newest first.
    ///
    /// Half hours without any are skipped by their counts, so something rare is found soon. Beyond [`SCANNED_MAX`] the page
    /// ends early and says so.
    ///
    /// # Errors
    /// [`IndexError::Cursor`], or when the index cannot be read.
    pub fn list(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<DecisionRow>, IndexError> {
        let inner = &*self.inner;
        let question = filter.question(OF_LIST);
        let before = cursor.map(|text| cursor::read::<ROW_BYTES>(inner, &question, text));
        let moment = Moment::of(inner);
        let floor = inner.floor();
        let since = filter.since.map_or(floor, |since| since.max(floor));
        let mut options = moment.options();
        options.set_iterate_lower_bound(sorted(since.as_micros()));
        let until = filter.until.map(|until| sorted(until.as_micros()).to_vec());
        let upper = before.transpose()?.map(|key| key.to_vec()).or(until);
        if let Some(upper) = upper {
            options.set_iterate_upper_bound(upper);
        }
        let mut sieve = Sieve::new(inner, filter);
        let mut page = Page::empty();
        let limit = limit.clamp(1, LIMIT_MAX);
        let mut rows = inner.db.raw_iterator_cf_opt(inner.family(ROWS)?, options);
        rows.seek_to_last();
        let (mut n_scanned, mut looked_into) = (0, None);
        while let Some((key_bytes, value)) = rows.item() {
            let key = RowKey::decode(key_bytes);
            let key = key.ok_or_else(|| inner.damaged("a key cannot be read"))?;
            let half_hour = bucket::of(key.at.as_micros());
            if looked_into != Some(half_hour) {
                looked_into = Some(half_hour);
                let (has_any, n) = moment.has_any(half_hour, &mut sieve)?;
                n_scanned += n;
                if !has_any {
                    let begin = RowKey::first_of(half_hour.saturating_mul(HALF_HOUR_MICROS));
                    page.is_cut_off = n_scanned >= SCANNED_MAX;
                    if page.is_cut_off {
                        page.next = Some(cursor::write(inner, &question, &begin.encode()));
                        break;
                    }
                    rows.seek_for_prev(begin.encode());
                    continue;
                }
            }
            let numbers = Row::peek(value);
            let (shape, context) = numbers.ok_or_else(|| inner.damaged("a row cannot be read"))?;
            n_scanned += 1;
            let fits = sieve.shape(shape)? && sieve.context(context)?;
            if fits {
                page.items.push(DecisionRow::read(inner, key, value)?);
            }
            page.is_cut_off = n_scanned >= SCANNED_MAX;
            if page.items.len() >= limit || page.is_cut_off {
                page.next = Some(cursor::write(inner, &question, &key.encode()));
                break;
            }
            rows.prev();
        }
        rows.status().map_err(|error| inner.fail(&error))?;
        Ok(page)
    }

    /// Decisions about messages with this id, newest first: ids are not unique.
    ///
    /// # Errors
    /// [`IndexError::Cursor`], or when the index cannot be read.
    pub fn of_message(
        &self,
        message_id: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<DecisionRow>, IndexError> {
        let inner = &*self.inner;
        let message_id = cut(message_id);
        let question = [&[OF_MESSAGE], message_id.as_bytes()].concat();
        let before = cursor.map(|text| cursor::read::<ROW_BYTES>(inner, &question, text));
        let moment = Moment::of(inner);
        let hash = message_hash(message_id);
        let mut options = moment.options();
        options.set_iterate_lower_bound([&hash[..], &sorted(inner.floor().as_micros())].concat());
        let upper = before.transpose()?.unwrap_or([0xFF; ROW_BYTES]);
        options.set_iterate_upper_bound([&hash[..], &upper].concat());
        let mut page = Page::empty();
        let limit = limit.clamp(1, LIMIT_MAX);
        let mut entries = inner.db.raw_iterator_cf_opt(inner.family(MESSAGES)?, options);
        entries.seek_to_last();
        let mut n_scanned = 0;
        while let Some(entry) = entries.key() {
            let key = entry.get(MESSAGE_BYTES..).and_then(RowKey::decode);
            let key = key.ok_or_else(|| inner.damaged("a key cannot be read"))?;
            n_scanned += 1;
            let row = moment.row(key)?.filter(|row| row.message_id.as_deref() == Some(message_id));
            page.items.extend(row);
            page.is_cut_off = n_scanned >= SCANNED_MAX;
            if page.items.len() >= limit || page.is_cut_off {
                page.next = Some(cursor::write(inner, &question, &key.encode()));
                break;
            }
            entries.prev();
        }
        entries.status().map_err(|error| inner.fail(&error))?;
        Ok(page)
    }
}

impl Moment<'_> {
    /// The row under a key; `None` when it has just become older than the bound.
    pub(crate) fn row(&self, key: RowKey) -> Result<Option<DecisionRow>, IndexError> {
        let value = self.get(ROWS, &key.encode())?;
        match value {
            Some(value) => DecisionRow::read(self.inner, key, &value).map(Some),
            None if key.at < self.inner.floor() => Ok(None),
            None => Err(self.inner.damaged("a row is missing")),
        }
    }

    /// The row about a message, whose time is stored as these bytes.
    pub(crate) fn row_of(
        &self,
        source: SourceKey,
        at: &[u8],
    ) -> Result<Option<DecisionRow>, IndexError> {
        let at =
            at.try_into().ok().map(|bytes| gate_core::Timestamp::from_micros(of_sorted(bytes)));
        let at = at.ok_or_else(|| self.inner.damaged("the time of a row cannot be read"))?;
        if at < self.inner.floor() {
            return Ok(None);
        }
        self.row(RowKey { at, source })
    }

    /// Whether a half hour may have a decision that is meant, and how many series were looked at.
    fn has_any(&self, half_hour: i64, sieve: &mut Sieve<'_>) -> Result<(bool, usize), IndexError> {
        let inner = self.inner;
        let prefix = sorted(half_hour);
        let mut counts = inner.db.raw_iterator_cf_opt(inner.family(COUNTS)?, self.options());
        counts.seek(prefix);
        let mut n = 0;
        while let Some(key) = counts.key().filter(|key| key.starts_with(&prefix)) {
            let series = bucket::of_key(key);
            let (_, (verdict, context)) =
                series.ok_or_else(|| inner.damaged("a count cannot be read"))?;
            n += 1;
            // what is counted among others may be anything
            let fits_verdict = verdict == 0 || sieve.verdict(verdict)?;
            if fits_verdict && (context == 0 || sieve.context(context)?) {
                return Ok((true, n));
            }
            counts.next();
        }
        counts.status().map_err(|error| inner.fail(&error))?;
        Ok((false, n))
    }
}
