//! `/openapi.json`: the API's description, made from the table of routes and the types that answer.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};

use super::ask::{
    counts, decision, decisions, draft, intake, overview, person, policies, release, search, status,
};
use super::routes::{Admits, Asks, For, Method, ROUTES, Route};

/// What one question takes and gives.
struct Described {
    summary: &'static str,
    /// Fields of the query or of the body.
    fields: &'static [(&'static str, &'static str)],
    /// Name of the answer's schema; none for a file.
    answer: Option<&'static str>,
}

const LIST: &[(&str, &str)] = &[
    ("outcome", "`approved`, `blocked` or `deferred`"),
    ("reason", "code with its prefix, such as `blocked.opted_out`"),
    ("channel", "a channel"),
    ("purpose", "the message's purpose"),
    ("brand", "the message's brand"),
    ("controller", "the message's controller"),
    ("campaign", "the message's campaign"),
    ("jurisdiction", "one of the candidates, such as `GB`"),
    ("since", "decided then or later: an instant (RFC 3339), or a day"),
    ("until", "decided before"),
    ("cursor", "`next` of the page before"),
    ("limit", "decisions of a page, 200 at most"),
];
const COUNTS: &[(&str, &str)] = &[
    (
        "by",
        "what to count by, with commas: outcome, reason, channel, jurisdiction, purpose, brand, controller, campaign",
    ),
    ("bucket", "`half_hour`, `hour`, `day` or `whole`"),
    ("outcome", "only these"),
    ("reason", "only these"),
    ("channel", "only these"),
    ("purpose", "only these"),
    ("brand", "only these"),
    ("controller", "only these"),
    ("campaign", "only these"),
    ("jurisdiction", "only these"),
    ("since", "from then on"),
    ("until", "before then"),
];

/// Of a question that programs may ask.
fn described(asks: Asks) -> Option<Described> {
    let of = |summary, fields, answer| Some(Described { summary, fields, answer: Some(answer) });
    match asks {
        Asks::Overview => of(
            "How many decisions by outcome and reason, what holds, what was stopped last",
            &[("range", "`hour`, `day`, `week` or `month`")],
            "OverviewAnswer",
        ),
        Asks::LookUp => of(
            "Look a person up. The look-up is recorded in the access log before anything is looked for",
            &[
                ("who", "contact id, e-mail address or phone number"),
                ("kind", "`contact`, `address` or `auto`"),
                ("region", "country of a national number, two letters"),
                ("reason", "`complaint`, `access`, `incident` or `audit`"),
                ("ticket", "optional, 80 characters"),
            ],
            "FoundAnswer",
        ),
        Asks::Person => of(
            "What may be sent to a person now and why, what they said, what was decided about messages to them",
            &[
                ("brand", "only messages of this brand in the table"),
                ("cursor", "`decisions_next` of the page before"),
                ("events", "`events_next` of the page before"),
                ("limit", "decisions of a page, 200 at most"),
            ],
            "PersonAnswer",
        ),
        Asks::WouldPass => of(
            "Would a message to this person pass now? Nothing is sent and nothing remembered",
            &[
                ("channel", "a channel"),
                ("purpose", "optional"),
                ("category", "optional, `marketing` unless named"),
                ("brand", "optional"),
                ("controller", "optional"),
                ("jurisdiction", "optional; otherwise the gate finds it"),
            ],
            "VerdictAnswer",
        ),
        Asks::Export => Some(Described {
            summary: "What is held of a person, as a file (GDPR art. 15 and 20)",
            fields: &[("form", "`json`, `html` or `ts27560`")],
            answer: None,
        }),
        Asks::LookUps => of("One's own look-ups, newest first", &[], "LookUpsAnswer"),
        Asks::Decisions => of("Decisions, newest first", LIST, "DecisionsAnswer"),
        Asks::ByMessage => of(
            "Decisions about a message id",
            &[("id", "the id"), ("cursor", "`next` of the page before"), ("limit", "200 at most")],
            "DecisionsAnswer",
        ),
        Asks::Decision => of(
            "One decision: made again, step by step, with rules, sources and evidence",
            &[],
            "DecisionAnswer",
        ),
        Asks::ToPerson => of(
            "From a decision to its person. The look-up is recorded, by what the log has of them, before anything of theirs is read",
            &[
                ("reason", "`complaint`, `access`, `incident` or `audit`"),
                ("ticket", "optional, 80 characters"),
            ],
            "FoundAnswer",
        ),
        Asks::Counts => of("How many decisions, by what they say and when", COUNTS, "CountsAnswer"),
        Asks::Policies => of("The policies in force and kept revisions", &[], "PoliciesAnswer"),
        Asks::Pack => of("A pack with its rules in words", &[], "PackPage"),
        Asks::PolicyDiff => of(
            "What differs between two revisions, a sentence each",
            &[("from", "a revision"), ("to", "a revision")],
            "DiffAnswer",
        ),
        Asks::Intake => of("Consent records that nobody can read", &[], "IntakeAnswer"),
        Asks::Poison => of(
            "A consent record as it lies in Kafka. The look is recorded in the access log",
            &[],
            "RecordAnswer",
        ),
        Asks::Release => of(
            "Let the gates go on past a record that nobody can read; what it said is not applied",
            &[
                (
                    "what",
                    "`again` (published again), `test` (about no person) or `unknown`, which needs an officer",
                ),
                ("event_id", "with `again`: the event id of the record in its place"),
                ("reason", "why, for auditors; no address"),
                ("offset", "the record's offset, once more"),
            ],
            "ReleaseAnswer",
        ),
        Asks::Probe => of("What the synthetic probe says", &[], "ProbeAnswer"),
        Asks::Livez
        | Asks::Readyz
        | Asks::Metrics
        | Asks::OpenApi
        | Asks::Style
        | Asks::Script
        | Asks::Icon
        | Asks::SignInForm
        | Asks::SignIn
        | Asks::WorkAccount
        | Asks::WorkAccountBack
        | Asks::SignOut
        | Asks::PeopleForm => None,
    }
}

