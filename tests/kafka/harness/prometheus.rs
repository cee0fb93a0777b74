//! A real Prometheus with the project's rules, scraping and evaluating every other second instead of every 15.
//!
//! The program comes from `scripts/prometheus`; it listens on 127.0.0.1 and keeps its data in the run's directory.

use crate::harness::gate::free_port;
use crate::harness::topics::Topics;
use crate::harness::{environment, http, orphans};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Prometheus; ended when dropped.
#[derive(Debug)]
pub(crate) struct Prometheus {
    child: Child,
    port: u16,
}

/// The directory of the programs, or why there is none.
fn programs() -> Result<PathBuf, String> {
    let output = Command::new(environment::script("prometheus")).arg("path").output();
    let output = output.map_err(|error| format!("scripts/prometheus: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Copies the rules as an operator with topics of his own would have them, evaluated every second.
fn write_rules(into: &Path, topics: &Topics) {
    let from = environment::repository().join("deploy/prometheus/rules");
    for entry in std::fs::read_dir(&from).expect("the rules can be listed").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a rule file can be read");
        let text = text
            .replace("\"outbound-message\"", &format!("\"{}\"", topics.outbound))
            .replace("interval: 1m\n", "interval: 1s\n");
        std::fs::write(into.join(entry.file_name()), text).expect("a rule file can be written");
    }
}

impl Prometheus {
    /// Starts it for the gate at `target`; `None` after saying why `test` is skipped.
    pub(crate) fn start(test: &str, target: u16, topics: &Topics) -> Option<Self> {
        let programs = match programs() {
            Ok(programs) => programs,
            Err(why) => {
                environment::skip(test, &why);
                return None;
            }
        };
        let dir = environment::new_dir("prometheus");
        std::fs::create_dir(dir.join("rules")).expect("a directory can be made");
        write_rules(&dir.join("rules"), topics);
        let config = format!(
            "global: {{scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}}\n\
             rule_files: [rules/*.yml]\n\
             scrape_configs: [{{job_name: consent-gate, static_configs: [{{targets: [\"127.0.0.1:{target}\"]}}]}}]\n"
        );
        std::fs::write(dir.join("prometheus.yml"), config).expect("it can be configured");
        let port = free_port();
        let log = std::fs::File::create(dir.join("prometheus.log")).expect("a log can be made");
        let child = Command::new(programs.join("prometheus"))
            .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("Prometheus can be run");
        orphans::add(child.id());
        let prometheus = Self { child, port };
        environment::wait_until("Prometheus is ready", PATIENCE, || {
            http::get(port, "/-/ready").is_ok_and(|(status, _)| status == 200)
        });
        Some(prometheus)
    }

    /// The value of an expression now: the labels and the number of each series.
    pub(crate) fn query(&self, expr: &str) -> Result<Vec<(Value, f64)>, String> {
        let data = self.get(&format!("query?query={}", encoded(expr)))?;
        let series = data["result"].as_array().ok_or("a result is a list")?;
        Ok(series
            .iter()
            .filter_map(|it| Some((it["metric"].clone(), number(&it["value"])?)))
            .collect())
    }

    /// Whether an expression has a finite value, now or at one of the last `seconds`.
    pub(crate) fn has_data(&self, expr: &str, seconds: Option<u64>) -> Result<bool, String> {
        let Some(seconds) = seconds else {
            return Ok(self.query(expr)?.iter().any(|(_, value)| value.is_finite()));
        };
        let end = jiff::Timestamp::now().as_second();
        let start = end - i64::try_from(seconds).expect("a short time");
        let data = self
            .get(&format!("query_range?query={}&start={start}&end={end}&step=1", encoded(expr)))?;
        let series = data["result"].as_array().ok_or("a result is a list")?;
        let values = series.iter().filter_map(|it| it["values"].as_array()).flatten();
        Ok(values.filter_map(number).any(f64::is_finite))
    }

    /// Waits until it has scraped the gate; fails with what it says about it.
    pub(crate) fn wait_scraped(&self) {
        let began = Instant::now();
        while self.query("up == 1").expect("it answers").is_empty() {
            if began.elapsed() > PATIENCE {
                let targets = self.get("targets?state=active").expect("it lists its targets");
                panic!("the gate is not scraped: {}", targets["activeTargets"]);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// All rules it has loaded, with health and last error.
    pub(crate) fn rules(&self) -> Vec<Value> {
        let data = self.get("rules").expect("it lists its rules");
        let groups = data["groups"].as_array().cloned().unwrap_or_default();
        groups
            .iter()
            .flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default())
            .collect()
    }

    /// Whether an alert fires.
    pub(crate) fn fires(&self, alert: &str) -> bool {
        let expr = format!("ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}");
        !self.query(&expr).expect("alerts can be asked for").is_empty()
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let (_, body) =
            http::get(self.port, &format!("/api/v1/{path}")).map_err(|error| error.to_string())?;
        let mut answer: Value =
            serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        if answer["status"] == "success" {
            return Ok(answer["data"].take());
        }
        Err(answer["error"].as_str().unwrap_or(&body).to_owned())
    }
}

/// The number of `[time, "number"]`; it may be NaN or infinite.
fn number(sample: &Value) -> Option<f64> {
    sample[1].as_str()?.replace("Inf", "inf").parse().ok()
}

/// Percent-encoding of everything that is not plain.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        orphans::remove(self.child.id());
    }
}
