//! A lane's place in its consumer group: taking partitions up, giving them away, leaving.
//!
//! Rebalances are recorded by the context during a poll and carried out here, right after it, when no
//! transaction is open.

use super::{Lane, LaneBatch, LaneError, Setback};
use crate::kafka::source::SourcePartition;
use crate::kafka::{REQUEST_TIMEOUT, Rebalance, is_consumer_refused};
use crate::metrics::{HoldCause, RebalanceEvent};
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// Events of the group and errors of the client taken at once.
const GROUP_EVENTS_MAX: usize = 1_000;
/// How long the committed offsets may stay unknown: longer than a broker takes to end the transaction of a dead
/// instance. A client that gets no answer then is better made anew than waited for.
const STARTING_POINTS_TIMEOUT: Duration = Duration::from_secs(45);
/// How long a leaving lane waits for the group to take its partitions back.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it goes on polling afterwards, so that the leave request is sent before the connection closes.
const LEAVE_LINGER: Duration = Duration::from_millis(200);

impl<'c> Lane<'c> {
    /// Carries out what the group wants, all of it: while a broker is away errors queue up by the hundred, and
    /// the end of the membership may stand behind them. Messages come through the inbox.
    pub(super) fn poll_group(
        &mut self,
        wait: Duration,
        batch: &mut LaneBatch<'c>,
    ) -> Result<(), LaneError> {
        let mut wait = wait;
        for _ in 0..GROUP_EVENTS_MAX {
            let polled = self.consumer.poll(wait);
            let has_followed = self.follow_group(batch)?;
            match polled {
                None if has_followed => {}
                None => return Ok(()),
                Some(Err(error)) => self.consumer_error(error)?,
                Some(Ok(_)) => {
                    // its partition feeds the inbox since before it was assigned; taken up again it does
                    tracing::error!(lane = self.number, "a message came past the inbox");
                    self.pause();
                    self.resume();
                }
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Carries out what the group has decided since the last poll; returns whether there was anything.
    fn follow_group(&mut self, batch: &mut LaneBatch<'c>) -> Result<bool, LaneError> {
        let mut has_followed = false;
        while let Some(rebalance) = self.consumer.context().take_rebalance() {
            match rebalance {
                Rebalance::Assign(partitions) => self.take_up(&partitions)?,
                Rebalance::Revoke(partitions) => self.give_away(&partitions, batch)?,
            }
            self.shared.status.lane_assigned(self.number, &self.assigned_partitions());
            has_followed = true;
        }
        Ok(has_followed)
    }

    fn take_up(&mut self, partitions: &TopicPartitionList) -> Result<(), LaneError> {
        self.shared.metrics.rebalances.of(RebalanceEvent::Assigned).inc();
        let Some(mut from) = self.starting_points(partitions)? else {
            return Ok(());
        };
        self.settle_doubts(&mut from)?;
        let sources = self.settings.topics.of_list(&from);
        for source in &sources {
            self.inbox.receive(*source).map_err(LaneError::Inbox)?;
        }
        self.consumer.assign(&from).map_err(LaneError::Consumer)?;
        for element in from.elements() {
            let source = self.settings.topics.find(element.topic(), element.partition());
            let Some(source) = source else { continue };
            self.upcoming.take_up(source, element.offset());
            // what waits counts as lag from now on, not from the first commit
            match element.offset() {
                Offset::Offset(next) => self.shared.positions.set(source, next, None),
                Offset::Beginning => self.shared.positions.set(source, 0, None),
                _ => {}
            }
            self.approvals.forget(source.partition);
        }
        if self.is_paused {
            self.consumer.pause(partitions).map_err(LaneError::Consumer)?;
        }
        let partitions = self.told(&sources);
        tracing::info!(lane = self.number, ?partitions, "partitions taken up");
        Ok(())
    }

    /// The committed offsets, asked for until they are known: another instance's open transaction must end
    /// first. `None` only when the process stops meanwhile.
    fn starting_points(
        &self,
        partitions: &TopicPartitionList,
    ) -> Result<Option<TopicPartitionList>, LaneError> {
        let began = Instant::now();
        while !self.shared.shutdown.is_requested() {
            self.heart.beat();
            if began.elapsed() > STARTING_POINTS_TIMEOUT {
                return Err(LaneError::NoStartingPoint);
            }
            match self.consumer.committed_offsets(partitions.clone(), REQUEST_TIMEOUT) {
                Ok(mut committed) => {
                    let is_known = committed.elements().iter().all(|e| e.error().is_ok());
                    if is_known && self.fill_in(&mut committed) {
                        return Ok(Some(committed));
                    }
                }
                Err(error) => {
                    tracing::debug!(lane = self.number, %error, "committed offsets are not known yet");
                    if let Some((code, _)) = self.consumer.client().fatal_error() {
                        // a client that is put out for good gets no answer any more
                        self.consumer_error(KafkaError::MessageConsumptionFatal(code))?;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Gives a starting point to partitions that never had one.
    fn fill_in(&self, committed: &mut TopicPartitionList) -> bool {
        let unset: Vec<(String, i32)> = committed
            .elements()
            .iter()
            .filter(|element| !matches!(element.offset(), Offset::Offset(_)))
            .map(|element| (element.topic().to_owned(), element.partition()))
            .collect();
        unset.iter().all(|(topic, partition)| {
            committed.set_partition_offset(topic, *partition, self.settings.start_at).is_ok()
        })
    }

    fn give_away(
        &mut self,
        partitions: &TopicPartitionList,
        batch: &mut LaneBatch<'c>,
    ) -> Result<(), LaneError> {
        let is_lost = self.consumer.assignment_lost();
        let event = if is_lost { RebalanceEvent::Lost } else { RebalanceEvent::Revoked };
        self.shared.metrics.rebalances.of(event).inc();
        // nothing of these partitions is in a transaction: what is in hand simply belongs to another now
        let mut paused_alone = false;
        let sources = self.settings.topics.of_list(partitions);
        for source in &sources {
            batch.drop_partition(*source);
            self.shared.positions.forget(*source);
            paused_alone |= self.upcoming.give_away(*source);
            self.approvals.forget(source.partition);
        }
        if self.is_paused || paused_alone {
            // a pause survives the assignment: the partition would come back paused, and stay so
            self.consumer.resume(partitions).map_err(LaneError::Consumer)?;
        }
        self.consumer.unassign().map_err(LaneError::Consumer)?;
        let partitions = self.told(&sources);
        tracing::info!(lane = self.number, ?partitions, is_lost, "partitions given away");
        Ok(())
    }

    fn assigned_partitions(&self) -> Vec<SourcePartition> {
        let topics = &self.settings.topics;
        self.consumer.assignment().map(|assigned| topics.of_list(&assigned)).unwrap_or_default()
    }

    /// Equally numbered partitions of all topics share a partition of the changelog of approvals, so one lane has to have
    /// all of them. The group gives them out like that as long as all of its members are subscribed to the same topics.
    ///
    /// # Errors
    /// A hold while another member has some.
    pub(super) fn stay_together(&self) -> Result<(), Setback> {
        match self.upcoming.apart(self.settings.topics.len()) {
            None => Ok(()),
            Some(source) => {
                let topics: Vec<&str> = self.settings.topics.names().collect();
                let place = self.settings.topics.told(source);
                let detail = format!(
                    "{place} is another member's, or nobody's, while this lane has that partition of other topics: let \
                     every instance of the group have the same `topics.outbound_message` (here: {}), and the topics as many \
                     partitions each",
                    topics.join(", ")
                );
                Err(Setback::hold(HoldCause::TopicsApart, detail))
            }
        }
    }

    /// Partitions for the log.
    fn told(&self, sources: &[SourcePartition]) -> Vec<String> {
        let topics = &self.settings.topics;
        let of = |topic: usize| -> Vec<i32> {
            let here = sources.iter().filter(|source| source.topic == topic);
            here.map(|source| source.partition).collect()
        };
        topics.names().enumerate().map(|(at, name)| format!("{name}: {:?}", of(at))).collect()
    }

    /// Takes nothing new up; what is polled from now on only serves the membership.
    pub(super) fn pause(&mut self) {
        if !self.is_paused {
            let paused = self.consumer.assignment().and_then(|all| self.consumer.pause(&all));
            self.is_paused = paused
                .map_err(|error| tracing::warn!(lane = self.number, %error, "cannot pause"))
                .is_ok();
        }
    }

    /// Goes on exactly where the lane stands in each partition; returns whether it does.
    ///
    /// The seek is not a luxury: a pause makes librdkafka remember the last position the application saw,
    /// and in a partition that was given away and came back that position belongs to its former life.
    /// Messages whose batch was dropped with the partition would be skipped.
    pub(super) fn resume(&mut self) -> bool {
        let Ok(all) = self.consumer.assignment() else { return false };
        for element in all.elements() {
            let topic = element.topic();
            let source = self.settings.topics.find(topic, element.partition());
            let Some(next) = source.and_then(|source| self.upcoming.next(source)) else { continue };
            if let Err(error) =
                self.consumer.seek(topic, element.partition(), next, REQUEST_TIMEOUT)
            {
                tracing::warn!(lane = self.number, %error, "cannot seek; the partitions stay paused");
                return false;
            }
        }
        match self.consumer.resume(&all) {
            Ok(()) => {
                self.is_paused = false;
                // the seek above reads them again as well
                self.upcoming.sought_all();
            }
            Err(error) => tracing::warn!(lane = self.number, %error, "cannot resume"),
        }
        !self.is_paused
    }

    /// Gives everything back and tells the group, so that others go on at once. A static member that only
    /// disconnects would keep its partitions until the session times out.
    pub(super) fn leave(&mut self) {
        if !self.settings.leave_on_shutdown {
            return;
        }
        self.consumer.unsubscribe();
        let mut nothing = LaneBatch::default();
        let deadline = Instant::now() + LEAVE_TIMEOUT;
        let mut empty_since: Option<Instant> = None;
        while Instant::now() < deadline && empty_since.is_none_or(|at| at.elapsed() < LEAVE_LINGER)
        {
            drop(self.consumer.poll(Duration::from_millis(20)));
            if let Err(error) = self.follow_group(&mut nothing) {
                tracing::warn!(lane = self.number, %error, "while leaving the group");
                return;
            }
            if !self.assigned_partitions().is_empty() {
                empty_since = None;
            } else if empty_since.is_none() {
                empty_since = Some(Instant::now());
            }
        }
    }

    pub(super) fn consumer_error(&self, error: KafkaError) -> Result<(), LaneError> {
        match &error {
            KafkaError::MessageConsumptionFatal(RDKafkaErrorCode::FencedInstanceId) => {
                Err(LaneError::MemberFenced(error))
            }
            KafkaError::MessageConsumptionFatal(_) => Err(LaneError::Consumer(error)),
            KafkaError::MessageConsumption(code) if crate::kafka::is_offset_lost(*code) => {
                Err(LaneError::OffsetLost {
                    topics: self.settings.topics.names().collect::<Vec<_>>().join("`, `"),
                    group: self.settings.group_id.clone(),
                })
            }
            KafkaError::MessageConsumption(_) if is_consumer_refused(&error) => {
                Err(LaneError::Consumer(error))
            }
            // librdkafka goes on by itself
            _ => {
                tracing::debug!(lane = self.number, %error, "consumer");
                Ok(())
            }
        }
    }
}
