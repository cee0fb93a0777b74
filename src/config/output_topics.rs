//! The keys of the output topics, from the table of outputs.

use super::declare::kinds;
use super::key::{Key, Preset};
use super::reader::Reader;
use crate::outputs::{ByOutput, Output};

const N: usize = Output::ALL.len();

pub(super) const KEYS: &[Key] = {
    const TABLE: [Key; N] = table();
    &TABLE
};

#[allow(clippy::indexing_slicing, reason = "run by the compiler, which would refuse")]
const fn table() -> [Key; N] {
    let mut keys = [key(Output::ALL[0]); N];
    let mut at = 1;
    while at < N {
        keys[at] = key(Output::ALL[at]);
        at += 1;
    }
    keys
}

const fn key(output: Output) -> Key {
    let row = output.row();
    Key {
        path: row.key,
        kind: kinds::topic(),
        preset: Preset::Value(row.name),
        unit: "",
        effect: row.effect,
        formerly: None,
    }
}

/// Their names.
pub(super) fn read(reader: &mut Reader) -> ByOutput<String> {
    ByOutput::new(|output| reader.topic(&key(output)))
}
