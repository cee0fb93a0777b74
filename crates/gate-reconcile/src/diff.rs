//! Compares: rows of both sides, sorted by person, become findings; each statement is in exactly one.
//!
//! A statement of the provider's is a person in a lane. It is met here when the same lane or all of marketing is refused here,
//! and the other way round. The provider's entry that is older than consent proven here is drift and no refusal: nothing is
//! written for it, on either side.

use crate::finding::{Finding, There};
use crate::frame::{Frame, Lane};
use crate::kind::{Class, Kind};
use crate::row::{Row, Said};
use gate_core::{SubjectKey, Timestamp};
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, VecDeque};

/// The findings about rows that come sorted ([`crate::Merge`]). Memory: one person.
pub struct Diff<I: Iterator> {
    groups: Groups,
    rows: std::iter::Peekable<I>,
    ready: VecDeque<Finding>,
}

impl<I, E> Diff<I>
where
    I: Iterator<Item = Result<Row, E>>,
{
    /// Compares rows in order, made in this frame.
    pub fn new(rows: I, frame: &Frame) -> Self {
        let foreign = frame.groups().map(|(number, _)| number);
        let foreign = foreign.filter(|number| frame.is_foreign(*number)).collect();
        let groups = Groups { marketing: frame.marketing_groups(), foreign };
        Self { groups, rows: rows.peekable(), ready: VecDeque::new() }
    }

    fn step(&mut self) -> Result<Option<Finding>, E> {
        loop {
            if let Some(finding) = self.ready.pop_front() {
                return Ok(Some(finding));
            }
            let Some(first) = self.rows.next().transpose()? else { return Ok(None) };
            let mut person = Person::new(first.key);
            person.put(first);
            let key = person.key;
            while let Some(row) =
                self.rows.next_if(|row| row.as_ref().map_or(true, |row| row.key == key))
            {
                person.put(row?);
            }
            self.ready = person.findings(&self.groups);
        }
    }
}

