//! `consent-gate health`: asks a running gate one question, where there is no shell and no curl to ask it with.
//!
//! Container images without a shell, Compose and systemd use it as their health check. Plain HTTP written by hand,
//! because the gate's endpoint speaks nothing else and a check runs every few seconds: a client with TLS would load
//! the machine's authorities each time. Invariant: it ends within its time-out, whatever the other side does, name
//! resolution included, and reads no more than it was told to.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::str::FromStr;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use clap::Args;

use super::{ExitCode, Failure, output};

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the answer was 200, 1 it was another or there was none, 64 usage."
)]
pub(super) struct Arguments {
    /// What to ask: `/livez`, the process moves; `/readyz`, messages are being decided
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/readyz")]
    url: Target,
    /// Longest wait for the whole answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    timeout_ms: u64,
}

/// Longest answer that is read; `/readyz` names every hold, in far less.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// `http://AUTHORITY/PATH`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    /// Host and port as written, for the `Host` header.
    authority: String,
    host: String,
    port: u16,
    path: String,
}

/// What came back.
struct Answer {
    code: u16,
    body: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let unhealthy = |why: String| Failure::new(ExitCode::No, why);
    let limit = Duration::from_millis(arguments.timeout_ms);
    let answer = ask_in_time(&arguments.url, limit, ANSWER_BYTES_MAX)
        .map_err(|why| unhealthy(format!("no answer from {}: {why}", arguments.url.authority)))?;
    match answer.code {
        200 => Ok(output::print(answer.body.trim_end())?),
        code => Err(unhealthy(format!(
            "{} says {code}: {}",
            arguments.url.path,
            one_line(&answer.body)
        ))),
    }
}

/// Code and body of a page of the gate at this address, of which at most `bytes_max` are read.
///
/// # Errors
/// Why there is no answer.
pub(super) fn page(
    address: SocketAddr,
    path: &str,
    limit: Duration,
    bytes_max: usize,
) -> Result<(u16, String), String> {
    let target = Target {
        authority: address.to_string(),
        host: address.ip().to_string(),
        port: address.port(),
        path: path.to_owned(),
    };
    ask_in_time(&target, limit, bytes_max as u64).map(|answer| (answer.code, answer.body))
}

/// Asks on a thread of its own: resolving a name cannot be given a time limit, but waiting for a thread can. A thread
/// that is late ends with the process.
fn ask_in_time(target: &Target, limit: Duration, bytes_max: u64) -> Result<Answer, String> {
    let deadline = Instant::now() + limit;
    let (sender, receiver) = sync_channel(1);
    let target = target.clone();
    std::thread::Builder::new()
        .name("health".to_owned())
        // Nobody listens any more once the time is over.
        .spawn(move || drop(sender.send(ask(&target, deadline, bytes_max))))
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    match receiver.recv_timeout(limit) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Err(format!("none within {} ms", limit.as_millis())),
        Err(RecvTimeoutError::Disconnected) => Err("the question failed".to_owned()),
    }
}

fn ask(target: &Target, deadline: Instant, bytes_max: u64) -> Result<Answer, String> {
    let mut stream = connect(target, deadline)?;
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "it takes too long".to_owned(),
        _ => error.to_string(),
    };
    stream.set_write_timeout(Some(left(deadline)?)).map_err(failed)?;
    // 1.0: the end of the connection is the end of the answer, and no answer comes in chunks.
    let request = format!(
        "GET {} HTTP/1.0\r\nHost: {}\r\nUser-Agent: consent-gate-health\r\nAccept: text/plain\r\n\r\n",
        target.path, target.authority
    );
    stream.write_all(request.as_bytes()).map_err(failed)?;
    stream.set_read_timeout(Some(left(deadline)?)).map_err(failed)?;
    let mut bytes = Vec::new();
    stream.take(bytes_max).read_to_end(&mut bytes).map_err(failed)?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| "it does not speak HTTP".to_owned())
}

/// Tries each address of the host, as `localhost` may have two and only one be listened on.
fn connect(target: &Target, deadline: Instant) -> Result<TcpStream, String> {
    let host = target.host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = (host, target.port)
        .to_socket_addrs()
        .map_err(|error| format!("its name cannot be resolved: {error}"))?
        .collect();
    let mut refused = "its name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error.to_string(),
        }
    }
    Err(refused)
}

fn left(deadline: Instant) -> Result<Duration, String> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err("it takes too long".to_owned()) } else { Ok(left) }
}

/// Code and body of an answer that is whole at least as far as its head.
fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut words = head.lines().next()?.split(' ');
    let version = words.next()?;
    let code = words.next()?;
    let is_http = version.starts_with("HTTP/1.") && code.len() == 3;
    is_http.then(|| code.parse().ok()).flatten().map(|code| Answer { code, body: body.to_owned() })
}

/// What a health check's log has room for.
fn one_line(body: &str) -> String {
    const CHARS_MAX: usize = 400;
    let line = body.lines().map(str::trim).collect::<Vec<_>>().join("; ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        const PORT: u16 = 80;
        if url.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err("has spaces or control characters in it");
        }
        let rest =
            url.strip_prefix("http://").ok_or("must begin with `http://`: the gate has no TLS")?;
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let (host, port) = match authority.rsplit_once(':') {
            // `[::1]` has colons of its own.
            Some((host, port)) if !authority.ends_with(']') => {
                (host, port.parse().map_err(|_| "has a port that is none")?)
            }
            _ => (authority, PORT),
        };
        if host.is_empty() || authority.contains(['@', '?', '#']) {
            return Err("must be `http://HOST:PORT/PATH`");
        }
        Ok(Self {
            authority: authority.to_owned(),
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        })
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
