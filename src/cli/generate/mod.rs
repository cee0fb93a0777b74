//! `consent-gate generate`: sample traffic into the topics of a configuration, for demos and measurements.
//!
//! What is made is in `crate::generate`; here is who asked, where it goes and how fast. Made records must not land
//! among real ones by mistake: topics are never created, and those that hold anything else are left alone unless
//! `--force` (`guard.rs`). There is no prompt, so that it can run unattended.

mod guard;
mod pace;
mod send;

use crate::exit::OrFail as _;
use std::time::Duration;

use clap::{Args, ValueEnum};
use gate_core::{Channel, Timestamp};

use super::{ExitCode, Failure, output};
use crate::clock::now;
use crate::config::Config;
use crate::generate::{self, HEADER, HEADER_VALUE, Recipe, RecipeError, Record, Sample, Traffic};
use crate::kafka::preflight::preflight;
use crate::service;
use gate_codec::{Encoding, Format, Kind};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration file of the gate: brokers, topics and formats are taken from it
    #[arg(short = 'c', long = "config", value_name = "FILE", required_unless_present = "dry_run")]
    config: Option<std::path::PathBuf>,
    /// Messages a second, also below one; 0 is as fast as possible and needs --count or --for
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    rate: f64,
    /// Consent changes for each message
    #[arg(long, value_name = "N", default_value_t = 0.1)]
    consent_per_message: f64,
    /// Share of consent changes that withdraw; in the long run as many contacts are out
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    opt_out_share: f64,
    /// How many people there are
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    contacts: u32,
    /// Ways messages take [default: email,sms,whatsapp,push,voice_live]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = channel)]
    channels: Vec<Channel>,
    /// Where people live, e.g. GB,US-CA,DE; US is all of its states [default: sixteen places]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    jurisdictions: Vec<String>,
    /// Share of messages that are wrong in some way
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    share_invalid: f64,
    /// Share of contacts that were never asked
    #[arg(long, value_name = "SHARE", default_value_t = 0.08)]
    share_unknown: f64,
    /// Another seed is another crowd; the same one makes the same records
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// End after so long, e.g. 30s, 5m, 2h
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<Duration>,
    /// End after so many messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Write values in this format instead of those of the configuration
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Leave out what happened before: the consent of every contact, which is sent first
    #[arg(long)]
    no_history: bool,
    /// Also write into topics that hold records of somebody else
    #[arg(long)]
    force: bool,
    /// No line a second on standard error
    #[arg(long)]
    quiet: bool,
    /// Print records as JSON, ten messages unless --count says otherwise, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: as if it were this time (RFC 3339); the same time gives the same bytes
    #[arg(long, value_name = "TIME", requires = "dry_run", value_parser = instant)]
    at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    Json,
    Avro,
    AvroSingleObject,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Json => Self::Json,
            FormatName::Avro => Self::Avro,
            FormatName::AvroSingleObject => Self::AvroSingleObject,
        }
    }
}

/// Most messages a second that can be asked for.
const RATE_MAX: f64 = 1_000_000.0;
/// Most consent changes for each message.
const CONSENT_PER_MESSAGE_MAX: f64 = 1_000.0;
/// Messages of a dry run.
const DRY_MESSAGES: u64 = 10;
/// Changes of contacts' histories that a dry run shows.
const DRY_HISTORY: usize = 5;

