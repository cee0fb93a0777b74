//! Headers of received messages, by their number. The safe layer's own way panics at a name that is no UTF-8, which any
//! producer may write.

use rdkafka::bindings as sys;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, c_char};
use std::ptr;

/// A header: its name, and its value, which may be null.
pub(super) type Header<'m> = (&'m [u8], Option<&'m [u8]>);

/// The headers of a message, if it has any.
///
/// # Safety
/// The message is live, and one thread has it: its headers are parsed on first use.
pub(super) unsafe fn raw_headers(
    message: *const sys::rd_kafka_message_t,
) -> Option<*mut sys::rd_kafka_headers_t> {
    let mut headers = ptr::null_mut();
    // SAFETY: as above; the message goes on owning its headers.
    let found = unsafe { sys::rd_kafka_message_headers(message, &raw mut headers) };
    (found == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR).then_some(headers)
}

/// The header with this number, from 0; `None` behind the last.
///
/// # Safety
/// `headers` are those of a message that lives for `'m`.
pub(super) unsafe fn header_at<'m>(
    headers: *const sys::rd_kafka_headers_t,
    index: usize,
) -> Option<Header<'m>> {
    let (mut name, mut value, mut len) = (ptr::null::<c_char>(), ptr::null(), 0);
    // SAFETY: the headers live for 'm; names are NUL-terminated, values have `len` bytes or are null.
    unsafe {
        let got = sys::rd_kafka_header_get_all(
            headers,
            index,
            &raw mut name,
            &raw mut value,
            &raw mut len,
        );
        if got != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        let value = (!value.is_null()).then(|| std::slice::from_raw_parts(value.cast::<u8>(), len));
        Some((CStr::from_ptr(name).to_bytes(), value))
    }
}

/// The header with this number of a message that rdkafka handed out, from 0; `None` behind the last.
#[must_use]
pub fn header_of<'m>(message: &'m BorrowedMessage<'_>, index: usize) -> Option<Header<'m>> {
    // SAFETY: the message is live as long as it is borrowed, which the result is tied to, and one thread has it.
    unsafe { header_at(raw_headers(message.ptr())?, index) }
}
