//! Candidate messages.

use super::{MappingFile, Origin, is_plain};
use gate_codec::{Codec, DecodeError, message_of_record};
use gate_core::OutboundMessage;
use std::sync::Arc;

/// Reads the records of `topics.outbound_message`, and of the outputs, which are copies of them.
#[derive(Clone)]
pub struct MessageRecords {
    plain: Arc<Codec>,
    mapping: Option<Arc<MappingFile>>,
}

impl MessageRecords {
    /// `plain` reads the records of ours, `mapping` all others.
    #[must_use]
    pub fn new(plain: Codec, mapping: Option<MappingFile>) -> Self {
        Self { plain: Arc::new(plain), mapping: mapping.map(Arc::new) }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Unreadable: block it as `invalid_message`. Unavailable: hold.
    pub fn read<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
    ) -> Result<OutboundMessage<'a>, DecodeError> {
        match &self.mapping {
            Some(file) if !is_plain(origin.headers) => {
                let record = file.mapping.map_message(value, origin)?;
                Ok(message_of_record(record)?)
            }
            Some(_) | None => self.plain.decode_message(value),
        }
    }
}
