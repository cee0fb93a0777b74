//! `consent-gate explain`: why a message was decided as it was, from a case, from its decision header, or from the outputs.

mod trail;

use super::{ConfigFile, ExitCode, Failure, output, policy};
use crate::cli::moment::moment;
use crate::cli::person;
use crate::exit::OrFail as _;
use crate::headers::rfc3339;
use crate::identity::Pepper;
use crate::policies::PolicySource;
use clap::Args;
use gate_core::{PolicySet, Reason, Warning};
use gate_engine::{CaseRunner, Verdict};
use gate_policy::words::origin;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "what")]
struct What {
    /// A case file; every case of it is explained unless `--id` names one
    #[arg(long, value_name = "FILE")]
    case: Option<PathBuf>,
    /// A decision header (`gate-decision`) as JSON; `-` reads it from standard input
    #[arg(long, value_name = "JSON")]
    decision: Option<String>,
    /// The id of a message: its decisions are looked for in the outputs, and what is on record about its recipient before
    #[arg(long, value_name = "ID", requires = "config")]
    message_id: Option<String>,
    /// The same by where the message lies: TOPIC/PARTITION/OFFSET, as `tap` prints it
    #[arg(long, value_name = "REFERENCE", requires = "config")]
    source: Option<String>,
    /// The id of a contact: the newest decisions about it; `-` reads it from standard input. Needs the gate's pepper
    #[arg(long, value_name = "ID", requires = "config")]
    contact: Option<String>,
    /// The same by an address: an e-mail address, or a number with its country
    #[arg(long, value_name = "ADDRESS", requires = "config")]
    address: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    what: What,
    /// Only the case of this id
    #[arg(long, requires = "case")]
    id: Option<String>,
    /// Directory of packs [default: those of the configuration, or else the packs built into this program]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Configuration file (YAML), with `--message-id`, `--source`, `--contact` and `--address`
    #[arg(short = 'c', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Look for decisions from then on only, which is quicker: an instant, a time of day in UTC (14:00), or how long ago (2h)
    #[arg(long, value_name = "WHEN", value_parser = moment, requires = "config")]
    since: Option<jiff::Timestamp>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(path) = &arguments.config {
        return outputs(path, arguments);
    }
    let set = policy::load(arguments.policies.as_deref(), None)?;
    match (&arguments.what.case, &arguments.what.decision) {
        (Some(path), _) => cases(path, arguments.id.as_deref(), &set),
        (None, Some(text)) => header(text, &set),
        (None, None) => Err(Failure::new(ExitCode::Usage, "name --case or --decision")),
    }
}

/// From what lies in Kafka.
fn outputs(path: &std::path::Path, arguments: &Arguments) -> Result<(), Failure> {
    let config = ConfigFile { path: path.to_owned() }.load()?;
    let What { message_id, source, contact, address, .. } = &arguments.what;
    let wanted = match (message_id, source, contact, address) {
        (Some(id), ..) => trail::Wanted::MessageId(id.clone()),
        (_, Some(text), ..) => trail::Wanted::source(text)?,
        (_, _, Some(id), _) => trail::Wanted::Contact(person::contact(&config, id)?),
        (.., Some(text)) => trail::Wanted::Address(person::address(&config, text)?),
        (None, None, None, None) => {
            let reason = "--config goes with --message-id, --source, --contact or --address";
            return Err(Failure::new(ExitCode::Usage, reason));
        }
    };
    let set = match arguments.policies.as_deref() {
        Some(dir) => policy::load(Some(dir), None)?,
        None => PolicySource::of(&config.policies).load().or_fail(ExitCode::Config)?,
    };
    trail::follow(&config, &wanted, arguments.since, &set)
}

fn cases(path: &std::path::Path, id: Option<&str>, set: &PolicySet) -> Result<(), Failure> {
    let runner = CaseRunner::new(set, Pepper::of_nobody()).or_fail(ExitCode::Internal)?;
    let file = policy::read(path)?;
    let mut n_explained = 0usize;
    for case in &file.cases {
        if id.is_some_and(|id| policy::id_of(case) != id) {
            continue;
        }
        n_explained += 1;
        let verdicts = runner
            .run(case)
            .or_fail_at(ExitCode::Usage, || format!("{}:{}", file.name, case.line))?;
        let title = case.fields.get("title").and_then(Value::as_str).unwrap_or("-");
        for (n, verdict) in (1..).zip(&verdicts) {
            let number = if verdicts.len() > 1 { format!("/{n}") } else { String::new() };
            output::print(&explained(
                &format!("{}{number}  {title}", policy::id_of(case)),
                verdict,
                set,
            ))?;
        }
    }
    if n_explained == 0 {
        return Err(Failure::new(ExitCode::Usage, "there is no such case"));
    }
    Ok(())
}

