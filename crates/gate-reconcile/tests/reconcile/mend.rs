//! What would mend a difference: changes here as the door makes them, calls there no further than what was refused.

use super::{NOW, frame, key, ok, source};
use gate_core::{SubjectKey, Timestamp};
use gate_intake::IdKey;
use gate_reconcile::{
    Allowed, Answer, ApiSpec, Call, Class, Entry, Finding, Hindrance, Kind, Lane, MailgunSpec,
    Method, Reason, Remedy, Row, SendGridSpec, SesSpec, There, TwilioSpec, Wanted, Written, calls,
    changes,
};
use serde_json::{Value, json};
use std::time::Duration;

const ANA: &str = "Ana@Example.com";

fn sendgrid() -> ApiSpec {
    ApiSpec::SendGrid(SendGridSpec::default())
}

fn ses() -> ApiSpec {
    ApiSpec::Ses(SesSpec { region: "eu-west-1".to_owned(), ..SesSpec::default() })
}

fn mailgun() -> ApiSpec {
    ApiSpec::Mailgun(MailgunSpec { domain: "mg.example.com".to_owned(), ..MailgunSpec::default() })
}

fn twilio() -> ApiSpec {
    ApiSpec::Twilio(TwilioSpec { sender: "MG1".to_owned(), ..TwilioSpec::default() })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn finding(class: Class, lane: Lane, kind: Kind) -> Finding {
    let smtp = (kind == Kind::HardBounce).then(|| "5.1.1".into());
    let there = There { kind, at: Some(at(1_443_651_141)), smtp };
    Finding {
        class,
        lane,
        kind,
        key: SubjectKey([7; 16]),
        address: Some(ANA.into()),
        there: if class == Class::OnlyHere { Vec::new() } else { vec![there] },
        groups_there: Vec::new(),
        is_stopped_there: false,
        since: Some(at(1_443_651_141)),
        is_whole: true,
        is_writable: true,
        agreed: None,
    }
}

fn made(finding: &Finding, more: &str) -> Vec<Value> {
    let ids = IdKey::new([1; 32]);
    let outcome = changes(std::slice::from_ref(finding), &frame(), &source(more), &ids, NOW);
    assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    outcome.records.iter().map(|accepted| serde_json::from_slice(&accepted.json).unwrap()).collect()
}

#[test]
fn changes_are_those_of_the_door() {
    let unsubscribed = finding(Class::OnlyThere, Lane::Everything, Kind::Unsubscribe);
    let mut change = made(&unsubscribed, "region: DE").pop().unwrap();
    let id = change.as_object_mut().unwrap().remove("event_id").unwrap();
    assert_eq!(
        change,
        json!({
            "action": "opt_out", "address": ANA, "channel": "email", "controller": "acme-ltd", "brand": "acme",
            "region": "DE", "occurred_at": "2015-09-30T22:12:21Z", "source": "main",
            "via": "sendgrid:list:unsubscribe (repeated by the provider; time of the list's entry)",
        })
    );
    let id = id.as_str().unwrap();
    assert!(id.starts_with("main:") && !id.to_lowercase().contains("ana"), "{id}");
    // the same entry is the same event, another time another
    assert_eq!(made(&unsubscribed, "")[0]["event_id"], id);
    let mut later = unsubscribed.clone();
    later.there[0].at = Some(at(1_443_651_142));
    assert_ne!(made(&later, "")[0]["event_id"], id);
    let group = made(&finding(Class::OnlyThere, Lane::Group(1), Kind::Group), "");
    assert_eq!(
        (&group[0]["action"], &group[0]["purpose"]),
        (&json!("opt_out"), &json!("marketing.offers"))
    );
    let bounce = made(&finding(Class::OnlyThere, Lane::Closed, Kind::HardBounce), "");
    assert_eq!(
        (&bounce[0]["action"], &bounce[0]["smtp"]),
        (&json!("hard_bounce"), &json!("5.1.1"))
    );
    let mut both = finding(Class::OnlyThere, Lane::Everything, Kind::Complaint);
    both.there.push(unsubscribed.there[0].clone());
    let actions: Vec<_> = made(&both, "").iter().map(|change| change["action"].clone()).collect();
    assert_eq!(actions, [json!("complaint"), json!("opt_out")]);
}

#[test]
fn entries_without_a_time_or_from_the_future_are_of_now() {
    let mut undated = finding(Class::Undated, Lane::Everything, Kind::Unsubscribe);
    undated.there[0].at = None;
    let change = &made(&undated, "")[0];
    assert_eq!(change["occurred_at"], "2026-11-30T12:00:00Z");
    assert!(change["via"].as_str().unwrap().contains("no time"));
    undated.there[0].at = Some(Timestamp::MAX);
    assert_eq!(made(&undated, "")[0]["occurred_at"], "2026-11-30T12:00:00Z");
}

/// Rule 9 has a switch for each source; actions that it may not say are refused, and said so.
#[test]
fn the_sources_own_switches_hold() {
    let unsubscribed = finding(Class::OnlyThere, Lane::Everything, Kind::Unsubscribe);
    assert!(made(&unsubscribed, "repeats: false").is_empty());
    let ids = IdKey::new([1; 32]);
    let outcome = changes(&[unsubscribed], &frame(), &source("actions: [hard_bounce]"), &ids, NOW);
    assert_eq!((outcome.records.len(), outcome.problems.len()), (0, 1));
}

#[test]
fn a_refusal_is_written_there_as_far_as_it_was_given() {
    let here = |lane, kind| finding(Class::OnlyHere, lane, kind);
    let all = here(Lane::Everything, Kind::Unsubscribe);
    let marketing = Finding { is_whole: false, ..all.clone() };
    let complaint = here(Lane::Everything, Kind::Complaint);
    let group = here(Lane::Group(1), Kind::Group);
    let partial = here(Lane::Partial, Kind::Unsubscribe);
    let closed = here(Lane::Closed, Kind::HardBounce);
    let gates = Finding { is_writable: false, ..all.clone() };
    let kept = Finding { groups_there: vec![0], ..group.clone() };
    let stopped = Finding { is_stopped_there: true, ..closed.clone() };
    let nobody = Finding { address: None, ..all.clone() };
    let none = Allowed::default();
    let wide = Allowed {
        undated: true,
        marketing_stops_all: true,
        bounces: true,
        opt_outs_as_complaints: true,
    };
    let remedy = |finding: &Finding, api: Option<&ApiSpec>, allowed| match Remedy::of(
        finding,
        &frame(),
        api,
        allowed,
    ) {
        Remedy::There(Wanted { reason, groups, .. }) => Ok((reason, groups.join(" "))),
        Remedy::Not(why) => Err(why),
        other => panic!("{other:?}"),
    };
    let there = |reason, groups: &str| Ok((reason, groups.to_owned()));
    let [sendgrid, ses, mailgun, twilio] = [sendgrid(), ses(), mailgun(), twilio()];
    for (finding, api, allowed, expected) in [
        (&all, Some(&sendgrid), none, there(Reason::Unsubscribe, "")),
        (&marketing, Some(&sendgrid), none, there(Reason::Unsubscribe, "1 2")),
        (&marketing, Some(&sendgrid), wide, there(Reason::Unsubscribe, "")),
        (&complaint, Some(&sendgrid), none, there(Reason::Unsubscribe, "")),
        (&complaint, Some(&mailgun), none, there(Reason::Complaint, "")),
        (&complaint, Some(&ses), none, there(Reason::Complaint, "")),
        (&group, Some(&sendgrid), none, there(Reason::Unsubscribe, "2")),
        (&group, Some(&ses), wide, Err(Hindrance::NoApi)),
        // Mailgun replaces an entry: what stands there stays there
        (&kept, Some(&mailgun), none, there(Reason::Unsubscribe, "1 2")),
        (&kept, Some(&sendgrid), none, there(Reason::Unsubscribe, "2")),
        (&stopped, Some(&ses), wide, Err(Hindrance::Bounce)),
        (&partial, Some(&sendgrid), wide, Err(Hindrance::NoGroup)),
        (&all, Some(&ses), none, Err(Hindrance::NoApi)),
        (&all, Some(&ses), wide, there(Reason::Complaint, "")),
        (
            &marketing,
            Some(&ses),
            Allowed { marketing_stops_all: false, ..wide },
            Err(Hindrance::StopsMore),
        ),
        (&marketing, Some(&twilio), none, Err(Hindrance::StopsMore)),
        (&marketing, Some(&twilio), wide, there(Reason::Unsubscribe, "")),
        (&closed, Some(&mailgun), none, Err(Hindrance::Bounce)),
        (&closed, Some(&mailgun), wide, there(Reason::HardBounce, "")),
        (&closed, Some(&sendgrid), wide, Err(Hindrance::NoApi)),
        (&gates, Some(&sendgrid), wide, Err(Hindrance::NotTheirs)),
        (&nobody, Some(&sendgrid), wide, Err(Hindrance::NoAddress)),
        (&all, None, wide, Err(Hindrance::NoApi)),
    ] {
        assert_eq!(remedy(finding, api, allowed), expected, "{finding:?} {api:?}");
    }
}

/// Nothing is written against consent that was proven later, and nothing lifts an entry there.
#[test]
fn what_was_overtaken_or_is_no_refusal_is_left_alone() {
    let wide = Allowed {
        undated: true,
        marketing_stops_all: true,
        bounces: true,
        opt_outs_as_complaints: true,
    };
    let of = |class, allowed| {
        Remedy::of(
            &finding(class, Lane::Everything, Kind::Unsubscribe),
            &frame(),
            Some(&sendgrid()),
            allowed,
        )
    };
    assert_eq!(of(Class::Overtaken, wide), Remedy::Not(Hindrance::Overtaken));
    assert_eq!(of(Class::Undated, Allowed::default()), Remedy::Not(Hindrance::Undated));
    assert_eq!(of(Class::Undated, wide), Remedy::Here);
    assert_eq!(of(Class::OnlyThere, Allowed::default()), Remedy::Here);
    assert_eq!(of(Class::Both, wide), Remedy::Nothing);
    assert_eq!(of(Class::NoRefusal, wide), Remedy::Nothing);
}

fn wanted(address: &str, reason: Reason, groups: &[&str]) -> Wanted {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Wanted { address: address.into(), reason, groups, since: Some(at(1_443_651_141)) }
}

fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.request.body).unwrap()
}