impl<I, E> Iterator for Diff<I>
where
    I: Iterator<Item = Result<Row, E>>,
{
    type Item = Result<Finding, E>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// What a refusal of everything says about groups.
struct Groups {
    /// Together they are all marketing of the brand.
    marketing: Vec<u16>,
    /// They are of other brands.
    foreign: Vec<u16>,
}

/// All that is said about one person; as much as there are lanes and kinds, however many rows there are.
struct Person {
    key: SubjectKey,
    address: Option<Box<str>>,
    there: BTreeMap<Lane, BTreeMap<Kind, There>>,
    refused: BTreeMap<Lane, Row>,
    agreed: BTreeMap<Lane, Timestamp>,
}

impl Person {
    const fn new(key: SubjectKey) -> Self {
        Self {
            key,
            address: None,
            there: BTreeMap::new(),
            refused: BTreeMap::new(),
            agreed: BTreeMap::new(),
        }
    }

    fn put(&mut self, row: Row) {
        match row.said {
            Said::There => {
                let kinds = self.there.entry(row.lane).or_default();
                let entry = There { kind: row.kind, at: row.at, smtp: row.smtp };
                // a later entry of the same kind is the one that counts; one without a time counts least
                let known = kinds.entry(row.kind).or_insert_with(|| entry.clone());
                if known.at < entry.at {
                    *known = entry;
                }
                // as the provider writes it: that is how it is found there
                self.address = row.address.or(self.address.take());
            }
            Said::Refused => match self.refused.entry(row.lane) {
                Slot::Vacant(slot) => {
                    slot.insert(row);
                }
                Slot::Occupied(mut slot) => {
                    let known = slot.get_mut();
                    // only what may be written says how far is written
                    known.is_whole =
                        (known.is_whole && known.is_writable) || (row.is_whole && row.is_writable);
                    known.is_writable |= row.is_writable;
                    if known.at < row.at {
                        (known.at, known.kind) = (row.at, row.kind);
                    }
                }
            },
            Said::Agreed => {
                let known = self.agreed.entry(row.lane).or_insert(Timestamp::MIN);
                *known = (*known).max(row.at.unwrap_or(Timestamp::MIN));
            }
            Said::Known => self.address = self.address.take().or(row.address),
        }
    }

    /// Each lane that either side speaks of, once.
    fn findings(self, groups: &Groups) -> VecDeque<Finding> {
        let mut lanes: Vec<Lane> = self.there.keys().chain(self.refused.keys()).copied().collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes.into_iter().map(|lane| self.finding(lane, groups)).collect()
    }

    fn finding(&self, lane: Lane, groups: &Groups) -> Finding {
        let there: Vec<There> =
            self.there.get(&lane).into_iter().flat_map(BTreeMap::values).cloned().collect();
        let here = self.refused.get(&lane);
        let class = match (there.is_empty(), here) {
            _ if lane == Lane::Blocked => Class::NoRefusal,
            (false, Some(_)) => Class::Both,
            (false, None) if self.is_met_here(lane, groups) => Class::Both,
            (true, _) if self.is_met_there(lane) => Class::Both,
            (true, Some(here))
                if !here.is_whole && self.is_met_by_groups(lane, &groups.marketing) =>
            {
                Class::Both
            }
            (true, _) => Class::OnlyHere,
            (false, None) => self.only_there(lane, &there),
        };
        let kind = there.iter().map(|entry| entry.kind).max_by_key(|kind| gravity(*kind));
        Finding {
            class,
            lane,
            kind: kind.or(here.map(|row| row.kind)).unwrap_or(Kind::Unjudged),
            key: self.key,
            address: self.address.clone(),
            groups_there: self.there.keys().filter_map(|lane| lane.group()).collect(),
            is_stopped_there: self.there.contains_key(&Lane::Everything),
            since: here.and_then(|row| row.at),
            is_whole: here.is_some_and(|row| row.is_whole),
            is_writable: here.is_some_and(|row| row.is_writable),
            agreed: self.agreed_in(lane),
            there,
        }
    }

    /// Whether we refuse everything of the brand, and so what is in this lane.
    fn is_met_here(&self, lane: Lane, groups: &Groups) -> bool {
        let is_of_brand = lane.group().is_some_and(|number| !groups.foreign.contains(&number));
        is_of_brand && self.refused.contains_key(&Lane::Everything)
    }

    /// Whether the provider stops everything, of whichever brand.
    fn is_met_there(&self, lane: Lane) -> bool {
        matches!(lane, Lane::Group(_) | Lane::Partial) && self.there.contains_key(&Lane::Everything)
    }

    /// Whether the provider refuses all marketing group by group.
    fn is_met_by_groups(&self, lane: Lane, marketing: &[u16]) -> bool {
        let is_there = |number: &u16| self.there.contains_key(&Lane::Group(*number));
        lane == Lane::Everything && !marketing.is_empty() && marketing.iter().all(is_there)
    }

    fn agreed_in(&self, lane: Lane) -> Option<Timestamp> {
        self.agreed.get(&lane).copied()
    }

    /// A refusal wins a tie: what was agreed to in the same instant does not overtake it.
    fn only_there(&self, lane: Lane, there: &[There]) -> Class {
        let Some(agreed) = self.agreed_in(lane) else { return Class::OnlyThere };
        if there.iter().any(|entry| entry.at.is_some_and(|at| at >= agreed)) {
            Class::OnlyThere
        } else if there.iter().any(|entry| entry.at.is_none()) {
            Class::Undated
        } else {
            Class::Overtaken
        }
    }
}

/// Which of several kinds in a lane names the finding.
const fn gravity(kind: Kind) -> u8 {
    match kind {
        Kind::Complaint => 2,
        Kind::HardBounce => 1,
        Kind::Unsubscribe
        | Kind::Group
        | Kind::Invalid
        | Kind::Block
        | Kind::Objection
        | Kind::Suppression
        | Kind::Erasure
        | Kind::Unjudged => 0,
    }
}