#[derive(OpenApi)]
#[openapi(components(schemas(
    overview::OverviewAnswer,
    search::FoundAnswer,
    search::LookUpsAnswer,
    person::PersonAnswer,
    draft::VerdictAnswer,
    decisions::DecisionsAnswer,
    decision::DecisionAnswer,
    counts::CountsAnswer,
    policies::PoliciesAnswer,
    policies::PackPage,
    policies::DiffAnswer,
    intake::IntakeAnswer,
    intake::RecordAnswer,
    release::ReleaseAnswer,
    status::ProbeAnswer,
    Problem
)))]
struct Schemas;

/// Why there is no answer (RFC 9457); `type` is what programs compare.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "describes the type of crate::answers, which knows nothing of this description"
)]
struct Problem {
    /// `urn:consent-gate:problem:…`
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    /// Which field it is about.
    pointer: Option<String>,
}

/// The description, as JSON; made once.
pub(super) fn text() -> String {
    static TEXT: LazyLock<String> = LazyLock::new(written);
    TEXT.clone()
}

fn written() -> String {
    let mut paths = Map::new();
    for route in ROUTES.iter().filter(|route| route.is_for == For::Programs) {
        let Some(described) = described(route.asks) else { continue };
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(route.method.as_str().to_lowercase(), operation(route, &described));
        }
    }
    // what utoipa made always becomes JSON
    let made = serde_json::to_value(Schemas::openapi()).unwrap_or_default();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "consent-gate desk",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Decisions, people, counts and policies, for programs. Tokens and roles: docs/looking-up.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": made.pointer("/components/schemas").cloned().unwrap_or_default(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    });
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn operation(route: &Route, described: &Described) -> Value {
    let roles = match route.admits {
        Admits::Everybody => Vec::new(),
        Admits::Those(right) => right.roles().iter().map(|role| role.as_str()).collect(),
    };
    let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let text = |name: &str, place: &str, about: &str, required: bool| json!({"name": name, "in": place, "required": required, "description": about, "schema": {"type": "string"}});
    let mut parameters: Vec<Value> = parts.map(|part| text(part, "path", "", true)).collect();
    let mut operation = json!({
        "summary": described.summary,
        "description": format!("For the roles: {}.", roles.join(", ")),
        "operationId": format!("{}{}", route.method.as_str().to_lowercase(), route.path.replace(['/', '{', '}', '-'], "_")),
    });
    let Some(fields) = operation.as_object_mut() else { return operation };
    if route.method == Method::Get {
        parameters
            .extend(described.fields.iter().map(|(name, about)| text(name, "query", about, false)));
    } else {
        let properties: Map<String, Value> = described
            .fields
            .iter()
            .map(|(name, about)| {
                ((*name).to_owned(), json!({"type": "string", "description": about}))
            })
            .collect();
        let schema =
            json!({"type": "object", "properties": properties, "additionalProperties": false});
        fields.insert(
            "requestBody".to_owned(),
            json!({"required": true, "content": {"application/json": {"schema": schema}}}),
        );
    }
    fields.insert("parameters".to_owned(), parameters.into());
    let answer = match described.answer {
        Some(name) => {
            json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}})
        }
        None => {
            json!({"application/json": {"schema": {}}, "text/html": {"schema": {"type": "string"}}})
        }
    };
    let problem = json!({
        "description": "Why there is no answer.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    fields.insert(
        "responses".to_owned(),
        json!({"200": {"description": "The answer.", "content": answer}, "default": problem}),
    );
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_programs_is_described_and_every_schema_it_names_is_there() {
        let document: Value = serde_json::from_str(&text()).unwrap();
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object).unwrap();
        for route in ROUTES.iter().filter(|route| route.is_for == For::Programs) {
            let described = described(route.asks).unwrap_or_else(|| panic!("{}", route.path));
            assert!(
                described.answer.is_none_or(|name| schemas.contains_key(name)),
                "{}",
                route.path
            );
            let method = route.method.as_str().to_lowercase();
            let operation = document.get("paths").and_then(|it| it.get(route.path)?.get(&method));
            assert!(operation.is_some(), "{method} {}", route.path);
        }
        // what schemas refer to is there too
        let text = document.to_string();
        for name in text.split("#/components/schemas/").skip(1) {
            let name = name.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
