//! A provider of ours on a local port: answers as the test says, and remembers what it was asked.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    target: String,
    headers: Vec<(String, String)>,
    base: String,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter as it stands in the URL.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Where it was asked.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    hangs_up: bool,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), hangs_up: false }
    }

    pub(crate) fn text(body: &str) -> Self {
        Self { body: body.to_owned(), ..Self::status(200) }
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::text(&body.to_string())
    }

    /// The connection ends in the midst of the body.
    pub(crate) fn hang_up() -> Self {
        Self { hangs_up: true, ..Self::text("[") }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// The provider while it runs.
pub(crate) struct Provider {
    port: u16,
    asked: Mutex<Vec<Asked>>,
    is_over: AtomicBool,
}

impl Provider {
    /// Answers with `reply` while `during` runs.
    pub(crate) fn serve<T>(
        reply: impl Fn(&Asked) -> Reply + Sync,
        during: impl FnOnce(&Self) -> T,
    ) -> T {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let provider = Self { port, asked: Mutex::default(), is_over: AtomicBool::new(false) };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for stream in listener.incoming() {
                    if provider.is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    // one at a time, as they come; who breaks off concerns nobody
                    provider.answer(stream.expect("a connection"), &reply).ok();
                }
            });
            let _over = Over(&provider);
            during(&provider)
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panics in here").clone()
    }

    fn answer(
        &self,
        mut stream: TcpStream,
        reply: &(impl Fn(&Asked) -> Reply + Sync),
    ) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut part)? {
                0 => return Ok(()),
                n => bytes.extend_from_slice(&part[..n]),
            }
        }
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = head.lines();
        let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or("/").to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        let asked = Asked { target, headers: headers.collect(), base: self.url() };
        self.asked.lock().expect("nobody panics in here").push(asked.clone());
        let Reply { status, headers, body, hangs_up } = reply(&asked);
        let length = body.len() + usize::from(hangs_up);
        let mut text =
            format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{text}\r\n{body}").as_bytes())
    }
}

/// Ends the provider, also when the test fails.
struct Over<'p>(&'p Provider);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
        TcpStream::connect(("127.0.0.1", self.0.port)).ok(); // wakes whoever accepts
    }
}
