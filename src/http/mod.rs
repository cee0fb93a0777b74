//! The HTTP server: where the gate stands, its pages, and what machines may ask.
//!
//! INVARIANT: nothing here decides, and nothing here asks Kafka, the registry or the store: what is told stands in
//! [`Status`](crate::status::Status), and questions go to [`answers`](crate::answers), which has threads of its own.

pub(crate) mod bearer;
mod beside;
mod files;
mod limits;
mod machines;
mod pages;
mod routes;
mod seats;
mod server;

pub use beside::{Answer, Pages, serve_pages};
pub(crate) use files::room_for;
pub(crate) use limits::Limits;
pub use machines::Machines;
pub use pages::{Front, FrontPage};
pub(crate) use routes::class;
pub use server::{OpsError, Server, serve};
pub(crate) use server::{Peer, serve_router};
