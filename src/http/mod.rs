//! The HTTP server: where the gate stands, its pages, and what machines may ask.
//!
//! INVARIANT: nothing here decides, and nothing here asks Kafka, the registry or the store: what is told stands in
//! [`Status`](crate::status::Status), and questions go to [`answers`](crate::answers), which has threads of its own.

mod bearer;
mod beside;
mod limits;
mod machines;
mod pages;
mod routes;
mod seats;
mod server;

pub use beside::{Answer, Pages, serve_pages};
pub use machines::Machines;
pub use pages::{Front, FrontPage};
pub use server::{OpsError, Server, serve};
