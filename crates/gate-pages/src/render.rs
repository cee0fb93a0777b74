//! From view models to HTML: one template each, with the frame and the words beside it.

use askama::Template;

use crate::assets::{CSS_HREF, JS_HREF};
use crate::decision::Ledger;
use crate::decision::Recomputed;
use crate::decisions::Count;
use crate::failure::Problem;
use crate::frame::{Corner, Nav};
use crate::intake::{Blocks, SourceState, What};
use crate::language::Language;
use crate::login::LoginError;
use crate::overview::Range;
use crate::parts::Outcome;
use crate::people::{Found, LookUpReason};
use crate::policies::Sure;
use crate::words::{PieceKind, Words};
use crate::{
    ConfirmPage, DecisionPage, DecisionsPage, DiffPage, EmptyPage, ErrorPage, Frame, IntakePage,
    LoginPage, OverviewPage, PeoplePage, PersonPage, PoisonPage, PoliciesPage, ProbePage,
};

/// A page could not be written. Templates are checked when they are compiled; nothing of a view model brings this about.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be written: {0}")]
pub struct RenderError(#[from] askama::Error);

macro_rules! pages {
    ($($page:ident as $view:ident: $template:literal at $nav:ident;)*) => {$(
        #[derive(Template)]
        #[template(path = $template)]
        #[allow(dead_code, reason = "signing in has neither navigation nor script")]
        struct $view<'a> {
            p: &'a $page,
            f: &'a Frame,
            t: Words<'a>,
            css: &'static str,
            js: &'static str,
            at: Nav,
        }

        impl $page {
            /// The page as HTML.
            ///
            /// # Errors
            /// When it cannot be written; see [`RenderError`].
            pub fn render(&self, frame: &Frame, language: Language) -> Result<String, RenderError> {
                let t = Words::new(language, &frame.now);
                let view = $view { p: self, f: frame, t, css: &CSS_HREF, js: &JS_HREF, at: Nav::$nav };
                Ok(view.render()?)
            }
        }
    )*};
}

pages! {
    LoginPage as Login: "login.html" at Elsewhere;
    ErrorPage as Failure: "error.html" at Elsewhere;
    OverviewPage as Overview: "overview.html" at Overview;
    EmptyPage as Empty: "empty.html" at Overview;
    PeoplePage as People: "people.html" at People;
    PersonPage as Person: "person.html" at People;
    DecisionsPage as Decisions: "decisions.html" at Decisions;
    DecisionPage as Decision: "decision.html" at Decisions;
    PoliciesPage as Policies: "policies.html" at Policies;
    DiffPage as Diff: "policies-diff.html" at Policies;
    IntakePage as Intake: "intake.html" at Intake;
    PoisonPage as Poison: "poison.html" at Intake;
    ConfirmPage as Confirm: "poison-confirm.html" at Intake;
    ProbePage as Probe: "probe.html" at Probe;
}
