//! Reading a message through a mapping allocates nothing, where the plain form does not.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected must fail")]

mod common;

use gate_codec::message_of_record;
use gate_mapping::Origin;

#[test]
fn a_message_of_json_allocates_nothing() {
    let mapping = common::compiled(common::MESSAGE);
    let read = || {
        let record =
            mapping.map_message(Some(common::RECORD.as_bytes()), Origin::of_key(Some(b"c-1")));
        message_of_record(record.unwrap()).unwrap()
    };
    assert_eq!(read().message_id, "m-1");
    let counted = allocation_counter::measure(|| {
        std::hint::black_box(read());
    });
    // the controller's canonical form is the law's; the plain form makes it as well
    let plain = allocation_counter::measure(|| {
        std::hint::black_box(gate_core::canonical::Name::new(std::borrow::Cow::Borrowed(
            "Example Ltd",
        )));
    });
    assert_eq!(counted.count_total, plain.count_total, "{counted:?}");
    // the counter itself must be able to count
    assert!(allocation_counter::measure(|| drop(std::hint::black_box(vec![1u8]))).count_total > 0);
}
