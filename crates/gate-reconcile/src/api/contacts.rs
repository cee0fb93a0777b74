//! Amazon SES's contact lists: `ListContacts` of API v2 (see `ses.rs`). Who is unsubscribed from all topics refused everything,
//! who opted out of a topic refused the group `LIST/TOPIC`; all others are passed over and counted.

use super::spec::{ApiSpec, SesSpec, encoded};
use super::{Listing, Read};
use crate::entry::{Entry, Reason};
use crate::http::{HttpRequest, Method};
use crate::json::{self, At};
use crate::problem::ListProblem;
use serde_json::{Value, json};

/// How many contacts are asked for.
const PAGE_ENTRIES: u32 = 1_000;

pub(super) struct Contacts {
    spec: SesSpec,
    list: String,
    name: String,
}

impl Contacts {
    pub(super) fn new(spec: &SesSpec, list: &str) -> Self {
        Self { spec: spec.clone(), list: list.to_owned(), name: format!("ses:contacts/{list}") }
    }

    fn request(&self, token: Option<&str>) -> HttpRequest {
        let mut body = json!({"PageSize": PAGE_ENTRIES});
        if let (Some(token), Some(members)) = (token, body.as_object_mut()) {
            members.insert("NextToken".to_owned(), token.into());
        }
        let path = format!("/v2/email/contact-lists/{}/contacts/list", encoded(&self.list));
        let mut request = ApiSpec::Ses(self.spec.clone()).request(Method::Post, &path);
        request.headers.push(("content-type", "application/json".to_owned()));
        HttpRequest { body: body.to_string().into_bytes(), ..request }
    }
}

impl Listing for Contacts {
    fn name(&self) -> &str {
        &self.name
    }

    fn first(&self) -> HttpRequest {
        self.request(None)
    }

    fn read(&mut self, body: &[u8]) -> Result<Read, ListProblem> {
        let top = At::top(&self.name);
        let page = json::value(&top, body)?;
        let at = top.below("Contacts");
        let mut read = Read::default();
        for (index, item) in json::list(&top, &page, "Contacts")?.iter().enumerate() {
            let found = contact(&at.below(&index.to_string()), item, &self.list)?;
            read.n_skipped += u64::from(found.is_empty());
            read.entries.extend(found);
        }
        read.next = json::optional(&page, "NextToken").map(|token| self.request(Some(token)));
        Ok(read)
    }
}

/// What a contact refused.
fn contact(at: &At<'_>, item: &Value, list: &str) -> Result<Vec<Entry>, ListProblem> {
    let address = json::text(at, item, "EmailAddress")?;
    let time = json::time(at, item, "LastUpdatedTimestamp")?;
    let entry = Entry::new(address, Reason::Unsubscribe, time);
    match item.get("UnsubscribeAll") {
        Some(Value::Bool(true)) => return Ok(vec![entry]),
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(_) => return Err(at.below("UnsubscribeAll").wrong("it is neither true nor false")),
    }
    let mut entries = Vec::new();
    if item.get("TopicPreferences").is_none_or(Value::is_null) {
        return Ok(entries);
    }
    let topics = at.below("TopicPreferences");
    for (index, topic) in json::list(at, item, "TopicPreferences")?.iter().enumerate() {
        let at = topics.below(&index.to_string());
        match json::text(&at, topic, "SubscriptionStatus")? {
            "OPT_OUT" => {
                let group = format!("{list}/{}", json::text(&at, topic, "TopicName")?);
                entries.push(Entry { group: Some(group.into()), ..entry.clone() });
            }
            "OPT_IN" => {}
            _ => {
                return Err(at
                    .below("SubscriptionStatus")
                    .wrong("it is neither OPT_IN nor OPT_OUT"));
            }
        }
    }
    Ok(entries)
}
