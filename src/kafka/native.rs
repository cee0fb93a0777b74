//! The few librdkafka calls that rdkafka's safe layer lacks: the only `unsafe` in this program.
//!
//! - batch consume that keeps the offset of end-of-partition events (the safe layer drops it, and without
//!   it a reader cannot know that it has passed control records);
//! - a transactional producer that commits without the safe layer's 100 ms steps and counts every `EndTxn`
//!   it sends (a repeated one can commit half of the next transaction, KAFKA-17754);
//! - the generation of a group membership (the broker accepts commits of generation −1);
//! - the rebalance delay of the mock cluster, for the demo.
//!
//! INVARIANT: each wrapper owns its native object and outlives what it hands out.
#![allow(
    unsafe_code,
    reason = "the one FFI module; every block states why it is sound"
)]

use rdkafka::ClientConfig;
use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The Kafka protocol's number of the `EndTxn` request.
const END_TXN_API_KEY: i16 = 26;

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
        let text = CStr::from_ptr(sys::rd_kafka_error_string(error))
            .to_string_lossy()
            .into_owned();
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
        // SAFETY: the handle is live; the returned reference is released in `drop`, before the consumer.
        let queue = unsafe { sys::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        let queue = NonNull::new(queue).ok_or_else(|| {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_GROUP;
            NativeError::new("consumer queue", code, "the consumer has no group id")
        })?;
        Ok(Self {
            queue,
            slots: Vec::with_capacity(records_max),
            consumer,
        })
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
        Batch {
            messages: &mut self.slots,
        }
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
            self.slots
                .set_len(n_known + usize::try_from(n).unwrap_or(0));
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
                    // SAFETY: the message is live; a null timestamp type is allowed.
                    let timestamp_ms =
                        unsafe { sys::rd_kafka_message_timestamp(message, ptr::null_mut()) };
                    Polled::Record(Record {
                        message,
                        topic,
                        partition: message.partition,
                        offset: message.offset,
                        timestamp_ms: timestamp_ms.max(0),
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
                    let partition = if message.rkt.is_null() {
                        -1
                    } else {
                        message.partition
                    };
                    Polled::Error { partition, error }
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

impl GroupMembership {
    /// Reads it from the consumer. `None` while the consumer is no member (generation below zero): the
    /// broker would accept such a commit without fencing.
    pub fn of<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Option<Self> {
        // SAFETY: the handle is live; the returned object is ours and destroyed in `drop`.
        let metadata =
            unsafe { sys::rd_kafka_consumer_group_metadata(consumer.client().native_ptr()) };
        let membership = Self {
            metadata: NonNull::new(metadata)?,
        };
        // SAFETY: the object is live.
        let generation = unsafe {
            sys::rd_kafka_consumer_group_metadata_generation_id(membership.metadata.as_ptr())
        };
        (generation >= 0).then_some(membership)
    }
}

impl Drop for GroupMembership {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.metadata.as_ptr()) };
    }
}

/// State that librdkafka's threads write for one producer.
#[derive(Default)]
struct ProducerShared {
    end_txn_sent: AtomicU64,
}

/// A transactional producer without delivery reports.
pub struct TransactionalProducer {
    client: NonNull<sys::rd_kafka_t>,
    topics: Vec<NonNull<sys::rd_kafka_topic_t>>,
    // Boxed: librdkafka's threads hold its address until the client is destroyed.
    shared: Box<ProducerShared>,
}

// SAFETY: librdkafka clients may be used from any thread.
unsafe impl Send for TransactionalProducer {}

/// A topic of a [`TransactionalProducer`], by its position in the list given to `new`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicIndex(pub usize);

/// Headers under construction; handed over to `produce`.
pub struct NativeHeaders {
    headers: NonNull<sys::rd_kafka_headers_t>,
}

impl NativeHeaders {
    /// Room for `capacity` headers.
    pub fn with_capacity(capacity: usize) -> Self {
        // SAFETY: allocates; librdkafka aborts on out-of-memory, so the pointer is never null.
        let headers = unsafe { sys::rd_kafka_headers_new(capacity) };
        Self {
            headers: NonNull::new(headers).unwrap_or(NonNull::dangling()),
        }
    }

    /// Appends a header; `None` is a null value.
    pub fn push(&mut self, name: &str, value: Option<&[u8]>) {
        let (data, len) =
            value.map_or((ptr::null(), 0), |v| (v.as_ptr().cast::<c_void>(), v.len()));
        // SAFETY: name and value are copied before the call returns; sizes are those of the slices.
        unsafe {
            sys::rd_kafka_header_add(
                self.headers.as_ptr(),
                name.as_ptr().cast::<c_char>(),
                name.len().cast_signed(),
                data,
                len.cast_signed(),
            )
        };
    }
}

impl Drop for NativeHeaders {
    fn drop(&mut self) {
        // SAFETY: owned unless `produce` took it over (and forgot this wrapper).
        unsafe { sys::rd_kafka_headers_destroy(self.headers.as_ptr()) };
    }
}

