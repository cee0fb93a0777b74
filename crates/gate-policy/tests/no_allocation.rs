//! A decision allocates nothing, whatever it decides: packs are compiled at load.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod scene;

#[test]
fn deciding_allocates_nothing() {
    let policies = scene::policies();
    for scene in scene::scenes() {
        scene.run(&policies, |decide| {
            assert_eq!(decide().reason().code(), scene.reason, "{}", scene.name);
            let counted = allocation_counter::measure(|| {
                std::hint::black_box(decide());
            });
            assert_eq!(counted.count_total, 0, "{}: {counted:?}", scene.name);
        });
    }
    // the counter itself must be able to count
    assert!(allocation_counter::measure(|| drop(std::hint::black_box(vec![1u8]))).count_total > 0);
}
