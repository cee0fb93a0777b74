//! Links in mail, made for whoever sends it.

use gate_intake::{Answer, Request, Source, SourceSpec, TokenContent, TokenKind, can_be_followed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Door;
use crate::clock::now;
use crate::exit::{ExitCode, Failure};
use crate::links::Keys;

/// The name under which clicks are counted and recorded.
pub(super) const NAME: &str = "one-click";
/// Links of one request.
const LINKS_MAX: usize = 1_000;

/// What links are taken in as.
///
/// # Errors
/// A mistake in this program.
pub(crate) fn source() -> Result<Source, Failure> {
    let spec =
        SourceSpec { name: NAME.to_owned(), provider: NAME.to_owned(), ..SourceSpec::default() };
    Source::new(spec, &|_| Err("there is no file".to_owned())).map_err(|problems| {
        let why: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::new(ExitCode::Internal, why.join("; "))
    })
}

/// Whose link, and what it stops.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    contact_id: Option<String>,
    address: Option<String>,
    controller: Option<String>,
    brand: Option<String>,
    channel: Option<String>,
    purpose: Option<String>,
    message_id: Option<String>,
    jurisdiction: Option<String>,
}

impl Wanted {
    /// The token of its link, which is taken in as from `source`.
    ///
    /// # Errors
    /// It names nobody, or something is too long.
    pub(crate) fn token(self, source: &Source, keys: &Keys) -> Result<String, String> {
        let content = TokenContent {
            contact_id: self.contact_id,
            address: self.address,
            controller: self.controller,
            brand: self.brand,
            channel: self.channel,
            purpose: self.purpose,
            message_id: self.message_id,
            jurisdiction: self.jurisdiction,
            ..TokenContent::default()
        };
        // found out now, and not by whoever clicks in a million mails
        if !can_be_followed(source, &content, &keys.ids, now()) {
            return Err(
                "it names nobody the gate knows how to read, or a channel or purpose that is none"
                    .to_owned(),
            );
        }
        keys.tokens.mint(TokenKind::Unsubscribe, &content).map_err(|error| error.to_string())
    }
}

/// Whose links are wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MintRequest {
    links: Vec<Wanted>,
}

/// The links, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(super) struct MintAnswer {
    links: Vec<Made>,
}

/// A link, or why there is none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Made {
    Link { url: String },
    Problem { problem: String },
}

/// Links for a program that has a token of a source of consent changes; in the order of the request.
pub(super) fn minted(door: &Door, request: &Request) -> Answer {
    let Some(source) = door.sources.of_changes(request) else {
        return Answer::text(401, "unauthorized\n");
    };
    let Some(base) = door.config.door.public_url.as_deref() else {
        return Answer::text(503, "`door.public_url` is not set: nobody could follow a link\n");
    };
    let wanted: MintRequest = match serde_json::from_slice(&request.body) {
        Ok(wanted) => wanted,
        // its own text could repeat what was sent
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let why = format!(
                "send {{\"links\": [{{\"contact_id\": …}}, …]}}; wrong at line {line} column {column}\n"
            );
            return Answer::text(400, &why);
        }
    };
    if wanted.links.len() > LINKS_MAX {
        return Answer::text(413, "at most 1000 links at a time\n");
    }
    let made = wanted.links.into_iter().map(|wanted| {
        let foreign = |given: &Option<String>, own: Option<&str>| {
            given.is_some() && own.is_some() && given.as_deref() != own
        };
        if foreign(&wanted.controller, source.controller())
            || foreign(&wanted.brand, source.brand())
        {
            return Made::Problem {
                problem: "another controller or brand than this source's".to_owned(),
            };
        }
        let controller =
            wanted.controller.clone().or_else(|| source.controller().map(str::to_owned));
        let brand = wanted.brand.clone().or_else(|| source.brand().map(str::to_owned));
        match (Wanted { controller, brand, ..wanted }).token(&door.links, &door.keys) {
            Ok(token) => Made::Link { url: format!("{base}/u/{token}") },
            Err(problem) => Made::Problem { problem },
        }
    });
    let body = serde_json::to_vec(&MintAnswer { links: made.collect() }).unwrap_or_default();
    Answer { status: 200, headers: Vec::new(), content_type: "application/json", body }
}

/// The long link that a short one stands for.
pub(super) fn of_short(door: &Door, token: &str) -> Option<String> {
    let base = door.config.door.public_url.as_deref()?;
    let content = door.keys.tokens.open_short(token, &door.short_senders)?;
    let long = door.keys.tokens.mint(TokenKind::Unsubscribe, &content).ok()?;
    Some(format!("{base}/u/{long}"))
}
