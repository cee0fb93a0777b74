//! The server over real sockets, with clients that behave badly.

use super::*;
use crate::metrics::{Bound, HoldCause, Topic, TopicNames};
use crate::status::{Holder, Membership, Place, SourcePartition};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream as Client};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::runtime::Runtime;

const TOKEN: &str = "correct horse battery staple";

/// Long enough for a busy machine, short enough for a failing test.
const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    runtime: Runtime,
    server: Server,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
}

fn start_with(limits: Limits, token: Option<&str>) -> Running {
    start_pages(limits, token, None)
}

fn start_pages(limits: Limits, token: Option<&str>, front: Option<pages::Front>) -> Running {
    let runtime = Runtime::new().unwrap();
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    let status = Status::new(Arc::clone(&metrics), 1);
    let shutdown = CancellationToken::new();
    let token = token.map(|token| Token::new(token.to_owned()));
    let router = pages::router(Arc::clone(&status), Arc::clone(&metrics), token, front, None);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = runtime
        .block_on(serve_router(
            ("http.listen", listen),
            router,
            Arc::clone(&metrics),
            limits,
            shutdown.clone(),
        ))
        .unwrap();
    Running { runtime, server, status, metrics, shutdown }
}

fn start() -> Running {
    start_with(Limits::default(), Some(TOKEN))
}

impl Running {
    fn connect(&self) -> Client {
        let client = Client::connect(self.server.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    }

    /// One request on a connection of its own: status code, head and body.
    fn get(&self, target: &str, headers: &str) -> (u16, String, String) {
        let mut client = self.connect();
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n{headers}\r\n");
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, head.to_ascii_lowercase(), body.to_owned())
    }

    fn in_order(&self) {
        self.status.consent_start(&[0]);
        self.status.consent_end(0, 0);
        self.status.lane_assigned(0, &[0, 1].map(SourcePartition::of_first));
    }
}

/// Reads until the server closes; how long that took.
fn time_until_closed(client: &mut Client, since: Instant) -> Duration {
    let mut rest = Vec::new();
    // A reset closes as well as an end of file; only a time-out of ours does not.
    if let Err(error) = client.read_to_end(&mut rest) {
        let kind = error.kind();
        assert!(kind != std::io::ErrorKind::WouldBlock, "still open after {PATIENCE:?}");
    }
    since.elapsed()
}

