//! Double opt-in: a form asks for a mail, and the button behind the link in that mail agrees. Neither the form nor a look at the
//! link turns anything on.
//!
//! ```text
//! /s/{brand} form ─▶ opt_in_requested ─▶ mail that asks (a candidate like any other) ─▶ /c/{token} button ─▶ opt_in_confirmed
//! ```
//! INVARIANT: the answer to a form is the same whoever the address belongs to, and comes after Kafka has request and mail.

use std::net::IpAddr;

use gate_core::CanonicalAddress;
use gate_door_pages::{
    AskAgain, AskedText, Brand, Channel, ConfirmDonePage, ConfirmPage, ExpiredPage, Frame,
    HTML_TYPE, Language, Link, LinkSentPage, NotSavedPage, Problem, RenderError, SignUpChoice,
    SignUpForm, SignUpPage, Unsaved, When, Who, Wrong, mask_address,
};
use gate_intake::{
    Answer, Asking, ConfirmError, Confirmation, NoticeShown, Reading, Request, Shown, SignUp,
    SignUpError, SignUpFault, TokenContent, TokenKind, Way, Wish, WishError, ask, confirm,
    throttle_keys,
};

use super::request_mail::{Mail, MailOf, unmailed};
use super::{answer, frame, instant, link, problem_page};
use crate::clock::now;
use crate::door::Door;
use crate::door::origin::Origin;
use crate::door::seen::Remembered;
use crate::door::take_in::settle;
use crate::door::throttle::{Admission, Full};

/// Under which name what is asked and confirmed is counted.
pub(in crate::door) const NAME: &str = "double-opt-in";
/// Hours of a day, for people.
const HOURS_OF_DAY: u32 = 24;

/// A page of a brand that is not about a token.
struct Page<'d> {
    door: &'d Door,
    brand: &'d Brand,
    frame: Frame,
    /// Where the request came from.
    origin: Origin,
}

/// What becomes of a request for `/s/{brand}`.
pub(in crate::door) async fn signed_up(door: &Door, request: &Request, origin: Origin) -> Answer {
    let id = request.path().rsplit('/').next().unwrap_or_default().to_owned();
    let brand = door.brands.of(Some(&id)).filter(|brand| brand.sign_up().is_some());
    let Some(brand) = brand else { return super::nothing(door, request) };
    let csrf = form_name(brand);
    let page = Page { door, brand, frame: frame(brand, request, door.keys.form(&csrf)), origin };
    match request.method.as_str() {
        "GET" | "HEAD" => page.form(&[], Vec::new()),
        "POST" => page.posted(request).await,
        _ => Answer::text(405, "method not allowed\n"),
    }
}

/// What becomes of a request for `/c/{token}`.
pub(in crate::door) async fn confirmed(door: &Door, request: &Request, origin: Origin) -> Answer {
    let text = request.path().rsplit('/').next().unwrap_or_default().to_owned();
    let reading = door.keys.tokens.read(&text, now());
    let (confirmation, is_valid) = match reading {
        Reading::Valid(confirmation) => (confirmation, true),
        Reading::Expired(confirmation) => (confirmation, false),
        Reading::Wrong => return unknown(door, request, origin),
    };
    let Some(brand) = door.brands.of(confirmation.brand.as_deref()) else {
        return super::nothing(door, request);
    };
    let page = Page { door, brand, frame: frame(brand, request, door.keys.form(&text)), origin };
    let Ok(here) = link(&format!("/c/{text}")) else { return page.problem(Problem::NotFound) };
    let texts = page.texts(&confirmation).filter(|_| is_valid);
    match (request.method.as_str(), texts) {
        ("GET" | "HEAD", Some(asked)) => page.question(&confirmation, asked, here),
        ("GET" | "HEAD", None) => page.expired(&confirmation, here),
        ("POST", texts) => page.pressed(request, &text, &confirmation, texts, here).await,
        _ => Answer::text(405, "method not allowed\n"),
    }
}

