//! Every page in every state, with invented names and numbers: for the gallery and for tests.

mod brands;

use gate_door_pages::{
    AskAgain, Brand, Channel, ChannelLink, Choice, ChoiceGroup, ChoiceState, ChoicesAwayPage,
    ConfirmDonePage, ConfirmPage, Csrf, Effect, ErrorPage, ExpiredPage, Frame, Language, Link,
    LinkSentPage, Masked, NotSavedPage, OffBy, PreferencesPage, Problem, RenderError, SignUpChoice,
    SignUpForm, SignUpPage, StoppedPage, Unsaved, UnsubscribeDonePage, UnsubscribePage, When, Who,
    Wrong, mask_address,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use brands::{brand, plain, stretched, tents, tents_settings};

/// The addresses that no page may show.
pub(crate) const EMAIL: &str = "ana.secret@mailbox.example";
pub(crate) const PHONE: &str = "+44 7700 900101";

/// A page in one state.
pub(crate) struct Sample {
    /// Its file's name: `door-unsubscribe`.
    pub(crate) name: &'static str,
    /// What surrounds it, in English.
    pub(crate) frame: Frame,
    /// Its view model.
    pub(crate) model: Value,
    /// Its brand.
    pub(crate) brand: Brand,
    render: fn(&Value, &Brand, &Frame) -> Option<Result<String, RenderError>>,
}

impl Sample {
    /// The page.
    pub(crate) fn html(&self, language: Language) -> String {
        let frame = Frame { language, ..self.frame.clone() };
        self.with(&self.model_in(language), &self.brand, &frame).expect("samples are view models")
    }

    /// The page with other parts; `None` if `model` is no such view model.
    pub(crate) fn with(&self, model: &Value, brand: &Brand, frame: &Frame) -> Option<String> {
        (self.render)(model, brand, frame).map(|page| page.expect("view models can be rendered"))
    }

    /// The notices of a page in its language.
    pub(crate) fn model_in(&self, language: Language) -> Value {
        let mut model = self.model.clone();
        translate(&mut model, &self.brand, language);
        model
    }

    /// The languages that its brand has.
    pub(crate) fn languages(&self) -> Vec<Language> {
        self.brand.languages()
    }
}

/// Wherever a purpose stands beside its text.
fn translate(value: &mut Value, brand: &Brand, language: Language) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|v| translate(v, brand, language)),
        Value::Object(fields) => {
            let purpose = fields.get("purpose").and_then(Value::as_str).map(str::to_owned);
            if let (Some(purpose), Some(notice)) = (purpose, fields.get_mut("notice")) {
                let own = brand.notice(Channel::Email, &purpose, language);
                *notice = serde_json::to_value(own.expect("it is approved")).expect("a notice");
            }
            fields.values_mut().for_each(|v| translate(v, brand, language));
        }
        _ => {}
    }
}

trait Rendered: Serialize + DeserializeOwned {
    fn rendered(&self, brand: &Brand, frame: &Frame) -> Result<String, RenderError>;
}

macro_rules! rendered {
    ($($page:ty),* $(,)?) => {$(
        impl Rendered for $page {
            fn rendered(&self, brand: &Brand, frame: &Frame) -> Result<String, RenderError> {
                self.render(brand, frame)
            }
        }
    )*};
}
rendered!(
    UnsubscribePage,
    UnsubscribeDonePage,
    PreferencesPage,
    ChoicesAwayPage,
    StoppedPage,
    SignUpPage,
    ConfirmPage,
    ConfirmDonePage,
    ExpiredPage,
    LinkSentPage,
    NotSavedPage,
    ErrorPage,
);

fn sample<P: Rendered>(name: &'static str, here: Option<&str>, page: &P) -> Sample {
    let frame = Frame {
        language: Language::English,
        now: at("2026-11-29T14:02:13Z").at,
        here: here.map(link),
        csrf: Csrf("c5rf-0123456789abcdef".to_owned()),
        gpc: false,
    };
    Sample {
        name,
        frame,
        model: serde_json::to_value(page).expect("view models are plain data"),
        brand: tents(),
        render: |model, brand, frame| {
            let page: P = serde_json::from_value(model.clone()).ok()?;
            Some(page.rendered(brand, frame))
        },
    }
}

fn link(path: &str) -> Link {
    Link::new(path).expect("a path")
}

fn at(instant: &str) -> When {
    When::utc(instant.parse().expect("an instant"))
}

fn email() -> Who {
    Who::of(&[mask_address(EMAIL)])
}

fn both() -> Who {
    let masked: Vec<Masked> = [PHONE, EMAIL].into_iter().map(mask_address).collect();
    Who::of(&masked)
}

fn in_force() -> Effect {
    Effect::InForce { since: at("2026-11-29T14:02:11Z") }
}

fn soon() -> Effect {
    Effect::Soon { check: link("/p/T0k3n/state") }
}

/// Pages that exist with far too long words as well.
const STRETCHED: [(&str, &str); 5] = [
    ("door-sign-up-nothing", "door-sign-up-stretched"),
    ("door-unsubscribe-list", "door-unsubscribe-stretched"),
    ("door-preferences-saving", "door-preferences-stretched"),
    ("door-confirm", "door-confirm-stretched"),
    ("door-confirm-done", "door-confirm-done-stretched"),
];

