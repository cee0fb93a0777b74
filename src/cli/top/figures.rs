//! From readings of several instances to the figures of the screen. Pure: the clock is an argument.
//!
//! What is added and what is not: messages are shared out among instances, so decisions, message lag and holds are
//! summed; every instance reads all consent, so changes, subjects and consent lag are those of the instance where
//! they are worst. Rates count from nothing when an instance was started again.

use super::reading::{By, Histogram, Partition, Reading};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Readings of one instance that are kept: enough for the longest window at the shortest interval.
const READINGS_MAX: usize = 128;
/// Rates look back so far, latencies further: they are rarer.
const RATE_WINDOW: Duration = Duration::from_secs(10);
const LATENCY_WINDOW: Duration = Duration::from_secs(60);

/// What `/readyz` said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    /// Why not.
    Not(Vec<String>),
}

/// What came of asking one instance.
#[derive(Clone, Debug)]
pub(super) struct Scraped {
    pub(super) at: Instant,
    /// Its page and its readiness, or why there is none.
    pub(super) answer: Result<(Box<Reading>, Readiness), String>,
}

/// One instance, as far as we know it.
#[derive(Debug)]
pub(super) struct Instance {
    /// How it is called on the screen.
    pub(super) name: String,
    readings: VecDeque<(Instant, Box<Reading>)>,
    readiness: Option<Readiness>,
    /// Why it does not answer, and since when.
    trouble: Option<(String, Instant)>,
}

/// How an instance stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not asked yet.
    Unknown,
    Ready,
    /// Why not.
    NotReady(Vec<String>),
    /// Why, for how long, and how old the last figures are, if there are any.
    Unreachable {
        why: String,
        silent: Duration,
        age: Option<Duration>,
    },
}

impl Instance {
    pub(super) fn new(name: String) -> Self {
        Self { name, readings: VecDeque::new(), readiness: None, trouble: None }
    }

    /// Takes what was scraped.
    pub(super) fn take(&mut self, scraped: Scraped) {
        match scraped.answer {
            Ok((reading, readiness)) => {
                // what was before a silence is no basis for a rate
                if self.trouble.take().is_some() {
                    self.readings.clear();
                }
                self.readiness = Some(readiness);
                self.readings.push_back((scraped.at, reading));
                while self.readings.len() > READINGS_MAX {
                    self.readings.pop_front();
                }
            }
            Err(why) => {
                let since = self.trouble.take().map_or(scraped.at, |(_, since)| since);
                self.trouble = Some((why, since));
            }
        }
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        match (&self.trouble, &self.readiness) {
            (Some((why, since)), _) => Standing::Unreachable {
                why: why.clone(),
                silent: now.saturating_duration_since(*since),
                age: self.readings.back().map(|(at, _)| now.saturating_duration_since(*at)),
            },
            (None, None) => Standing::Unknown,
            (None, Some(Readiness::Ready)) => Standing::Ready,
            (None, Some(Readiness::Not(reasons))) => Standing::NotReady(reasons.clone()),
        }
    }

    /// Whether it answered last, and with figures.
    pub(super) fn is_answering(&self) -> bool {
        self.trouble.is_none() && !self.readings.is_empty()
    }

    fn latest(&self) -> Option<&(Instant, Box<Reading>)> {
        self.readings.back()
    }

    /// The newest reading and the oldest within `window`, or the one before the newest; with the seconds between.
    fn span(&self, window: Duration) -> Option<(&Reading, &Reading, f64)> {
        let (at, newest) = self.readings.back()?;
        let earlier = self.readings.iter().rev().skip(1);
        let within = earlier.clone().take_while(|(then, _)| at.duration_since(*then) <= window);
        let (then, before) = within.last().or_else(|| earlier.clone().next())?;
        let seconds = at.duration_since(*then).as_secs_f64();
        (seconds > 0.0).then_some((newest, before, seconds))
    }
}

/// Decisions a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decisions {
    /// By outcome.
    pub(super) outcomes: By,
    /// Blocked, by reason, most frequent first.
    pub(super) blocked: Vec<(String, f64)>,
}

impl Decisions {
    pub(super) fn all(&self) -> f64 {
        self.outcomes.values().sum()
    }
}

