//! Answers as the documentation of the providers shows them (named in `src/api`), and answers that it does not.

use super::{NOW, ok};
use gate_core::Timestamp;
use gate_intake::Secret;
use gate_reconcile::{
    Answer, ApiSpec, AwsKey, Credentials, Entry, ListProblem, MailgunSpec, Method, Page, Reason,
    SendGridSpec, SesSpec, SuppressionApi, TwilioSpec, WAITS_MAX,
};
use std::time::Duration;

fn sendgrid() -> SuppressionApi {
    SuppressionApi::new(&ApiSpec::SendGrid(SendGridSpec::default()), NOW).unwrap()
}

fn mailgun() -> SuppressionApi {
    let spec = MailgunSpec { domain: "mg.example.com".to_owned(), ..MailgunSpec::default() };
    SuppressionApi::new(&ApiSpec::Mailgun(spec), NOW).unwrap()
}

fn ses(contact_lists: &[&str]) -> SuppressionApi {
    let spec = SesSpec {
        region: "eu-west-1".to_owned(),
        contact_lists: contact_lists.iter().map(|list| (*list).to_owned()).collect(),
        ..SesSpec::default()
    };
    SuppressionApi::new(&ApiSpec::Ses(spec), NOW).unwrap()
}

fn seconds(at: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(at * 1_000_000))
}

fn said(entries: &[Entry]) -> Vec<(&str, Reason, Option<&str>, Option<Timestamp>)> {
    entries.iter().map(|e| (e.address.as_ref(), e.reason, e.group.as_deref(), e.at)).collect()
}

fn url(page: &Page) -> &str {
    &page.next.as_ref().unwrap().url
}

