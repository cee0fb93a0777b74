//! The steps of a lane without brokers: doubles stand for messages, the outputs, the changelog and the input topic. The
//! whole lane runs against librdkafka's mock cluster in `service/tests` and against Kafka in `tests/kafka`.

mod batches;
mod clocks;
mod judging;
mod reconciling;
mod restoring;
mod still;
mod upcoming;

use super::batch::{Batch, Incoming};
use crate::barrier::Hold;
use crate::kafka::native::{NativeError, Trouble};
use crate::kafka::source::{SourcePartition, SourceTopics};
use crate::metrics::{HoldCause, Metrics, TopicNames};
use crate::pipeline::Setback;
use crate::records::Headers;
use rdkafka::error::RDKafkaErrorCode;
use std::sync::Arc;

/// A message of the input topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Double {
    topic: usize,
    partition: i32,
    offset: i64,
    value: Option<Vec<u8>>,
    headers: Vec<&'static str>,
}

impl Incoming for Double {
    fn source(&self) -> SourcePartition {
        SourcePartition { topic: self.topic, partition: self.partition }
    }

    fn offset(&self) -> i64 {
        self.offset
    }

    fn key(&self) -> Option<&[u8]> {
        None
    }

    fn payload(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    fn has_header(&self, name: &[u8]) -> bool {
        self.headers.iter().any(|known| known.as_bytes() == name)
    }
}

impl Headers for Double {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        Some((self.headers.get(at)?, None))
    }
}

/// A partition of the only topic.
fn source(partition: i32) -> SourcePartition {
    SourcePartition { topic: 0, partition }
}

fn message(partition: i32, offset: i64) -> Double {
    Double { partition, offset, ..Double::default() }
}

/// The topics, of which most tests need one.
fn topics() -> SourceTopics {
    SourceTopics::new(&["outbound".to_owned(), "other".to_owned()])
}

fn batch(places: &[(i32, i64)]) -> Batch<Double> {
    let mut batch = Batch::default();
    places.iter().for_each(|(partition, offset)| batch.push(message(*partition, *offset)));
    batch
}

fn places(batch: &Batch<Double>) -> Vec<(i32, i64)> {
    batch.messages().iter().map(|message| (message.partition, message.offset)).collect()
}

fn metrics() -> Arc<Metrics> {
    Metrics::new(TopicNames::default()).unwrap()
}

fn native(code: RDKafkaErrorCode) -> NativeError {
    NativeError {
        operation: "test",
        code,
        text: String::from("said so"),
        is_fatal: false,
        requires_abort: false,
    }
}

fn trouble(partition: i32, offset: i64, code: RDKafkaErrorCode) -> Trouble {
    Trouble { source: (partition >= 0).then(|| source(partition)), offset, error: native(code) }
}

/// The hold, when a step must wait.
fn hold_of<T>(result: Result<T, Setback>) -> Hold {
    match result {
        Err(Setback::Hold(hold)) => hold,
        Err(_) => panic!("another setback"),
        Ok(_) => panic!("no setback"),
    }
}

fn cause_of<T>(result: Result<T, Setback>) -> HoldCause {
    hold_of(result).cause
}
