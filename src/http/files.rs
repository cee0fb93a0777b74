//! Files that the process may have open: each connection is one.
//!
//! Kafka's sockets, the stores and questions to gates come out of the same limit. A shell gives a process 1,024, and then as many
//! silent connections keep everybody out: nothing is accepted any more, so nobody is cut for a newcomer either.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files besides connections.
const BESIDE: u64 = 512;
/// Connections for which there is always an attempt.
const CONNECTIONS_MIN: u64 = 64;

/// How many of these connections there are files for, after the limit was raised as far as the system lets us.
pub(crate) fn room_for(connections: u32) -> u32 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = u64::from(connections) + BESIDE;
    let raised = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < raised) {
        let raised = Rlimit { current: Some(raised), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files cannot be raised");
        }
    }
    let files = getrlimit(Resource::Nofile).current;
    let room = room(files, connections);
    if room < connections {
        tracing::warn!(
            files,
            connections = room,
            wanted = connections,
            "fewer connections than usual: allow more open files (`LimitNOFILE`, `ulimit -Hn`)"
        );
    }
    room
}

/// Of these files; `None`: as many as one likes.
fn room(files: Option<u64>, connections: u32) -> u32 {
    let Some(files) = files else { return connections };
    let room = files.saturating_sub(BESIDE).max(CONNECTIONS_MIN).min(u64::from(connections));
    u32::try_from(room).unwrap_or(connections)
}

#[test]
fn connections_leave_files_for_the_rest() {
    assert_eq!(room(Some(65_536), 4_096), 4_096);
    assert_eq!(room(Some(1_024), 4_096), 512);
    assert_eq!(room(Some(100), 4_096), 64);
    assert_eq!(room(None, 4_096), 4_096);
    // raised as far as it goes, and never lowered
    let before = getrlimit(Resource::Nofile);
    let found = room_for(1_000);
    let after = getrlimit(Resource::Nofile);
    assert!(after.current >= before.current && after.maximum == before.maximum);
    assert!(found == 1_000 || after.current == after.maximum, "{after:?}");
}
