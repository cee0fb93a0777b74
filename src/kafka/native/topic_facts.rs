//! What brokers say about a topic: Kafka's own id of it, which tells it from one of the same name that was made
//! later, and how many partitions it has.
//!
//! Any broker answers from what it knows of the cluster, and may know it later than another. So one broker or
//! several can be asked, at a time, and the answers be waited for while something else is done.

use super::{NativeError, millis};
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::MetadataBroker;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::time::Duration;

const DOING: &str = "asking what a topic is";
/// Beyond the request's own time-out, for the answer to reach us.
const GRACE: Duration = Duration::from_secs(1);
/// Stands for whichever broker the client chooses.
const ANY_BROKER: i32 = -1;

/// A topic as one broker knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Kafka's id in the form its tools show; `None` when the broker knows no ids.
    pub id: Option<String>,
    /// How many partitions it has.
    pub n_partitions: i32,
}

/// A question that is on its way. Dropped before it is answered, the answers are thrown away.
pub struct TopicQuestion<'c> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    /// The client outlives its queue.
    client: PhantomData<&'c ()>,
}

// SAFETY: a queue of our own, which librdkafka lets any thread poll.
unsafe impl Send for TopicQuestion<'_> {}

impl<'c> TopicQuestion<'c> {
    /// Asks each of `brokers`, or any when there are none. A broker that cannot be reached answers with an error
    /// when the time is up.
    ///
    /// # Errors
    /// When the name is none.
    pub fn ask<C: rdkafka::ClientContext>(
        client: &'c Client<C>,
        topic: &str,
        brokers: &[i32],
        timeout: Duration,
    ) -> Result<Self, NativeError> {
        let invalid =
            |text| NativeError::new(DOING, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, text);
        let name = CString::new(topic).map_err(|_| invalid("NUL in a name"))?;
        let mut names = [name.as_ptr()];
        let handle = client.native_ptr();
        // SAFETY: the handle is live; the queue is ours and released in `drop`, before the client.
        let queue = NonNull::new(unsafe { sys::rd_kafka_queue_new(handle) });
        let asked = Self { queue: queue.ok_or_else(|| invalid("no queue"))?, client: PhantomData };
        let any = [ANY_BROKER];
        for broker in if brokers.is_empty() { &any } else { brokers } {
            // SAFETY: handle and queue are live for the whole call. The collection and the options are copied by
            // `DescribeTopics` and destroyed once, here; the opaque is a number that is never followed.
            unsafe {
                let options = sys::rd_kafka_AdminOptions_new(
                    handle,
                    sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
                );
                // a time-out out of range would leave the default one, which is a minute
                sys::rd_kafka_AdminOptions_set_request_timeout(
                    options,
                    millis(timeout),
                    ptr::null_mut(),
                    0,
                );
                if *broker != ANY_BROKER {
                    sys::rd_kafka_AdminOptions_set_broker(options, *broker, ptr::null_mut(), 0);
                }
                let opaque = ptr::without_provenance_mut::<c_void>(*broker as u32 as usize);
                sys::rd_kafka_AdminOptions_set_opaque(options, opaque);
                let topics =
                    sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
                sys::rd_kafka_DescribeTopics(handle, topics, options, asked.queue.as_ptr());
                sys::rd_kafka_TopicCollection_destroy(topics);
                sys::rd_kafka_AdminOptions_destroy(options);
            }
        }
        Ok(asked)
    }

    /// The next answer and the broker it comes from, waiting at most `timeout` for it.
    pub fn answer(&mut self, timeout: Duration) -> Option<(i32, Result<TopicFacts, NativeError>)> {
        // SAFETY: the queue is live. The event is ours and lives until it is destroyed here, once; what it lends is
        // copied before that.
        unsafe {
            let event = sys::rd_kafka_queue_poll(self.queue.as_ptr(), millis(timeout));
            if event.is_null() {
                return None;
            }
            let broker = sys::rd_kafka_event_opaque(event).addr() as u32 as i32;
            let facts = facts_in(event);
            sys::rd_kafka_event_destroy(event);
            Some((broker, facts))
        }
    }
}

