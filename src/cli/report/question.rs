//! Which messages a report of affected ones asks for: the arguments, checked.

use super::decision::Filter;
use super::duty::Clock;
use super::window::Window;
use super::{ConfigFile, ExitCode, Failure, Outcome, instant};
use clap::Args;
use gate_core::{Channel, Reason, Timestamp};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    pub(super) file: ConfigFile,
    /// Beginning of the window, in record time of the decision log
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(super) from: jiff::Timestamp,
    /// End of the window, which is not part of it
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(super) to: jiff::Timestamp,
    /// Only decisions this rule took part in: PACK/ID, or ID in every pack
    #[arg(long, value_name = "ID")]
    pub(super) rule: Option<String>,
    /// Only decisions this pack took part in: CODE, or CODE@VERSION
    #[arg(long, value_name = "CODE")]
    pub(super) pack: Option<String>,
    /// Only decisions with this reason, such as approved.soft_opt_in
    #[arg(long, value_name = "CODE")]
    pub(super) reason: Option<String>,
    /// Only this channel
    #[arg(long, value_name = "NAME")]
    pub(super) channel: Option<String>,
    /// Which decisions; several with commas between
    #[arg(long, value_enum, value_delimiter = ',', default_value = "approved")]
    pub(super) outcome: Vec<Outcome>,
    /// When somebody in the organisation came to know of it: the clock of the duties begins [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(super) aware_at: Option<jiff::Timestamp>,
    /// Write a line of JSON for each message into a new file: ids and keyed hashes, no address
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// What is asked.
pub(super) struct Question {
    pub(super) window: Window,
    pub(super) filter: Filter,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) clock: Clock,
}

impl Question {
    pub(super) fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let usage = |reason: String| Err(Failure::new(ExitCode::Usage, reason));
        let mut outcomes = arguments.outcome.clone();
        outcomes.sort_unstable();
        outcomes.dedup();
        if let Some(code) = &arguments.reason {
            let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == code) else {
                return usage(format!(
                    "there is no reason `{code}`; `consent-gate policy reasons` lists them"
                ));
            };
            let outcome = reason.outcome().as_str();
            if !outcomes.iter().any(|wanted| wanted.as_str() == outcome) {
                return usage(format!(
                    "`{code}` is a reason of other decisions: add --outcome {outcome}"
                ));
            }
        }
        let channel = match arguments.channel.as_deref().map(|name| (name, Channel::parse(name))) {
            None => None,
            Some((_, Some(channel))) => Some(channel),
            Some((name, None)) => {
                let names = Channel::ALL.map(Channel::as_str).join(", ");
                return usage(format!("there is no channel `{name}`; there are {names}"));
            }
        };
        let now = jiff::Timestamp::now();
        let aware_at = arguments.aware_at.unwrap_or(now);
        if aware_at > now {
            return usage(format!("--aware-at {aware_at} is in the future"));
        }
        let instant = |at: jiff::Timestamp| Timestamp::from_micros(at.as_microsecond());
        Ok(Self {
            window: Window::new(arguments.from, arguments.to)?,
            filter: Filter {
                rule: arguments.rule.clone(),
                pack: arguments.pack.clone(),
                reason: arguments.reason.clone(),
                channel,
            },
            outcomes,
            clock: Clock { aware_at: instant(aware_at), now: instant(now) },
        })
    }
}
