//! Kafka's own id of a topic: what tells a topic from one of the same name that was made later.

use super::{NativeError, millis};
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

/// Beyond the request's own time-out, for the answer to reach us.
const GRACE: Duration = Duration::from_secs(1);

/// Asks the broker for the id of `topic`, in the form Kafka's tools show. `None` when the broker knows none.
///
/// # Errors
/// No answer in time, no such topic, or no right to describe it.
pub fn topic_id<C: rdkafka::ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<Option<String>, NativeError> {
    const DOING: &str = "asking for the id of a topic";
    let name = CString::new(topic).map_err(|_| {
        NativeError::new(DOING, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, "NUL in a name")
    })?;
    let mut names = [name.as_ptr()];
    let handle = client.native_ptr();
    // SAFETY: the handle is live for the whole call. The collection and the options are copied by
    // `DescribeTopics` and destroyed once, here; the queue is ours and destroyed after its only event.
    let event = unsafe {
        let queue = sys::rd_kafka_queue_new(handle);
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
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        sys::rd_kafka_DescribeTopics(handle, topics, options, queue);
        sys::rd_kafka_TopicCollection_destroy(topics);
        sys::rd_kafka_AdminOptions_destroy(options);
        let event = sys::rd_kafka_queue_poll(queue, millis(timeout + GRACE));
        sys::rd_kafka_queue_destroy(queue);
        event
    };
    if event.is_null() {
        let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT;
        return Err(NativeError::new(DOING, code, "no answer in time"));
    }
    // SAFETY: the event is ours and lives until it is destroyed below; what it lends is copied before that.
    unsafe {
        let id = id_in(DOING, event);
        sys::rd_kafka_event_destroy(event);
        id
    }
}

/// # Safety
/// `event` must be live.
unsafe fn id_in(
    doing: &'static str,
    event: *mut sys::rd_kafka_event_t,
) -> Result<Option<String>, NativeError> {
    // SAFETY: the caller's event is live, and so is everything it lends; every pointer is looked at before use.
    unsafe {
        let code = sys::rd_kafka_event_error(event);
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            let text = CStr::from_ptr(sys::rd_kafka_event_error_string(event)).to_string_lossy();
            return Err(NativeError::new(doing, code, text));
        }
        let mut count = 0;
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count != 1 || (*topics).is_null() {
            let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR__BAD_MSG;
            return Err(NativeError::new(doing, code, "an answer about no topic"));
        }
        let error = sys::rd_kafka_TopicDescription_error(*topics);
        if !error.is_null() {
            let code: RDKafkaErrorCode = sys::rd_kafka_error_code(error).into();
            let text = CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy();
            let mut failure =
                NativeError::new(doing, RDKafkaRespErr::RD_KAFKA_RESP_ERR__FAIL, text);
            failure.code = code;
            return if code == RDKafkaErrorCode::NoError { Ok(None) } else { Err(failure) };
        }
        let id = sys::rd_kafka_TopicDescription_topic_id(*topics);
        // a broker that knows no ids answers zero
        if id.is_null()
            || (sys::rd_kafka_Uuid_most_significant_bits(id) == 0
                && sys::rd_kafka_Uuid_least_significant_bits(id) == 0)
        {
            return Ok(None);
        }
        let text = sys::rd_kafka_Uuid_base64str(id);
        Ok((!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned()))
    }
}
