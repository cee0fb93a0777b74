//! `--version`: what exactly is running, down to the C libraries.

use std::sync::LazyLock;

/// Version, revision if the builder named it, and the two C libraries that matter.
pub(super) static TEXT: LazyLock<String> = LazyLock::new(|| {
    let revision = option_env!("CONSENT_GATE_REVISION")
        .map_or_else(String::new, |revision| format!(" ({revision})"));
    let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
    let rocksdb = bundled_rocksdb(include_str!("../../Cargo.lock")).unwrap_or("unknown");
    format!("{}{revision}\nlibrdkafka {librdkafka}\nRocksDB {rocksdb}", env!("CARGO_PKG_VERSION"))
});

/// RocksDB tells its version through no function that is safe to call; the lock file has it: `0.19.0+11.8.1`.
fn bundled_rocksdb(lock_file: &str) -> Option<&str> {
    let (_, after) = lock_file.split_once("name = \"librocksdb-sys\"")?;
    let line = after.lines().find_map(|line| line.strip_prefix("version = "))?;
    line.trim_matches('"').split_once('+').map(|(_, bundled)| bundled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_c_libraries() {
        let lines: Vec<&str> = TEXT.lines().collect();
        assert!(
            lines.len() == 3
                && lines[1].starts_with("librdkafka 2.")
                && lines[2].starts_with("RocksDB 1"),
            "{lines:?}"
        );
    }
}
