//! From view models to HTML: one template each, with brand, frame and words beside it.

use askama::Template;

use crate::ask::{AskAgain, ExpiredPage, LinkSentPage};
use crate::assets::{CSS_HREF, JS_HREF};
use crate::brand::Brand;
use crate::channel::Channel;
use crate::confirm::{ConfirmDonePage, ConfirmPage};
use crate::effect::Effect;
use crate::failure::{ErrorPage, NotSavedPage, Problem, Unsaved};
use crate::frame::Frame;
use crate::masked::Who;
use crate::preferences::{
    Choice, ChoiceGroup, ChoiceState, ChoicesAwayPage, OffBy, PreferencesPage, StoppedPage,
    choice_value,
};
use crate::sentences;
use crate::sign_up::{SignUpPage, Wrong};
use crate::unsubscribe::{UnsubscribeDonePage, UnsubscribePage};
use crate::words::{PieceKind, Said, Words};

/// A page could not be written. Templates are checked when they are compiled; nothing of a view model brings this about.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be written: {0}")]
pub struct RenderError(#[from] askama::Error);

macro_rules! pages {
    ($($page:ident as $view:ident: $template:literal, $status:expr;)*) => {$(
        #[derive(Template)]
        #[template(path = $template)]
        #[allow(dead_code, reason = "most pages need no script")]
        struct $view<'a> {
            p: &'a $page,
            b: &'a Brand,
            f: &'a Frame,
            t: Words,
            css: &'static str,
            js: &'static str,
        }

        #[allow(dead_code, reason = "each page says some of these")]
        impl $view<'_> {
            fn what(&self, channel: &Channel, purpose: &Option<String>) -> Said<'static> {
                sentences::what(*channel, purpose.as_deref(), self.b, &self.t)
            }

            fn what_all(&self, channel: &Channel) -> Said<'static> {
                sentences::what(*channel, None, self.b, &self.t)
            }

            fn who(&self, start: &str, who: &Who) -> Option<Said<'static>> {
                sentences::who(start, who, &self.t)
            }

            fn effect(&self, effect: &Effect) -> Said<'static> {
                sentences::effect(effect, &self.t)
            }

            fn still(&self) -> String {
                sentences::still_comes(self.b, &self.t)
            }

            fn in_sentence(&self, purpose: &str) -> String {
                self.b.purpose_in_sentence(purpose, self.t.language()).to_owned()
            }

            fn name(&self, purpose: &str) -> String {
                self.b.purpose_name(purpose, self.t.language()).to_owned()
            }

            fn explanation(&self, purpose: &str, channel: &Channel) -> &str {
                self.b.explanation(purpose, *channel, self.t.language())
            }

            /// Whether it can be turned on: an e-mail can be sent, and there is an approved text to ask with.
            fn asks(&self, choice: &Choice, channel: &Channel) -> bool {
                let notice = self.b.notice(*channel, &choice.purpose, self.t.language());
                // an e-mail proves whose a mailbox is, and not whose a telephone (BGH I ZR 164/09)
                choice.askable && *channel == Channel::Email && notice.is_some()
            }

            fn asks_any(&self, groups: &[ChoiceGroup]) -> bool {
                groups.iter().any(|group| {
                    group.choices.iter().any(|choice| {
                        matches!(choice.state, ChoiceState::Off { .. })
                            && self.asks(choice, &group.channel)
                    })
                })
            }

            fn value(&self, purpose: &str, channel: &Channel) -> String {
                choice_value(*channel, purpose)
            }
        }

        impl $page {
            /// The page as HTML.
            ///
            /// # Errors
            /// When it cannot be written; see [`RenderError`].
            pub fn render(&self, brand: &Brand, frame: &Frame) -> Result<String, RenderError> {
                let t = Words::new(frame.language, frame.now);
                Ok($view { p: self, b: brand, f: frame, t, css: &CSS_HREF, js: &JS_HREF }.render()?)
            }

            /// The status that the page is answered with.
            #[must_use]
            pub fn status(&self) -> u16 {
                let status: fn(&Self) -> u16 = $status;
                status(self)
            }
        }
    )*};
}

pages! {
    UnsubscribePage as Unsubscribe: "unsubscribe.html", |_| 200;
    UnsubscribeDonePage as UnsubscribeDone: "unsubscribe-done.html", |_| 200;
    PreferencesPage as Preferences: "preferences.html", |_| 200;
    ChoicesAwayPage as ChoicesAway: "choices-away.html", |_| 200;
    StoppedPage as Stopped: "stopped.html", |_| 200;
    SignUpPage as SignUp: "sign-up.html", |page| if page.wrong.is_empty() { 200 } else { 422 };
    ConfirmPage as Confirm: "confirm.html", |_| 200;
    ConfirmDonePage as ConfirmDone: "confirm-done.html", |_| 200;
    ExpiredPage as Expired: "expired.html", |_| 404;
    LinkSentPage as LinkSent: "link-sent.html", |_| 200;
    NotSavedPage as NotSaved: "not-saved.html", |_| 503;
    ErrorPage as Failure: "error.html", |page| page.problem.status();
}

impl UnsubscribeDonePage {
    /// The answer for a program (no `text/html` in `Accept`, as mail clients ask): two lines of plain text.
    #[must_use]
    pub fn plain(&self, brand: &Brand, frame: &Frame) -> String {
        let words = Words::new(frame.language, frame.now);
        let what = sentences::what(self.channel, self.purpose.as_deref(), brand, &words);
        let id = match self.effect {
            Effect::InForce { .. } => "done-plain",
            Effect::Soon { .. } | Effect::BeforeNext => "done-saved-plain",
        };
        let said = words.say(id).w("what", what).s("brand", brand.name());
        format!("{said}\n{}\n", sentences::effect(&self.effect, &words))
    }
}

impl NotSavedPage {
    /// The same for a program: two lines of plain text.
    #[must_use]
    pub fn plain(&self, frame: &Frame) -> String {
        let words = Words::new(frame.language, frame.now);
        let yet = words.say_of("not-yet-", self.what.word());
        format!("{}\n{yet}\n", words.say("not-saved-title"))
    }
}
