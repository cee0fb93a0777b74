//! A provider that rejects some entries gets all others.

use gate_reconcile::{
    Answer, ApiSpec, Call, MailgunSpec, REJECTED_IN_A_ROW_MAX, Reason, SendGridSpec, SesSpec,
    TwilioSpec, Wanted, Writing,
};
use serde_json::json;

fn apis() -> [ApiSpec; 4] {
    [
        ApiSpec::SendGrid(SendGridSpec::default()),
        ApiSpec::Mailgun(MailgunSpec {
            domain: "mg.example.com".to_owned(),
            ..MailgunSpec::default()
        }),
        ApiSpec::Twilio(TwilioSpec { sender: "MG1".to_owned(), ..TwilioSpec::default() }),
        ApiSpec::Ses(SesSpec { region: "eu-west-1".to_owned(), ..SesSpec::default() }),
    ]
}

fn wanted(api: &ApiSpec, names: &[String]) -> Vec<Wanted> {
    let is_ses = matches!(api, ApiSpec::Ses(_));
    let reason = if is_ses { Reason::Complaint } else { Reason::Unsubscribe };
    let one = |name: &String| Wanted {
        address: name.as_str().into(),
        reason,
        groups: Vec::new(),
        since: None,
    };
    names.iter().map(one).collect()
}

/// The names that stand in a call.
fn named<'n>(call: &Call, names: &'n [String]) -> Vec<&'n String> {
    let body = String::from_utf8(call.request.body.clone()).unwrap();
    names.iter().filter(|name| body.contains(name.as_str())).collect()
}

/// Writes to a provider that rejects a call with a bad name; what it took, and how many calls that were.
fn write(
    writing: &mut Writing,
    names: &[String],
    status: u16,
) -> Result<(Vec<String>, u32), String> {
    let (mut taken, mut n_calls) = (Vec::new(), 0);
    while let Some(call) = writing.call() {
        n_calls += 1;
        let named = named(call, names);
        assert_eq!(named.len(), call.n_wanted);
        let is_bad = named.iter().any(|name| name.contains("bad"));
        let items: Vec<_> = named.iter().map(|_| json!({"error_code": 0})).collect();
        let body = json!({"recipient_emails": named, "items": items}).to_string();
        let answer = Answer {
            status: if is_bad { status } else { 200 },
            retry_after: None,
            body: body.as_bytes(),
        };
        if !is_bad {
            taken.extend(named.into_iter().cloned());
        }
        let wait = writing.answered(&answer).map_err(|problem| problem.to_string())?;
        assert_eq!(wait, None);
    }
    Ok((taken, n_calls))
}

#[test]
fn one_rejected_entry_stops_no_other() {
    let names: Vec<String> = (100..160)
        .map(|n| format!("{}{n}x", if [100, 131, 159].contains(&n) { "bad" } else { "good" }))
        .collect();
    for api in apis() {
        for status in [400, 422] {
            let mut writing = Writing::new(&api, &wanted(&api, &names));
            let (mut taken, n_calls) = write(&mut writing, &names, status).unwrap();
            taken.sort();
            let mut good: Vec<String> =
                names.iter().filter(|name| name.starts_with("good")).cloned().collect();
            good.sort();
            assert_eq!(taken, good, "{api:?}");
            assert_eq!((writing.n_taken(), writing.n_refused()), (57, 3), "{api:?}");
            assert!(n_calls <= 60, "{api:?}: {n_calls} calls");
        }
    }
}

/// What is wrong with the account or the spec is no fault of an address, and is not asked for each of five million.
#[test]
fn a_provider_that_rejects_everything_ends_the_writing() {
    let names: Vec<String> = (1000..3000).map(|n| format!("bad{n}x")).collect();
    for api in apis() {
        let mut writing = Writing::new(&api, &wanted(&api, &names));
        let said = write(&mut writing, &names, 400).unwrap_err();
        assert!(said.contains("400") && !said.contains("bad"), "{said}");
        assert_eq!(writing.n_refused(), u64::from(REJECTED_IN_A_ROW_MAX), "{api:?}");
        // other errors end it at once
        let mut writing = Writing::new(&api, &wanted(&api, &names));
        assert!(write(&mut writing, &names, 403).is_err());
        assert_eq!(writing.n_refused(), 0);
    }
}

/// A question that guards what follows is no entry.
#[test]
fn a_rejected_guard_ends_the_writing() {
    let [sendgrid, ..] = apis();
    let one = Wanted {
        address: "a@example.com".into(),
        reason: Reason::Unsubscribe,
        groups: vec!["7".to_owned()],
        since: None,
    };
    let mut writing = Writing::new(&sendgrid, &[one]);
    let answer = Answer { status: 400, retry_after: None, body: b"{}" };
    assert!(writing.answered(&answer).is_err());
    // too many at a time is no rejection: the same call once more
    let later = Answer { status: 429, retry_after: Some("7"), body: b"" };
    let call = writing.call().cloned();
    assert_eq!(writing.answered(&later).unwrap().unwrap().as_secs(), 7);
    assert_eq!(writing.call().cloned(), call);
}
