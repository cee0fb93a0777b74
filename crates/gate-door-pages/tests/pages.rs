//! Every page in every state and language: markup is whole, nothing breaks the content security policy, no value gets out of its
//! place, no page shows an address, and what is said is so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "../../gate-pages/tests/markup/mod.rs"]
mod markup;
#[path = "../examples/samples/mod.rs"]
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use gate_door_pages::{
    BrandSettings, ConfirmMail, Frame, Language, Notice, PAGE_HEADERS, SignUpPage,
    UnsubscribeDonePage, When, sha256_hex, shown_text,
};
use markup::{dangling, shape, tags};
use samples::{EMAIL, PHONE, Sample};
use serde_json::Value;

/// What is wrong with a page. Contact links lead away, and the one-click form has no `csrf`: both are as they should be.
fn breaches(html: &str) -> Vec<String> {
    let one_click = html.contains("value=\"One-Click\"");
    let away = ["href=mailto:stop@example.", "href=https://example.com/"];
    let mut found = [markup::breaches(html), dangling(html)].concat();
    found.retain(|breach| !away.iter().any(|link| breach.starts_with(link)));
    found.retain(|breach| !one_click || breach != "a POST without csrf");
    found
}

#[test]
fn every_page_is_whole_and_keeps_the_policy() {
    for sample in ALL.iter() {
        for language in sample.languages() {
            let page = sample.html(language);
            let found = breaches(&page);
            assert!(found.is_empty(), "{} in {}: {found:?}", sample.name, language.code());
            let html = format!("<html lang=\"{}\" dir=\"{}\">", language.code(), language.dir());
            assert!(page.contains(&html), "{}", sample.name);
            assert_eq!(page.matches("<h1>").count(), 1, "{}", sample.name);
            // a placeable that got no value shows as {$name}
            assert!(!page.contains("{$"), "{} in {}", sample.name, language.code());
        }
    }
}

#[test]
fn no_invisible_marks_are_put_around_values() {
    for sample in ALL.iter() {
        for language in sample.languages() {
            let page = sample.html(language);
            let mark = page.chars().find(|c| {
                matches!(c, '\u{2066}'..='\u{2069}' | '\u{202a}'..='\u{202e}' | '\u{e000}'..='\u{f8ff}')
            });
            assert_eq!(mark, None, "{} in {}", sample.name, language.code());
            assert!(!page.contains("[U+"), "{} in {}", sample.name, language.code());
        }
    }
}

#[test]
fn no_page_shows_an_address() {
    let parts = ["ana", "secret", "mailbox", "7700", "900101"];
    for sample in ALL.iter() {
        for language in sample.languages() {
            let page = sample.html(language);
            for part in parts.iter().chain([&EMAIL, &PHONE]) {
                assert!(!page.contains(part), "{}: {part}", sample.name);
            }
        }
    }
    // an address that is put where a masked one belongs is masked when it is read
    for sample in ALL.iter() {
        for (path, of) in [("/who/email", EMAIL), ("/who/phone", PHONE), ("/who/phone", EMAIL)] {
            let mut model = sample.model.clone();
            let Some(place) = model.pointer_mut(path) else { continue };
            *place = Value::from(of);
            let page = sample.with(&model, &sample.brand, &sample.frame).unwrap();
            for part in parts {
                assert!(!page.contains(part), "{} {path}: {part}", sample.name);
            }
        }
    }
}

#[test]
fn nothing_of_a_person_is_in_debug() {
    for sample in ALL.iter() {
        let page = format!("{:?}", sample.frame);
        assert!(!page.contains("c5rf") && !page.contains("T0k3n"), "{page}");
    }
    let done: UnsubscribeDonePage =
        serde_json::from_value(one("door-unsubscribe-saving").model.clone()).unwrap();
    let said = format!("{done:?}");
    assert!(!said.contains("T0k3n") && !said.contains('@'), "{said}");
}

