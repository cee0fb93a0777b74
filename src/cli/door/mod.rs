//! `consent-gate door`: the service that takes opt-outs from anywhere, until SIGTERM or Ctrl-C; and a try of its sources.

mod samples;

use clap::{Args, Subcommand};

use super::{ExitCode, Failure};
use crate::config::Config;
use crate::door;
use crate::exit::OrFail as _;
use crate::shutdown::{Shutdown, on_signals};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Door {
    #[command(subcommand)]
    command: Option<DoorCommand>,
    /// Configuration file (YAML); `consent-gate config reference` lists its keys
    #[arg(short = 'c', long = "config", value_name = "FILE", required = true)]
    path: Option<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
enum DoorCommand {
    /// Run sample requests through the door's own handlers, without Kafka and without network: does the source do as it should?
    Try(samples::Arguments),
}

pub(super) fn run(arguments: &Door) -> Result<(), Failure> {
    match (&arguments.command, &arguments.path) {
        (Some(DoorCommand::Try(arguments)), _) => samples::run(arguments),
        (None, Some(path)) => serve(super::run::begin(&super::ConfigFile { path: path.clone() })?),
        (None, None) => Err(Failure::new(ExitCode::Usage, "name a configuration file with -c")),
    }
}

fn serve(config: Config) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .or_fail(ExitCode::Internal)?;
    let shutdown = Shutdown::default();
    on_signals(&runtime, &shutdown).or_fail(ExitCode::Internal)?;
    runtime.block_on(async {
        let running = door::start(config, &shutdown).await?;
        running.wait().await;
        Ok::<(), Failure>(())
    })?;
    tracing::info!("stopped cleanly");
    Ok(())
}
