//! Strangers who hold connections: silent ones, and those who send a letter now and then. Whoever is cut comes back.

use crate::figures::Crowd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Until somebody who was cut comes back.
const BACK_AFTER: Duration = Duration::from_secs(1);
/// Between two letters.
const LETTER_EVERY: Duration = Duration::from_millis(500);
/// Longest wait for all of them to be there once.
const GATHER_MAX: Duration = Duration::from_secs(30);

/// All of them.
pub(super) struct Gathered {
    people: Vec<JoinHandle<()>>,
    most: usize,
}

impl Gathered {
    /// Everybody hangs up; how many there were at once.
    pub(super) fn leave(self) -> u64 {
        self.people.iter().for_each(JoinHandle::abort);
        self.most as u64
    }
}

/// Begins to hold so many connections, and waits until they are there or no more come.
pub(super) async fn gather(port: u16, crowd: Crowd, n: usize) -> Gathered {
    let held = Arc::new(AtomicUsize::new(0));
    let people: Vec<_> = (0..n)
        .map(|nth| {
            let held = Arc::clone(&held);
            tokio::spawn(async move {
                loop {
                    if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
                        held.fetch_add(1, Ordering::Relaxed);
                        stays(stream, crowd, nth).await;
                        held.fetch_sub(1, Ordering::Relaxed);
                    }
                    sleep(BACK_AFTER).await;
                }
            })
        })
        .collect();
    let (began, mut most) = (Instant::now(), 0);
    while most < n && began.elapsed() < GATHER_MAX {
        sleep(Duration::from_millis(20)).await;
        most = most.max(held.load(Ordering::Relaxed));
    }
    Gathered { people, most }
}

/// Until it is cut.
async fn stays(mut stream: TcpStream, crowd: Crowd, nth: usize) {
    let mut letter = [0];
    if crowd == Crowd::Idle {
        // whatever it says, or that it ends
        drop(stream.readable().await);
        return;
    }
    let head = "POST /v1/consent-changes HTTP/1.1\r\nhost: door\r\n";
    // some send their headers slowly, some a body
    let head = if nth.is_multiple_of(2) {
        head.to_owned()
    } else {
        format!("{head}content-length: 1000\r\n\r\n")
    };
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            // an answer, or the end
            _ = stream.read(&mut letter) => return,
            () = sleep(LETTER_EVERY) => {}
        }
        if stream.write_all(b"x").await.is_err() {
            return;
        }
    }
}