unsafe extern "C" fn on_new(
    client: *mut sys::rd_kafka_t,
    _conf: *const sys::rd_kafka_conf_t,
    opaque: *mut c_void,
    _errstr: *mut c_char,
    _errstr_size: usize,
) -> RDKafkaRespErr {
    // SAFETY: called while the client is created, before any of its threads sends; name is static.
    unsafe {
        sys::rd_kafka_interceptor_add_on_request_sent(
            client,
            c"consent-gate".as_ptr(),
            Some(on_request_sent),
            opaque,
        )
    }
}

unsafe extern "C" fn on_request_sent(
    _client: *mut sys::rd_kafka_t,
    _socket: c_int,
    _broker: *const c_char,
    _broker_id: i32,
    api_key: i16,
    _api_version: i16,
    _correlation_id: i32,
    _size: usize,
    opaque: *mut c_void,
) -> RDKafkaRespErr {
    if api_key == END_TXN_API_KEY {
        // SAFETY: `opaque` is the boxed `ProducerShared`, alive until the client is destroyed.
        let shared = unsafe { &*opaque.cast::<ProducerShared>() };
        shared.end_txn_sent.fetch_add(1, Ordering::Relaxed);
    }
    RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
}

unsafe extern "C" fn on_log(
    _client: *const sys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    text: *const c_char,
) {
    // SAFETY: both are NUL-terminated and live during the call.
    let (facility, text) = unsafe {
        (
            CStr::from_ptr(facility).to_string_lossy(),
            CStr::from_ptr(text).to_string_lossy(),
        )
    };
    if level <= 3 {
        tracing::error!(target: "librdkafka", %facility, "{text}");
    } else if level == 4 {
        tracing::warn!(target: "librdkafka", %facility, "{text}");
    } else {
        tracing::debug!(target: "librdkafka", %facility, "{text}");
    }
}

impl TransactionalProducer {
    /// Creates the client and its topic handles.
    ///
    /// # Errors
    /// When a property is not valid.
    pub fn new(config: &ClientConfig, topics: &[&str]) -> Result<Self, NativeError> {
        let invalid = |text: String| {
            NativeError::new(
                "create producer",
                RDKafkaRespErr::RD_KAFKA_RESP_ERR__INVALID_ARG,
                text,
            )
        };
        let shared = Box::new(ProducerShared::default());
        let opaque = ptr::from_ref::<ProducerShared>(&shared)
            .cast_mut()
            .cast::<c_void>();
        let conf = config
            .create_native_config()
            .map_err(|e| invalid(e.to_string()))?;
        let mut text = [0u8; 512];
        // SAFETY: the configuration is live; on success `rd_kafka_new` takes it over, so the wrapper is
        // forgotten; on failure it stays ours and is dropped.
        let client = unsafe {
            sys::rd_kafka_conf_set_log_cb(conf.ptr(), Some(on_log));
            // in this mode a flush waits for the message count to reach zero; in the other it polls in
            // 10 ms steps, which nothing cuts short when there are no delivery reports
            sys::rd_kafka_conf_set_events(conf.ptr(), sys::RD_KAFKA_EVENT_DR);
            let name = c"consent-gate".as_ptr();
            sys::rd_kafka_conf_interceptor_add_on_new(conf.ptr(), name, Some(on_new), opaque);
            sys::rd_kafka_new(
                sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
                conf.ptr(),
                text.as_mut_ptr().cast::<c_char>(),
                text.len(),
            )
        };
        let client = NonNull::new(client).ok_or_else(|| {
            let text = CStr::from_bytes_until_nul(&text).unwrap_or_default();
            invalid(text.to_string_lossy().into_owned())
        })?;
        std::mem::forget(conf);
        let mut producer = Self {
            client,
            topics: Vec::with_capacity(topics.len()),
            shared,
        };
        for topic in topics {
            let name = CString::new(*topic).map_err(|_| invalid("NUL in a topic name".into()))?;
            // SAFETY: the client is live, the name is copied, a null configuration means the default one.
            let handle =
                unsafe { sys::rd_kafka_topic_new(client.as_ptr(), name.as_ptr(), ptr::null_mut()) };
            producer.topics.push(
                NonNull::new(handle).ok_or_else(|| invalid(format!("topic `{topic}` refused")))?,
            );
        }
        Ok(producer)
    }

    /// How many `EndTxn` requests have been written to a socket so far.
    pub fn end_txn_sent(&self) -> u64 {
        self.shared.end_txn_sent.load(Ordering::Relaxed)
    }

