//! A small TCP proxy that understands just enough of the Kafka protocol to hold back one `EndTxn`.
//!
//! What it stages is KAFKA-17754: the request is swallowed and the client's connection cut, the client
//! retries, the retry commits; then, at a moment while the next transaction runs, the first request
//! reaches the broker on a connection of its own and commits half of that transaction.
//!
//! Clients reach it through a broker listener whose advertised address is the proxy, so nothing has to be
//! rewritten. Request frames: length i32, api_key i16, api_version i16, correlation_id i32, client_id.

use crate::harness::markers::Producer;
use std::io::{Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

const END_TXN: i16 = 26;
/// Produce, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit: the steps of a transaction.
const STEPS: [i16; 5] = [0, 24, 25, END_TXN, 28];
const FRAME_BYTES_MAX: usize = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do with the next `EndTxn`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Cut the client's connection at once; otherwise leave the client waiting for an answer.
    pub(crate) cut: bool,
    /// Deliver after the transactional id has shown this many further steps, the retry being the first.
    pub(crate) steps: usize,
    /// How long after that step.
    pub(crate) pause: Duration,
}

/// How far the plan has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Everything passes.
    Idle,
    /// The next `EndTxn` is held.
    Armed,
    /// One is held.
    Held,
    /// It was delivered; the broker's error code.
    Delivered(i16),
}

#[derive(Debug)]
enum State {
    Idle,
    Armed(Plan),
    Held { plan: Plan, frame: Vec<u8>, id: Vec<u8>, steps: usize },
    Delivered(i16),
}

#[derive(Debug)]
struct Shared {
    broker: SocketAddr,
    state: Mutex<State>,
    stop: AtomicBool,
}

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on `port` and passes everything on to the broker.
    pub(crate) fn start(port: u16, broker: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the proxy's port is free");
        let shared = Arc::new(Shared {
            broker,
            state: Mutex::new(State::Idle),
            stop: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_thread.stop.load(Ordering::Relaxed) {
                    break;
                }
                // a broker that is away looks to the client like a proxy that closes
                if let Ok(broker) = TcpStream::connect_timeout(&of_thread.broker, PATIENCE) {
                    connect(&of_thread, client, broker);
                }
            }
        });
        Self { shared }
    }

    /// Holds the next `EndTxn`.
    pub(crate) fn arm(&self, plan: Plan) {
        *self.shared.state() = State::Armed(plan);
    }

    /// How far the plan has come.
    pub(crate) fn stage(&self) -> Stage {
        match *self.shared.state() {
            State::Idle => Stage::Idle,
            State::Armed(_) => Stage::Armed,
            State::Held { .. } => Stage::Held,
            State::Delivered(code) => Stage::Delivered(code),
        }
    }

    /// Whose request is held.
    pub(crate) fn held_producer(&self) -> Option<Producer> {
        match &*self.shared.state() {
            State::Held { frame, id, .. } => producer(frame, id),
            _ => None,
        }
    }

    /// Delivers what is held now, whatever the plan says.
    pub(crate) fn deliver_now(&self) {
        self.shared.deliver(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // the listener's thread notices at the next connection, at the latest when the process ends
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream, broker: TcpStream) {
    for stream in [&client, &broker] {
        stream.set_nodelay(true).ok();
    }
    let pair = client.try_clone().and_then(|c| Ok((c, broker.try_clone()?)));
    let Ok((client_reads, broker_writes)) = pair else {
        return;
    };
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        pass_requests(&shared, client_reads, broker_writes).ok(); // either side has closed
    });
    std::thread::spawn(move || {
        let (mut from, mut to) = (broker, client);
        std::io::copy(&mut from, &mut to).ok(); // either side has closed
        from.shutdown(Shutdown::Both).ok();
        to.shutdown(Shutdown::Both).ok();
    });
}

fn pass_requests(shared: &Shared, mut client: TcpStream, mut broker: TcpStream) -> Result<()> {
    let end = |client: &TcpStream, broker: &TcpStream| {
        client.shutdown(Shutdown::Both).ok();
        broker.shutdown(Shutdown::Both).ok();
    };
    loop {
        let frame = match read_frame(&mut client) {
            Ok(frame) => frame,
            Err(error) => {
                end(&client, &broker);
                return Err(error);
            }
        };
        match shared.look_at(&frame) {
            Verdict::Pass => broker.write_all(&frame)?,
            Verdict::Swallow => {}
            Verdict::Cut => {
                end(&client, &broker);
                return Ok(());
            }
            Verdict::DeliverAfter(pause) => {
                broker.write_all(&frame)?;
                std::thread::sleep(pause);
                shared.deliver(false);
            }
        }
    }
}

