//! All instances of a group have one pepper, and whoever has another one does not start.
//!
//! What was approved is noted in `topics.sent_log` under keyed hashes. An instance with another pepper would find
//! nobody there, so partitions would be held for good when the group next hands them round. The changelog itself says
//! which pepper is in force: by the rows at its end, or where there are none by an announcement (`approvals/tail.rs`).
//!
//! Who finds neither announces its own: in a transaction whose id all instances share, so that of two that start at a
//! time the later one fences the earlier, and whoever was fenced looks again. After the fence nothing of an older
//! writer can follow, so of several one is heard, and the others refuse.
//!
//! INVARIANT: without an answer from the brokers nobody starts. Only the pepper's id, an HMAC of a constant, leaves
//! this process. Deliberately absent: a way to overrule it; a changelog made anew has no opinion.

use crate::approvals::{ANNOUNCEMENT, Horizon, Named, Reading, RowSeal, Tail, announcement};
use crate::clock::now;
use crate::config::Config;
use crate::headers::hex;
use crate::identity::{Pepper, PepperError, PepperFile};
use crate::kafka::failure::{Class, KafkaFailure};
use crate::kafka::native::{NativeHeaders, TopicIndex, TransactionalProducer, WrittenTopic};
use crate::kafka::offsets::offsets;
use crate::kafka::scan::{Patience, Positions, Scan, ScanError};
use crate::kafka::{self, GateContext, REQUEST_TIMEOUT};
use crate::pipeline::log_record;
use crate::shutdown::Shutdown;
use gate_core::PolicySet;
use rdkafka::Offset;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Offsets read from the end of each partition. Markers of transactions count, and what was replaced: if there is no
/// row among the first, there is one further back, or none.
const DEPTHS: [i64; 3] = [512, 16_384, i64::MAX];
/// Longest time for one look.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// Longest wait for the coordinator, and for a commit.
const ANNOUNCE_MAX: Duration = Duration::from_secs(20);
/// Pause before another look. Whoever was fenced waits for at least as long as the other one needs.
const PAUSE: Duration = Duration::from_millis(500);
/// Random part of the pause, so that two do not fence each other for ever.
const PAUSE_RANDOM_MS: u64 = 1_000;
const DOING: &str = "looking for the pepper that the group's approvals were noted with";

/// What the changelog is asked with.
pub struct CommonPepper<'a> {
    /// The gate's configuration.
    pub config: &'a Config,
    /// Asks where the changelog ends, read uncommitted.
    pub client: &'a BaseConsumer<GateContext>,
    /// Partitions of the changelog.
    pub n_partitions: u32,
    /// The policies in force: how long an approval counts.
    pub policies: &'a PolicySet,
}

