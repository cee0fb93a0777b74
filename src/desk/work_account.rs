//! Signing in with a work account: OpenID Connect, code flow with PKCE, groups become roles.
//!
//! INVARIANT: whoever comes back with a code is the browser that was sent away (cookie and `state` are the same), and a code is
//! used once. What the provider says is believed only as far as its signature, issuer, audience, time and our nonce go.
//!
//! Roles are those of the moment of signing in: whoever loses a group keeps them until `desk.session_ms` is over.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use serde_json::{Map, Value};

use super::session::{Person, is_same};
use crate::access::{Digest, Role};
use crate::config::Oidc;

/// Where browsers come back to.
pub(super) const CALLBACK: &str = "/login/oidc/callback";
/// Browsers that were sent away and have not come back.
const PENDING_MAX: usize = 1_000;
/// How long they may take.
const PENDING_FOR: Duration = Duration::from_secs(600);
/// How long the provider's metadata and keys are kept.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// Longest wait for an answer of the provider.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Characters of an account's name.
const NAME_CHARS_MAX: usize = 128;

/// The library's client, of a provider whose description names the addresses.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why nobody is signed in; no word of what the provider or the browser has sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WorkAccountError {
    /// The provider is away, or not what the configuration takes it to be.
    #[error("the identity provider cannot be asked: {0}")]
    Provider(String),
    /// Another browser, too late, or twice.
    #[error(
        "this is not the answer to a sign-in of this browser, or it took longer than ten minutes"
    )]
    Stranger,
    /// The provider has refused, or its answer is not to be believed.
    #[error("the identity provider does not vouch for this account: {0}")]
    Refused(&'static str),
    /// None of the groups has a role here.
    #[error("none of this account's groups has a role in `desk.oidc.roles`")]
    NoRole,
}

/// A browser that was sent away.
struct Pending {
    client: Arc<Client>,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    next: String,
    ends: Instant,
}

/// The provider, and who is on the way to it.
pub(super) struct WorkAccounts {
    settings: Oidc,
    redirect: String,
    http: Http,
    client: tokio::sync::Mutex<Option<(Arc<Client>, Instant)>>,
    pending: Mutex<BTreeMap<String, Pending>>,
}

impl WorkAccounts {
    /// `public_url` is how browsers reach the desk.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new(settings: Oidc, public_url: &str) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_MAX)
            // what is asked for stands in the metadata; a redirect could lead anywhere
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            settings,
            redirect: format!("{public_url}{CALLBACK}"),
            http: Http(http),
            client: tokio::sync::Mutex::default(),
            pending: Mutex::default(),
        })
    }

    /// Where a browser has to go, and what it keeps until it comes back.
    ///
    /// # Errors
    /// The provider cannot be asked.
    pub(super) async fn begin(&self, next: &str) -> Result<(String, String), WorkAccountError> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let now = Instant::now();
        let (next, ends) = (next.to_owned(), now + PENDING_FOR);
        let one = Pending { client, nonce, verifier, next, ends };
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, one| one.ends > now);
        if pending.len() >= PENDING_MAX {
            return Err(WorkAccountError::Provider("too many are on their way to it".to_owned()));
        }
        pending.insert(known_as(state.secret()), one);
        Ok((url.to_string(), state.into_secret()))
    }

    /// Who came back with this code, and where they wanted to go.
    ///
    /// # Errors
    /// Nobody is to be signed in.
    pub(super) async fn finish(
        &self,
        kept: Option<&str>,
        state: &str,
        code: &str,
    ) -> Result<(Person, String), WorkAccountError> {
        if !kept.is_some_and(|kept| is_same(kept, state)) {
            return Err(WorkAccountError::Stranger);
        }
        let one = {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.remove(&known_as(state)).filter(|one| one.ends > Instant::now())
        };
        let Pending { client, nonce, verifier, next, .. } =
            one.ok_or(WorkAccountError::Stranger)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| WorkAccountError::Provider("it names no token endpoint".to_owned()))?
            .set_pkce_verifier(verifier)
            .request_async(&self.http)
            .await
            .map_err(|_| WorkAccountError::Refused("it does not take the code"))?;
        let token =
            tokens.id_token().ok_or(WorkAccountError::Refused("it sends no identity token"))?;
        let verified = token.claims(&client.id_token_verifier(), &nonce);
        let subject = verified
            .map_err(|_| WorkAccountError::Refused("its token cannot be verified"))?
            .subject()
            .to_string();
        // which claims are groups and name is configured, and the library keeps some of them to itself
        let claims = payload(&token.to_string())
            .ok_or(WorkAccountError::Refused("its token cannot be read"))?;
        let person = self.person(&subject, &claims)?;
        Ok((person, next))
    }

    /// Name and roles.
    fn person(
        &self,
        subject: &str,
        claims: &Map<String, Value>,
    ) -> Result<Person, WorkAccountError> {
        let groups: Vec<&str> = match claims.get(&self.settings.groups_claim) {
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(group)) => vec![group],
            _ => Vec::new(),
        };
        let has = |role: Role| {
            let mut rows = self.settings.roles.iter().filter(|(_, of)| of == role.as_str());
            rows.any(|(group, _)| groups.contains(&group.as_str()))
        };
        let roles = [Role::Viewer, Role::Operator, Role::Officer];
        let roles: Vec<Role> = roles.into_iter().filter(|role| has(*role)).collect();
        if roles.is_empty() {
            return Err(WorkAccountError::NoRole);
        }
        let name = claims.get(&self.settings.account_claim).and_then(Value::as_str);
        let is_name = |name: &&str| {
            !name.is_empty()
                && name.chars().count() <= NAME_CHARS_MAX
                && !name.chars().any(char::is_control)
        };
        let id = name.filter(is_name).or(Some(subject).filter(is_name));
        let id = id.ok_or(WorkAccountError::Refused("it names nobody"))?.to_owned();
        Ok(Person { id, roles })
    }

    /// The provider as it describes itself now.
    async fn client(&self) -> Result<Arc<Client>, WorkAccountError> {
        let mut known = self.client.lock().await;
        if let Some((client, at)) = known.as_ref()
            && at.elapsed() < KEPT_FOR
        {
            return Ok(Arc::clone(client));
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone())
            .map_err(|_| away("`desk.oidc.issuer` is no address"))?;
        let redirect = RedirectUrl::new(self.redirect.clone())
            .map_err(|_| away("`desk.public_url` is no address"))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.http).await.map_err(|error| {
            // which address is no secret, what came from there may be
            tracing::error!(kind = %kind(&error), issuer = self.settings.issuer, "the identity provider cannot be asked");
            away("its description cannot be read; see the desk's log")
        })?;
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let id = ClientId::new(self.settings.client_id.clone());
        let client = Client::from_provider_metadata(metadata, id, secret);
        let client = Arc::new(client.set_redirect_uri(redirect));
        *known = Some((Arc::clone(&client), Instant::now()));
        Ok(client)
    }
}

