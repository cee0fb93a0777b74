//! Batch consume, with the offsets of end-of-partition events, and a member's generation.

use super::headers::{header_at, raw_headers};
use super::{NativeError, log_through, millis};
use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

/// Reads an assigned consumer in batches.
pub struct BatchReader<C: ConsumerContext + 'static> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    slots: Vec<*mut sys::rd_kafka_message_t>,
    consumer: BaseConsumer<C>,
}

// SAFETY: librdkafka's handles and queues may be used from any thread; `slots` is empty between calls.
unsafe impl<C: ConsumerContext + 'static> Send for BatchReader<C> {}

/// One entry of a batch.
pub enum Polled<'b> {
    /// A record.
    Record(Record<'b>),
    /// Everything before `next_offset` has been read, control and aborted records included.
    EndOfPartition {
        /// Topic.
        topic: &'b str,
        /// Partition.
        partition: i32,
        /// The position reached.
        next_offset: i64,
    },
    /// The consumer reports an error of one partition.
    Error {
        /// Partition, or −1 when it concerns the whole client.
        partition: i32,
        /// Where in the partition; where the batch begins, when it concerns one.
        offset: i64,
        /// What it says.
        error: NativeError,
    },
}

/// A record that lives as long as its batch.
#[derive(Clone, Copy)]
pub struct Record<'b> {
    message: &'b sys::rd_kafka_message_t,
    /// Topic.
    pub topic: &'b str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Record timestamp in milliseconds, 0 when the broker gave none.
    pub timestamp_ms: i64,
    /// The broker dated the record when it came (`LogAppendTime`), not its producer.
    pub is_dated_by_broker: bool,
    /// Key; `None` is null, not empty.
    pub key: Option<&'b [u8]>,
    /// Value; `None` is null, not empty.
    pub value: Option<&'b [u8]>,
}

impl<'b> Record<'b> {
    /// The last header of that name; `None` when absent or null.
    pub fn header(&self, name: &CStr) -> Option<&'b [u8]> {
        let mut headers = ptr::null_mut();
        let (mut value, mut len) = (ptr::null(), 0usize);
        // SAFETY: the message is live for 'b and owns its headers; the call only reads them (parsing them on
        // first use, which is why it wants a mutable pointer; the batch is used by one thread).
        unsafe {
            let message = ptr::from_ref(self.message);
            if sys::rd_kafka_message_headers(message, &raw mut headers)
                != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
                || sys::rd_kafka_header_get_last(
                    headers,
                    name.as_ptr(),
                    &raw mut value,
                    &raw mut len,
                ) != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                return None;
            }
            (!value.is_null()).then(|| std::slice::from_raw_parts(value.cast::<u8>(), len))
        }
    }

    /// The header with this number, from 0: its name and its value, which may be null; `None` behind the last.
    pub fn header_at(&self, index: usize) -> Option<(&'b [u8], Option<&'b [u8]>)> {
        // SAFETY: as in `header`.
        unsafe { header_at(raw_headers(ptr::from_ref(self.message))?, index) }
    }
}

/// Messages taken from the consumer; destroyed together.
pub struct Batch<'r> {
    messages: &'r mut Vec<*mut sys::rd_kafka_message_t>,
}

impl<C: ConsumerContext + 'static> BatchReader<C> {
    /// Wraps a consumer that was created with a group id and is fed by `assign`.
    ///
    /// # Errors
    /// When the consumer has no consumer queue (it was created without a group id).
    pub fn new(consumer: BaseConsumer<C>, records_max: usize) -> Result<Self, NativeError> {
        log_through(consumer.client());
        // SAFETY: the handle is live; the returned reference is released in `drop`, before the consumer.
        let queue = unsafe { sys::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        let queue = NonNull::new(queue).ok_or_else(|| {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_GROUP;
            NativeError::new("consumer queue", code, "the consumer has no group id")
        })?;
        Ok(Self { queue, slots: Vec::with_capacity(records_max), consumer })
    }

    /// The consumer, for assign, seek and pause.
    pub fn consumer(&self) -> &BaseConsumer<C> {
        &self.consumer
    }

    /// Takes what is there, waiting at most `timeout` for the first entry.
    ///
    /// Two calls, because librdkafka waits out the time-out unless the whole batch fills up: one entry with
    /// the time-out, then what else is queued without waiting.
    pub fn poll(&mut self, timeout: Duration) -> Batch<'_> {
        self.fill(timeout, 1);
        if !self.slots.is_empty() {
            self.fill(Duration::ZERO, self.slots.capacity() - self.slots.len());
        }
        Batch { messages: &mut self.slots }
    }

    /// Appends at most `n_max` entries; the buffer has room for them.
    fn fill(&mut self, timeout: Duration, n_max: usize) {
        let n_known = self.slots.len();
        let n_max = n_max.min(self.slots.capacity() - n_known);
        // SAFETY: the spare capacity holds at least `n_max` pointers; librdkafka writes `n` valid message
        // pointers there that we own from then on, and `set_len` exposes exactly those.
        unsafe {
            let n = sys::rd_kafka_consume_batch_queue(
                self.queue.as_ptr(),
                millis(timeout),
                self.slots.as_mut_ptr().add(n_known),
                n_max,
            );
            self.slots.set_len(n_known + usize::try_from(n).unwrap_or(0));
        }
    }
}

