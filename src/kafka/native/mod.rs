//! The few librdkafka calls that rdkafka's safe layer lacks: the only `unsafe` in this program.
//!
//! - messages of a group member in batches, each owned, on a queue apart from the group's events;
//! - batch consume that keeps the offset of end-of-partition events (the safe layer drops it, and without
//!   it a reader cannot know that it has passed control records);
//! - a transactional producer that commits without the safe layer's 100 ms steps and counts every `EndTxn`
//!   it sends (a repeated one can commit half of the next transaction, KAFKA-17754);
//! - the id of a topic, which tells it from one of the same name that was made later, and its partitions as one
//!   broker knows them;
//! - the generation of a group membership (the broker accepts commits of generation −1);
//! - the rebalance delay of the mock cluster, for the demo.
//!
//! INVARIANT: each wrapper owns its native object and outlives what it hands out.
#![allow(unsafe_code, reason = "the one FFI module; every block states why it is sound")]

mod consumer;
mod headers;
mod inbox;
mod producer;
mod topic_facts;

pub use consumer::{Batch, BatchReader, GroupMembership, Polled, Record};
pub use headers::header_of;
pub use inbox::{Inbox, Message, Trouble};
pub use producer::{
    NativeHeaders, OffsetsOnTheirWay, TopicIndex, TransactionalProducer, WrittenTopic,
};
pub use topic_facts::{TopicFacts, TopicQuestion, topic_facts, topic_facts_of_any};

use rdkafka::bindings as sys;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, c_char, c_int};
use std::ptr::NonNull;
use std::time::Duration;

/// A librdkafka call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {text} ({code:?})")]
pub struct NativeError {
    /// What was tried.
    pub operation: &'static str,
    /// librdkafka's code.
    pub code: RDKafkaErrorCode,
    /// librdkafka's sentence.
    pub text: String,
    /// The producer is lost and must be replaced.
    pub is_fatal: bool,
    /// The transaction must be aborted; the producer lives.
    pub requires_abort: bool,
}

impl NativeError {
    fn new(operation: &'static str, code: RDKafkaRespErr, text: impl Into<String>) -> Self {
        Self {
            operation,
            code: code.into(),
            text: text.into(),
            is_fatal: false,
            requires_abort: false,
        }
    }

    /// The abort is through, but the request that a repeated one was sent for may still be on its way.
    pub fn end_txn_repeated() -> Self {
        let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT;
        Self::new("abort transaction", code, "EndTxn was sent more than once")
    }
}

fn millis(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX)
}

/// Takes ownership of an error object, null meaning success.
fn check_error(
    operation: &'static str,
    error: *mut sys::rd_kafka_error_t,
) -> Result<(), NativeError> {
    let Some(error) = NonNull::new(error) else {
        return Ok(());
    };
    let error = error.as_ptr();
    // SAFETY: `error` is a live error object that the call handed to us; it is read and then destroyed once.
    unsafe {
        let text = CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy().into_owned();
        let failure = NativeError {
            operation,
            code: sys::rd_kafka_error_code(error).into(),
            text,
            is_fatal: sys::rd_kafka_error_is_fatal(error) != 0,
            requires_abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
        };
        sys::rd_kafka_error_destroy(error);
        Err(failure)
    }
}

/// Lowers the mock cluster's initial rebalance delay (3 s), so that the demo decides at once.
pub fn mock_rebalance_delay<C: rdkafka::ClientContext>(
    client: &rdkafka::client::Client<C>,
    delay: Duration,
) {
    // SAFETY: the handle is live; a null cluster (no mock) is skipped.
    unsafe {
        let cluster = sys::rd_kafka_handle_mock_cluster(client.native_ptr());
        if !cluster.is_null() {
            sys::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, millis(delay));
        }
    }
}

/// What librdkafka says when another client has taken a transactional id or a member's name over.
const FENCED: [&str; 4] = [
    "This instance has been fenced by a newer instance",
    "Producer attempted an operation with an old epoch",
    "There is a newer producer with the same transactionalId",
    "Static consumer fenced by other consumer",
];

/// Whether a line is about being fenced. That is how instances take over from each other, two that start together among
/// them; whoever used the client has the error too, goes on with a new one, and says so when that is in vain.
fn is_about_fence(facility: &str, text: &str) -> bool {
    // the same line comes under either, depending on who reports it
    matches!(facility, "FATAL" | "ERROR") && FENCED.iter().any(|fenced| text.contains(fenced))
}

/// Logs as every other part of the gate does; librdkafka's own printer would write raw lines between them.
unsafe extern "C" fn on_log(
    _client: *const sys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    text: *const c_char,
) {
    // SAFETY: both are NUL-terminated and live during the call.
    let (facility, text) = unsafe {
        (CStr::from_ptr(facility).to_string_lossy(), CStr::from_ptr(text).to_string_lossy())
    };
    if is_about_fence(&facility, &text) {
        tracing::info!("another client has taken over a transactional id or a place in the group");
    } else if level <= 3 {
        tracing::error!(target: "librdkafka", %facility, "{text}");
    } else if level == 4 {
        tracing::warn!(target: "librdkafka", %facility, "{text}");
    } else {
        tracing::debug!(target: "librdkafka", %facility, "{text}");
    }
}

/// Sends a client's log lines to our log. To be called once, by whoever creates a client that is served by
/// native calls or only asked questions: librdkafka's printer would handle them otherwise.
pub fn log_through<C: rdkafka::ClientContext>(client: &rdkafka::client::Client<C>) {
    // SAFETY: the handle is live and used by nobody else yet; the logger is a static function.
    unsafe { sys::rd_kafka_set_logger(client.native_ptr(), Some(on_log)) };
}

/// Takes what a client that is only asked questions has queued, its log lines above all: nobody else does,
/// and the queue would grow with every outage.
pub fn serve<C: rdkafka::ClientContext>(client: &rdkafka::client::Client<C>) {
    // SAFETY: the handle is live; a poll without wait may be called from any thread.
    unsafe { sys::rd_kafka_poll(client.native_ptr(), 0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_no_error_and_any_other_fatal_one_is() {
        let fenced = "[thrd:main]: Fatal error: Broker: Producer attempted an operation with an old epoch: txn";
        assert!(is_about_fence("FATAL", fenced) && is_about_fence("ERROR", fenced));
        assert!(!is_about_fence("FAIL", fenced));
        assert!(!is_about_fence("FATAL", "Fatal error: Local: Required feature not supported"));
    }
}
