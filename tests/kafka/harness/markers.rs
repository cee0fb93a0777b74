//! Writes the end marker of somebody else's transaction into chosen partitions, as a coordinator does that has an end
//! in its log which its successor will not know: `WriteTxnMarkers` by hand, the one request no client sends.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Request, its version, no tagged fields.
const WRITE_TXN_MARKERS: (i16, i16) = (27, 1);
const NO_TAGS: u8 = 0;

/// A transaction of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

/// Commits what the producer has open in these partitions of a topic; the broker's error codes.
pub(crate) fn commit(
    broker: &str,
    producer: Producer,
    topic: &str,
    partitions: &[i32],
) -> Vec<i16> {
    let mut request = Vec::new();
    request.extend(WRITE_TXN_MARKERS.0.to_be_bytes());
    request.extend(WRITE_TXN_MARKERS.1.to_be_bytes());
    request.extend(1_i32.to_be_bytes()); // correlation id
    request.extend((-1_i16).to_be_bytes()); // no client id
    request.push(NO_TAGS);
    request.push(length(1)); // markers
    request.extend(producer.id.to_be_bytes());
    request.extend(producer.epoch.to_be_bytes());
    request.push(1); // commit
    request.push(length(1)); // topics
    request.push(length(topic.len()));
    request.extend(topic.as_bytes());
    request.push(length(partitions.len()));
    partitions.iter().for_each(|partition| request.extend(partition.to_be_bytes()));
    request.push(NO_TAGS); // of the topic
    request.extend(0_i32.to_be_bytes()); // epoch of the coordinator: a broker just made has the first
    request.push(NO_TAGS); // of the marker
    request.push(NO_TAGS); // of the request
    let answer = ask(broker, &request).expect("the broker answers");
    // correlation id, tags, markers, producer, topics, name, partitions
    let mut at = 4 + 1 + 1 + 8 + 1 + 1 + topic.len() + 1;
    let mut codes = Vec::new();
    for _ in partitions {
        codes.push(i16::from_be_bytes([answer[at + 4], answer[at + 5]]));
        at += 4 + 2 + 1;
    }
    codes
}

/// One more than the length, as a varint of one byte.
fn length(n: usize) -> u8 {
    u8::try_from(n + 1).ok().filter(|n| *n < 0x80).expect("short names and lists")
}

fn ask(broker: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(broker)?;
    stream.write_all(&(request.len() as u32).to_be_bytes())?;
    stream.write_all(request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// The partition of `__consumer_offsets` that a group's offsets go to: Java's hash of its name.
pub(crate) fn offsets_partition(group: &str, n_partitions: i32) -> i32 {
    let hash = group
        .encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    (hash & i32::MAX) % n_partitions
}
