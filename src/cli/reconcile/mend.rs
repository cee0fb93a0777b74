//! Writes the refusals that are missing: to the consent topic, and to the provider.

use gate_codec::{Kind, encode_consent};
use gate_core::Timestamp;
use gate_reconcile::{Answer, Finding, Remedy, Wanted, Writing, changes};

use super::spec::Spec;
use super::there::{asked, client};
use crate::cli::{ExitCode, Failure, output, runtime};
use crate::config::Config;
use crate::exit::OrFail as _;
use crate::kafka::bulk::BulkWriter;
use crate::links::Keys;
use crate::records::plain_headers;

/// Findings that one run mends; the next run mends the rest.
const MENDED_MAX: usize = 5_000_000;
/// Findings that become changes at a time.
const CHUNK: usize = 1_000;

/// What is to be written.
#[derive(Default)]
pub(super) struct Mending {
    here: Vec<Finding>,
    there: Vec<Wanted>,
}

impl Mending {
    pub(super) fn note(
        &mut self,
        finding: Finding,
        remedy: Remedy,
        writes_here: bool,
        writes_there: bool,
    ) -> Result<(), Failure> {
        match remedy {
            Remedy::Here if writes_here => self.here.push(finding),
            Remedy::There(wanted) if writes_there => self.there.push(wanted),
            Remedy::Here | Remedy::There(_) | Remedy::Nothing | Remedy::Not(_) => {}
        }
        if self.here.len() + self.there.len() > MENDED_MAX {
            let reason = "more than 5 million refusals are missing: look at the report first, without --write-here and --write-there";
            return Err(Failure::new(ExitCode::Usage, reason));
        }
        Ok(())
    }

    /// Writes what only the provider knew; how many changes Kafka has acknowledged.
    pub(super) fn here(
        &self,
        config: &Config,
        spec: &Spec,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        let preset = config.door.dir.join("keys");
        // the door's: an entry that a webhook brings as well must not be told apart by its key
        let keys = Keys::load(config.door.keys_file.as_deref().unwrap_or(&preset))?;
        let topic = &config.topics.consent_change;
        let format = config.formats.consent_change;
        let encoding = crate::service::encoding(config, Kind::ConsentChange, format)?;
        let doing = format!("writing to topic `{topic}`");
        let mut writer =
            BulkWriter::new(&config.client_base(), topic, doing)?.with_headers(plain_headers());
        let mut n_unusable = 0;
        for findings in self.here.chunks(CHUNK) {
            let outcome = changes(findings, &spec.frame, &spec.source, &keys.ids, now);
            n_unusable += outcome.problems.len();
            for accepted in &outcome.records {
                let value =
                    encode_consent(&accepted.record, encoding).or_fail(ExitCode::Internal)?;
                writer.write(accepted.record.contact_id.as_deref().map(str::as_bytes), &value)?;
            }
        }
        writer.flush()?;
        if n_unusable > 0 {
            output::note(&format!(
                "{n_unusable} entries could not be written here: the source does not allow them, or nobody can read them"
            ));
        }
        Ok(writer.n_acknowledged())
    }

    /// Writes what only the gate knew: how many refusals the provider took, and how many it did not.
    pub(super) fn there(&self, spec: &Spec) -> Result<(u64, u64), Failure> {
        let (Some(api), Some(credentials)) = (&spec.api, &spec.credentials) else {
            return Ok((0, 0));
        };
        let (runtime, client) = (runtime()?, client()?);
        let mut writing = Writing::new(api, &self.there);
        while let Some(call) = writing.call() {
            let (status, later, body) =
                runtime.block_on(asked(&client, &call.request, credentials))?;
            let answer = Answer { status, retry_after: later.as_deref(), body: &body };
            let wait = writing.answered(&answer).map_err(|problem| {
                let (taken, refused) = (writing.n_taken(), writing.n_refused());
                let before =
                    format!("before, {taken} refusals were written and {refused} not taken");
                Failure::new(ExitCode::TryAgain, format!("{problem} ({before})"))
            })?;
            if let Some(wait) = wait {
                std::thread::sleep(wait);
            }
        }
        Ok((writing.n_taken(), writing.n_refused()))
    }
}