/// Two quantiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// What the probe says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Probe {
    pub(super) is_enabled: bool,
    pub(super) is_up: bool,
    /// Unix seconds; `None`: never.
    pub(super) success: Option<f64>,
    pub(super) rounds: By,
}

/// Lag of one topic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lag {
    pub(super) topic: String,
    pub(super) seconds: Option<f64>,
    pub(super) records: Option<f64>,
    /// The partition that is furthest behind, when one is.
    pub(super) worst: Option<Partition>,
}

/// Everything on the screen that is a number. `None` is what no instance tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) version: Option<String>,
    pub(super) policy_revision: Option<String>,
    pub(super) policy_is_rejected: bool,
    /// The earliest start, Unix seconds.
    pub(super) started: Option<f64>,
    pub(super) decisions: Option<Decisions>,
    pub(super) enforcement: Option<Latency>,
    pub(super) enforcement_max: Option<f64>,
    pub(super) decision_latency: Option<Latency>,
    pub(super) probe: Option<Probe>,
    /// A second, by action.
    pub(super) changes: Option<Vec<(String, f64)>>,
    /// A second, by result.
    pub(super) results: Option<By>,
    /// Since the start.
    pub(super) dead_letters: Option<f64>,
    /// The source that has been silent longest, and its last change in Unix seconds.
    pub(super) silent_source: Option<(String, f64)>,
    pub(super) lags: Vec<Lag>,
    pub(super) commit: Option<Latency>,
    /// A second, by result.
    pub(super) transactions: Option<By>,
    /// Since the start.
    pub(super) recycled: Option<f64>,
    /// Held partitions by cause, none that are 0.
    pub(super) held: Option<By>,
    pub(super) subjects: Option<f64>,
    pub(super) store_bytes: Option<f64>,
    pub(super) store_read_errors: Option<f64>,
    pub(super) restore_remaining: Option<f64>,
    /// Share of reads that the cache answered.
    pub(super) cache_hits: Option<f64>,
    pub(super) cache_bytes: Option<f64>,
    pub(super) compaction_pending: Option<f64>,
    pub(super) is_write_stopped: bool,
    /// Free share of the fullest disk.
    pub(super) disk_free: Option<f64>,
    pub(super) resident_bytes: Option<f64>,
}

/// The figures of all instances that answer, or when none does, the last ones there were.
pub(super) fn figures(instances: &[Instance]) -> Option<Figures> {
    let answering: Vec<&Instance> = instances.iter().filter(|one| one.is_answering()).collect();
    let all = if answering.is_empty() { instances.iter().collect() } else { answering };
    let latest: Vec<&Reading> =
        all.iter().filter_map(|one| Some(one.latest()?.1.as_ref())).collect();
    let first = latest.first()?;
    let max = |of: &dyn Fn(&Reading) -> Option<f64>| {
        latest.iter().filter_map(|reading| of(reading)).reduce(f64::max)
    };
    let sum = |of: &dyn Fn(&Reading) -> Option<f64>| {
        latest.iter().filter_map(|reading| of(reading)).reduce(|one, other| one + other)
    };
    let shares =
        latest.iter().filter_map(|r| Some(r.disk_free? / r.disk_total.filter(|n| *n > 0.0)?));
    Some(Figures {
        version: first.version.clone(),
        policy_revision: policy_revision(&latest),
        policy_is_rejected: max(&|r| r.policy_rejected).is_some_and(|n| n > 0.0),
        started: latest.iter().filter_map(|r| r.started).reduce(f64::min),
        decisions: decisions(&all),
        enforcement: latency(&all, LATENCY_WINDOW, |r| r.enforcement.as_ref()),
        enforcement_max: max(&|r| r.enforcement_max),
        decision_latency: latency(&all, LATENCY_WINDOW, |r| r.decision_latency.as_ref()),
        probe: probe(&latest),
        changes: worst_rates(&all, |r| r.changes_by_action.as_ref()).map(most_first),
        results: worst_rates(&all, |r| r.changes_by_result.as_ref()),
        dead_letters: sum(&|r| r.dead_letters),
        silent_source: silent_source(&latest),
        lags: lags(&latest),
        commit: latency(&all, LATENCY_WINDOW, |r| r.commit.as_ref()),
        transactions: summed_rates(&all, |r| r.transactions.as_ref()),
        recycled: sum(&|r| r.recycled),
        held: held(&latest),
        subjects: max(&|r| r.subjects),
        store_bytes: max(&|r| r.store_bytes),
        store_read_errors: sum(&|r| r.store_read_errors),
        restore_remaining: max(&|r| r.restore_remaining),
        cache_hits: cache_hits(&all),
        cache_bytes: max(&|r| r.cache_bytes),
        compaction_pending: max(&|r| r.compaction_pending),
        is_write_stopped: max(&|r| r.write_stopped).is_some_and(|n| n > 0.0),
        disk_free: shares.reduce(f64::min),
        resident_bytes: max(&|r| r.resident_bytes),
    })
}

