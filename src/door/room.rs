//! Room for requests at work and for their bodies; the people's links have theirs apart, so that a flood of large bodies from
//! programs and providers leaves nobody without a way to say no.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB of bodies of programs and providers that are being read or worked on at a time.
pub(super) const BODIES_KIB_MAX: usize = 128 << 10;
/// The same of people's forms and one-click requests, which are small.
const LINK_BODIES_KIB_MAX: usize = 16 << 10;
/// Of people and their mail programs at a time; a quarter of `door.requests_max` if that is less.
const LINK_REQUESTS_MAX: usize = 1_000;

/// Room for one kind of requests.
pub(super) struct Room {
    seats: Arc<Semaphore>,
    n_seats: usize,
    kib: Arc<Semaphore>,
}

/// A request's place among those at work, and its share of their bytes.
pub(super) struct Seat {
    _request: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

impl Room {
    /// For programs and providers.
    pub(super) fn of_programs(requests_max: usize) -> Self {
        Self::new(requests_max, BODIES_KIB_MAX)
    }

    /// For the people's links.
    pub(super) fn of_links(requests_max: usize) -> Self {
        Self::new((requests_max / 4).clamp(1, LINK_REQUESTS_MAX), LINK_BODIES_KIB_MAX)
    }

    fn new(n_seats: usize, kib: usize) -> Self {
        let (seats, kib) = (Arc::new(Semaphore::new(n_seats)), Arc::new(Semaphore::new(kib)));
        Self { seats, n_seats, kib }
    }

    /// Room for a body that is about to be read; `None` when there is none.
    pub(super) fn for_body(&self, kib: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.kib).try_acquire_many_owned(kib).ok()
    }

    /// A seat for a request whose body is there; `None` when all are taken.
    pub(super) fn seat(&self, bytes: OwnedSemaphorePermit) -> Option<Seat> {
        let request = Arc::clone(&self.seats).try_acquire_owned().ok()?;
        Some(Seat { _request: request, _bytes: bytes })
    }

    /// Requests at work.
    pub(super) fn n_at_work(&self) -> usize {
        self.n_seats.saturating_sub(self.seats.available_permits())
    }

    /// Waits until none is at work; `false` when that takes longer.
    pub(super) async fn is_idle_within(&self, within: Duration) -> bool {
        let all = u32::try_from(self.n_seats).unwrap_or(u32::MAX);
        let idle = tokio::time::timeout(within, self.seats.acquire_many(all)).await;
        matches!(idle, Ok(Ok(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_of_programs_leaves_room_for_people() {
        let (programs, links) = (Room::of_programs(2), Room::of_links(2));
        let whole = u32::try_from(BODIES_KIB_MAX).unwrap();
        let flood = programs.for_body(whole).unwrap();
        assert!(programs.for_body(1).is_none(), "no memory is left for programs");
        let seats: Vec<Seat> =
            [flood, programs.for_body(0).unwrap()].map(|it| programs.seat(it).unwrap()).into();
        assert!(programs.seat(programs.for_body(0).unwrap()).is_none(), "and no seat");
        assert_eq!((programs.n_at_work(), links.n_at_work()), (2, 0));
        let click = links.seat(links.for_body(1).unwrap());
        assert!(click.is_some(), "who wants to stop finds room");
        assert!(!programs.is_idle_within(Duration::from_millis(1)).await);
        drop((seats, click));
        assert!(programs.is_idle_within(Duration::from_millis(1)).await);
        assert!(programs.for_body(whole).is_some());
    }
}
