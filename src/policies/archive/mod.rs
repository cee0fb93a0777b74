//! Policy sets, kept by revision: a decision made years ago can be recomputed with the law of its day.
//!
//! ```text
//! a set comes into force ─▶ Archive::keep ─▶ state.dir/policies (directory.rs), before the first decision with it
//!                                        └─▶ keeper.rs, a thread ─▶ topics.policy_sets (topic.rs)
//! a revision ─▶ find.rs: the configured set, the built-in one, the directory, the topic ─▶ PolicySet
//! ```
//! That a set cannot be kept stops nothing: it is valid and in force whether or not it is kept, its files lie with whoever wrote
//! them, and a gate that stood still for it would hold messages for a question of another year. It is said in the log and in
//! `consent_gate_policy_sets_unkept`. INVARIANT: what is read is believed only if its files have its revision (`set.rs`).
//! Absent: removal. A revision is asked for as long as somebody keeps decisions.

mod directory;
mod find;
mod keeper;
mod list;
mod set;
#[cfg(test)]
mod tests;
mod topic;

pub use find::{Former, FormerError, Found, Home, NotThere, OtherZones, find, load};
pub use keeper::Keeper;
pub use list::{Listed, Listing, list};
pub use set::{KeptSet, SetError, SetFiles};

use crate::config::Config;
use crate::metrics::{Metrics, PolicyArchive};
use crate::shutdown::Shutdown;
use directory::{Directory, DirectoryError};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use topic::SetsTopic;

/// Keeps what comes into force.
pub struct Archive {
    directory: Directory,
    to_topic: SyncSender<KeptSet>,
    metrics: Arc<Metrics>,
}

impl Archive {
    /// That of this configuration, and the thread's work that goes with it.
    #[must_use]
    pub fn new(config: &Config, metrics: &Arc<Metrics>, shutdown: &Shutdown) -> (Self, Keeper) {
        let (to_topic, arrivals) = sync_channel(keeper::WAITING_MAX);
        let directory = Directory::of(&config.state.dir);
        let keeper = Keeper {
            topic: SetsTopic::of(config),
            directory: directory.clone(),
            arrivals,
            metrics: Arc::clone(metrics),
            shutdown: shutdown.clone(),
        };
        (Self { directory, to_topic, metrics: Arc::clone(metrics) }, keeper)
    }

    /// Keeps a set, which is in force from now on; as a file at once, in the topic soon.
    pub fn keep(&self, set: SetFiles) {
        let set = KeptSet::new(set, crate::clock::now());
        let revision = set.revision().clone();
        let kept = self.directory.keep(&set);
        self.metrics.policy_sets_unkept.of(PolicyArchive::Directory).set(i64::from(kept.is_err()));
        match kept {
            Ok(is_new) => {
                if is_new {
                    let dir = self.directory.path().display();
                    tracing::info!(%revision, %dir, "the policy set is kept");
                }
            }
            Err(error) => {
                self.metrics.policy_archive_failures.of(PolicyArchive::Directory).inc();
                tracing::warn!(%revision, %error, "the policy set is not kept as a file; decisions go on");
                if matches!(error, DirectoryError::Set(_)) {
                    return; // nor would it be in the topic
                }
            }
        }
        if self.to_topic.try_send(set).is_err() {
            self.metrics.policy_archive_failures.of(PolicyArchive::Topic).inc();
            tracing::warn!(%revision, "too many policy sets wait for their topic; this one comes with the next start");
        }
    }
}
