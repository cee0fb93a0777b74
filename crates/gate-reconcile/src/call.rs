//! Calls that write missing refusals to a provider, many at a time, and what their answers say.
//!
//! Sources: those named in `api/`; Twilio: <https://github.com/twilio/twilio-oai>, `spec/json/twilio_accounts_v1.json`,
//! `/v1/Consents/Bulk`, and twilio.com, "Bulk Upsert Consents" (25 items a request, 100 requests a minute). How many addresses
//! SendGrid takes at a time is not documented: 500 here.
//!
//! SendGrid writes to a group that does not exist **into the global list**, which stops every message. So each group is asked
//! for first, and an answer that is not this group ends the writing.

use crate::api::{ApiSpec, encoded};
use crate::entry::Reason;
use crate::http::{Answer, HttpRequest, Method, Verdict, verdict};
use crate::json::{self, At};
use crate::limits::{CALL_BYTES_MAX, REJECTED_IN_A_ROW_MAX};
use crate::problem::ListProblem;
use crate::remedy::Wanted;
use crate::sigv4::hex;
use crate::time;
use aws_lc_rs::digest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most addresses in one call to SendGrid.
const SENDGRID_CALL_MAX: usize = 500;
/// Most entries in one call to Mailgun, as documented.
const MAILGUN_CALL_MAX: usize = 1_000;
/// Most entries in one call to Twilio, as documented.
const TWILIO_CALL_MAX: usize = 25;

/// One call. Make them in order ([`crate::Writing`] does); the first error ends the writing, for a call may guard those that follow.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The request.
    pub request: HttpRequest,
    /// How many refusals it writes; 0 for one that only asks.
    pub n_wanted: usize,
    list: &'static str,
    expect: Expect,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("list", &self.list)
            .field("n_wanted", &self.n_wanted)
            .finish_non_exhaustive()
    }
}

/// What an answer must say.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expect {
    /// Success is enough.
    Success,
    /// It is this group of SendGrid's.
    Group(String),
    /// It repeats the addresses (SendGrid).
    Repeated,
    /// It judges each item (Twilio).
    Judged,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was made.
    Done {
        /// Refusals that the provider took.
        n_taken: usize,
        /// Refusals that it did not: reconcile again to see whose.
        n_refused: usize,
    },
    /// The provider took none of it, since it rejects an entry (400, 422): make [`Call::halves`] instead, and where there are none,
    /// it is this one.
    Rejected,
    /// Make the same call again after that long.
    Later(Duration),
}

impl Call {
    /// What an answer says; `n_waits`: how often in a row it was [`Written::Later`] before.
    ///
    /// # Errors
    /// When the provider refuses, or the answer is not as documented. Make no further call.
    pub fn answered(&self, answer: &Answer<'_>, n_waits: u32) -> Result<Written, ListProblem> {
        if self.n_wanted > 0 && matches!(answer.status, 400 | 422) {
            return Ok(Written::Rejected);
        }
        if let Verdict::Later(wait) = verdict(self.list, answer, n_waits)? {
            return Ok(Written::Later(wait));
        }
        let at = At::top(self.list);
        let n_taken = match &self.expect {
            Expect::Success => self.n_wanted,
            Expect::Group(id) => {
                let group = json::value(&at, answer.body)?;
                if json::scalar(&group, "id").as_ref() != Some(id) {
                    return Err(at.below("id").wrong("it is not the group that was asked for"));
                }
                0
            }
            Expect::Repeated => {
                let body = json::value(&at, answer.body)?;
                json::list(&at, &body, "recipient_emails")?.len().min(self.n_wanted)
            }
            Expect::Judged => {
                let body = json::value(&at, answer.body)?;
                let items = json::list(&at, &body, "items")?;
                let is_taken =
                    |item: &&Value| item.get("error_code").and_then(Value::as_i64) == Some(0);
                items.iter().filter(is_taken).count().min(self.n_wanted)
            }
        };
        Ok(Written::Done { n_taken, n_refused: self.n_wanted - n_taken })
    }

