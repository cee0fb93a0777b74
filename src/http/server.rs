//! The HTTP server: accepts, limits, shuts down. What it says is in `pages.rs`.
//!
//! It is served by hyper's http1 builder with a timer and a header time-out; `axum::serve` has none
//! and held unfinished headers for as long as we watched. A connection is bounded in every way a
//! client could stretch it: time for the headers, time for a request, size of a body, and its whole
//! life, which also ends clients that read slowly.
//!
//! Connections are few, and whoever fills them must not keep a liveness probe out, or the supervisor kills a gate
//! that works. So a new one always gets a place: when all are taken, one that is not being answered is cut, of the
//! address that has most, the one that has been silent for longest. Each may stay for [`Limits::grace`] at least, which
//! is more than a request on its way takes.
//!
//! Deliberately absent: TLS and HTTP/2. It listens on loopback by default; put a proxy in front of it
//! when it must be reached from elsewhere.

use super::limits::Limits;
use super::machines::Machines;
use super::pages::{self, Front, Token};
use super::routes;
use super::seats::{Seat, Seats};
use crate::logging::Limited;
use crate::metrics::{Metrics, Requested, Route};
use crate::status::Status;
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;

/// Bytes of a request's head: request line and headers.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Pause after a failed accept (no file descriptors left), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// The address is taken, not ours or not allowed.
    #[error("cannot listen on `{listen}` ({source}); choose another address with `{key}`")]
    Bind {
        /// The configured address.
        listen: SocketAddr,
        /// Where it is configured.
        key: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// The address it is bound to, with the port the system chose for port 0.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Waits until it has shut down, which its cancellation token asks it to.
    pub async fn stopped(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the HTTP server ended before it was asked to");
        }
    }
}

/// Serves the routes of `routes.rs` on `listen` until `shutdown`.
///
/// What is not open needs a token of `machines`, or `token` where there is nothing; without either it is refused. With a
/// `front` whatever it has is open, and the rest is not found.
///
/// # Errors
/// [`OpsError::Bind`] when the address cannot be listened on.
pub async fn serve(
    listen: SocketAddr,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    token: Option<String>,
    front: Option<Front>,
    machines: Option<Machines>,
    shutdown: CancellationToken,
) -> Result<Server, OpsError> {
    let token = token.map(Token::new);
    let router = pages::router(status, Arc::clone(&metrics), token, front, machines);
    serve_router(("http.listen", listen), router, metrics, Limits::default(), shutdown).await
}

/// Serves any routes, within the same limits; the address and the key it is configured by.
///
/// # Errors
/// [`OpsError::Bind`] when the address cannot be listened on.
pub(crate) async fn serve_router(
    (key, listen): (&'static str, SocketAddr),
    router: Router,
    metrics: Arc<Metrics>,
    limits: Limits,
    shutdown: CancellationToken,
) -> Result<Server, OpsError> {
    let bind_error = |source| OpsError::Bind { listen, key, source };
    let listener = TcpListener::bind(listen).await.map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    let router = router.layer(TimeoutLayer::with_status_code(
        hyper::StatusCode::SERVICE_UNAVAILABLE,
        limits.request,
    ));
    let task = tokio::spawn(accept(listener, router, metrics, limits, shutdown));
    Ok(Server { address, task })
}

/// The other end of the connection that a request came over; it stands among the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Accepts until shutdown, then waits for the last connections.
async fn accept(
    listener: TcpListener,
    router: Router,
    metrics: Arc<Metrics>,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let seats = Arc::new(Seats::new(limits));
    let warnings = Limited::new();
    loop {
        let next = tokio::select! {
            () = shutdown.cancelled() => break,
            next = next_connection(&listener, &seats, &metrics) => next,
        };
        match next {
            Ok((stream, seated)) => {
                let (router, metrics) = (router.clone(), Arc::clone(&metrics));
                tokio::spawn(connection(stream, seated, router, metrics, limits, shutdown.clone()));
            }
            Err(error) => {
                if let Some(suppressed) = warnings.admit("accept", 0) {
                    tracing::warn!(%error, suppressed, "an HTTP connection cannot be accepted");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown, seats.all_free()).await.is_err() {
        tracing::warn!("HTTP connections were cut at shutdown: they took too long to end");
    }
}

/// One connection at a time is accepted and not seated yet.
async fn next_connection(
    listener: &TcpListener,
    seats: &Arc<Seats>,
    metrics: &Metrics,
) -> io::Result<(TcpStream, (Seat, IpAddr))> {
    let (stream, peer) = listener.accept().await?;
    let seat = seats.take(peer.ip(), metrics).await?;
    Ok((stream, (seat, peer.ip())))
}

/// Serves one connection to its end, or to the end of its time, or until its place is needed.
async fn connection(
    stream: TcpStream,
    (seat, peer): (Seat, IpAddr),
    router: Router,
    metrics: Arc<Metrics>,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let router = TowerToHyperService::new(router);
    let answer = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let (route, began) = (routes::label(request.uri().path()), Instant::now());
        let answer = router.call(request);
        let (seat, metrics) = (&seat, &metrics);
        async move {
            seat.begins();
            let answer = answer.await;
            seat.has_answered();
            let status = answer.as_ref().map_or(500, |answer| answer.status().as_u16());
            metrics.http_requests.of(Requested(route, routes::class(status))).inc();
            if route == Route::Check {
                metrics.check_seconds.observe(began.elapsed().as_secs_f64());
            }
            answer
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answer);
    let mut served = std::pin::pin!(served);
    let in_time = async {
        tokio::select! {
            ended = served.as_mut() => return Ok(ended),
            () = seat.cut.cancelled() => return Ok(Ok(())),
            () = tokio::time::sleep(limits.connection) => {}
            () = shutdown.cancelled() => {}
        }
        // an answer on its way is finished: a machine that asks all day would otherwise lose one each time
        served.as_mut().graceful_shutdown();
        tokio::time::timeout(limits.shutdown, served.as_mut()).await
    };
    // A client that breaks off, sends nonsense or takes too long concerns nobody but itself.
    match in_time.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection ended early"),
        Err(_) => tracing::debug!("an HTTP connection took too long and was cut"),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
