//! `/v1/check` beside full message load: 500 questions a second, each about one message, while a backlog is worked off.
//!
//! Open loop: each question is due at a fixed time, and its time runs from there to the last byte of the answer, so a slow
//! answer is not hidden by asking later. Clients keep their connections, as senders do. An answer that is not what
//! the data set calls for is counted as wrong.

use crate::dataset::{Expected, Format, Message};
use crate::figures::{Check, CheckRound};
use crate::gate::Setup;
use crate::progress::say;
use crate::stage::Stage;
use crate::stats::percentile;
use crate::wait;
use crate::window::GroupProgress;
use anyhow::{Context, Result, bail};
use consent_gate::access::Token;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Questions a second, all clients together.
const CHECKS_PER_S: u32 = 500;
/// Connections.
const CLIENTS: u32 = 16;
/// Until the gate answers at all, and until one answer is there.
const STEP_MAX: Duration = Duration::from_secs(120);
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// All rounds.
pub(crate) fn run(stage: &mut Stage) -> Result<Check> {
    let rounds = stage.options.runs;
    let rounds = (1..=rounds).map(|round| one(stage, round)).collect::<Result<Vec<_>>>()?;
    Ok(Check { checks_per_s: CHECKS_PER_S, rounds })
}

fn one(stage: &mut Stage, round: usize) -> Result<CheckRound> {
    let contacts = stage.options.contacts;
    let consent = stage.consent_topic(Format::Json, contacts)?;
    let outbound = stage.backlog_topic(Format::Json, contacts)?;
    let run = stage.next_run("check");
    stage.warm(Format::Json, &consent)?;
    let mut setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
    setup.create_topics()?;
    let token = Token::random()?;
    let file = setup.dir.join("tokens.yaml");
    std::fs::write(
        &file,
        format!("- {{id: bench, role: sender, hash: \"{}\"}}\n", token.digest().text()),
    )?;
    setup
        .environment
        .push(("CONSENT_GATE__HTTP__TOKENS_FILE".to_owned(), file.display().to_string()));
    let measured = beside_load(stage, &setup, &token, round)?;
    setup.delete_topics(&stage.broker)?;
    Ok(measured)
}

fn beside_load(stage: &Stage, setup: &Setup, token: &Token, round: usize) -> Result<CheckRound> {
    let (messages, contacts) = (stage.options.messages, stage.options.contacts);
    let progress = GroupProgress::new(&stage.broker, &setup.group, &setup.topics.outbound)?;
    let mut gate = setup.spawn()?;
    wait::until("the first decision and answer", STEP_MAX, Duration::from_millis(20), || {
        gate.must_run()?;
        let asks = || {
            let mut client = Client::connect(setup.port, token).ok()?;
            client.ask(&Message::paced(0, contacts)).ok()
        };
        Ok((progress.committed()? > 0 && asks().is_some()).then_some(()))
    })?;
    let (began, committed_before) = (Instant::now(), progress.committed()?);
    let end = began + Duration::from_secs(stage.options.seconds);
    let asked = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|nth| scope.spawn(move || paced(setup.port, token, nth, contacts, began, end)))
            .collect();
        // the load must last as long as the questions
        let mut done = None;
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
            let committed = progress.committed()?;
            if committed >= messages && done.is_none() {
                done = Some(began.elapsed());
            }
        }
        let asked: Vec<Asked> = clients
            .into_iter()
            .map(|client| client.join().unwrap_or_else(|_| bail!("a client died")))
            .collect::<Result<_>>()?;
        Ok::<_, anyhow::Error>((asked, done))
    });
    let (asked, done) = asked?;
    let lasted = done.unwrap_or_else(|| began.elapsed());
    let rate = (progress.committed()? - committed_before) as f64 / lasted.as_secs_f64();
    gate.must_run()?;
    gate.stop()?;
    // only what was asked while there was load
    let under_load = |(due, _): &&(Duration, f64)| *due < lasted;
    let answers = || asked.iter().flat_map(|asked| &asked.answered);
    let answered_ms: Vec<f64> = answers().filter(under_load).map(|(_, ms)| *ms).collect();
    let idle_ms: Vec<f64> = answers().filter(|it| !under_load(it)).map(|(_, ms)| *ms).collect();
    let wrong = asked.iter().map(|asked| asked.wrong).sum();
    let refused = asked.iter().map(|asked| asked.refused).sum();
    let mut sorted = answered_ms.clone();
    sorted.sort_by(f64::total_cmp);
    let shown = |share| percentile(&sorted, share).unwrap_or(f64::NAN);
    say(&format!(
        "check round {round}: {} answers beside {rate:.0} messages/s for {:.1} s: p50 {:.1}, p99 {:.1}, max {:.1} ms; {wrong} wrong, {refused} refused",
        sorted.len(),
        lasted.as_secs_f64(),
        shown(0.5),
        shown(0.99),
        shown(1.0)
    ));
    Ok(CheckRound { round, messages_per_s: rate, answered_ms, idle_ms, wrong, refused })
}

/// What came of a client's questions: when each was due, and how long it took.
#[derive(Default)]
struct Asked {
    answered: Vec<(Duration, f64)>,
    wrong: u64,
    refused: u64,
}

fn paced(
    port: u16,
    token: &Token,
    nth: u32,
    contacts: u64,
    began: Instant,
    end: Instant,
) -> Result<Asked> {
    let every = Duration::from_secs(1) / CHECKS_PER_S;
    let mut asked = Asked::default();
    let mut client = Client::connect(port, token)?;
    for turn in 0_u32.. {
        let number = turn * CLIENTS + nth;
        let due = every * number;
        if began + due >= end {
            break;
        }
        std::thread::sleep((began + due).saturating_duration_since(Instant::now()));
        let message = Message::paced(u64::from(number), contacts);
        let answer = match client.ask(&message) {
            // a connection has an end of its own
            Err(_) => {
                client = Client::connect(port, token)?;
                client.ask(&message)?
            }
            Ok(answer) => answer,
        };
        let took = (began + due).elapsed().as_secs_f64() * 1e3;
        match answer {
            (200, body) => {
                asked.answered.push((due, took));
                let wanted = match message.expected() {
                    Expected::Approved => "\"outcome\":\"approved\"",
                    Expected::Blocked => "\"outcome\":\"blocked\"",
                };
                asked.wrong += u64::from(!body.contains(wanted));
            }
            (_, _) => asked.refused += 1,
        }
    }
    Ok(asked)
}

/// A connection that is kept.
struct Client<'t> {
    stream: TcpStream,
    token: &'t Token,
}

impl<'t> Client<'t> {
    fn connect(port: u16, token: &'t Token) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), ANSWER_MAX)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, token })
    }

    /// Status and body.
    fn ask(&mut self, message: &Message) -> Result<(u16, String)> {
        let message = String::from_utf8(message.value(Format::Json)?)?;
        let body = format!("{{\"messages\":[{message}]}}");
        let request = format!(
            "POST /v1/check HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.token.expose(),
            body.len()
        );
        self.stream.write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<(u16, String)> {
        let mut bytes = Vec::with_capacity(4_096);
        let mut part = [0; 4_096];
        loop {
            let n = self.stream.read(&mut part)?;
            if n == 0 {
                bail!("the connection ended");
            }
            bytes.extend_from_slice(part.get(..n).unwrap_or_default());
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
