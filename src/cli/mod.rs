//! The command line: one file per subcommand, each a function from arguments to [`Failure`] or nothing.
//!
//! People get tables and sentences on standard output, programs `--json`; complaints and progress go to standard
//! error. Invariant: every way out has one of the exit codes of `exit/`, and a closed pipe is a clean end.

mod check;
mod config;
mod consent;
mod demo;
mod desk;
mod doctor;
mod door;
mod explain;

mod generate;
mod health;
mod import;
mod ledger;
mod mail;
mod mapping;
mod moment;
mod output;
mod person;
mod policy;
mod reasons;
mod reconcile;
mod report;
mod run;
mod shape;
mod signals;
mod state;
mod tap;
mod token;
mod top;
mod topic_settings;
mod topics;
mod unsubscribe;
mod version;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use crate::exit::{ExitCode, Failure};

use crate::exit::OrFail as _;

/// A consent gate on Kafka: no message leaves that its recipient has refused.
#[derive(Debug, Parser)]
#[command(name = "consent-gate", version = version::TEXT.as_str(), propagate_version = false, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 clean, 1 the answer is no or may lack something, 64 usage, 70 internal, 74 storage, 75 try again, 77 credentials or ACL, 78 configuration."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

impl clap::ValueEnum for crate::decisions::Outcome {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.as_str().into())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gate until SIGTERM or Ctrl-C
    Run(ConfigFile),
    /// Run the desk: pages and an API for whoever looks decisions and people up
    Desk(ConfigFile),
    /// Run the people's door: opt-outs from providers, programs, mail and links become consent changes
    Door(door::Door),
    /// Run the gate on a Kafka inside this process, with a sample cast
    Demo(demo::Arguments),
    /// Check brokers, topics, rights, registry, state and clock; name each fix
    Doctor(doctor::Arguments),
    /// Ask a running gate whether it is alive or ready
    Health(health::Arguments),
    /// Topics the gate reads and writes
    #[command(subcommand)]
    Topics(topics::Topics),
    /// Unreadable consent changes, texts to read, and the proof behind a decision
    #[command(subcommand)]
    Consent(consent::Consent),
    /// Look at the checkpoints of the consent store
    #[command(subcommand)]
    State(state::StateCommand),
    /// Follow decisions live; shows no key, address or content
    Tap(tap::Arguments),
    /// Send sample traffic: made-up people, their consent, and messages to them
    Generate(generate::Arguments),
    /// Watch running gates: the promise, rates, reasons, lag and holds on one screen
    Top(top::Arguments),
    /// Check policy packs, and run decision cases against them
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Decisions counted since a point in time; who was written to; the record of processing activities
    Report(report::Report),
    /// Check records before they are sent: readable as what, which field is wrong, what the packs would want
    Check(check::Arguments),
    /// Say step by step why a message was decided as it was
    Explain(explain::Arguments),
    /// Make tokens for machines that ask the gate
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Hand a report by mail on standard input to the door, for mail transfer agents
    Mail(mail::Arguments),
    /// Check and try how a producer's own records become ours
    #[command(subcommand)]
    Mapping(mapping::MappingCommand),
    /// Look at a list of people's consent, write it, take it back
    Import(Box<import::Arguments>),
    /// Compare a provider's suppression list with the consent here, and write what is missing on either side
    Reconcile(reconcile::Arguments),
    /// Keys and links with which people unsubscribe
    #[command(subcommand)]
    Unsubscribe(unsubscribe::UnsubscribeCommand),
    /// A log of all decisions and consent changes that shows tampering: follow, verify, prove
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

/// The argument that nearly every command has.
#[derive(Debug, Args)]
struct ConfigFile {
    /// Configuration file (YAML); `consent-gate config reference` lists its keys
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    path: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> Result<crate::config::Config, Failure> {
        Ok(crate::config::Config::load(&self.path)?)
    }
}

/// An event loop for the few questions that have asynchronous answers.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_fail_at(ExitCode::TryAgain, || "cannot start an event loop".to_owned())
}

/// Whether the program would understand these arguments; nothing is run. For tests of what the pages tell people to type.
///
/// # Errors
/// What it would say about them.
pub fn check_arguments(arguments: &[String]) -> Result<(), String> {
    let all = std::iter::once("consent-gate").chain(arguments.iter().map(String::as_str));
    match Cli::try_parse_from(all) {
        // help and version come as errors, and are none
        Err(error) if error.use_stderr() => Err(error.to_string()),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Parses the arguments, runs the command, reports what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, and are no errors.
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Clean };
            return match error.print() {
                Ok(()) => code,
                Err(source) => Failure::from(source).code(),
            };
        }
    };
    let result = match cli.command {
        Command::Run(file) => run::run(&file),
        Command::Desk(file) => desk::run(&file),
        Command::Door(arguments) => door::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
        Command::Topics(topics::Topics::Create(arguments)) => topics::create(&arguments),
        Command::Consent(command) => consent::run(&command),
        Command::State(command) => state::run(&command),
        Command::Tap(arguments) => tap::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Top(arguments) => top::run(&arguments),
        Command::Policy(command) => policy::run(&command),
        Command::Report(command) => report::run(&command),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Token(command) => token::run(&command),
        Command::Mail(arguments) => mail::run(&arguments),
        Command::Mapping(command) => mapping::run(&command),
        Command::Import(arguments) => import::run(&arguments),
        Command::Reconcile(arguments) => reconcile::run(&arguments),
        Command::Unsubscribe(command) => unsubscribe::run(&command),
        Command::Ledger(command) => ledger::run(&command),
        Command::Config(command) => config::run(&command),
    };
    match result {
        Ok(()) => ExitCode::Clean,
        Err(failure) => {
            failure.report();
            failure.code()
        }
    }
}
