//! Configuration of a brand: what is wrong is named with its key, why, and what to do; all at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]
#![allow(dead_code, unused_imports, reason = "pages.rs uses the rest of the samples")]

#[path = "../examples/samples/mod.rs"]
mod samples;

use gate_door_pages::{BrandSettings, Channel, Language, sha256_hex};
use samples::{plain, tents, tents_settings};
use serde_json::{Value, json};

/// The problems of the sample with one value replaced.
fn problems(path: &str, value: Value) -> Vec<String> {
    let mut settings = tents_settings();
    match settings.pointer_mut(path) {
        Some(place) => *place = value,
        None => {
            let (at, name) = path.rsplit_once('/').unwrap();
            settings.pointer_mut(at).unwrap()[name] = value;
        }
    }
    let settings: BrandSettings = serde_json::from_value(settings).unwrap();
    let found = settings.check("door.brands[3]").map(|_| Vec::new()).unwrap_or_else(|found| found);
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_wrong_is_named_with_its_key() {
    let long = "x".repeat(301);
    for (path, value, said) in [
        (
            "/id",
            json!("Tents Ltd"),
            "`door.brands[3].id`: it is empty, too long, or has other signs than a code; write",
        ),
        ("/id", json!("../x"), "`door.brands[3].id`: "),
        ("/name", json!(" "), "`door.brands[3].name`: it is empty; "),
        (
            "/name",
            json!(long),
            "`door.brands[3].name`: it has more than 300 characters; shorten it",
        ),
        (
            "/name",
            json!("a\r\nSet-Cookie: b"),
            "`door.brands[3].name`: it has spaces around it, or line breaks",
        ),
        (
            "/legal_name",
            json!("a\u{202e}b"),
            "`door.brands[3].legal_name`: it holds U+202E, which nobody sees",
        ),
        ("/contact/email", json!("stop"), "`door.brands[3].contact.email`: "),
        ("/contact/email", json!("a@b.c\"><b>"), "`door.brands[3].contact.email`: "),
        (
            "/contact/page",
            json!("javascript:alert(1)"),
            "`door.brands[3].contact.page`: it is no https address",
        ),
        ("/contact/privacy", json!("http://example.com"), "`door.brands[3].contact.privacy`: "),
        (
            "/colours/light/brand",
            json!("teal"),
            "`door.brands[3].colours.light.brand`: a colour is `#` and six",
        ),
        (
            "/logo",
            json!("<svg viewBox='0 0 1 1'><script/></svg>"),
            "`door.brands[3].logo`: `<script>` is none of",
        ),
        (
            "/locales/1",
            json!("fr"),
            "`door.brands[3].locales[1]`: `fr` is no language of the door; the door's own words",
        ),
        ("/locales/1", json!("en"), "`door.brands[3].locales[1]`: `en` stands twice"),
        ("/locales", json!([]), "`door.brands[3].locales`: it is empty"),
        (
            "/default_locale",
            json!("fr"),
            "`door.brands[3].default_locale`: `fr` is not among `locales`",
        ),
        (
            "/channels/0",
            json!("fax"),
            "`door.brands[3].channels[0]`: `fax` is no channel; write one of `email`",
        ),
        (
            "/channels/0",
            json!("push"),
            "`door.brands[3].purposes[0].channels`: `email` is not among the brand's",
        ),
        ("/purposes/0/id", json!("News letter"), "`door.brands[3].purposes[0].id`: "),
        (
            "/purposes/1/id",
            json!("marketing.newsletter"),
            "`door.brands[3].purposes[1].id`: `marketing.newsletter` stands twice",
        ),
        (
            "/purposes/0/words/en/name",
            json!(""),
            "`door.brands[3].purposes[0].words.en.name`: it is empty",
        ),
        ("/purposes/0/words", json!({}), "`door.brands[3].purposes[0].words.en`: it is missing"),
        (
            "/purposes/1/words/en/by_channel",
            json!({"push": "x"}),
            "`door.brands[3].purposes[1].words.en.by_channel.push`: ",
        ),
        (
            "/still_comes",
            json!({"en": "Bills."}),
            "`door.brands[3].still_comes.de`: it is missing while",
        ),
        (
            "/notices/0/text",
            json!(" yes"),
            "`door.brands[3].notices[0].text`: the text begins or ends with white space",
        ),
        ("/notices/0/version", json!(""), "`door.brands[3].notices[0].text`: the version is empty"),
        (
            "/notices/0/approved_by",
            json!(""),
            "`door.brands[3].notices[0].approved_by`: it is empty",
        ),
        (
            "/notices/0/approved_on",
            json!("soon"),
            "`door.brands[3].notices[0].approved_on`: it is no day",
        ),
        (
            "/notices/0/purpose",
            json!("other"),
            "`door.brands[3].notices[0].purpose`: the brand has no purpose `other` by `email`",
        ),
        ("/notices/0/channel", json!("voice_live"), "`door.brands[3].notices[0].purpose`: "),
        (
            "/notices/1/locale",
            json!("en"),
            "`door.brands[3].notices[1].version`: `2026-11` stands twice in `en`",
        ),
        (
            "/notices/1/locale",
            json!("en"),
            "`door.brands[3].notices`: `marketing.newsletter` by `email` has no approved text in `de`",
        ),
        (
            "/purposes/0/id",
            json!("sale_share"),
            "`door.brands[3].purposes[0].id`: selling or sharing data can only be refused; take it out",
        ),
        ("/purposes/0/id", json!("sale_share.ads"), "`door.brands[3].purposes[0].id`: selling"),
        ("/sign_up/controller", json!(" "), "`door.brands[3].sign_up.controller`: it is empty"),
        ("/sign_up/purposes", json!([]), "`door.brands[3].sign_up.purposes`: it has 0 purposes"),
        (
            "/sign_up/purposes/1",
            json!("marketing.other"),
            "`door.brands[3].sign_up.purposes[1]`: `marketing.other` by `email` has no approved text",
        ),
        (
            "/sign_up/purposes/1",
            json!("marketing.newsletter"),
            "`door.brands[3].sign_up.purposes[1]`: `marketing.newsletter` stands twice",
        ),
        (
            "/sign_up/link_hours",
            json!(24),
            "`door.brands[3].sign_up.link_hours`: a link cannot work for 24 hours; write 48 to 168",
        ),
        (
            "/notices",
            json!([]),
            "`door.brands[3].locales`: no notice in `ar` is approved; add one, or take `ar` out",
        ),
    ] {
        let found = problems(path, value);
        assert!(
            found.iter().any(|problem| problem.starts_with(said)),
            "{path}: {said}\n{found:#?}"
        );
        for problem in found {
            let (reason, fix) = problem.split_once("; ").expect("a reason and a fix");
            assert!(reason.len() > 20 && fix.len() > 5, "{problem}");
        }
    }
    assert!(problems("/name", json!("Example Tents")).is_empty());
}

#[test]
fn all_problems_are_named_at_once() {
    let mut settings = tents_settings();
    settings["id"] = json!("");
    settings["contact"]["email"] = json!("");
    settings["channels"] = json!([]);
    let settings: BrandSettings = serde_json::from_value(settings).unwrap();
    let found = settings.check("").unwrap_err();
    assert!(found.len() > 4, "{found:?}");
    assert_eq!(found[0].key, "id");
}

#[test]
fn unknown_keys_are_refused() {
    let mut settings = tents_settings();
    settings["colors"] = json!({});
    assert!(serde_json::from_value::<BrandSettings>(settings).is_err());
}

#[test]
fn colours_below_the_contrast_are_an_error() {
    // 4.54:1 on white, 4.48:1 just below; as a button with white text both ways
    let near = |grey: &str| {
        let mut colours = tents_settings()["colours"].clone();
        colours["light"] =
            json!({ "brand": grey, "brand_ink": "#ffffff", "brand_soft": "#ffffff" });
        problems("/colours", colours)
    };
    assert_eq!(near("#767676"), Vec::<String>::new());
    let found = near("#777777");
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with(
        "`door.brands[3].colours.light.brand_ink`: #ffffff on a button (`brand`) (#777777) has a contrast of 4.47:1; "
    ), "{found:#?}");
    // under the pointer a button turns towards the ink: lighter on dark pages
    let mut colours = tents_settings()["colours"].clone();
    colours["dark"] =
        json!({ "brand": "#767676", "brand_ink": "#ffffff", "brand_soft": "#000000" });
    let found = problems("/colours", colours);
    assert!(found.iter().any(|p| p.contains("under the pointer")), "{found:#?}");
}

