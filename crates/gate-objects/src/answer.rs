//! Answers of a storage: waited for no longer than a bound, and told as errors of input and output.

use std::future::Future;
use std::io;
use std::time::Duration;

/// Longest wait for one answer, with whatever the client tries again.
pub const ANSWER_MAX: Duration = Duration::from_secs(60);

pub(crate) async fn bounded<T>(
    answer: impl Future<Output = object_store::Result<T>>,
) -> Result<T, object_store::Error> {
    match tokio::time::timeout(ANSWER_MAX, answer).await {
        Ok(answered) => answered,
        Err(_) => {
            let source = format!("no answer within {} s", ANSWER_MAX.as_secs()).into();
            Err(object_store::Error::Generic { store: "objects", source })
        }
    }
}

pub(crate) fn told(error: object_store::Error) -> io::Error {
    let kind = match error {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        object_store::Error::NotFound { .. } => io::ErrorKind::NotFound,
        object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. } => {
            io::ErrorKind::Unsupported
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
