//! `consent-gate mail`: a mail transfer agent pipes a report of spam or of a bounce here, and it goes to the door.
//!
//! Exit codes are those that mail transfer agents know: 75 keeps the mail in their queue until the door has taken it.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{ExitCode, Failure};
use crate::exit::OrFail as _;
use crate::files;

/// Bytes of a mail that the door takes.
const MAIL_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the file of a token.
const TOKEN_BYTES_MAX: u64 = 4 << 10;
/// Longest wait for the door.
const ANSWER_MAX: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address of the door
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8091")]
    door: String,
    /// File that holds the token of a source whose provider is `mail`
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let token = files::read_text(&arguments.token_file, TOKEN_BYTES_MAX);
    let token =
        token.or_fail_at(ExitCode::TryAgain, || format!("`{}`", arguments.token_file.display()))?;
    let mut mail = Vec::new();
    std::io::stdin().lock().take(MAIL_BYTES_MAX + 1).read_to_end(&mut mail)?;
    if mail.len() as u64 > MAIL_BYTES_MAX {
        let reason = "the mail has more than 1 MiB, and no report is so long";
        return Err(Failure::new(ExitCode::Usage, reason));
    }
    let status = super::runtime()?.block_on(post(&arguments.door, token.trim(), mail))?;
    match status {
        200..=299 => Ok(()),
        // the token may be mended, and the door come back: the mail stays in the queue
        status => Err(Failure::new(
            ExitCode::TryAgain,
            format!("the door has not taken the mail in (it says {status}); the queue keeps it"),
        )),
    }
}

async fn post(door: &str, token: &str, mail: Vec<u8>) -> Result<u16, Failure> {
    let away =
        |_| Failure::new(ExitCode::TryAgain, "the door does not answer; the queue keeps the mail");
    let client = reqwest::Client::builder()
        .timeout(ANSWER_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(away)?;
    let url = format!("{}/v1/mail", door.trim_end_matches('/'));
    let request = client.post(url).bearer_auth(token).header("content-type", "message/rfc822");
    Ok(request.body(mail).send().await.map_err(away)?.status().as_u16())
}
