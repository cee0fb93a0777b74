//! Who may ask what, over every route and role, and what is refused, on a real server without a Kafka.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::{HeaderMap, StatusCode};
use gate_index::{Identity, Index, Settings, Topic};
use reqwest::redirect::Policy;

use super::access_log::AccessLog;
use super::handle::{Handles, Person};
use super::places::Readers;
use super::progress::Progress;
use super::routes::{Admits, For, ROUTES};
use super::server::{Refusal, admitted, router};
use super::session::{Cookies, Sessions, Who};
use super::{Desk, admission};
use crate::access::{Access, Role, Token};
use crate::config::Config;
use crate::gates::Gates;
use crate::http::{Limits, serve_router};
use crate::identity::{PEPPER_BYTES, Pepper};
use crate::metrics::{DeskMetrics, Metrics, TopicNames};
use crate::policies::{Policies, PolicySource};
use crate::shutdown::Shutdown;

struct Bench {
    desk: Arc<Desk>,
    tokens: BTreeMap<&'static str, Token>,
    _dir: tempfile::TempDir,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let (mut tokens, mut lines) = (BTreeMap::new(), String::new());
    for role in Role::ALL {
        let token = Token::random().unwrap();
        let (id, hash) = (role.as_str(), token.digest().text());
        lines.push_str(&format!("- {{id: {id}, role: {id}, hash: \"{hash}\"}}\n"));
        tokens.insert(id, token);
    }
    let path = dir.path().join("tokens.yaml");
    std::fs::write(&path, lines).unwrap();
    // nothing listens there: whatever asks Kafka fails, and nothing here may get that far
    let yaml = "kafka: {bootstrap_servers: \"127.0.0.1:1\"}\ninstance_id: desk";
    let config = Arc::new(Config::parse("f", yaml, []).unwrap());
    let topic = |name: &str| Topic { name: name.to_owned(), id: "id".to_owned() };
    let identity = Identity {
        cluster_id: "cluster".to_owned(),
        decision_log: topic("consent-gate-decisions"),
        consent_change: topic("consent-change"),
        pepper_id: [7; 8],
    };
    let settings = Settings {
        keep_days: 90,
        keep_changes_days: None,
        memory_bytes: gate_index::MEMORY_BYTES_MIN,
        series_max: 100,
        words_max: 1_000,
    };
    let index = Index::open(&dir.path().join("index"), &identity, &settings).unwrap().index;
    let desk = Desk {
        access: Some(Arc::new(Access::load(&path).unwrap())),
        visitors: None,
        cookies: Cookies { is_secure: false },
        sessions: Sessions::new(Duration::from_secs(60)),
        work_accounts: None,
        handles: Handles::default(),
        public_host: None,
        access_log: AccessLog::open(&config).unwrap(),
        gates: Gates::new("desk", &[], None).unwrap(),
        index,
        places: Readers::of(&config),
        pepper: Pepper::new(&[7; PEPPER_BYTES]),
        policies: Arc::new(Policies::new(PolicySource::of(&config.policies).load().unwrap())),
        readers: tokio::sync::Semaphore::new(2),
        progress: Arc::new(Progress::default()),
        metrics: DeskMetrics::new().unwrap(),
        config,
    };
    Bench { desk: Arc::new(desk), tokens, _dir: dir }
}

impl Bench {
    fn token(&self, role: &str) -> &str {
        self.tokens[role].expose()
    }

    /// Headers of a program, and of a browser that is signed in.
    fn headers(&self, is_for: For, role: Option<Role>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "127.0.0.1:8090".parse().unwrap());
        let Some(role) = role else { return headers };
        let token = &self.tokens[role.as_str()];
        match is_for {
            For::Programs | For::Watchers => {
                let bearer = format!("Bearer {}", token.expose());
                headers.insert(AUTHORIZATION, bearer.parse().unwrap());
            }
            For::People => {
                let secret =
                    self.desk.sessions.begin(Who::Token(token.digest()), Instant::now()).unwrap();
                headers.insert(COOKIE, format!("desk={secret}").parse().unwrap());
            }
        }
        headers
    }
}

