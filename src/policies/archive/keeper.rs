//! The thread that brings policy sets to their topic: those that come into force, and at the start those of the directory that
//! the topic lacks (it was made anew, or is new).
//!
//! Nothing waits for it and nothing depends on it. What does not work is logged, counted and tried again, at last once a minute;
//! meanwhile `consent_gate_policy_sets_unkept` is not 0.
//!
//! Deliberately absent: a heartbeat. Brokers may be away for long, and that is no reason to restart a gate.

use super::super::revision::Revision;
use super::directory::Directory;
use super::set::KeptSet;
use super::topic::SetsTopic;
use crate::kafka::failure::KafkaFailure;
use crate::metrics::{Metrics, PolicyArchive};
use crate::shutdown::Shutdown;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);
/// Pause before the second attempt; it doubles.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// Longest pause between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Sets that wait for the topic: as many come in a minute at most, the files being looked at each second.
pub(super) const WAITING_MAX: usize = 64;

/// Brings sets to the topic.
pub struct Keeper {
    pub(super) topic: SetsTopic,
    pub(super) directory: Directory,
    /// What came into force.
    pub(super) arrivals: Receiver<KeptSet>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shutdown: Shutdown,
}

impl Keeper {
    /// Keeps sets until shutdown.
    pub fn run(self) {
        let mut waiting = BTreeMap::new();
        let mut is_directory_due = true;
        let mut pause = Duration::ZERO;
        let mut tried = Instant::now();
        while !self.shutdown.is_requested() {
            let n_before = waiting.len();
            self.take_arrivals(&mut waiting);
            let is_new = waiting.len() > n_before;
            let is_work = is_directory_due || !waiting.is_empty();
            if is_work && (is_new || tried.elapsed() >= pause) {
                match self.round(&mut waiting, is_directory_due) {
                    Ok(()) => {
                        is_directory_due = false;
                        pause = Duration::ZERO;
                    }
                    Err(failure) => {
                        pause = (pause * 2).clamp(RETRY_MIN, RETRY_MAX);
                        self.metrics.policy_archive_failures.of(PolicyArchive::Topic).inc();
                        let seconds = pause.as_secs();
                        tracing::warn!(
                            %failure, n_waiting = waiting.len(), again_in_seconds = seconds,
                            "policy sets are not kept in their topic yet; decisions go on"
                        );
                    }
                }
                tried = Instant::now();
            }
            std::thread::sleep(NAP);
        }
    }

    fn take_arrivals(&self, waiting: &mut BTreeMap<Revision, KeptSet>) {
        while waiting.len() < WAITING_MAX
            && let Ok(set) = self.arrivals.try_recv()
        {
            waiting.insert(set.revision().clone(), set);
        }
        self.publish(waiting);
    }

    fn publish(&self, waiting: &BTreeMap<Revision, KeptSet>) {
        let n_waiting = i64::try_from(waiting.len()).unwrap_or(i64::MAX);
        self.metrics.policy_sets_unkept.of(PolicyArchive::Topic).set(n_waiting);
    }

    /// Writes what the topic lacks. What was written does not wait any more, also when the rest fails.
    fn round(
        &self,
        waiting: &mut BTreeMap<Revision, KeptSet>,
        is_directory_due: bool,
    ) -> Result<(), KafkaFailure> {
        let mut wanted: BTreeSet<Revision> = waiting.keys().cloned().collect();
        if is_directory_due {
            match self.directory.revisions() {
                Ok(found) => wanted.extend(found),
                Err(error) => tracing::warn!(%error, "kept policy sets cannot be looked at"),
            }
        }
        let lacking = self.lacking(&wanted)?;
        for revision in wanted {
            if self.shutdown.is_requested() {
                return Ok(());
            }
            if lacking.contains(&revision) {
                self.write(&revision, waiting)?;
            }
            waiting.remove(&revision);
            self.publish(waiting);
        }
        Ok(())
    }

    /// Which of these the topic does not have, or has as something that is not the set.
    fn lacking(&self, wanted: &BTreeSet<Revision>) -> Result<BTreeSet<Revision>, KafkaFailure> {
        let mut lacking = wanted.clone();
        let is_wanted =
            |revision: Option<&Revision>| revision.is_some_and(|it| wanted.contains(it));
        self.topic.read(&mut || self.shutdown.is_requested(), &is_wanted, &mut |seen| {
            let Some(revision) = seen.revision else { return };
            match seen.set {
                Ok(_) => drop(lacking.remove(&revision)),
                Err(reason) => {
                    tracing::warn!(
                        place = %seen.place, %revision, reason,
                        "a record of the archive of policies is not the set of its key; it is written again"
                    );
                    lacking.insert(revision);
                }
            }
        })?;
        Ok(lacking)
    }

    fn write(
        &self,
        revision: &Revision,
        waiting: &BTreeMap<Revision, KeptSet>,
    ) -> Result<(), KafkaFailure> {
        let of_file = match waiting.get(revision) {
            Some(_) => None,
            None => match self.directory.get(revision) {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "a kept policy set cannot be brought to its topic");
                    None
                }
            },
        };
        let Some(set) = waiting.get(revision).or(of_file.as_ref()) else { return Ok(()) };
        if self.topic.writer()?.write(set, &mut || self.shutdown.is_requested())? {
            let topic = self.topic.name();
            tracing::info!(topic, %revision, "the policy set is kept in its topic");
        }
        Ok(())
    }
}
