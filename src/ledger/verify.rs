//! Whether Kafka and the tiles are what checkpoints have signed.

use super::compare::{Comparison, Counts, Covered, Told};
use super::follow::raw;
use super::leaf::{self, of_record};
use super::{LedgerError, Storage};
use crate::config::Config;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{Patience, Positions, ScanError};
use crate::outputs::Output;
use gate_ledger::{
    Checkpoint, Finding, Kind, Ledger, PublicKey, Report, Signed, Window, verify_tiles,
};
use rdkafka::Offset;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Leaves that are compared with Kafka at a time, by about one checkpoint more.
const COMPARED_MAX: usize = 100_000;
/// Longest wait for an answer of the brokers.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Longest silence while something is read.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Of tiles and checkpoints.
    pub report: Report,
    /// Of Kafka.
    pub counts: Counts,
    /// What is wrong.
    pub finding: Option<Finding>,
    /// Topics that are not the ones that were followed, by their ids.
    pub made_anew: Vec<String>,
    /// Offsets behind what the newest checkpoint covers.
    pub n_new: i64,
}

/// Verifies a ledger; with `kafka` what Kafka says, too.
///
/// # Errors
/// Storage or Kafka cannot be read. That something is wrong is no error.
pub fn verify(
    store: &Storage,
    key: &PublicKey,
    known: &[(String, Checkpoint)],
    kafka: Option<&Config>,
) -> Result<Verified, LedgerError> {
    let ledger = Ledger::new(store, key);
    let mut verified = Verified::default();
    let mut kafka = kafka.map(Kafka::of);
    let tiles = verify_tiles::<Ended>(&ledger, known, &mut |window| match &mut kafka {
        Some(kafka) => kafka.take(window),
        None => Ok(()),
    });
    verified.report = match tiles {
        Ok(report) => report,
        Err(Ended::Failed(error)) => return Err(error),
        // what is as signed, and not as in Kafka
        Err(Ended::Found) => Report::default(),
    };
    let Some(mut kafka) = kafka else {
        verified.finding = verified.report.finding.clone();
        return Ok(verified);
    };
    // what was collected before something was found in the tiles is as signed: Kafka may differ from it earlier
    if kafka.finding.is_none() {
        kafka.flush()?;
    }
    verified.finding = match kafka.finding.take() {
        Some(found) => Some(found),
        None => kafka.narrowed(&verified.report)?,
    };
    verified.counts = kafka.counts;
    verified.report.n_leaves = verified.report.n_leaves.max(kafka.n_leaves);
    verified.report.n_checkpoints = verified.report.n_checkpoints.max(kafka.n_checkpoints);
    if let Some(last) = kafka.last.take() {
        (verified.made_anew, verified.n_new) = kafka.state(&last)?;
        verified.report.last.get_or_insert(last);
    }
    Ok(verified)
}

/// A checkpoint that was kept elsewhere, for [`verify`].
///
/// # Errors
/// It cannot be read, or this key has not signed it.
pub fn kept(path: &Path, key: &PublicKey) -> Result<(String, Checkpoint), String> {
    const BYTES_MAX: u64 = 4 << 20;
    let name = path.display().to_string();
    let note =
        crate::files::read(path, BYTES_MAX).map_err(|it| format!("cannot read `{name}`: {it}"))?;
    match Signed::open(&note, key) {
        Ok(signed) => Ok((name, signed.checkpoint)),
        Err(error) => Err(format!("`{name}` {error}")),
    }
}

/// Why the walk over the tiles ended early.
enum Ended {
    /// Something in Kafka is wrong.
    Found,
    Failed(LedgerError),
}

impl<E: Into<LedgerError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

type Leaves = BTreeMap<(String, i32), Vec<Covered>>;

/// What is compared with Kafka.
struct Kafka {
    observer: Observer,
    decision_log: String,
    /// Of the checkpoint before what is collected.
    from: BTreeMap<(String, i32), i64>,
    /// Of the one behind.
    to: BTreeMap<(String, i32), i64>,
    leaves: Leaves,
    n_collected: usize,
    counts: Counts,
    finding: Option<Finding>,
    last: Option<Checkpoint>,
    n_leaves: u64,
    n_checkpoints: u64,
}

impl Kafka {
    fn of(config: &Config) -> Self {
        Self {
            observer: Observer::of(config),
            decision_log: config.topics.outputs.of(Output::DecisionLog).clone(),
            from: BTreeMap::new(),
            to: BTreeMap::new(),
            leaves: Leaves::new(),
            n_collected: 0,
            counts: Counts::default(),
            finding: None,
            last: None,
            n_leaves: 0,
            n_checkpoints: 0,
        }
    }

    fn take(&mut self, window: Window) -> Result<(), Ended> {
        if self.n_collected == 0 {
            self.from = window.before.map(|it| it.positions).unwrap_or_default();
        }
        self.n_collected += window.entries.len();
        self.n_checkpoints += 1;
        let numbered = window.entries.into_iter().zip(window.salts).zip(window.first..);
        for ((entry, salt), index) in numbered {
            let partition = (entry.place.topic.clone(), entry.place.partition);
            self.leaves.entry(partition).or_default().push(Covered { index, entry, salt });
        }
        self.to.clone_from(&window.checkpoint.positions);
        self.n_leaves = window.checkpoint.size;
        self.last = Some(window.checkpoint);
        if self.n_collected >= COMPARED_MAX { self.compare() } else { Ok(()) }
    }

    /// Compares what is left.
    fn flush(&mut self) -> Result<(), LedgerError> {
        match self.compare() {
            Ok(()) | Err(Ended::Found) => Ok(()),
            Err(Ended::Failed(error)) => Err(error),
        }
    }

