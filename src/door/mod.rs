//! The people's door: opt-outs from anywhere become consent changes.
//!
//! ```text
//! providers  /hooks/{source}  ─┐                                   ┌─▶ topics.consent_change   (acks=all) ─▶ 2xx
//! programs   /v1/…            ─┼─▶ gate-intake: verify, map ─ seen? ┤
//! mail, people  /v1/mail, /u/… ─┘                                   └─▶ topics.door_dead_letter (what nobody understands)
//! ```
//! A process of its own (`consent-gate door`), as many as needed: it holds no state but the window of what came lately.
//!
//! INVARIANT: an answer of success is sent after Kafka has acknowledged every record of the request, so the gates' barrier
//! covers what was answered. Whatever is our fault is 503, never a 4xx: providers do not repeat those.
//! INVARIANT: nothing of a body, a header or an address is logged or counted; a source is named as configured.
//!
//! Deliberately absent: TLS (a proxy does that), the consent state (the gates have it).

mod brands;
mod certificates;
mod changes;
mod enforced;
mod links;
mod measures;
mod openapi;
mod origin;
mod pages;
mod ready;
mod room;
mod seen;
mod server;
mod sources;
mod start;
mod take_in;
mod throttle;
mod topic;

pub(crate) use links::{Wanted, source as link_source};
pub(crate) use sources::{Examined, examine};
pub use start::{Running, start};

use std::sync::Arc;

use gate_codec::Encoding;

use crate::config::Config;
use crate::gates::Gates;
use crate::links::Keys;
use crate::metrics::DoorMetrics;
use crate::shutdown::Shutdown;

/// What all requests share.
pub(crate) struct Door {
    config: Arc<Config>,
    sources: sources::Sources,
    /// Whose pages are shown.
    brands: brands::Brands,
    /// What links in mail are taken in as.
    links: gate_intake::Source,
    /// How consent changes are written.
    encoding: Encoding,
    consent: topic::Topic,
    dead_letters: topic::Topic,
    /// Where mails that ask for a confirmation go as candidates; only where a brand has a sign-up form.
    outbound: Option<Outbound>,
    /// Whose word on addresses counts.
    proxies: origin::Proxies,
    throttle: throttle::Throttle,
    seen: seen::Seen,
    keys: Keys,
    /// Who short links may be of; empty without `door.short_url`.
    short_senders: Vec<gate_intake::ShortSender>,
    gates: Gates,
    certificates: certificates::Certificates,
    metrics: DoorMetrics,
    watch: ready::Watch,
    /// Set when somebody asked for a stop, and what is sent is still taken in.
    shutdown: Shutdown,
    /// Room for programs and providers.
    room: room::Room,
    /// Room for the people's links.
    links_room: room::Room,
}

impl Door {
    /// All topics it writes.
    fn topics(&self) -> impl Iterator<Item = &topic::Topic> {
        let outbound = self.outbound.as_ref().map(|outbound| &outbound.topic);
        [&self.consent, &self.dead_letters].into_iter().chain(outbound)
    }
}

/// The messages' topic as the door writes it.
struct Outbound {
    topic: topic::Topic,
    encoding: Encoding,
}
