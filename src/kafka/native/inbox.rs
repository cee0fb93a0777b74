//! Messages of a group member, taken in batches.
//!
//! The safe layer hands out one message per event; here the partitions of a lane feed one queue of their own,
//! and group events stay on the consumer's. So a batch costs one call, and no rebalance hides among messages.

use super::headers::{header_at, raw_headers};
use super::{NativeError, millis};
use crate::kafka::source::{SourcePartition, SourceTopics};
use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::time::Duration;

/// The queue of a lane's messages.
pub struct Inbox<'c> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    client: NonNull<sys::rd_kafka_t>,
    /// In the order of the configuration.
    topics: Vec<CString>,
    slots: Vec<*mut sys::rd_kafka_message_t>,
    /// The consumer outlives the inbox and everything taken from it.
    consumer: PhantomData<&'c ()>,
}

/// What came instead of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The partition; `None` when it concerns the whole client.
    pub source: Option<SourcePartition>,
    /// Where in the partition; where the batch begins, when it concerns one.
    pub offset: i64,
    /// What it says.
    pub error: NativeError,
}

/// A message, destroyed when dropped.
pub struct Message<'c> {
    message: NonNull<sys::rd_kafka_message_t>,
    source: SourcePartition,
    consumer: PhantomData<&'c ()>,
}

impl<'c> Inbox<'c> {
    /// An empty inbox for messages of these topics.
    ///
    /// # Errors
    /// When a topic's name is none.
    pub fn new<C: ConsumerContext>(
        consumer: &'c BaseConsumer<C>,
        topics: &SourceTopics,
    ) -> Result<Self, NativeError> {
        let invalid = |text| {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__INVALID_ARG;
            NativeError::new("inbox", code, text)
        };
        let topics = topics.names().map(CString::new).collect::<Result<Vec<_>, _>>();
        let topics = topics.map_err(|_| invalid("NUL in a topic name"))?;
        let client = NonNull::new(consumer.client().native_ptr());
        let client = client.ok_or_else(|| invalid("no client"))?;
        // SAFETY: the handle is live; the returned queue is released in `drop`, before the consumer.
        let queue = NonNull::new(unsafe { sys::rd_kafka_queue_new(client.as_ptr()) });
        let queue = queue.ok_or_else(|| invalid("no queue"))?;
        Ok(Self { queue, client, topics, slots: Vec::new(), consumer: PhantomData })
    }

    /// Lets a partition's messages come here; to be called each time before the partition is assigned.
    ///
    /// # Errors
    /// When librdkafka does not know the partition.
    pub fn receive(&self, source: SourcePartition) -> Result<(), NativeError> {
        let unknown = |text| {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
            NativeError::new("inbox", code, text)
        };
        let name = self.topics.get(source.topic).ok_or_else(|| unknown("no such topic"))?;
        // SAFETY: handle, name and inbox queue are live; the partition's queue is a reference of our own,
        // released after the call. The forwarding keeps a reference to the inbox queue.
        unsafe {
            let of_partition = sys::rd_kafka_queue_get_partition(
                self.client.as_ptr(),
                name.as_ptr(),
                source.partition,
            );
            if of_partition.is_null() {
                return Err(unknown("the partition has no queue"));
            }
            sys::rd_kafka_queue_forward(of_partition, self.queue.as_ptr());
            sys::rd_kafka_queue_destroy(of_partition);
        }
        Ok(())
    }

