//! Whether a log is what its checkpoints have signed; and if not, where it first is not.
//!
//! It walks all checkpoints in their order and all entries between them, makes the tree anew, and compares root by root and
//! tile by tile. What lies between two checkpoints is shown to whoever compares it with Kafka, once it is known to be as signed.

use crate::checkpoint::{Checkpoint, Signed};
use crate::content::Salt;
use crate::difference::{Difference, first_difference};
use crate::entry::Entry;
use crate::hash::{Hash, leaf_hash};
use crate::reader::{Ledger, ReadError, checkpoint_path};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, width_in, write_hashes};
use crate::tree::{Full, Tree};
use std::collections::BTreeMap;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Something stands in the place of something else.
    Changed,
    /// Something is gone.
    Dropped,
    /// Something was added.
    Inserted,
    /// Two have changed places.
    Reordered,
    /// The end is gone.
    Cut,
    /// Two checkpoints are of different logs.
    Forked,
    /// A file is missing or damaged, and what it said is not known.
    Damaged,
}

impl Fault {
    /// As reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Dropped => "dropped",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::Cut => "cut",
            Self::Forked => "forked",
            Self::Damaged => "damaged",
        }
    }
}

impl From<Difference> for Fault {
    fn from(difference: Difference) -> Self {
        match difference {
            Difference::Changed => Self::Changed,
            Difference::Dropped => Self::Dropped,
            Difference::Inserted => Self::Inserted,
            Difference::Reordered => Self::Reordered,
            Difference::Cut => Self::Cut,
        }
    }
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// The leaf, where it is one.
    pub leaf: Option<u64>,
    /// Where that stands in Kafka, where it is known.
    pub place: Option<String>,
    /// In words.
    pub says: String,
}

/// What lies between two checkpoints.
#[derive(Clone, Debug)]
pub struct Window {
    /// The checkpoint before; `None` at the beginning.
    pub before: Option<Checkpoint>,
    /// The one that covers it.
    pub checkpoint: Checkpoint,
    /// Its first leaf.
    pub first: u64,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Their salts.
    pub salts: Vec<Salt>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Checkpoints whose signature, place in the chain and root are right.
    pub n_checkpoints: u64,
    /// Leaves that are as signed.
    pub n_leaves: u64,
    /// The newest checkpoint.
    pub last: Option<Checkpoint>,
    /// What is wrong.
    pub finding: Option<Finding>,
    /// Where that is, when only Kafka can tell which record it is.
    pub suspect: Option<Window>,
}

/// Whoever looks at what is as signed.
pub type Visitor<'v, E> = &'v mut dyn FnMut(Window) -> Result<(), E>;

/// Looks at all of a log. `known` are checkpoints that were kept elsewhere, each with a name: they must be of this log.
///
/// # Errors
/// Storage cannot be read, or the visitor's own. That something is wrong is no error.
pub fn verify_tiles<E: From<ReadError>>(
    ledger: &Ledger<'_>,
    known: &[(String, Checkpoint)],
    visit: Visitor<'_, E>,
) -> Result<Report, E> {
    let mut walk = Walk { ledger, tree: Tree::default(), report: Report::default() };
    walk.report.finding = walk.all(known, visit)?;
    Ok(walk.report)
}

struct Walk<'l, 's> {
    ledger: &'l Ledger<'s>,
    tree: Tree,
    report: Report,
}

/// The leaves of a window as they are in storage.
#[derive(Default)]
struct Stretch {
    raw: Vec<Vec<u8>>,
    /// The files that became full by them.
    full: Vec<Full>,
    /// Roots of the tree at the sizes that were asked for.
    roots: BTreeMap<u64, Hash>,
}

impl Walk<'_, '_> {
    fn all<E: From<ReadError>>(
        &mut self,
        known: &[(String, Checkpoint)],
        visit: Visitor<'_, E>,
    ) -> Result<Option<Finding>, E> {
        let newest = match self.ledger.latest() {
            Ok(newest) => newest,
            Err(error) => return Ok(Some(damaged(error)?)),
        };
        let Some(newest) = newest else {
            return Ok(known.first().map(|(name, it)| cut_before(name, it, 0)));
        };
        let mut before: Option<Signed> = None;
        for ordinal in 0..=newest.checkpoint.ordinal {
            let signed = match self.chained(ordinal, before.as_ref(), &newest)? {
                Ok(signed) => signed,
                Err(finding) => return Ok(Some(finding)),
            };
            let window = match self.window(before.as_ref(), &signed, known)? {
                Ok(window) => window,
                Err(finding) => return Ok(Some(finding)),
            };
            self.report.n_checkpoints += 1;
            self.report.n_leaves = signed.checkpoint.size;
            self.report.last = Some(signed.checkpoint.clone());
            visit(window)?;
            before = Some(signed);
        }
        if let Some(finding) = self.partial_tiles()? {
            return Ok(Some(finding));
        }
        let size = self.tree.size();
        let ahead = known.iter().find(|(_, it)| it.size > size);
        Ok(ahead.map(|(name, it)| cut_before(name, it, size)))
    }

