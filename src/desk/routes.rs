//! Every route of the desk, by which method, and who may ask it. The router is made from this table, so there is no route
//! beside it; a test walks through all of it with every role.

use super::roles::Right;
use super::work_account::CALLBACK;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admits {
    /// Whoever reaches the address.
    Everybody,
    /// Who has this right; programs by a bearer token, browsers by signing in.
    Those(Right),
}

/// For whom an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// JSON in and out, a bearer token, problems as JSON.
    Programs,
    /// Forms in and pages out, a cookie, problems as pages.
    People,
    /// Whoever watches the process.
    Watchers,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Livez,
    Readyz,
    Metrics,
    OpenApi,
    Style,
    Script,
    Icon,
    SignInForm,
    SignIn,
    WorkAccount,
    WorkAccountBack,
    SignOut,
    Overview,
    PeopleForm,
    LookUp,
    Person,
    WouldPass,
    Export,
    Decisions,
    ByMessage,
    Decision,
    ToPerson,
    Counts,
    Policies,
    Pack,
    PolicyDiff,
    Intake,
    Poison,
    Release,
    Probe,
    LookUps,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) asks: Asks,
    pub(super) is_for: For,
    pub(super) admits: Admits,
}

/// `Get` stands for `HEAD` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

impl Method {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

const fn open(path: &'static str, asks: Asks, is_for: For) -> Route {
    Route { method: Method::Get, path, asks, is_for, admits: Admits::Everybody }
}

const fn page(method: Method, path: &'static str, asks: Asks, right: Right) -> Route {
    Route { method, path, asks, is_for: For::People, admits: Admits::Those(right) }
}

const fn api(method: Method, path: &'static str, asks: Asks, right: Right) -> Route {
    Route { method, path, asks, is_for: For::Programs, admits: Admits::Those(right) }
}

use Method::{Get, Post};
use Right::{Intake, Look, People, Release};

/// All of them.
pub(super) static ROUTES: &[Route] = &[
    open("/livez", Asks::Livez, For::Watchers),
    open("/readyz", Asks::Readyz, For::Watchers),
    open("/metrics", Asks::Metrics, For::Watchers),
    open("/openapi.json", Asks::OpenApi, For::Watchers),
    open("/assets/desk.css", Asks::Style, For::Watchers),
    open("/assets/desk.js", Asks::Script, For::Watchers),
    open("/favicon.ico", Asks::Icon, For::Watchers),
    open("/login", Asks::SignInForm, For::People),
    Route {
        method: Post,
        path: "/login",
        asks: Asks::SignIn,
        is_for: For::People,
        admits: Admits::Everybody,
    },
    open("/login/oidc", Asks::WorkAccount, For::People),
    open(CALLBACK, Asks::WorkAccountBack, For::People),
    page(Post, "/logout", Asks::SignOut, Look),
    page(Get, "/", Asks::Overview, Look),
    page(Get, "/people", Asks::PeopleForm, People),
    page(Post, "/people", Asks::LookUp, People),
    page(Get, "/people/{handle}", Asks::Person, People),
    page(Post, "/people/{handle}/would-pass", Asks::WouldPass, People),
    page(Post, "/people/{handle}/export", Asks::Export, People),
    page(Get, "/decisions", Asks::Decisions, Look),
    page(Get, "/decisions/by-message", Asks::ByMessage, Look),
    page(Get, "/decisions/{topic}/{partition}/{offset}", Asks::Decision, Look),
    page(Post, "/decisions/{topic}/{partition}/{offset}/person", Asks::ToPerson, People),
    page(Get, "/policies", Asks::Policies, Look),
    page(Get, "/policies/diff", Asks::PolicyDiff, Look),
    page(Get, "/policies/{code}", Asks::Pack, Look),
    page(Get, "/intake", Asks::Intake, Intake),
    page(Get, "/intake/{partition}/{offset}", Asks::Poison, Intake),
    page(Post, "/intake/{partition}/{offset}/confirm", Asks::Release, Release),
    page(Get, "/probe", Asks::Probe, Look),
    api(Get, "/v1/overview", Asks::Overview, Look),
    api(Post, "/v1/people", Asks::LookUp, People),
    api(Get, "/v1/people/{handle}", Asks::Person, People),
    api(Post, "/v1/people/{handle}/would-pass", Asks::WouldPass, People),
    api(Post, "/v1/people/{handle}/export", Asks::Export, People),
    api(Get, "/v1/look-ups", Asks::LookUps, People),
    api(Get, "/v1/decisions", Asks::Decisions, Look),
    api(Get, "/v1/decisions/by-message", Asks::ByMessage, Look),
    api(Get, "/v1/decisions/{topic}/{partition}/{offset}", Asks::Decision, Look),
    api(Post, "/v1/decisions/{topic}/{partition}/{offset}/person", Asks::ToPerson, People),
    api(Get, "/v1/counts", Asks::Counts, Look),
    api(Get, "/v1/policies", Asks::Policies, Look),
    api(Get, "/v1/policies/diff", Asks::PolicyDiff, Look),
    api(Get, "/v1/policies/{code}", Asks::Pack, Look),
    api(Get, "/v1/intake", Asks::Intake, Intake),
    api(Get, "/v1/intake/{partition}/{offset}", Asks::Poison, Intake),
    api(Post, "/v1/intake/{partition}/{offset}/release", Asks::Release, Release),
    api(Get, "/v1/probe", Asks::Probe, Look),
];
