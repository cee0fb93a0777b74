//! The request to stop, from whoever asks for it to whatever runs: signals, the first thread that ends with an error, a test.

use crate::exit::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

/// A request to stop, for threads and tasks alike. Clones share it.
#[derive(Clone, Default)]
pub struct Shutdown {
    is_requested: Arc<AtomicBool>,
    is_reload_asked: Arc<AtomicBool>,
    token: CancellationToken,
}

impl Shutdown {
    /// Asks everything to stop.
    pub fn request(&self) {
        self.is_requested.store(true, Ordering::Release);
        self.token.cancel();
    }

    /// Whether to stop. Threads look at this once per turn.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::Acquire)
    }

    /// Set when SIGHUP asked for the policies to be read again; whoever acts on it clears it.
    #[must_use]
    pub fn reload_asked(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_reload_asked)
    }

    /// The same for tasks.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

/// SIGHUP asks for the policies to be read again. SIGTERM and SIGINT ask for a clean stop; a second one ends the process at once.
pub(crate) fn on_signals(
    runtime: &tokio::runtime::Runtime,
    shutdown: &Shutdown,
) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let shutdown = shutdown.clone();
    let _context = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let reload_asked = shutdown.reload_asked();
    runtime.spawn(async move {
        while hang_up.recv().await.is_some() {
            reload_asked.store(true, Ordering::Release);
        }
    });
    runtime.spawn(async move {
        let mut n_received = 0u32;
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            n_received += 1;
            if n_received > 1 {
                tracing::warn!("second signal: stopping at once; the next start recovers");
                crate::exit::now(ExitCode::TryAgain);
            }
            tracing::info!(
                "stopping: batches in hand are finished, the group is left, state is flushed"
            );
            shutdown.request();
        }
    });
    Ok(())
}