    /// The checkpoint of this number, as the successor of the one before.
    fn chained(
        &self,
        ordinal: u64,
        before: Option<&Signed>,
        newest: &Signed,
    ) -> Result<Result<Signed, Finding>, ReadError> {
        let path = checkpoint_path(ordinal);
        let signed = match self.ledger.checkpoint(ordinal) {
            Ok(Some(signed)) => signed,
            Ok(None) => {
                let says = format!(
                    "`{path}` is missing, and checkpoint {} is there: a checkpoint was removed",
                    newest.checkpoint.ordinal
                );
                return Ok(Err(finding(Fault::Dropped, says)));
            }
            Err(error) => return Ok(Err(damaged(error)?)),
        };
        let is_successor = signed.checkpoint.previous == before.map(Signed::hash);
        let has_shrunk = before.is_some_and(|it| it.checkpoint.size > signed.checkpoint.size);
        if !is_successor || has_shrunk {
            let of = |it: &Signed| {
                format!("checkpoint {} ({} leaves)", it.checkpoint.ordinal, it.checkpoint.size)
            };
            let says = format!(
                "the log was forked: {} does not continue {}, although both are signed",
                of(&signed),
                before.map_or_else(|| "an empty log".to_owned(), of),
            );
            return Ok(Err(finding(Fault::Forked, says)));
        }
        if ordinal == newest.checkpoint.ordinal && signed.note != newest.note {
            let says = format!("`checkpoint` is not `{path}`, although both are signed");
            return Ok(Err(finding(Fault::Forked, says)));
        }
        Ok(Ok(signed))
    }

    /// What lies between two checkpoints, once it is known to be as signed.
    fn window(
        &mut self,
        before: Option<&Signed>,
        signed: &Signed,
        known: &[(String, Checkpoint)],
    ) -> Result<Result<Window, Finding>, ReadError> {
        let (from, to) = (self.tree.size(), signed.checkpoint.size);
        let tree = self.tree.clone();
        let asked: Vec<u64> = known.iter().map(|(_, it)| it.size).collect();
        let stretch = match self.read(from, to, &asked) {
            Ok(stretch) => stretch,
            Err(ReadError::Missing { path }) => {
                let is_end = self.nothing_behind(&path)?;
                let fault = if is_end { Fault::Cut } else { Fault::Dropped };
                let says = format!(
                    "`{path}` is missing: leaf {} and what comes behind it in that file{}",
                    self.tree.size(),
                    if is_end { ", the end of the log" } else { "" },
                );
                let leaf = Some(self.tree.size());
                return Ok(Err(Finding { leaf, ..finding(fault, says) }));
            }
            Err(error) => return Ok(Err(damaged(error)?)),
        };
        let entries: Vec<Option<Entry>> = stretch.raw.iter().map(|it| Entry::parse(it)).collect();
        let salts = self.salts(from, to)?;
        let is_as_signed = self.tree.root() == signed.checkpoint.root;
        if !is_as_signed || stretch.raw.len() as u64 != to - from {
            let found = self.locate(from, signed, &tree, &stretch, before)?;
            if found.is_none() && entries.iter().all(Option::is_some) {
                self.report.suspect = Some(Window {
                    before: before.map(|it| it.checkpoint.clone()),
                    checkpoint: signed.checkpoint.clone(),
                    first: from,
                    entries: entries.into_iter().flatten().collect(),
                    salts: salts.unwrap_or_default(),
                });
            }
            return Ok(Err(found.unwrap_or_else(|| {
                finding(Fault::Changed, format!(
                    "entries and hashes between leaf {from} and leaf {to} were changed together: they give another root than \
                     checkpoint {} has signed",
                    signed.checkpoint.ordinal
                ))
            })));
        }
        if let Some(found) = self.compare_full(&stretch.full)? {
            return Ok(Err(found));
        }
        let other = known.iter().find(|(_, it)| {
            let root = stretch.roots.get(&it.size).copied();
            let root = root.or((it.size == to).then(|| self.tree.root()));
            (it.size > from || from == 0)
                && it.size <= to
                && root.is_some_and(|root| root != it.root)
        });
        if let Some((name, it)) = other {
            let says = format!(
                "the log was forked: `{name}` (checkpoint {}, {} leaves) is signed, and what lies here has another root at that \
                 size, between checkpoints {} and {}",
                it.ordinal,
                it.size,
                before.map_or_else(|| "none".to_owned(), |it| it.checkpoint.ordinal.to_string()),
                signed.checkpoint.ordinal
            );
            return Ok(Err(finding(Fault::Forked, says)));
        }
        let salts = match salts {
            Some(salts) => salts,
            None => {
                let says =
                    format!("salts between leaf {from} and leaf {to} are missing or damaged");
                return Ok(Err(finding(Fault::Damaged, says)));
            }
        };
        let n_read = entries.len();
        let entries: Vec<Entry> = entries.into_iter().flatten().collect();
        if entries.len() != n_read {
            let says = format!(
                "an entry between leaf {from} and leaf {to} is signed and is none of this version: written by a newer ledger?"
            );
            return Ok(Err(finding(Fault::Damaged, says)));
        }
        let (before, checkpoint) =
            (before.map(|it| it.checkpoint.clone()), signed.checkpoint.clone());
        Ok(Ok(Window { before, checkpoint, first: from, entries, salts }))
    }

