//! A server that speaks S3, in memory, started by `scripts/clients`.

use crate::harness::gate::free_port;
use crate::harness::{environment, http, orphans};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long it may take to be fetched and to start.
const PATIENCE: Duration = Duration::from_secs(240);
/// What `scripts/clients` says when something is not installed.
const NOT_HERE: i32 = 69;

/// The server; what it holds is gone with it.
pub(crate) struct S3 {
    child: Child,
    port: u16,
}

impl S3 {
    /// One with a bucket, or `None` after saying why `test` is skipped.
    pub(crate) fn start(test: &str, bucket: &str) -> Option<Self> {
        let port = free_port();
        let child = Command::new(environment::script("clients"))
            .args(["run", "s3", &port.to_string()])
            .arg(environment::run_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the script can be run");
        orphans::add(child.id());
        let mut server = Self { child, port };
        let mut is_missing = false;
        environment::wait_until("the server of objects answers", PATIENCE, || {
            let ended = server.child.try_wait().expect("a child can be waited for");
            is_missing = ended.is_some_and(|status| status.code() == Some(NOT_HERE));
            assert!(is_missing || ended.is_none(), "the server of objects ended: {ended:?}");
            is_missing || http::request(port, &format!("PUT /{bucket}"), "").is_ok()
        });
        if is_missing {
            environment::skip(test, "no server of objects: Python or moto is missing");
            return None;
        }
        Some(server)
    }

    /// How a program finds it.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The keys of a bucket's objects.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        let (_, list) = http::get(self.port, &format!("/{bucket}?list-type=2&max-keys=1000"))
            .expect("the server answers");
        let keys = list.split("<Key>").skip(1);
        keys.filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())).collect()
    }

    /// Replaces an object.
    pub(crate) fn put(&self, path: &str, content: &str) {
        // whoever it is; nobody looks at the signature
        let who = "Credential=test/20261201/us-east-1/s3/aws4_request";
        let headers =
            format!("Authorization: AWS4-HMAC-SHA256 {who}, SignedHeaders=host, Signature=0\r\n");
        let put = format!("PUT /{path}");
        let answered = http::request_with(self.port, &put, &headers, content);
        let (code, said) = answered.expect("the server answers");
        assert_eq!(code, 200, "{said}");
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        orphans::remove(self.child.id());
    }
}