#[test]
fn a_brands_style_is_its_colours_and_nothing_else() {
    let brand = tents();
    assert_eq!(
        brand.css().unwrap(),
        ":root { --brand: #0b5a55; --brand-ink: #ffffff; --brand-soft: #e2f1ef; }\n\
         @media (prefers-color-scheme: dark) { :root { --brand: #7fd1c8; --brand-ink: #062a27; --brand-soft: #12312e; } }\n"
    );
    let page = samples::all().remove(0).html(Language::English);
    let version = &sha256_hex(brand.css().unwrap())[..16];
    assert!(page.contains(&format!("href=\"/brand/tents.css?v={version}\"")));
    assert_eq!(plain().css(), None);
}

#[test]
fn the_language_is_one_with_approved_texts() {
    let brand = tents();
    assert_eq!(brand.language(None, Some("ar-EG, en;q=0.5")), Language::Arabic);
    assert_eq!(brand.language(Some("de"), Some("ar")), Language::German);
    assert_eq!(brand.language(Some("fr"), Some("fr, *;q=0.1")), Language::English);
    assert_eq!(brand.language(None, None), Language::English);
    // a brand that has none in Arabic answers in its default
    assert_eq!(plain().language(Some("ar"), Some("ar, de")), Language::English);
}

#[test]
fn the_newest_notice_is_asked_with_and_older_ones_stay_to_be_shown() {
    let mut settings = tents_settings();
    let mut newer = settings["notices"][0].clone();
    newer["version"] = json!("2026-12");
    newer["text"] = json!("Yes, once a month.");
    settings["notices"].as_array_mut().unwrap().push(newer);
    let brand = samples::brand(settings);
    let (channel, purpose) = (Channel::Email, "marketing.newsletter");
    let now = brand.notice(channel, purpose, Language::English).unwrap();
    assert_eq!((now.version(), now.text()), ("2026-12", "Yes, once a month."));
    assert_eq!(now.sha256(), sha256_hex("Yes, once a month."));
    let before = brand.notice_of(channel, purpose, Language::English, "2026-11").unwrap();
    assert!(before.text().starts_with("Yes, Tents Ltd"));
    assert_eq!(brand.notice(Channel::VoiceLive, "marketing.offers", Language::English), None);
    assert_eq!(brand.notice_of(channel, purpose, Language::German, "2026-12"), None);
}
