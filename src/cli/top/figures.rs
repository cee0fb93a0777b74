//! From snapshots of several instances to the figures of the screen. Pure: the clock is an argument.
//!
//! What is added and what is not: messages are shared out among instances, so decisions, message lag and holds are
//! summed; every instance reads all consent, so changes, subjects and consent lag are those of the instance where
//! they are worst. Rates count from nothing when an instance was started again.

use crate::metrics::{PartitionLag, SOURCE_OTHER};
use crate::status::{Counts, Histogram, Lag as TopicLag, Readiness, Snapshot, Store};
use gate_core::Outcome;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Rates or numbers by one name.
pub(super) type By = BTreeMap<String, f64>;

/// Snapshots of one instance that are kept: enough for the longest window at the shortest interval.
const SNAPSHOTS_MAX: usize = 128;
/// Reasons of an instance that is not ready that are shown.
const REASONS_MAX: usize = 16;
/// Rates look back so far, latencies further: they are rarer.
const RATE_WINDOW: Duration = Duration::from_secs(10);
const LATENCY_WINDOW: Duration = Duration::from_secs(60);

/// What came of asking one instance.
#[derive(Clone, Debug)]
pub(super) struct Scraped {
    pub(super) at: Instant,
    /// What it says, or why there is none.
    pub(super) answer: Result<Answer, String>,
}

/// What an instance says.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Where it stands.
    Snapshot(Box<Snapshot>),
    /// It is a gate of a version that does not say so; only whether it is ready.
    Older(Readiness),
}

/// One instance, as far as we know it.
#[derive(Debug)]
pub(super) struct Instance {
    /// How it is called on the screen.
    pub(super) name: String,
    snapshots: VecDeque<(Instant, Box<Snapshot>)>,
    /// What a version without snapshots says instead.
    older: Option<Readiness>,
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
    /// It answers, but is of a version without `/status`; why it is not ready, if it is not.
    Older(Vec<String>),
    /// Why, for how long, and how old the last figures are, if there are any.
    Unreachable {
        why: String,
        silent: Duration,
        age: Option<Duration>,
    },
}

impl Instance {
    pub(super) fn new(name: String) -> Self {
        Self { name, snapshots: VecDeque::new(), older: None, trouble: None }
    }

    /// Takes what was scraped.
    pub(super) fn take(&mut self, scraped: Scraped) {
        match scraped.answer {
            Ok(answer) => {
                // what was before a silence is no basis for a rate
                if self.trouble.take().is_some() {
                    self.snapshots.clear();
                }
                match answer {
                    Answer::Snapshot(snapshot) => {
                        self.older = None;
                        self.snapshots.push_back((scraped.at, snapshot));
                        while self.snapshots.len() > SNAPSHOTS_MAX {
                            self.snapshots.pop_front();
                        }
                    }
                    Answer::Older(readiness) => {
                        self.snapshots.clear();
                        self.older = Some(readiness);
                    }
                }
            }
            Err(why) => {
                let since = self.trouble.take().map_or(scraped.at, |(_, since)| since);
                self.trouble = Some((why, since));
            }
        }
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        let reasons = |readiness: &Readiness| {
            readiness.reasons.iter().take(REASONS_MAX).cloned().collect::<Vec<String>>()
        };
        match (&self.trouble, &self.older, self.snapshots.back()) {
            (Some((why, since)), _, last) => Standing::Unreachable {
                why: why.clone(),
                silent: now.saturating_duration_since(*since),
                age: last.map(|(at, _)| now.saturating_duration_since(*at)),
            },
            (None, Some(readiness), _) => Standing::Older(reasons(readiness)),
            (None, None, None) => Standing::Unknown,
            (None, None, Some((_, last))) if last.readiness.ready => Standing::Ready,
            (None, None, Some((_, last))) => Standing::NotReady(reasons(&last.readiness)),
        }
    }