/// HTTP for the library, which knows no client of its own here.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = AskError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AskError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl Http {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, AskError> {
        let request = reqwest::Request::try_from(request).map_err(|_| AskError("no request"))?;
        let answer = self.0.execute(request).await;
        let mut answer = answer.map_err(|_| AskError("it cannot be reached"))?;
        let mut response = axum::http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|_| AskError("it breaks off"))? {
            if body.len() + part.len() > ANSWER_BYTES_MAX {
                return Err(AskError("its answer is too long"));
            }
            body.extend_from_slice(&part);
        }
        response.body(body).map_err(|_| AskError("no answer"))
    }
}

/// The claims of a token whose signature was verified.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn away(why: &str) -> WorkAccountError {
    WorkAccountError::Provider(why.to_owned())
}

/// Why the provider did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct AskError(&'static str);

fn kind<E: std::error::Error>(error: &openidconnect::DiscoveryError<E>) -> String {
    match error {
        openidconnect::DiscoveryError::Request(why) => why.to_string(),
        openidconnect::DiscoveryError::Response(status, ..) => format!("it says {status}"),
        openidconnect::DiscoveryError::Validation(_) => {
            "it calls itself by another name".to_owned()
        }
        _ => "what it says cannot be read".to_owned(),
    }
}

/// The key under which a state is known here.
fn known_as(state: &str) -> String {
    Digest::of(state.as_bytes()).text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn accounts() -> WorkAccounts {
        let roles = [("privacy", "officer"), ("ops", "operator"), ("all", "viewer")];
        let settings = Oidc {
            issuer: "https://id.example".to_owned(),
            client_id: "desk".to_owned(),
            client_secret: None,
            groups_claim: "groups".to_owned(),
            account_claim: "email".to_owned(),
            roles: roles.map(|(group, role)| (group.to_owned(), role.to_owned())).to_vec(),
            scopes: vec!["groups".to_owned()],
        };
        WorkAccounts::new(settings, "https://desk.example").unwrap()
    }

    #[test]
    fn groups_become_roles_and_nobody_comes_in_without_one() {
        let accounts = accounts();
        let person = |claims: Value| accounts.person("subject-1", claims.as_object().unwrap());
        let of = |claims: Value| person(claims).map(|it| (it.id, it.roles));
        assert_eq!(
            of(json!({"groups": ["all", "privacy", "x"], "email": "olga@example.com"})),
            Ok(("olga@example.com".to_owned(), vec![Role::Viewer, Role::Officer]))
        );
        assert_eq!(
            of(json!({"groups": "ops"})),
            Ok(("subject-1".to_owned(), vec![Role::Operator]))
        );
        for nobody in [
            json!({}),
            json!({"groups": ["Privacy"]}),
            json!({"groups": 7}),
            json!({"group": ["ops"]}),
        ] {
            assert_eq!(person(nobody.clone()), Err(WorkAccountError::NoRole), "{nobody}");
        }
        // a name that would break a line is none
        let odd = of(json!({"groups": ["ops"], "email": "a\nb"})).unwrap();
        assert_eq!(odd.0, "subject-1");
    }

    #[tokio::test]
    async fn an_answer_to_nobodys_question_is_refused_before_the_provider_is_asked() {
        let accounts = accounts();
        for kept in [None, Some("other"), Some("state")] {
            let answer = accounts.finish(kept, "state", "code").await;
            assert_eq!(answer.unwrap_err(), WorkAccountError::Stranger);
        }
    }
}
