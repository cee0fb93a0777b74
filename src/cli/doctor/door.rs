//! The door's sources: each can be read, its secrets are whole and for this user alone, and what it leaves open is said.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Finding;
use crate::config::Config;
use crate::door::{Examined, examine};

/// Whoever is neither the owner nor of the group may read or write it.
const OTHERS: u32 = 0o006;

/// Nothing without a file: there is no source then.
pub(super) fn check(config: &Config) -> Vec<Finding> {
    let Some(path) = &config.door.sources_file else { return Vec::new() };
    let mut findings = match examine(path, config.door.public_url.as_deref()) {
        Ok(sources) => sources.iter().flat_map(judge).collect(),
        Err(why) => {
            vec![Finding::fail(
                "door sources",
                why,
                "correct `door.sources_file`: no door starts with it",
            )]
        }
    };
    findings.extend(open_to_others("door sources", path));
    findings
}

fn judge(source: &Examined) -> Vec<Finding> {
    let check = format!("door source {}", source.name);
    let mut findings: Vec<Finding> = match &source.found {
        Ok(remarks) if remarks.is_empty() => {
            vec![Finding::pass(&check, "it can be read, and signatures cover what it sends")]
        }
        Ok(remarks) => {
            remarks.iter().map(|remark| Finding::warn(&check, remark.text, remark.fix)).collect()
        }
        Err(problems) => problems
            .iter()
            .map(|it| Finding::fail(&check, format!("`{}`: {}", it.key, it.reason), it.fix.clone()))
            .collect(),
    };
    findings.extend(source.files.iter().filter_map(|path| open_to_others(&check, path)));
    findings
}

fn open_to_others(check: &str, path: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & OTHERS != 0).then(|| {
        let path = path.display();
        let found = format!("`{path}` can be read or written by every user of this machine");
        Finding::warn(check, found, format!("chmod o-rw {path}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};

    const SOURCES: &str = r#"
- {name: signed, provider: shopify, secret: {file: long}, controller: c, brand: b}
- {name: weak, provider: brevo, token: short, controller: c, brand: b}
- {name: missing, provider: sendgrid, public_key: {file: gone}, controller: c, brand: b}
- {name: mapped, provider: own, mapping: {file: mapping}, token: {file: long}, controller: c}
"#;

    #[test]
    fn each_source_is_looked_at_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sources.yaml");
        for (name, text) in [
            ("sources.yaml", SOURCES),
            ("long", "a-word-of-more-than-sixteen-bytes\n"),
            (
                "mapping",
                "name: own\nschemes: [bearer]\nrules: [{action: opt-out}]\naddress: [/a]\n",
            ),
        ] {
            write(dir.path().join(name), text).unwrap();
            set_permissions(dir.path().join(name), Permissions::from_mode(0o600)).unwrap();
        }
        let look = || -> Vec<(String, &'static str, String)> {
            let found = examine(&path, Some("https://door.example")).unwrap();
            let found = found.iter().flat_map(judge);
            found.map(|it| (it.check.clone(), it.verdict.name(), it.found)).collect()
        };
        let found = look();
        let of = |name: &str| -> Vec<(&'static str, String)> {
            let own = found.iter().filter(|it| it.0 == format!("door source {name}"));
            own.map(|it| (it.1, it.2.clone())).collect()
        };
        assert_eq!(of("signed")[0].0, "PASS");
        let weak = of("weak");
        assert_eq!(weak.len(), 2, "{weak:?}");
        assert!(weak.iter().all(|it| it.0 == "WARN") && weak[1].1.contains("16 bytes"), "{weak:?}");
        assert_eq!(of("missing")[0].0, "FAIL");
        assert!(of("missing")[0].1.contains("`gone` cannot be read"), "{:?}", of("missing"));
        assert!(of("mapped")[0].0 == "FAIL" && of("mapped")[0].1.contains("opt-out"), "{found:?}");
        for secret in ["short\"", "a-word-of-more"] {
            assert!(!format!("{found:?}").contains(secret), "{found:?}");
        }
        set_permissions(dir.path().join("long"), Permissions::from_mode(0o644)).unwrap();
        let open = look();
        let open: Vec<_> =
            open.iter().filter(|it| it.2.contains("by every user of this machine")).collect();
        // the source whose mapping is wrong is not read further
        assert_eq!(open.len(), 1, "{open:?}");
        write(&path, "- {name: x, provider: brevo, token: hidden-word, colour: red}\n").unwrap();
        let why = examine(&path, None).err().unwrap();
        assert!(why.contains("colour") && !why.contains("hidden-word"), "{why}");
    }
}