    /// Whether it answered last, and with figures.
    pub(super) fn is_answering(&self) -> bool {
        self.trouble.is_none() && !self.snapshots.is_empty()
    }

    fn latest(&self) -> Option<&(Instant, Box<Snapshot>)> {
        self.snapshots.back()
    }

    /// The newest snapshot and the oldest within `window`, or the one before the newest; with the seconds between.
    fn span(&self, window: Duration) -> Option<(&Snapshot, &Snapshot, f64)> {
        let (at, newest) = self.snapshots.back()?;
        let earlier = self.snapshots.iter().rev().skip(1);
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
    pub(super) rounds: Counts,
}

/// Lag of one topic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lag {
    pub(super) topic: String,
    pub(super) seconds: f64,
    pub(super) records: f64,
    /// The partition that is furthest behind, when one is.
    pub(super) worst: Option<PartitionLag>,
}

/// Everything on the screen that is a number. `None` is what cannot be told: a rate from one look, a quantile of nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figures {
    pub(super) version: String,
    pub(super) policy_revision: Option<String>,
    pub(super) policy_is_rejected: bool,
    /// The earliest start, Unix seconds.
    pub(super) started: f64,
    pub(super) decisions: Option<Decisions>,
    pub(super) enforcement: Option<Latency>,
    pub(super) enforcement_max: f64,
    pub(super) decision_latency: Option<Latency>,
    pub(super) probe: Probe,
    /// A second, by action.
    pub(super) changes: Option<Vec<(String, f64)>>,
    /// A second, by result.
    pub(super) results: Option<By>,
    /// Since the start.
    pub(super) dead_letters: f64,
    /// The source that has been silent longest, and its last change in Unix seconds.
    pub(super) silent_source: Option<(String, f64)>,
    /// Of consent, and of messages.
    pub(super) lags: [Lag; 2],
    pub(super) commit: Option<Latency>,
    /// A second, by result.
    pub(super) transactions: Option<By>,
    /// Since the start.
    pub(super) recycled: f64,
    /// Held partitions by cause, none that are 0.
    pub(super) held: By,
    pub(super) subjects: f64,
    pub(super) store_bytes: f64,
    pub(super) store_read_errors: f64,
    pub(super) restore_remaining: f64,
    /// Share of reads that the cache answered.
    pub(super) cache_hits: Option<f64>,
    pub(super) cache_bytes: f64,
    pub(super) compaction_pending: f64,
    pub(super) is_write_stopped: bool,
    /// Free share of the fullest disk.
    pub(super) disk_free: Option<f64>,
    pub(super) resident_bytes: Option<f64>,
}

/// The figures of all instances that answer, or when none does, the last ones there were.
pub(super) fn figures(instances: &[Instance]) -> Option<Figures> {
    let answering: Vec<&Instance> = instances.iter().filter(|one| one.is_answering()).collect();
    let all = if answering.is_empty() { instances.iter().collect() } else { answering };
    let latest: Vec<&Snapshot> =
        all.iter().filter_map(|one| Some(one.latest()?.1.as_ref())).collect();
    let first = latest.first()?;
    let max = |of: &dyn Fn(&Snapshot) -> u64| {
        latest.iter().map(|one| of(one)).max().unwrap_or_default() as f64
    };
    let sum = |of: &dyn Fn(&Snapshot) -> u64| {
        latest.iter().map(|one| of(one)).fold(0, u64::saturating_add) as f64
    };
    let started_ms = latest.iter().map(|one| one.started_ms).min().unwrap_or_default();
    let remaining = latest.iter().map(|one| one.consent.restore_remaining).max();
    let memory = latest.iter().filter_map(|one| one.memory_bytes).max();
    Some(Figures {
        version: first.version.clone(),
        policy_revision: policy_revision(&latest),
        policy_is_rejected: latest.iter().any(|one| one.policies.rejected),
        started: started_ms as f64 / 1e3,
        decisions: decisions(&all),
        enforcement: latency(&all, |one| &one.consent.enforcement),
        enforcement_max: latest.iter().map(|one| one.consent.enforcement_max_s).fold(0.0, f64::max),
        decision_latency: latency(&all, |one| &one.messages.latency),
        probe: probe(&latest),
        changes: worst_rates(&all, |one| &one.consent.actions).map(most_first),
        results: worst_rates(&all, |one| &one.consent.results),
        dead_letters: sum(&|one| one.consent.dead_letters),
        silent_source: silent_source(&latest),
        lags: lags(&latest, first),
        commit: latency(&all, |one| &one.transactions.commit),
        transactions: summed_rates(&all, |one| &one.transactions.results),
        recycled: sum(&|one| one.transactions.recycled),
        held: held(&latest),
        subjects: max(&|one| one.store.subjects),
        store_bytes: max(&|one| one.store.bytes),
        store_read_errors: sum(&|one| one.store.read_errors),
        restore_remaining: remaining.unwrap_or_default() as f64,
        cache_hits: cache_hits(&all),
        cache_bytes: max(&|one| one.store.cache_bytes),
        compaction_pending: max(&|one| one.store.compaction_pending_bytes),
        is_write_stopped: latest.iter().any(|one| one.store.write_stopped),
        disk_free: disk_free(&latest),
        resident_bytes: memory.map(|bytes| bytes as f64),
    })
}

