//! Two brands: one with everything, one with as little as possible.

use std::sync::LazyLock;

use gate_door_pages::{Brand, BrandSettings};
use serde_json::{Value, json};

/// The configuration of the brand with everything; the logo is that of the mock-ups.
pub(crate) fn tents_settings() -> Value {
    json!({
        "id": "tents",
        "name": "Example Tents",
        "legal_name": "Tents Ltd, 1 Example Street, Exampleton",
        "contact": {
            "email": "stop@example.com",
            "page": "https://example.com/contact",
            "privacy": "https://example.com/privacy",
        },
        "colours": {
            "light": { "brand": "#0b5a55", "brand_ink": "#ffffff", "brand_soft": "#e2f1ef" },
            "dark": { "brand": "#7fd1c8", "brand_ink": "#062a27", "brand_soft": "#12312e" },
        },
        "logo": "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 28 28\"><g fill=\"currentColor\">\
            <path fill-rule=\"evenodd\" d=\"M14 4L2 24h24zM14 12l-5 12h10z\"/></g></svg>",
        "locales": ["en", "de", "ar"],
        "default_locale": "en",
        "channels": ["email", "sms", "voice_live"],
        "purposes": [
            {
                "id": "marketing.newsletter",
                "channels": ["email"],
                "words": {
                    "en": {
                        "name": "Newsletter",
                        "in_sentence": "the newsletter",
                        "explanation": "About twice a month",
                    },
                    "de": {
                        "name": "Newsletter",
                        "in_sentence": "den Newsletter",
                        "explanation": "Etwa zweimal im Monat",
                    },
                    "ar": { "name": "النشرة الإخبارية", "explanation": "مرتين في الشهر تقريباً" },
                },
            },
            {
                "id": "marketing.offers",
                "channels": ["email", "sms", "voice_live"],
                "words": {
                    "en": {
                        "name": "Offers",
                        "in_sentence": "offers",
                        "explanation": "Now and then",
                        "by_channel": { "voice_live": "Rarely, from 08:00 to 21:00" },
                    },
                    "de": {
                        "name": "Angebote",
                        "explanation": "Ab und zu",
                        "by_channel": { "voice_live": "Selten, von 8 bis 21 Uhr" },
                    },
                    "ar": {
                        "name": "العروض",
                        "explanation": "أحياناً",
                        "by_channel": { "voice_live": "نادراً، من 08:00 إلى 21:00" },
                    },
                },
            },
        ],
        "notices": notices(),
        "sign_up": {
            "controller": "tents-ltd",
            "purposes": ["marketing.newsletter", "marketing.offers"],
            "link_hours": 168,
        },
    })
}

fn notices() -> Vec<Value> {
    let texts = [
        (
            "marketing.newsletter",
            "email",
            [
                "Yes, Tents Ltd may send me the Example Tents newsletter by e-mail, about twice a month. I can stop it at any \
                 time with the link in each e-mail.",
                "Ja, die Tents Ltd darf mir den Newsletter von Example Tents per E-Mail senden, etwa zweimal im Monat. Ich kann \
                 ihn jederzeit über den Link in jeder E-Mail abbestellen.",
                "نعم، يجوز لشركة Tents Ltd أن ترسل إليّ النشرة الإخبارية لـ Example Tents\u{200f} بالبريد الإلكتروني مرتين في \
                 الشهر تقريباً. يمكنني إيقافها في أي وقت بالرابط الموجود في كل رسالة.",
            ],
        ),
        (
            "marketing.offers",
            "email",
            [
                "Yes, Tents Ltd may send me offers by e-mail.\nI can stop them at any time.",
                "Ja, die Tents Ltd darf mir Angebote per E-Mail senden.\nIch kann sie jederzeit abbestellen.",
                "نعم، يجوز لشركة Tents Ltd أن ترسل إليّ العروض بالبريد الإلكتروني.\nيمكنني إيقافها في أي وقت.",
            ],
        ),
        (
            "marketing.offers",
            "sms",
            [
                "Yes, Tents Ltd may text me offers. I can answer STOP at any time.",
                "Ja, die Tents Ltd darf mir Angebote per SMS senden. Ich kann jederzeit STOPP antworten.",
                "نعم، يجوز لشركة Tents Ltd أن ترسل إليّ العروض بالرسائل النصية. يمكنني الرد بكلمة STOP في أي وقت.",
            ],
        ),
    ];
    let mut all = Vec::new();
    for (purpose, channel, by_locale) in texts {
        for (locale, text) in ["en", "de", "ar"].into_iter().zip(by_locale) {
            all.push(json!({
                "purpose": purpose,
                "channel": channel,
                "version": "2026-11",
                "locale": locale,
                "text": text,
                "approved_by": "Legal, Kim",
                "approved_on": "2026-11-02",
            }));
        }
    }
    all
}

/// The brand with everything.
pub(crate) fn tents() -> Brand {
    static TENTS: LazyLock<Brand> = LazyLock::new(|| brand(tents_settings()));
    TENTS.clone()
}

/// The brand with words that are wider than any screen.
pub(crate) fn stretched() -> Brand {
    let long = json!("Donaudampfschifffahrt".repeat(8));
    let mut settings = tents_settings();
    settings["name"] = long.clone();
    settings["legal_name"] = long.clone();
    settings["still_comes"] = json!({ "en": long, "de": long, "ar": long });
    for purpose in settings["purposes"].as_array_mut().expect("a list") {
        for words in purpose["words"].as_object_mut().expect("by locale").values_mut() {
            words["name"] = long.clone();
            words["in_sentence"] = long.clone();
            words["explanation"] = long.clone();
        }
    }
    for notice in settings["notices"].as_array_mut().expect("a list") {
        notice["text"] = long.clone();
    }
    brand(settings)
}

/// A brand without colours, logo, purposes and notices.
pub(crate) fn plain() -> Brand {
    brand(json!({
        "id": "plain",
        "name": "Aid & Aid",
        "legal_name": "Aid & Aid e. V., Musterweg 1, Musterstadt",
        "contact": { "email": "stop@example.org" },
        "locales": ["en"],
        "default_locale": "en",
        "still_comes": { "en": "Receipts for your donations still come." },
        "channels": ["email"],
    }))
}

pub(crate) fn brand(settings: Value) -> Brand {
    let settings: BrandSettings = serde_json::from_value(settings).expect("the form of a brand");
    settings.check("brands[0]").unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}