    /// Reads entries and appends them to the tree.
    fn read(&mut self, from: u64, to: u64, asked: &[u64]) -> Result<Stretch, ReadError> {
        let mut stretch = Stretch::default();
        let mut at = from;
        while at < to {
            let number = at / TILE_WIDTH;
            let width = width_in(to, number);
            let entries = self.ledger.entries(number, width)?;
            let begin = usize::try_from(at % TILE_WIDTH).unwrap_or(usize::MAX);
            for entry in entries.into_iter().skip(begin) {
                self.tree.append_telling(leaf_hash(&entry), &mut |full| stretch.full.push(full));
                if asked.contains(&self.tree.size()) {
                    stretch.roots.insert(self.tree.size(), self.tree.root());
                }
                stretch.raw.push(entry);
            }
            at = (number + 1) * TILE_WIDTH;
        }
        Ok(stretch)
    }

    fn salts(&self, from: u64, to: u64) -> Result<Option<Vec<Salt>>, ReadError> {
        let mut salts = Vec::new();
        let mut at = from;
        while at < to {
            let number = at / TILE_WIDTH;
            let begin = usize::try_from(at % TILE_WIDTH).unwrap_or(usize::MAX);
            match self.ledger.salts(number, width_in(to, number)) {
                Ok(of_tile) => salts.extend(of_tile.into_iter().skip(begin)),
                Err(ReadError::Io { path, source }) => return Err(ReadError::Io { path, source }),
                Err(ReadError::Missing { .. } | ReadError::Damaged { .. }) => return Ok(None),
            }
            at = (number + 1) * TILE_WIDTH;
        }
        Ok(Some(salts))
    }

    /// The first leaf that is not as the tiles of hashes have it, if those are as signed.
    fn locate(
        &self,
        from: u64,
        signed: &Signed,
        before: &Tree,
        stretch: &Stretch,
        before_it: Option<&Signed>,
    ) -> Result<Option<Finding>, ReadError> {
        let to = signed.checkpoint.size;
        let mut tree = before.clone();
        let mut of_tiles = Vec::new();
        let mut at = from;
        while at < to {
            let number = at / TILE_WIDTH;
            let begin = usize::try_from(at % TILE_WIDTH).unwrap_or(usize::MAX);
            let Ok(hashes) = self.ledger.hashes(0, number, width_in(to, number)) else { break };
            of_tiles.extend(hashes.into_iter().skip(begin));
            at = (number + 1) * TILE_WIDTH;
        }
        of_tiles.iter().for_each(|hash| tree.append(*hash));
        let are_hashes_as_signed = tree.root() == signed.checkpoint.root;
        let of_entries: Vec<Hash> = stretch.raw.iter().map(|entry| leaf_hash(entry)).collect();
        let Some((nth, difference)) = first_difference(&of_tiles, &of_entries) else {
            return Ok(self.fork(signed, before_it, to));
        };
        let leaf = from + nth as u64;
        let entry = |nth: Option<usize>| stretch.raw.get(nth?).and_then(|raw| Entry::parse(raw));
        let here = entry(Some(nth)).map(|it| it.named());
        let ahead = entry(nth.checked_sub(1)).map(|it| it.named());
        let here = here.unwrap_or_else(|| "something that is no entry".to_owned());
        let behind = ahead.map_or_else(
            || "at the beginning of what the checkpoint covers".to_owned(),
            |ahead| format!("behind {ahead}"),
        );
        let what = match difference {
            Difference::Changed => format!("was changed, and says now: {here}"),
            Difference::Dropped => format!("was dropped; {here} has moved up to its place"),
            Difference::Inserted => format!("was inserted: {here}"),
            Difference::Reordered => format!("was moved; in its place stands {here}"),
            Difference::Cut => "and what comes behind it was cut off".to_owned(),
        };
        let sure = if are_hashes_as_signed { "" } else { " (nor are the hashes as signed)" };
        let says = format!(
            "leaf {leaf} of the ledger, {behind}, {what}; signed by checkpoint {}{sure}",
            signed.checkpoint.ordinal
        );
        let place = entry(Some(nth)).map(|it| it.place.to_string());
        Ok(Some(Finding { fault: difference.into(), leaf: Some(leaf), place, says }))
    }

