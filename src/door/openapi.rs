//! `/openapi.json` of the door: what programs may send, made from the types that answer. Providers' requests are theirs to
//! describe, and pages are for people.

use std::sync::LazyLock;

use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{changes, links};

/// A consent change as it is; the same file that `schemas/` has for producers.
const CHANGE: &str = include_str!("../../schemas/consent-change.schema.json");

#[derive(OpenApi)]
#[openapi(components(schemas(changes::ChangesAnswer, links::MintRequest, links::MintAnswer)))]
struct Schemas;

/// The description, as JSON; made once.
pub(super) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        // what is written here always becomes JSON
        serde_json::to_string_pretty(&document()).unwrap_or_default()
    });
    &TEXT
}

fn document() -> Value {
    let made = serde_json::to_value(Schemas::openapi()).unwrap_or_default();
    let mut schemas = made.pointer("/components/schemas").cloned().unwrap_or_default();
    let change: Value = serde_json::from_str(CHANGE).unwrap_or_default();
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.insert("ConsentChange".to_owned(), change);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "consent-gate door",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Consent changes and unsubscribe links, for programs. Sources and their tokens: docs/door-sources.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/v1/consent-changes": {"post": changes_operation()},
            "/v1/mail": {"post": mail_operation()},
            "/v1/unsubscribe-links": {"post": links_operation()},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token of a source"}},
        },
        "security": [{"token": []}],
    })
}

fn answers(of: &[(&str, &str, Option<&str>)]) -> Value {
    let of = of.iter().map(|(status, about, schema)| {
        let answer = match schema {
            Some(schema) => {
                let content = json!({"application/json": {"schema": reference(schema)}});
                json!({"description": about, "content": content})
            }
            None => json!({"description": about}),
        };
        ((*status).to_owned(), answer)
    });
    Value::Object(of.collect())
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

const UNAUTHORIZED: (&str, &str, Option<&str>) = ("401", "No token of a source", None);
const TOO_LARGE: (&str, &str, Option<&str>) = ("413", "More than 1 MiB, or 1,000 items", None);
const UNAVAILABLE: (&str, &str, Option<&str>) =
    ("503", "Nothing was taken in: send it again after `Retry-After`", None);

fn changes_operation() -> Value {
    let one = reference("ConsentChange");
    let several =
        json!({"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 1000}]});
    json!({
        "summary": "Consent changes as they are: one, an array, or one a line",
        "description": "Answered after Kafka has acknowledged all that is kept. Good ones are kept when others are not. CloudEvents (binary, structured, batch) and Standard Webhooks are read too.",
        "operationId": "post_v1_consent_changes",
        "parameters": [{"name": "wait", "in": "query", "required": false, "schema": {"type": "string", "enum": ["enforced"]},
            "description": "Answer when all gates have applied it, after `door.enforced_wait_ms` at the latest"}],
        "requestBody": {"required": true, "content": {
            "application/json": {"schema": several},
            "application/x-ndjson": {"schema": {"type": "string"}},
        }},
        "responses": answers(&[
            ("200", "All were taken in", Some("ChangesAnswer")),
            ("207", "Some were taken in", Some("ChangesAnswer")),
            ("422", "None was taken in", Some("ChangesAnswer")),
            UNAUTHORIZED, TOO_LARGE, UNAVAILABLE,
        ]),
    })
}

fn mail_operation() -> Value {
    json!({
        "summary": "A report of spam or of a bounce, as raw mail (RFC 5965, RFC 3464)",
        "operationId": "post_v1_mail",
        "requestBody": {"required": true, "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}},
        "responses": answers(&[("200", "Taken in, or no report", None), UNAUTHORIZED, TOO_LARGE, UNAVAILABLE]),
    })
}

fn links_operation() -> Value {
    json!({
        "summary": "Unsubscribe links for mail that is about to be sent",
        "operationId": "post_v1_unsubscribe_links",
        "requestBody": {"required": true, "content": {"application/json": {"schema": reference("MintRequest")}}},
        "responses": answers(&[
            ("200", "A link for each, in their order", Some("MintAnswer")),
            ("400", "The body is none of these", None),
            UNAUTHORIZED, TOO_LARGE,
            ("503", "`door.public_url` is not set", None),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_program_route_is_described() {
        let document: Value = serde_json::from_str(text()).unwrap();
        let mut stack = vec![&document];
        let mut n_references = 0;
        while let Some(value) = stack.pop() {
            match value {
                Value::Object(fields) => {
                    if let Some(to) = fields.get("$ref").and_then(Value::as_str) {
                        n_references += 1;
                        let to = to.strip_prefix('#').unwrap();
                        // those of the file itself are its own
                        assert!(
                            document.pointer(to).is_some() || to.starts_with("/$defs/"),
                            "{to}"
                        );
                    }
                    stack.extend(fields.values());
                }
                Value::Array(items) => stack.extend(items),
                _ => {}
            }
        }
        assert!(n_references > 5);
        let routes = include_str!("server.rs");
        let routes = routes.lines().filter_map(|line| line.trim().strip_prefix(".route(\"/v1/"));
        for route in routes {
            let path = format!("/v1/{}", route.split('"').next().unwrap());
            assert!(document["paths"][&path].is_object(), "{path}");
        }
    }
}
