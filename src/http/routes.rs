//! Every route, by which method, and who may ask it. The router is made from this table, so there is no route beside it.

use crate::access::Role;
use crate::metrics::{Route as Label, StatusClass};

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Index,
    Livez,
    Readyz,
    Status,
    Metrics,
    Machine(Asks),
}

/// What a machine asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Check,
    Subject,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admits {
    /// Whoever reaches the address.
    Everybody,
    /// A token of one of these roles.
    Roles(&'static [Role]),
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) path: &'static str,
    /// `GET` stands for `HEAD` too.
    pub(super) method: &'static str,
    pub(super) admits: Admits,
    pub(super) page: Page,
    pub(super) label: Label,
}

const fn open(path: &'static str, page: Page, label: Label) -> Route {
    Route { path, method: "GET", admits: Admits::Everybody, page, label }
}

const fn asked(path: &'static str, roles: &'static [Role], asks: Asks, label: Label) -> Route {
    Route { path, method: "POST", admits: Admits::Roles(roles), page: Page::Machine(asks), label }
}

/// All of them. A check says whether somebody has refused, so it is for those who send and those who answer for people's
/// data; a person is for the latter alone.
pub(super) static ROUTES: [Route; 7] = [
    open("/", Page::Index, Label::Index),
    open("/livez", Page::Livez, Label::Livez),
    open("/readyz", Page::Readyz, Label::Readyz),
    open("/status", Page::Status, Label::Status),
    open("/metrics", Page::Metrics, Label::Metrics),
    asked("/v1/check", &[Role::Sender, Role::Officer], Asks::Check, Label::Check),
    asked("/v1/subject", &[Role::Officer], Asks::Subject, Label::Subject),
];

/// What requests to this path are counted as.
pub(super) fn label(path: &str) -> Label {
    ROUTES.iter().find(|route| route.path == path).map_or(Label::Other, |route| route.label)
}

/// What an answer of this status is counted as.
pub(crate) const fn class(status: u16) -> StatusClass {
    match status {
        ..200 => StatusClass::Informational,
        200..300 => StatusClass::Success,
        300..400 => StatusClass::Redirection,
        400..500 => StatusClass::Client,
        500.. => StatusClass::Server,
    }
}
