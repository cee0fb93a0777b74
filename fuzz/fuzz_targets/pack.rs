//! A pack of any text is either a valid set or a list of problems with places; never a panic, never endless.
#![no_main]

use gate_policy::{File, TimeZones, bundled, compile};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ZONES: LazyLock<TimeZones> = LazyLock::new(TimeZones::bundled);
static OTHERS: LazyLock<Vec<File>> = LazyLock::new(|| {
    let keep = |name: &str| ["STRICT.yaml", "data/zones.csv", "data/holidays.csv"].contains(&name);
    let mut files: Vec<File> = bundled().into_iter().filter(|file| keep(&file.name)).collect();
    let numbering = "# version: test\nprefix,jurisdiction,zones\n44,GB,Europe/London\n";
    files.push(File { name: "data/numbering.csv".into(), text: numbering.into() });
    files
});

fuzz_target!(|text: &str| {
    let mut files = OTHERS.clone();
    let name = match text.bytes().next() {
        Some(b'#') => "data/numbering.csv",
        Some(b's') => "product-groups.yaml",
        _ => "GB.yaml",
    };
    files.retain(|file| file.name != name);
    files.push(File { name: name.into(), text: text.into() });
    if let Err(problems) = compile(&files, &ZONES, "fuzz".into()) {
        assert!(!problems.0.is_empty());
        assert!(problems.to_string().contains("fix:"));
    }
});