enum Verdict {
    Pass,
    Swallow,
    Cut,
    DeliverAfter(Duration),
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the state locked")
    }

    fn look_at(&self, frame: &[u8]) -> Verdict {
        let mut state = self.state();
        let Some(api_key) = api_key(frame).filter(|key| STEPS.contains(key)) else {
            return Verdict::Pass;
        };
        match &mut *state {
            State::Armed(plan) if api_key == END_TXN => {
                let (plan, id) = (*plan, transactional_id(frame));
                *state = State::Held { plan, frame: frame.to_vec(), id, steps: 0 };
                if plan.cut { Verdict::Cut } else { Verdict::Swallow }
            }
            State::Held { plan, id, steps, .. } if contains(frame, id) => {
                *steps += 1;
                if *steps == plan.steps { Verdict::DeliverAfter(plan.pause) } else { Verdict::Pass }
            }
            _ => Verdict::Pass,
        }
    }

    /// Sends the held request on a connection of its own and waits for the answer.
    fn deliver(&self, _now: bool) {
        let frame = match &*self.state() {
            State::Held { frame, .. } => frame.clone(),
            _ => return,
        };
        let code = deliver(self.broker, &frame).unwrap_or(i16::MIN);
        *self.state() = State::Delivered(code);
    }
}

/// The error code of the answer. `EndTxn` answers: correlation_id i32, throttle i32, error i16.
fn deliver(broker: SocketAddr, frame: &[u8]) -> Result<i16> {
    let mut stream = TcpStream::connect_timeout(&broker, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(frame)?;
    let answer = read_frame(&mut stream)?;
    let flexible = i16_at(frame, 6).is_some_and(|version| version >= 3);
    // the flexible answer header has one more byte, an empty list of tags
    let code = i16_at(&answer, 4 + 4 + usize::from(flexible) + 4);
    Ok(code.unwrap_or(i16::MIN))
}

fn read_frame(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let n = u32::from_be_bytes(length) as usize;
    if n > FRAME_BYTES_MAX {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut frame = length.to_vec();
    frame.resize(4 + n, 0);
    stream.read_exact(&mut frame[4..])?;
    Ok(frame)
}

fn i16_at(bytes: &[u8], at: usize) -> Option<i16> {
    let pair = bytes.get(at..at + 2)?;
    Some(i16::from_be_bytes([pair[0], pair[1]]))
}

fn api_key(frame: &[u8]) -> Option<i16> {
    i16_at(frame, 4)
}

/// The transactional id of an `EndTxn`, its first field.
fn transactional_id(frame: &[u8]) -> Vec<u8> {
    let client_id_length = i16_at(frame, 12).unwrap_or(-1).max(0) as usize;
    let body = 14 + client_id_length;
    let flexible = i16_at(frame, 6).is_some_and(|version| version >= 3);
    let (start, length) = if flexible {
        // an empty list of tags, then a compact string: length + 1 as a short varint
        let length = frame.get(body + 1).copied().unwrap_or(1).saturating_sub(1);
        (body + 2, usize::from(length))
    } else {
        (body + 2, i16_at(frame, body).unwrap_or(0).max(0) as usize)
    };
    frame.get(start..start + length).unwrap_or(&[]).to_vec()
}

/// Behind the id in an `EndTxn`: producer id i64, epoch i16.
fn producer(frame: &[u8], transactional_id: &[u8]) -> Option<Producer> {
    let n = transactional_id.len();
    // the client's own id may begin alike; the request's comes last
    let at = frame.windows(n).rposition(|window| window == transactional_id)? + n;
    let id = i64::from_be_bytes(frame.get(at..at + 8)?.try_into().ok()?);
    Some(Producer { id, epoch: i16_at(frame, at + 8)? })
}

fn contains(frame: &[u8], id: &[u8]) -> bool {
    !id.is_empty() && frame.windows(id.len()).any(|window| window == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_txn(version: i16) -> Vec<u8> {
        let mut frame = vec![0, 0, 0, 0];
        for part in [&END_TXN.to_be_bytes()[..], &version.to_be_bytes(), &7_i32.to_be_bytes()] {
            frame.extend_from_slice(part);
        }
        frame.extend_from_slice(&[0, 3]);
        frame.extend_from_slice(b"cli");
        if version >= 3 {
            frame.extend_from_slice(&[0, 5]);
        } else {
            frame.extend_from_slice(&[0, 4]);
        }
        frame.extend_from_slice(b"gate rest");
        frame
    }

    #[test]
    fn the_transactional_id_is_found_in_old_and_new_frames() {
        assert_eq!(transactional_id(&end_txn(1)), b"gate");
        assert_eq!(transactional_id(&end_txn(4)), b"gate");
        assert_eq!(transactional_id(&[0; 6]), b"");
    }
}
