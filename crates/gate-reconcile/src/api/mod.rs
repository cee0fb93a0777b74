//! A provider's lists by its API, as a state machine: a request out, an answer in, entries and the next request out.
//!
//! ```text
//! SuppressionApi::request ─▶ the caller's client ─▶ SuppressionApi::next ─▶ Page { entries, next, wait }
//! ```
//! An empty list from a shape nobody knows would show everybody as refused only here. So whatever is not as documented ends the
//! reading with a [`ListProblem`], and a list ends only where the provider says so.

mod contacts;
mod mailgun;
mod sendgrid;
mod ses;
mod spec;

pub(crate) use spec::encoded;
pub use spec::{ApiSpec, MailgunSpec, SendGridSpec, SesSpec, TwilioSpec};

use crate::entry::Entry;
use crate::http::{Answer, HttpRequest, Verdict, verdict};
use crate::limits::PAGES_MAX;
use crate::problem::ListProblem;
use gate_core::Timestamp;
use std::time::Duration;

/// One list of a provider.
pub(crate) trait Listing {
    /// Its name: in errors and in `via`.
    fn name(&self) -> &str;
    /// The request for its beginning.
    fn first(&self) -> HttpRequest;
    /// What a page says.
    fn read(&mut self, body: &[u8]) -> Result<Read, ListProblem>;
}

/// A page as it was read.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) entries: Vec<Entry>,
    /// Items that are no suppressions.
    pub(crate) n_skipped: u64,
    /// The request for the next page; `None` at the end of the list.
    pub(crate) next: Option<HttpRequest>,
}

/// What became of an answer.
#[derive(Debug, Default)]
pub struct Page {
    /// The entries, of the list that [`SuppressionApi::list`] named before.
    pub entries: Vec<Entry>,
    /// Items of the page that are no suppressions (contacts that refused nothing).
    pub n_skipped: u64,
    /// The next request, also in [`SuppressionApi::request`]; `None`: all lists were read to their end.
    pub next: Option<HttpRequest>,
    /// How long to wait before it.
    pub wait: Option<Duration>,
}

/// The lists of one provider, one after the other.
pub struct SuppressionApi {
    /// What is still to be read, the list in hand last.
    lists: Vec<Box<dyn Listing + Send>>,
    current: Option<HttpRequest>,
    n_pages: u32,
    n_waits: u32,
}

impl std::fmt::Debug for SuppressionApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SuppressionApi").field("list", &self.list()).finish_non_exhaustive()
    }
}

impl SuppressionApi {
    /// Begins to read all lists of a provider. `now` closes the lists that can be asked for what is older: entries that come
    /// while pages are read would shift them.
    ///
    /// # Errors
    /// When the settings cannot be, or the provider has no list to be read by API (Twilio: give an export).
    pub fn new(spec: &ApiSpec, now: Timestamp) -> Result<Self, ListProblem> {
        spec.check()?;
        let mut lists: Vec<Box<dyn Listing + Send>> = match spec {
            ApiSpec::SendGrid(spec) => sendgrid::lists(spec, now),
            ApiSpec::Ses(spec) => ses::lists(spec),
            ApiSpec::Mailgun(spec) => mailgun::lists(spec),
            ApiSpec::Twilio(_) => {
                return Err(ListProblem::new(
                    "twilio",
                    "",
                    "Twilio has no API that lists who opted out",
                    "export the opt-outs, from the console or by its support, and read the file",
                ));
            }
        };
        lists.reverse();
        let current = lists.last().map(|list| list.first());
        Ok(Self { lists, current, n_pages: 0, n_waits: 0 })
    }

    /// The request to make now, again after the network failed; `None` at the end.
    #[must_use]
    pub const fn request(&self) -> Option<&HttpRequest> {
        self.current.as_ref()
    }

    /// The list in hand.
    #[must_use]
    pub fn list(&self) -> &str {
        self.lists.last().map_or("", |list| list.name())
    }

    /// How many pages were read.
    #[must_use]
    pub const fn n_pages(&self) -> u32 {
        self.n_pages
    }

    /// What an answer to [`SuppressionApi::request`] says.
    ///
    /// # Errors
    /// When the provider refuses, or answers in a shape nobody knows. The reading is over then, and nothing of it may be
    /// compared.
    pub fn next(&mut self, answer: &Answer<'_>) -> Result<Page, ListProblem> {
        let (Some(list), Some(current)) = (self.lists.last_mut(), self.current.clone()) else {
            return Ok(Page::default());
        };
        if answer.body.len() > current.answer_bytes_max {
            let fix = "read this list from an export";
            return Err(ListProblem::new(list.name(), "", "the answer is too long", fix));
        }
        if let Verdict::Later(wait) = verdict(list.name(), answer, self.n_waits)? {
            self.n_waits += 1;
            return Ok(Page { next: Some(current), wait: Some(wait), ..Page::default() });
        }
        self.n_waits = 0;
        self.n_pages += 1;
        if self.n_pages > PAGES_MAX {
            let fix = "read this list from an export, and report it: a list has an end";
            return Err(ListProblem::new(list.name(), "", "there are too many pages", fix));
        }
        let read = list.read(answer.body)?;
        if read.next.as_ref().is_some_and(|next| *next == current) {
            let fix = "try again; read this list from an export if it stays so";
            return Err(ListProblem::new(list.name(), "", "the next page is the same page", fix));
        }
        self.current = read.next.or_else(|| {
            self.lists.pop();
            self.lists.last().map(|list| list.first())
        });
        let Read { entries, n_skipped, .. } = read;
        Ok(Page { entries, n_skipped, next: self.current.clone(), wait: None })
    }

    /// The entries in an answer that somebody saved: a file with one page of the list of that name (see
    /// [`SuppressionApi::lists`]), as `aws sesv2 list-suppressed-destinations` writes all of them.
    ///
    /// # Errors
    /// When there is no such list, the shape is unknown, or more pages follow that are not in the file.
    pub fn saved(spec: &ApiSpec, list: &str, body: &[u8]) -> Result<Page, ListProblem> {
        let mut api = Self::new(spec, Timestamp::MAX)?;
        let found = api.lists.iter_mut().find(|one| one.name() == list);
        let Some(found) = found else {
            return Err(ListProblem::new(
                list,
                "",
                "there is no such list",
                "name one of the provider's",
            ));
        };
        let read = found.read(body)?;
        if read.next.is_some() {
            let fix = "save all pages as one, or read the list by its API";
            return Err(ListProblem::new(list, "", "the file is one page of several", fix));
        }
        Ok(Page { entries: read.entries, n_skipped: read.n_skipped, next: None, wait: None })
    }

    /// The names of the lists still to be read.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().rev().map(|list| list.name())
    }
}
