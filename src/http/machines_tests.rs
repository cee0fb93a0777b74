//! Who may ask what, over real sockets, and what a refusal says and does not say.

use super::super::limits::Limits;
use super::super::routes::{Page, ROUTES};
use super::super::server::{Server, serve_router};
use super::super::{pages, routes};
use super::*;
use crate::access::{Role, Token};
use crate::answers::{Desk, QUESTIONS_MAX, Waiting, questions};
use crate::barrier::Applied;
use crate::metrics::{Bound, Metrics, Requested, StatusClass, TopicNames};
use crate::status::{SourcePartition, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const JSON: &str = "Content-Type: application/json\r\n";
const ANA: &str = "ana@example.com";

struct Gate {
    runtime: Runtime,
    server: Server,
    machines: Machines,
    metrics: Arc<Metrics>,
    tokens: BTreeMap<&'static str, String>,
    asked: Receiver<Waiting>,
    _shutdown: CancellationToken,
}

/// Tokens of every role, and one that has expired, in a file.
fn access() -> (Arc<Access>, BTreeMap<&'static str, String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tokens.yaml");
    let (mut lines, mut tokens) = (String::new(), BTreeMap::new());
    let mut add = |id: &'static str, role: Role, rest: &str| {
        let token = Token::random().unwrap();
        let hash = token.digest().text();
        lines.push_str(&format!(
            "- {{id: {id}, role: {}, hash: \"{hash}\"{rest}}}\n",
            role.as_str()
        ));
        tokens.insert(id, token.expose().to_owned());
    };
    Role::ALL.into_iter().for_each(|role| add(role.as_str(), role, ""));
    add("expired", Role::Officer, ", expires: \"2026-01-01T00:00:00Z\"");
    std::fs::write(&path, lines).unwrap();
    tokens.insert("stranger", Token::random().unwrap().expose().to_owned());
    (Arc::new(Access::load(&path).unwrap()), tokens)
}

fn start() -> Gate {
    let runtime = Runtime::new().unwrap();
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    let status = Status::new(Arc::clone(&metrics), 1);
    status.consent_start(&[0]);
    status.consent_end(0, 0);
    status.lane_assigned(0, &[0].map(SourcePartition::of_first));
    let (access, tokens) = access();
    let (questions, asked, _) = questions(Arc::clone(&metrics));
    let machines = Machines { access, questions: Arc::new(questions) };
    let router = pages::router(status, Arc::clone(&metrics), None, None, Some(machines.clone()));
    let shutdown = CancellationToken::new();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = Limits::default();
    let server = serve_router(
        ("http.listen", listen),
        router,
        Arc::clone(&metrics),
        limits,
        shutdown.clone(),
    );
    let server = runtime.block_on(server).unwrap();
    Gate { runtime, server, machines, metrics, tokens, asked, _shutdown: shutdown }
}

impl Gate {
    /// Status, head in lower case, and body.
    fn request(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String, String) {
        let mut client = TcpStream::connect(self.server.address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let n_bytes = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nContent-Length: {n_bytes}\r\n{headers}\r\n"
        );
        client.write_all(head.as_bytes()).unwrap();
        // whoever is refused before the body may be hung up on
        client.write_all(body.as_bytes()).ok();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).ok();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, head.to_ascii_lowercase(), body.to_owned())
    }

    fn bearer(&self, who: &str) -> String {
        let token = self.tokens.get(who);
        token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default()
    }

    fn open(&self) {
        let applied = Arc::new(Applied::new(&[0]));
        self.machines.questions.open(Desk { applied, wait: Duration::from_millis(50) });
    }
}

/// What each may get: 503 means that they were let in, since nobody answers here yet.
fn expected(path: &str, method: &str, who: &str) -> Option<u16> {
    let may_ask = match path {
        "/" | "/livez" | "/readyz" | "/status" | "/metrics" => {
            return Some(if matches!(method, "GET" | "HEAD") { 200 } else { 405 });
        }
        "/v1/check" => matches!(who, "sender" | "officer"),
        "/v1/subject" => who == "officer",
        _ => return None,
    };
    Some(match (who, may_ask, method) {
        ("nobody" | "stranger" | "expired", ..) => 401,
        (_, false, _) => 403,
        (_, true, "POST") => 503,
        (_, true, _) => 405,
    })
}