impl Drop for TopicQuestion<'_> {
    fn drop(&mut self) {
        // SAFETY: released once; requests under way keep references of their own.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// Asks these brokers, or any when there are none, and waits for the first that knows.
///
/// # Errors
/// No answer in time, no such topic, or no right to describe it.
pub fn topic_facts<C: rdkafka::ClientContext>(
    client: &Client<C>,
    topic: &str,
    brokers: &[i32],
    timeout: Duration,
) -> Result<TopicFacts, NativeError> {
    let mut asked = TopicQuestion::ask(client, topic, brokers, timeout)?;
    let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT;
    let mut failure = NativeError::new(DOING, code, "no answer in time");
    for _ in 0..brokers.len().max(1) {
        match asked.answer(timeout + GRACE) {
            Some((_, Ok(facts))) => return Ok(facts),
            Some((_, Err(error))) => failure = error,
            None => break,
        }
    }
    Err(failure)
}

/// Asks every broker there is, by its number: whom librdkafka takes by itself is the controller, which is waited for in
/// vain while it is away, or in a cluster without one (the demo's).
///
/// # Errors
/// As [`topic_facts`].
pub fn topic_facts_of_any<C: rdkafka::ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<TopicFacts, NativeError> {
    let metadata = client.fetch_metadata(Some(topic), timeout);
    let brokers = metadata.map(|found| found.brokers().iter().map(MetadataBroker::id).collect());
    let brokers: Vec<i32> = brokers.unwrap_or_default();
    topic_facts(client, topic, &brokers, timeout)
}

/// # Safety
/// `event` must be live.
unsafe fn facts_in(event: *mut sys::rd_kafka_event_t) -> Result<TopicFacts, NativeError> {
    // SAFETY: the caller's event is live, and so is everything it lends; every pointer is looked at before use.
    unsafe {
        let code = sys::rd_kafka_event_error(event);
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            let text = CStr::from_ptr(sys::rd_kafka_event_error_string(event)).to_string_lossy();
            return Err(NativeError::new(DOING, code, text));
        }
        let mut count = 0;
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count != 1 || (*topics).is_null() {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__BAD_MSG;
            return Err(NativeError::new(DOING, code, "an answer about no topic"));
        }
        let error = sys::rd_kafka_TopicDescription_error(*topics);
        if !error.is_null() {
            let code: RDKafkaErrorCode = sys::rd_kafka_error_code(error).into();
            if code != RDKafkaErrorCode::NoError {
                let text = CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy();
                let mut failure =
                    NativeError::new(DOING, RDKafkaRespErr::RD_KAFKA_RESP_ERR__FAIL, text);
                failure.code = code;
                return Err(failure);
            }
        }
        let mut n_partitions = 0usize;
        sys::rd_kafka_TopicDescription_partitions(*topics, &raw mut n_partitions);
        Ok(TopicFacts {
            id: id_of(*topics),
            n_partitions: i32::try_from(n_partitions).unwrap_or(i32::MAX),
        })
    }
}

/// # Safety
/// `topic` must be live.
unsafe fn id_of(topic: *const sys::rd_kafka_TopicDescription_t) -> Option<String> {
    // SAFETY: the id belongs to the caller's live description, its text to the id; both are looked at before use.
    unsafe {
        let id = sys::rd_kafka_TopicDescription_topic_id(topic);
        // a broker that knows no ids answers zero
        if id.is_null()
            || (sys::rd_kafka_Uuid_most_significant_bits(id) == 0
                && sys::rd_kafka_Uuid_least_significant_bits(id) == 0)
        {
            return None;
        }
        let text = sys::rd_kafka_Uuid_base64str(id);
        (!text.is_null()).then(|| as_tools_show(&CStr::from_ptr(text).to_string_lossy()))
    }
}

/// Kafka writes ids in the alphabet for file names and URLs, librdkafka in the other one.
fn as_tools_show(id: &str) -> String {
    id.replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_kafka_writes_it() {
        assert_eq!(as_tools_show("3fhFlxwwR1+JyMeF4DtLnQ"), "3fhFlxwwR1-JyMeF4DtLnQ");
        assert_eq!(as_tools_show("/tjsXgKRSgSiUnsChwSRHw"), "_tjsXgKRSgSiUnsChwSRHw");
    }
}
