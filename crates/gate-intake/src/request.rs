//! A request as it came: nothing decoded, nothing re-encoded, because signatures cover bytes.

use std::fmt;

/// One HTTP request.
#[derive(Clone, Default)]
pub struct Request {
    /// `POST`, `GET` …, in capitals.
    pub method: String,
    /// Path and query as received, escapes untouched.
    pub path_and_query: String,
    /// Headers in order. Names are compared without case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body as received.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, if it stands there exactly once: of two, nobody knows which one counts.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = found.next();
        let value = first.map(|(_, value)| value.as_slice());
        if found.next().is_some() { None } else { value }
    }

    /// A header as text without blanks around it.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.header(name)?).ok().map(str::trim)
    }

    /// Whether a header stands there at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The media type without its parameters, in lower case.
    #[must_use]
    pub fn media_type(&self) -> String {
        let whole = self.text("content-type").unwrap_or_default();
        whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("n_headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
