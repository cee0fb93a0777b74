//! Registers this program's own schemas: for those who write records, the gate never does.

use super::client::{RegistrySettings, base_url, client};
use gate_codec::Kind;
use serde::Deserialize;
use std::time::Duration;

/// Longest wait for the registry.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

/// Registers our schema of that kind under `subject`, which changes nothing when it is there already; its id.
///
/// # Errors
/// What is wrong, in a sentence without credentials.
pub async fn register(
    settings: &RegistrySettings,
    subject: &str,
    kind: Kind,
) -> Result<u32, String> {
    let failed = |cause: &str| format!("cannot register the schema for `{subject}`: {cause}");
    let base =
        base_url(&settings.url).ok_or_else(|| failed("`schema_registry.url` cannot be used"))?;
    let client = client(&base, settings).map_err(|_| failed("its client cannot start"))?;
    let mut url = base;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(["subjects", subject, "versions"]);
    }
    let mut request = client
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, "application/vnd.schemaregistry.v1+json")
        .body(serde_json::json!({ "schema": kind.schema() }).to_string())
        .timeout(PATIENCE);
    if let Some(username) = &settings.username {
        request = request.basic_auth(username, settings.password.as_ref());
    }
    let reply = request.send().await.map_err(|_| failed("the registry cannot be reached"))?;
    match reply.status().as_u16() {
        200 => {}
        401 | 403 => return Err(failed("the registry refuses our credentials")),
        409 => {
            return Err(failed("the registry holds another one that ours is not compatible with"));
        }
        status => return Err(failed(&format!("the registry answers with status {status}"))),
    }
    let body = reply.bytes().await.map_err(|_| failed("the registry broke off its answer"))?;
    let registered: Registered =
        serde_json::from_slice(&body).map_err(|_| failed("the registry answers without an id"))?;
    Ok(registered.id)
}
