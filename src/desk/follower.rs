//! Reads both topics into the index.

use std::sync::Arc;
use std::thread::JoinHandle;

use gate_index::Writer;

use super::Desk;
use crate::exit::Failure;
use crate::shutdown::Shutdown;

/// Starts the thread that reads.
pub(super) fn start(
    _desk: &Arc<Desk>,
    _writer: Writer,
    _shutdown: &Shutdown,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    Ok(Vec::new())
}