#[test]
fn a_held_gate_is_alive_but_not_ready_and_names_partition_and_offset() {
    let gate = start();
    gate.in_order();
    assert_eq!(gate.get("/readyz", "").0, 200);
    let place = Place { topic: Topic::ConsentChange, partition: 7, offset: Some(4_711) };
    gate.status.hold(Holder::Reader, HoldCause::ConsentPoison, &[place], "class truncated");

    let (code, _, body) = gate.get("/readyz", "");
    assert_eq!(code, 503);
    assert_eq!(
        body,
        "consent reader: held for 0 s: consent_poison: consent-change partition 7 offset 4711; class truncated\n"
    );
    let (_, _, verbose) = gate.get("/readyz?verbose", "");
    assert!(verbose.contains("[+] consent: caught up in 1 partitions\n"), "{verbose}");
    assert!(verbose.contains("[-] consent reader: held for 0 s"), "{verbose}");
    let (code, head, json) = gate.get("/readyz", "Accept: application/json\r\n");
    assert_eq!(code, 503);
    assert!(head.contains("content-type: application/json"), "{head}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["ready"], false);
    assert_eq!(json["reasons"].as_array().unwrap().len(), 1);
    assert!(json["checks"].as_array().unwrap().len() >= 4);

    assert_eq!(gate.get("/livez", "").0, 200, "a hold is no reason to restart");
    gate.status.release(Holder::Reader, HoldCause::ConsentPoison);
    assert_eq!(gate.get("/readyz", "").2, "ready\n");
    gate.status.lane(0, Membership::Lost);
    assert_eq!(gate.get("/readyz", "").0, 503);
    assert_eq!(gate.get("/livez", "").0, 200, "a lost group is no reason to restart");
}

#[test]
fn metrics_are_served_as_text_with_fresh_positions() {
    let gate = start();
    gate.status.consent_start(&[0, 0]);
    gate.status.consent_end(1, 12);
    gate.status.consent_applied(1, 5, None);
    let (code, head, body) = gate.get("/metrics", "");
    assert_eq!(code, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(body.contains("consent_gate_lag_records{topic=\"consent-change\"} 7\n"), "{body}");
    assert!(body.contains("consent_gate_applied_offset{partition=\"1\"} 5\n"));
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit(' ').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn the_status_is_one_value_and_readyz_is_a_part_of_it() {
    let gate = start();
    gate.in_order();
    let (_, _, readiness) = gate.get("/readyz", "Accept: application/json\r\n");
    let readiness: crate::status::Readiness = serde_json::from_str(&readiness).unwrap();
    let (code, head, body) = gate.get("/status", "");
    assert_eq!(code, 200);
    assert!(head.contains("content-type: application/json"), "{head}");
    let snapshot: crate::status::Snapshot = serde_json::from_str(&body).unwrap();
    assert_eq!(snapshot.readiness, readiness);
    assert_eq!(snapshot.consent.lag.partitions.len(), 1);
    gate.status.stopping();
    let (code, _, body) = gate.get("/status", "");
    assert_eq!(code, 200, "figures are there whether it is ready or not");
    assert!(
        body.starts_with("{\"ready\":false,\"reasons\":[\"process: shutting down\"]"),
        "{body}"
    );
}

#[test]
fn anything_else_needs_the_token_whether_it_exists_or_not() {
    let gate = start();
    assert_eq!(gate.get("/", "").0, 200);
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    for target in
        ["/v1/contacts/ana", "/openapi.json", "/livez/", "/status/x", "//metrics", "/../readyz"]
    {
        let (code, head, body) = gate.get(target, "");
        assert_eq!(code, 401, "{target}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
        assert!(!body.contains("ana"), "the answer repeats nothing");
        assert_eq!(gate.get(target, &right).0, 404, "{target}");
    }
    for wrong in ["Bearer", "Bearer ", "Bearer correct", "Basic correct horse battery staple", ""] {
        let header = format!("Authorization: {wrong}\r\n");
        assert_eq!(gate.get("/v1/", &header).0, 401, "{wrong}");
    }
}

#[test]
fn without_a_token_or_with_an_empty_one_everything_else_is_refused() {
    for token in [None, Some("")] {
        let gate = start_with(Limits::default(), token);
        assert_eq!(gate.get("/v1/", "").0, 401);
        assert_eq!(gate.get("/v1/", "Authorization: Bearer \r\n").0, 401);
        assert_eq!(gate.get("/livez", "").0, 200);
    }
}

#[test]
fn pages_of_whoever_starts_it_are_open_and_safe_and_the_rest_is_not_found() {
    let front: pages::Front = Arc::new(|path| {
        let body = (path == "/" || path == "/page.css").then(|| format!("<p>{path}"))?;
        Some(pages::FrontPage { content_type: "text/html; charset=utf-8", body })
    });
    let gate = start_pages(Limits::default(), None, Some(front));
    for path in ["/", "/page.css"] {
        let (code, head, body) = gate.get(path, "");
        assert_eq!((code, body), (200, format!("<p>{path}")));
        for header in [
            "content-security-policy: default-src 'none';",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "{header}: {head}");
        }
    }
    for path in ["/nothing", "/page.css/", "//", "/../page.css", "/favicon.ico"] {
        let (code, head, _) = gate.get(path, "");
        assert_eq!(code, 404, "{path}");
        assert!(!head.contains("www-authenticate"), "{head}");
    }
    assert_eq!(gate.get("/livez", "").0, 200);
}

#[test]
fn a_client_that_never_ends_its_headers_is_cut() {
    let headers = Duration::from_millis(300);
    let gate = start_with(Limits { headers, ..Limits::default() }, None);
    for beginning in ["", "GET /livez HTTP/1.1\r\nHost: ga"] {
        let mut client = gate.connect();
        let since = Instant::now();
        client.write_all(beginning.as_bytes()).unwrap();
        let took = time_until_closed(&mut client, since);
        assert!(took >= headers / 2 && took < PATIENCE / 2, "{beginning:?}: {took:?}");
    }
    // One byte now and then does not extend it.
    let mut client = gate.connect();
    let since = Instant::now();
    for byte in b"GET /livez HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if client.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(time_until_closed(&mut client, since) < PATIENCE / 2);
    assert_eq!(gate.get("/livez", "").0, 200);
}

#[test]
fn an_idle_connection_between_two_requests_is_cut_as_well() {
    let headers = Duration::from_millis(300);
    let gate = start_with(Limits { headers, ..Limits::default() }, None);
    let mut client = gate.connect();
    client.write_all(b"GET /livez HTTP/1.1\r\nHost: gate\r\n\r\n").unwrap();
    let since = Instant::now();
    let took = time_until_closed(&mut client, since);
    assert!(took < PATIENCE / 2, "an idle connection was kept for {took:?}");
}

#[test]
fn a_client_that_does_not_read_is_cut_at_the_end_of_its_time() {
    let connection = Duration::from_millis(500);
    let shutdown = Duration::from_millis(200); // for an answer on its way
    let limits =
        Limits { connection, shutdown, connections_max: 1, grace: PATIENCE, ..Limits::default() };
    let gate = start_with(limits, None);
    let mut client = gate.connect();
    // Answers of many requests in one go fill the socket's buffers; nobody reads them.
    let requests = b"GET /metrics HTTP/1.1\r\nHost: gate\r\n\r\n".repeat(400);
    client.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    client.write_all(&requests).ok();
    let since = Instant::now();
    assert_eq!(gate.get("/livez", "").0, 200, "the only place is free again");
    assert!(since.elapsed() < PATIENCE / 2);
}

#[test]
fn connections_are_bounded_and_those_waiting_are_served_later() {
    let gate =
        start_with(Limits { connections_max: 2, grace: PATIENCE, ..Limits::default() }, None);
    let (first, second) = (gate.connect(), gate.connect());
    let mut third = gate.connect();
    third.write_all(b"GET /livez HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n").unwrap();
    third.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    let mut answer = [0; 8];
    let waiting = third.read(&mut answer).unwrap_err();
    assert_eq!(waiting.kind(), std::io::ErrorKind::WouldBlock, "served beyond the bound");
    assert_eq!(gate.metrics.bounds_reached.of(Bound::HttpConnections).get(), 1);
    drop(first);
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    third.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1");
    drop(second);
}

/// Connections that send nothing, and each that is cut is replaced at once, from the probe's own address.
#[test]
fn a_probe_is_answered_while_slow_connections_fill_every_place() {
    // nothing but the want of places ends them
    let forever = Duration::from_secs(3_600);
    let gate =
        start_with(Limits { headers: forever, connection: forever, ..Limits::default() }, None);
    let (address, stop) = (gate.server.address, AtomicBool::new(false));
    // also when an answer is missing
    struct Stop<'s>(&'s AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let slow = || {
                    let mut client = Client::connect(address).ok()?;
                    client.set_nonblocking(true).ok()?;
                    client.write_all(b"GET /livez HTTP/1.1\r\nHost: ga").ok()?;
                    Some(client)
                };
                let mut clients: Vec<Client> = (0..50).filter_map(|_| slow()).collect();
                while !stop.load(Ordering::Relaxed) {
                    clients.retain_mut(|client| match client.read(&mut [0; 8]) {
                        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
                        Ok(_) => false,
                    });
                    let n_missing = 50 - clients.len();
                    clients.extend((0..n_missing).filter_map(|_| slow()));
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
        let _stop = Stop(&stop);
        let reached = || gate.metrics.bounds_reached.of(Bound::HttpConnections).get();
        while reached() < 100 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let answers: Vec<u16> = (0..20).map(|_| gate.get("/livez", "").0).collect();
        assert_eq!(answers, [200; 20]);
    });
}

/// Who has most loses first, and who is being answered does not.
#[test]
fn the_address_with_most_connections_makes_room() {
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    let limits = Limits { connections_max: 3, grace: Duration::ZERO, ..Limits::default() };
    let seats = Arc::new(Seats::new(limits));
    let [many, one, new] = [1, 2, 3].map(|n| std::net::IpAddr::from([192, 0, 2, n]));
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let oldest = seats.take(one, &metrics).await.unwrap();
        let first = seats.take(many, &metrics).await.unwrap();
        let second = seats.take(many, &metrics).await.unwrap();
        first.begins();
        let waiting = tokio::spawn({
            let (seats, metrics) = (Arc::clone(&seats), Arc::clone(&metrics));
            async move { seats.take(new, &metrics).await }
        });
        // `many` has one that is not being answered, as `one` has: the longer silence loses
        oldest.cut.cancelled().await;
        drop(oldest);
        let newcomer = waiting.await.unwrap().unwrap();
        first.has_answered();
        let waiting = tokio::spawn({
            let (seats, metrics) = (Arc::clone(&seats), Arc::clone(&metrics));
            async move { seats.take(new, &metrics).await }
        });
        // now `many` has two, and the second has been silent for longest
        second.cut.cancelled().await;
        assert!(!newcomer.cut.is_cancelled() && !first.cut.is_cancelled());
        drop(second);
        waiting.await.unwrap().unwrap();
    });
}