    /// Hands what is there to `take`, at most `n_max` entries, waiting at most `timeout` for the first; the
    /// trouble of a partition stands where its messages would. Returns how many there were.
    ///
    /// Two calls, because librdkafka waits out the time-out unless the whole batch fills up: one entry with
    /// the time-out, then what else is queued without waiting.
    pub fn poll(
        &mut self,
        timeout: Duration,
        n_max: usize,
        mut take: impl FnMut(Result<Message<'c>, Trouble>),
    ) -> usize {
        self.fill(timeout, n_max.min(1));
        if !self.slots.is_empty() {
            self.fill(Duration::ZERO, n_max.saturating_sub(1));
        }
        let n = self.slots.len();
        let mut topic = None;
        for message in self.slots.drain(..) {
            // never null: librdkafka writes live messages only
            let Some(message) = NonNull::new(message) else { continue };
            // SAFETY: live, and ours from here on.
            let raw = unsafe { message.as_ref() };
            topic = place_of(&self.topics, raw.rkt, topic);
            let (partition, code) = (raw.partition, raw.err);
            let source = topic.map(|topic| SourcePartition { topic, partition });
            let message =
                Message { message, source: source.unwrap_or_default(), consumer: PhantomData };
            take(match (code, source) {
                (RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR, Some(_)) => Ok(message),
                (RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR, None) => {
                    let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
                    let error = NativeError::new("consume", code, "a message of no topic of ours");
                    Err(Trouble { source, offset: message.offset(), error })
                }
                (code, source) => {
                    let text = String::from_utf8_lossy(message.payload().unwrap_or_default());
                    let error = NativeError::new("consume", code, text.trim_end_matches('\0'));
                    Err(Trouble { source, offset: message.offset(), error })
                }
            });
        }
        n
    }

    /// Appends at most `n_max` entries.
    fn fill(&mut self, timeout: Duration, n_max: usize) {
        let n_known = self.slots.len();
        self.slots.reserve(n_max);
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

/// Which of the topics a handle is of, looked for at `guess` first, since messages come in runs; `None` for that of no
/// message, and of a topic of nobody's. By name each time: handles of topics that were deleted are used again for others.
fn place_of(
    topics: &[CString],
    handle: *mut sys::rd_kafka_topic_t,
    guess: Option<usize>,
) -> Option<usize> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: the handle is that of a live message, and its name lives as long.
    let name = unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(handle)) };
    let is_it = |place: &usize| topics.get(*place).is_some_and(|known| known.as_c_str() == name);
    guess.filter(is_it).or_else(|| (0..topics.len()).find(is_it))
}

impl Drop for Inbox<'_> {
    fn drop(&mut self) {
        // SAFETY: released once; the consumer, whose partitions may still forward here with references of
        // their own, is alive.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

impl Message<'_> {
    fn raw(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: live until `drop`, and only read.
        unsafe { self.message.as_ref() }
    }

    /// Topic and partition.
    #[must_use]
    pub const fn source(&self) -> SourcePartition {
        self.source
    }

    /// Offset.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.raw().offset
    }

    /// Record timestamp in milliseconds, if the broker gave one.
    #[must_use]
    pub fn timestamp_ms(&self) -> Option<i64> {
        // SAFETY: the message is live; a null timestamp type is allowed.
        let at = unsafe { sys::rd_kafka_message_timestamp(self.raw(), ptr::null_mut()) };
        (at >= 0).then_some(at)
    }

    /// Key; `None` is null, not empty.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.bytes(self.raw().key, self.raw().key_len)
    }

    /// Value; `None` is null, not empty.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        self.bytes(self.raw().payload, self.raw().len)
    }

    fn bytes(&self, data: *const c_void, len: usize) -> Option<&[u8]> {
        // SAFETY: key and payload point to `len` bytes inside the message, or are null; the slice is tied to
        // `&self`.
        (!data.is_null()).then(|| unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) })
    }

    /// The headers in their order; a value may be null.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        // SAFETY: the message is live, and one thread has it.
        let headers = unsafe { raw_headers(self.raw()) };
        // SAFETY: they are those of this message, to which what is handed out is tied.
        (0..).map_while(move |index| unsafe { header_at(headers?, index) })
    }

    /// The header with this number, from 0; `None` behind the last.
    #[must_use]
    pub fn header(&self, index: usize) -> Option<(&[u8], Option<&[u8]>)> {
        // SAFETY: as in `headers`, both.
        unsafe { header_at(raw_headers(self.raw())?, index) }
    }
}

impl Drop for Message<'_> {
    fn drop(&mut self) {
        // SAFETY: handed to us by librdkafka, destroyed once.
        unsafe { sys::rd_kafka_message_destroy(self.message.as_ptr()) };
    }
}
