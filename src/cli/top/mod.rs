//! `consent-gate top`: the promise, rates, reasons, lag and holds of running gates, on one screen.
//!
//! Asks `/status` of each instance, so it works from anywhere that can reach them and changes nothing. What an instance says
//! is a [`Snapshot`](crate::status::Snapshot); `figures.rs` is what is made of several, `screen.rs` and `sections.rs` how it
//! looks, all three pure. Invariant: figures of an instance that does not answer never look like current ones.

mod figures;
mod hold;
mod ink;
mod number;
mod scrape;
mod screen;
mod sections;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::widgets::Paragraph;

use super::{ExitCode, Failure};
use figures::{Figures, Instance, Scraped, Standing};
use scrape::Scraper;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where a gate's `http.listen` is; several, each with its own --url, are shown as one
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    urls: Vec<String>,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = interval)]
    interval: f64,
    /// Print one screen as text and end; looks twice, for the rates
    #[arg(long)]
    once: bool,
    /// No colours; the variable NO_COLOR does the same
    #[arg(long, visible_alias = "no-color")]
    no_colour: bool,
}

/// How often keys and signals are looked at.
const TICK: Duration = Duration::from_millis(200);
/// Rates kept for the line of bars.
const BARS_MAX: usize = 240;
/// A page without a terminal: as wide as a screen, as long as need be.
const PAGE: (u16, u16) = (100, 60);

fn interval(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| (0.2..=3_600.0).contains(seconds));
    seconds.ok_or_else(|| "from 0.2 to 3600 seconds".to_owned())
}

/// Everything that is known, and how to show it.
struct App {
    instances: Vec<Instance>,
    /// Decisions a second, newest last; the gaps of an unreachable gate stay out.
    bars: VecDeque<f64>,
    paused: Option<Instant>,
    has_colour: bool,
}

impl App {
    fn take(&mut self, scraped: Vec<Scraped>) {
        for (instance, scraped) in self.instances.iter_mut().zip(scraped) {
            instance.take(scraped);
        }
        let decisions = figures::figures(&self.instances).and_then(|figures| figures.decisions);
        let answers = self.instances.iter().any(|i| i.is_answering());
        if let Some(decisions) = decisions.filter(|_| answers) {
            self.bars.push_back(decisions.all());
            if self.bars.len() > BARS_MAX {
                self.bars.pop_front();
            }
        }
    }

    fn view(&self, now: Instant) -> View {
        let standings: Vec<(String, Standing)> = self
            .instances
            .iter()
            .map(|instance| (instance.name.clone(), instance.standing(now)))
            .collect();
        let ages = standings.iter().map(|(_, standing)| match standing {
            Standing::Unreachable { age, .. } => Some(*age),
            Standing::Unknown | Standing::Ready | Standing::NotReady(_) | Standing::Older(_) => {
                None
            }
        });
        // only when nobody answers are old figures shown at all
        let stale = ages.collect::<Option<Vec<_>>>().map(|ages| ages.into_iter().flatten().min());
        View {
            standings,
            figures: figures::figures(&self.instances),
            stale: stale.flatten(),
            paused: self.paused.map(|since| now.saturating_duration_since(since)),
            bars: self.bars.iter().copied().collect(),
            now_unix: super::output::now_millis() as f64 / 1e3,
            has_colour: self.has_colour,
            is_page: false,
        }
    }
}

/// One screen's worth.
#[derive(Clone, Debug)]
struct View {
    standings: Vec<(String, Standing)>,
    figures: Option<Figures>,
    /// How old the figures are, when nobody answers.
    stale: Option<Duration>,
    paused: Option<Duration>,
    bars: Vec<f64>,
    /// For ages of what carries a wall clock.
    now_unix: f64,
    has_colour: bool,
    /// Text on paper: no keys.
    is_page: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asked_for_none =
        arguments.no_colour || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let scraper = Scraper::new(&arguments.urls)?;
    let mut app = App {
        instances: scraper.names().into_iter().map(Instance::new).collect(),
        bars: VecDeque::new(),
        paused: None,
        has_colour: !asked_for_none,
    };
    let interval = Duration::from_secs_f64(arguments.interval);
    if arguments.once {
        return once(&mut app, &scraper, interval);
    }
    if !io::stdout().is_terminal() {
        let text = "standard output is no terminal; use `--once` for one screen as text";
        return Err(Failure::new(ExitCode::Usage, text));
    }
    let stop = super::signals::stop_signal()?;
    let updates = scraper.follow(interval)?;
    // also restores the terminal when something panics
    let mut terminal = ratatui::try_init()?;
    let result = watch(&mut terminal, &mut app, &updates, &stop);
    ratatui::try_restore()?;
    Ok(result?)
}

/// Two looks, one page. Nobody who answers is a failure, so that scripts can tell.
fn once(app: &mut App, scraper: &Scraper, interval: Duration) -> Result<(), Failure> {
    app.take(scraper.scrape()?);
    std::thread::sleep(interval);
    app.take(scraper.scrape()?);
    let view = View { has_colour: false, is_page: true, ..app.view(Instant::now()) };
    let (width, height) = PAGE;
    let mut out = io::stdout().lock();
    for line in screen::lines(&view, width, height) {
        writeln!(out, "{}", line.to_string().trim_end())?;
    }
    out.flush()?;
    if app.instances.iter().any(Instance::is_answering) {
        return Ok(());
    }
    let is_older = |(_, standing): &(String, Standing)| matches!(standing, Standing::Older(_));
    let why = if view.standings.iter().any(is_older) {
        "no instance of this version answers"
    } else {
        "no instance answers; is `--url` right?"
    };
    Err(Failure::new(ExitCode::TryAgain, why))
}

fn watch(
    terminal: &mut DefaultTerminal,
    app: &mut App,
    updates: &std::sync::mpsc::Receiver<Vec<Scraped>>,
    stop: &AtomicBool,
) -> io::Result<()> {
    while !stop.load(Ordering::Relaxed) {
        while let Ok(scraped) = updates.try_recv() {
            if app.paused.is_none() {
                app.take(scraped);
            }
        }
        let view = app.view(app.paused.unwrap_or_else(Instant::now));
        let view = View { paused: app.paused.map(|since| since.elapsed()), ..view };
        terminal.draw(|frame| {
            let area = frame.area();
            frame
                .render_widget(Paragraph::new(screen::lines(&view, area.width, area.height)), area);
        })?;
        if event::poll(TICK)?
            && let Event::Key(key) = event::read()?
            && key.kind == KeyEventKind::Press
        {
            match key.code {
                KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Ok(());
                }
                KeyCode::Char('p' | ' ') => {
                    app.paused = if app.paused.is_some() { None } else { Some(Instant::now()) };
                }
                _ => {}
            }
        }
    }
    Ok(())
}
