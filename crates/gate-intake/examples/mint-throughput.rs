//! What a link costs: `cargo run --release -p gate-intake --example mint-throughput`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program to look at"
)]

use gate_intake::{TokenContent, TokenKeys, TokenKind};
use std::hint::black_box;
use std::time::Instant;

const LINKS: u32 = 200_000;

fn main() {
    let keys = TokenKeys::new(&[(1, [7; 32])], 1).unwrap();
    let mut rounds: Vec<f64> = (0..5)
        .map(|round| {
            let began = Instant::now();
            for nth in 0..LINKS {
                let content = TokenContent {
                    contact_id: Some(format!("contact-{nth}")),
                    address: Some(format!("somebody-{nth}@mail.example")),
                    brand: Some("acme".to_owned()),
                    channel: Some("email".to_owned()),
                    purpose: Some("marketing.newsletter".to_owned()),
                    message_id: Some(format!("message-{round}-{nth}")),
                    jurisdiction: Some("GB".to_owned()),
                    ..TokenContent::default()
                };
                black_box(keys.mint(TokenKind::Unsubscribe, &content).unwrap());
            }
            began.elapsed().as_secs_f64() * 1e6 / f64::from(LINKS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    println!("{:.2} µs a link (median of 5 rounds of {LINKS}; {rounds:.2?})", rounds[2]);
}
