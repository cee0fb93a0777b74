//! `consent-gate demo`: the real pipeline against librdkafka's mock cluster inside this process.
//!
//! No broker, no Java, no Docker. A cast of people and what must be decided about them is in `cast.rs`; the
//! demo feeds them in, reads the decisions back from the output topics and compares. Then it opts somebody
//! out live and shows the next message blocked, and goes on doing so at the press of a key. `page.rs` is the same for
//! a browser.
//!
//! The mock forgets everything at exit and has no real transactions: it exists only in here, and no
//! configuration file can reach it. It listens on this machine alone.
#![allow(clippy::print_stdout, reason = "the demo talks to a person")]

mod board;
mod cast;
mod home;
mod keys;
mod page;
mod stage;

use crate::config::{Config, ConfigError};
use crate::desk;
use crate::exit::ExitCode;
use crate::service::{RunError, start};
use crate::shutdown::{Shutdown, on_signals};
use crate::status::Status;
use board::{Board, Line};
use cast::{Person, Scene};
use comfy_table::{Table, presets};
use home::Home;
use keys::Keys;
use stage::{Audience, Stage, StageError};
use std::time::{Duration, Instant};

/// How long the decisions may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A wait that is longer says what it waits for.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// The demo did not work.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The mock cluster.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The built-in configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The gate itself.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file or the runtime.
    #[error("demo: {0}")]
    Io(#[from] std::io::Error),
    /// Decisions differ from the table.
    #[error("{n_different} of {n_all} decisions differ from what is expected")]
    Different {
        /// How many.
        n_different: usize,
        /// Of how many.
        n_all: usize,
    },
}

impl DemoError {
    /// How the process ends.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Run(error) => error.exit_code(),
            Self::Stage(_) | Self::Config(_) | Self::Io(_) | Self::Different { .. } => {
                ExitCode::Internal
            }
        }
    }
}