#[test]
fn every_route_method_and_role_is_as_the_matrix_says() {
    const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    const WHO: [&str; 7] =
        ["nobody", "stranger", "expired", "sender", "viewer", "officer", "operator"];
    let gate = start();
    for route in &ROUTES {
        for method in METHODS {
            for who in WHO {
                let wanted = expected(route.path, method, who);
                assert!(wanted.is_some(), "{} is not in the matrix", route.path);
                let headers = gate.bearer(who) + JSON;
                let (code, head, _) = gate.request(method, route.path, &headers, "{}");
                assert_eq!(Some(code), wanted, "{method} {} by {who}: {head}", route.path);
                assert_eq!(code == 401, head.contains("www-authenticate: bearer"), "{head}");
                assert_eq!(code == 405, head.contains("\r\nallow: "), "{head}");
            }
        }
    }
    for other in ["/v1/", "/v1/check/", "/v1/contacts/ana", "/V1/CHECK"] {
        for who in WHO {
            let is_known = Role::ALL.iter().any(|role| role.as_str() == who);
            let (code, ..) = gate.request("POST", other, &gate.bearer(who), "");
            assert_eq!(code, if is_known { 404 } else { 401 }, "{other} by {who}");
        }
    }
}

/// There is no way to a page but the table.
#[test]
fn a_route_stands_in_the_table_or_is_none() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut n_made = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.display().to_string().contains("tests") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for way in [".route(", ".nest(", ".merge(", ".route_service(", ".nest_service("] {
            n_made += text.matches(way).count();
        }
    }
    assert_eq!(n_made, 1, "`pages::router` makes all routes, from `ROUTES`");
    let paths: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    assert_eq!(paths.len(), ROUTES.len());
    let labels: BTreeSet<&str> = ROUTES.iter().map(|route| route.label.as_str()).collect();
    assert_eq!(labels.len(), ROUTES.len());
    for route in &ROUTES {
        let is_open = route.admits == Admits::Everybody;
        assert_eq!(is_open, !matches!(route.page, Page::Machine(_)), "{}", route.path);
    }
}

#[test]
fn without_tokens_nobody_may_ask_and_the_answer_says_how_to() {
    let route = ROUTES.iter().find(|route| route.path == "/v1/check").unwrap();
    let runtime = Runtime::new().unwrap();
    let request = Request::builder().method("POST").uri("/v1/check").body(Body::empty()).unwrap();
    let response = runtime.block_on(answer(None, route, Asks::Check, request));
    assert_eq!(response.status(), 401);
    let body = runtime.block_on(to_bytes(response.into_body(), 10_000)).unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["type"], "urn:consent-gate:problem:unauthorized");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("http.tokens_file") && detail.contains("token new"), "{detail}");
}

#[test]
fn what_cannot_be_read_is_refused_in_order_and_as_problem_details() {
    let gate = start();
    gate.open();
    let sender = gate.bearer("sender");
    let large = "x".repeat(BODY_BYTES_MAX + 1);
    for (target, headers, body, code, kind) in [
        ("/v1/check", String::new(), "{}", 415, "unsupported-media-type"),
        (
            "/v1/check",
            "Content-Type: text/plain\r\n".to_owned(),
            "{}",
            415,
            "unsupported-media-type",
        ),
        ("/v1/check", JSON.to_owned(), large.as_str(), 413, "too-large"),
        ("/v1/check", JSON.to_owned(), "{", 400, "malformed"),
        (
            "/v1/check",
            "content-type: Application/JSON; charset=utf-8\r\n".to_owned(),
            "[]",
            400,
            "malformed",
        ),
        ("/v1/check?fresh=1", JSON.to_owned(), "{}", 400, "malformed"),
        ("/v1/check?stale=ok&x=1", JSON.to_owned(), "{}", 400, "malformed"),
    ] {
        let (found, head, answer) =
            gate.request("POST", target, &(sender.clone() + &headers), body);
        assert_eq!(found, code, "{target}: {answer}");
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        assert!(head.contains("cache-control: no-store"), "{head}");
        let problem: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(problem["type"], format!("urn:consent-gate:problem:{kind}"));
        assert_eq!(problem["status"], code);
    }
    // a body whose length nobody says
    let chunked = sender + JSON + "Transfer-Encoding: chunked\r\n";
    let chunks = format!("200001\r\n{large}\r\n0\r\n\r\n");
    let mut client = TcpStream::connect(gate.server.address).unwrap();
    let head =
        format!("POST /v1/check HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n{chunked}\r\n");
    client.write_all(head.as_bytes()).unwrap();
    client.write_all(chunks.as_bytes()).ok();
    let mut start = [0; 12];
    client.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    let counted =
        |class| gate.metrics.http_requests.of(Requested(routes::label("/v1/check"), class)).get();
    assert_eq!((counted(StatusClass::Client), counted(StatusClass::Success)), (8, 0));
    assert_eq!(gate.metrics.check_seconds.get_sample_count(), 8);
}

