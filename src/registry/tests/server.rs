//! A schema registry small enough to read.

use crate::registry::{Registry, RegistrySettings};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Replies = HashMap<String, (u16, String)>;

/// An HTTP/1.1 server that answers known paths and remembers what it was asked. Serves until the process ends.
#[derive(Clone)]
pub(super) struct FakeRegistry {
    pub(super) url: String,
    replies: Arc<Mutex<Replies>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeRegistry {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            replies: Arc::default(),
            requests: Arc::default(),
        };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        server
    }

    fn serve(&self, stream: TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if lines.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        // what is left unread when the connection closes would reset it
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
        if lines.read_exact(&mut body).is_err() {
            return;
        }
        head.push_str(&String::from_utf8_lossy(&body));
        self.requests.lock().unwrap().push(head);
        let reply = self.replies.lock().unwrap().get(&path).cloned();
        let (status, body) =
            reply.unwrap_or((404, r#"{"error_code":40403,"message":"x"}"#.to_owned()));
        if status == 0 {
            let mut end = Vec::new(); // never answers: waits until the client goes away
            drop(lines.read_to_end(&mut end));
            return;
        }
        let location =
            if status == 302 { format!("Location: {}/there\r\n", self.url) } else { String::new() };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{location}Connection: close\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())));
    }

    pub(super) fn reply(&self, path: &str, status: u16, body: &str) {
        let reply = (status, body.to_owned());
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub(super) fn schema(&self, path: &str, text: &str) {
        self.reply(path, 200, &serde_json::json!({ "schema": text }).to_string());
    }

    pub(super) fn client(&self) -> Registry {
        let settings = RegistrySettings { url: self.url.clone(), ..RegistrySettings::default() };
        Registry::new(settings).unwrap()
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}