const HOSTILE: [(&str, &str); 5] = [
    ("\"><script>alert(1)</script>", "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("' onmouseover=alert(1) x='", "&#39; onmouseover=alert(1) x=&#39;"),
    ("\r\nSet-Cookie: a=b\r\n\r\n<b>", "[U+000D]\nSet-Cookie: a=b[U+000D]\n[U+000D]\n&lt;b&gt;"),
    ("\u{202e}moc.elpmaxe\u{2066}\0", "[U+202E]moc.elpmaxe[U+2066][U+0000]"),
    ("{{7*7}}{%x%}&amp;</title>", "{{7*7}}{%x%}&amp;amp;&lt;/title&gt;"),
];

/// Fields that take no such text: they have a type of their own and are refused when they are read.
const REFUSED: [&str; 37] = [
    "/action",
    "/again",
    "/ask",
    "/ask/Form/action",
    "/ask/Form/choices/*/asked/notice/locale",
    "/ask/SameMailbox/action",
    "/ask/SameMailbox/asked/*/notice/locale",
    "/asked/*/notice/locale",
    "/asked_at/at",
    "/at/at",
    "/channel",
    "/effect",
    "/effect/InForce/since/at",
    "/effect/Soon/check",
    "/form/action",
    "/form/choices/*/asked/notice/locale",
    "/groups/*/channel",
    "/groups/*/choices/*/state",
    "/groups/*/choices/*/state/Off/by",
    "/groups/*/choices/*/state/Off/since/at",
    "/here",
    "/language",
    "/now",
    "/preferences",
    "/problem",
    "/save",
    "/saved",
    "/saved/InForce/since/at",
    "/saved/Soon/check",
    "/stop",
    "/undo",
    "/unsubscribe/channel",
    "/unsubscribe/link",
    "/until/at",
    "/what",
    "/what/OneClick/channel",
    "/wrong/*",
];

/// Fields that no page shows as they are: the version of a notice, zones of whole days, and addresses.
const UNSEEN: [&str; 6] = [
    "/ask/SameMailbox/who/email",
    "/asked/*/notice/version",
    "/groups/*/choices/*/state/Off/since/zone",
    "/until/zone",
    "/who/email",
    "/who/phone",
];

#[test]
fn no_value_gets_out_of_its_place() {
    let (mut taken, mut refused, mut seen) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (path, sample, in_frame) in every_string() {
        for (text, escaped) in HOSTILE {
            let Some(page) = with(sample, &path, in_frame, text) else {
                refused.insert(generic(&path));
                continue;
            };
            taken.insert(generic(&path));
            let found = breaches(&page);
            assert!(found.is_empty(), "{} {path} {text:?}: {found:?}", sample.name);
            assert!(!page.contains("<script>") && !page.contains(['\r', '\0']), "{}", sample.name);
            if page.contains(escaped) {
                seen.insert(generic(&path));
            }
        }
    }
    let owned = |paths: &[&str]| paths.iter().map(|p| (*p).to_owned()).collect::<BTreeSet<_>>();
    let never: BTreeSet<_> = refused.difference(&taken).cloned().collect();
    assert_eq!(never, owned(&REFUSED), "fields that take no text");
    let unseen: BTreeSet<_> = taken.difference(&seen).cloned().collect();
    assert_eq!(unseen, owned(&UNSEEN), "fields that no page shows");
}

#[test]
fn a_brands_words_are_escaped() {
    let hostile = "\"><script>'&";
    let mut settings = samples::tents_settings();
    let mut paths = Vec::new();
    walk(&settings, "", &mut |path, value| {
        if value.is_string() {
            paths.push(path.to_owned());
        }
    });
    let mut taken = BTreeSet::new();
    for path in &paths {
        let before = settings.pointer(path).unwrap().clone();
        *settings.pointer_mut(path).unwrap() = Value::from(hostile);
        let read: BrandSettings = serde_json::from_value(settings.clone()).unwrap();
        if read.check("b").is_ok() {
            taken.insert(generic(path));
        } else {
            *settings.pointer_mut(path).unwrap() = before;
        }
    }
    let texts = [
        "/legal_name",
        "/name",
        "/notices/*/approved_by",
        "/notices/*/text",
        "/purposes/*/words/ar/explanation",
        "/purposes/*/words/en/by_channel/voice_live",
        "/purposes/*/words/en/in_sentence",
    ];
    assert!(texts.iter().all(|path| taken.contains(*path)), "{taken:?}");
    let brand = samples::brand(settings);
    for sample in ALL.iter().filter(|sample| sample.brand.id() == "tents") {
        for language in Language::ALL {
            let frame = Frame { language, ..sample.frame.clone() };
            let page = sample.with(&sample.model, &brand, &frame).unwrap();
            let found = breaches(&page);
            assert!(found.is_empty(), "{}: {found:?}", sample.name);
            assert!(
                page.contains("&quot;&gt;&lt;script&gt;&#39;&amp;") && !page.contains("<script>")
            );
        }
    }
}

#[test]
fn a_value_of_any_length_leaves_the_page_as_it_is() {
    let long = "x".repeat(20_000);
    for (path, sample, in_frame) in every_string() {
        let pages = with(sample, &path, in_frame, &long).zip(with(sample, &path, in_frame, "y"));
        let Some((long, short)) = pages else { continue };
        assert_eq!(shape(&long), shape(&short), "{} {path}", sample.name);
    }
}

#[test]
fn one_click_is_as_mail_clients_do_it() {
    for name in ["door-unsubscribe", "door-unsubscribe-text", "door-not-saved"] {
        let page = one(name).html(Language::English);
        let form = page.split("<form ").nth(1).unwrap().split("</form>").next().unwrap();
        assert!(form.starts_with("method=\"post\" action=\"/u/T0k3n\">"), "{form}");
        assert!(form.contains("name=\"List-Unsubscribe\" value=\"One-Click\""), "{form}");
        assert!(!page.contains("csrf"), "{name}");
        assert_eq!(page.matches("<button").count(), 1, "{name}");
    }
}

#[test]
fn a_mail_client_gets_two_lines() {
    let sample = one("door-unsubscribe-done");
    let plain = |name: &str, language| {
        let page: UnsubscribeDonePage = serde_json::from_value(one(name).model.clone()).unwrap();
        page.plain(&sample.brand, &Frame { language, ..sample.frame.clone() })
    };
    assert_eq!(
        plain("door-unsubscribe-done", Language::English),
        "Done. No more marketing e-mails from Example Tents.\nIn force since 14:02:11\u{a0}UTC.\n"
    );
    assert_eq!(
        plain("door-unsubscribe-held", Language::German),
        "Gespeichert. Werbe-E-Mails von Example Tents abbestellt.\nGespeichert. Gilt, bevor wieder etwas abgeht.\n"
    );
    assert_eq!(plain("door-unsubscribe-saving", Language::Arabic).lines().count(), 2);
}

#[test]
fn nothing_is_said_to_be_in_force_that_is_not() {
    for (sample, language) in everywhere() {
        let page = sample.html(language);
        let claims = ["In force since", "Gilt seit", "ساري منذ", "class=\"say ok\"", "mark big\""];
        let claimed = claims.iter().any(|claim| page.contains(claim));
        let so = sample.model.to_string().contains("InForce")
            || sample.name.starts_with("door-confirm-done");
        assert_eq!(claimed, so, "{} in {}", sample.name, language.code());
        let waits = sample.model.to_string().contains("\"Soon\"");
        assert_eq!(page.contains("data-wait-url=\"/p/T0k3n/state\""), waits, "{}", sample.name);
        assert_eq!(page.contains("<script src=\"/assets/door.js"), waits, "{}", sample.name);
    }
}

#[test]
fn what_failed_is_said_to_have_failed() {
    for sample in ALL.iter().filter(|s| s.name.starts_with("door-not-saved")) {
        let page = sample.html(Language::English);
        assert!(page.contains("<title>Error: not saved"), "{}", sample.name);
        assert!(page.contains(" yet.</b>") && page.contains("role=\"alert\""), "{}", sample.name);
    }
    let choices = one("door-not-saved-choices").html(Language::English);
    assert_eq!(choices.matches("name=\"shown\"").count(), 2);
    assert_eq!(choices.matches("name=\"keep\" value=\"email.marketing.newsletter\"").count(), 1);
}

#[test]
fn what_is_on_can_be_cleared_and_what_is_off_is_asked_for_by_mail() {
    let page = one("door-preferences").html(Language::English);
    let boxes: Vec<_> = tags(&page).unwrap();
    let boxes: Vec<_> = boxes.iter().filter(|t| t.get("type") == Some("checkbox")).collect();
    assert_eq!(boxes.len(), 2);
    assert!(boxes.iter().all(|b| b.get("checked").is_some() && b.get("name") == Some("keep")));
    assert_eq!(page.matches("name=\"shown\"").count(), boxes.len());
    // an e-mail proves nothing about a telephone (BGH I ZR 164/09), so only e-mails are asked for by e-mail
    assert_eq!(page.matches("name=\"ask\"").count(), 1);
    assert!(page.contains("name=\"ask\" value=\"email.marketing.offers\""));
    // there is no approved text for calls, so nothing asks for them
    let nothing = one("door-preferences-nothing").html(Language::English);
    assert!(!nothing.contains("type=\"checkbox\"") && !nothing.contains(">Save</button>"));
    assert!(!nothing.contains("value=\"voice_live.marketing.offers\""));
    // Enter on a box presses the first button of its form, which saves
    let form = page.split_once("aria-labelledby=\"choose\">").unwrap().1;
    let first = form.split_once("<button").unwrap().1.split_once("</button>").unwrap().0;
    assert!(first.ends_with(">Save") && !first.contains("name="), "{first}");
    // stopping everything stands first
    let at = |what: &str| page.find(what).unwrap();
    assert!(at("value=\"everything\"") < at("name=\"keep\""));
}

#[test]
fn nobody_is_signed_up_by_a_ticked_box() {
    for name in ["door-sign-up", "door-sign-up-nothing", "door-expired-unknown"] {
        for language in Language::ALL {
            let page = one(name).html(language);
            let boxes: Vec<_> = tags(&page).unwrap();
            let boxes: Vec<_> = boxes.iter().filter(|t| t.get("name") == Some("want")).collect();
            assert_eq!(boxes.len(), 2, "{name}");
            assert!(boxes.iter().all(|b| b.get("checked").is_none()), "{name}");
            assert_eq!(boxes[0].get("value"), Some("marketing.newsletter 2026-11"));
            let locale = format!("name=\"locale\" value=\"{}\"", language.code());
            assert!(page.contains(&locale), "the language of the texts is sent along");
        }
    }
    // what was ticked stays, and what was typed is not given back
    let wrong = one("door-sign-up-wrong").html(Language::English);
    assert_eq!(wrong.matches(" checked>").count(), 1);
    assert!(
        wrong.contains("<title>Error: What would you like")
            && wrong.contains("The text has changed.")
    );
    let field = wrong.split("type=\"email\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(!field.contains("value=") && field.contains("aria-invalid=\"true\""), "{field}");
    let page: SignUpPage = serde_json::from_value(one("door-sign-up-wrong").model.clone()).unwrap();
    assert_eq!((page.status(), page.form.choices.len()), (422, 2));
}

