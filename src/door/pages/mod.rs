//! Pages for people behind the links in their mail: stop this, or choose what may come. They work without JavaScript.
//!
//! INVARIANT: looking changes nothing. What is refused is answered after Kafka has it; when it has not, the page says so and has
//! the same button again. Nothing is shown as on that a gate would not let pass.

mod opt_in;
mod preferences;
mod request_mail;
mod unsubscribe;

pub(super) use opt_in::{NAME as OPT_IN, confirmed, signed_up};
pub(super) use preferences::{NAME as PREFERENCES, chosen};
pub(super) use unsubscribe::followed;

use gate_door_pages::{
    Brand, Csrf, Effect, ErrorPage, Frame, HTML_TYPE, Link, NoLink, NotSavedPage, PAGE_HEADERS,
    Problem, RenderError, TEXT_TYPE, Unsaved, When, Who, mask_address,
};
use gate_intake::{Answer, Request, Token, TokenContent, TokenKind};

use super::Door;
use super::enforced::Enforced;
use crate::clock::now;

// whatever token opens has pages
const _: () = assert!(gate_door_pages::LINK_BYTES_MAX > gate_intake::TOKEN_CHARS_MAX + "/u/".len());

/// What surrounds a page.
struct Visit<'d> {
    brand: &'d Brand,
    frame: Frame,
    /// The token as it stands in the address.
    text: String,
    token: Token,
}

impl<'d> Visit<'d> {
    /// Of a request whose path ends with a token of this kind; `None` where there is no such token, or no brand to show it.
    fn of(door: &'d Door, request: &Request, kind: TokenKind) -> Option<Self> {
        let text = request.path().rsplit('/').next().unwrap_or_default().to_owned();
        let token = door.keys.tokens.open(&text).ok().filter(|token| token.kind == kind)?;
        let brand = door.brands.of(token.content.brand.as_deref())?;
        let csrf = door.keys.form(&text);
        Some(Self { brand, frame: frame(brand, request, csrf), text, token })
    }

    fn content(&self) -> &TokenContent {
        &self.token.content
    }

    fn who(&self) -> Who {
        let address = self.content().address.as_deref().map(mask_address);
        Who::of(address.as_slice())
    }

    /// The page that chooses, for the same person.
    fn preferences(&self, door: &Door) -> Option<Link> {
        let content = self.content().person();
        let token = door.keys.tokens.mint(TokenKind::Preferences, &content).ok()?;
        Link::new(&format!("/p/{token}")).ok()
    }

    /// A page, or the door's own fault.
    fn page(&self, status: u16, html: Result<String, RenderError>) -> Answer {
        match html {
            Ok(html) => answer(status, HTML_TYPE, html),
            Err(error) => {
                tracing::error!(%error, "a page cannot be written");
                self.problem(Problem::Internal)
            }
        }
    }

    fn problem(&self, problem: Problem) -> Answer {
        problem_page(self.brand, &self.frame, problem)
    }

    /// Nothing is stopped yet, and the same button again.
    fn not_saved(&self, what: Unsaved, action: Link, is_browser: bool) -> Answer {
        let view = NotSavedPage { what, action, reference: String::new() };
        let mut answer = if is_browser {
            self.page(view.status(), view.render(self.brand, &self.frame))
        } else {
            answer(view.status(), TEXT_TYPE, view.plain(&self.frame))
        };
        answer.headers.push(("retry-after", "5".to_owned()));
        answer
    }
}

/// Where there is no such token.
fn nothing(door: &Door, request: &Request) -> Answer {
    let Some(brand) = door.brands.of(None) else { return Answer::text(404, "not found\n") };
    problem_page(brand, &frame(brand, request, String::new()), Problem::NotFound)
}

fn problem_page(brand: &Brand, frame: &Frame, problem: Problem) -> Answer {
    let view = ErrorPage { problem, again: None, reference: String::new() };
    match view.render(brand, frame) {
        Ok(html) => answer(view.status(), HTML_TYPE, html),
        Err(_) => Answer::text(500, "something is wrong here, not with you\n"),
    }
}

fn frame(brand: &Brand, request: &Request, csrf: String) -> Frame {
    let lang = request.query().and_then(|query| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "lang").map(|(_, value)| value.into_owned())
    });
    let language = brand.language(lang.as_deref(), request.text("accept-language"));
    let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
    Frame {
        language,
        now: instant(),
        here: if is_read { Link::new(&request.path_and_query).ok() } else { None },
        csrf: Csrf(csrf),
        // said once it is recorded
        gpc: false,
    }
}

/// This machine's clock as pages take it.
fn instant() -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(now().as_micros()).unwrap_or_default()
}

fn answer(status: u16, content_type: &'static str, body: String) -> Answer {
    let headers = PAGE_HEADERS.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Answer { status, headers: headers.collect(), content_type, body: body.into_bytes() }
}

/// Since when something holds, as far as the gates have said so.
fn effect(enforced: Enforced) -> Effect {
    match enforced {
        Enforced::Yes => Effect::InForce { since: When::utc(instant()) },
        Enforced::NotYet | Enforced::Unknown => Effect::BeforeNext,
    }
}

/// Whether a person looks, or a program asks.
fn is_browser(request: &Request) -> bool {
    request.text("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// A path on the door; tokens are of its alphabet.
fn link(path: &str) -> Result<Link, NoLink> {
    Link::new(path)
}
