//! Mail beyond the samples: open mailboxes, automatic answers, `mailto:`.

use crate::door::{NOW, at, source, tokens};
use gate_intake::{IdKey, Outcome, Skip, TokenContent, TokenKind, receive_mail};
use serde_json::json;
use std::collections::HashSet;

fn token() -> String {
    let content = TokenContent {
        address: Some("ana@example.com".to_owned()),
        brand: Some("acme".to_owned()),
        ..TokenContent::default()
    };
    tokens().mint(TokenKind::Unsubscribe, &content).unwrap()
}

fn run(mail: &str, is_open: bool, window: &HashSet<String>) -> Outcome {
    let source =
        source(json!({"name": "mail", "provider": "mime", "token": "w", "open_mailbox": is_open}));
    let mail = mail.replace('\n', "\r\n");
    receive_mail(&source, mail.as_bytes(), &tokens(), &IdKey::new([7; 32]), window, at(NOW))
}

fn actions(outcome: &Outcome) -> Vec<(String, String)> {
    let each = outcome.records.iter().map(|one| &one.record);
    each.map(|record| {
        (
            record.action.clone().unwrap().into_owned(),
            record.address.clone().unwrap_or_default().into_owned(),
        )
    })
    .collect()
}

fn request(head: &str, subject: &str) -> String {
    format!(
        "From: ana@example.com\nTo: u@acme.example\nMessage-ID: <1@x>\n{head}Subject: {subject}\n\nplease\n"
    )
}

fn report(kind: &str, part: &str, returned: &str) -> String {
    format!(
        "From: m@isp.example\nMessage-ID: <2@isp>\nDate: Tue, 24 Nov 2026 09:58:00 +0000\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type={kind}; boundary=f\n\n--f\nContent-Type: text/plain\n\nhi\n\n--f\n\
         Content-Type: message/{kind}\n\n{part}\n--f\nContent-Type: text/rfc822-headers\n\n{returned}\n--f--\n"
    )
}

#[test]
fn mailto_with_a_token_in_the_subject() {
    let window = HashSet::new();
    for subject in [token(), format!("unsubscribe {}", token()), format!("Re: {}", token())] {
        let outcome = run(&request("", &subject), true, &window);
        assert_eq!(
            actions(&outcome),
            [("opt_out".to_owned(), "ana@example.com".to_owned())],
            "{subject}"
        );
        assert_eq!(outcome.records[0].record.brand.as_deref(), Some("acme"));
    }
    let outcome = run(&request("", "unsubscribe me"), true, &window);
    assert_eq!((outcome.records.len(), outcome.skipped[&Skip::NoToken]), (0, 1));
}

#[test]
fn a_mail_delivered_twice_counts_once() {
    let mut window = HashSet::new();
    let first = run(&request("", &token()), true, &window);
    window.extend(first.remember);
    let again = run(&request("", &token()), true, &window);
    assert_eq!((again.records.len(), again.repeated.len()), (0, 1));
}

#[test]
fn automatic_answers_are_no_requests() {
    for head in [
        "Auto-Submitted: auto-replied\n",
        "Return-Path: <>\n",
        "Precedence: bulk\n",
        "X-Autoreply: yes\n",
        "Auto-Submitted:\n auto-generated\n",
    ] {
        let outcome =
            run(&request(head, &format!("Out of office: {}", token())), true, &HashSet::new());
        assert_eq!(
            (outcome.records.len(), outcome.skipped.get(&Skip::AutoReply)),
            (0, Some(&1)),
            "{head}"
        );
    }
    let outcome = run(&request("Auto-Submitted: no\n", &token()), true, &HashSet::new());
    assert_eq!(outcome.records.len(), 1);
}

#[test]
fn an_open_mailbox_believes_our_own_tokens_only() {
    let arf = |returned: &str| {
        report(
            "feedback-report",
            "Feedback-Type: abuse\nOriginal-Rcpt-To: <eva@example.net>\n",
            returned,
        )
    };
    let link = format!(
        "List-Unsubscribe:\n <mailto:u@acme.example?subject={0}>,\n <https://c.acme.example/u/{0}>\n",
        token()
    );
    let complaint = |who: &str| ("complaint".to_owned(), who.to_owned());
    let forged = run(&arf("Subject: x\n"), true, &HashSet::new());
    assert_eq!((forged.records.len(), forged.skipped[&Skip::NoToken]), (0, 1));
    let proven = run(&arf(&link), true, &HashSet::new());
    assert_eq!(actions(&proven), [complaint("ana@example.com")]);
    let both = run(&arf(&link), false, &HashSet::new());
    assert_eq!(actions(&both), [complaint("ana@example.com"), complaint("eva@example.net")]);
    assert_eq!(both.records[0].record.occurred_at, Some(at(1_795_514_280)));
    let dsn = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; eva@example.net\nAction: failed\nStatus: 5.1.1\n";
    assert_eq!(
        run(&report("delivery-status", dsn, "Subject: x\n"), true, &HashSet::new()).records.len(),
        0
    );
    let proven = run(&report("delivery-status", dsn, &link), true, &HashSet::new());
    assert_eq!(actions(&proven), [("hard_bounce".to_owned(), "ana@example.com".to_owned())]);
}

#[test]
fn types_of_feedback() {
    for (kind, action) in [
        ("abuse", Some("complaint")),
        ("fraud", Some("complaint")),
        ("other", Some("complaint")),
        ("new-type", Some("complaint")),
        ("opt-out", Some("opt_out")),
        ("virus", None),
        ("not-spam", None),
        ("auth-failure", None),
    ] {
        let mail = report(
            "feedback-report",
            &format!("Feedback-Type: {kind}\nOriginal-Rcpt-To: eva@example.net\n"),
            "",
        );
        let outcome = run(&mail, false, &HashSet::new());
        assert_eq!(
            outcome.records.first().and_then(|one| one.record.action.as_deref()),
            action,
            "{kind}"
        );
    }
}

#[test]
fn a_report_for_people_is_no_request() {
    let outcome = run(&report("disposition-notification", "", ""), false, &HashSet::new());
    assert_eq!(outcome.skipped[&Skip::AutoReply], 1);
}