/// All of them.
pub(crate) fn all() -> Vec<Sample> {
    let mut all = Vec::new();
    one_click(&mut all);
    preferences(&mut all);
    opt_in(&mut all);
    failures(&mut all);
    for (of, name) in STRETCHED {
        let sample = all.iter().find(|sample| sample.name == of).expect("a sample");
        let stretched = Sample {
            name,
            frame: sample.frame.clone(),
            model: sample.model.clone(),
            brand: stretched(),
            render: sample.render,
        };
        all.push(stretched);
    }
    all
}

fn one_click(all: &mut Vec<Sample>) {
    let page = UnsubscribePage {
        who: email(),
        channel: Channel::Email,
        purpose: None,
        action: link("/u/T0k3n"),
        preferences: Some(link("/p/T0k3n")),
    };
    let here = Some("/u/T0k3n");
    all.push(sample("door-unsubscribe", here, &page));
    let list = UnsubscribePage { purpose: Some("marketing.newsletter".to_owned()), ..page.clone() };
    all.push(sample("door-unsubscribe-list", here, &list));
    let text = UnsubscribePage {
        who: Who::of(&[mask_address(PHONE)]),
        channel: Channel::Sms,
        preferences: None,
        ..page.clone()
    };
    all.push(sample("door-unsubscribe-text", here, &text));
    all.push(Sample { brand: plain(), ..sample("door-unsubscribe-plain", here, &page) });

    let done = UnsubscribeDonePage {
        who: email(),
        channel: Channel::Email,
        purpose: None,
        effect: in_force(),
        preferences: Some(link("/p/T0k3n")),
        undo: Some(link("/p/T0k3n/ask")),
    };
    all.push(sample("door-unsubscribe-done", None, &done));
    let purpose = Some("marketing.offers".to_owned());
    let list = UnsubscribeDonePage {
        who: both(),
        channel: Channel::VoiceLive,
        purpose,
        effect: Effect::InForce {
            since: When {
                offset_seconds: 3_600,
                zone: String::new(),
                ..at("2025-12-31T23:30:00Z")
            },
        },
        ..done.clone()
    };
    all.push(sample("door-unsubscribe-done-list", None, &list));
    let saving = UnsubscribeDonePage { effect: soon(), ..done.clone() };
    all.push(sample("door-unsubscribe-saving", None, &saving));
    let held = UnsubscribeDonePage { effect: Effect::BeforeNext, ..done };
    all.push(sample("door-unsubscribe-held", None, &held));
}

fn choice(purpose: &str, state: ChoiceState) -> Choice {
    Choice { purpose: format!("marketing.{purpose}"), state, askable: true }
}

fn off(day: &str, by: OffBy) -> ChoiceState {
    ChoiceState::Off { since: Some(at(day)), by }
}

fn choices(calls: ChoiceState) -> PreferencesPage {
    let groups = vec![
        ChoiceGroup {
            channel: Channel::Email,
            choices: vec![
                choice("newsletter", ChoiceState::On),
                choice("offers", off("2026-11-20T18:30:00Z", OffBy::Any)),
            ],
        },
        ChoiceGroup {
            channel: Channel::Sms,
            choices: vec![choice("offers", off("2026-11-14T08:00:00Z", OffBy::TextedStop))],
        },
        ChoiceGroup { channel: Channel::VoiceLive, choices: vec![choice("offers", calls)] },
    ];
    PreferencesPage {
        who: both(),
        groups,
        stop: link("/p/T0k3n/stop"),
        save: link("/p/T0k3n"),
        saved: None,
    }
}

fn preferences(all: &mut Vec<Sample>) {
    let here = Some("/p/T0k3n?from=mail");
    let page = choices(ChoiceState::On);
    all.push(sample("door-preferences", here, &page));
    let mut gpc = sample("door-preferences-gpc", here, &page);
    gpc.frame.gpc = true;
    all.push(gpc);
    let mut nothing = choices(ChoiceState::Off { since: None, by: OffBy::Any });
    nothing.groups.remove(0);
    nothing.who = Who::default();
    all.push(sample("door-preferences-nothing", here, &nothing));
    let none = PreferencesPage { groups: Vec::new(), who: email(), ..page };
    all.push(Sample { brand: plain(), ..sample("door-preferences-plain", here, &none) });

    let saving = PreferencesPage { saved: Some(soon()), ..choices(ChoiceState::Stopping) };
    all.push(sample("door-preferences-saving", here, &saving));
    let saved = PreferencesPage { saved: Some(in_force()), ..choices(ChoiceState::Stopped) };
    all.push(sample("door-preferences-saved", here, &saved));
    let held = PreferencesPage { saved: Some(Effect::BeforeNext), ..saving };
    all.push(sample("door-preferences-held", here, &held));

    let away = ChoicesAwayPage {
        who: both(),
        stop: link("/p/T0k3n/stop"),
        unsubscribe: Some(ChannelLink { channel: Channel::Email, link: link("/u/T0k3n") }),
    };
    let mut away = sample("door-choices-away", Some("/p/T0k3n"), &away);
    away.frame.gpc = true;
    all.push(away);

    let stopped =
        StoppedPage { who: both(), effect: in_force(), preferences: Some(link("/p/T0k3n")) };
    all.push(sample("door-stopped", None, &stopped));
    let saving = StoppedPage { effect: soon(), ..stopped.clone() };
    all.push(sample("door-stopped-saving", None, &saving));
    let held = StoppedPage { effect: Effect::BeforeNext, ..stopped };
    all.push(sample("door-stopped-held", None, &held));
}

