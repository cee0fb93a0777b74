//! The places of HTTP connections: a bounded number, and a new connection always gets one.
//!
//! INVARIANT: a connection that is being answered keeps its place; every other one may lose it once it has had it
//! for the grace.

use super::limits::Limits;
use crate::metrics::{Bound, Metrics};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// All places.
pub(super) struct Seats {
    limits: Limits,
    room: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Goes up with each connection.
    number: u64,
    connections: BTreeMap<u64, Connection>,
}

struct Connection {
    peer: IpAddr,
    /// When it was accepted, or its last request was answered.
    idle_since: Instant,
    is_answered: bool,
    cut: CancellationToken,
}

/// One place; free again when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    _permit: OwnedSemaphorePermit,
    /// Somebody else gets the place.
    pub(super) cut: CancellationToken,
}

impl Seats {
    pub(super) fn new(limits: Limits) -> Self {
        let room = Arc::new(Semaphore::new(limits.connections_max as usize));
        Self { limits, room, taken: Mutex::default() }
    }

    /// A place for a connection from there; waits until one is free, and sees to it that one gets free.
    ///
    /// # Errors
    /// Never in practice: the places are not closed.
    pub(super) async fn take(
        self: &Arc<Self>,
        peer: IpAddr,
        metrics: &Metrics,
    ) -> io::Result<Seat> {
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            return Ok(self.seat(peer, permit));
        }
        metrics.bound_reached(Bound::HttpConnections);
        loop {
            let wait = self.make_room();
            let room = Arc::clone(&self.room).acquire_owned();
            if let Ok(permit) = tokio::time::timeout(wait, room).await {
                return Ok(self.seat(peer, permit.map_err(io::Error::other)?));
            }
        }
    }

    /// Comes back when every place is free.
    pub(super) async fn all_free(&self) {
        // closed by nobody, so there is nothing to report
        self.room.acquire_many(self.limits.connections_max).await.ok();
    }

    fn seat(self: &Arc<Self>, peer: IpAddr, permit: OwnedSemaphorePermit) -> Seat {
        let cut = CancellationToken::new();
        let mut taken = self.taken();
        taken.number += 1;
        let number = taken.number;
        let (idle_since, token) = (Instant::now(), cut.clone());
        let connection = Connection { peer, idle_since, is_answered: false, cut: token };
        taken.connections.insert(number, connection);
        Seat { seats: Arc::clone(self), number, _permit: permit, cut }
    }

    /// Cuts a connection, if one has had its grace; how long to wait before the next look.
    fn make_room(&self) -> Duration {
        let taken = self.taken();
        let idle = || {
            let connections = taken.connections.values();
            connections.filter(|known| !known.is_answered && !known.cut.is_cancelled())
        };
        let mut held: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for known in idle() {
            *held.entry(known.peer).or_default() += 1;
        }
        let most = held.values().copied().max().unwrap_or_default();
        let of_most = idle().filter(|known| held.get(&known.peer) == Some(&most));
        let Some(longest) = of_most.min_by_key(|known| known.idle_since) else {
            return self.limits.grace;
        };
        let left = self.limits.grace.saturating_sub(longest.idle_since.elapsed());
        if left.is_zero() {
            longest.cut.cancel();
            return self.limits.grace;
        }
        left
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// A request has come in whole.
    pub(super) fn begins(&self) {
        self.note(true);
    }

    /// Its answer is made.
    pub(super) fn has_answered(&self) {
        self.note(false);
    }

    fn note(&self, is_answered: bool) {
        if let Some(known) = self.seats.taken().connections.get_mut(&self.number) {
            known.is_answered = is_answered;
            known.idle_since = Instant::now();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().connections.remove(&self.number);
    }
}