fn paths(calls: &[Call]) -> Vec<(Method, &str, usize)> {
    calls
        .iter()
        .map(|call| {
            let url = call.request.url.split_once("://").unwrap().1;
            (call.request.method, url.split_once('/').unwrap().1, call.n_wanted)
        })
        .collect()
}

/// SendGrid writes to a group that does not exist into the global list: each group is asked for first.
#[test]
fn sendgrid_is_written_to_group_by_group() {
    let calls = calls(
        &sendgrid(),
        &[
            wanted("a@example.com", Reason::Unsubscribe, &[]),
            wanted("b@example.com", Reason::Unsubscribe, &["1", "2"]),
            wanted("c@example.com", Reason::Unsubscribe, &["2"]),
        ],
    );
    assert_eq!(
        paths(&calls),
        [
            (Method::Get, "v3/asm/groups/1", 0),
            (Method::Get, "v3/asm/groups/2", 0),
            (Method::Post, "v3/asm/suppressions/global", 1),
            (Method::Post, "v3/asm/groups/1/suppressions", 1),
            (Method::Post, "v3/asm/groups/2/suppressions", 2),
        ]
    );
    assert_eq!(body(&calls[4]), json!({"recipient_emails": ["b@example.com", "c@example.com"]}));
    let done = |n_taken, n_refused| Ok(Written::Done { n_taken, n_refused });
    assert_eq!(calls[0].answered(&ok(r#"{"id":1,"name":"news"}"#), 0), done(0, 0));
    for (status, body) in [(200, r#"{"id":9}"#), (200, "{}"), (404, ""), (200, "")] {
        calls[0]
            .answered(&Answer { status, retry_after: None, body: body.as_bytes() }, 0)
            .unwrap_err();
    }
    assert_eq!(calls[4].answered(&ok(r#"{"recipient_emails":["b@example.com"]}"#), 0), done(1, 1));
    let busy = Answer { status: 429, retry_after: Some("3"), body: b"" };
    assert_eq!(calls[4].answered(&busy, 0), Ok(Written::Later(Duration::from_secs(3))));
    calls[4].answered(&ok("[]"), 0).unwrap_err();
    let many: Vec<Wanted> = (0..1_001)
        .map(|at| wanted(&format!("{at}@example.com"), Reason::Unsubscribe, &[]))
        .collect();
    let sizes: Vec<usize> =
        gate_reconcile::calls(&sendgrid(), &many).iter().map(|call| call.n_wanted).collect();
    assert_eq!(sizes, [500, 500, 1]);
}

#[test]
fn mailgun_gets_all_tags_of_an_address_at_once() {
    let calls = calls(
        &mailgun(),
        &[
            wanted("a@example.com", Reason::Unsubscribe, &["1"]),
            wanted("a@example.com", Reason::Unsubscribe, &["2"]),
            wanted("b@example.com", Reason::Unsubscribe, &["1"]),
            wanted("b@example.com", Reason::Unsubscribe, &[]),
            wanted("c@example.com", Reason::Complaint, &[]),
            wanted("d@example.com", Reason::HardBounce, &[]),
        ],
    );
    assert_eq!(
        paths(&calls),
        [
            (Method::Post, "v3/mg.example.com/unsubscribes", 2),
            (Method::Post, "v3/mg.example.com/complaints", 1),
            (Method::Post, "v3/mg.example.com/bounces", 1),
        ]
    );
    let since = "Wed, 30 Sep 2015 22:12:21 GMT";
    assert_eq!(
        body(&calls[0]),
        json!([
            {"address": "a@example.com", "tags": ["1", "2"], "created_at": since},
            {"address": "b@example.com", "tags": ["*"], "created_at": since},
        ])
    );
    assert_eq!(body(&calls[1]), json!([{"address": "c@example.com", "created_at": since}]));
    assert_eq!(
        calls[0].answered(&ok(r#"{"message":"2 addresses"}"#), 0),
        Ok(Written::Done { n_taken: 2, n_refused: 0 })
    );
}

#[test]
fn ses_and_twilio() {
    let spec = SesSpec {
        region: "eu-west-1".to_owned(),
        tenant: Some("t".to_owned()),
        ..SesSpec::default()
    };
    let wanted_all = [
        wanted("a@example.com", Reason::Complaint, &[]),
        wanted("b@example.com", Reason::HardBounce, &[]),
        wanted("c@example.com", Reason::Unsubscribe, &[]),
    ];
    let made = calls(&ApiSpec::Ses(spec), &wanted_all);
    assert_eq!(paths(&made), [(Method::Put, "v2/email/suppression/addresses", 1); 2]);
    assert_eq!(
        body(&made[0]),
        json!({"EmailAddress": "a@example.com", "Reason": "COMPLAINT", "TenantName": "t"})
    );
    let numbers: Vec<Wanted> = (0..26)
        .map(|at| wanted(&format!("+4915112345{at:03}"), Reason::Unsubscribe, &[]))
        .collect();
    let made = calls(&twilio(), &numbers);
    assert_eq!(
        paths(&made),
        [(Method::Post, "v1/Consents/Bulk", 25), (Method::Post, "v1/Consents/Bulk", 1)]
    );
    let form = String::from_utf8(made[1].request.body.clone()).unwrap();
    let item = percent_decoded(form.strip_prefix("Items=").unwrap());
    let item: Value = serde_json::from_str(&item).unwrap();
    assert_eq!(item["correlation_id"].as_str().unwrap().len(), 32);
    assert_eq!(
        (
            &item["contact_id"],
            &item["sender_id"],
            &item["status"],
            &item["source"],
            &item["date_of_consent"]
        ),
        (
            &json!("+4915112345025"),
            &json!("MG1"),
            &json!("opt-out"),
            &json!("others"),
            &json!("2015-09-30T22:12:21Z")
        )
    );
    // twilio_accounts_v1.json, the example of the answer
    let answer = r#"{"items":[{"correlation_id":"ad388b5a46b33b874b0d41f7226db2ef","error_code":0,"error_messages":[]},
        {"correlation_id":"02520cfa6c432f0e3ec3a38c122d428d","error_code":30646,"error_messages":["INVALID_CONTACT_ID"]}]}"#;
    assert_eq!(made[0].answered(&ok(answer), 0), Ok(Written::Done { n_taken: 1, n_refused: 24 }));
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// From an entry to a change, through the comparison.
#[test]
fn all_the_way() {
    let mut entry = Entry::new(ANA, Reason::Unsubscribe, Some(at(1_443_651_141)));
    entry.group = Some("2".into());
    let row = Row::there(&frame(), &entry, key).unwrap();
    let found: Vec<Finding> =
        gate_reconcile::Diff::new([Ok::<_, std::convert::Infallible>(row)].into_iter(), &frame())
            .map(Result::unwrap)
            .collect();
    assert_eq!(Remedy::of(&found[0], &frame(), None, Allowed::default()), Remedy::Here);
    let change = &made(&found[0], "")[0];
    assert_eq!((&change["purpose"], &change["address"]), (&json!("marketing.offers"), &json!(ANA)));
    let shown =
        format!("{found:?} {:?}", calls(&sendgrid(), &[wanted(ANA, Reason::Unsubscribe, &[])]));
    assert!(!shown.contains("Ana"), "{shown}");
}
