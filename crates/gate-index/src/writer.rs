//! The one that writes: what becomes of a record.

use crate::IndexError;
use crate::Inner;
use crate::bucket::{self, Buckets, Exactness};
use crate::dictionary::Numbers;
use crate::index::{Moment, read_streams};
use crate::key::{
    ChangeKey, Log, Place, Prefix, RowKey, SourceKey, message_hash, of_sorted, sorted, stream_key,
};
use crate::layout::{CHANGES, MESSAGES, META, PEOPLE, ROWS, SOURCES};
use crate::notes::{Gap, Notes};
use crate::options::write_options;
use crate::row::Row;
use crate::state::{HIGHEST, NOTES_KEY, POSITION, STATE_KEY, State};
use crate::word::{Kind, context_bytes, cut, shape_bytes, verdict_bytes};
use gate_core::Timestamp;
use gate_log::{DecisionBatch, Entry};
use rocksdb::{ColumnFamily, WriteBatch};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of a batch, beyond which it is written before the next record is taken.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Streams of messages whose highest offset is remembered; decisions of others are looked for one by one.
const STREAMS_MAX: usize = 100_000;

/// What was read of a topic. Records of a partition come in their order.
#[derive(Clone, Copy, Debug)]
pub enum Applied<'a> {
    /// A record of the decision log.
    Decisions {
        /// Where it stands.
        place: Place,
        /// What it says.
        batch: &'a DecisionBatch<'a>,
    },
    /// A consent change.
    Change {
        /// Where it stands.
        place: Place,
        /// Milliseconds of its record.
        received_ms: i64,
        /// What it does, such as `opt_out`.
        action: &'a str,
        /// Whom it is about: contact and address, as far as it names them.
        people: &'a [Prefix],
    },
    /// A record that nobody can read.
    Unreadable {
        /// Its topic.
        log: Log,
        /// Where it stands.
        place: Place,
        /// Why, such as `damaged`.
        class: &'a str,
    },
    /// A consent change that nobody can read, and that may be about these.
    UnreadableChange {
        /// Where it stands.
        place: Place,
        /// Milliseconds of its record.
        received_ms: i64,
        /// Why, such as `bad_timestamp`.
        class: &'a str,
        /// Whom its key, or what can be read of it, names.
        people: &'a [Prefix],
    },
    /// Offsets that are gone: reading goes on at `to`.
    Lost {
        /// Their topic.
        log: Log,
        /// Their partition.
        partition: i32,
        /// The next that is there.
        to: i64,
    },
    /// Nothing more is to be read before this offset.
    Position {
        /// The topic.
        log: Log,
        /// Its partition.
        partition: i32,
        /// The next offset.
        next: i64,
    },
}

/// What a change does that nobody can read.
const UNREADABLE: &str = "unreadable";

/// Writes the index.
pub struct Writer {
    inner: Arc<Inner>,
    batch: WriteBatch,
    numbers: Numbers,
    buckets: Buckets,
    state: State,
    notes: Notes,
    notes_changed: bool,
    positions: BTreeMap<(u16, i32), i64>,
    /// Of the messages of each topic and partition.
    highest: BTreeMap<(u16, i32), i64>,
    moved: BTreeSet<(u8, u16, i32)>,
    row: Vec<u8>,
    is_stopped: bool,
}

/// Where a decision goes; looked up once a record.
struct Families<'i> {
    rows: &'i ColumnFamily,
    sources: &'i ColumnFamily,
    people: &'i ColumnFamily,
    messages: &'i ColumnFamily,
}

impl<'i> Families<'i> {
    fn of(inner: &'i Inner) -> Result<Self, IndexError> {
        Ok(Self {
            rows: inner.family(ROWS)?,
            sources: inner.family(SOURCES)?,
            people: inner.family(PEOPLE)?,
            messages: inner.family(MESSAGES)?,
        })
    }
}

/// The numbers of a record's words.
struct Spoken {
    topic: u16,
    revision: u32,
    /// Shape and verdict.
    shapes: Vec<(u32, u32)>,
    contexts: Vec<u32>,
}

impl Writer {
    pub(crate) fn new(inner: Arc<Inner>, state: State, notes: Notes) -> Result<Self, IndexError> {
        let moment = Moment::of(&inner);
        let positions = read_streams(&moment, &[POSITION])?;
        let highest = read_streams(&moment, &[HIGHEST])?;
        drop(moment);
        let settings = inner.settings;
        Ok(Self {
            batch: WriteBatch::default(),
            numbers: Numbers::new(state.next, settings.words_max),
            buckets: Buckets::new(settings.series_max),
            state,
            notes,
            notes_changed: false,
            positions,
            highest,
            moved: BTreeSet::new(),
            row: Vec::new(),
            is_stopped: false,
            inner,
        })
    }