#[test]
fn a_second_press_does_not_say_what_will_come() {
    let before = one("door-confirm-before").html(Language::English);
    assert!(before.contains("You have confirmed this before.") && !before.contains("You will get"));
    let two = one("door-confirm-two").html(Language::English);
    assert_eq!(two.matches("<blockquote").count(), 2);
    assert_eq!(two.matches("<button").count(), 1);
}

#[test]
fn selling_data_has_no_control() {
    for sample in ALL.iter() {
        let page = sample.html(Language::English);
        assert!(!page.contains("sale_share"), "{}", sample.name);
    }
}

#[test]
fn the_mail_holds_the_approved_texts_and_one_link() {
    let brand = samples::tents();
    let now = one("door-confirm").frame.now;
    for language in Language::ALL {
        let texts = brand.sign_up_texts(language);
        let (asked_at, until) = (When::utc(now), When::utc(now));
        let url = "https://consent.example.com/c/T0k3n";
        let mail = ConfirmMail { asked: &texts, asked_at: &asked_at, until: &until, url };
        let mail = mail.words(&brand, language, now);
        assert!(!mail.subject.contains('\n') && mail.subject.contains("Example Tents"));
        assert_eq!(mail.text.matches("https://").count(), 2, "the link and the privacy notice");
        assert!(
            mail.text.contains(&format!("\n{url}\n"))
                && mail.text.contains("Tents Ltd, 1 Example Street")
        );
        for it in &texts {
            for line in it.notice.text().lines() {
                assert!(mail.text.contains(&format!("> {line}\n")), "to the letter: {line}");
            }
        }
        assert!(!mail.text.contains("{$") && !mail.text.contains('\u{2068}'), "{}", mail.text);
        assert!(!mail.text.chars().any(|c| ('\u{e000}'..='\u{f8ff}').contains(&c)));
    }
    let english = brand.sign_up_texts(Language::English);
    let at = When::utc(now);
    let mail = ConfirmMail {
        asked: &english[..1],
        asked_at: &at,
        until: &at,
        url: "https://x.example/c/T",
    };
    let golden = include_str!("golden/confirm-mail.txt");
    assert_eq!(mail.words(&brand, Language::English, now).text, golden);
    assert!(!format!("{mail:?}").contains("x.example"));
}

