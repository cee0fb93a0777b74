//! Clients of the door that keep their connections and send again what was not answered.

use crate::figures::SHARES;
use crate::stats::percentile;
use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Longest wait for an answer, and until a post is given up.
const ANSWER_MAX: Duration = Duration::from_secs(20);
const POST_MAX: Duration = Duration::from_secs(60);
/// Before a post is sent again.
const PAUSE: Duration = Duration::from_millis(50);
/// The next event id; unique in the process.
static NEXT: AtomicU64 = AtomicU64::new(1);
/// Files that this program has open besides.
const FILES_BESIDE: u64 = 512;

/// Where the door is, and its word.
#[derive(Clone, Copy)]
pub(super) struct Client {
    pub(super) port: u16,
    pub(super) token: &'static str,
}

/// What is posted.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Posts a second; `None`: as fast as answers come.
    pub(super) rate: Option<u32>,
    pub(super) connections: u32,
    /// Changes of a post.
    pub(super) changes: u32,
    pub(super) length: Duration,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Posted {
    /// From due, or sent, to answered.
    pub(super) answered_ms: Vec<f64>,
    /// Changes that were answered with success.
    pub(super) acknowledged: Vec<u64>,
    /// Attempts without an answer of success.
    pub(super) again: u64,
    pub(super) seconds: f64,
}

/// Lets this program have so many connections.
pub(super) fn many_files(n: u64) -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let wanted = n + FILES_BESIDE;
    if maximum.is_some_and(|maximum| maximum < wanted) {
        bail!("{wanted} files are needed (`ulimit -Hn`)");
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Milliseconds at [`SHARES`].
pub(super) fn percentiles(mut ms: Vec<f64>) -> [f64; SHARES.len()] {
    ms.sort_by(f64::total_cmp);
    SHARES.map(|share| percentile(&ms, share).unwrap_or(f64::NAN))
}

/// Posts by all connections.
pub(super) async fn post(client: Client, plan: Plan) -> Result<Posted> {
    let began = Instant::now();
    let posting: Vec<_> = (0..plan.connections)
        .map(|nth| tokio::spawn(connection(client, plan, nth, began)))
        .collect();
    let mut posted = Posted::default();
    for one in posting {
        let one = one.await??;
        posted.answered_ms.extend(one.answered_ms);
        posted.acknowledged.extend(one.acknowledged);
        posted.again += one.again;
    }
    posted.seconds = began.elapsed().as_secs_f64();
    Ok(posted)
}

async fn connection(client: Client, plan: Plan, nth: u32, began: Instant) -> Result<Posted> {
    let mut posted = Posted::default();
    let mut stream = None;
    for turn in 0_u32.. {
        let due = match plan.rate {
            Some(rate) => {
                let number = turn * plan.connections + nth;
                began + Duration::from_secs_f64(f64::from(number) / f64::from(rate))
            }
            None => Instant::now(),
        };
        if due >= began + plan.length {
            break;
        }
        sleep_until(due).await;
        let n = u64::from(plan.changes);
        let first = NEXT.fetch_add(n, Ordering::Relaxed);
        let request = client.request("", first, n);
        posted.again += client.answered(&mut stream, &request).await?.1;
        posted.answered_ms.push(due.elapsed().as_secs_f64() * 1e3);
        posted.acknowledged.extend(first..first + n);
    }
    Ok(posted)
}

/// One opt-out after the other, with nothing else going on: milliseconds from each post to the answer that it is in force.
pub(super) async fn quiet(client: Client, n: usize) -> Result<Vec<f64>> {
    let (mut ms, mut stream) = (Vec::new(), None);
    for _ in 0..n {
        let request = client.request("?wait=enforced", NEXT.fetch_add(1, Ordering::Relaxed), 1);
        let began = Instant::now();
        let (body, _) = client.answered(&mut stream, &request).await?;
        if !body.contains("\"enforced\"") {
            bail!("not in force within the door's time: {body}");
        }
        ms.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(ms)
}

impl Client {
    /// A post of so many opt-outs.
    fn request(self, query: &str, first: u64, n: u64) -> String {
        let now = jiff::Timestamp::now();
        let change = |id: u64| {
            format!(
                "{{\"event_id\":\"{id}\",\"occurred_at\":\"{now}\",\"action\":\"opt_out\",\"contact_id\":\"left-{id}\",\
                 \"address\":\"left-{id}@example.com\",\"channel\":\"email\",\"evidence\":{{\"method\":\"webhook\"}}}}"
            )
        };
        let changes: Vec<String> = (first..first + n).map(change).collect();
        let body = match changes.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(",")),
        };
        format!(
            "POST /v1/consent-changes{query} HTTP/1.1\r\nhost: door\r\ncontent-type: application/json\r\n\
             authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )
    }

    /// The body of the answer of success, and after how many attempts without one.
    async fn answered(
        self,
        stream: &mut Option<TcpStream>,
        request: &str,
    ) -> Result<(String, u64)> {
        let (began, mut again) = (Instant::now(), 0);
        loop {
            let answer = timeout(ANSWER_MAX, self.attempt(stream, request)).await;
            match answer {
                Ok(Ok((200, body))) => return Ok((body, again)),
                Ok(Ok((503, _))) => {}
                Ok(Ok((code, body))) => bail!("{code}: {body}"),
                // the connection has ended, or nobody answers
                Ok(Err(_)) | Err(_) => *stream = None,
            }
            if began.elapsed() > POST_MAX {
                bail!("not answered within {} s", POST_MAX.as_secs());
            }
            again += 1;
            sleep(PAUSE).await;
        }
    }

    async fn attempt(self, stream: &mut Option<TcpStream>, request: &str) -> Result<(u16, String)> {
        let stream = match stream {
            Some(stream) => stream,
            none => {
                let new = TcpStream::connect(("127.0.0.1", self.port)).await?;
                new.set_nodelay(true)?;
                none.insert(new)
            }
        };
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::with_capacity(1_024);
        loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                bail!("the connection ended");
            }
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let length: usize = length.context("no length")?;
            if body.len() >= length {
                let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
                return Ok((status.context("no status")?, body.to_owned()));
            }
        }
    }
}
