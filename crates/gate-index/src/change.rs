//! Where the consent changes of a person stand. What they say is read in Kafka.

use crate::index::{Index, Moment};
use crate::key::{CHANGE_BYTES, ChangeKey, Place, sorted};
use crate::layout::CHANGES;
use crate::person::{Merged, Person};
use crate::{IndexError, LIMIT_MAX, Page, cursor};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const OF_CHANGES: u8 = b'C';

/// Where a consent change stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePlace {
    /// Its place in the topic of consent changes.
    pub place: Place,
    /// Milliseconds of its record.
    pub received_ms: i64,
    /// What it does, such as `opt_out`.
    pub action: Arc<str>,
}

impl Index {
    /// Places of the consent changes about a person, newest first, each once.
    ///
    /// # Errors
    /// [`IndexError::Cursor`], or when the index cannot be read.
    pub fn changes_of(
        &self,
        person: &Person,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ChangePlace>, IndexError> {
        let inner = &*self.inner;
        let question = person.question(OF_CHANGES);
        let before = cursor.map(|text| cursor::read::<CHANGE_BYTES>(inner, &question, text));
        let upper = before.transpose()?.unwrap_or([0xFF; CHANGE_BYTES]);
        let moment = Moment::of(inner);
        let lower = sorted(inner.floors.changes_ms.load(Ordering::Acquire));
        let mut merged = Merged::of(&moment, CHANGES, person, &lower, &upper)?;
        let mut page = Page::empty();
        let limit = limit.clamp(1, LIMIT_MAX);
        while let Some((key_bytes, value)) = merged.next()? {
            let number = value.as_slice().try_into().ok().map(u32::from_be_bytes);
            let change = ChangeKey::decode(&key_bytes).zip(number);
            let (key, number) =
                change.ok_or_else(|| inner.damaged("a consent change cannot be read"))?;
            let action = Arc::clone(&inner.words.actions.get(inner, number)?.0);
            let ChangeKey { place, received_ms } = key;
            page.items.push(ChangePlace { place, received_ms, action });
            if page.items.len() >= limit {
                page.next = Some(cursor::write(inner, &question, &key_bytes));
                break;
            }
        }
        Ok(page)
    }
}