    /// The next offset of a partition; 0 when nothing was read of it.
    #[must_use]
    pub fn position(&self, log: Log, partition: i32) -> i64 {
        self.positions.get(&(log.code().into(), partition)).copied().unwrap_or(0)
    }

    /// Takes records in. Those that were taken before are left out. When it returns, readers see them; they are on disk after
    /// a while, or after [`Writer::flush`].
    ///
    /// # Errors
    /// When the index cannot be written: then nothing more is.
    pub fn apply(&mut self, records: &[Applied<'_>]) -> Result<(), IndexError> {
        if self.is_stopped {
            return Err(IndexError::Stopped { dir: self.inner.dir.clone() });
        }
        // until it is done, what is in memory may be ahead of what is written
        self.is_stopped = true;
        for record in records {
            if self.batch.size_in_bytes() > BATCH_BYTES_MAX || self.buckets.is_full() {
                self.commit()?;
            }
            self.take(record)?;
        }
        self.commit()?;
        self.is_stopped = false;
        Ok(())
    }

    /// Puts on disk what was taken.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush(&mut self) -> Result<(), IndexError> {
        self.inner.flush()
    }

    fn take(&mut self, record: &Applied<'_>) -> Result<(), IndexError> {
        match *record {
            Applied::Decisions { place, batch } => {
                if self.is_new(Log::Decisions, place) {
                    self.decisions(place, batch)?;
                }
            }
            Applied::Change { place, received_ms, action, people } => {
                if self.is_new(Log::Consent, place) {
                    self.change(ChangeKey { received_ms, place }, action, people)?;
                    self.go_on(Log::Consent, place.partition, place.offset.saturating_add(1));
                }
            }
            Applied::Unreadable { log, place, class } => {
                if self.is_new(log, place) {
                    self.notes.unreadable(log, place, class);
                    self.notes_changed = true;
                    self.go_on(log, place.partition, place.offset.saturating_add(1));
                }
            }
            Applied::UnreadableChange { place, received_ms, class, people } => {
                if self.is_new(Log::Consent, place) {
                    self.change(ChangeKey { received_ms, place }, UNREADABLE, people)?;
                    self.notes.unreadable(Log::Consent, place, class);
                    self.notes_changed = true;
                    self.go_on(Log::Consent, place.partition, place.offset.saturating_add(1));
                }
            }
            Applied::Lost { log, partition, to } => {
                let from = self.position(log, partition);
                if from < to {
                    self.notes.gap(Gap { log, partition, from, to });
                    self.notes_changed = true;
                    self.go_on(log, partition, to);
                }
            }
            Applied::Position { log, partition, next } => {
                if self.position(log, partition) < next {
                    self.go_on(log, partition, next);
                }
            }
        }
        Ok(())
    }

    fn is_new(&self, log: Log, place: Place) -> bool {
        self.position(log, place.partition) <= place.offset
    }

    fn go_on(&mut self, log: Log, partition: i32, next: i64) {
        let of = log.code().into();
        self.positions.insert((of, partition), next);
        self.moved.insert((POSITION, of, partition));
    }

    fn change(
        &mut self,
        key: ChangeKey,
        action: &str,
        people: &[Prefix],
    ) -> Result<(), IndexError> {
        if key.received_ms < self.state.changes_floor_ms {
            return Ok(());
        }
        let inner = &self.inner;
        let action = cut(action).as_bytes();
        let number = self.numbers.of(inner, &mut self.batch, Kind::Action, action)?;
        let changes = inner.family(CHANGES)?;
        for person in people {
            let key = [&person.expose()[..], &key.encode()].concat();
            self.batch.put_cf(changes, key, number.to_be_bytes());
        }
        self.state.n_changes += 1;
        Ok(())
    }

    fn decisions(&mut self, place: Place, batch: &DecisionBatch<'_>) -> Result<(), IndexError> {
        let at = Timestamp::from_micros(batch.evaluated_at);
        if batch.evaluated_at < self.state.floor {
            self.state.n_too_old += batch.len() as u64;
            self.go_on(Log::Decisions, place.partition, place.offset.saturating_add(1));
            return Ok(());
        }
        let spoken = self.spoken(batch)?;
        let stream = (spoken.topic, batch.source_partition);
        let highest = self.highest.get(&stream).copied();
        let is_known = highest.is_some() || self.highest.len() < STREAMS_MAX;
        let is_behind = |first: i64| highest.is_none_or(|highest| highest < first);
        let is_plain = is_known && first_ascending(batch).is_some_and(is_behind);
        let mut earlier = None;
        if !is_plain {
            // what is replaced is looked for in what is written
            self.commit()?;
            earlier = Some(FxHashMap::default());
        }
        self.go_on(Log::Decisions, place.partition, place.offset.saturating_add(1));
        let inner = Arc::clone(&self.inner);
        let families = Families::of(&inner)?;
        for entry in batch.entries() {
            let source =
                SourceKey { topic: spoken.topic, partition: stream.1, offset: entry.offset };
            let key = RowKey { at, source };
            if let Some(earlier) = &mut earlier
                && !self.replace(key, &entry, earlier)?
            {
                continue;
            }
            self.decision(&families, key, place, &entry, &spoken, earlier.as_mut())?;
        }
        let top = batch.entries().map(|entry| entry.offset).max();
        if let Some(top) = top.filter(|top| is_known && highest.is_none_or(|it| it < *top)) {
            self.highest.insert(stream, top);
            self.moved.insert((HIGHEST, stream.0, stream.1));
        }
        Ok(())
    }