    /// Entries and hashes agree, and give another root: if they give that of a later checkpoint, this one is of another log.
    fn fork(&self, signed: &Signed, before: Option<&Signed>, to: u64) -> Option<Finding> {
        let mut tree = self.tree.clone();
        let mut later = signed.checkpoint.ordinal;
        let mut at = to;
        loop {
            later += 1;
            let Ok(Some(next)) = self.ledger.checkpoint(later) else { return None };
            while at < next.checkpoint.size {
                let number = at / TILE_WIDTH;
                let begin = usize::try_from(at % TILE_WIDTH).unwrap_or(usize::MAX);
                let width = width_in(next.checkpoint.size, number);
                let Ok(hashes) = self.ledger.hashes(0, number, width) else { return None };
                hashes.into_iter().skip(begin).for_each(|hash| tree.append(hash));
                at = ((number + 1) * TILE_WIDTH).min(next.checkpoint.size);
            }
            if tree.root() == next.checkpoint.root {
                let says = format!(
                    "the log was forked: checkpoint {} ({to} leaves) is signed, and what checkpoint {later} has signed has another \
                     root at that size; up to checkpoint {} all is well",
                    signed.checkpoint.ordinal,
                    before
                        .map_or_else(|| "none".to_owned(), |it| it.checkpoint.ordinal.to_string()),
                );
                return Some(finding(Fault::Forked, says));
            }
        }
    }

    /// Whether tiles of hashes are what the entries give.
    fn compare_full(&self, full: &[Full]) -> Result<Option<Finding>, ReadError> {
        for Full { level, number, hashes } in full {
            let path = Tile::Hashes(*level).path(*number);
            if let Some(found) = self.compare(&path, hashes, *level, *number)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn partial_tiles(&self) -> Result<Option<Finding>, ReadError> {
        for (level, number, hashes) in self.tree.partial() {
            let path = Tile::Hashes(level).partial_path(number, hashes.len() as u64);
            if let Some(found) = self.compare(&path, hashes, level, number)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn compare(
        &self,
        path: &str,
        hashes: &[Hash],
        level: u8,
        number: u64,
    ) -> Result<Option<Finding>, ReadError> {
        let bytes = match self.ledger.get(path)? {
            Some(bytes) if bytes == write_hashes(hashes) => return Ok(None),
            bytes => bytes,
        };
        let what = if bytes.is_some() { "is not what its entries give" } else { "is missing" };
        let leaf = (number * TILE_WIDTH) << (TILE_HEIGHT * u32::from(level));
        let says = format!("`{path}` {what}; the entries are as signed (from leaf {leaf} on)");
        Ok(Some(Finding { leaf: Some(leaf), ..finding(Fault::Damaged, says) }))
    }

    /// Whether no file of entries lies behind the one that is missing.
    fn nothing_behind(&self, path: &str) -> Result<bool, ReadError> {
        let size = self.ledger.latest()?.map_or(0, |it| it.checkpoint.size);
        let next = self.tree.size() / TILE_WIDTH + 1;
        let width = width_in(size, next);
        let is_there = width > 0
            && (self.ledger.get(&Tile::Entries.path_at(next, width))?.is_some()
                || self.ledger.get(&Tile::Entries.path(next))?.is_some());
        Ok(path.starts_with("tile/entries") && !is_there)
    }
}

fn finding(fault: Fault, says: String) -> Finding {
    Finding { fault, leaf: None, place: None, says }
}

/// What was said about a file that is not what it should be; that storage refuses stays an error.
fn damaged(error: ReadError) -> Result<Finding, ReadError> {
    match error {
        ReadError::Io { .. } => Err(error),
        ReadError::Missing { .. } => Ok(finding(Fault::Dropped, error.to_string())),
        ReadError::Damaged { .. } => Ok(finding(Fault::Damaged, error.to_string())),
    }
}

fn cut_before(name: &str, known: &Checkpoint, size: u64) -> Finding {
    let says = format!(
        "the log was cut: `{name}` (checkpoint {}) has signed {} leaves, and {size} are here",
        known.ordinal, known.size
    );
    Finding { leaf: Some(size), ..finding(Fault::Cut, says) }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
