//! Words by number, and numbers by word. A word is compared whole: no two can be taken for each other.

use crate::IndexError;
use crate::Inner;
use crate::layout::WORDS;
use crate::word::{ActionName, Revision};
use crate::word::{Context, Kind, Shape, TopicName, Verdict, Word};
use rocksdb::WriteBatch;
use rustc_hash::FxHashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Words that are kept in memory, of each kind; all are forgotten when there are more.
const CACHED_MAX: usize = 1 << 14;
/// Different topics, revisions and actions that are told apart, whatever [`crate::Settings::words_max`] says: messages of two
/// topics have the same offsets, so a topic without a number would have its decisions taken for another's.
const NAMES_MAX: u32 = 10_000;

const BY_NUMBER: u8 = 0;
const BY_WORD: u8 = 1;

fn number_key(kind: Kind, number: u32) -> [u8; 6] {
    let [a, b, c, d] = number.to_be_bytes();
    [kind.code(), BY_NUMBER, a, b, c, d]
}

fn word_key(kind: Kind, word: &[u8]) -> Vec<u8> {
    [&[kind.code(), BY_WORD], word].concat()
}

/// Gives out numbers. Those of words that are not written yet are remembered until they are.
pub(crate) struct Numbers {
    known: [FxHashMap<Box<[u8]>, u32>; Kind::N],
    /// The next number of each kind.
    pub(crate) next: [u32; Kind::N],
    words_max: u32,
}

impl Numbers {
    pub(crate) fn new(next: [u32; Kind::N], words_max: u32) -> Self {
        Self { known: Default::default(), next, words_max }
    }

    /// The number of a word; 0 when there is no room for another.
    pub(crate) fn of(
        &mut self,
        inner: &Inner,
        batch: &mut WriteBatch,
        kind: Kind,
        word: &[u8],
    ) -> Result<u32, IndexError> {
        let at = usize::from(kind.code());
        let (Some(known), Some(next)) = (self.known.get_mut(at), self.next.get_mut(at)) else {
            return Ok(0);
        };
        if let Some(number) = known.get(word) {
            return Ok(*number);
        }
        let words = inner.family(WORDS)?;
        let key = word_key(kind, word);
        let stored = inner.db.get_pinned_cf(words, &key).map_err(|error| inner.fail(&error))?;
        let number = match stored {
            Some(stored) => {
                let bytes = stored.as_ref().try_into().ok();
                bytes
                    .map(u32::from_be_bytes)
                    .ok_or_else(|| inner.damaged("the number of a word"))?
            }
            None if *next > max_of(kind, self.words_max) => return Ok(0),
            None => {
                let number = *next;
                *next += 1;
                batch.put_cf(words, &key, number.to_be_bytes());
                batch.put_cf(words, number_key(kind, number), word);
                number
            }
        };
        known.insert(word.into(), number);
        Ok(number)
    }

    /// Everything is written: what is in memory may be forgotten.
    pub(crate) fn written(&mut self) {
        self.known.iter_mut().filter(|known| known.len() > CACHED_MAX).for_each(FxHashMap::clear);
    }
}

fn max_of(kind: Kind, words_max: u32) -> u32 {
    match kind {
        Kind::Topic | Kind::Revision | Kind::Action => NAMES_MAX,
        Kind::Verdict | Kind::Shape | Kind::Context => words_max.min(u32::MAX - 1),
    }
}

/// Words that were read lately. A number never changes its meaning.
pub(crate) struct Cached<T>(RwLock<FxHashMap<u32, Arc<T>>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// Reads words.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) topics: Cached<TopicName>,
    pub(crate) revisions: Cached<Revision>,
    pub(crate) verdicts: Cached<Verdict>,
    pub(crate) shapes: Cached<Shape>,
    pub(crate) contexts: Cached<Context>,
    pub(crate) actions: Cached<ActionName>,
}

impl<T: Word> Cached<T> {
    /// The word with this number.
    ///
    /// # Errors
    /// When there is none: whoever holds its number was written with it.
    pub(crate) fn get(&self, inner: &Inner, number: u32) -> Result<Arc<T>, IndexError> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = known.get(&number) {
            return Ok(Arc::clone(word));
        }
        drop(known);
        let word = Arc::new(if number == 0 { T::others() } else { read(inner, number)? });
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHED_MAX {
            known.clear();
        }
        known.insert(number, Arc::clone(&word));
        Ok(word)
    }
}

fn read<T: Word>(inner: &Inner, number: u32) -> Result<T, IndexError> {
    let key = number_key(T::KIND, number);
    let stored = inner.db.get_pinned_cf(inner.family(WORDS)?, key);
    let stored = stored.map_err(|error| inner.fail(&error))?;
    let word = stored.and_then(|bytes| T::decode(&bytes));
    word.ok_or_else(|| inner.damaged("a word is missing or cannot be read"))
}

impl Inner {
    /// The number of a topic of messages, if there is one.
    pub(crate) fn number_of_topic(&self, name: &str) -> Result<Option<u16>, IndexError> {
        let key = word_key(Kind::Topic, crate::word::cut(name).as_bytes());
        let stored = self.db.get_pinned_cf(self.family(WORDS)?, key);
        let stored = stored.map_err(|error| self.fail(&error))?;
        let number =
            stored.and_then(|bytes| bytes.as_ref().try_into().ok()).map(u32::from_be_bytes);
        Ok(number.and_then(|number| number.try_into().ok()))
    }
}
