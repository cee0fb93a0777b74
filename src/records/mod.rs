//! How the records of the two input topics are read: in our own forms, or through a mapping of their producers' (`docs/mapping.md`).
//!
//! Everything that reads one of these topics, the gate itself and every command, reads it here, so that none of them takes a
//! record for something else than the others do. A topic with a mapping holds records of ours as well, which the door, an
//! import or the probe write there: a header says which they are, and it is not looked at elsewhere.
//!
//! Deliberately absent: Kafka, folding, deciding; the rules of reading (`gate-codec`, `gate-mapping`).

mod consent;
mod file;
mod kept;
mod message;
mod own;

pub use consent::{Change, Changes, ConsentRecords};
pub(crate) use file::load;
pub use file::{MappingError, MappingFile};
pub use gate_mapping::{Headers, Origin};
pub(crate) use kept::origin_of;
pub use kept::{KeptHeaders, KeptRecord};
pub use message::MessageRecords;
pub use own::{FORM, PLAIN, is_plain, plain_headers};
