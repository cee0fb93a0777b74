//! A transactional producer that counts what it sends and commits without waiting in steps.

use super::{GroupMembership, NativeError, check_error, millis, on_log};
use rdkafka::ClientConfig;
use rdkafka::bindings as sys;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// The Kafka protocol's number of the `EndTxn` request.
const END_TXN_API_KEY: i16 = 26;
/// librdkafka's number for "the key decides".
const BY_KEY: i32 = -1;
/// How long one step of a flush or an abort waits before reports are taken.
const STEP: Duration = Duration::from_millis(100);
/// The first steps of a flush. Each step wakes librdkafka's threads, and nothing else does when a partition has
/// become part of the transaction after the first: its records would lie there for the rest of the step.
const FLUSH_STEP_MIN: Duration = Duration::from_millis(1);
/// How much longer than its own limit librdkafka may take to answer.
const ANSWER_GRACE: Duration = Duration::from_secs(2);
/// Steps of one length; then they double, up to [`STEP`].
const FLUSH_STEPS: u32 = 16;

/// State that librdkafka's threads write for one producer.
struct ProducerShared {
    end_txn_sent: AtomicU64,
    created: Instant,
    /// When the open transaction's first `EndTxn` was sent, in nanoseconds since `created`; 0 = not yet.
    end_txn_first: AtomicU64,
    /// By a broker's clock, when it took the last record of the open transaction, in milliseconds; [`NOT_TOLD`] while
    /// none went to a topic that has the brokers' time.
    appended_ms: AtomicI64,
    /// When its answer came, in nanoseconds since `created`.
    answered: AtomicU64,
}

/// What librdkafka's mock cluster, which the demo runs on, says about every record; no broker's clock stands there.
const MOCK_APPENDED_MS: i64 = 1_234;
/// No broker has said what time it is.
const NOT_TOLD: i64 = i64::MIN;

impl ProducerShared {
    fn nanos(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
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
// SAFETY: and from several at a time; `topics` does not change after `new`.
unsafe impl Sync for TransactionalProducer {}

/// Offsets that are being added to a transaction.
#[must_use]
pub struct OffsetsOnTheirWay {
    answered: Receiver<Result<(), NativeError>>,
    deadline: Instant,
}

/// A topic of a [`TransactionalProducer`], by its position in the list given to `new`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicIndex(pub usize);

/// A topic of a [`TransactionalProducer`], and how its records are written.
#[derive(Clone, Copy, Debug)]
pub struct WrittenTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// Properties of librdkafka that are not those of the client's other topics.
    pub properties: &'a [(&'a CStr, &'a CStr)],
}

impl<'a> WrittenTopic<'a> {
    /// As the client writes all its topics.
    #[must_use]
    pub const fn named(name: &'a str) -> Self {
        Self { name, properties: &[] }
    }
}

/// Headers under construction; handed over to `produce`.
pub struct NativeHeaders {
    headers: NonNull<sys::rd_kafka_headers_t>,
}

impl NativeHeaders {
    /// Room for `capacity` headers.
    pub fn with_capacity(capacity: usize) -> Self {
        // SAFETY: allocates; librdkafka aborts on out-of-memory, so the pointer is never null.
        let headers = unsafe { sys::rd_kafka_headers_new(capacity) };
        Self { headers: NonNull::new(headers).unwrap_or(NonNull::dangling()) }
    }

    /// Appends a header; `None` is a null value.
    pub fn push(&mut self, name: &[u8], value: Option<&[u8]>) {
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
    let name = c"consent-gate".as_ptr();
    // SAFETY: called while the client is created, before any of its threads sends; name is static.
    unsafe {
        let added = sys::rd_kafka_interceptor_add_on_acknowledgement(
            client,
            name,
            Some(on_acknowledgement),
            opaque,
        );
        if added != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return added;
        }
        sys::rd_kafka_interceptor_add_on_request_sent(client, name, Some(on_request_sent), opaque)
    }
}

/// A record was taken, or not; of a topic with `LogAppendTime` the answer says what time it is at the broker.
unsafe extern "C" fn on_acknowledgement(
    _client: *mut sys::rd_kafka_t,
    message: *mut sys::rd_kafka_message_t,
    opaque: *mut c_void,
) -> RDKafkaRespErr {
    // SAFETY: the message is live during the call; `opaque` is the boxed `ProducerShared`, alive until the client
    // is destroyed.
    let (message, shared) = unsafe { (&*message, &*opaque.cast::<ProducerShared>()) };
    let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: both are live during the call.
    let appended_ms = unsafe { sys::rd_kafka_message_timestamp(message, &raw mut kind) };
    let is_brokers = kind == sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
    let is_real = appended_ms != MOCK_APPENDED_MS;
    if is_brokers && is_real && message.err == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        // two answers at a time may mix, and are a moment apart
        shared.answered.store(shared.nanos(), Ordering::Relaxed);
        shared.appended_ms.store(appended_ms, Ordering::Relaxed);
    }
    RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
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
        let (unset, now) = (0, shared.nanos());
        // a repeated request does not count anew
        let first = &shared.end_txn_first;
        first.compare_exchange(unset, now, Ordering::Relaxed, Ordering::Relaxed).ok();
    }
    RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
}

