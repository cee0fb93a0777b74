//! Sends the traffic: paced, counted, never faster than the broker takes it.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use super::pace::Pace;
use super::{Arguments, Encodings, encoded};
use crate::cli::{ExitCode, Failure, output};
use crate::clock::now;
use crate::config::{Config, Mapping, Topics};
use crate::generate::{HEADER, HEADER_VALUE, Sample, Traffic};
use crate::kafka::failure::{Class, KafkaFailure, Witness};
use crate::records::plain_headers;

/// Consent changes a second while histories are sent: seconds for the usual crowd, no flood for a large one.
const HISTORY_PER_SECOND: f64 = 2_000.0;
/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(50);
/// How long the broker may acknowledge nothing before we give up.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How long the last records may take.
const FLUSH_MAX: Duration = Duration::from_secs(30);
const PROGRESS: Duration = Duration::from_secs(1);
const DOING: &str = "sending sample traffic";

/// What became of the records.
struct Receipts {
    witness: Witness,
    n_acknowledged: AtomicU64,
    n_failed: AtomicU64,
    last_failure: Mutex<Option<KafkaFailure>>,
}

impl ClientContext for Receipts {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.witness.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.witness.error(error, reason);
    }
}

impl ProducerContext for Receipts {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.n_acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                self.n_failed.fetch_add(1, Ordering::Relaxed);
                *self.last() = Some(KafkaFailure::new(error, DOING));
            }
        }
    }
}

impl Receipts {
    fn last(&self) -> std::sync::MutexGuard<'_, Option<KafkaFailure>> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why records fail: what the connection reported says more than "timed out".
    fn why(&self) -> KafkaFailure {
        let last = self.last().clone();
        let reported = self.witness.failure(DOING);
        let timed_out = || {
            let code = RDKafkaErrorCode::MessageTimedOut;
            KafkaFailure::from_code(code, DOING, Some("the broker does not acknowledge"))
        };
        match (last, reported) {
            (Some(last), Some(reported)) if reported.class >= last.class => reported,
            (last, reported) => last.or(reported).unwrap_or_else(timed_out),
        }
    }

    /// Whether no retry helps.
    fn is_hopeless(&self) -> bool {
        self.last().as_ref().is_some_and(|failure| failure.class > Class::TryAgain)
    }
}

/// One run.
struct Sender<'a> {
    arguments: &'a Arguments,
    topics: &'a Topics,
    mapping: &'a Mapping,
    encodings: Encodings,
    producer: BaseProducer<Receipts>,
    stop: &'a AtomicBool,
    n_history: u64,
    n_messages: u64,
    n_changes: u64,
    began: Instant,
    /// When the last line was written, and what had been sent then.
    progress: (Instant, u64),
    /// When something was acknowledged last, and how much had been by then.
    acknowledged: (Instant, u64),
}

pub(super) fn run(
    arguments: &Arguments,
    config: &Config,
    traffic: Traffic,
    encodings: Encodings,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mut sender = Sender {
        arguments,
        topics: &config.topics,
        mapping: &config.mapping,
        encodings,
        producer: producer(config)?,
        stop,
        n_history: 0,
        n_messages: 0,
        n_changes: 0,
        began,
        progress: (began, 0),
        acknowledged: (began, 0),
    };
    let sent = sender.all(traffic);
    sender.finish(sent)
}

fn producer(config: &Config) -> Result<BaseProducer<Receipts>, Failure> {
    let mut client = config.client_base();
    for (name, value) in [
        ("acks", "all"),
        ("enable.idempotence", "true"),
        // the key decides the partition as in the Java clients
        ("partitioner", "murmur2_random"),
        ("linger.ms", "5"),
        ("compression.type", "lz4"),
        // what is queued at most; when it is full we wait
        ("queue.buffering.max.messages", "100000"),
        ("queue.buffering.max.kbytes", "65536"),
        ("message.timeout.ms", "30000"),
    ] {
        client.set(name, value);
    }
    // for the witness: some causes are told at this level only
    client.set_log_level(RDKafkaLogLevel::Info);
    let receipts = Receipts {
        witness: Witness::default(),
        n_acknowledged: AtomicU64::new(0),
        n_failed: AtomicU64::new(0),
        last_failure: Mutex::new(None),
    };
    client
        .create_with_context(receipts)
        .map_err(|error| KafkaFailure::new(&error, "preparing to send").into())
}

