//! `consent-gate config`: every key with its meaning, and what a file really says.

use clap::{Args, Subcommand};

use super::{ConfigFile, Failure, output};
use crate::config::{Config, Place, keys};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every key with type, default, unit and effect
    Reference(ReferenceArguments),
    /// Report everything wrong with a file, or what holds for each key and where it comes from
    Check(CheckArguments),
}

#[derive(Debug, Args)]
pub(super) struct ReferenceArguments {
    /// As a Markdown page
    #[arg(long, conflicts_with_all = ["yaml", "json"])]
    markdown: bool,
    /// As a configuration file with every key at its default
    #[arg(long, conflicts_with = "json")]
    yaml: bool,
    /// As JSON lines, one object a key
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    file: ConfigFile,
    /// As JSON lines, one object a key
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Reference(arguments) => reference(arguments),
        ConfigCommand::Check(arguments) => check(arguments),
    }
}

fn reference(arguments: &ReferenceArguments) -> Result<(), Failure> {
    if arguments.markdown {
        return Ok(output::print(&crate::config::markdown())?);
    }
    if arguments.yaml {
        return Ok(output::print(&crate::config::example())?);
    }
    if arguments.json {
        let lines: Vec<String> = keys()
            .map(|key| {
                serde_json::json!({
                    "key": key.path, "type": key.kind.describe(), "default": key.preset.describe(), "unit": key.unit,
                    "effect": key.effect, "variable": key.variable(),
                })
                .to_string()
            })
            .collect();
        return Ok(output::print(&lines.join("\n"))?);
    }
    Ok(output::print(&crate::config::plain())?)
}

fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let (_, effective) = Config::load_with_origins(&arguments.file.path)?;
    if arguments.json {
        let lines: Vec<String> = effective
            .iter()
            .map(|line| serde_json::json!({"key": line.key, "value": line.value, "from": line.place.to_string()}).to_string())
            .collect();
        return Ok(output::print(&lines.join("\n"))?);
    }
    let n_set = effective.iter().filter(|line| line.place != Place::Default).count();
    let rows =
        effective.iter().map(|line| [line.key.clone(), line.value.clone(), line.place.to_string()]);
    output::print(&output::table(["key", "value", "from"], rows))?;
    for line in &effective {
        if let Some(former) = line.renamed_from {
            output::print(&format!("\n{}: `{former}` is called `{}` now", line.place, line.key))?;
        }
    }
    Ok(output::print(&format!(
        "\n{} is valid: {n_set} keys are set, the rest are defaults",
        arguments.file.path.display()
    ))?)
}