fn opt_in(all: &mut Vec<Sample>) {
    let texts = tents().sign_up_texts(Language::English);
    let choices = texts.iter().map(|asked| SignUpChoice { asked: asked.clone(), ticked: false });
    let form = SignUpForm { action: link("/s/tents"), choices: choices.collect() };
    let page = SignUpPage { form: form.clone(), wrong: Vec::new() };
    all.push(sample("door-sign-up", Some("/s/tents"), &page));
    let mut wrong = SignUpPage { wrong: vec![Wrong::OldText, Wrong::Address], ..page.clone() };
    wrong.form.choices[0].ticked = true;
    all.push(sample("door-sign-up-wrong", None, &wrong));
    let nothing = SignUpPage { wrong: vec![Wrong::Address, Wrong::Nothing], ..page };
    all.push(sample("door-sign-up-nothing", None, &nothing));

    let page = ConfirmPage {
        who: email(),
        channel: Channel::Email,
        asked: texts[..1].to_vec(),
        asked_at: at("2026-11-29T13:58:00Z"),
        until: at("2026-12-06T13:58:00Z"),
        action: link("/c/T0k3n"),
    };
    all.push(sample("door-confirm", Some("/c/T0k3n"), &page));
    let two = ConfirmPage { asked: texts.clone(), ..page };
    all.push(sample("door-confirm-two", Some("/c/T0k3n"), &two));
    let done = ConfirmDonePage {
        who: email(),
        purposes: vec!["marketing.newsletter".to_owned()],
        at: at("2026-11-29T14:02:13Z"),
        repeated: false,
        preferences: Some(link("/p/T0k3n")),
    };
    all.push(sample("door-confirm-done", None, &done));
    let purposes = texts.iter().map(|it| it.purpose.clone()).collect();
    let two = ConfirmDonePage { purposes, ..done.clone() };
    all.push(sample("door-confirm-done-two", None, &two));
    let before = ConfirmDonePage { repeated: true, ..done };
    all.push(sample("door-confirm-before", None, &before));
    let ask = AskAgain::SameMailbox { action: link("/c/T0k3n"), who: email(), asked: texts };
    let expired = ExpiredPage { days: 7, ask };
    all.push(sample("door-expired", Some("/c/x"), &expired));
    let unknown = ExpiredPage { ask: AskAgain::Form(form), ..expired };
    all.push(sample("door-expired-unknown", Some("/c/x"), &unknown));
    let without = ExpiredPage { days: 2, ask: AskAgain::No };
    all.push(sample("door-expired-no-form", None, &without));
    all.push(sample("door-link-sent", None, &LinkSentPage { saved: false }));
    all.push(sample("door-link-sent-saved", None, &LinkSentPage { saved: true }));
}

fn failures(all: &mut Vec<Sample>) {
    let unsaved = |what, action: &str| NotSavedPage {
        what,
        action: link(action),
        reference: "e-51c0".to_owned(),
    };
    let value = |purpose| gate_door_pages::choice_value(Channel::Email, purpose);
    let shown = vec![value("marketing.newsletter"), value("marketing.offers")];
    for (name, page) in [
        ("door-not-saved", unsaved(Unsaved::OneClick { channel: Channel::Email }, "/u/T0k3n")),
        ("door-not-saved-everything", unsaved(Unsaved::Everything, "/p/T0k3n/stop")),
        (
            "door-not-saved-choices",
            unsaved(Unsaved::Choices { keep: shown[..1].to_vec(), shown }, "/p/T0k3n"),
        ),
        (
            "door-not-saved-ask",
            unsaved(Unsaved::Ask { choice: value("marketing.offers") }, "/p/T0k3n"),
        ),
        ("door-not-saved-confirm", unsaved(Unsaved::Confirmation, "/c/T0k3n")),
        ("door-not-saved-sign-up", unsaved(Unsaved::SignUp, "/s/tents")),
    ] {
        all.push(sample(name, None, &page));
    }
    for (name, problem) in [
        ("door-error", Problem::Internal),
        ("door-error-request", Problem::BadRequest),
        ("door-error-form", Problem::Form),
        ("door-error-page", Problem::NotFound),
        ("door-error-large", Problem::TooLarge),
        ("door-error-many", Problem::TooMany { seconds: 30 }),
    ] {
        let again = (problem == Problem::Internal).then(|| link("/p/T0k3n"));
        let page = ErrorPage { problem, again, reference: "e-51c0".to_owned() };
        all.push(sample(name, None, &page));
    }
}