    /// Two calls that write what this one does; `None` when that is one entry, or nothing.
    #[must_use]
    pub fn halves(&self) -> Option<[Self; 2]> {
        let middle = self.n_wanted / 2;
        if middle == 0 {
            return None;
        }
        // out of the body itself: to keep the entries beside it would take the memory of a long list twice
        let [first, second] = match self.expect {
            Expect::Judged => {
                let form = std::str::from_utf8(&self.request.body).ok()?;
                let items: Vec<&str> = form.split('&').collect();
                let (first, second) = items.split_at_checked(middle)?;
                [first.join("&"), second.join("&")]
            }
            Expect::Repeated => {
                let body: Value = serde_json::from_slice(&self.request.body).ok()?;
                let all = body.get("recipient_emails")?.as_array()?;
                let (first, second) = all.split_at_checked(middle)?;
                [first, second].map(|half| json!({"recipient_emails": half}).to_string())
            }
            Expect::Success | Expect::Group(_) => {
                let items: Vec<Value> = serde_json::from_slice(&self.request.body).ok()?;
                let (first, second) = items.split_at_checked(middle)?;
                [first, second].map(|half| json!(half).to_string())
            }
        };
        let half = |body: String, n_wanted| {
            let request = HttpRequest { body: body.into_bytes(), ..self.request.clone() };
            Self { request, n_wanted, ..self.clone() }
        };
        Some([half(first, middle), half(second, self.n_wanted - middle)])
    }

    /// The error of a provider that rejects whatever it is given.
    pub(crate) fn rejected(&self, status: u16) -> ListProblem {
        let reason =
            format!("the provider answered {status} to {REJECTED_IN_A_ROW_MAX} entries in a row");
        let fix =
            "it is not about one address: check domain, sender, tenant and groups of the spec";
        ListProblem::new(self.list, "", reason, fix)
    }
}

/// The calls that write refusals. Hand in as many as there are; those that cannot be written so are left out, which
/// [`crate::Remedy::of`] has said before.
#[must_use]
pub fn calls(api: &ApiSpec, wanted: &[Wanted]) -> Vec<Call> {
    match api {
        ApiSpec::SendGrid(_) => sendgrid(api, wanted),
        ApiSpec::Ses(spec) => ses(api, spec.tenant.as_deref(), wanted),
        ApiSpec::Mailgun(spec) => mailgun(api, &spec.domain, wanted),
        ApiSpec::Twilio(spec) => twilio(api, &spec.sender, wanted),
    }
}

fn call(
    api: &ApiSpec,
    method: Method,
    path: &str,
    list: &'static str,
    n_wanted: usize,
    body: Option<&Value>,
) -> Call {
    let mut request = api.request(method, path);
    request.answer_bytes_max = CALL_BYTES_MAX;
    if let Some(body) = body {
        request.headers.push(("content-type", "application/json".to_owned()));
        request.body = body.to_string().into_bytes();
    }
    Call { request, n_wanted, list, expect: Expect::Success }
}

fn sendgrid(api: &ApiSpec, wanted: &[Wanted]) -> Vec<Call> {
    let mut lists: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for one in wanted.iter().filter(|one| one.reason == Reason::Unsubscribe) {
        if one.groups.is_empty() {
            lists.entry(None).or_default().push(&one.address);
        }
        for group in &one.groups {
            lists.entry(Some(group)).or_default().push(&one.address);
        }
    }
    let guards = lists.keys().flatten().map(|group| {
        let path = format!("/v3/asm/groups/{}", encoded(group));
        let guard = call(api, Method::Get, &path, "sendgrid:group", 0, None);
        Call { expect: Expect::Group((*group).to_owned()), ..guard }
    });
    let mut calls: Vec<Call> = guards.collect();
    for (group, addresses) in &lists {
        let path = group.map_or_else(
            || "/v3/asm/suppressions/global".to_owned(),
            |group| format!("/v3/asm/groups/{}/suppressions", encoded(group)),
        );
        for chunk in addresses.chunks(SENDGRID_CALL_MAX) {
            let body = json!({"recipient_emails": chunk});
            let write = call(api, Method::Post, &path, "sendgrid:write", chunk.len(), Some(&body));
            calls.push(Call { expect: Expect::Repeated, ..write });
        }
    }
    calls
}

