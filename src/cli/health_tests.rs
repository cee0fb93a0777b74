//! The check against the gate's own server, and against listeners that behave badly.

use super::*;
use crate::http::{self};
use crate::metrics::{Metrics, TopicNames};
use crate::status::Status;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

fn arguments(address: SocketAddr, path: &str, timeout_ms: u64) -> Arguments {
    Arguments { url: format!("http://{address}{path}").parse().unwrap(), timeout_ms }
}

/// Reads a request to its end: a connection that is closed with bytes unread is reset, answer and all.
fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
    String::from_utf8(request).unwrap()
}

/// Accepts one connection, reads the request, says `answer`, and keeps the connection for `hold`.
fn listener_that_says(answer: &'static [u8], hold: Duration) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(read_request(&mut stream).starts_with("GET /readyz HTTP/1.0\r\nHost: 127.0.0.1:"));
        stream.write_all(answer).unwrap();
        std::thread::sleep(hold);
    });
    address
}

fn outcome_of(answer: &'static [u8]) -> Result<(), Failure> {
    run(&arguments(listener_that_says(answer, Duration::ZERO), "/readyz", 20_000))
}

fn reason(result: Result<(), Failure>) -> String {
    let failure = result.expect_err("it is not healthy");
    assert_eq!(failure.code(), ExitCode::No);
    failure.message()
}

#[test]
fn a_gate_that_waits_for_kafka_is_alive_and_not_ready() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    let status = Status::new(Arc::clone(&metrics), 1);
    let shutdown = CancellationToken::new();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = runtime
        .block_on(http::serve(listen, status, metrics, None, None, None, shutdown.clone()))
        .unwrap();
    run(&arguments(server.address, "/livez", 20_000)).unwrap();
    let why = reason(run(&arguments(server.address, "/readyz", 20_000)));
    assert!(why.contains("/readyz says 503: ") && why.contains("lane"), "{why}");
    let why = reason(run(&arguments(server.address, "/elsewhere", 20_000)));
    assert!(why.contains("/elsewhere says 401"), "{why}");
    shutdown.cancel();
    runtime.block_on(server.stopped());
}

#[test]
fn only_a_200_is_healthy() {
    outcome_of(b"HTTP/1.1 200 OK\r\n\r\nready\n").unwrap();
    for (answer, said) in [
        (&b"HTTP/1.1 204 No Content\r\n\r\n"[..], "says 204"),
        (b"HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n", "says 302"),
        (b"HTTP/1.1 500 x\r\n\r\nfirst\nsecond\n", "says 500: first; second"),
        (b"HTTP/1.1 200 OK\r\ncut", "does not speak HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 2000 x\r\n\r\n", "does not speak HTTP"),
        (b"", "no answer"),
    ] {
        let why = reason(outcome_of(answer));
        assert!(why.contains(said), "{said}: {why}");
    }
}

#[test]
fn nobody_keeps_it_longer_than_its_time() {
    let silent = listener_that_says(b"HTTP/1.1 200 OK\r\n\r\nre", Duration::from_secs(30));
    let began = Instant::now();
    let why = reason(run(&arguments(silent, "/readyz", 200)));
    assert!(began.elapsed() < Duration::from_secs(10), "took {:?}", began.elapsed());
    assert!(why.contains("none within 200 ms") || why.contains("too long"), "{why}");
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    assert!(reason(run(&arguments(closed, "/readyz", 20_000))).contains("refused"));
}

#[test]
fn an_answer_without_end_is_cut() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let writer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 503 x\r\n\r\n").unwrap();
        let mut n_bytes = 0_usize;
        while n_bytes < 64 * 1024 * 1024 && stream.write_all(&[b'x'; 4096]).is_ok() {
            n_bytes += 4096;
        }
        n_bytes
    });
    let why = reason(run(&arguments(address, "/readyz", 20_000)));
    assert!(why.contains("says 503: xxx") && why.len() < 1_000, "{} bytes", why.len());
    assert!(writer.join().unwrap() < 64 * 1024 * 1024, "it read on for ever");
}

#[test]
fn urls_are_taken_apart() {
    let target = |url: &str| url.parse::<Target>();
    let parts = |url: &str| target(url).map(|t| (t.host, t.port, t.path)).unwrap();
    let of = |host: &str, port, path: &str| (host.to_owned(), port, path.to_owned());
    assert_eq!(parts("http://gate:8080/livez"), of("gate", 8080, "/livez"));
    assert_eq!(parts("http://gate"), of("gate", 80, "/"));
    assert_eq!(parts("http://[::1]:8080/readyz?verbose"), of("[::1]", 8080, "/readyz?verbose"));
    assert_eq!(parts("http://[::1]/"), of("[::1]", 80, "/"));
    for wrong in [
        "",
        "gate:8080",
        "https://gate/",
        "http://",
        "http:///livez",
        "http://gate:x/",
        "http://gate:70000/",
        "http://user@gate/",
        "http://gate/ HTTP/1.0",
        "http://gate/\r\nX: y",
        "http://:8080/",
    ] {
        assert!(target(wrong).is_err(), "{wrong:?}");
    }
}
