//! What one decision costs with all shipped packs loaded: `cargo bench -p gate-policy`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented functions; a scene that cannot be built must stop"
)]

#[path = "../tests/scene/mod.rs"]
mod scene;

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn decide(criterion: &mut Criterion) {
    let policies = scene::policies();
    let mut group = criterion.benchmark_group("decide");
    for scene in scene::scenes() {
        scene.run(&policies, |decide| {
            assert_eq!(decide().reason().code(), scene.reason, "{}", scene.name);
            group.bench_function(scene.name, |bencher| bencher.iter(|| black_box(decide())));
        });
    }
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
