//! SendGrid's lists: <https://github.com/twilio/sendgrid-oai>, `spec/yaml/tsg_suppressions_v3.yaml` (read 2026-11-30).
//!
//! Global unsubscribes, spam reports, bounces, invalid addresses and blocks come in pages by `limit` (500 at most) and `offset`.
//! A page may be shorter than asked for, so a list ends with an empty page only. `GET /v3/asm/suppressions` has no pages: all
//! groups' entries at once. The per-group lists have no times, so they are not read.

use super::spec::{ApiSpec, SendGridSpec};
use super::{Listing, Read};
use crate::entry::{Entry, Reason};
use crate::http::{HttpRequest, Method};
use crate::json::{self, At};
use crate::limits::WHOLE_BYTES_MAX;
use crate::problem::ListProblem;
use gate_core::Timestamp;

/// The documented maximum.
const PAGE_ENTRIES_MAX: u64 = 500;

pub(crate) fn lists(spec: &SendGridSpec, now: Timestamp) -> Vec<Box<dyn Listing + Send>> {
    let api = ApiSpec::SendGrid(spec.clone());
    let list = |name, path, reason| {
        let page =
            Paged { api: api.clone(), name, path, reason, until: now, offset: 0, first: None };
        Box::new(page) as Box<dyn Listing + Send>
    };
    let mut lists = vec![
        list("sendgrid:unsubscribes", "/v3/suppression/unsubscribes", Reason::Unsubscribe),
        Box::new(Groups { api: api.clone() }),
        list("sendgrid:spam_reports", "/v3/suppression/spam_reports", Reason::Complaint),
        list("sendgrid:bounces", "/v3/suppression/bounces", Reason::HardBounce),
        list("sendgrid:invalid_emails", "/v3/suppression/invalid_emails", Reason::Invalid),
    ];
    if spec.blocks {
        lists.push(list("sendgrid:blocks", "/v3/suppression/blocks", Reason::Block));
    }
    lists
}

/// A list in pages.
struct Paged {
    api: ApiSpec,
    name: &'static str,
    path: &'static str,
    reason: Reason,
    /// Nothing newer: what comes while pages are read must not shift them.
    until: Timestamp,
    offset: u64,
    /// The first entry of the page before.
    first: Option<Entry>,
}

impl Paged {
    fn at(&self, offset: u64) -> HttpRequest {
        let end = self.until.as_micros().div_euclid(1_000_000);
        let (path, limit) = (self.path, PAGE_ENTRIES_MAX);
        self.api
            .request(Method::Get, &format!("{path}?end_time={end}&limit={limit}&offset={offset}"))
    }
}

impl Listing for Paged {
    fn name(&self) -> &str {
        self.name
    }

    fn first(&self) -> HttpRequest {
        self.at(0)
    }

    fn read(&mut self, body: &[u8]) -> Result<Read, ListProblem> {
        let top = At::top(self.name);
        let mut entries = Vec::new();
        for (index, raw) in json::elements(&top, body)?.into_iter().enumerate() {
            let at = top.below(&index.to_string());
            let item = json::value(&at, raw.get().as_bytes())?;
            let mut entry = Entry::new(
                json::text(&at, &item, "email")?,
                self.reason,
                json::time(&at, &item, "created")?,
            );
            if self.reason == Reason::HardBounce {
                let said =
                    json::optional(&item, "status").or_else(|| json::optional(&item, "reason"));
                entry.smtp = said.map(Into::into);
            }
            entries.push(entry);
        }
        let Some(first) = entries.first() else { return Ok(Read::default()) };
        // a server that does not heed `offset` would send the same for ever
        if self.first.as_ref() == Some(first) {
            return Err(top.below("0").wrong("it is the same page again"));
        }
        self.first = Some(first.clone());
        self.offset += entries.len() as u64;
        Ok(Read { entries, n_skipped: 0, next: Some(self.at(self.offset)) })
    }
}

/// All groups at once.
struct Groups {
    api: ApiSpec,
}

impl Listing for Groups {
    fn name(&self) -> &str {
        "sendgrid:groups"
    }

    fn first(&self) -> HttpRequest {
        HttpRequest {
            answer_bytes_max: WHOLE_BYTES_MAX,
            ..self.api.request(Method::Get, "/v3/asm/suppressions")
        }
    }

    fn read(&mut self, body: &[u8]) -> Result<Read, ListProblem> {
        let top = At::top("sendgrid:groups");
        let mut entries = Vec::new();
        for (index, raw) in json::elements(&top, body)?.into_iter().enumerate() {
            let at = top.below(&index.to_string());
            let item = json::value(&at, raw.get().as_bytes())?;
            let group = json::scalar(&item, "group_id");
            let group = group.ok_or_else(|| at.below("group_id").wrong("it is no number"))?;
            let time = json::time(&at, &item, "created_at")?;
            let mut entry = Entry::new(json::text(&at, &item, "email")?, Reason::Unsubscribe, time);
            entry.group = Some(group.into());
            entries.push(entry);
        }
        Ok(Read { entries, ..Read::default() })
    }
}
