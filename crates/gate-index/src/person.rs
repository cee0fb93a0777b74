//! A person's decisions: those about her contact and those about her address, merged.

use crate::index::{Index, Moment};
use crate::key::{PREFIX_BYTES, Prefix, ROW_BYTES, RowKey, sorted};
use crate::layout::PEOPLE;
use crate::{DecisionRow, IndexError, LIMIT_MAX, Page, cursor};
use rocksdb::DBRawIterator;

const OF_PERSON: u8 = b'P';

/// Whom is asked for. What is about either of the two is about her.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Her contact.
    pub contact: Option<Prefix>,
    /// Her address.
    pub address: Option<Prefix>,
}

impl Person {
    pub(crate) fn question(&self, kind: u8) -> Vec<u8> {
        let mut out = vec![kind];
        for key in [self.contact, self.address] {
            out.push(u8::from(key.is_some()));
            out.extend(key.iter().flat_map(|key| *key.expose()));
        }
        out
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Prefix> {
        let address = self.address.filter(|address| Some(*address) != self.contact);
        [self.contact, address].into_iter().flatten()
    }
}

impl Index {
    /// Decisions about a person, newest first, each once.
    ///
    /// # Errors
    /// [`IndexError::Cursor`], or when the index cannot be read.
    pub fn of_person(
        &self,
        person: &Person,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<DecisionRow>, IndexError> {
        let inner = &*self.inner;
        let question = person.question(OF_PERSON);
        let before = cursor.map(|text| cursor::read::<ROW_BYTES>(inner, &question, text));
        let upper = before.transpose()?.unwrap_or([0xFF; ROW_BYTES]);
        let moment = Moment::of(inner);
        let lower = sorted(inner.floor().as_micros());
        let mut merged = Merged::of(&moment, PEOPLE, person, &lower, &upper)?;
        let mut page = Page::empty();
        let limit = limit.clamp(1, LIMIT_MAX);
        while let Some((key_bytes, _)) = merged.next()? {
            let key = RowKey::decode(&key_bytes);
            let key = key.ok_or_else(|| inner.damaged("a key cannot be read"))?;
            page.items.extend(moment.row(key)?);
            if page.items.len() >= limit {
                page.next = Some(cursor::write(inner, &question, &key_bytes));
                break;
            }
        }
        Ok(page)
    }
}

/// The key of an entry without its person, and its value.
type Behind = (Vec<u8>, Vec<u8>);

/// Entries behind the keys of a person, the greatest first, each once.
pub(crate) struct Merged<'a> {
    moment: &'a Moment<'a>,
    of: Vec<DBRawIterator<'a>>,
}

impl<'a> Merged<'a> {
    /// From `lower` on, and before `upper`.
    pub(crate) fn of(
        moment: &'a Moment<'a>,
        family: &str,
        person: &Person,
        lower: &[u8],
        upper: &[u8],
    ) -> Result<Self, IndexError> {
        let family = moment.inner.family(family)?;
        let entries = |key: Prefix| {
            let mut options = moment.options();
            options.set_iterate_lower_bound([key.expose(), lower].concat());
            options.set_iterate_upper_bound([key.expose(), upper].concat());
            let mut entries = moment.inner.db.raw_iterator_cf_opt(family, options);
            entries.seek_to_last();
            entries
        };
        Ok(Self { moment, of: person.keys().map(entries).collect() })
    }

    /// The next key without its person, and its value.
    pub(crate) fn next(&mut self) -> Result<Option<Behind>, IndexError> {
        let rest = |key: &[u8]| key.get(PREFIX_BYTES..).map(<[u8]>::to_vec);
        for entries in &self.of {
            entries.status().map_err(|error| self.moment.inner.fail(&error))?;
        }
        let greatest = self.of.iter().filter_map(|it| rest(it.key()?)).max();
        let Some(greatest) = greatest else {
            return Ok(None);
        };
        let mut value = Vec::new();
        for entries in &mut self.of {
            if entries.key().and_then(rest).is_some_and(|key| key == greatest) {
                value = entries.value().unwrap_or_default().to_vec();
                entries.prev();
            }
        }
        Ok(Some((greatest, value)))
    }
}
