//! Suppression lists of providers beside our consent state.
#![forbid(unsafe_code)]

mod api;
mod entry;
mod http;
mod json;
mod limits;
mod problem;
mod sigv4;
mod time;

pub use api::{ApiSpec, MailgunSpec, Page, SendGridSpec, SesSpec, SuppressionApi, TwilioSpec};
pub use entry::{Entry, Reason};
pub use http::{Answer, Auth, Credentials, HttpRequest, Method};
pub use limits::*;
pub use problem::ListProblem;
pub use sigv4::AwsKey;
