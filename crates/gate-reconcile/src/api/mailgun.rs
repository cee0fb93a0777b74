//! Mailgun's lists, one set for each sending domain: documentation.mailgun.com, API v3, "List all unsubscribes", "complaints",
//! "bounces"; <https://github.com/mailgun/documentation>, `source/api-suppressions.rst` (read 2026-11-30).
//!
//! `paging.next` is a whole URL. It is followed only on the same host and below the same path: the key goes with it. The page
//! behind the last is empty. `tags` is a list (`tag` in older answers); `*` is everything, any other tag a group.

use super::spec::{ApiSpec, MailgunSpec};
use super::{Listing, Read};
use crate::entry::{Entry, Reason};
use crate::http::{HttpRequest, Method, parts};
use crate::json::{self, At};
use crate::problem::ListProblem;
use serde_json::Value;

/// The documented maximum.
const PAGE_ENTRIES_MAX: u32 = 1_000;

pub(crate) fn lists(spec: &MailgunSpec) -> Vec<Box<dyn Listing + Send>> {
    [
        ("mailgun:unsubscribes", "unsubscribes", Reason::Unsubscribe),
        ("mailgun:complaints", "complaints", Reason::Complaint),
        ("mailgun:bounces", "bounces", Reason::HardBounce),
    ]
    .map(|(name, path, reason)| {
        let path = format!("/v3/{}/{path}", spec.domain);
        Box::new(Suppressed { api: ApiSpec::Mailgun(spec.clone()), name, path, reason })
            as Box<dyn Listing + Send>
    })
    .into()
}

struct Suppressed {
    api: ApiSpec,
    name: &'static str,
    path: String,
    reason: Reason,
}

impl Listing for Suppressed {
    fn name(&self) -> &str {
        self.name
    }

    fn first(&self) -> HttpRequest {
        self.api.request(Method::Get, &format!("{}?limit={PAGE_ENTRIES_MAX}", self.path))
    }

    fn read(&mut self, body: &[u8]) -> Result<Read, ListProblem> {
        let top = At::top(self.name);
        let page = json::value(&top, body)?;
        let at = top.below("items");
        let mut entries = Vec::new();
        for (index, item) in json::list(&top, &page, "items")?.iter().enumerate() {
            self.item(&at.below(&index.to_string()), item, &mut entries)?;
        }
        let is_end = json::list(&top, &page, "items")?.is_empty();
        let next = if is_end { None } else { Some(self.following(&top, &page)?) };
        Ok(Read { entries, n_skipped: 0, next })
    }
}

impl Suppressed {
    fn item(&self, at: &At<'_>, item: &Value, entries: &mut Vec<Entry>) -> Result<(), ListProblem> {
        let time = json::time(at, item, "created_at")?;
        let mut entry = Entry::new(json::text(at, item, "address")?, self.reason, time);
        match self.reason {
            Reason::HardBounce => {
                let said = json::optional(item, "error").unwrap_or_default();
                let code = json::scalar(item, "code").unwrap_or_default();
                let said = format!("{code} {said}").trim().to_owned();
                entry.smtp = Some(said).filter(|said| !said.is_empty()).map(Into::into);
            }
            Reason::Unsubscribe => {
                for tag in tags(at, item)? {
                    let group = (tag != "*").then(|| tag.as_str().into());
                    entries.push(Entry { group, ..entry.clone() });
                }
                return Ok(());
            }
            Reason::Complaint | Reason::Invalid | Reason::Block => {}
        }
        entries.push(entry);
        Ok(())
    }

    /// The request for the page that `paging.next` names.
    fn following(&self, top: &At<'_>, page: &Value) -> Result<HttpRequest, ListProblem> {
        let at = top.below("paging");
        let paging = page.get("paging").unwrap_or(&Value::Null);
        let next = json::text(&at, paging, "next")?;
        let request = self.first();
        let (scheme, host, path, _) = parts(&request.url);
        let (next_scheme, next_host, next_path, _) = parts(next);
        let below = next_path.strip_prefix(path);
        let is_same_list = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic()) && !next.contains("/..");
        if next_scheme != scheme
            || !next_host.eq_ignore_ascii_case(host)
            || !is_same_list
            || !is_plain
        {
            return Err(ListProblem::new(
                self.name,
                "/paging/next",
                "it leads away from the list that was asked for",
                "check that the domain is in the region you gave (`eu`)",
            ));
        }
        Ok(HttpRequest { url: next.to_owned(), ..request })
    }
}

/// The tags of an unsubscribe; none is everything.
fn tags(at: &At<'_>, item: &Value) -> Result<Vec<String>, ListProblem> {
    let tags = match item.get("tags") {
        Some(Value::Array(tags)) => tags
            .iter()
            .map(|tag| tag.as_str().map(|tag| tag.trim().to_owned()))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| at.below("tags").wrong("it is no list of texts"))?,
        None | Some(Value::Null) => {
            json::optional(item, "tag").map(str::to_owned).into_iter().collect()
        }
        Some(_) => return Err(at.below("tags").wrong("it is no list of texts")),
    };
    let is_all = tags.is_empty() || tags.iter().any(|tag| tag == "*" || tag.is_empty());
    Ok(if is_all { vec!["*".to_owned()] } else { tags })
}
