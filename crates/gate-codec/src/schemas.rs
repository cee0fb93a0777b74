//! Where writer schemas come from. Whoever asks a registry stands outside: nothing here waits, retries or knows HTTP.

/// Longest schema that is looked at, in bytes, together with those it refers to.
pub const SCHEMA_BYTES_MAX: usize = 256 * 1024;

/// Knows the schemas that the ids of the Confluent wire format name.
pub trait Schemas: Send + Sync {
    /// The schema with this id. May block; whoever decodes waits for it.
    ///
    /// # Errors
    /// Why there is none: the difference between [`FetchError::Unknown`] and [`FetchError::Unavailable`] decides
    /// whether a record is unreadable or held.
    fn fetch(&self, id: u32) -> Result<FetchedSchema, FetchError>;
}

/// A schema and those it refers to, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedSchema {
    /// The schema.
    pub text: String,
    /// Schemas that it names from elsewhere.
    pub references: Vec<String>,
}

/// Why there is no schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// Whoever must know says that there is none: the record is unreadable.
    Unknown,
    /// It is not Avro, or larger than is looked at: the record is unreadable.
    Unusable,
    /// No answer, for a reason out of a closed set: hold, and ask again later.
    Unavailable(&'static str),
}
