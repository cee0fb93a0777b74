//! `gate-bench`: how fast the gate is, beside Kafka Streams and beside the floor of the client library.
//!
//! ```text
//! cli ─▶ parts ─▶ throughput │ … ─▶ figures ─▶ table │ report
//!                     └── stage: broker, data set, gate, floor, peer; window: what counts as measured
//! ```
//! The gate that is measured is the program itself, in a process of its own, with nothing switched off. Everything
//! that takes part runs on this machine, one after the other, alternating; ratios are taken within one run.

mod arrivals;
mod barrier;
mod broker;
mod check;
mod cli;
mod dataset;
mod desk;
mod door;
mod enforcement;
mod figures;
mod floor;
mod gate;
mod http;
mod latency;
mod load;
mod machine;
mod paced;
mod parts;
mod peer;
mod process;
mod progress;
mod recovery;
mod report;
mod restore;
mod scaling;
mod stage;
mod stats;
mod store;
mod table;
mod targets;
mod throughput;
mod wait;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gate-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