/// The public table of rights: a new route or a changed right shows here first. `docs/looking-up.md` has it in words.
const MATRIX: &str = "\
GET /livez everybody
GET /readyz everybody
GET /metrics everybody
GET /openapi.json everybody
GET /assets/desk.css everybody
GET /assets/desk.js everybody
GET /favicon.ico everybody
GET /login everybody
POST /login everybody
GET /login/oidc everybody
GET /login/oidc/callback everybody
POST /logout viewer officer operator
GET / viewer officer operator
GET /people officer
POST /people officer
GET /people/{handle} officer
POST /people/{handle}/would-pass officer
POST /people/{handle}/export officer
GET /decisions viewer officer operator
GET /decisions/by-message viewer officer operator
GET /decisions/{topic}/{partition}/{offset} viewer officer operator
POST /decisions/{topic}/{partition}/{offset}/person officer
GET /policies viewer officer operator
GET /policies/diff viewer officer operator
GET /policies/{code} viewer officer operator
GET /intake officer operator
GET /intake/{partition}/{offset} officer operator
POST /intake/{partition}/{offset}/confirm operator
GET /probe viewer officer operator
GET /v1/overview viewer officer operator
POST /v1/people officer
GET /v1/people/{handle} officer
POST /v1/people/{handle}/would-pass officer
POST /v1/people/{handle}/export officer
GET /v1/look-ups officer
GET /v1/decisions viewer officer operator
GET /v1/decisions/by-message viewer officer operator
GET /v1/decisions/{topic}/{partition}/{offset} viewer officer operator
POST /v1/decisions/{topic}/{partition}/{offset}/person officer
GET /v1/counts viewer officer operator
GET /v1/policies viewer officer operator
GET /v1/policies/diff viewer officer operator
GET /v1/policies/{code} viewer officer operator
GET /v1/intake officer operator
GET /v1/intake/{partition}/{offset} officer operator
POST /v1/intake/{partition}/{offset}/release operator
GET /v1/probe viewer officer operator
";

#[test]
fn every_route_admits_whom_the_table_says_and_nobody_else() {
    let bench = bench();
    let mut found = String::new();
    for route in ROUTES {
        let mut admits = Vec::new();
        for role in Role::ALL {
            let headers = bench.headers(route.is_for, Some(role));
            match (admitted(&bench.desk, route, &headers), route.admits) {
                (Ok(_), Admits::Everybody) => {}
                (Ok(Some(account)), Admits::Those(_)) => {
                    assert_eq!(account.id, role.as_str());
                    admits.push(role.as_str());
                }
                (Err(Refusal::Problem(problem)), Admits::Those(_)) => {
                    assert_eq!(problem.status, 403)
                }
                (other, _) => panic!("{} {}: {:?}", route.path, role.as_str(), other.is_ok()),
            }
        }
        // without a token, and with one that is nobody's
        let nobody = admitted(&bench.desk, route, &bench.headers(route.is_for, None));
        let mut headers = bench.headers(route.is_for, None);
        headers.insert(AUTHORIZATION, "Bearer cgt_00".parse().unwrap());
        headers.insert(COOKIE, "desk=00".parse().unwrap());
        let stranger = admitted(&bench.desk, route, &headers);
        for refused in [nobody, stranger] {
            match (route.admits, route.is_for, refused) {
                (Admits::Everybody, _, Ok(None)) => {}
                (Admits::Those(_), For::Programs, Err(Refusal::Problem(problem))) => {
                    assert_eq!(problem.status, 401);
                }
                (Admits::Those(_), For::People, Err(Refusal::SignIn)) => {}
                _ => panic!("{}: a stranger is let in", route.path),
            }
        }
        let admits = match route.admits {
            Admits::Everybody => "everybody".to_owned(),
            Admits::Those(_) => admits.join(" "),
        };
        found.push_str(&format!("{} {} {admits}\n", route.method.as_str(), route.path));
    }
    assert_eq!(found, MATRIX);
}

/// `docs/looking-up.md` names each route of the API, and no other.
#[test]
fn the_page_names_every_route_of_the_api() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/looking-up.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut named: Vec<&str> = page.split('`').filter_map(|it| it.split(' ').next_back()).collect();
    named.retain(|it| it.starts_with("/v1/"));
    // an example has a query
    named.iter_mut().for_each(|it| *it = it.split('?').next().unwrap());
    let routes = || ROUTES.iter().filter(|route| route.is_for == For::Programs);
    for route in routes() {
        let short = route.path.rsplit_once('/').map_or(route.path, |(_, last)| last);
        let is_there = named.contains(&route.path) || page.contains(&format!("`/{short}`"));
        assert!(is_there, "{}", route.path);
    }
    for path in named {
        assert!(routes().any(|route| route.path == path), "{path}");
    }
}