/// Instances that judge by different sets say so.
fn policy_revision(latest: &[&Reading]) -> Option<String> {
    let mut revisions = latest.iter().filter_map(|reading| reading.policy_revision.as_ref());
    let first = revisions.next()?;
    Some(if revisions.all(|other| other == first) { first.clone() } else { "differs".to_owned() })
}

/// What was added in a second; a counter that went back was started again.
fn rate(newest: f64, before: f64, seconds: f64) -> f64 {
    (if newest >= before { newest - before } else { newest }) / seconds
}

fn decisions(instances: &[&Instance]) -> Option<Decisions> {
    let mut outcomes = By::new();
    let mut blocked = By::new();
    let mut is_known = false;
    for instance in instances {
        let Some((newest, before, seconds)) = instance.span(RATE_WINDOW) else { continue };
        let (Some(newest), Some(before)) = (&newest.decisions, &before.decisions) else { continue };
        is_known = true;
        for ((outcome, reason), n) in newest {
            let key = (outcome.clone(), reason.clone());
            let rate = rate(*n, before.get(&key).copied().unwrap_or_default(), seconds);
            *outcomes.entry(outcome.clone()).or_default() += rate;
            if outcome == "blocked" {
                *blocked.entry(reason.clone()).or_default() += rate;
            }
        }
    }
    is_known.then(|| Decisions { outcomes, blocked: most_first(blocked) })
}

/// Those that are not 0, the largest first.
fn most_first(by: By) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = by.into_iter().filter(|(_, rate)| *rate > 0.0).collect();
    all.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    all
}

fn rates_of(instance: &Instance, of: impl Fn(&Reading) -> Option<&By>) -> Option<By> {
    let (newest, before, seconds) = instance.span(RATE_WINDOW)?;
    let (newest, before) = (of(newest)?, of(before)?);
    let rate = |(key, n): (&String, &f64)| {
        (key.clone(), rate(*n, before.get(key).copied().unwrap_or_default(), seconds))
    };
    Some(newest.iter().map(rate).collect())
}

fn merged_rates(
    instances: &[&Instance],
    of: impl Fn(&Reading) -> Option<&By>,
    merge: impl Fn(f64, f64) -> f64,
) -> Option<By> {
    let all = instances.iter().filter_map(|instance| rates_of(instance, &of));
    all.reduce(|mut merged, one| {
        for (key, rate) in one {
            let slot = merged.entry(key).or_default();
            *slot = merge(*slot, rate);
        }
        merged
    })
}

fn summed_rates(instances: &[&Instance], of: impl Fn(&Reading) -> Option<&By>) -> Option<By> {
    merged_rates(instances, of, |one, other| one + other)
}

/// Of what every instance does for itself: the busiest one's.
fn worst_rates(instances: &[&Instance], of: impl Fn(&Reading) -> Option<&By>) -> Option<By> {
    merged_rates(instances, of, f64::max)
}

fn latency(
    instances: &[&Instance],
    window: Duration,
    of: impl Fn(&Reading) -> Option<&Histogram>,
) -> Option<Latency> {
    let mut all = Histogram::default();
    for instance in instances {
        let Some((newest, before, _)) = instance.span(window) else { continue };
        if let (Some(newest), Some(before)) = (of(newest), of(before)) {
            all.add(&newest.since(before));
        }
    }
    Some(Latency { p50: all.quantile(0.5)?, p99: all.quantile(0.99)? })
}