/// tsg_suppressions_v3.yaml, examples of the responses.
#[test]
fn sendgrid_reads_all_its_lists() {
    let mut api = sendgrid();
    let first = api.request().unwrap();
    assert_eq!(
        first.url,
        "https://api.sendgrid.com/v3/suppression/unsubscribes?end_time=1796040000&limit=500&offset=0"
    );
    assert_eq!(api.list(), "sendgrid:unsubscribes");
    let page = api
        .next(&ok(r#"[{"created":1443651141,"email":"user1@example.com"},{"created":1443651154,"email":"user2@example.com"}]"#))
        .unwrap();
    assert_eq!(
        said(&page.entries),
        [
            ("user1@example.com", Reason::Unsubscribe, None, seconds(1_443_651_141)),
            ("user2@example.com", Reason::Unsubscribe, None, seconds(1_443_651_154)),
        ]
    );
    // a short page is no end: whoever stops there takes everybody behind it for refused only here
    assert!(url(&page).ends_with("offset=2"), "{}", url(&page));
    let page = api.next(&ok("[]")).unwrap();
    assert!(url(&page).ends_with("/v3/asm/suppressions"), "{}", url(&page));
    let page = api
        .next(&ok(
            r#"[{"email":"test1@example.com","group_id":1,"group_name":"Weekly News","created_at":1410986704},
                {"email":"test1@example.com","group_id":2,"group_name":"Daily News","created_at":1411493671}]"#,
        ))
        .unwrap();
    assert_eq!(
        said(&page.entries),
        [
            ("test1@example.com", Reason::Unsubscribe, Some("1"), seconds(1_410_986_704)),
            ("test1@example.com", Reason::Unsubscribe, Some("2"), seconds(1_411_493_671)),
        ]
    );
    assert!(url(&page).contains("/v3/suppression/spam_reports?"), "{}", url(&page));
    let page = api
        .next(&ok(r#"[{"created":1443651141,"email":"user1@example.com","ip":"10.63.202.100"}]"#))
        .unwrap();
    assert_eq!(page.entries[0].reason, Reason::Complaint);
    api.next(&ok("[]")).unwrap();
    let page = api
        .next(&ok(r#"[{"created":1250337600,"email":"example@example.com","reason":"550 5.1.1 gone","status":"5.1.1"}]"#))
        .unwrap();
    assert_eq!(page.entries[0].smtp.as_deref(), Some("5.1.1"));
    api.next(&ok("[]")).unwrap();
    let page = api
        .next(&ok(r#"[{"created":1449953655,"email":"user1@example.com","reason":"Mail domain mentioned in email address is unknown"}]"#))
        .unwrap();
    assert_eq!(page.entries[0].reason, Reason::Invalid);
    let page = api.next(&ok("[]")).unwrap();
    assert!(page.next.is_none() && api.request().is_none());
    assert_eq!(api.n_pages(), 9);
}

/// botocore, sesv2/2019-09-27: `ListSuppressedDestinations`, `ListContacts`.
#[test]
fn ses_follows_its_tokens_and_reads_contact_lists() {
    let mut api = ses(&["my list"]);
    assert_eq!(
        api.request().unwrap().url,
        "https://email.eu-west-1.amazonaws.com/v2/email/suppression/addresses?PageSize=1000"
    );
    let page = api
        .next(&ok(
            r#"{"SuppressedDestinationSummaries":[{"EmailAddress":"a@example.com","Reason":"BOUNCE","LastUpdateTime":1.586368435E9},
                {"EmailAddress":"b@example.com","Reason":"COMPLAINT","LastUpdateTime":1586368435.5}],"NextToken":"a+b/c="}"#,
        ))
        .unwrap();
    assert_eq!(page.entries[0].at, seconds(1_586_368_435));
    assert_eq!(page.entries[1].reason, Reason::Complaint);
    assert!(url(&page).ends_with("?PageSize=1000&NextToken=a%2Bb%2Fc%3D"), "{}", url(&page));
    let page = api.next(&ok(r#"{"SuppressedDestinationSummaries":[],"NextToken":null}"#)).unwrap();
    let next = page.next.unwrap();
    assert_eq!(next.method, Method::Post);
    assert!(next.url.ends_with("/v2/email/contact-lists/my%20list/contacts/list"), "{}", next.url);
    let page = api
        .next(&ok(
            r#"{"Contacts":[{"EmailAddress":"a@example.com","UnsubscribeAll":true,"LastUpdatedTimestamp":1586368435},
                {"EmailAddress":"b@example.com","UnsubscribeAll":false,"TopicPreferences":[
                  {"TopicName":"news","SubscriptionStatus":"OPT_OUT"},{"TopicName":"offers","SubscriptionStatus":"OPT_IN"}]},
                {"EmailAddress":"c@example.com","UnsubscribeAll":false}]}"#,
        ))
        .unwrap();
    assert_eq!(
        said(&page.entries),
        [
            ("a@example.com", Reason::Unsubscribe, None, seconds(1_586_368_435)),
            ("b@example.com", Reason::Unsubscribe, Some("my list/news"), None),
        ]
    );
    assert_eq!((page.n_skipped, page.next.is_none()), (1, true));
}

/// mailgun/documentation, api-suppressions.rst; newer answers have `tags`.
#[test]
fn mailgun_follows_pages_of_its_own_host() {
    let mut api = mailgun();
    assert_eq!(
        api.request().unwrap().url,
        "https://api.mailgun.net/v3/mg.example.com/unsubscribes?limit=1000"
    );
    let next = "https://api.mailgun.net/v3/mg.example.com/unsubscribes?page=next&address=bob%40example.com&limit=1000";
    let page = api
        .next(&ok(&format!(
            r#"{{"items":[{{"address":"alice@example.com","tag":"*","created_at":"Fri, 21 Oct 2011 11:02:55 GMT"}},
                {{"address":"bob@example.com","tags":["1","2"],"created_at":"Fri, 21 Oct 2011 11:02:55 UTC"}}],
               "paging":{{"first":"x","next":"{next}","previous":"x","last":"x"}}}}"#
        )))
        .unwrap();
    let at = seconds(1_319_194_975);
    assert_eq!(
        said(&page.entries),
        [
            ("alice@example.com", Reason::Unsubscribe, None, at),
            ("bob@example.com", Reason::Unsubscribe, Some("1"), at),
            ("bob@example.com", Reason::Unsubscribe, Some("2"), at),
        ]
    );
    assert_eq!(url(&page), next);
    let page =
        api.next(&ok(r#"{"items":[],"paging":{"next":"https://elsewhere.example/"}}"#)).unwrap();
    assert!(url(&page).contains("/complaints?"), "{}", url(&page));
    api.next(&ok(r#"{"items":[]}"#)).unwrap();
    let page = api
        .next(&ok(
            r#"{"items":[{"address":"alice@example.com","code":"550","error":"No such mailbox","created_at":"Fri, 21 Oct 2011 11:02:55 GMT"}],
               "paging":{"next":"https://api.mailgun.net/v3/mg.example.com/bounces?page=next"}}"#,
        ))
        .unwrap();
    assert_eq!(page.entries[0].smtp.as_deref(), Some("550 No such mailbox"));
}

#[test]
fn no_page_leads_the_key_elsewhere() {
    for next in [
        "https://api.mailgun.net.evil.example/v3/mg.example.com/unsubscribes?page=next",
        "http://api.mailgun.net/v3/mg.example.com/unsubscribes?page=next",
        "https://api.mailgun.net@evil.example/v3/mg.example.com/unsubscribes",
        "https://api.mailgun.net:8443/v3/mg.example.com/unsubscribes",
        "https://api.mailgun.net/v3/other.example/unsubscribes",
        "https://api.mailgun.net/v3/mg.example.com/unsubscribes2",
        "https://api.mailgun.net/v3/mg.example.com/unsubscribes/../../domains",
        "//api.mailgun.net/v3/mg.example.com/unsubscribes",
        "",
    ] {
        let body =
            format!(r#"{{"items":[{{"address":"a@example.com"}}],"paging":{{"next":"{next}"}}}}"#);
        let problem = mailgun().next(&ok(&body)).unwrap_err();
        assert_eq!(problem.pointer, "/paging/next", "{next}");
    }
}

/// An empty list from a shape nobody knows would show everybody as refused only here.
#[test]
fn what_is_not_as_documented_is_an_error() {
    let at = |result: Result<Page, ListProblem>| {
        let problem = result.unwrap_err();
        let text = problem.to_string();
        assert!(!text.contains("ana") && !text.contains("secret"), "{text}");
        problem.pointer
    };
    for body in [
        "",
        "{}",
        "null",
        "<html>",
        r#"{"errors":[]}"#,
        r#"{"result":[{"email":"ana@example.com"}]}"#,
    ] {
        assert_eq!(at(sendgrid().next(&ok(body))), "", "{body}");
    }
    for (body, pointer) in [
        (r#"["ana@example.com"]"#, "/0/email"),
        (r#"[{"email":"ana@example.com","created":1},{"address":"ana@example.com"}]"#, "/1/email"),
        (r#"[{"email":"ana@example.com","created":"last year"}]"#, "/0/created"),
        (r#"[{"email":" ","created":1}]"#, "/0/email"),
    ] {
        assert_eq!(at(sendgrid().next(&ok(body))), pointer, "{body}");
    }
    for (body, pointer) in [
        ("{}", "/SuppressedDestinationSummaries"),
        ("[]", "/SuppressedDestinationSummaries"),
        (
            r#"{"SuppressedDestinationSummaries":[{"EmailAddress":"ana@example.com","Reason":"SPELL"}]}"#,
            "/SuppressedDestinationSummaries/0/Reason",
        ),
        (
            r#"{"SuppressedDestinationSummaries":[{"Reason":"BOUNCE"}]}"#,
            "/SuppressedDestinationSummaries/0/EmailAddress",
        ),
    ] {
        assert_eq!(at(ses(&[]).next(&ok(body))), pointer, "{body}");
    }
    for (body, pointer) in [
        ("{}", "/items"),
        (r#"{"message":"Domain not found: secret"}"#, "/items"),
        (r#"{"items":[{"address":"ana@example.com"}]}"#, "/paging/next"),
        (r#"{"items":[{"address":"ana@example.com","tags":[1]}]}"#, "/items/0/tags"),
    ] {
        assert_eq!(at(mailgun().next(&ok(body))), pointer, "{body}");
    }
}

/// A server that does not heed `offset` or the token would send the same for ever.
#[test]
fn the_same_page_again_is_an_error() {
    let mut api = sendgrid();
    let page = r#"[{"email":"a@example.com","created":1}]"#;
    api.next(&ok(page)).unwrap();
    api.next(&ok(page)).unwrap_err();
    let mut api = ses(&[]);
    let page = r#"{"SuppressedDestinationSummaries":[],"NextToken":"same"}"#;
    api.next(&ok(page)).unwrap();
    api.next(&ok(page)).unwrap_err();
}

#[test]
fn later_is_heeded_and_has_an_end() {
    let mut api = sendgrid();
    let request = api.request().unwrap().clone();
    let busy = |retry_after| Answer { status: 429, retry_after, body: b"" };
    let page = api.next(&busy(Some("7"))).unwrap();
    assert_eq!((page.wait, page.next.as_ref()), (Some(Duration::from_secs(7)), Some(&request)));
    assert_eq!(api.next(&busy(None)).unwrap().wait, Some(Duration::from_secs(2)));
    assert_eq!(api.next(&busy(Some("999999999"))).unwrap().wait, Some(Duration::from_secs(900)));
    // success forgets how often it was busy
    api.next(&ok(r#"[{"email":"a@example.com","created":1}]"#)).unwrap();
    for _ in 0..WAITS_MAX {
        assert!(
            api.next(&Answer { status: 503, retry_after: None, body: b"" }).unwrap().wait.is_some()
        );
    }
    let problem = api.next(&busy(None)).unwrap_err();
    assert!(problem.to_string().contains("429"), "{problem}");
    for status in [301, 400, 401, 403, 404, 418, 204] {
        sendgrid().next(&Answer { status, retry_after: None, body: b"" }).unwrap_err();
    }
    let long = vec![b' '; sendgrid().request().unwrap().answer_bytes_max + 1];
    sendgrid().next(&Answer { status: 200, retry_after: None, body: &long }).unwrap_err();
}

#[test]
fn secrets_go_into_headers_and_nowhere_else() {
    let api = ses(&[]);
    let request = api.request().unwrap();
    let key = AwsKey {
        access_key_id: Secret::new("AKIDEXAMPLE"),
        secret_access_key: Secret::new("wJalrXUtnFEMI"),
        session_token: Some(Secret::new("the-token")),
    };
    let credentials = Credentials::Aws(key);
    let headers = request.headers(&credentials, NOW).unwrap();
    let value = |name: &str| {
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let signed = value("authorization").unwrap();
    assert!(
        signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261130/eu-west-1/ses/aws4_request, SignedHeaders=accept;host;x-amz-date;x-amz-security-token, Signature="),
        "{signed}"
    );
    assert_eq!(value("x-amz-date"), Some("20261130T120000Z"));
    assert_eq!(value("x-amz-security-token"), Some("the-token"));
    let shown = format!("{credentials:?} {request:?} {api:?}");
    assert!(
        !shown.contains("wJal") && !shown.contains("the-token") && !shown.contains("AKID"),
        "{shown}"
    );
    let token = Credentials::Token(Secret::new("SG.x"));
    let basic = Credentials::Basic { user: "api".to_owned(), password: Secret::new("key-1") };
    let value = |api: SuppressionApi, credentials: &Credentials| {
        let headers = api.request().unwrap().headers(credentials, NOW);
        headers
            .map(|headers| headers.into_iter().find(|(name, _)| name == "authorization").unwrap().1)
    };
    assert_eq!(value(sendgrid(), &token).unwrap(), "Bearer SG.x");
    assert_eq!(value(mailgun(), &basic).unwrap(), "Basic YXBpOmtleS0x");
    value(sendgrid(), &basic).unwrap_err();
    value(mailgun(), &token).unwrap_err();
}

#[test]
fn settings_that_cannot_be_are_named() {
    let key = |spec: ApiSpec| SuppressionApi::new(&spec, NOW).unwrap_err().pointer;
    assert_eq!(key(ApiSpec::Ses(SesSpec::default())), "region");
    assert_eq!(
        key(ApiSpec::Mailgun(MailgunSpec { domain: "a/b".to_owned(), ..MailgunSpec::default() })),
        "domain"
    );
    for base_url in ["http://api.sendgrid.com", "https://", "https://user@host", "ftp://127.0.0.1"]
    {
        let spec = SendGridSpec { base_url: Some(base_url.to_owned()), ..SendGridSpec::default() };
        assert_eq!(key(ApiSpec::SendGrid(spec)), "base_url", "{base_url}");
    }
    let spec = SendGridSpec {
        base_url: Some("http://127.0.0.1:9/".to_owned()),
        ..SendGridSpec::default()
    };
    SuppressionApi::new(&ApiSpec::SendGrid(spec), NOW).unwrap();
    let twilio = ApiSpec::Twilio(TwilioSpec { sender: "MG1".to_owned(), ..TwilioSpec::default() });
    assert!(SuppressionApi::new(&twilio, NOW).unwrap_err().fix.contains("export"));
    let read: ApiSpec = serde_json::from_str(r#"{"provider":"ses","region":"eu-west-1"}"#).unwrap();
    assert_eq!(read.provider(), "ses");
    serde_json::from_str::<ApiSpec>(r#"{"provider":"ses","regoin":"eu-west-1"}"#).unwrap_err();
}

#[test]
fn a_saved_answer_is_whole_or_an_error() {
    let spec = ApiSpec::Ses(SesSpec { region: "eu-west-1".to_owned(), ..SesSpec::default() });
    let whole = br#"{"SuppressedDestinationSummaries":[{"EmailAddress":"a@example.com","Reason":"BOUNCE","LastUpdateTime":"2020-04-08T17:53:55+00:00"}]}"#;
    let page = SuppressionApi::saved(&spec, "ses:suppression", whole).unwrap();
    assert_eq!(page.entries[0].at, seconds(1_586_368_435));
    let part = br#"{"SuppressedDestinationSummaries":[],"NextToken":"x"}"#;
    SuppressionApi::saved(&spec, "ses:suppression", part).unwrap_err();
    SuppressionApi::saved(&spec, "ses:other", whole).unwrap_err();
}
