//! What comes with a value: its key and its headers.

/// The headers of a record, in their order.
pub trait Headers {
    /// The header with this number, from 0: its name and its value; `None` behind the last.
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)>;
}

/// What comes with a value.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The record's key.
    pub key: Option<&'a [u8]>,
    /// Its headers.
    pub headers: &'a dyn Headers,
}

/// No header.
struct NoHeaders;

impl Headers for NoHeaders {
    fn get(&self, _: usize) -> Option<(&str, Option<&[u8]>)> {
        None
    }
}

impl<'a> Origin<'a> {
    /// A key and no headers.
    #[must_use]
    pub fn of_key(key: Option<&'a [u8]>) -> Self {
        Self { key, headers: &NoHeaders }
    }
}