    /// What is wrong with the tiles. Of what was changed in them as a whole, Kafka knows which record it is.
    fn narrowed(&mut self, report: &Report) -> Result<Option<Finding>, LedgerError> {
        let Some(mut found) = report.finding.clone() else { return Ok(None) };
        let Some(window) = report.suspect.clone() else { return Ok(Some(found)) };
        let (n_leaves, n_checkpoints) = (self.n_leaves, self.n_checkpoints);
        let compared = self.take(window).and_then(|()| self.compare());
        (self.n_leaves, self.n_checkpoints) = (n_leaves, n_checkpoints);
        if let Err(Ended::Failed(error)) = compared {
            return Err(error);
        }
        if let Some(first) = self.finding.take() {
            found.says =
                format!("{}; the first that is not as in Kafka: {}", found.says, first.says);
            (found.leaf, found.place) = (first.leaf, first.place);
        }
        Ok(Some(found))
    }

    fn compare(&mut self) -> Result<(), Ended> {
        self.n_collected = 0;
        let leaves = std::mem::take(&mut self.leaves);
        let (begins, ends) = self.edges()?;
        let (mut from, mut to) = (Positions::new(), Positions::new());
        for (partition, next) in &self.to {
            let begin = begins.get(partition).copied().unwrap_or(0);
            let end = ends.get(partition).copied().unwrap_or(0);
            let first = self.from.get(partition).copied().unwrap_or(0).max(begin);
            // a log that ends before what is covered was cut; what is there is compared all the same
            let next = (*next).min(end);
            if first < next {
                from.insert(partition.clone(), first);
                to.insert(partition.clone(), next);
            }
        }
        let mut comparisons: BTreeMap<(String, i32), Comparison> = leaves
            .into_iter()
            .map(|(partition, leaves)| {
                let begin = begins.get(&partition).copied().unwrap_or(0);
                (partition, Comparison::new(leaves, begin))
            })
            .collect();
        let decision_log = self.decision_log.clone();
        let patience = Patience::Silence(SILENCE_MAX);
        self.observer.read::<ScanError>(&from, &to, patience, &mut |record| {
            let raw = raw(record);
            let partition = (raw.topic.to_owned(), raw.partition);
            let comparison =
                comparisons.entry(partition).or_insert_with(|| Comparison::new(Vec::new(), 0));
            // how it was read then counts: an older version may have known less, and topics get other names
            let is_decision = raw.topic == decision_log;
            match comparison.kind_at(raw.offset) {
                Some(kind @ (Kind::Change | Kind::Record)) => {
                    comparison.take(of_record(&raw, kind))
                }
                None | Some(Kind::Gap) if !is_decision => {
                    comparison.take(of_record(&raw, Kind::Change));
                }
                Some(Kind::Decision) | None | Some(Kind::Gap) => {
                    leaf::of_decisions(&raw).into_iter().for_each(|said| comparison.take(said));
                }
            }
            Ok(())
        })?;
        // the first by its leaf: what was inserted at the end has none and comes last
        let mut first: Option<Told> = None;
        for comparison in comparisons.into_values() {
            let (counts, told) = comparison.end();
            add(&mut self.counts, counts);
            let rank = |it: &Told| (it.is_elsewhere, it.finding.leaf.unwrap_or(u64::MAX));
            if let Some(told) = told
                && first.as_ref().is_none_or(|first| rank(&told) < rank(first))
            {
                first = Some(told);
            }
        }
        let first = first.map(|told| told.finding);
        self.from.clone_from(&self.to);
        self.finding = first;
        if self.finding.is_some() { Err(Ended::Found) } else { Ok(()) }
    }

    fn edges(&self) -> Result<(Positions, Positions), LedgerError> {
        let (mut begins, mut ends) = (Positions::new(), Positions::new());
        let mut topics: Vec<&String> = self.to.keys().map(|(topic, _)| topic).collect();
        topics.dedup();
        for topic in topics {
            let doing = format!("looking at topic `{topic}`");
            let facts = self.observer.facts(topic, ANSWER_MAX, &doing)?;
            let there: Vec<i32> = (0..facts.n_partitions).collect();
            for (edges, place) in [(&mut begins, Offset::Beginning), (&mut ends, Offset::End)] {
                let found = self.observer.edges(topic, &there, place, ANSWER_MAX, &doing)?;
                edges.extend(found.into_iter().map(|(it, offset)| ((topic.clone(), it), offset)));
            }
        }
        Ok((begins, ends))
    }

    /// Which topics were made anew, and how much lies behind the checkpoint.
    fn state(&mut self, last: &Checkpoint) -> Result<(Vec<String>, i64), LedgerError> {
        let mut made_anew = Vec::new();
        for (topic, was) in &last.topics {
            let doing = format!("looking at topic `{topic}`");
            let id = self.observer.facts(topic, ANSWER_MAX, &doing)?.id;
            if id.is_some_and(|is| is != *was) {
                made_anew.push(topic.clone());
            }
        }
        self.to.clone_from(&last.positions);
        let (_, ends) = self.edges()?;
        let behind = ends.iter().map(|(partition, end)| {
            let covered = last.positions.get(partition).copied().unwrap_or(0);
            (end - covered).max(0)
        });
        Ok((made_anew, behind.sum()))
    }
}

fn add(sum: &mut Counts, more: Counts) {
    sum.decisions += more.decisions;
    sum.changes += more.changes;
    sum.records += more.records;
    sum.gaps += more.gaps;
    sum.gone += more.gone;
    sum.opaque += more.opaque;
}