/// Plays the cast; with `once` ends there, otherwise serves until a signal.
///
/// # Errors
/// When something fails, or a decision differs from the table.
pub fn run(once: bool) -> Result<(), DemoError> {
    let began = Instant::now();
    println!(
        "consent-gate demo: a Kafka cluster inside this process, the real pipeline, six people.\n"
    );
    let home = Home::new()?;
    let stage = Stage::new()?;
    let config = Config::load(&home.write_config(stage.bootstrap())?)?;
    let scenes = cast::scenes();
    // everything is acknowledged before the gate starts: also Farid's STOP, sent after his message was queued
    for scene in &scenes {
        stage.play(scene)?;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let shutdown = Shutdown::default();
    on_signals(&runtime, &shutdown)?;
    let board = Board::new(&scenes, cast::people());
    let front = page::front(board.clone());
    let Some(running) = start(&config, runtime.handle(), shutdown.clone(), Some(front))? else {
        return Ok(());
    };
    let mut show = Show {
        audience: stage.audience()?,
        stage,
        scenes,
        board,
        status: std::sync::Arc::clone(&running.status),
        shutdown: shutdown.clone(),
        n_changes: 0,
    };
    let address = running.http_address;
    let to_paste = home.lines_to_paste(show.stage.bootstrap(), address)?;
    show.board.open().lines_to_paste.clone_from(&to_paste);
    let waiter =
        std::thread::Builder::new().name("demo-service".into()).spawn(|| running.wait())?;

    let mut n_different = show.play_cast(began);
    n_different += usize::from(!show.opt_out_live()?);
    let n_all = show.scenes.len() + 1;
    if n_different == 0 {
        println!("\nAll {n_all} decisions are as expected.");
    }
    if !once && !shutdown.is_requested() {
        println!("\nThe gate keeps running.");
        println!("  in a browser  http://{address}/");
        let desk = home.write_desk_config(show.stage.bootstrap(), address)?;
        // whoever looks around here is nobody's officer, and everybody in it is made up: no sign-in
        match runtime.block_on(desk::start(Config::load(&desk)?, &shutdown, true)) {
            Ok(desk) => {
                println!(
                    "  the desk      http://{}/    why each message was decided so",
                    desk.address
                );
                runtime.spawn(desk.wait());
            }
            Err(failure) => println!("  the desk      does not start: {}", failure.message()),
        }
        println!("  Kafka         {}", show.stage.bootstrap());
        for (what, line) in &to_paste {
            // not indented: a here-document would not end
            println!("\n{what}\n\n{line}");
        }
        println!(
            "\nWhat next: `consent-gate policy export` writes the rules for you to read; README, \"Run it\", is the"
        );
        println!("way to your own Kafka; docs/concepts.md says how it works.\n");
        show.keep_on()?;
    }
    shutdown.request();
    // a panic of the service ends the process in the panic hook
    if let Ok(result) = waiter.join() {
        result?;
    }
    if n_different > 0 {
        return Err(DemoError::Different { n_different, n_all });
    }
    Ok(())
}

/// Everything the demo plays with.
struct Show {
    // dropped before the cluster it reads from, or its client complains that this is gone
    audience: Audience,
    stage: Stage,
    scenes: Vec<Scene>,
    board: Board,
    status: std::sync::Arc<Status>,
    shutdown: Shutdown,
    n_changes: usize,
}

/// What came of a change of mind.
struct Change {
    acknowledged: Duration,
    /// From sending the message to its decision, and the reason.
    decided: Option<(Duration, String)>,
}

impl Show {
    /// Waits for the decisions of the scenes, prints the table and returns how many differ.
    fn play_cast(&mut self, began: Instant) -> usize {
        let deadline = Instant::now() + PATIENCE;
        let mut waits = Waits::default();
        let is_undecided =
            |board: &Board| board.open().rows.iter().any(|row| row.decided.is_none());
        while is_undecided(&self.board) && self.goes_on(deadline) {
            for seen in self.audience.poll() {
                let mut shown = self.board.open();
                if shown.first_decision.is_none() {
                    let first = seen.at - began;
                    shown.first_decision = Some(first);
                    println!("first decision {:.1} s after the start\n", first.as_secs_f64());
                }
                shown.note(&seen, &self.scenes, None);
            }
            waits.say(&self.status);
        }
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["who", "what happened", "message", "expected", "decided", ""]);
        let mut n_different = 0;
        for row in &self.board.open().rows {
            let decided = row.decided.as_deref().unwrap_or("nothing");
            let is_right = decided == row.expected;
            n_different += usize::from(!is_right);
            let mark = if is_right { "ok" } else { "DIFFERENT" };
            table.add_row([row.who, row.story, row.message, row.expected, decided, mark]);
        }
        println!("{table}");
        n_different
    }

    /// Ana's newsletter was approved; she opts out and the same newsletter is sent again at once.
    fn opt_out_live(&mut self) -> Result<bool, DemoError> {
        println!(
            "\nNow live: Ana opts out of e-mail, and the newsletter she got is sent again at once."
        );
        let Change { acknowledged, decided } = self.change_mind(0)?;
        let Some((took, reason)) = decided else {
            println!("  no decision came");
            return Ok(false);
        };
        println!("  opt-out acknowledged by the broker after {:.1} ms", millis(acknowledged));
        println!("  message decided {:.1} ms after it was sent: {reason}", millis(took));
        Ok(reason == "blocked.opted_out")
    }

    /// Whoever has this place among the people says the opposite of before; a newsletter follows at once.
    fn change_mind(&mut self, place: usize) -> Result<Change, DemoError> {
        let (person, is_in) = {
            let mut shown = self.board.open();
            let Some(standing) = shown.people.get_mut(place) else {
                return Ok(Change { acknowledged: Duration::ZERO, decided: None });
            };
            standing.is_in = !standing.is_in;
            (standing.person.clone(), standing.is_in)
        };
        self.n_changes += 1;
        let n = self.n_changes;
        let acknowledged = self.stage.consent(&person.change(n, is_in))?;
        let message = person.newsletter(n);
        let sent = Instant::now();
        self.stage.message(&message)?;
        let message_id = format!("{}{n}", person.message_prefix());
        let deadline = Instant::now() + PATIENCE;
        let (mut decided, mut waits) = (None, Waits::default());
        while decided.is_none() && self.goes_on(deadline) {
            for seen in self.audience.poll() {
                let is_ours = seen.message_id == message_id;
                let took = is_ours.then(|| seen.at - sent);
                let mut shown = self.board.open();
                shown.note(&seen, &self.scenes, took);
                if let Some(took) = took {
                    let reason = seen.reason.clone();
                    shown.live = Some((person.name.to_owned(), acknowledged, took, reason.clone()));
                    decided = Some((took, reason));
                }
            }
            waits.say(&self.status);
        }
        Ok(Change { acknowledged, decided })
    }

    /// Shows what is decided and does what is pressed, until somebody ends it.
    fn keep_on(&mut self) -> Result<(), DemoError> {
        let keys = Keys::open();
        let people: Vec<Person> = cast::people();
        match keys {
            Some(_) => {
                let names: Vec<String> =
                    people.iter().map(|person| format!("{} {}", person.key, person.name)).collect();
                println!(
                    "Press a key and somebody changes their mind: {}. q ends it.",
                    names.join(", ")
                );
            }
            None => println!("Ctrl-C ends it."),
        }
        while !self.shutdown.is_requested() {
            for seen in self.audience.poll() {
                let line = self.board.open().note(&seen, &self.scenes, None);
                let Line { at, who, message, reason, .. } = line;
                println!("{at}  {who}, {message}: {reason}");
            }
            let Some(key) = keys.as_ref().and_then(Keys::next) else { continue };
            match people.iter().position(|person| person.key == key) {
                Some(place) => self.pressed(place, &people)?,
                None if key == 'q' => return Ok(()),
                None => {}
            }
        }
        Ok(())
    }

    fn pressed(&mut self, place: usize, people: &[Person]) -> Result<(), DemoError> {
        let Some(person) = people.get(place) else { return Ok(()) };
        let Change { acknowledged, decided } = self.change_mind(place)?;
        let is_in = self.board.open().people.get(place).is_some_and(|standing| standing.is_in);
        let what = if is_in { "opts in" } else { "opts out" };
        let decided = match decided {
            Some((took, reason)) => {
                format!("the next newsletter, sent at once: {reason} after {:.1} ms", millis(took))
            }
            None => "no decision came".to_owned(),
        };
        println!(
            "{} {what} (acknowledged after {:.1} ms); {decided}",
            person.name,
            millis(acknowledged)
        );
        Ok(())
    }

    fn goes_on(&self, deadline: Instant) -> bool {
        Instant::now() < deadline && !self.shutdown.is_requested()
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Says what a long wait is for, each thing once.
struct Waits {
    since: Instant,
    said: Vec<String>,
}

impl Default for Waits {
    fn default() -> Self {
        Self { since: Instant::now(), said: Vec::new() }
    }
}

impl Waits {
    fn say(&mut self, status: &Status) {
        if self.since.elapsed() < SILENCE_MAX {
            return;
        }
        let reasons = status.ready().reasons;
        if reasons != self.said {
            let text =
                if reasons.is_empty() { "a decision".to_owned() } else { reasons.join("; ") };
            println!("waiting for: {text}");
            self.said = reasons;
        }
        self.since = Instant::now();
    }
}