impl<C: ConsumerContext + 'static> Drop for BatchReader<C> {
    fn drop(&mut self) {
        // SAFETY: releases the reference taken in `new`, once; the consumer is still alive here.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

impl Batch<'_> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The entries in the order librdkafka delivered them, which keeps the order of each partition.
    pub fn iter(&self) -> impl Iterator<Item = Polled<'_>> {
        self.messages.iter().map(|message| {
            // SAFETY: the pointer is a live message of this batch, destroyed only in `drop`, and the
            // borrowed slices are tied to `&self`.
            let message = unsafe { &**message };
            // SAFETY: key and payload point to `len` bytes inside the message, or are null.
            let bytes = |data: *mut c_void, len: usize| unsafe {
                (!data.is_null()).then(|| std::slice::from_raw_parts(data.cast::<u8>(), len))
            };
            let topic = topic_name(message);
            match message.err {
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {
                    let mut dated_by =
                        sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
                    // SAFETY: the message is live; the type is written where we own it.
                    let timestamp_ms =
                        unsafe { sys::rd_kafka_message_timestamp(message, &raw mut dated_by) };
                    Polled::Record(Record {
                        message,
                        topic,
                        partition: message.partition,
                        offset: message.offset,
                        timestamp_ms: timestamp_ms.max(0),
                        is_dated_by_broker: dated_by
                            == sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
                        key: bytes(message.key, message.key_len),
                        value: bytes(message.payload, message.len),
                    })
                }
                RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => Polled::EndOfPartition {
                    topic,
                    partition: message.partition,
                    next_offset: message.offset,
                },
                code => {
                    let text = bytes(message.payload, message.len).unwrap_or_default();
                    let text = String::from_utf8_lossy(text);
                    let error = NativeError::new("consume", code, text.trim_end_matches('\0'));
                    let partition = if message.rkt.is_null() { -1 } else { message.partition };
                    Polled::Error { partition, offset: message.offset, error }
                }
            }
        })
    }
}

fn topic_name(message: &sys::rd_kafka_message_t) -> &str {
    if message.rkt.is_null() {
        return "";
    }
    // SAFETY: the topic handle belongs to the live message; its name is NUL-terminated and lives as long.
    let name = unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(message.rkt)) };
    name.to_str().unwrap_or_default()
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for message in self.messages.drain(..) {
            // SAFETY: each pointer was handed to us by librdkafka and is destroyed exactly once.
            unsafe { sys::rd_kafka_message_destroy(message) };
        }
    }
}

/// A consumer's membership in its group at one moment, needed to commit offsets in a transaction.
pub struct GroupMembership {
    metadata: NonNull<sys::rd_kafka_consumer_group_metadata_t>,
}

// SAFETY: a copy of its own, tied to no thread and to no client.
unsafe impl Send for GroupMembership {}

impl GroupMembership {
    /// Reads it from the consumer. `None` while the consumer is no member (generation below zero): the
    /// broker would accept such a commit without fencing.
    pub fn of<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Option<Self> {
        // SAFETY: the handle is live; the returned object is ours and destroyed in `drop`.
        let metadata =
            unsafe { sys::rd_kafka_consumer_group_metadata(consumer.client().native_ptr()) };
        let membership = Self { metadata: NonNull::new(metadata)? };
        // SAFETY: the object is live.
        let generation = unsafe {
            sys::rd_kafka_consumer_group_metadata_generation_id(membership.metadata.as_ptr())
        };
        (generation >= 0).then_some(membership)
    }

    pub(super) fn as_ptr(&self) -> *const sys::rd_kafka_consumer_group_metadata_t {
        self.metadata.as_ptr()
    }
}

impl Drop for GroupMembership {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.metadata.as_ptr()) };
    }
}
