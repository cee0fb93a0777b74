//! Amazon SES's suppression list: `ListSuppressedDestinations` of API v2 as described in
//! <https://github.com/boto/botocore>, `data/sesv2/2019-09-27/service-2.json` (read 2026-11-30).
//!
//! It holds bounces and complaints only: who unsubscribed stands in contact lists (`contacts.rs`). `LastUpdateTime` is the time
//! of the entry's last change. `PageSize` has no documented maximum; 1,000 is asked for, and the token decides what follows.

use super::contacts::Contacts;
use super::spec::{ApiSpec, SesSpec, encoded};
use super::{Listing, Read};
use crate::entry::{Entry, Reason};
use crate::http::{HttpRequest, Method};
use crate::json::{self, At};
use crate::problem::ListProblem;

/// How many entries are asked for.
const PAGE_ENTRIES: u32 = 1_000;

pub(crate) fn lists(spec: &SesSpec) -> Vec<Box<dyn Listing + Send>> {
    let mut lists: Vec<Box<dyn Listing + Send>> = vec![Box::new(Suppressed { spec: spec.clone() })];
    for list in &spec.contact_lists {
        lists.push(Box::new(Contacts::new(spec, list)));
    }
    lists
}

struct Suppressed {
    spec: SesSpec,
}

impl Suppressed {
    fn request(&self, token: Option<&str>) -> HttpRequest {
        let mut query = format!("PageSize={PAGE_ENTRIES}");
        for (name, value) in [("NextToken", token), ("TenantName", self.spec.tenant.as_deref())] {
            if let Some(value) = value {
                query.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        ApiSpec::Ses(self.spec.clone())
            .request(Method::Get, &format!("/v2/email/suppression/addresses?{query}"))
    }
}

impl Listing for Suppressed {
    fn name(&self) -> &str {
        "ses:suppression"
    }

    fn first(&self) -> HttpRequest {
        self.request(None)
    }

    fn read(&mut self, body: &[u8]) -> Result<Read, ListProblem> {
        let top = At::top("ses:suppression");
        let page = json::value(&top, body)?;
        let at = top.below("SuppressedDestinationSummaries");
        let mut entries = Vec::new();
        for (index, item) in
            json::list(&top, &page, "SuppressedDestinationSummaries")?.iter().enumerate()
        {
            let at = at.below(&index.to_string());
            let reason = match json::text(&at, item, "Reason")? {
                "BOUNCE" => Reason::HardBounce,
                "COMPLAINT" => Reason::Complaint,
                _ => return Err(at.below("Reason").wrong("it is neither BOUNCE nor COMPLAINT")),
            };
            let time = json::time(&at, item, "LastUpdateTime")?;
            entries.push(Entry::new(json::text(&at, item, "EmailAddress")?, reason, time));
        }
        let next = json::optional(&page, "NextToken").map(|token| self.request(Some(token)));
        Ok(Read { entries, n_skipped: 0, next })
    }
}