#[test]
fn no_more_questions_are_in_hand_than_the_bound() {
    let gate = start();
    gate.open();
    let places: Vec<_> =
        (0..QUESTIONS_MAX).map(|_| gate.machines.questions.place().unwrap()).collect();
    let headers = gate.bearer("sender") + JSON;
    let (code, head, body) = gate.request("POST", "/v1/check", &headers, "{}");
    assert_eq!(code, 503, "{body}");
    assert!(head.contains("retry-after: 1"), "{head}");
    assert!(body.contains("problem:busy"), "{body}");
    assert_eq!(gate.metrics.bounds_reached.of(Bound::Questions).get(), 1);
    // probes are answered all the same, and a free place is given out again
    assert_eq!(gate.request("GET", "/livez", "", "").0, 200);
    drop(places);
    assert_eq!(gate.request("POST", "/v1/check", &headers, "{}").0, 400);
}

#[test]
fn a_position_that_is_not_reached_in_time_is_told() {
    let gate = start();
    gate.open();
    let headers = gate.bearer("sender") + JSON;
    let body = r#"{"messages": [{}], "at_least": [7]}"#;
    let (code, _, answer) = gate.request("POST", "/v1/check?stale=ok", &headers, body);
    assert_eq!(code, 503, "{answer}");
    assert!(answer.contains("problem:behind") && answer.contains("/at_least"), "{answer}");
    assert_eq!(gate.metrics.bounds_reached.of(Bound::QuestionWait).get(), 1);
    assert!(gate.asked.try_recv().is_err(), "nobody was asked");
}

/// Log lines of this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An address, SQL, HTML and line ends wherever somebody could put them: no refusal, log or metric repeats them.
#[test]
fn nothing_of_a_request_is_in_a_refusal_a_log_or_a_metric() {
    let gate = start();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let writer = lines.clone();
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    let current = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    gate.open();
    let mut refusals = String::new();
    let mut n_refused = 0;
    tracing::subscriber::with_default(subscriber, || {
        for hostile in
            [ANA, "ana'; DROP TABLE x;--", "<script>ana</script>", "ana\\r\\nX-Injected: 1"]
        {
            let quoted = format!("\"{hostile}\"");
            let bodies = [
                hostile.to_owned(),
                quoted.clone(),
                format!("{{{quoted}: 1}}"),
                format!("{{\"messages\": {quoted}}}"),
                format!("{{\"messages\": [1], \"at_least\": {quoted}}}"),
                format!("{{\"messages\": [1], \"at_least\": [{quoted}]}}"),
                format!("{{\"messages\": [1], {quoted}: {quoted}}}"),
                format!("{{\"messages\": [1]}} {hostile}"),
                format!("{{\"address\": [{quoted}]}}"),
                format!("{{\"contact_id\": {{{quoted}: 1}}}}"),
                format!("{{\"address\": \"x\", \"region\": [{quoted}]}}"),
                format!("{{\"address\": \"x\", \"channel\": [{quoted}]}}"),
                format!("{{\"address\": \"x\", \"timeline_max\": {quoted}}}"),
                format!("{{\"address\": \"x\", \"before\": {quoted}}}"),
                format!("{{\"address\": \"x\", \"before\": {{{quoted}: {quoted}}}}}"),
                format!("{{\"address\": \"x\", \"before\": {{\"address\": [{quoted}]}}}}"),
            ];
            let token = gate.tokens["officer"].as_str();
            for (path, asks) in [("/v1/check", Asks::Check), ("/v1/subject", Asks::Subject)] {
                let route = ROUTES.iter().find(|route| route.path == path).unwrap();
                let with = |token: &str, content_type: &str, query: &str, body: &str| {
                    let uri = format!("{path}{query}");
                    let request = Request::builder()
                        .method("POST")
                        .uri(uri)
                        .header("authorization", format!("Bearer {token}"))
                        .header("content-type", content_type)
                        .body(Body::from(body.to_owned()))
                        .unwrap();
                    current.block_on(async {
                        let response = answer(Some(&gate.machines), route, asks, request).await;
                        assert_ne!(response.status(), 200);
                        let head = format!("{:?}", response.headers());
                        let body = to_bytes(response.into_body(), 100_000).await.unwrap();
                        head + std::str::from_utf8(&body).unwrap()
                    })
                };
                let mut told = vec![
                    with(hostile, "application/json", "", "{}"),
                    with(token, hostile, "", "{}"),
                    with(token, "application/json", "?address=ana", "{}"),
                ];
                told.extend(bodies.iter().map(|body| with(token, "application/json", "", body)));
                n_refused += told.len();
                told.into_iter().for_each(|text| refusals.push_str(&text));
            }
        }
    });
    assert_eq!(n_refused, 4 * 2 * 19);
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let metrics = gate.metrics.encode().unwrap();
    for (what, text) in [("refusal", &refusals), ("log", &logged), ("metric", &metrics)] {
        assert!(!text.contains("ana"), "{what}: {text}");
        assert!(!gate.tokens.values().any(|token| text.contains(token.as_str())), "{what}");
    }
    drop(gate.runtime);
}