impl Sender<'_> {
    fn all(&mut self, mut traffic: Traffic) -> Result<(), Failure> {
        if !self.arguments.no_history {
            self.history(&traffic)?;
        }
        self.began = Instant::now();
        let per_second = self.arguments.rate * (1.0 + self.arguments.consent_per_message);
        let mut pace = Pace::new(per_second, self.began);
        while !self.is_done() {
            let wait = pace.wait(Instant::now());
            if wait.is_zero() {
                let sample = traffic.next(now());
                if self.send(&sample)? {
                    *(if sample.is_message() {
                        &mut self.n_messages
                    } else {
                        &mut self.n_changes
                    }) += 1;
                }
                pace.sent();
            } else {
                self.producer.poll(wait.min(NAP));
            }
            self.look()?;
        }
        Ok(())
    }

    /// What happened before; acknowledged before the first message, so that it counts for it.
    fn history(&mut self, traffic: &Traffic) -> Result<(), Failure> {
        let mut pace = Pace::new(HISTORY_PER_SECOND, Instant::now());
        for sample in traffic.history() {
            loop {
                let wait = pace.wait(Instant::now());
                if wait.is_zero() || self.is_stopped() {
                    break;
                }
                self.producer.poll(wait.min(NAP));
                self.look()?;
            }
            if self.is_stopped() {
                return Ok(());
            }
            self.n_history += u64::from(self.send(&sample)?);
            pace.sent();
            self.look()?;
        }
        while self.n_in_flight() > 0 && !self.is_stopped() {
            self.producer.poll(NAP);
            self.look()?;
        }
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn is_done(&self) -> bool {
        let Arguments { count, duration, .. } = self.arguments;
        self.is_stopped()
            || count.is_some_and(|count| self.n_messages >= count)
            || duration.is_some_and(|duration| self.began.elapsed() >= duration)
    }

    fn n_sent(&self) -> u64 {
        self.n_history + self.n_messages + self.n_changes
    }

    fn n_in_flight(&self) -> u64 {
        let receipts = self.producer.context();
        let n_known = receipts.n_acknowledged.load(Ordering::Relaxed)
            + receipts.n_failed.load(Ordering::Relaxed);
        self.n_sent().saturating_sub(n_known)
    }

    /// Queues a record; waits while the queue is full. False when it was stopped meanwhile.
    fn send(&mut self, sample: &Sample) -> Result<bool, Failure> {
        let value = encoded(sample, self.encodings.of(sample))?;
        let (topic, is_mapped) = match sample.is_message() {
            true => {
                let topic = self.topics.own_outbound();
                (topic, self.mapping.outbound_message.of(topic).is_some())
            }
            false => (self.topics.consent_change.as_str(), self.mapping.consent_change.is_some()),
        };
        let header = Header { key: HEADER, value: Some(HEADER_VALUE) };
        // elsewhere nobody looks for it, and what is measured is what producers write
        let headers = if is_mapped { plain_headers() } else { OwnedHeaders::new() };
        let mut record = BaseRecord::to(topic)
            .key(sample.key.as_str())
            .payload(value.as_slice())
            .headers(headers.insert(header));
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(true),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(NAP);
                    self.look()?;
                    if self.is_stopped() {
                        return Ok(false);
                    }
                }
                Err((error, _)) => return Err(KafkaFailure::new(&error, DOING).into()),
            }
        }
    }

    /// Serves delivery reports now and then, ends what is hopeless, shows how far it is.
    fn look(&mut self) -> Result<(), Failure> {
        if self.n_sent().is_multiple_of(500) {
            self.producer.poll(Duration::ZERO);
        }
        let now = Instant::now();
        let receipts = self.producer.context();
        if receipts.is_hopeless() {
            return Err(receipts.why().into());
        }
        let n_acknowledged = receipts.n_acknowledged.load(Ordering::Relaxed);
        if n_acknowledged > self.acknowledged.1 || self.n_in_flight() == 0 {
            self.acknowledged = (now, n_acknowledged);
        } else if now.duration_since(self.acknowledged.0) > SILENCE_MAX {
            return Err(self.producer.context().why().into());
        }
        if now.duration_since(self.progress.0) >= PROGRESS {
            self.show(now);
        }
        Ok(())
    }

    /// A line, written over on a terminal.
    fn show(&mut self, now: Instant) {
        let n_sent = self.n_sent();
        let (before, n_before) = std::mem::replace(&mut self.progress, (now, n_sent));
        if self.arguments.quiet {
            return;
        }
        let receipts = self.producer.context();
        let per_second =
            (self.n_sent() - n_before) as f64 / now.duration_since(before).as_secs_f64();
        let line = format!(
            "{:>5} s  sent {}  acknowledged {}  failed {}  {per_second:.1}/s",
            self.began.elapsed().as_secs(),
            self.n_sent(),
            receipts.n_acknowledged.load(Ordering::Relaxed),
            receipts.n_failed.load(Ordering::Relaxed),
        );
        let mut err = io::stderr().lock();
        // nobody is left to tell when standard error is closed
        drop(if err.is_terminal() {
            write!(err, "\r\x1b[K{line}")
        } else {
            writeln!(err, "{line}")
        });
    }

    /// Waits for the last acknowledgements and sums up.
    fn finish(mut self, sent: Result<(), Failure>) -> Result<(), Failure> {
        let deadline = Instant::now() + FLUSH_MAX;
        while sent.is_ok() && self.n_in_flight() > 0 && Instant::now() < deadline {
            self.producer.poll(NAP);
            if self.producer.context().is_hopeless() {
                break;
            }
        }
        let seconds = self.began.elapsed().as_secs_f64();
        if io::stderr().is_terminal() && !self.arguments.quiet {
            self.show(Instant::now());
            drop(writeln!(io::stderr()));
        }
        let receipts = self.producer.context();
        let n_acknowledged = receipts.n_acknowledged.load(Ordering::Relaxed);
        let n_lost = self.n_sent().saturating_sub(n_acknowledged);
        output::print(&format!(
            "sent {} messages and {} consent changes in {seconds:.1} s ({:.1} messages/s), after {} changes of history\n\
             acknowledged {n_acknowledged}, failed or unknown {n_lost}",
            self.n_messages,
            self.n_changes,
            self.n_messages as f64 / seconds.max(0.001),
            self.n_history,
        ))?;
        let why = (n_lost > 0).then(|| receipts.why());
        // what is still queued is not waited for twice
        self.producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        sent?;
        match why {
            None => Ok(()),
            Some(failure) => {
                let code: ExitCode = failure.class.into();
                let text = format!(
                    "{n_lost} of {} records were not acknowledged: {failure}",
                    self.n_sent()
                );
                Err(Failure::new(code, text))
            }
        }
    }
}