    /// Fences older producers with the same id and finishes what they left open.
    ///
    /// # Errors
    /// Retriable until the coordinator answers; fatal when refused.
    pub fn init_transactions(&self, timeout: Duration) -> Result<(), NativeError> {
        // SAFETY: the client is live.
        let error =
            unsafe { sys::rd_kafka_init_transactions(self.client.as_ptr(), millis(timeout)) };
        check_error("init transactions", error)
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When one is open or the producer is lost.
    pub fn begin(&self) -> Result<(), NativeError> {
        // SAFETY: the client is live.
        let error = unsafe { sys::rd_kafka_begin_transaction(self.client.as_ptr()) };
        check_error("begin transaction", error)
    }

    /// Queues a record; key and value are copied.
    ///
    /// # Errors
    /// When the queue is full, the record is too large, or the producer is lost.
    pub fn produce(
        &self,
        topic: TopicIndex,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: NativeHeaders,
    ) -> Result<(), NativeError> {
        use sys::rd_kafka_vtype_t as vtype;
        let Some(handle) = self.topics.get(topic.0) else {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
            return Err(NativeError::new("produce", code, "no such topic handle"));
        };
        let memory = |bytes: Option<&[u8]>| sys::rd_kafka_vu_s__bindgen_ty_1 {
            mem: sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
                ptr: bytes.map_or(ptr::null_mut(), |b| b.as_ptr().cast_mut().cast::<c_void>()),
                size: bytes.map_or(0, <[u8]>::len),
            },
        };
        type Argument = sys::rd_kafka_vu_s__bindgen_ty_1;
        let arguments = [
            (
                vtype::RD_KAFKA_VTYPE_RKT,
                Argument {
                    rkt: handle.as_ptr(),
                },
            ),
            (
                vtype::RD_KAFKA_VTYPE_MSGFLAGS,
                Argument {
                    i: sys::RD_KAFKA_MSG_F_COPY,
                },
            ),
            (vtype::RD_KAFKA_VTYPE_KEY, memory(key)),
            (vtype::RD_KAFKA_VTYPE_VALUE, memory(value)),
            (
                vtype::RD_KAFKA_VTYPE_HEADERS,
                Argument {
                    headers: headers.headers.as_ptr(),
                },
            ),
        ]
        .map(|(vtype, u)| sys::rd_kafka_vu_t { vtype, u });
        // SAFETY: the array holds valid arguments of the stated types; key and value are copied
        // (MSG_F_COPY); the headers pass to librdkafka only on success.
        let error = unsafe {
            sys::rd_kafka_produceva(self.client.as_ptr(), arguments.as_ptr(), arguments.len())
        };
        check_error("produce", error)?;
        std::mem::forget(headers);
        Ok(())
    }

    /// Adds the consumer's offsets to the transaction.
    ///
    /// # Errors
    /// When the membership is stale (abort) or the producer is lost (fatal).
    pub fn send_offsets(
        &self,
        offsets: &TopicPartitionList,
        membership: &GroupMembership,
        timeout: Duration,
    ) -> Result<(), NativeError> {
        // SAFETY: all three objects are live and only read.
        let error = unsafe {
            sys::rd_kafka_send_offsets_to_transaction(
                self.client.as_ptr(),
                offsets.ptr(),
                membership.metadata.as_ptr(),
                millis(timeout),
            )
        };
        check_error("send offsets", error)
    }

    /// Flushes and commits.
    ///
    /// # Errors
    /// Abort, fatal, or (neither) indeterminate: the producer must be replaced.
    pub fn commit(&self, timeout: Duration) -> Result<(), NativeError> {
        // SAFETY: the client is live.
        let error =
            unsafe { sys::rd_kafka_commit_transaction(self.client.as_ptr(), millis(timeout)) };
        check_error("commit transaction", error)
    }

    /// Aborts the open transaction.
    ///
    /// # Errors
    /// As [`TransactionalProducer::commit`].
    pub fn abort(&self, timeout: Duration) -> Result<(), NativeError> {
        // SAFETY: the client is live.
        let error =
            unsafe { sys::rd_kafka_abort_transaction(self.client.as_ptr(), millis(timeout)) };
        check_error("abort transaction", error)
    }

    /// Throws away queued reports of failed deliveries: the failed commit says all there is to say.
    pub fn drain_reports(&self) {
        // SAFETY: the main queue is a reference of its own, released below; every event is ours and
        // destroyed once.
        unsafe {
            let queue = sys::rd_kafka_queue_get_main(self.client.as_ptr());
            loop {
                let event = sys::rd_kafka_queue_poll(queue, 0);
                if event.is_null() {
                    break;
                }
                sys::rd_kafka_event_destroy(event);
            }
            sys::rd_kafka_queue_destroy(queue);
        }
    }
}

impl Drop for TransactionalProducer {
    fn drop(&mut self) {
        // SAFETY: handles and client are owned and destroyed once, the handles first. Purging keeps the
        // destruction from waiting for records of an abandoned transaction. `shared` is dropped after.
        unsafe {
            let purge = sys::RD_KAFKA_PURGE_F_QUEUE | sys::RD_KAFKA_PURGE_F_INFLIGHT;
            sys::rd_kafka_purge(self.client.as_ptr(), purge);
            for topic in self.topics.drain(..) {
                sys::rd_kafka_topic_destroy(topic.as_ptr());
            }
            sys::rd_kafka_destroy(self.client.as_ptr());
        }
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
