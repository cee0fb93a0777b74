//! What reading one record costs, JSON and Avro: `cargo bench -p gate-bench --bench codec`.
#![allow(
    missing_docs,
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented functions; half of the data set and its tests are not used; a record that \
              cannot be made must stop"
)]

#[path = "../src/dataset.rs"]
mod dataset;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataset::{Contact, Format, Message};
use gate_codec::{Codec, Format as Wire, Kind};
use std::hint::black_box;

const FORMATS: [(Format, Wire); 2] =
    [(Format::Json, Wire::Json), (Format::Avro, Wire::AvroSingleObject)];

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (format, wire) in FORMATS {
        let codec = Codec::new(wire, Kind::OutboundMessage, None).unwrap();
        let value = Message::backlog(1, 1_000).value(format).unwrap();
        assert!(codec.decode_message(Some(&value)).is_ok());
        group.throughput(Throughput::Bytes(value.len() as u64));
        group.bench_function(format!("message, {}", format.as_str()), |bencher| {
            bencher.iter(|| black_box(codec.decode_message(black_box(Some(&value))).is_ok()));
        });
        let codec = Codec::new(wire, Kind::ConsentChange, None).unwrap();
        let value = Contact::nth(1).opt_in().value(format).unwrap();
        assert!(codec.decode_consent(Some(&value)).is_ok());
        group.throughput(Throughput::Bytes(value.len() as u64));
        group.bench_function(format!("consent change, {}", format.as_str()), |bencher| {
            bencher.iter(|| black_box(codec.decode_consent(black_box(Some(&value))).is_ok()));
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
