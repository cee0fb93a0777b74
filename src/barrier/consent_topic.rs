//! The consent topic as it was at the start, and what brokers say about it since.
//!
//! Consent is read from one topic: the one with this id. A topic of the same name that was made later is another
//! one, whose offsets mean something else, so nothing is decided any more and the next start builds the state from
//! it. Partitions may be added: they count from the moment one broker says so, are read from their beginning, and
//! are waited for like the others.
//!
//! Whoever decides asks *after* it has learned where consent ends ([`ConsentTopic::ask`]) and looks at the answers
//! before it commits. What that rests on: a broker takes records for a partition only after the metadata it answers
//! from knows the partition and the id of its topic. So the broker that has acknowledged an opt-out is one of those
//! asked, and tells. Every broker of the cluster is asked, since another one may hear of a change later. One that
//! does not answer us within [`SILENCE_MAX`] is not waited for while another does: a broker that is down
//! acknowledges nothing, and one that leads a partition we know is waited for by the question where that ends.

use super::Hold;
use crate::kafka::GateContext;
use crate::kafka::native::{NativeError, TopicFacts, TopicQuestion};
use crate::metrics::HoldCause;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a broker is waited for after another one has answered.
pub const SILENCE_MAX: Duration = Duration::from_millis(500);

/// What is known of the consent topic; shared by all who decide.
pub struct ConsentTopic {
    name: String,
    /// Kafka's id at the start; `None` when the brokers know no ids.
    id: Option<String>,
    n_partitions: AtomicI32,
    is_another: AtomicBool,
    brokers: Mutex<Brokers>,
}

#[derive(Default)]
struct Brokers {
    all: Vec<i32>,
    silent: BTreeSet<i32>,
}

/// The topic is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// It is another topic, or has lost partitions, which no topic does.
    Another(String),
    /// It has this many partitions, more than were known.
    Grown { n_partitions: i32, before: i32 },
}

/// A question to the brokers that is on its way.
pub struct TopicCheck<'c> {
    topic: &'c ConsentTopic,
    /// The brokers that have not answered yet. `None` when nothing is asked.
    asked: Option<Result<(TopicQuestion<'c>, BTreeSet<i32>), NativeError>>,
    /// Partitions whose ends were asked for before.
    n_partitions: i32,
    deadline: Instant,
}

impl ConsentTopic {
    /// As it was found at the start.
    #[must_use]
    pub fn new(name: &str, id: Option<String>, n_partitions: i32, brokers: Vec<i32>) -> Self {
        Self {
            name: name.to_owned(),
            id,
            n_partitions: AtomicI32::new(n_partitions),
            is_another: AtomicBool::new(false),
            brokers: Mutex::new(Brokers { all: brokers, silent: BTreeSet::new() }),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As many partitions as any broker has told of.
    #[must_use]
    pub fn n_partitions(&self) -> i32 {
        self.n_partitions.load(Ordering::Acquire)
    }

    /// Whether a broker has told of another topic of this name: nothing may be decided any more.
    #[must_use]
    pub fn is_another(&self) -> bool {
        self.is_another.load(Ordering::Acquire)
    }

    /// Asks the brokers what the topic is now; at most `timeout` for the first answer. The ends of `n_partitions`
    /// are known: all that there are, unless the answers say otherwise.
    pub fn ask<'c>(
        &'c self,
        client: &'c BaseConsumer<GateContext>,
        n_partitions: i32,
        timeout: Duration,
    ) -> TopicCheck<'c> {
        let brokers = self.brokers().heard();
        let asked = TopicQuestion::ask(client.client(), &self.name, &brokers, timeout);
        let asked = asked.map(|question| (question, brokers.into_iter().collect()));
        TopicCheck {
            topic: self,
            asked: Some(asked),
            n_partitions,
            deadline: Instant::now() + timeout,
        }
    }

    /// Asks nobody: a test's gate without a barrier.
    #[cfg(feature = "fault-injection")]
    pub fn ask_nobody(&self) -> TopicCheck<'_> {
        TopicCheck { topic: self, asked: None, n_partitions: i32::MAX, deadline: Instant::now() }
    }

    /// The brokers of the cluster. Those that were silent are asked again, beside everything else, and waited for
    /// from the next batch on when they answer.
    pub fn know_brokers(&self, all: Vec<i32>, client: &BaseConsumer<GateContext>) {
        let silent: Vec<i32> = {
            let mut brokers = self.brokers();
            brokers.silent.retain(|broker| all.contains(broker));
            brokers.all = all;
            brokers.silent.iter().copied().collect()
        };
        if silent.is_empty() {
            return;
        }
        let asked = TopicQuestion::ask(client.client(), &self.name, &silent, SILENCE_MAX);
        let Ok(mut question) = asked else { return };
        for _ in &silent {
            let Some((broker, answer)) = question.answer(SILENCE_MAX) else { return };
            if let Ok(facts) = answer {
                tracing::info!(broker, "a broker answers again what the consent topic is");
                self.brokers().silent.remove(&broker);
                // whoever decides next hears of it too
                self.judge(&facts).ok();
            }
        }
    }

    fn brokers(&self) -> std::sync::MutexGuard<'_, Brokers> {
        self.brokers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, facts: &TopicFacts) -> Result<(), Change> {
        if self.id != facts.id {
            self.is_another.store(true, Ordering::Release);
            let text = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
            let (before, now) = (text(&self.id), text(&facts.id));
            return Err(Change::Another(format!("its id is {now}, {before} at the start")));
        }
        let before = self.n_partitions.fetch_max(facts.n_partitions, Ordering::AcqRel);
        if facts.n_partitions > before {
            tracing::warn!(
                topic = self.name,
                before,
                now = facts.n_partitions,
                "partitions were added to the consent topic: the gate holds until it has read them from their beginning"
            );
            return Err(Change::Grown { n_partitions: facts.n_partitions, before });
        }
        if facts.n_partitions < before && self.id.is_none() {
            // with an id this broker is only behind the others
            self.is_another.store(true, Ordering::Release);
            let now = facts.n_partitions;
            return Err(Change::Another(format!("it has {now} partitions, {before} before")));
        }
        Ok(())
    }

    fn hold(&self, change: &Change) -> Hold {
        let name = &self.name;
        let detail = match change {
            Change::Another(how) => {
                format!(
                    "`{name}` was deleted and made again ({how}): starting again builds the state from it"
                )
            }
            Change::Grown { n_partitions, before } => {
                format!(
                    "`{name}` has {n_partitions} partitions now, {before} before: the new ones are read first"
                )
            }
        };
        Hold::new(HoldCause::Restoring, detail)
    }
}