#[test]
fn oversized_heads_and_bodies_are_refused() {
    let gate = start_with(Limits::default(), Some(TOKEN));
    let mut client = gate.connect();
    let head =
        format!("GET /livez HTTP/1.1\r\nHost: gate\r\nX-Big: {}\r\n\r\n", "a".repeat(64 * 1024));
    client.write_all(head.as_bytes()).ok();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).ok();
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "a head of 64 KiB was accepted");
    let (code, ..) = gate.get("/livez", "Content-Length: 1000000\r\n");
    assert_eq!(code, 413);
}

#[test]
fn methods_that_change_something_are_not_offered() {
    let gate = start();
    for method in ["POST", "PUT", "DELETE", "TRACE", "OPTIONS"] {
        let mut client = gate.connect();
        let request =
            format!("{method} /readyz HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 405"), "{method}: {answer}");
    }
}

#[test]
fn shutdown_closes_idle_connections_and_frees_the_address() {
    let gate = start_with(Limits { shutdown: PATIENCE, ..Limits::default() }, None);
    let mut idle = gate.connect();
    assert_eq!(gate.get("/livez", "").0, 200);
    let address = gate.server.address;
    let since = Instant::now();
    gate.shutdown.cancel();
    gate.runtime.block_on(gate.server.stopped());
    assert!(since.elapsed() < PATIENCE / 2, "an idle connection held it for {:?}", since.elapsed());
    assert!(time_until_closed(&mut idle, since) < PATIENCE / 2);
    assert!(Client::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_the_setting() {
    let gate = start();
    let (status, metrics) = (Arc::clone(&gate.status), Arc::clone(&gate.metrics));
    let again =
        serve(gate.server.address, status, metrics, None, None, None, CancellationToken::new());
    let error = gate.runtime.block_on(again).unwrap_err().to_string();
    assert!(error.contains(&gate.server.address.to_string()), "{error}");
    assert!(error.contains("`http.listen`"), "{error}");
}
