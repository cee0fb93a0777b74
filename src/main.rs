//! Command line in, exit code out; everything between is in the library (`cli/mod.rs`).

use std::process::ExitCode;

fn main() -> ExitCode {
    consent_gate::cli::main().into()
}