    fn spoken(&mut self, batch: &DecisionBatch<'_>) -> Result<Spoken, IndexError> {
        let (inner, into) = (&self.inner, &mut self.batch);
        let mut number = |kind, word: &[u8]| self.numbers.of(inner, into, kind, word);
        let topic = number(Kind::Topic, cut(&batch.source_topic).as_bytes())?;
        let revision = number(Kind::Revision, cut(&batch.policy_revision).as_bytes())?;
        let mut shapes = Vec::with_capacity(batch.shapes.len());
        for shape in &batch.shapes {
            let verdict = number(Kind::Verdict, &verdict_bytes(shape))?;
            let shape = number(Kind::Shape, &shape_bytes(shape, verdict))?;
            // a row knows its verdict by its shape only
            shapes.push((shape, if shape == 0 { 0 } else { verdict }));
        }
        let mut contexts = Vec::with_capacity(batch.contexts.len());
        for context in &batch.contexts {
            contexts.push(number(Kind::Context, &context_bytes(context))?);
        }
        Ok(Spoken { topic: topic.try_into().unwrap_or(0), revision, shapes, contexts })
    }

    /// Makes room for a decision about a message that may have been decided before. `false` when the one that is there counts.
    fn replace(
        &mut self,
        key: RowKey,
        entry: &Entry<'_>,
        earlier: &mut FxHashMap<SourceKey, (RowKey, Vec<u8>)>,
    ) -> Result<bool, IndexError> {
        let old = match earlier.remove(&key.source) {
            Some(old) => Some(old),
            None => self.stored(key.source)?,
        };
        let Some((old_key, old_value)) = old else {
            return Ok(true);
        };
        let inner = Arc::clone(&self.inner);
        let old = Row::decode(old_key, &old_value);
        let old = old.ok_or_else(|| inner.damaged("a row cannot be read"))?;
        let shape = inner.words.shapes.get(&inner, old.shape)?;
        if entry.shape.is_reconstructed && !old.is_reconstructed {
            earlier.insert(key.source, (old_key, old_value));
            return Ok(false);
        }
        self.remove(old_key, &old, shape.verdict)?;
        self.state.n_replaced += 1;
        Ok(true)
    }

    /// The row about a message, unless it is older than the bound.
    fn stored(&self, source: SourceKey) -> Result<Option<(RowKey, Vec<u8>)>, IndexError> {
        let inner = &self.inner;
        let moment = Moment::of(inner);
        let Some(at) = moment.get(SOURCES, &source.encode())? else {
            return Ok(None);
        };
        let at = at.as_slice().try_into().ok().map(of_sorted);
        let at = at.ok_or_else(|| inner.damaged("the time of a row cannot be read"))?;
        if at < self.state.floor {
            return Ok(None);
        }
        let key = RowKey { at: Timestamp::from_micros(at), source };
        let value = moment.get(ROWS, &key.encode())?;
        let value = value.ok_or_else(|| inner.damaged("a row is missing"))?;
        Ok(Some((key, value)))
    }

    fn remove(&mut self, key: RowKey, row: &Row<'_>, verdict: u32) -> Result<(), IndexError> {
        let inner = &self.inner;
        let key_bytes = key.encode();
        let (people, messages) = (inner.family(PEOPLE)?, inner.family(MESSAGES)?);
        self.batch.delete_cf(inner.family(ROWS)?, key_bytes);
        self.batch.delete_cf(inner.family(SOURCES)?, key.source.encode());
        for person in [row.contact, row.address].into_iter().flatten() {
            self.batch.delete_cf(people, [&person.expose()[..], &key_bytes].concat());
        }
        if let Some(id) = row.message_id {
            self.batch.delete_cf(messages, [&message_hash(id)[..], &key_bytes].concat());
        }
        let series = row.exactness.series((verdict, row.context));
        self.buckets.remove(inner, bucket::of(key.at.as_micros()), series)?;
        self.state.n_rows = self.state.n_rows.saturating_sub(1);
        Ok(())
    }

