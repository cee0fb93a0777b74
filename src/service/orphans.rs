//! Ends the transactions that dead members of the group have left open.
//!
//! A killed instance leaves a transaction open. Until it ends nobody reads on in the outputs, and the group does
//! not say where the partitions go on that it gives to others. The broker ends it after `transaction.timeout.ms`,
//! and looks only every ten seconds. A survivor can do it at once, as the instance itself would at its next
//! start: it takes over the transactional ids of members that are gone from the group.
//!
//! A member that is only thought dead loses its producers with its partitions, which its next commit would have
//! told it anyway: it makes new ones and goes on. So a mistake here costs a moment and decides nothing twice.

use crate::kafka::GateContext;
use crate::kafka::native::TransactionalProducer;
use crate::kafka::{self, REQUEST_TIMEOUT};
use crate::metrics::{Bound, Metrics};
use crate::pipeline::PRODUCER_SUFFIXES;
use crate::shutdown::Shutdown;
use crate::status::Status;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the group is looked at. What a dead member left open waits for so long at most, behind the time
/// the group takes to give it up.
const INTERVAL: Duration = Duration::from_millis(500);
/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);
/// Members remembered. Those beyond are left to the broker's time-out.
const MEMBERS_MAX: usize = 1_024;
/// Departed members dealt with at a time; the next look finds the rest.
const AT_A_TIME_MAX: usize = 8;
/// What stands between the instance and the lane in a member's name.
const LANE: &str = "-lane-";

/// What the watch over the group needs.
pub(super) struct Orphans {
    /// The handle for questions.
    pub client: Arc<BaseConsumer<GateContext>>,
    /// What every client shares.
    pub base: ClientConfig,
    /// The group of the lanes.
    pub group_id: String,
    /// This instance; its own members are never taken for dead.
    pub instance_id: String,
    /// The limit of a transaction, as the lanes have it.
    pub transaction_timeout: Duration,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub status: Arc<Status>,
    /// When to stop.
    pub shutdown: Shutdown,
}

impl Orphans {
    /// Watches the group until shutdown. Who cannot be asked is asked again.
    pub(super) fn run(self) {
        let heart = self.status.heart("orphans");
        let mut known = BTreeSet::new();
        let mut looked_at: Option<Instant> = None;
        while !self.shutdown.is_requested() {
            heart.beat();
            if looked_at.is_none_or(|at| at.elapsed() >= INTERVAL) {
                looked_at = Some(Instant::now());
                self.look(&mut known);
            }
            std::thread::sleep(NAP);
        }
    }

    fn look(&self, known: &mut BTreeSet<String>) {
        let Some(present) = self.members() else { return };
        let departed: Vec<String> =
            known.difference(&present).take(AT_A_TIME_MAX).cloned().collect();
        for member in &departed {
            known.remove(member);
        }
        std::thread::scope(|scope| {
            for (member, suffix) in departed
                .iter()
                .flat_map(|member| PRODUCER_SUFFIXES.iter().map(move |suffix| (member, suffix)))
            {
                scope.spawn(move || self.take_over(member, suffix));
            }
        });
        for member in present {
            if known.len() >= MEMBERS_MAX {
                self.metrics.bound_reached(Bound::GroupMembers);
                break;
            }
            known.insert(member);
        }
    }

    /// The static members of other instances that the group has now. `None` when it cannot be asked, or does not
    /// name us: a coordinator that is still loading may answer without anybody.
    fn members(&self) -> Option<BTreeSet<String>> {
        let groups = self.client.fetch_group_list(Some(&self.group_id), REQUEST_TIMEOUT).ok()?;
        let group = groups.groups().iter().find(|group| group.name() == self.group_id)?;
        let own = format!("{}{LANE}", self.instance_id);
        let names = group.members().iter().filter_map(|member| static_name(member.id()));
        let (ours, others): (Vec<&str>, Vec<&str>) = names.partition(|name| name.starts_with(&own));
        (!ours.is_empty()).then(|| others.into_iter().map(str::to_owned).collect())
    }

    /// Aborts what the id left open, with a fresh epoch nobody uses.
    fn take_over(&self, member: &str, suffix: &str) {
        let transactional_id = format!("{}-{member}{suffix}", self.group_id);
        let config = kafka::lane_producer(&self.base, &transactional_id, self.transaction_timeout);
        let ended = TransactionalProducer::new(&config, &[])
            .and_then(|producer| producer.init_transactions(REQUEST_TIMEOUT));
        match ended {
            Ok(()) => {
                tracing::info!(
                    transactional_id,
                    "a member left the group: its transaction is ended"
                );
            }
            Err(error) => {
                tracing::warn!(transactional_id, %error, "a transaction is left to the broker's time-out");
            }
        }
    }
}

/// The `group.instance.id` of a lane, which the broker makes the beginning of its member id.
fn static_name(member_id: &str) -> Option<&str> {
    let digits_at = member_id.rfind(LANE)? + LANE.len();
    let n_digits = member_id.get(digits_at..)?.bytes().take_while(u8::is_ascii_digit).count();
    let end = digits_at + n_digits;
    (n_digits > 0 && member_id.get(end..)?.starts_with('-')).then(|| member_id.get(..end))?
}

#[cfg(test)]
mod tests {
    use super::static_name;

    #[test]
    fn a_lane_is_known_by_its_member_id() {
        let uuid = "0b6a4c1e-54f2-4c3c-9d9c-5b7f3f1d9a10";
        for name in ["gate-1-lane-0", "a-lane-7-lane-12", "x.y_z-lane-3"] {
            assert_eq!(static_name(&format!("{name}-{uuid}")), Some(name));
        }
        for foreign in ["rdkafka-0b6a4c1e", "gate-lane-", "gate-lane-x-1", "gate-lane-1", ""] {
            assert_eq!(static_name(foreign), None, "{foreign}");
        }
    }
}