fn ses(api: &ApiSpec, tenant: Option<&str>, wanted: &[Wanted]) -> Vec<Call> {
    let one = |one: &Wanted| {
        let reason = match one.reason {
            Reason::Complaint => "COMPLAINT",
            Reason::HardBounce | Reason::Invalid => "BOUNCE",
            Reason::Unsubscribe | Reason::Block => return None,
        };
        let mut body = json!({"EmailAddress": one.address, "Reason": reason});
        if let (Some(tenant), Some(members)) = (tenant, body.as_object_mut()) {
            members.insert("TenantName".to_owned(), tenant.into());
        }
        Some(call(api, Method::Put, "/v2/email/suppression/addresses", "ses:write", 1, Some(&body)))
    };
    wanted.iter().filter_map(one).collect()
}

fn mailgun(api: &ApiSpec, domain: &str, wanted: &[Wanted]) -> Vec<Call> {
    let mut calls = Vec::new();
    for (reasons, name) in [
        ([Reason::Unsubscribe, Reason::Unsubscribe], "unsubscribes"),
        ([Reason::Complaint, Reason::Complaint], "complaints"),
        ([Reason::HardBounce, Reason::Invalid], "bounces"),
    ] {
        let mut items: Vec<Value> = Vec::new();
        for (address, one) in mailgun_items(wanted, reasons) {
            let mut item = json!({"address": address});
            if let Some(members) = item.as_object_mut() {
                if name == "unsubscribes" {
                    let all = BTreeSet::from(["*"]);
                    let tags = if one.tags.is_empty() { all } else { one.tags };
                    members.insert("tags".to_owned(), json!(tags));
                }
                let since = one.since.and_then(time::rfc2822);
                members.extend(since.map(|since| ("created_at".to_owned(), since.into())));
            }
            items.push(item);
        }
        for chunk in items.chunks(MAILGUN_CALL_MAX) {
            let body = Value::from(chunk.to_vec());
            let path = format!("/v3/{domain}/{name}");
            calls.push(call(api, Method::Post, &path, "mailgun:write", chunk.len(), Some(&body)));
        }
    }
    calls
}

/// What one address gets: an entry that is there is replaced, so all its tags go in one.
#[derive(Default)]
struct Item<'w> {
    /// Empty: everything.
    tags: BTreeSet<&'w str>,
    is_all: bool,
    since: Option<gate_core::Timestamp>,
}

fn mailgun_items(wanted: &[Wanted], reasons: [Reason; 2]) -> BTreeMap<&str, Item<'_>> {
    let mut items: BTreeMap<&str, Item<'_>> = BTreeMap::new();
    for one in wanted.iter().filter(|one| reasons.contains(&one.reason)) {
        let item = items.entry(&one.address).or_default();
        item.is_all |= one.groups.is_empty();
        item.tags.extend(one.groups.iter().map(String::as_str));
        item.since = item.since.max(one.since);
    }
    for item in items.values_mut().filter(|item| item.is_all) {
        item.tags.clear();
    }
    items
}

fn twilio(api: &ApiSpec, sender: &str, wanted: &[Wanted]) -> Vec<Call> {
    let refusals: Vec<&Wanted> =
        wanted.iter().filter(|one| one.reason == Reason::Unsubscribe).collect();
    let calls = refusals.chunks(TWILIO_CALL_MAX).map(|chunk| {
        let items: Vec<String> = chunk.iter().map(|one| twilio_item(one, sender)).collect();
        let mut write =
            call(api, Method::Post, "/v1/Consents/Bulk", "twilio:write", chunk.len(), None);
        write
            .request
            .headers
            .push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        write.request.body = items.join("&").into_bytes();
        Call { expect: Expect::Judged, ..write }
    });
    calls.collect()
}

/// One item of the form. `correlation_id` is 32 hexadecimal digits and tells items apart within the answer.
fn twilio_item(one: &Wanted, sender: &str) -> String {
    let id = digest::digest(&digest::SHA256, format!("{sender} {}", one.address).as_bytes());
    let mut item = json!({
        "contact_id": one.address,
        "correlation_id": id.as_ref().get(..16).map(hex),
        "sender_id": sender,
        "status": "opt-out",
        "source": "others",
    });
    if let (Some(since), Some(members)) = (one.since.and_then(time::rfc3339), item.as_object_mut())
    {
        members.insert("date_of_consent".to_owned(), since.into());
    }
    format!("Items={}", encoded(&item.to_string()))
}