    fn decision(
        &mut self,
        families: &Families<'_>,
        key: RowKey,
        place: Place,
        entry: &Entry<'_>,
        spoken: &Spoken,
        earlier: Option<&mut FxHashMap<SourceKey, (RowKey, Vec<u8>)>>,
    ) -> Result<(), IndexError> {
        let (inner, batch) = (&self.inner, entry.batch());
        let (shape, verdict) = nth(&batch.shapes, entry.shape, &spoken.shapes).unwrap_or((0, 0));
        let context = nth(&batch.contexts, entry.context, &spoken.contexts).unwrap_or(0);
        let half_hour = bucket::of(key.at.as_micros());
        let exactness = self.buckets.add(inner, half_hour, (verdict, context))?;
        let person = |key: Option<&[u8]>| key.and_then(|key| Prefix::new(*key.first_chunk()?));
        let row = Row {
            exactness,
            is_reconstructed: entry.shape.is_reconstructed,
            shape,
            context,
            revision: spoken.revision,
            place,
            not_before: entry.not_before.map(Timestamp::as_micros),
            contact: person(entry.contact),
            address: person(entry.address),
            message_id: entry.message_id.map(cut),
        };
        row.encode(key, &mut self.row);
        let key_bytes = key.encode();
        let into = &mut self.batch;
        into.put_cf(families.rows, key_bytes, &self.row);
        into.put_cf(families.sources, key.source.encode(), sorted(key.at.as_micros()));
        for person in [row.contact, row.address].into_iter().flatten() {
            put_behind(into, families.people, person.expose(), &key_bytes);
        }
        if let Some(id) = row.message_id {
            put_behind(into, families.messages, &message_hash(id), &key_bytes);
        }
        self.state.n_rows += 1;
        self.state.n_others += u64::from(exactness != Exactness::Whole);
        let is_other = shape == 0 || verdict == 0 || context == 0 || key.source.topic == 0;
        self.state.n_without_words += u64::from(is_other);
        if let Some(earlier) = earlier {
            earlier.insert(key.source, (key, self.row.clone()));
        }
        Ok(())
    }

    /// Writes what was collected: rows, counts and positions at once.
    fn commit(&mut self) -> Result<(), IndexError> {
        let inner = &self.inner;
        let meta = inner.family(META)?;
        self.buckets.put(inner, &mut self.batch)?;
        while let Some((kind, of, partition)) = self.moved.pop_first() {
            let streams = if kind == POSITION { &self.positions } else { &self.highest };
            if let Some(offset) = streams.get(&(of, partition)) {
                let key = stream_key(kind, of, partition);
                self.batch.put_cf(meta, key, offset.to_le_bytes());
            }
        }
        if std::mem::take(&mut self.notes_changed) {
            self.batch.put_cf(meta, NOTES_KEY, self.notes.encode());
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.state.next = self.numbers.next;
        self.batch.put_cf(meta, STATE_KEY, self.state.encode());
        let batch = std::mem::take(&mut self.batch);
        inner.db.write_opt(batch, &write_options()).map_err(|error| inner.fail(&error))?;
        self.numbers.written();
        self.buckets.written();
        Ok(())
    }

    /// Makes `change` to the numbers of the index and puts them on disk.
    pub(crate) fn with_state(
        &mut self,
        change: impl FnOnce(&Inner, &mut State) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        if self.is_stopped {
            return Err(IndexError::Stopped { dir: self.inner.dir.clone() });
        }
        self.is_stopped = true;
        change(&self.inner, &mut self.state)?;
        self.buckets.forget_before(bucket::of(self.state.floor));
        self.batch.put_cf(self.inner.family(META)?, STATE_KEY, self.state.encode());
        self.commit()?;
        self.inner.flush()?;
        self.is_stopped = false;
        Ok(())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }
}

/// The first offset, if they ascend strictly: then no message is decided twice in the record.
fn first_ascending(batch: &DecisionBatch<'_>) -> Option<i64> {
    let offsets = || batch.entries().map(|entry| entry.offset);
    let first = offsets().next()?;
    offsets().is_sorted_by(|one, other| one < other).then_some(first)
}

/// The number of the word that an entry refers to.
fn nth<T, N: Copy>(words: &[T], word: &T, numbers: &[N]) -> Option<N> {
    // an entry borrows from its record: its place there is that of the number
    numbers.get(words.element_offset(word)?).copied()
}

/// An entry without a value whose key has two parts.
fn put_behind(batch: &mut WriteBatch, family: &ColumnFamily, first: &[u8; 6], rest: &[u8; 22]) {
    let mut key = [0; 28];
    crate::key::fill(&mut key, &[first, rest]);
    batch.put_cf(family, key, []);
}
