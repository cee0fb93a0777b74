//! The HTTP server that tells where the gate stands, and its pages.
//!
//! INVARIANT: nothing here decides, and nothing here asks Kafka, the registry or the store: what is told stands in
//! [`Status`](crate::status::Status).

mod limits;
mod pages;
mod seats;
mod server;

pub use pages::{Front, FrontPage};
pub use server::{OpsError, Server, serve};
