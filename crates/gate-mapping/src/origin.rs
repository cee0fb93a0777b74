//! What comes with a value: its key and its headers.

/// The headers of a record, in their order.
pub trait Headers<'a> {
    /// The header with this number, from 0: its name and its value; `None` behind the last.
    fn get(&self, at: usize) -> Option<(&'a str, Option<&'a [u8]>)>;
}

impl<'a> Headers<'a> for [(&'a str, Option<&'a [u8]>)] {
    fn get(&self, at: usize) -> Option<(&'a str, Option<&'a [u8]>)> {
        <[_]>::get(self, at).copied()
    }
}

/// What comes with a value.
#[derive(Clone, Copy)]
pub struct Origin<'o, 'a> {
    /// The record's key.
    pub key: Option<&'a [u8]>,
    /// Its headers.
    pub headers: &'o dyn Headers<'a>,
}

/// No header.
struct NoHeaders;

impl<'a> Headers<'a> for NoHeaders {
    fn get(&self, _: usize) -> Option<(&'a str, Option<&'a [u8]>)> {
        None
    }
}

impl<'a> Origin<'a, 'a> {
    /// A key and no headers.
    #[must_use]
    pub fn of_key(key: Option<&'a [u8]>) -> Self {
        Self { key, headers: &NoHeaders }
    }
}