/// Pages as they are sent, to the letter: whoever changes one sees what changed.
#[test]
fn pages_are_what_was_looked_at() {
    for name in ["door-sign-up", "door-confirm-two", "door-expired", "door-preferences-gpc"] {
        for language in [Language::English, Language::Arabic] {
            let file = format!("tests/golden/{name}.{}.html", language.code());
            let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            // assets are named by their content, which other tests look at
            let page = one(name).html(language);
            let page =
                page.lines().filter(|line| !line.contains("?v=")).collect::<Vec<_>>().join("\n");
            if std::env::var_os("GOLDEN_WRITE").is_some() {
                std::fs::write(&file, &page).unwrap();
            }
            let golden = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(
                page == golden,
                "{}: GOLDEN_WRITE=1 writes it anew; look at the difference",
                file.display()
            );
        }
    }
}

#[test]
fn global_privacy_control_is_mentioned_only_when_it_was_said() {
    let said = |name: &str| one(name).html(Language::English).contains("Global Privacy Control");
    assert!(said("door-preferences-gpc") && said("door-choices-away"));
    assert!(!said("door-preferences"));
}

#[test]
fn the_switch_leads_to_the_same_page_and_stands_only_where_it_can() {
    let page = one("door-preferences").html(Language::German);
    assert!(page.contains("<span aria-current=\"true\" lang=\"de\">Deutsch</span>"));
    assert!(page.contains("href=\"/p/T0k3n?lang=ar&amp;from=mail\" lang=\"ar\""), "{page}");
    assert!(!one("door-stopped").html(Language::German).contains("class=\"langs\""));
    assert!(!one("door-unsubscribe-plain").html(Language::English).contains("class=\"langs\""));
}