/// Instances that judge by different sets say so.
fn policy_revision(latest: &[&Snapshot]) -> Option<String> {
    let mut revisions = latest.iter().filter_map(|one| one.policies.revision.as_ref());
    let first = revisions.next()?;
    Some(if revisions.all(|other| other == first) { first.clone() } else { "differs".to_owned() })
}

/// What was added in a second; a counter that went back was started again.
fn rate(newest: u64, before: u64, seconds: f64) -> f64 {
    newest.checked_sub(before).unwrap_or(newest) as f64 / seconds
}

/// The same by name.
fn rates(newest: &Counts, before: &Counts, seconds: f64) -> By {
    let before = |name: &str| before.get(name).copied().unwrap_or_default();
    newest.iter().map(|(name, n)| (name.clone(), rate(*n, before(name), seconds))).collect()
}

fn decisions(instances: &[&Instance]) -> Option<Decisions> {
    let none = Counts::new();
    let mut outcomes = By::new();
    let mut blocked = By::new();
    let mut is_known = false;
    for instance in instances {
        let Some((newest, before, seconds)) = instance.span(RATE_WINDOW) else { continue };
        is_known = true;
        for (outcome, newest) in &newest.messages.decisions {
            let before = before.messages.decisions.get(outcome).unwrap_or(&none);
            let rates = rates(newest, before, seconds);
            *outcomes.entry(outcome.clone()).or_default() += rates.values().sum::<f64>();
            if outcome == Outcome::Blocked.as_str() {
                for (reason, rate) in rates {
                    *blocked.entry(reason).or_default() += rate;
                }
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

fn merged_rates(
    instances: &[&Instance],
    of: impl Fn(&Snapshot) -> &Counts,
    merge: impl Fn(f64, f64) -> f64,
) -> Option<By> {
    let all = instances.iter().filter_map(|instance| {
        let (newest, before, seconds) = instance.span(RATE_WINDOW)?;
        Some(rates(of(newest), of(before), seconds))
    });
    all.reduce(|mut merged, one| {
        for (key, rate) in one {
            let slot = merged.entry(key).or_default();
            *slot = merge(*slot, rate);
        }
        merged
    })
}

fn summed_rates(instances: &[&Instance], of: impl Fn(&Snapshot) -> &Counts) -> Option<By> {
    merged_rates(instances, of, |one, other| one + other)
}

/// Of what every instance does for itself: the busiest one's.
fn worst_rates(instances: &[&Instance], of: impl Fn(&Snapshot) -> &Counts) -> Option<By> {
    merged_rates(instances, of, f64::max)
}

fn latency(instances: &[&Instance], of: impl Fn(&Snapshot) -> &Histogram) -> Option<Latency> {
    let mut all = Histogram::default();
    for instance in instances {
        let Some((newest, before, _)) = instance.span(LATENCY_WINDOW) else { continue };
        all.add(&of(newest).since(of(before)));
    }
    Some(Latency { p50: all.quantile(0.5)?, p99: all.quantile(0.99)? })
}

fn probe(latest: &[&Snapshot]) -> Probe {
    let enabled = || latest.iter().map(|one| &one.probe).filter(|probe| probe.enabled);
    let mut rounds = Counts::new();
    for (result, n) in latest.iter().flat_map(|one| &one.probe.rounds) {
        let sum = rounds.entry(result.clone()).or_default();
        *sum = sum.saturating_add(*n);
    }
    Probe {
        is_enabled: enabled().next().is_some(),
        is_up: enabled().all(|probe| probe.up),
        success: enabled().filter_map(|probe| probe.last_success_s).reduce(f64::min),
        rounds,
    }
}

/// A source that never spoke may just not be in use; one that stopped is worth a look.
fn silent_source(latest: &[&Snapshot]) -> Option<(String, f64)> {
    let mut last = By::new();
    for (source, at) in latest.iter().flat_map(|one| &one.consent.sources) {
        let slot = last.entry(source.clone()).or_default();
        *slot = slot.max(*at);
    }
    let spoke = last.into_iter().filter(|(source, at)| *at > 0.0 && source != SOURCE_OTHER);
    spoke.min_by(|one, other| one.1.total_cmp(&other.1))
}

/// Consent is behind where it is worst; messages wait in all instances together.
fn lags(latest: &[&Snapshot], first: &Snapshot) -> [Lag; 2] {
    let consent = || latest.iter().map(|one| &one.consent.lag);
    let messages = || latest.iter().map(|one| &one.messages.lag);
    let most = consent().map(|lag| lag.records).max().unwrap_or_default();
    let all = messages().map(|lag| lag.records).fold(0, i64::saturating_add);
    [
        lag(&first.consent.lag.topic, most, consent()),
        lag(&first.messages.lag.topic, all, messages()),
    ]
}

fn lag<'a>(topic: &str, records: i64, of: impl Iterator<Item = &'a TopicLag> + Clone) -> Lag {
    let behind = of.clone().flat_map(|lag| &lag.partitions).filter(|it| it.seconds > 0.0);
    Lag {
        topic: topic.to_owned(),
        seconds: of.map(|lag| lag.seconds).fold(0.0, f64::max),
        records: records as f64,
        worst: behind.max_by(|one, other| one.seconds.total_cmp(&other.seconds)).copied(),
    }
}

fn held(latest: &[&Snapshot]) -> By {
    let mut by_cause = By::new();
    for hold in latest.iter().flat_map(|one| &one.holds) {
        *by_cause.entry(hold.cause.clone()).or_default() += hold.n_partitions as f64;
    }
    by_cause
}

fn cache_hits(instances: &[&Instance]) -> Option<f64> {
    let (mut hits, mut all) = (0.0, 0.0);
    for instance in instances {
        let Some((newest, before, seconds)) = instance.span(LATENCY_WINDOW) else { continue };
        let (newest, before) = (&newest.store, &before.store);
        let n_hits = rate(newest.cache_hits, before.cache_hits, seconds);
        hits += n_hits;
        all += n_hits + rate(newest.cache_misses, before.cache_misses, seconds);
    }
    (all > 0.0).then(|| hits / all)
}

fn disk_free(latest: &[&Snapshot]) -> Option<f64> {
    let known = latest.iter().map(|one| &one.store).filter(|store| store.disk_total_bytes > 0);
    let share = |store: &Store| store.disk_free_bytes as f64 / store.disk_total_bytes as f64;
    known.map(share).reduce(f64::min)
}