#[test]
fn a_token_that_is_taken_back_ends_its_sessions() {
    let bench = bench();
    let headers = bench.headers(For::People, Some(Role::Officer));
    assert!(admission::browser(&bench.desk, &headers).is_some());
    let path = bench._dir.path().join("tokens.yaml");
    std::fs::write(&path, "").unwrap();
    let emptied = Arc::new(Access::load(&path).unwrap());
    let Bench { desk, .. } = bench;
    let mut desk = Arc::into_inner(desk).unwrap();
    desk.access = Some(emptied);
    assert!(admission::browser(&desk, &headers).is_none());
}

/// A client of a served desk.
struct Served {
    bench: Bench,
    base: String,
    client: reqwest::Client,
    shutdown: Shutdown,
}

impl Served {
    async fn start() -> Self {
        let bench = bench();
        let shutdown = Shutdown::default();
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let listen = ("desk.listen", ([127, 0, 0, 1], 0).into());
        let router = router(Arc::clone(&bench.desk));
        let served = serve_router(listen, router, metrics, Limits::default(), shutdown.token());
        let server = served.await.unwrap();
        let base = format!("http://{}", server.address);
        let client =
            reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { bench, base, client, shutdown }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, String, HeaderMap) {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        (status, response.text().await.unwrap(), headers)
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.base))
    }

    fn ask(&self, path: &str, role: &str) -> reqwest::RequestBuilder {
        self.get(path).bearer_auth(self.bench.token(role))
    }

    fn post(&self, path: &str, body: &str) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}{path}", self.base))
            .bearer_auth(self.bench.token("officer"))
            .header("content-type", "application/json")
            .body(body.to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_clear_and_repeat_nothing() {
    let served = Served::start().await;
    let long = format!(r#"{{"who": "{}"}}"#, "x".repeat(9_000));
    let huge = format!(r#"{{"who": "{}"}}"#, "x".repeat(70_000));
    for (body, status, at) in [
        (r#"{"who": "ana@example.com"}"#, 400, "/reason"),
        (r#"{"who": "", "reason": "audit"}"#, 400, "/who"),
        (r#"{"who": "ana@@", "kind": "address", "reason": "audit"}"#, 400, "/who"),
        (r#"{"who": "x", "reason": "audit", "ticket": "a\r\nSet-Cookie: b"}"#, 400, "/ticket"),
        (r#"{"who": ["ana@example.com"], "reason": "audit"}"#, 400, "/who"),
        (r#"{"who": "x", "reason": "<script>"}"#, 400, "/reason"),
        (r#"{"ana@example.com": "x"}"#, 400, "/…"),
        ("[1]", 400, ""),
        (long.as_str(), 400, "/who"),
        (huge.as_str(), 413, ""),
    ] {
        let (found, text, headers) = served.send(served.post("/v1/people", body)).await;
        assert_eq!(found.as_u16(), status, "{text}");
        assert_eq!(headers["content-type"], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
        let pointer = problem.get("pointer").and_then(|it| it.as_str()).unwrap_or_default();
        assert_eq!(pointer, at, "{text}");
        for secret in ["ana@", "script", "Set-Cookie", "xxxx"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let guessed = [
        "/v1/decisions?cursor=AAAA",
        "/v1/decisions?cursor=%00%ff'%20OR%201=1--",
        "/v1/decisions/by-message?id=m&cursor=x",
    ];
    for path in guessed {
        let (status, text, _) = served.send(served.ask(path, "viewer")).await;
        assert_eq!(status.as_u16(), 400, "{path}: {text}");
        assert!(text.contains("/cursor"), "{text}");
    }
    for (path, status) in [
        ("/v1/people/0000", 404),
        ("/v1/decisions/outbound-message/0/7", 404),
        ("/v1/decisions/outbound-message/x/7", 404),
        ("/v1/policies/XX", 404),
        ("/v1/nothing", 404),
        ("/v1/decisions?outcome=maybe", 400),
        ("/v1/decisions?who=ana", 400),
        ("/v1/counts?by=person", 400),
    ] {
        let (found, text, _) = served.send(served.ask(path, "officer")).await;
        assert_eq!(found.as_u16(), status, "{path}: {text}");
    }
    let (status, ..) =
        served.send(served.client.delete(format!("{}/v1/decisions", served.base))).await;
    assert_eq!(status.as_u16(), 401, "a stranger learns nothing of methods");
    let delete = served.client.delete(format!("{}/v1/decisions", served.base));
    let (status, _, headers) = served.send(delete.bearer_auth(served.bench.token("viewer"))).await;
    assert_eq!((status.as_u16(), &headers["allow"]), (405, &"GET".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_is_for_the_account_that_looked_the_person_up() {
    let served = Served::start().await;
    let other = served.bench.desk.handles.begin("somebody", Person::default(), Instant::now());
    let path = format!("/v1/people/{}", other.unwrap());
    let (status, ..) = served.send(served.ask(&path, "officer")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_hardened_and_a_browser_signs_in_and_out() {
    let served = Served::start().await;
    let (status, _, headers) = served.send(served.get("/decisions?brand=tents")).await;
    assert_eq!(
        (status, &headers["location"]),
        (StatusCode::SEE_OTHER, &"/login?next=%2Fdecisions%3Fbrand%3Dtents".parse().unwrap())
    );
    for name in ["content-security-policy", "referrer-policy", "x-content-type-options"] {
        assert!(headers.contains_key(name), "{name}");
    }
    assert_eq!(headers["cache-control"], "no-store");
    let (status, page, headers) = served.send(served.get("/login")).await;
    assert_eq!(status, StatusCode::OK);
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let csrf = cookie.split_once('=').unwrap().1;
    assert!(page.contains(csrf), "the form sends back what the cookie says");
    let sign_in = |account: &str, token: &str, csrf: &str, cookie: &str| {
        let form = format!("account={account}&token={token}&csrf={csrf}");
        served
            .client
            .post(format!("{}/login?next=%2Fdecisions", served.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie)
            .body(form)
    };
    let token = served.bench.token("viewer").to_owned();
    for (account, token, csrf, cookie, expected) in [
        ("viewer", token.as_str(), "0", cookie.as_str(), 403),
        ("viewer", token.as_str(), csrf, "", 403),
        ("viewer", "cgt_0", csrf, cookie.as_str(), 401),
        ("officer", token.as_str(), csrf, cookie.as_str(), 401),
        ("sender", served.bench.token("sender"), csrf, cookie.as_str(), 401),
    ] {
        let (status, text, headers) = served.send(sign_in(account, token, csrf, cookie)).await;
        assert_eq!(status.as_u16(), expected, "{account}");
        assert!(!text.contains(token), "a token is never shown again");
        assert!(!headers["set-cookie"].to_str().unwrap().starts_with("desk="));
    }
    let (status, _, headers) = served.send(sign_in("viewer", &token, csrf, &cookie)).await;
    assert_eq!(
        (status, &headers["location"]),
        (StatusCode::SEE_OTHER, &"/decisions".parse().unwrap())
    );
    let session = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (status, page, _) = served.send(served.get("/decisions").header("cookie", &session)).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(!page.contains("href=\"/people\""), "what a viewer may not open is left out");
    let (status, ..) = served.send(served.get("/people").header("cookie", &session)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    // a form of somebody else's page changes nothing
    let out = |csrf: &str, origin: &str| {
        served
            .client
            .post(format!("{}/logout", served.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", &session)
            .header("origin", origin)
            .body(format!("csrf={csrf}"))
    };
    let mark = "name=\"csrf\" value=\"";
    let csrf = page.split(mark).nth(1).unwrap().split('"').next().unwrap().to_owned();
    for refused in [out("0", &served.base), out(&csrf, "https://evil.example")] {
        assert_eq!(served.send(refused).await.0, StatusCode::FORBIDDEN);
    }
    assert_eq!(served.send(out(&csrf, &served.base)).await.0, StatusCode::SEE_OTHER);
    let (status, ..) = served.send(served.get("/decisions").header("cookie", &session)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_reached_by_its_own_name_only() {
    let served = Served::start().await;
    for (host, status) in [("evil.example", 403), ("localhost", 200)] {
        let (found, ..) = served.send(served.get("/login").header("host", host)).await;
        assert_eq!(found.as_u16(), status, "{host}");
    }
    // probes come by whatever address a pod has
    let (found, ..) = served.send(served.get("/livez").header("host", "10.1.2.3:8090")).await;
    assert_eq!(found.as_u16(), 200);
    let (found, text, _) = served.send(served.get("/readyz")).await;
    assert_eq!((found.as_u16(), text.lines().count()), (503, 2), "{text}");
}
