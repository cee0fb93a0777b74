//! HTTP by hand: the tests look at the gate's endpoints as a load balancer would, without a client library.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends one request to 127.0.0.1 and returns status and body.
pub(crate) fn request(port: u16, head: &str, body: &str) -> Result<(u16, String)> {
    request_with(port, head, "", body)
}

/// POST with a bearer token.
pub(crate) fn ask(port: u16, path: &str, token: &str, body: &str) -> Result<(u16, String)> {
    let authorization = format!("Authorization: Bearer {token}\r\n");
    request_with(port, &format!("POST {path}"), &authorization, body)
}

/// POST of a form, as mail programs and browsers send one.
pub(crate) fn form(port: u16, path: &str, body: &str) -> Result<(u16, String)> {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    request_with(port, &format!("POST {path}"), headers, body)
}

/// The same by a browser that is signed in.
pub(crate) fn form_as(port: u16, path: &str, cookies: &str, body: &str) -> Result<(u16, String)> {
    let headers =
        format!("Content-Type: application/x-www-form-urlencoded\r\nCookie: {cookies}\r\n");
    request_with(port, &format!("POST {path}"), &headers, body)
}

/// An answer with its headers, names in lower case.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// GET as a browser does, one redirect at a time.
pub(crate) fn hop(port: u16, path: &str, cookies: &str) -> Result<Answer> {
    let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
    whole(port, &format!("GET {path}"), &cookies, "")
}

/// What a browser asks for: a page, or with a body the answer to a form.
pub(crate) fn browse(port: u16, path: &str, form: Option<&str>) -> Result<Answer> {
    browse_with(port, path, "", form)
}

/// The same with more headers, each line with its end.
pub(crate) fn browse_with(port: u16, path: &str, more: &str, form: Option<&str>) -> Result<Answer> {
    let accept = format!("Accept: text/html,application/xhtml+xml\r\n{more}");
    match form {
        None => whole(port, &format!("GET {path}"), &accept, ""),
        Some(form) => {
            let headers = format!("{accept}Content-Type: application/x-www-form-urlencoded\r\n");
            whole(port, &format!("POST {path}"), &headers, form)
        }
    }
}

/// GET of what is of this type.
pub(crate) fn accepting(port: u16, path: &str, media_type: &str) -> Result<Answer> {
    whole(port, &format!("GET {path}"), &format!("Accept: {media_type}\r\n"), "")
}

/// POST with these headers, each line with its end.
pub(crate) fn post(port: u16, path: &str, headers: &str, body: &str) -> Result<Answer> {
    whole(port, &format!("POST {path}"), headers, body)
}

/// GET with a bearer token.
pub(crate) fn look(port: u16, path: &str, token: &str) -> Result<(u16, String)> {
    request_with(port, &format!("GET {path}"), &format!("Authorization: Bearer {token}\r\n"), "")
}

/// The same with more headers, each line with its end.
pub(crate) fn request_with(
    port: u16,
    head: &str,
    headers: &str,
    body: &str,
) -> Result<(u16, String)> {
    let answer = whole(port, head, headers, body)?;
    Ok((answer.status, answer.body))
}

/// Whoever is refused before the body was read may have its connection reset while it still writes, and with it an answer that
/// was on its way: then it asks again, as any client does.
fn whole(port: u16, head: &str, headers: &str, body: &str) -> Result<Answer> {
    let mut last = once(port, head, headers, body);
    for _ in 0..4 {
        let is_reset = |error: &Error| {
            matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
        };
        if body.len() < LARGE || !last.as_ref().is_err_and(is_reset) {
            break;
        }
        last = once(port, head, headers, body);
    }
    last
}

fn once(port: u16, head: &str, headers: &str, body: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let length = body.len();
    write!(
        stream,
        "{head} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}"
    )?;
    if !body.is_empty() && !headers.contains("Content-Type") {
        write!(stream, "Content-Type: application/json\r\n")?;
    }
    write!(stream, "\r\n{body}")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| Error::new(ErrorKind::InvalidData, "no end of headers"))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no status"))?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { join_chunks(body) } else { body.to_owned() };
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let headers = lines.map(|(key, value)| (key.to_ascii_lowercase(), value.trim().to_owned()));
    Ok(Answer { status, headers: headers.collect(), body })
}

/// GET `path`.
pub(crate) fn get(port: u16, path: &str) -> Result<(u16, String)> {
    request(port, &format!("GET {path}"), "")
}

/// Chunks joined; text only, so that a byte count is enough.
fn join_chunks(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = tail.get(..size).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        body.push_str(chunk);
        rest = tail.get(size + 2..).unwrap_or("");
    }
    body
}

const TIMEOUT: Duration = Duration::from_secs(20);
/// A body that does not fit into the buffers of a connection.
const LARGE: usize = 64 << 10;