/// A wish of the preference page: a mail that asks, to the mailbox of the link. `saved`: the form has refused something as well.
pub(super) async fn asked_for(
    door: &Door,
    brand: &Brand,
    (frame, here, saved): (&Frame, Link, bool),
    origin: Origin,
    content: &TokenContent,
    choice: &str,
) -> Answer {
    let page = Page { door, brand, frame: frame.clone(), origin };
    let found = gate_door_pages::read_choice(choice)
        .filter(|(channel, purpose)| *channel == Channel::Email && may_ask(brand, content, purpose))
        .and_then(|(_, purpose)| brand.text(purpose, frame.language));
    let (Some(text), Some(address)) = (found, mailbox(content)) else {
        return page.problem(Problem::BadRequest);
    };
    // a link need not name the controller; a request without one is of nobody's
    let own = brand.sign_up().map(|form| form.controller.as_str());
    let wish = WishOf {
        address: &address,
        contact_id: content.contact_id.as_deref(),
        controller: content.controller.as_deref().or(own),
        jurisdiction: content.jurisdiction.as_deref(),
        way: Way::PreferencePage,
        path: "/p",
        saved,
    };
    let unsaved = Unsaved::Ask { choice: choice.to_owned() };
    page.asked(&wish, frame.language, vec![text], (unsaved, here)).await
}

/// Whether a link of this person may ask for a mail about this purpose: by e-mail, and where the brand has a text for it.
pub(super) fn may_ask(brand: &Brand, content: &TokenContent, purpose: &str) -> bool {
    let offers = brand.sign_up().is_some_and(|form| form.purposes.iter().any(|own| own == purpose));
    offers && mailbox(content).is_some()
}

/// The mailbox of a link; messages may name it as `Ana <ana@example.com>`.
fn mailbox(content: &TokenContent) -> Option<String> {
    let address = content.address.as_deref()?;
    let read = CanonicalAddress::of_recipient(address, gate_core::Channel::Email, None).ok()?;
    Some(read.expose().to_owned())
}

/// Nobody knows whose link it was.
fn unknown(door: &Door, request: &Request, origin: Origin) -> Answer {
    let Some(brand) = door.brands.of(None) else { return Answer::text(404, "not found\n") };
    let frame = frame(brand, request, door.keys.form(&form_name(brand)));
    let page = Page { door, brand, frame, origin };
    let ask = page.sign_up(&[]).map_or(AskAgain::No, AskAgain::Form);
    page.gone(ask)
}

/// What stands for the form in its field against forgeries.
fn form_name(brand: &Brand) -> String {
    format!("s/{}", brand.id())
}

/// Who asks, and where.
struct WishOf<'w> {
    address: &'w str,
    contact_id: Option<&'w str>,
    controller: Option<&'w str>,
    jurisdiction: Option<&'w str>,
    way: Way,
    path: &'w str,
    /// Refusals of the same form are in Kafka.
    saved: bool,
}

