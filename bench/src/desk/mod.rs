//! The desk's pages, each from the request to its last byte: a person about whom much is known, her decisions explained, and
//! the first page. One browser asks one after the other; beside it run the gate that answers for the consent state, Kafka, and
//! nothing else.
//!
//! The person has 500 events and 5,000 decisions among those of many others. Every page that is counted answered 200, and one
//! in which something is missing fails the part: quick and wrong is not quick.

mod browser;
mod process;

use crate::dataset::{Contact, Format, Message};
use crate::figures::{Desk, DeskPage, DeskRun};
use crate::load::{self, Bulk};
use crate::progress::say;
use crate::stage::Stage;
use crate::stats::percentile;
use anyhow::{Result, bail};
use browser::Browser;
use process::Office;
use std::time::Instant;

/// What the person has said, and what was decided about messages to her.
const EVENTS: u64 = 500;
const DECISIONS: u64 = 5_000;
/// Decisions about others.
const OTHERS: u64 = 100_000;
/// Pages of each kind.
const PAGES: usize = 100;

/// All rounds.
pub(crate) fn run(stage: &mut Stage) -> Result<Desk> {
    let contacts = stage.options.contacts.min(OTHERS);
    let mut runs = Vec::new();
    for round in 1..=stage.options.runs {
        let run = stage.next_run("desk");
        let (consent, outbound) =
            (format!("consent-change.{run}"), format!("outbound-message.{run}"));
        stage.broker.create(&[&consent, &outbound])?;
        let ana = Contact::named("ana".to_owned());
        let client = stage.broker.client();
        load::consent(&client, &consent, Format::Json, contacts)?;
        let mut events = Bulk::new(&client)?;
        for nth in 0..EVENTS {
            events.send(&consent, &ana.id, ana.nth_event(nth)?.as_bytes())?;
        }
        events.finish()?;
        let others = (0..OTHERS).map(|n| Message::backlog(n, contacts));
        let hers = (0..DECISIONS).map(|n| Message::to(ana.clone(), n));
        let setup = stage.gate(Format::Json, &consent, &outbound, &run)?;
        let mut office = Office::open(stage, setup, &run)?;
        // hers last: they are the newest, as of somebody who complains
        load::messages(&client, &outbound, Format::Json, others.chain(hers))?;
        let measured = office.wait_for(OTHERS + DECISIONS).and_then(|()| one(&office, round));
        let peak_rss_mib = office.peak_rss_mib();
        office.close(&stage.broker)?;
        let pages = measured?;
        runs.push(DeskRun { round, pages, peak_rss_mib: peak_rss_mib? });
        stage.broker.delete(&[&consent, &outbound])?;
    }
    Ok(Desk { events: EVENTS, decisions: DECISIONS, runs })
}

fn one(office: &Office, round: usize) -> Result<Vec<DeskPage>> {
    let mut browser = Browser::sign_in(office.port(), process::OFFICER, office.token())?;
    let person = browser.look_up("ana")?;
    let mut pages = Vec::new();
    let mut measure = |what: &str, ms: Vec<f64>| {
        let mut sorted = ms.clone();
        sorted.sort_by(f64::total_cmp);
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| percentile(&sorted, share));
        say(&format!(
            "desk round {round}: {what}: p50 {:.1}, p99 {:.1}, max {:.1} ms, n = {}",
            p50.unwrap_or(0.0),
            p99.unwrap_or(0.0),
            max.unwrap_or(0.0),
            sorted.len()
        ));
        pages.push(DeskPage { what: what.to_owned(), ms });
    };
    measure(
        "person",
        timed(std::iter::repeat_n(person.clone(), PAGES), &browser, "id=\"decided\"")?,
    );
    // page after page to older decisions, each by what the one before says
    let (mut path, mut ms) = (person.clone(), Vec::new());
    while ms.len() < PAGES {
        let (page, took) = browser.page(&path, "id=\"decided\"")?;
        ms.push(took);
        let older = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let mut older = older.filter(|href| href.starts_with(&person) && href.contains("cursor="));
        path = match older.next() {
            Some(href) => href.replace("&amp;", "&"),
            None => person.clone(),
        };
    }
    measure("person, older decisions", ms);
    let hers = browser.decisions(&person)?;
    let hers = (0..PAGES).map(|nth| hers.get(nth % hers.len().max(1)).cloned().unwrap_or_default());
    measure("decision, of the person", timed(hers, &browser, "id=\"steps\"")?);
    let others = browser.decisions("/decisions?outcome=blocked")?;
    let others =
        (0..PAGES).map(|nth| others.get(nth % others.len().max(1)).cloned().unwrap_or_default());
    measure("decision, of others", timed(others, &browser, "id=\"steps\"")?);
    measure("overview", timed(std::iter::repeat_n("/".to_owned(), PAGES), &browser, "id=\"why\"")?);
    Ok(pages)
}

/// How long each took, in milliseconds.
fn timed(paths: impl Iterator<Item = String>, browser: &Browser, has: &str) -> Result<Vec<f64>> {
    paths.map(|path| Ok(browser.page(&path, has)?.1)).collect()
}

/// Milliseconds that something took.
fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

/// What lies between two marks of a page.
fn between<'p>(page: &'p str, before: &str, after: &str) -> Result<&'p str> {
    let found = page.split(before).nth(1).and_then(|rest| rest.split(after).next());
    match found {
        Some(found) if !found.is_empty() => Ok(found),
        Some(_) | None => bail!("a page of the desk has no `{before}`"),
    }
}