impl TransactionalProducer {
    /// Creates the client and its topic handles.
    ///
    /// # Errors
    /// When a property is not valid.
    pub fn new(config: &ClientConfig, topics: &[WrittenTopic<'_>]) -> Result<Self, NativeError> {
        let invalid = |text: String| {
            NativeError::new(
                "create producer",
                RDKafkaRespErr::RD_KAFKA_RESP_ERR__INVALID_ARG,
                text,
            )
        };
        let shared = Box::new(ProducerShared {
            end_txn_sent: AtomicU64::new(0),
            created: Instant::now(),
            end_txn_first: AtomicU64::new(0),
            appended_ms: AtomicI64::new(NOT_TOLD),
            answered: AtomicU64::new(0),
        });
        let opaque = ptr::from_ref::<ProducerShared>(&shared).cast_mut().cast::<c_void>();
        let conf = config.create_native_config().map_err(|e| invalid(e.to_string()))?;
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
        let mut producer = Self { client, topics: Vec::with_capacity(topics.len()), shared };
        for topic in topics {
            let name =
                CString::new(topic.name).map_err(|_| invalid("NUL in a topic name".into()))?;
            // SAFETY: the client is live; the copy is ours until the topic takes it over.
            let conf = unsafe { sys::rd_kafka_default_topic_conf_dup(client.as_ptr()) };
            for (property, value) in topic.properties {
                // SAFETY: the configuration is live; name and value are copied, the buffer has the length it is said to have.
                let set = unsafe {
                    sys::rd_kafka_topic_conf_set(
                        conf,
                        property.as_ptr(),
                        value.as_ptr(),
                        text.as_mut_ptr().cast::<c_char>(),
                        text.len(),
                    )
                };
                if set != sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
                    // SAFETY: nobody has taken it over.
                    unsafe { sys::rd_kafka_topic_conf_destroy(conf) };
                    return Err(invalid(format!("{property:?} of topic `{}`", topic.name)));
                }
            }
            // SAFETY: the client is live, the name is copied; the topic takes the configuration over, also when it is refused.
            let handle = unsafe { sys::rd_kafka_topic_new(client.as_ptr(), name.as_ptr(), conf) };
            producer.topics.push(
                NonNull::new(handle)
                    .ok_or_else(|| invalid(format!("topic `{}` refused", topic.name)))?,
            );
        }
        Ok(producer)
    }

    /// How many `EndTxn` requests have been written to a socket so far.
    pub fn end_txn_sent(&self) -> u64 {
        self.shared.end_txn_sent.load(Ordering::Relaxed)
    }

    /// How long ago this transaction's first `EndTxn` was written to a socket; `None` when none was.
    pub fn since_end_txn(&self) -> Option<Duration> {
        let first = self.shared.end_txn_first.load(Ordering::Relaxed);
        (first > 0).then(|| Duration::from_nanos(self.shared.nanos().saturating_sub(first)))
    }

    /// By a broker's clock, in Unix milliseconds, when it took the last record of this transaction, and how long ago its
    /// answer came. `None` when no topic of it has the brokers' time.
    pub fn brokers_time(&self) -> Option<(i64, Duration)> {
        let appended_ms = self.shared.appended_ms.load(Ordering::Relaxed);
        let answered = self.shared.answered.load(Ordering::Relaxed);
        let since = Duration::from_nanos(self.shared.nanos().saturating_sub(answered));
        (appended_ms != NOT_TOLD).then_some((appended_ms, since))
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
        self.shared.end_txn_first.store(0, Ordering::Relaxed);
        self.shared.appended_ms.store(NOT_TOLD, Ordering::Relaxed);
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
        self.produce_to(topic, BY_KEY, key, value, headers)
    }

