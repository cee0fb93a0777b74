//! Promise P1 through the door: whoever was answered with success is not written to any more, over kills of the door and of a
//! broker. Thousands leave at the same time, and each is sent a message right after the answer.

use super::{PATIENCE, TOKEN, door_setup, gate, start};
use crate::harness::data::{self, Contact, Refusal};
use crate::harness::drain::drained;
use crate::harness::load::Stage;
use crate::harness::random::Random;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures, http, oracle};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Posting at a time, each over a connection of its own.
const POSTERS: usize = 32;
/// Among all who leave, so many stay: whoever blocks everybody proves nothing.
const STAYING: usize = 100;
/// What those read who have refused.
const REFUSED: [&str; 3] = ["blocked.opted_out", "blocked.objected", "blocked.complaint"];

#[test]
fn opt_outs_that_the_door_has_answered_for_count_over_kills() {
    let test = "opt_outs_that_the_door_has_answered_for_count_over_kills";
    let Some(broker) = broker::cluster(test) else { return };
    let bootstrap = &broker.bootstrap;
    let n = environment::count("DOOR", 5_000);
    let n_kills = environment::count("DOOR_KILLS", 4);
    let mut random = Random::new(test);
    let topics = Topics::create(bootstrap, "door");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = Arc::new(data::contacts("leaving", n));
    let staying = data::contacts("staying", STAYING);
    stage.opt_in(&people);
    stage.opt_in(&staying);
    let during = During::follow(bootstrap, &topics.outputs());
    let (setup, token) = gate("door", bootstrap, &topics);
    let running = setup.spawn_ready();
    let door = door_setup(&setup, &[setup.port], &token);
    let mut process = start(&door);
    process.wait_ready();

    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let posters: Vec<_> = (0..POSTERS)
        .map(|_| {
            let (stage, people, next) =
                (Arc::clone(&stage), Arc::clone(&people), Arc::clone(&next));
            let port = door.port;
            std::thread::spawn(move || leave(&stage, &people, &next, port))
        })
        .collect();
    for round in 0..n_kills {
        let mark = people.len() * (round + 1) / (n_kills + 1);
        environment::wait_until("people go on leaving", PATIENCE, || {
            next.load(Ordering::SeqCst) >= mark
        });
        std::thread::sleep(Duration::from_micros(random.range(0, 20_000) as u64));
        // the door, the door, a broker, the door
        if round % 4 == 2 {
            broker.restart(1 + round % broker::CLUSTER, true);
        } else {
            process.kill();
            process = start(&door);
        }
    }
    let mut left = Left::default();
    for poster in posters {
        left.join(poster.join().expect("everybody leaves"));
    }
    let seconds = began.elapsed().as_secs_f64();
    stage.message_all(&staying);
    drained(&stage, &during);
    let log = process.log_text();
    process.stop();
    running.stop();
    assert!(!log.contains("leaving-") && !log.contains("@mail"), "the door's log names people");
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["post_to_enforced"] = figures::percentiles(&left.enforced);
    numbers["post_to_enforced_at_once"] = figures::percentiles(&left.enforced_at_once);
    numbers["answered_accepted"] = left.n_accepted.into();
    numbers["repeated"] = left.n_again.into();
    numbers["seconds"] = seconds.round().into();
    figures::record(test, numbers);
    findings.assert_clean();
    // each of them is blocked for what they said; the others are not, whatever else may stop them at this hour
    let (mut n_refused, mut n_staying) = (0, 0);
    for output in during.records() {
        let key = output.key.as_deref().expect("a key");
        let reason = output.header("gate-reason").expect("a reason");
        let is_leaving = key.starts_with(b"leaving-");
        assert_eq!(REFUSED.contains(&reason), is_leaving, "{reason} {is_leaving}");
        n_refused += usize::from(is_leaving);
        n_staying += usize::from(!is_leaving);
    }
    assert_eq!((n_refused, n_staying), (n, STAYING), "each message has one answer");
    assert!(left.enforced.len() > n / 2, "?wait=enforced says when: {}", left.enforced.len());
}

/// How those fared who left.
#[derive(Default)]
struct Left {
    /// From the first attempt to the answer that it is in force.
    enforced: Vec<Duration>,
    /// The same of those whom the first attempt took in.
    enforced_at_once: Vec<Duration>,
    /// Answered with success, and not in force within the door's time.
    n_accepted: usize,
    /// Attempts that had no success.
    n_again: usize,
}

impl Left {
    fn join(&mut self, other: Self) {
        self.enforced.extend(other.enforced);
        self.enforced_at_once.extend(other.enforced_at_once);
        self.n_accepted += other.n_accepted;
        self.n_again += other.n_again;
    }
}

/// Posts one refusal after the other until it is answered with success, and sends that person a message at once.
fn leave(stage: &Stage, people: &[Contact], next: &AtomicUsize, port: u16) -> Left {
    let mut left = Left::default();
    loop {
        let nth = next.fetch_add(1, Ordering::SeqCst);
        let Some(person) = people.get(nth) else { return left };
        let change = person.refusal(Refusal::nth(nth), &stage.event_id(), jiff::Timestamp::now());
        let body = change.to_string();
        let (sent, n_again) = (Instant::now(), left.n_again);
        loop {
            let answered = http::ask(port, "/v1/consent-changes?wait=enforced", TOKEN, &body);
            match answered {
                Ok((200, answer)) => {
                    let answer: Value = serde_json::from_str(&answer).expect("an object");
                    if answer["state"] == "enforced" {
                        left.enforced.push(sent.elapsed());
                        if left.n_again == n_again {
                            left.enforced_at_once.push(sent.elapsed());
                        }
                    } else {
                        left.n_accepted += 1;
                    }
                    break;
                }
                Ok((503, _)) | Err(_) => {
                    left.n_again += 1;
                    std::thread::sleep(Duration::from_millis(50));
                }
                Ok((code, answer)) => panic!("{code}: {answer}"),
            }
            assert!(sent.elapsed() < PATIENCE, "it was never taken in");
        }
        stage.ledger.refused(&person.id, sent, Instant::now());
        stage.message(person);
    }
}