impl Brokers {
    /// Those to wait for; all of them when none is known to answer.
    fn heard(&self) -> Vec<i32> {
        let heard = self.all.iter().filter(|broker| !self.silent.contains(broker));
        let heard: Vec<i32> = heard.copied().collect();
        if heard.is_empty() { self.all.clone() } else { heard }
    }
}

impl TopicCheck<'_> {
    /// Waits for the answers.
    ///
    /// # Errors
    /// The topic is another one, has more partitions than were known, or nobody answers: what was judged must not
    /// be committed.
    pub fn finish(self) -> Result<(), Hold> {
        let Self { topic, asked, n_partitions: before, mut deadline } = self;
        let unavailable = |error: &dyn std::fmt::Display| {
            let detail = format!("what `{}` is: {error}", topic.name);
            Hold::new(HoldCause::BrokerUnavailable, detail)
        };
        let Some(asked) = asked else { return Ok(()) };
        let (mut question, mut waiting) = asked.map_err(|error| unavailable(&error))?;
        let mut n_left = waiting.len().max(1);
        let (mut is_any_heard, mut failure) = (false, None);
        while n_left > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some((broker, answer)) = question.answer(left) else { break };
            n_left -= 1;
            match answer {
                Ok(facts) => {
                    topic.judge(&facts).map_err(|change| topic.hold(&change))?;
                    waiting.remove(&broker);
                    if !is_any_heard {
                        is_any_heard = true;
                        deadline = deadline.min(Instant::now() + SILENCE_MAX);
                    }
                }
                Err(error) if is_silence(&error) => failure = Some(error),
                // it says that there is no such topic, or that we may not know
                Err(error) => return Err(unavailable(&error)),
            }
        }
        if !is_any_heard {
            return Err(match failure {
                Some(error) => unavailable(&error),
                None => unavailable(&"no broker answers in time"),
            });
        }
        for broker in waiting {
            tracing::warn!(
                broker,
                "a broker does not answer what the consent topic is; it is not waited for"
            );
            topic.brokers().silent.insert(broker);
        }
        // somebody else may have heard of more meanwhile
        let n_partitions = topic.n_partitions();
        if topic.is_another() {
            let change = Change::Another("another broker says so".to_owned());
            return Err(topic.hold(&change));
        }
        if n_partitions > before {
            return Err(topic.hold(&Change::Grown { n_partitions, before }));
        }
        Ok(())
    }
}

/// Whether a broker has said nothing at all.
fn is_silence(error: &NativeError) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        error.code,
        Code::OperationTimedOut
            | Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::RequestTimedOut
            | Code::NetworkException
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: Option<&str>) -> ConsentTopic {
        ConsentTopic::new("consent-change", id.map(str::to_owned), 3, vec![1, 2])
    }

    fn facts(id: Option<&str>, n_partitions: i32) -> TopicFacts {
        TopicFacts { id: id.map(str::to_owned), n_partitions }
    }

    #[test]
    fn a_topic_of_another_id_is_another_for_good() {
        for (id, other) in [(Some("a"), Some("b")), (Some("a"), None), (None, Some("b"))] {
            let topic = topic(id);
            assert_eq!(topic.judge(&facts(id, 3)), Ok(()));
            assert!(matches!(topic.judge(&facts(other, 3)), Err(Change::Another(_))));
            assert_eq!(topic.judge(&facts(id, 3)), Ok(()), "a broker that is behind");
            assert!(topic.is_another());
        }
    }

    #[test]
    fn partitions_grow_with_the_first_broker_that_tells_and_never_shrink() {
        let topic = topic(Some("a"));
        let grown = Change::Grown { n_partitions: 5, before: 3 };
        assert_eq!(topic.judge(&facts(Some("a"), 5)), Err(grown));
        assert_eq!(topic.judge(&facts(Some("a"), 3)), Ok(()), "a broker that is behind");
        assert_eq!((topic.n_partitions(), topic.is_another()), (5, false));
    }

    #[test]
    fn without_ids_a_topic_that_shrinks_is_another() {
        let topic = topic(None);
        assert!(matches!(topic.judge(&facts(None, 2)), Err(Change::Another(_))));
        assert!(topic.is_another());
    }

    #[test]
    fn a_silent_broker_is_not_waited_for_unless_all_are() {
        let mut brokers = Brokers { all: vec![1, 2], silent: BTreeSet::from([2]) };
        assert_eq!(brokers.heard(), [1]);
        brokers.silent.insert(1);
        assert_eq!(brokers.heard(), [1, 2]);
    }
}