#[test]
fn a_notice_is_shown_to_the_letter() {
    let sample = one("door-confirm");
    for (language, text) in [
        (Language::English, "Yes & no: \"<b>\", 'it''s' 2\u{a0}< 3\n\n  · second line"),
        (Language::Arabic, "نعم\u{200f}، Tents\u{200e}\u{200d}\u{200c} Ltd: 100%\u{ad}"),
    ] {
        let notice = Notice::new("7", language, text).unwrap();
        let mut model = sample.model.clone();
        model["asked"][0]["notice"] = serde_json::to_value(&notice).unwrap();
        let frame = Frame { language, ..sample.frame.clone() };
        let page = sample.with(&model, &sample.brand, &frame).unwrap();
        let escaped =
            page.split("<p class=\"letter\">").nth(1).unwrap().split("</p>").next().unwrap();
        let read = shown_text(&format!("<main><p>{escaped}</p></main>"));
        assert_eq!(read, text);
        assert_eq!(sha256_hex(&read), notice.sha256(), "what is hashed is what is shown");
        assert!(shown_text(&page).contains(text));
    }
}

#[test]
fn times_are_told_in_the_zone_that_is_given() {
    let page = one("door-unsubscribe-done-list").html(Language::English);
    assert!(page.contains("<bdi dir=\"ltr\">1 January, 00:30:00</bdi>"), "{page}");
    let confirm = one("door-confirm").html(Language::German);
    assert!(confirm.contains("29. November um 13:58\u{a0}UTC") && confirm.contains("6. Dezember"));
}