impl Page<'_> {
    /// The form as it stands now, with what was ticked.
    fn sign_up(&self, ticked: &[String]) -> Option<SignUpForm> {
        let action = link(&format!("/s/{}", self.brand.id())).ok()?;
        let texts = self.brand.sign_up_texts(self.frame.language);
        let choices: Vec<SignUpChoice> = texts
            .into_iter()
            .map(|asked| SignUpChoice { ticked: ticked.contains(&asked.purpose), asked })
            .collect();
        (!choices.is_empty()).then_some(SignUpForm { action, choices })
    }

    fn form(&self, ticked: &[String], wrong: Vec<Wrong>) -> Answer {
        let Some(form) = self.sign_up(ticked) else { return self.problem(Problem::NotFound) };
        let view = SignUpPage { form, wrong };
        self.page(view.status(), view.render(self.brand, &self.frame))
    }

    async fn posted(mut self, request: &Request) -> Answer {
        let form = match SignUp::read(request) {
            Ok(form) => form,
            Err(SignUpError::TooLarge) => return self.problem(Problem::TooLarge),
            Err(SignUpError::Unreadable) => return self.problem(Problem::BadRequest),
        };
        if !self.door.keys.is_form(&form_name(self.brand), &form.csrf) {
            return self.problem(Problem::Form);
        }
        // the texts that were read, in the language they were read in
        self.frame.language = self.language(&form.locale);
        let texts: Option<Vec<AskedText>> = form
            .asked
            .iter()
            .map(|it| self.brand.text_of(&it.purpose, self.frame.language, &it.notice_version))
            .collect();
        let offered = self.brand.sign_up().map(|form| form.purposes.as_slice()).unwrap_or_default();
        let texts = texts.filter(|texts| texts.iter().all(|it| offered.contains(&it.purpose)));
        let mut wrong: Vec<Wrong> = form
            .faults()
            .into_iter()
            .map(|fault| match fault {
                SignUpFault::Address => Wrong::Address,
                SignUpFault::Nothing => Wrong::Nothing,
            })
            .collect();
        if texts.is_none() {
            wrong.push(Wrong::OldText);
        }
        let (Some(texts), true) = (texts, wrong.is_empty()) else {
            let ticked: Vec<String> = form.asked.iter().map(|it| it.purpose.clone()).collect();
            return self.form(&ticked, wrong);
        };
        let wish = WishOf {
            address: &form.address,
            contact_id: None,
            controller: self.brand.sign_up().map(|form| form.controller.as_str()),
            jurisdiction: None,
            way: Way::Form,
            path: &format!("/s/{}", self.brand.id()),
            saved: false,
        };
        let Ok(action) = link(&format!("/s/{}", self.brand.id())) else {
            return self.problem(Problem::NotFound);
        };
        self.asked(&wish, self.frame.language, texts, (Unsaved::SignUp, action)).await
    }

    /// Whether one more mail may go there, asked for from here.
    fn admitted(&self, address: &str) -> Result<Option<Admission>, Full> {
        let from = self.origin.counted();
        let unknown = std::net::Ipv4Addr::UNSPECIFIED.into();
        let keys = throttle_keys(address, from.unwrap_or(unknown), &self.door.keys.ids);
        // what is no address is told so, and sends nothing
        let Some(mailbox) = &keys.address else { return Ok(None) };
        self.door.throttle.admit(mailbox, from.map(|_| keys.network.as_str())).map(Some)
    }

    /// The address that the brand wants as evidence.
    fn kept_ip(&self) -> Option<IpAddr> {
        self.brand.sign_up().filter(|form| form.keep_ip)?;
        self.origin.evident()
    }

    /// The request and the mail that asks, both in Kafka before the answer.
    async fn asked(
        &self,
        wish: &WishOf<'_>,
        language: Language,
        texts: Vec<AskedText>,
        not_saved: (Unsaved, Link),
    ) -> Answer {
        let admission = match self.admitted(wish.address) {
            Ok(admission) => admission,
            Err(full) => {
                self.door.metrics.bounds.of(full.bound).inc();
                return self.problem(Problem::TooMany { seconds: full.seconds });
            }
        };
        let (answer, mail) = self.mailed(wish, language, &texts, not_saved).await;
        if let Some(admission) = admission.filter(|_| mail == Mail::NotWritten) {
            // who tries again while Kafka is away must not be told to wait for an hour
            self.door.throttle.give_back(&admission);
        }
        answer
    }

    /// The same of somebody who may be written to.
    async fn mailed(
        &self,
        wish: &WishOf<'_>,
        language: Language,
        texts: &[AskedText],
        not_saved: (Unsaved, Link),
    ) -> (Answer, Mail) {
        let keys = &self.door.keys;
        let hashes: Vec<String> = texts.iter().map(|it| it.notice.sha256()).collect();
        let notices = shown(texts, &hashes);
        let base = self.door.config.door.public_url.as_deref().unwrap_or_default();
        let asking = ask(
            &Wish {
                address: wish.address,
                contact_id: wish.contact_id,
                controller: wish.controller,
                brand: Some(self.brand.id()),
                jurisdiction: wish.jurisdiction,
                locale: language.code(),
                notices: &notices,
                way: wish.way,
                page: &format!("{base}{}", wish.path),
                ip: self.kept_ip(),
                hours: self.brand.sign_up().map_or(7 * HOURS_OF_DAY, |form| form.link_hours),
            },
            &keys.ids,
            now(),
        );
        let asking = match asking {
            Ok(asking) => asking,
            Err(WishError::Address) => {
                return (self.form(&[], vec![Wrong::Address]), Mail::NotWritten);
            }
            Err(error) => {
                tracing::error!(%error, "a wish to be asked cannot be written");
                return (self.problem(Problem::Internal), Mail::NotWritten);
            }
        };
        let mail = self.sent(asking, language, texts, base).await;
        let answer = match mail {
            Mail::Written => {
                let view = LinkSentPage { saved: wish.saved };
                self.page(view.status(), view.render(self.brand, &self.frame))
            }
            Mail::NotWritten | Mail::Unknown => self.not_saved(not_saved.0, not_saved.1),
        };
        (answer, mail)
    }

    /// The request first: the gate lets one mail pass after each.
    async fn sent(
        &self,
        asking: Asking,
        language: Language,
        texts: &[AskedText],
        base: &str,
    ) -> Mail {
        let Asking { confirmation, records } = asking;
        // made before anything is written: a request whose mail cannot be made would wait for nothing
        let Some(outbound) = self.door.outbound.as_ref() else { return Mail::NotWritten };
        let mail = MailOf { confirmation: &confirmation, language, texts, base };
        let Some(mail) = mail.outgoing(&self.door.keys, self.brand, outbound) else {
            return Mail::NotWritten;
        };
        let outcome = gate_intake::Outcome { records, ..gate_intake::Outcome::default() };
        if settle(self.door, NAME, outcome).await.answer.status >= 500 {
            return Mail::NotWritten;
        }
        match outbound.topic.write(&[mail]).await.into_iter().next() {
            Some(Ok(_)) => Mail::Written,
            // one that failed may be there all the same, and go out
            Some(Err(failure)) => {
                unmailed(&failure);
                Mail::Unknown
            }
            None => Mail::NotWritten,
        }
    }

    /// The texts that a request names, as long as all of them are there to be shown as they were.
    fn texts(&self, confirmation: &Confirmation) -> Option<Vec<AskedText>> {
        // in the language of the request, or not at all: a translation is another text
        let language = Language::from_code(&confirmation.locale)
            .filter(|own| self.brand.languages().contains(own))?;
        let each = confirmation.asked.iter();
        each.map(|it| {
            let text = self.brand.text_of(&it.purpose, language, &it.notice_version)?;
            it.is_text(&text.notice.sha256()).then_some(text)
        })
        .collect()
    }

    fn question(
        mut self,
        confirmation: &Confirmation,
        asked: Vec<AskedText>,
        action: Link,
    ) -> Answer {
        self.frame.language = self.language(&confirmation.locale);
        let at = |at: gate_core::Timestamp| {
            When::utc(jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default())
        };
        let view = ConfirmPage {
            who: who(confirmation),
            channel: Channel::Email,
            asked,
            asked_at: at(confirmation.asked_at),
            until: at(confirmation.expires_at),
            action,
        };
        self.page(view.status(), view.render(self.brand, &self.frame))
    }

    /// The link worked once: with the texts of now one can ask again.
    fn expired(&self, confirmation: &Confirmation, action: Link) -> Answer {
        let each = confirmation.asked.iter();
        let asked: Vec<AskedText> =
            each.filter_map(|it| self.brand.text(&it.purpose, self.frame.language)).collect();
        if asked.is_empty() || self.brand.sign_up().is_none() {
            return self.gone(AskAgain::No);
        }
        self.gone(AskAgain::SameMailbox { action, who: who(confirmation), asked })
    }

    fn gone(&self, ask: AskAgain) -> Answer {
        let hours = self.brand.sign_up().map_or(7 * HOURS_OF_DAY, |form| form.link_hours);
        let view = ExpiredPage { days: hours.div_ceil(HOURS_OF_DAY), ask };
        self.page(view.status(), view.render(self.brand, &self.frame))
    }

    /// A button of the link's page: agree, or ask again.
    async fn pressed(
        mut self,
        request: &Request,
        token: &str,
        confirmation: &Confirmation,
        texts: Option<Vec<AskedText>>,
        here: Link,
    ) -> Answer {
        let form = match SignUp::read(request) {
            Ok(form) => form,
            Err(SignUpError::TooLarge) => return self.problem(Problem::TooLarge),
            Err(SignUpError::Unreadable) => return self.problem(Problem::BadRequest),
        };
        if !self.door.keys.is_form(token, &form.csrf) {
            return self.problem(Problem::Form);
        }
        match texts {
            Some(texts) => self.agreed(confirmation, &texts, here).await,
            None if form.again => {
                self.frame.language = self.language(&form.locale);
                let named =
                    |purpose: &str| confirmation.asked.iter().any(|it| it.purpose == purpose);
                let each = form.asked.iter().filter(|it| named(&it.purpose));
                let texts: Option<Vec<AskedText>> = each
                    .map(|it| {
                        self.brand.text_of(&it.purpose, self.frame.language, &it.notice_version)
                    })
                    .collect();
                let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
                    return self.expired(confirmation, here);
                };
                let wish = WishOf {
                    address: &confirmation.address,
                    contact_id: confirmation.contact_id.as_deref(),
                    controller: confirmation.controller.as_deref(),
                    jurisdiction: confirmation.jurisdiction.as_deref(),
                    way: Way::Form,
                    path: "/c",
                    saved: false,
                };
                self.asked(&wish, self.frame.language, texts, (Unsaved::SignUp, here)).await
            }
            None => self.expired(confirmation, here),
        }
    }

    async fn agreed(
        mut self,
        confirmation: &Confirmation,
        texts: &[AskedText],
        here: Link,
    ) -> Answer {
        self.frame.language = self.language(&confirmation.locale);
        let hashes: Vec<String> = texts.iter().map(|it| it.notice.sha256()).collect();
        let notices = shown(texts, &hashes);
        let base = self.door.config.door.public_url.as_deref().unwrap_or_default();
        let page = format!("{base}/c");
        let window = Remembered::of(&self.door.seen);
        let shown = Shown { notices: &notices, page: &page, ip: self.kept_ip() };
        let outcome = match confirm(confirmation, &shown, &window, now()) {
            Ok(outcome) if window.is_whole() => outcome,
            Ok(_) => return self.not_saved(Unsaved::Confirmation, here),
            Err(ConfirmError::OtherTexts) => return self.expired(confirmation, here),
            Err(error @ ConfirmError::Refused(_)) => {
                tracing::error!(%error, "a confirmation cannot be written");
                return self.problem(Problem::Internal);
            }
        };
        let repeated = outcome.records.is_empty();
        if settle(self.door, NAME, outcome).await.answer.status >= 500 {
            return self.not_saved(Unsaved::Confirmation, here);
        }
        let mint = self.door.keys.tokens.mint(TokenKind::Preferences, &confirmation.person());
        let view = ConfirmDonePage {
            who: who(confirmation),
            purposes: confirmation.asked.iter().map(|it| it.purpose.clone()).collect(),
            at: When::utc(instant()),
            repeated,
            preferences: mint.ok().and_then(|token| link(&format!("/p/{token}")).ok()),
        };
        self.page(view.status(), view.render(self.brand, &self.frame))
    }

    fn language(&self, code: &str) -> Language {
        let own = Language::from_code(code);
        own.filter(|own| self.brand.languages().contains(own)).unwrap_or(self.frame.language)
    }

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

    fn not_saved(&self, what: Unsaved, action: Link) -> Answer {
        let view = NotSavedPage { what, action, reference: String::new() };
        let mut answer = self.page(view.status(), view.render(self.brand, &self.frame));
        answer.headers.push(("retry-after", "5".to_owned()));
        answer
    }
}

fn shown<'t>(texts: &'t [AskedText], hashes: &'t [String]) -> Vec<NoticeShown<'t>> {
    let each = texts.iter().zip(hashes);
    each.map(|(text, sha256)| NoticeShown {
        purpose: &text.purpose,
        version: text.notice.version(),
        sha256,
    })
    .collect()
}

fn who(confirmation: &Confirmation) -> Who {
    Who::of(&[mask_address(&confirmation.address)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mailbox_of_a_link_is_found_however_the_message_named_it() {
        let of = |address: &str| {
            let address = Some(address.to_owned());
            mailbox(&TokenContent { address, ..TokenContent::default() })
        };
        for named in ["ana@example.com", "Ana <ana@example.com>", " Ana@Example.com "] {
            assert_eq!(of(named).as_deref(), Some("ana@example.com"), "{named}");
        }
        assert_eq!((of("+441632960001"), of("")), (None, None));
    }
}