/// Why there is no pepper to go on with.
#[derive(Debug, thiserror::Error)]
pub enum CommonPepperError {
    /// The file.
    #[error(transparent)]
    File(#[from] PepperError),
    /// Kafka refuses.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The group has another one.
    #[error(transparent)]
    Another(#[from] AnotherPepper),
}

/// The group's approvals were noted with another pepper than this instance has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}\n    fix: {}", self.found(), self.fix())]
pub struct AnotherPepper {
    /// The pepper file of this instance, which need not exist.
    pub file: PathBuf,
    /// What it is; `None` when there is none.
    pub ours: Option<[u8; 8]>,
    /// The changelog.
    pub topic: String,
    /// Where it says what the group has.
    pub theirs: Named,
}

impl AnotherPepper {
    /// What is wrong.
    #[must_use]
    pub fn found(&self) -> String {
        let Self { file, ours, topic, theirs } = self;
        let Named { partition, offset, pepper_id } = theirs;
        let file = file.display();
        let here = match ours {
            Some(ours) => format!("`{file}` is another pepper (fingerprint {})", hex(ours)),
            None => format!("there is no pepper at `{file}`, and a new one would be another"),
        };
        format!(
            "{here} than the one the group's approvals were noted with (fingerprint {}, `{topic}` partition {partition} \
             offset {offset}): caps and \"once\" rules could not be counted, and partitions would be held for good",
            hex(pepper_id)
        )
    }

    /// What to do.
    #[must_use]
    pub fn fix(&self) -> String {
        let Self { file, topic, .. } = self;
        format!(
            "copy `state.pepper_file` of the other instances, or its backup, to `{}` (chmod 600). If it was changed on purpose \
             or is lost: stop every instance, delete `{topic}` (it is compacted: its records cannot be deleted) or give \
             `topics.sent_log` a new name everywhere, run `consent-gate topics create`, start; counting begins anew",
            file.display()
        )
    }
}

/// It is not known yet.
enum Unsettled {
    /// It may be in a moment.
    Again(String),
    /// It will not.
    Never(CommonPepperError),
}

impl CommonPepper<'_> {
    /// The pepper of this instance, which is the group's: read, or made if nobody has one yet. Waits while Kafka is
    /// away; `None` when it was asked to stop.
    ///
    /// # Errors
    /// The group has another one, the file is none, or Kafka refuses.
    pub fn settle(&self, shutdown: &Shutdown) -> Result<Option<Pepper>, CommonPepperError> {
        let file = &self.config.state.pepper_file;
        let mut pepper = PepperFile::load(file)?.map(|found| Pepper::new(found.expose()));
        while !shutdown.is_requested() {
            match self.settle_once(&mut pepper) {
                Ok(true) => return Ok(pepper),
                Ok(false) => {}
                Err(Unsettled::Never(error)) => return Err(error),
                Err(Unsettled::Again(why)) => {
                    tracing::warn!(why, "the group's pepper is not known yet; looking again");
                    std::thread::sleep(pause());
                }
            }
        }
        Ok(None)
    }

    /// One look, and what follows from it; whether the pepper is the group's now.
    fn settle_once(&self, pepper: &mut Option<Pepper>) -> Result<bool, Unsettled> {
        let tail = self.look(pepper.as_ref())?;
        self.judge(pepper.as_ref(), &tail).map_err(|another| Unsettled::Never(another.into()))?;
        let known = match pepper {
            Some(known) => known,
            // made only now that nobody has one
            None => {
                let made = PepperFile::load_or_create(&self.config.state.pepper_file);
                let made = made.map_err(|error| Unsettled::Never(error.into()))?;
                pepper.insert(Pepper::new(made.expose()))
            }
        };
        if tail.is_silent() { self.announce(known) } else { Ok(true) }
    }

    /// What the end of the changelog says. For `doctor`: nothing is written.
    ///
    /// # Errors
    /// When the brokers do not tell.
    pub fn tail(&self, pepper: Option<&Pepper>) -> Result<Tail, KafkaFailure> {
        self.look(pepper).map_err(|unsettled| match unsettled {
            Unsettled::Never(CommonPepperError::Kafka(failure)) => failure,
            Unsettled::Never(error) => {
                KafkaFailure::from_code(Code::State, DOING, Some(&error.to_string()))
            }
            Unsettled::Again(why) => {
                KafkaFailure::from_code(Code::OperationTimedOut, DOING, Some(&why))
            }
        })
    }

    /// Whether this pepper is the group's, as far as the changelog says.
    ///
    /// # Errors
    /// It has another one, and nobody wrote with this one.
    pub fn judge(&self, pepper: Option<&Pepper>, tail: &Tail) -> Result<(), AnotherPepper> {
        let Some(theirs) = tail.other else { return Ok(()) };
        let topic = self.config.topics.outputs.sent_log.clone();
        if tail.n_ours > 0 {
            // as before there was a fingerprint: two have decided beside each other
            let Named { partition, offset, .. } = theirs;
            tracing::error!(
                %topic, partition, offset,
                "approvals were noted with two peppers: partitions with those of the other one are held. `consent-gate doctor` \
                 says what to do"
            );
            return Ok(());
        }
        let file = self.config.state.pepper_file.clone();
        Err(AnotherPepper { file, ours: pepper.map(Pepper::id), topic, theirs })
    }

    /// Reads what is committed, as far back as it takes to meet a row.
    fn look(&self, pepper: Option<&Pepper>) -> Result<Tail, Unsettled> {
        let (begins, ends) = (self.ask(Offset::Beginning)?, self.ask(Offset::End)?);
        for depth in DEPTHS {
            let mut from = Positions::new();
            let mut is_all = true;
            for (place, end) in &ends {
                let begin = begins.get(place).copied().unwrap_or(0);
                let at = end.saturating_sub(depth).max(begin);
                is_all &= at == begin;
                if at < *end {
                    from.insert(place.clone(), at);
                }
            }
            let tail = self.read(pepper, from, None)?;
            if !tail.is_silent() || is_all {
                return Ok(tail);
            }
        }
        Ok(Tail::default())
    }

    fn ask(&self, place: Offset) -> Result<Positions, Unsettled> {
        let topic = &self.config.topics.outputs.sent_log;
        let partitions = 0..i32::try_from(self.n_partitions).unwrap_or(i32::MAX);
        let found = offsets(self.client, topic, partitions, place, REQUEST_TIMEOUT);
        let found = found.map_err(|(_, error)| Unsettled::of_kafka(&error))?;
        Ok(found.into_iter().map(|(number, at)| ((topic.clone(), number), at)).collect())
    }

    /// Reads from there; up to the given ends, or as far as is committed. A partition with a batch that cannot be
    /// unpacked is left out: who decides in it holds before that.
    fn read(
        &self,
        pepper: Option<&Pepper>,
        mut from: Positions,
        up_to: Option<&Positions>,
    ) -> Result<Tail, Unsettled> {
        let base = self.config.client_base();
        let scanner = kafka::scanner(&base, &self.config.kafka.group_id);
        // without a pepper of ours whatever counts is somebody else's
        let seal = pepper.map_or_else(|| RowSeal::new([0; 8], &[0; 32]), RowSeal::of);
        let reading = Reading {
            seal: &seal,
            horizon: Horizon::of(self.policies, now()),
            transaction_timeout: self.config.kafka.transaction_timeout,
        };
        let present = Positions::new();
        while !from.is_empty() {
            let mut tail = Tail::default();
            let mut visit = |record: &kafka::native::Record<'_>| {
                tail.add(&log_record(record), &reading);
                Ok(())
            };
            let scan = Scan {
                config: &scanner,
                from: &from,
                up_to: up_to.unwrap_or(&present),
                patience: Patience::Whole(LOOK_MAX),
            };
            match scan.read(&mut visit) {
                Ok(_) => return Ok(tail),
                Err(ScanError::UnreadableBatch { partition, .. }) => {
                    from.retain(|(_, number), _| *number != partition);
                }
                Err(error) => return Err(Unsettled::of_scan(&error)),
            }
        }
        Ok(Tail::default())
    }