fn probe(latest: &[&Reading]) -> Option<Probe> {
    let known: Vec<&&Reading> = latest.iter().filter(|r| r.probe_enabled.is_some()).collect();
    if known.is_empty() {
        return None;
    }
    let enabled: Vec<&&Reading> =
        known.iter().copied().filter(|r| r.probe_enabled.is_some_and(|n| n > 0.0)).collect();
    let mut rounds = By::new();
    for (result, n) in known.iter().filter_map(|r| r.probe_rounds.as_ref()).flatten() {
        *rounds.entry(result.clone()).or_default() += n;
    }
    let successes = enabled.iter().filter_map(|r| r.probe_success.filter(|at| *at > 0.0));
    Some(Probe {
        is_enabled: !enabled.is_empty(),
        is_up: enabled.iter().all(|r| r.probe_up.is_some_and(|n| n > 0.0)),
        success: successes.reduce(f64::min),
        rounds,
    })
}

/// A source that never spoke may just not be in use; one that stopped is worth a look.
fn silent_source(latest: &[&Reading]) -> Option<(String, f64)> {
    let mut last = By::new();
    for (source, at) in latest.iter().filter_map(|r| r.sources.as_ref()).flatten() {
        let slot = last.entry(source.clone()).or_default();
        *slot = slot.max(*at);
    }
    let spoke = last.into_iter().filter(|(source, at)| *at > 0.0 && source != "other");
    spoke.min_by(|one, other| one.1.total_cmp(&other.1))
}

/// Consent is behind where it is worst; messages wait in all instances together.
fn lags(latest: &[&Reading]) -> Vec<Lag> {
    let mut topics: BTreeMap<&str, ()> = BTreeMap::new();
    for by in latest.iter().filter_map(|r| r.lag_seconds.as_ref().or(r.lag_records.as_ref())) {
        topics.extend(by.keys().map(|topic| (topic.as_str(), ())));
    }
    let lag = |topic: &str| {
        let seconds = latest.iter().filter_map(|r| r.lag_seconds.as_ref()?.get(topic).copied());
        let records = latest.iter().filter_map(|r| r.lag_records.as_ref()?.get(topic).copied());
        // both topics are in every reading; which one is shared out shows in the partitions
        let partitions: Vec<&Partition> =
            latest.iter().flat_map(|r| &r.partitions).filter(|p| p.topic == topic).collect();
        let mut seen = std::collections::HashSet::new();
        let is_shared_out = partitions.iter().all(|p| seen.insert(p.partition.as_str()));
        let records = if is_shared_out {
            records.reduce(|one, other| one + other)
        } else {
            records.reduce(f64::max)
        };
        let behind = partitions.into_iter().filter(|p| p.seconds.is_some_and(|s| s > 0.0));
        let worst = behind.max_by(|one, other| {
            one.seconds.unwrap_or_default().total_cmp(&other.seconds.unwrap_or_default())
        });
        Lag {
            topic: topic.to_owned(),
            seconds: seconds.reduce(f64::max),
            records,
            worst: worst.cloned(),
        }
    };
    topics.keys().map(|topic| lag(topic)).collect()
}

fn held(latest: &[&Reading]) -> Option<By> {
    let mut held: Option<By> = None;
    for (cause, n) in latest.iter().filter_map(|r| r.held.as_ref()).flatten() {
        let held = held.get_or_insert_default();
        if *n > 0.0 {
            *held.entry(cause.clone()).or_default() += n;
        }
    }
    held
}

fn cache_hits(instances: &[&Instance]) -> Option<f64> {
    let (mut hits, mut all) = (0.0, 0.0);
    for instance in instances {
        let Some((newest, before, seconds)) = instance.span(LATENCY_WINDOW) else { continue };
        let of = |new: Option<f64>, old: Option<f64>| Some(rate(new?, old?, seconds));
        let n_hits = of(newest.cache_hits, before.cache_hits)?;
        hits += n_hits;
        all += n_hits + of(newest.cache_misses, before.cache_misses)?;
    }
    (all > 0.0).then(|| hits / all)
}
