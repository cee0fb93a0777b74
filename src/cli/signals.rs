//! Signals that end a command which goes on until somebody ends it.

use super::{ExitCode, Failure};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

/// Set by Ctrl-C or SIGTERM.
pub(super) fn stop_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let (ready, is_ready) = mpsc::channel();
    let raised = Arc::clone(&stop);
    std::thread::spawn(move || {
        let runtime = match super::runtime() {
            Ok(runtime) => runtime,
            Err(failure) => return drop(ready.send(Err(failure))),
        };
        runtime.block_on(async {
            let terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
            let interrupt =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
            match (terminate, interrupt) {
                (Ok(mut terminate), Ok(mut interrupt)) => {
                    drop(ready.send(Ok(())));
                    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
                    raised.store(true, Ordering::Relaxed);
                }
                (Err(error), _) | (_, Err(error)) => {
                    drop(ready.send(Err(Failure::new(
                        ExitCode::TryAgain,
                        format!("cannot listen for signals: {error}"),
                    ))));
                }
            }
        });
    });
    match is_ready.recv() {
        Ok(Ok(())) => Ok(stop),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::new(ExitCode::Internal, "cannot listen for signals")),
    }
}