#[test]
fn headers_are_what_the_pages_need() {
    let header = |name: &str| PAGE_HEADERS.iter().find(|(n, _)| *n == name).unwrap().1;
    for part in
        ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(header("content-security-policy").contains(part));
    }
    assert!(!header("content-security-policy").contains("unsafe"));
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    for (name, value) in PAGE_HEADERS {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        assert!(
            value.bytes().all(|b| (b' '..=b'~').contains(&b)) && !value.contains("  "),
            "{value}"
        );
    }
}

static ALL: LazyLock<Vec<Sample>> = LazyLock::new(samples::all);

fn one(name: &str) -> &'static Sample {
    ALL.iter().find(|sample| sample.name == name).unwrap()
}

fn everywhere() -> impl Iterator<Item = (&'static Sample, Language)> {
    ALL.iter().flat_map(|sample| sample.languages().into_iter().map(move |l| (sample, l)))
}

/// One path of each kind of string in view models, and those of the frame, with a sample that has it.
fn every_string() -> Vec<(String, &'static Sample, bool)> {
    let mut strings: BTreeMap<String, (String, &'static Sample, bool)> = BTreeMap::new();
    for sample in ALL.iter() {
        walk(&sample.model, "", &mut |path, value| {
            if value.as_str().is_some_and(|text| !text.is_empty()) {
                let kind = format!("{}{}", sample.name, generic(path));
                strings.entry(kind).or_insert_with(|| (path.to_owned(), sample, false));
            }
        });
    }
    for path in ["/language", "/now", "/here", "/csrf"] {
        strings.insert(format!("frame{path}"), (path.to_owned(), one("door-preferences"), true));
    }
    strings.into_values().collect()
}

fn walk(value: &Value, path: &str, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                walk(value, &format!("{path}/{at}"), see);
            }
        }
        Value::Object(values) => {
            for (name, value) in values {
                walk(value, &format!("{path}/{name}"), see);
            }
        }
        leaf => see(path, leaf),
    }
}

/// The page with one text replaced; `None` if it does not fit there.
fn with(sample: &Sample, path: &str, in_frame: bool, text: &str) -> Option<String> {
    let mut frame = serde_json::to_value(&sample.frame).unwrap();
    let mut model = sample.model.clone();
    let root = if in_frame { &mut frame } else { &mut model };
    *root.pointer_mut(path).unwrap() = Value::from(text);
    let frame: Frame = serde_json::from_value(frame).ok()?;
    sample.with(&model, &sample.brand, &frame)
}

/// A path without the numbers of its lists.
fn generic(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
