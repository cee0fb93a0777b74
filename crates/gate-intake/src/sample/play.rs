//! Plays the requests of a file, one after the other: they share the window, as at a door that runs.

use super::compare::{self, Seen, Witnessed};
use super::file::{Case, File};
use super::{CaseResult, Report};
use crate::batch::IdKey;
use crate::outcome::{Effect, Outcome, Refusal, Step};
use crate::provider::sns::Certificates;
use crate::receive::{Context, receive};
use crate::request::Request;
use crate::secret::{Keys, Secret, SecretSpec};
use crate::source::{Source, SourceSpec};
use crate::token::{TokenContent, TokenKeys, TokenKind};
use gate_core::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The bearer token that stands for `{INTAKE_TOKEN}`. Not a secret: it opens nothing but samples.
const INTAKE_TOKEN: &str = "sample-intake-token-3f1d";
/// Keys of samples, which protect nothing.
const SAMPLE_KEY: [u8; 32] = [7; 32];
/// Most certificates fetched for one request.
const FETCHES_MAX: usize = 4;

struct Stage<'f> {
    file: &'f File,
    read: &'f dyn Fn(&str) -> Result<String, String>,
    tokens: TokenKeys,
    ids: IdKey,
}

/// Plays a file.
pub(super) fn play(file: &File, read: &dyn Fn(&str) -> Result<String, String>) -> Report {
    let mut report = Report::default();
    let Ok(tokens) = TokenKeys::new(&[(1, SAMPLE_KEY)], 1) else { return report };
    let stage = Stage { file, read, tokens, ids: IdKey::new(SAMPLE_KEY) };
    let mut window = HashSet::new();
    let mut seen = Seen::default();
    for case in &file.cases {
        let mismatches = match stage.one(case, &mut window, &mut seen) {
            Ok(mismatches) => mismatches,
            Err(why) => vec![why],
        };
        report.results.push(CaseResult { case: case.name.clone(), mismatches });
    }
    report
}

impl Stage<'_> {
    fn one(
        &self,
        case: &Case,
        window: &mut HashSet<String>,
        seen: &mut Seen,
    ) -> Result<Vec<String>, String> {
        let (source, certificates) = self.source(case)?;
        let request = self.request(case, &source)?;
        let now = case.received_at.unwrap_or(self.file.received_at);
        let witnessed = self.witness(&source, &request, &certificates, window, now);
        let mut mismatches = compare::compare(case, &source, &witnessed, seen);
        if case.whole.get("event_id").is_some() {
            // redelivered a minute later, to a door that remembers nothing
            let later = now.saturating_add(Duration::from_secs(60));
            let again = self.witness(&source, &request, &certificates, &HashSet::new(), later);
            mismatches.extend(compare::stable(&witnessed.outcome, &again.outcome));
        }
        let is_accepted = (200..300).contains(&witnessed.outcome.answer.status);
        if is_accepted {
            window.extend(witnessed.outcome.remember);
        }
        Ok(mismatches)
    }

    /// What the door does, fetching certificates from the file.
    fn witness(
        &self,
        source: &Source,
        request: &Request,
        certificates: &BTreeMap<String, String>,
        window: &HashSet<String>,
        now: Timestamp,
    ) -> Witnessed {
        let mut fetched = Certificates::default();
        let mut requested = Vec::new();
        let mut outcome: Outcome = Refusal::Ours.into();
        for _ in 0..FETCHES_MAX {
            let context = Context {
                now,
                certificates: &fetched,
                tokens: &self.tokens,
                ids: &self.ids,
                window,
            };
            match receive(source, request, &context) {
                Step::Done(done) => {
                    outcome = done;
                    break;
                }
                Step::Needs(url) => {
                    requested.push(url.0.clone());
                    let Some(pem) = certificates.get(&url.0) else { break };
                    fetched.0.insert(url.0, pem.clone().into_bytes());
                }
            }
        }
        for effect in &outcome.effects {
            if let Effect::ConfirmSubscription { url } = effect {
                requested.push(url.clone());
            }
        }
        Witnessed { outcome, requested }
    }

    /// The source of a case, and the certificates that a fetch would return.
    fn source(&self, case: &Case) -> Result<(Source, BTreeMap<String, String>), String> {
        let mut whole = self.file.source.clone();
        whole.extend(case.source.clone());
        let mut certificates = texts(&self.file.certificates);
        let mut spec: SourceSpec = serde_json::from_value(Value::Object(whole))
            .map_err(|error| format!("source: {error}"))?;
        certificates.append(&mut spec.certificates);
        let is_asked = case.headers.iter().any(|(_, value)| value.contains("{INTAKE_TOKEN}"));
        if is_asked && spec.tokens.is_none() {
            spec.tokens = Some(Keys(vec![SecretSpec::Text(Secret::new(INTAKE_TOKEN))]));
        }
        let url = case
            .public_url
            .clone()
            .or_else(|| spec.public_url.clone())
            .unwrap_or_else(|| case.url.clone());
        spec.public_url = Some(url).filter(|url| !url.is_empty());
        let source = Source::new(spec, self.read).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            format!("source: {}", lines.join(" · "))
        })?;
        Ok((source, certificates))
    }

    /// The request as the door sees it.
    fn request(&self, case: &Case, source: &Source) -> Result<Request, String> {
        let content = TokenContent {
            address: Some("ana@example.com".to_owned()),
            channel: Some("email".to_owned()),
            controller: source.controller.clone(),
            brand: source.brand.clone(),
            ..TokenContent::default()
        };
        let token = self
            .tokens
            .mint(TokenKind::Unsubscribe, &content)
            .map_err(|error| error.to_string())?;
        let changed = changed(&token);
        let filled = |text: &str| {
            let text = text.replace("{TOKEN_CHANGED}", &changed).replace("{TOKEN}", &token);
            text.replace("{INTAKE_TOKEN}", INTAKE_TOKEN)
        };
        // a changed token counts wherever it stands
        let behind =
            case.url_behind_proxy.as_ref().filter(|_| !case.url.contains("{TOKEN_CHANGED}"));
        let url = filled(behind.unwrap_or(&case.url));
        let after_host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let path = after_host.find(['/', '?']).and_then(|at| after_host.get(at..)).unwrap_or("/");
        let body = match std::str::from_utf8(&case.body) {
            Ok(text) if text.contains('{') => filled(text).into_bytes(),
            Ok(_) | Err(_) => case.body.clone(),
        };
        let headers =
            case.headers.iter().map(|(name, value)| (name.clone(), filled(value).into_bytes()));
        Ok(Request {
            method: case.method.clone(),
            path_and_query: path.to_owned(),
            headers: headers.collect(),
            body,
        })
    }
}

/// The same token but for one character in its middle.
fn changed(token: &str) -> String {
    let middle = token.len() / 2;
    let one = |(at, c): (usize, char)| match c {
        c if at != middle => c,
        'A' => 'B',
        _ => 'A',
    };
    token.chars().enumerate().map(one).collect()
}

fn texts(map: &Map<String, Value>) -> BTreeMap<String, String> {
    map.iter().filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect()
}
