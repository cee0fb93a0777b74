//! Every page in every state, with invented names and numbers: for the gallery and for tests.

mod decisions;
mod intake;
mod overview;
mod people;
mod rules;

use gate_pages::{
    ConfirmPage, Corner, DecisionPage, DecisionsPage, DiffPage, EmptyPage, ErrorPage, Frame,
    IndexBuilding, IntakePage, Language, LoginPage, Outcome, OverviewPage, PeoplePage, PersonPage,
    Place, PoisonPage, PoliciesPage, ProbePage, Reason, RenderError, Roles,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The present of all samples.
pub(crate) const NOW: &str = "2026-11-29T21:12:07Z";

/// A page in one state.
pub(crate) struct Sample {
    /// Its file's name: `overview-held`.
    pub(crate) name: &'static str,
    /// What surrounds it.
    pub(crate) frame: Frame,
    /// Its view model.
    pub(crate) model: Value,
    render: fn(&Value, &Frame, Language) -> Option<Result<String, RenderError>>,
}

impl Sample {
    /// The page.
    pub(crate) fn html(&self, language: Language) -> String {
        self.render_model(&self.model, &self.frame, language).expect("samples are view models")
    }

    /// The same with a word in each field that is wider than any screen.
    fn stretched(&self, name: &'static str) -> Option<Self> {
        let mut model = self.model.clone();
        for path in texts(&model, "") {
            let mut longer = model.clone();
            let place = longer.pointer_mut(&path)?;
            *place =
                Value::from(format!("{}{}", place.as_str()?, "Donaudampfschifffahrt".repeat(12)));
            // the name of a variant stays as well
            if !KEPT.iter().any(|end| path.ends_with(end))
                && self.render_model(&longer, &self.frame, Language::English).is_some()
            {
                model = longer;
            }
        }
        let long = "Donaudampfschifffahrt".repeat(4);
        let frame = Frame { name: Some(long.clone()), scope: long, ..self.frame.clone() };
        Some(Self { name, model, frame, render: self.render })
    }

    /// The page with another model or frame; `None` if `model` is no such view model.
    pub(crate) fn render_model(
        &self,
        model: &Value,
        frame: &Frame,
        language: Language,
    ) -> Option<String> {
        (self.render)(model, frame, language).map(|page| page.expect("view models can be rendered"))
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Sample> {
    let mut all = Vec::new();
    people::samples(&mut all);
    decisions::samples(&mut all);
    overview::samples(&mut all);
    rules::samples(&mut all);
    intake::samples(&mut all);
    let stretched: Vec<_> = STRETCHED
        .iter()
        .filter_map(|(of, name)| all.iter().find(|s| s.name == *of)?.stretched(name))
        .collect();
    all.extend(stretched);
    all
}

/// Fields that are no words.
const KEPT: [&str; 3] = ["/field", "/since", "/until"];
/// Pages that exist with far too long words as well.
const STRETCHED: [(&str, &str); 10] = [
    ("people-several", "people-stretched"),
    ("person-answer", "person-stretched"),
    ("decisions", "decisions-stretched"),
    ("decision", "decision-stretched"),
    ("overview", "overview-stretched"),
    ("policies-pack", "policies-stretched"),
    ("policies-diff", "policies-diff-stretched"),
    ("intake-held", "intake-stretched"),
    ("poison-wrong", "poison-stretched"),
    ("poison-confirm-wrong", "poison-confirm-stretched"),
];

/// Paths of all strings but instants.
fn texts(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Array(values) => values
            .iter()
            .enumerate()
            .flat_map(|(at, v)| texts(v, &format!("{path}/{at}")))
            .collect(),
        Value::Object(values) => {
            values.iter().flat_map(|(name, v)| texts(v, &format!("{path}/{name}"))).collect()
        }
        Value::String(text) if text.parse::<jiff::Timestamp>().is_err() => vec![path.to_owned()],
        _ => Vec::new(),
    }
}

trait Rendered: Serialize + DeserializeOwned {
    fn rendered(&self, frame: &Frame, language: Language) -> Result<String, RenderError>;
}

macro_rules! rendered {
    ($($page:ty),* $(,)?) => {$(
        impl Rendered for $page {
            fn rendered(&self, frame: &Frame, language: Language) -> Result<String, RenderError> {
                self.render(frame, language)
            }
        }
    )*};
}
rendered!(
    LoginPage,
    ErrorPage,
    OverviewPage,
    EmptyPage,
    PeoplePage,
    PersonPage,
    DecisionsPage,
    DecisionPage,
    PoliciesPage,
    DiffPage,
    IntakePage,
    PoisonPage,
    ConfirmPage,
    ProbePage,
);

fn sample<P: Rendered>(name: &'static str, frame: Frame, page: &P) -> Sample {
    let model = serde_json::to_value(page).expect("view models are plain data");
    Sample {
        name,
        frame,
        model,
        render: |model, frame, language| {
            let page: P = serde_json::from_value(model.clone()).ok()?;
            Some(page.rendered(frame, language))
        },
    }
}

fn frame(path: &str) -> Frame {
    Frame {
        now: NOW.to_owned(),
        name: Some("Kim".to_owned()),
        roles: Roles::ALL,
        scope: "tents-ltd · all brands".to_owned(),
        corner: Corner::Ready { instances: vec!["gate-1".to_owned(), "gate-2".to_owned()] },
        waiting: 4,
        csrf: "c5rf-0123456789abcdef".to_owned(),
        version: "0.1.0".to_owned(),
        path: path.to_owned(),
        observe: false,
        stale_seconds: None,
        building: None,
    }
}

fn viewer(path: &str) -> Frame {
    let roles = Roles { viewer: true, ..Roles::default() };
    Frame { roles, name: Some("Alex".to_owned()), waiting: 0, ..frame(path) }
}

fn officer(path: &str) -> Frame {
    Frame { roles: Roles { viewer: true, officer: true, operator: false }, ..frame(path) }
}

fn held(path: &str) -> Frame {
    let corner = Corner::Held {
        code: "consent_poison".to_owned(),
        since: "2026-11-29T17:01:41Z".to_owned(),
    };
    Frame { corner, now: "2026-11-29T17:03:11Z".to_owned(), ..frame(path) }
}

fn building() -> IndexBuilding {
    IndexBuilding {
        percent: 38,
        minutes_left: Some(4),
        since: Some("2026-11-12T00:00:00Z".to_owned()),
    }
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| s(text)).collect()
}

fn place(topic: &str, partition: u32, offset: u64) -> Place {
    Place { topic: s(topic), partition, offset }
}

/// A reason by its code.
fn reason(code: &str) -> Reason {
    let (sentence, fix_me) = match code {
        "approved.express_consent" => ("The person agreed to exactly this.", false),
        "approved.transactional" => ("Service message without promotion.", false),
        "approved.soft_opt_in" => ("A customer, and similar things.", false),
        "blocked.no_consent" => ("No basis of any kind is on file.", false),
        "blocked.opted_out" => ("An opt-out covers the message.", false),
        "blocked.scope_mismatch" => {
            ("Consent exists for another channel, brand, purpose or address.", true)
        }
        "blocked.frequency_cap" => ("The cap of the rolling window is reached.", false),
        "blocked.content_requirement" => ("A required element is missing from the message.", true),
        "blocked.pending_confirmation" => ("Double opt-in is not confirmed.", false),
        "blocked.complaint" => ("The person reported spam.", false),
        "blocked.consent_expired" => ("The basis has run out.", false),
        "blocked.registry_stale" => ("The registry check is missing or too old.", true),
        "blocked.sender_stop" => ("The number it comes from received STOP.", false),
        "blocked.missing_contact" => ("The channel has no address of this person.", false),
        "deferred.quiet_hours" => ("Outside the allowed hours.", false),
        other => panic!("no sentence for {other}"),
    };
    let outcome = match code.split('.').next() {
        Some("approved") => Outcome::Approved,
        Some("blocked") => Outcome::Blocked,
        _ => Outcome::Deferred,
    };
    Reason { outcome, code: s(code), sentence: s(sentence), fix_me }
}