    /// Says which pepper is in force; `false` when somebody was quicker.
    fn announce(&self, pepper: &Pepper) -> Result<bool, Unsettled> {
        let config = self.config;
        let transactional_id = format!("{}-pepper", config.kafka.group_id);
        let timeout = config.kafka.transaction_timeout;
        let settings = kafka::lane_producer(&config.client_base(), &transactional_id, timeout);
        let failed =
            |error: kafka::native::NativeError| Unsettled::of_code(error.code, &error.to_string());
        let topic = &config.topics.outputs.sent_log;
        let producer =
            TransactionalProducer::new(&settings, &[WrittenTopic::named(topic)]).map_err(failed)?;
        producer.init_transactions(ANNOUNCE_MAX).map_err(failed)?;
        // after the fence; read uncommitted, so that whoever was fenced is waited for
        let (begins, ends) = (self.ask(Offset::Beginning)?, self.ask(Offset::End)?);
        let is_behind = |(place, begin): &(&(String, i32), &i64)| {
            ends.get(*place).is_some_and(|end| end > *begin)
        };
        let from = begins.iter().filter(is_behind).map(|(place, at)| (place.clone(), *at));
        let tail = self.read(Some(pepper), from.collect(), Some(&ends))?;
        if !tail.is_silent() {
            return Ok(false); // the next look judges it
        }
        let value = announcement(&RowSeal::of(pepper), now());
        let key = ANNOUNCEMENT.subject.0;
        let headers = NativeHeaders::with_capacity(0);
        producer.begin().map_err(failed)?;
        producer
            .produce_to(TopicIndex(0), ANNOUNCEMENT.partition, Some(&key), Some(&value), headers)
            .map_err(failed)?;
        producer.commit(Instant::now() + ANNOUNCE_MAX).map_err(failed)?;
        tracing::info!(%topic, fingerprint = hex(&pepper.id()), "the group's pepper is announced");
        Ok(true)
    }
}

impl Unsettled {
    fn of_kafka(error: &KafkaError) -> Self {
        match error.rdkafka_error_code() {
            Some(code) => Self::of_code(code, &error.to_string()),
            None => Self::Again(error.to_string()),
        }
    }

    fn of_scan(error: &ScanError) -> Self {
        match error {
            ScanError::Kafka(error) => Self::of_kafka(error),
            ScanError::Native(error) => Self::of_code(error.code, &error.to_string()),
            ScanError::Timeout { .. }
            | ScanError::Stalled { .. }
            | ScanError::OffsetLost { .. }
            | ScanError::UnreadableBatch { .. } => Self::Again(error.to_string()),
        }
    }

    fn of_code(code: Code, said: &str) -> Self {
        let failure = KafkaFailure::from_code(code, DOING, Some(said));
        // the topic was there a moment ago: another broker has not heard of it yet
        let is_new = [Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::UnknownPartition];
        match failure.class {
            _ if is_new.contains(&code) => Self::Again(said.to_owned()),
            Class::Credentials | Class::Config => Self::Never(failure.into()),
            // being fenced is among them: somebody else is at it
            Class::TryAgain | Class::Internal => Self::Again(said.to_owned()),
        }
    }
}

/// Without randomness the shorter pause, which is one of two different ones as well.
fn pause() -> Duration {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).ok();
    PAUSE + Duration::from_millis(u64::from_le_bytes(bytes) % PAUSE_RANDOM_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_names_file_place_and_a_way_out_and_no_pepper() {
        let theirs = Named { partition: 3, offset: 17, pepper_id: [0xab; 8] };
        let refusal = |ours| AnotherPepper {
            file: PathBuf::from("/etc/gate/pepper"),
            ours,
            topic: "consent-gate-sent".to_owned(),
            theirs,
        };
        let text = refusal(Some([1; 8])).to_string();
        for part in [
            "`/etc/gate/pepper` is another pepper (fingerprint 0101010101010101)",
            "fingerprint abababababababab, `consent-gate-sent` partition 3 offset 17",
            "stop every instance, delete `consent-gate-sent`",
            "consent-gate topics create",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(refusal(None).to_string().starts_with("there is no pepper at `/etc/gate/pepper`"));
    }

    #[test]
    fn pauses_differ() {
        let pauses: Vec<Duration> = (0..8).map(|_| pause()).collect();
        assert!(pauses.iter().all(|pause| (PAUSE..PAUSE * 3).contains(pause)));
        assert!(pauses.iter().any(|pause| pause != &pauses[0]), "{pauses:?}");
    }
}
