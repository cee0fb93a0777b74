//! `consent-gate token new`: a token for whoever asks, and the line for `http.tokens_file`, which has its hash.
//!
//! The token is shown once and kept nowhere. Deliberately absent: writing the file; whoever may do that reads the line first.

use super::{ExitCode, Failure, output};
use crate::access::{Role, Token, is_id, is_note};
use crate::exit::OrFail as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

/// Digits of the token's hash in an id that nobody chose.
const ID_DIGITS: usize = 8;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token: it is shown once, with the line to add to `http.tokens_file`
    New(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What it is for: sender (may a message pass), viewer (counts, policies), officer (people), operator (release, reload)
    #[arg(long, value_name = "ROLE", value_parser = PossibleValuesParser::new(Role::ALL.map(Role::as_str)))]
    role: String,
    /// A name for it, which stands in logs: the system's that uses it [default: the role and some digits]
    #[arg(long, value_name = "ID", value_parser = id)]
    id: Option<String>,
    /// When it ends: how long from now (12h, 90d), or an instant (2027-02-28T00:00:00Z) [default: never]
    #[arg(long, value_name = "WHEN", value_parser = end)]
    expires: Option<Timestamp>,
    /// What it is used for, for whoever reads the file
    #[arg(long, value_name = "TEXT", value_parser = note)]
    note: Option<String>,
    /// One object with `token`, `id` and `line`
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &TokenCommand) -> Result<(), Failure> {
    let TokenCommand::New(arguments) = command;
    let token = Token::random().or_fail(ExitCode::TryAgain)?;
    let hash = token.digest().text();
    let digits =
        hash.rsplit(':').next().and_then(|digits| digits.get(..ID_DIGITS)).unwrap_or_default();
    let preset = || format!("{}-{digits}", arguments.role);
    let id = arguments.id.clone().unwrap_or_else(preset);
    let line = line(arguments, &id, &hash)?;
    if arguments.json {
        let made = serde_json::json!({"token": token.expose(), "id": id, "line": line});
        return output::print_json(&made);
    }
    output::print(&format!(
        "token (shown this once; hand it to whoever uses it):\n\n  {}\n\nline for `http.tokens_file`:\n\n{line}",
        token.expose()
    ))?;
    Ok(())
}

/// The entry as YAML; texts are quoted as JSON quotes them, which is YAML too.
fn line(arguments: &Arguments, id: &str, hash: &str) -> Result<String, Failure> {
    let quoted = |text: &str| serde_json::to_string(text).or_fail(ExitCode::Internal);
    let Arguments { role, expires, note, .. } = arguments;
    let mut line = format!("- {{id: {}, role: {role}, hash: {}", quoted(id)?, quoted(hash)?);
    if let Some(expires) = expires {
        line.push_str(&format!(", expires: {}", quoted(&expires.to_string())?));
    }
    if let Some(note) = note {
        line.push_str(&format!(", note: {}", quoted(note)?));
    }
    line.push('}');
    Ok(line)
}

fn id(text: &str) -> Result<String, String> {
    let wrong = || "must be letters, digits, `.`, `_` and `-`, 64 at most".to_owned();
    is_id(text).then(|| text.to_owned()).ok_or_else(wrong)
}

fn note(text: &str) -> Result<String, String> {
    let wrong = || "must be one line of 200 characters at most".to_owned();
    is_note(text).then(|| text.to_owned()).ok_or_else(wrong)
}

/// An instant, or one told from now.
fn end(text: &str) -> Result<Timestamp, String> {
    end_from(text, Timestamp::now())
}

fn end_from(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || {
        "must be how long from now (12h, 90d), or an instant to come with its offset (2027-02-28T00:00:00Z)".to_owned()
    };
    let text = text.trim();
    let at = text.parse::<Timestamp>().ok().or_else(|| {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let hours = match unit {
            "h" => 1,
            "d" => 24,
            _ => return None,
        };
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = number.parse().ok().filter(|_| is_number)?;
        let seconds = number.checked_mul(hours)?.checked_mul(3_600)?;
        now.checked_add(SignedDuration::from_secs(seconds)).ok()
    });
    at.filter(|at| *at > now).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Tokens;

    #[test]
    fn the_line_is_one_that_the_gate_reads_and_the_token_is_its() {
        let token = Token::random().unwrap();
        let arguments = |note: &str| Arguments {
            role: "officer".to_owned(),
            id: None,
            expires: Some("2027-02-28T00:00:00Z".parse().unwrap()),
            note: Some(note.to_owned()),
            json: false,
        };
        // an id that YAML would take for a number, and a note that would end the entry
        let made =
            line(&arguments("the \"team\", {of}: #1"), "1e3", &token.digest().text()).unwrap();
        let tokens = Tokens::parse(&format!("{made}\n")).unwrap();
        let now = gate_core::Timestamp::from_millis(1_800_000_000_000);
        let caller = tokens.find(token.expose().as_bytes(), now).unwrap();
        assert_eq!((caller.id.as_str(), caller.role), ("1e3", Role::Officer));
        assert!(!made.contains(token.expose()));
    }

    #[test]
    fn an_end_is_to_come() {
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        let at = |text: &str| end_from(text, now).map(|at| at.to_string());
        assert_eq!(at("90d").unwrap(), "2027-02-28T10:00:00Z");
        assert_eq!(at("12h").unwrap(), "2026-11-30T22:00:00Z");
        assert_eq!(at("2027-01-01T00:00:00+01:00").unwrap(), "2026-12-31T23:00:00Z");
        for wrong in [
            "",
            "d",
            "0d",
            "-1d",
            "1.5d",
            "90",
            "90m",
            "2026-11-30T10:00:00Z",
            "2027-01-01",
            "999999999999999999d",
        ] {
            assert!(at(wrong).is_err(), "{wrong:?}");
        }
    }
}
