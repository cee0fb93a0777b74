//! What folding one consent change into a state costs, by how much the state holds already: placing the change,
//! reading the state's bytes, joining, writing them again. `cargo bench -p gate-bench --bench fold`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented functions; a state that cannot be read must stop"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use gate_core::{
    Action, ConsentChange, ConsentState, ContactId, EventKey, Evidence, Name, Receipt, SubjectKey,
    Subjects, Timestamp, place,
};
use std::borrow::Cow;
use std::hint::black_box;

const PURPOSES: [&str; 4] =
    ["marketing.newsletter", "marketing.offers", "marketing.events", "marketing.surveys"];

fn change(n: usize, action: Action) -> ConsentChange<'static> {
    let at = Timestamp::from_millis(1_764_000_000_000 + n as i64 * 1_000);
    let mut change = ConsentChange::new("event", at, action);
    change.contact_id = ContactId::new(Cow::Borrowed("somebody"));
    change.controller = Some("acme".into());
    change.purpose = PURPOSES.get(n % PURPOSES.len()).map(|purpose| Name::from(*purpose));
    change.evidence = Some(Evidence {
        method: Some(Cow::Borrowed("web_form")),
        notice_version: Some(Cow::Borrowed("2026-01")),
        ..Evidence::default()
    });
    change
}

/// The contact's state after it, as bytes.
fn fold(bytes: &[u8], n: usize, change: &ConsentChange<'_>, out: &mut Vec<u8>) {
    let subjects = Subjects {
        contact: Some(SubjectKey([1; 16])),
        address: Some(SubjectKey([2; 16])),
        ..Subjects::default()
    };
    let at = Timestamp::from_millis(1_764_000_000_000 + n as i64 * 1_000);
    let placement =
        place(change, subjects, EventKey((n as u64).to_le_bytes()), Receipt::by_broker(at));
    let mut state = ConsentState::decode(bytes).unwrap();
    state.join(placement.contact);
    out.clear();
    state.encode(out);
}

fn benchmark(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    for n_before in [0, 1, 10, 100] {
        let (mut bytes, mut next) = (Vec::new(), Vec::new());
        ConsentState::default().encode(&mut bytes);
        for n in 0..n_before {
            let action = if n % 2 == 0 { Action::OptIn } else { Action::OptOut };
            fold(&bytes, n, &change(n, action), &mut next);
            std::mem::swap(&mut bytes, &mut next);
        }
        let opt_out = change(n_before, Action::OptOut);
        group.bench_function(format!("an opt-out behind {n_before} changes"), |bencher| {
            bencher.iter(|| {
                fold(black_box(&bytes), n_before, &opt_out, &mut next);
                black_box(next.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