    /// The same into a partition of the caller's choice. One that does not exist fails the transaction.
    ///
    /// # Errors
    /// As [`TransactionalProducer::produce`].
    pub fn produce_to(
        &self,
        topic: TopicIndex,
        partition: i32,
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
            (vtype::RD_KAFKA_VTYPE_RKT, Argument { rkt: handle.as_ptr() }),
            (vtype::RD_KAFKA_VTYPE_PARTITION, Argument { i32_: partition }),
            (vtype::RD_KAFKA_VTYPE_MSGFLAGS, Argument { i: sys::RD_KAFKA_MSG_F_COPY }),
            (vtype::RD_KAFKA_VTYPE_KEY, memory(key)),
            (vtype::RD_KAFKA_VTYPE_VALUE, memory(value)),
            (vtype::RD_KAFKA_VTYPE_HEADERS, Argument { headers: headers.headers.as_ptr() }),
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

    /// Begins to add the consumer's offsets to the transaction, on a thread of its own: librdkafka's call was seen to
    /// take minutes after the group's coordinator was lost. The answer must be waited for before the transaction is ended.
    ///
    /// # Errors
    /// When there is no thread.
    pub fn send_offsets(
        self: &Arc<Self>,
        offsets: TopicPartitionList,
        membership: GroupMembership,
        deadline: Instant,
    ) -> Result<OffsetsOnTheirWay, NativeError> {
        let (answer, answered) = sync_channel(1);
        let producer = Arc::clone(self);
        let ask = move || {
            // SAFETY: all three objects are live and only read.
            let error = unsafe {
                sys::rd_kafka_send_offsets_to_transaction(
                    producer.client.as_ptr(),
                    offsets.ptr(),
                    membership.as_ptr(),
                    millis(left(deadline)),
                )
            };
            let sent = check_error("send offsets", error);
            drop(producer);
            // nobody waits any more when it took too long
            answer.send(sent).ok();
        };
        let thread = std::thread::Builder::new().name("send-offsets".to_owned()).spawn(ask);
        thread.map(|_| OffsetsOnTheirWay { answered, deadline }).map_err(|error| {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
            NativeError::new("send offsets", code, error.to_string())
        })
    }

    /// Waits for what was sent, and commits.
    ///
    /// # Errors
    /// Abort, fatal, or (neither) indeterminate: the producer must be replaced.
    pub fn commit(&self, deadline: Instant) -> Result<(), NativeError> {
        self.flush(deadline);
        let left = millis(left(deadline));
        // SAFETY: the client is live.
        let error = unsafe { sys::rd_kafka_commit_transaction(self.client.as_ptr(), left) };
        check_error("commit transaction", error)
    }

    /// Waits until nothing is in flight, throwing reports of failed deliveries away: a failed record counts
    /// as in flight until its report has been taken. What is left at the deadline fails the commit.
    pub fn flush(&self, deadline: Instant) {
        let (mut step, mut n_steps) = (FLUSH_STEP_MIN, 0);
        while Instant::now() < deadline {
            // SAFETY: the client is live.
            let code = unsafe { sys::rd_kafka_flush(self.client.as_ptr(), millis(step)) };
            if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT {
                return;
            }
            self.drain_reports();
            n_steps += 1;
            if n_steps % FLUSH_STEPS == 0 {
                step = (step * 2).min(STEP);
            }
        }
    }

    /// Aborts the open transaction.
    ///
    /// In steps, because it waits for the reports of the records it purges, which must be taken meanwhile.
    ///
    /// # Errors
    /// As [`TransactionalProducer::commit`].
    pub fn abort(&self, timeout: Duration) -> Result<(), NativeError> {
        let deadline = Instant::now() + timeout;
        loop {
            // SAFETY: the client is live; the call may be repeated until it is done.
            let error =
                unsafe { sys::rd_kafka_abort_transaction(self.client.as_ptr(), millis(STEP)) };
            match check_error("abort transaction", error) {
                Err(error)
                    if error.code == RDKafkaErrorCode::OperationTimedOut
                        && Instant::now() < deadline =>
                {
                    self.drain_reports();
                }
                result => return result,
            }
        }
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

impl OffsetsOnTheirWay {
    /// The answer.
    ///
    /// # Errors
    /// When the membership is stale (abort), the producer is lost (fatal), or there is no answer in time: librdkafka
    /// has the same limit and should be back by itself, what comes later does not come. Then a thread still waits
    /// inside it, the producer is of no use any more, and lives until that thread is back.
    pub fn wait(self) -> Result<(), NativeError> {
        self.answered.recv_timeout(left(self.deadline) + ANSWER_GRACE).unwrap_or_else(|_| {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT;
            Err(NativeError::new("send offsets", code, "librdkafka does not come back"))
        })
    }
}

/// What is left until then, and never nothing: a call without time would not even ask.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(STEP)
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
