//! Command line: arguments, configuration, run, exit code, and nothing else.
fn main() {}
