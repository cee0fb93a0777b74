//! Letters released by a person who answers for it: looked at in the original first, and written down for auditors.

use super::Place;
use super::original::{Original, Originals};
use super::queue::{Letter, Queue};
use super::reading::Reader;
use super::release::{self, Decision};
use super::writer::{Writer, Written};
use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::reader::dead_letter::UNREADABLE_BATCH;

/// Records released at once: a larger disaster deserves a look in between.
const RELEASES_MAX: usize = 10_000;
/// Hears what is done, how many of it, and of how many.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(&str, usize, usize);

/// Which letters are meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    One(Place),
    Range { partition: i32, from: i64, to: i64 },
    Class { class: String, partition: Option<i32> },
}

impl Target {
    /// The one that is meant.
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::One(place) => Some(*place),
            Self::Range { .. } | Self::Class { .. } => None,
        }
    }

    fn has(&self, letter: &Letter<()>) -> bool {
        match self {
            Self::One(place) => letter.place == *place,
            Self::Range { partition, from, to } => {
                letter.place.partition == *partition && (*from..=*to).contains(&letter.place.offset)
            }
            Self::Class { class, partition } => {
                letter.class == *class
                    && partition.is_none_or(|partition| letter.place.partition == partition)
            }
        }
    }
}

/// Why a letter is not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing to answer for: the gate reads it by itself.
    Readable,
    /// Nothing holds on to it any more.
    Gone,
}

impl Left {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Readable => "readable with this configuration: the gate reads it by itself",
            Self::Gone => "no longer in the topic",
        }
    }
}

/// The letters that may be released, and those that are left alone with the reason.
pub(crate) type Sorted<'q> = (Vec<&'q Letter<()>>, Vec<(Place, Left)>);

/// Releases letters of a queue.
pub(crate) struct Releasing<'q> {
    config: &'q Config,
    originals: Originals,
    queue: &'q Queue<()>,
}

impl<'q> Releasing<'q> {
    /// # Errors
    /// librdkafka refuses a setting.
    pub(crate) fn new(config: &'q Config, queue: &'q Queue<()>) -> Result<Self, Failure> {
        Ok(Self { config, originals: Originals::new(config)?, queue })
    }

    /// The open letters that are meant.
    ///
    /// # Errors
    /// There is none, or there are too many.
    pub(crate) fn open(&mut self, target: &Target) -> Result<Vec<&'q Letter<()>>, Failure> {
        let letters: Vec<_> = self.queue.open().filter(|letter| target.has(letter)).collect();
        match (letters.len(), target) {
            (0, Target::One(place)) => Err(self.why_not(*place)?),
            (0, Target::Range { .. } | Target::Class { .. }) => Err(Failure::new(
                ExitCode::Usage,
                "there is no open dead letter like that; `consent-gate consent show` lists those there are",
            )),
            (n, _) if n > RELEASES_MAX => Err(Failure::new(
                ExitCode::Usage,
                format!(
                    "{n} records would be released, and at most {RELEASES_MAX} are at once: name a partition or a range"
                ),
            )),
            (_, _) => Ok(letters),
        }
    }

    /// Why there is nothing to release at a place.
    fn why_not(&mut self, place: Place) -> Result<Failure, Failure> {
        let name = place.of(&self.config.topics.consent_change);
        let released = self.queue.get(place).and_then(|letter| letter.release.as_ref());
        let why = match (released, self.originals.read(place)?) {
            (Some(release), _) => {
                format!("`{name}` is released already, by {} at {}", release.operator, release.at)
            }
            (None, Original::Gone) => format!(
                "there is no committed record at `{name}`; see the first and last offset with `kafka-get-offsets.sh`"
            ),
            (None, Original::Batch) => format!(
                "`{name}` stands in a batch that cannot be unpacked; release it by the offset that /readyz names it with"
            ),
            (None, Original::Record(record)) => {
                match Reader::new(self.config)?.why_unreadable(&record.record)? {
                    None => format!("`{name}` is readable: there is nothing to skip"),
                    Some(why) => format!(
                        "`{name}` cannot be read ({why}), and the gate has written no dead letter of it yet: it releases \
                     only what it has met; wait until `consent-gate consent show` lists it"
                    ),
                }
            }
        };
        Ok(Failure::new(ExitCode::Usage, why))
    }

    /// Looks at the originals, in the order of the topic.
    ///
    /// # Errors
    /// The topic or the registry cannot be asked.
    pub(crate) fn sort(
        &mut self,
        letters: &[&'q Letter<()>],
        progress: Progress<'_>,
    ) -> Result<Sorted<'q>, Failure> {
        let reader = Reader::new(self.config)?;
        let (mut releasable, mut left) = (Vec::new(), Vec::new());
        for (n, letter) in letters.iter().enumerate() {
            progress("checked", n, letters.len());
            if letter.class == UNREADABLE_BATCH {
                if self.originals.is_unreadable_batch(letter.place)? {
                    releasable.push(*letter);
                } else {
                    left.push((letter.place, Left::Readable));
                }
                continue;
            }
            match self.originals.read(letter.place)? {
                Original::Gone => left.push((letter.place, Left::Gone)),
                Original::Batch => releasable.push(*letter),
                Original::Record(record) => match reader.why_unreadable(&record.record)? {
                    None => left.push((letter.place, Left::Readable)),
                    Some(_) => releasable.push(*letter),
                },
            }
        }
        Ok((releasable, left))
    }

    /// Writes a release of each.
    ///
    /// # Errors
    /// The brokers do not take it; what is written twice does no harm.
    pub(crate) fn release(
        &self,
        decision: Decision<'_>,
        further: &[(&str, String)],
        letters: &[&Letter<()>],
        progress: Progress<'_>,
    ) -> Result<Vec<Written>, Failure> {
        let topic = &self.config.topics.outputs.consent_dead_letter;
        let detail = decision.detail(self.config, further);
        let records = release::of(self.config, self.queue, letters, &detail);
        let writer = Writer::new(self.config, topic, format!("writing releases to `{topic}`"))?;
        writer.send_all(&records, &mut |n| progress("released", n, records.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_includes_both_ends_and_one_partition() {
        let letter = |partition, offset, class: &str| Letter {
            place: Place { partition, offset },
            class: class.to_owned(),
            field: String::new(),
            is_owner_known: false,
            is_applied: false,
            written_ms: 0,
            recorded: (0, 0),
            note: (),
            release: None,
        };
        let range = Target::Range { partition: 1, from: 5, to: 7 };
        let is_in = |partition, offset| range.has(&letter(partition, offset, "malformed"));
        assert!(is_in(1, 5) && is_in(1, 7));
        assert!(!is_in(1, 4) && !is_in(1, 8) && !is_in(2, 6));
        let class = Target::Class { class: "malformed".to_owned(), partition: None };
        assert!(class.has(&letter(9, 9, "malformed")) && !class.has(&letter(9, 9, "truncated")));
    }
}
