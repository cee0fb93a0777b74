//! The gate with switches that break its promises on purpose (feature `fault-injection`), so that tests can
//! prove that they would notice. Never shipped.

use std::process::ExitCode;

fn main() -> ExitCode {
    consent_gate::cli::main().into()
}
