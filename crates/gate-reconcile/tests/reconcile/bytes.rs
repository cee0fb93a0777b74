//! Whatever bytes come, nothing panics, and no error shows them.

use super::{NOW, frame, key};
use gate_reconcile::{
    Answer, ApiSpec, Columns, FileList, MailgunSpec, Row, Rows, SendGridSpec, SesSpec,
    SuppressionApi,
};
use proptest::prelude::*;

fn apis() -> [SuppressionApi; 3] {
    let ses = SesSpec {
        region: "eu-west-1".to_owned(),
        contact_lists: vec!["l".to_owned()],
        ..SesSpec::default()
    };
    let mailgun = MailgunSpec { domain: "example.com".to_owned(), ..MailgunSpec::default() };
    [ApiSpec::SendGrid(SendGridSpec::default()), ApiSpec::Ses(ses), ApiSpec::Mailgun(mailgun)]
        .map(|spec| SuppressionApi::new(&spec, NOW).unwrap())
}

/// JSON that resembles an answer.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("1e308".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[a-z@.*]{0,8}".prop_map(|text| format!("\"{text}\"")),
    ];
    let name = prop::sample::select(vec![
        "email",
        "created",
        "created_at",
        "group_id",
        "items",
        "address",
        "tags",
        "paging",
        "next",
        "Contacts",
        "EmailAddress",
        "Reason",
        "SuppressedDestinationSummaries",
        "LastUpdateTime",
        "NextToken",
    ]);
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let member =
            (name.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..5).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..80), json().prop_map(String::into_bytes)]
}

fn status() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![200, 200, 200, 429, 500, 404])
}

fn head() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "email,created\n", "\u{feff}email;x\n"])
}

proptest! {
    #[test]
    fn answers(bodies in prop::collection::vec(body(), 1..8), status in status()) {
        for mut api in apis() {
            for body in &bodies {
                if let Ok(page) = api.next(&Answer { status, retry_after: Some("x"), body }) {
                    for entry in &page.entries {
                        let row = Row::there(&frame(), entry, key);
                        prop_assert!(row.is_none_or(|row| row.address.is_some()));
                    }
                }
            }
        }
    }

    #[test]
    fn files(file in prop::collection::vec(any::<u8>(), 0..300), head in head(), size in 1_usize..40) {
        let whole = [head.as_bytes(), &file].concat();
        let mut list = FileList::new("f", Columns::default());
        let mut is_read = true;
        for piece in whole.chunks(size) {
            is_read &= list.push(piece).is_ok();
        }
        is_read &= list.finish().is_ok();
        if is_read {
            prop_assert!(list.counts().n_entries + list.counts().n_problems <= whole.len() as u64);
        }
    }

    #[test]
    fn spilled_rows(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Rows::new(bytes.as_slice()).take(20).count() <= 20);
    }
}