fn channel(name: &str) -> Result<Channel, String> {
    let names = Channel::ALL.map(Channel::as_str).join(", ");
    Channel::parse(name).ok_or_else(|| format!("channels are {names}"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let span: Option<jiff::SignedDuration> = text.parse().ok();
    let span = span.and_then(|span| Duration::try_from(span).ok()).filter(|span| !span.is_zero());
    span.ok_or_else(|| "write it like 30s, 5m or 2h".to_owned())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let at: Result<jiff::Timestamp, _> = text.parse();
    at.map(|at| Timestamp::from_micros(at.as_microsecond()))
        .map_err(|_| "write it like 2026-11-25T09:00:00Z".to_owned())
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        Self::new(ExitCode::Usage, error)
    }
}

impl Arguments {
    fn recipe(&self) -> Result<Recipe, Failure> {
        let base = Recipe::default();
        let within = |value: f64, max: f64| (0.0..=max).contains(&value);
        if !within(self.rate, RATE_MAX) {
            return Err(Failure::new(
                ExitCode::Usage,
                format!("`--rate` must be from 0 to {RATE_MAX}"),
            ));
        }
        if !within(self.consent_per_message, CONSENT_PER_MESSAGE_MAX) {
            let text =
                format!("`--consent-per-message` must be from 0 to {CONSENT_PER_MESSAGE_MAX}");
            return Err(Failure::new(ExitCode::Usage, text));
        }
        let is_endless = self.count.is_none() && self.duration.is_none() && !self.dry_run;
        if self.rate == 0.0 && is_endless {
            let text = "`--rate 0` fills a disk when nothing ends it: add `--count` or `--for`";
            return Err(Failure::new(ExitCode::Usage, text));
        }
        let mut channels = self.channels.clone();
        channels.sort_unstable();
        channels.dedup();
        Ok(Recipe {
            seed: self.seed,
            contacts: self.contacts,
            channels: if channels.is_empty() { base.channels } else { channels },
            places: match self.jurisdictions.as_slice() {
                [] => base.places,
                codes => generate::places(codes)?,
            },
            opt_out_share: self.opt_out_share,
            unknown_share: self.share_unknown,
            invalid_share: self.share_invalid,
            changes_per_message: self.consent_per_message,
        })
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let recipe = arguments.recipe()?;
    let config = arguments.config.as_deref().map(Config::load).transpose()?;
    if arguments.dry_run {
        return dry_run(arguments, recipe, config.as_ref());
    }
    let Some(config) = config else {
        return Err(Failure::new(ExitCode::Usage, "`--config` is missing"));
    };
    let traffic = Traffic::new(recipe, now())?;
    let stop = super::signals::stop_signal()?;
    let spinner = output::spinner("asking the brokers");
    let cluster = preflight(&config)?;
    for topic in [&config.topics.consent_change, config.topics.own_outbound()] {
        cluster.require(topic)?;
    }
    let encodings = encodings(arguments, &config)?;
    if !arguments.force {
        guard::only_samples(&config, &cluster)?;
    }
    spinner.finish_and_clear();
    send::run(arguments, &config, traffic, encodings, &stop)
}

/// How the values of the two inputs are written.
#[derive(Debug, Clone, Copy)]
struct Encodings {
    change: Encoding,
    message: Encoding,
}

impl Encodings {
    fn of(self, sample: &Sample) -> Encoding {
        if sample.is_message() { self.message } else { self.change }
    }
}

fn encodings(arguments: &Arguments, config: &Config) -> Result<Encodings, Failure> {
    let formats = &config.formats;
    let format = |configured| arguments.format.map_or(configured, Format::from);
    let encoding = |kind, configured| service::encoding(config, kind, format(configured));
    Ok(Encodings {
        change: encoding(Kind::ConsentChange, formats.consent_change)?,
        message: encoding(
            Kind::OutboundMessage,
            *formats.outbound_message.of(config.topics.own_outbound()),
        )?,
    })
}

/// Prints what would be sent; asks nobody.
fn dry_run(arguments: &Arguments, recipe: Recipe, config: Option<&Config>) -> Result<(), Failure> {
    let began = arguments.at.unwrap_or_else(now);
    let mut traffic = Traffic::new(recipe, began)?;
    let names = config.map_or(("consent-change", "outbound-message"), |config| {
        (config.topics.consent_change.as_str(), config.topics.own_outbound())
    });
    if !arguments.no_history {
        for sample in traffic.history().take(DRY_HISTORY) {
            print_sample(&sample, names)?;
        }
    }
    let mut left = arguments.count.unwrap_or(DRY_MESSAGES);
    while left > 0 {
        let sample = traffic.next(began);
        left -= u64::from(sample.is_message());
        print_sample(&sample, names)?;
    }
    Ok(())
}

fn print_sample(sample: &Sample, (changes, messages): (&str, &str)) -> Result<(), Failure> {
    let bytes = encoded(sample, Encoding::Json)?;
    // what is cut off is no JSON: shown as the text it is
    let value = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| serde_json::Value::from(String::from_utf8_lossy(&bytes)));
    let topic = match &sample.record {
        Record::Change(_) => changes,
        Record::Message(_) => messages,
    };
    output::print_json(&serde_json::json!({
        "topic": topic, "key": sample.key, "headers": {HEADER: HEADER_VALUE}, "value": value,
    }))
}

fn encoded(sample: &Sample, encoding: Encoding) -> Result<Vec<u8>, Failure> {
    sample.encode(encoding).or_fail(ExitCode::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Command::try_parse_from(std::iter::once("generate").chain(line.split_whitespace()))
            .map(|command| command.arguments)
    }

    #[test]
    fn what_compose_says_is_enough() {
        let arguments = parse("-c /etc/consent-gate/config.yaml --rate 50").unwrap();
        let (recipe, default) = (arguments.recipe().unwrap(), Recipe::default());
        // the defaults stand in two places: what one sees in --help must be what the tests look at
        assert_eq!(format!("{recipe:?}"), format!("{default:?}"));
    }

    #[test]
    fn mistakes_are_named() {
        let why = |line: &str| match parse(line) {
            Ok(arguments) => {
                let failure =
                    arguments.recipe().map(|recipe| Traffic::new(recipe, now()).map(drop));
                match failure {
                    Err(failure) => format!("{failure:?}"),
                    Ok(Err(error)) => error.to_string(),
                    Ok(Ok(())) => String::from("fine"),
                }
            }
            Err(error) => error.to_string(),
        };
        for (line, says) in [
            ("--rate 10", "--config"),
            ("-c x --rate=-1", "`--rate` must be"),
            ("-c x --rate nan", "`--rate` must be"),
            ("-c x --rate 0", "--count"),
            ("-c x --consent-per-message 1e9", "--consent-per-message"),
            ("-c x --channels email,fax", "channels are email, sms"),
            ("-c x --jurisdictions GB,XX", "no sample contacts live in `XX`"),
            ("-c x --opt-out-share 2", "opt-out-share"),
            ("-c x --for never", "30s, 5m or 2h"),
            ("-c x --count 0", "--count"),
            ("-c x --at 2026-11-25T09:00:00Z", "--dry-run"),
            ("--dry-run --at noon", "2026-11-25T09:00:00Z"),
            ("-c x --contacts 0", "at least one contact"),
            ("-c x --rate 0 --count 5", "fine"),
            ("--dry-run --rate 0", "fine"),
        ] {
            assert!(why(line).contains(says), "{line}: {}", why(line));
        }
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5_400)));
        for text in ["", "0s", "-5s", "5", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