/// What one message of a case was decided, and by which rules.
fn explained(head: &str, verdict: &Verdict, set: &PolicySet) -> String {
    let decision = &verdict.decision;
    let mut out = format!("{head}\n");
    writeln!(out, "  {}: {}", decision.reason().code(), decision.reason().meaning()).ok();
    if let Some(at) = decision.not_before() {
        writeln!(out, "  not before {}", rfc3339(at)).ok();
    }
    out.push_str(&policy::trace(verdict));
    for rule in decision.considered().rules(set) {
        let origin = origin(set, rule).into_iter().next().unwrap_or_default();
        writeln!(out, "       rule                  {}: {origin}", rule.label).ok();
    }
    out
}

/// Explains a header by itself: what it saw is written in it, what the codes and rules mean is known here.
fn header(text: &str, set: &PolicySet) -> Result<(), Failure> {
    let mut from_input = String::new();
    let text = if text == "-" {
        // a header is a few kilobytes; more is no header
        std::io::stdin().lock().take(1 << 20).read_to_string(&mut from_input)?;
        from_input.as_str()
    } else {
        text
    };
    let decision: Value = serde_json::from_str(text.trim()).map_err(|error| {
        let reason = format!(
            "the decision is not JSON ({:?} error, column {})",
            error.classify(),
            error.column()
        );
        Failure::new(ExitCode::Usage, reason)
    })?;
    output::print(&explanation(&decision, set))?;
    Ok(())
}

fn explanation(decision: &Value, set: &PolicySet) -> String {
    let text = |name: &str| decision.get(name).and_then(Value::as_str);
    let list = |name: &str| -> Vec<&str> {
        let items = decision.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            writeln!(out, "{name:<22}{value}").ok();
        }
    };
    let or_unknown = |value: Option<&str>| value.unwrap_or("-").to_owned();
    line("decision", or_unknown(text("decision_id")));
    line("message", or_unknown(text("message_id")));
    line("channel", or_unknown(text("channel")));
    line("outcome", or_unknown(text("outcome")));
    let code = text("reason").unwrap_or("-");
    line("reason", described(code));
    for other in list("reasons").into_iter().filter(|other| *other != code) {
        line("  also failing", described(other));
    }
    for (name, detail) in decision.get("detail").and_then(Value::as_object).into_iter().flatten() {
        line(
            &format!("  {name}"),
            detail.as_str().map_or_else(|| detail.to_string(), str::to_owned),
        );
    }
    line("not before", text("not_before").unwrap_or_default().to_owned());
    if let Some(basis) = text("basis") {
        line("basis", format!("{basis}, proven by event {}", text("evidence").unwrap_or("-")));
    }
    for warning in list("warnings") {
        let meaning = Warning::ALL.iter().find(|known| known.code() == warning);
        line("warning", format!("{warning}: {}", meaning.map_or("", |known| known.meaning())));
    }
    line("jurisdictions", list("jurisdictions").join(", "));
    line("zones", list("zones").join(", "));
    line("packs", list("packs").join(", "));
    for rule in list("rules") {
        let known = set.rules().iter().any(|known| known.label == rule);
        let remark = if known { "" } else { "  (not in the packs at hand)" };
        line("  rule", format!("{rule}{remark}"));
        let known = set.rules().iter().find(|known| known.label == rule);
        for origin in known.into_iter().flat_map(|rule| origin(set, rule)) {
            line("", origin);
        }
    }
    let revision = text("policy_revision").unwrap_or("-");
    let same = if revision == set.revision() {
        "the packs at hand"
    } else {
        "other packs than those at hand"
    };
    line("policy revision", format!("{revision}, {same}"));
    line("time zones", or_unknown(text("tz_version")));
    line("registry asked", text("registry_checked_at").unwrap_or_default().to_owned());
    if let Some(positions) = decision.get("consent_position") {
        line("consent position", format!("{} {positions}", text("consent_topic").unwrap_or("-")));
    }
    line("evaluated at", or_unknown(text("evaluated_at")));
    out
}

fn described(code: &str) -> String {
    let known = Reason::ALL.iter().find(|reason| reason.code() == code);
    known.map_or_else(
        || format!("{code}: not known to this version"),
        |reason| format!("{code}: {}. {}", reason.meaning(), reason.remedy()),
    )
}
