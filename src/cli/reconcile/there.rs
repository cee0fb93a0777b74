//! The provider's list: from its API page by page, or from an export. Read to its end, or compared with nothing.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use gate_core::{CanonicalAddress, Timestamp};
use gate_engine::Keys as _;
use gate_reconcile::{
    Answer, Credentials, Entry, FileList, Frame, HttpRequest, ListProblem, Report, Row,
    SuppressionApi,
};
use reqwest::Client;
use reqwest::header::{HeaderName, HeaderValue};

use super::runs::Runs;
use super::spec::Spec;
use crate::cli::{ExitCode, Failure, output, runtime};
use crate::exit::OrFail as _;
use crate::files;
use crate::identity::Pepper;

/// Bytes of an export that are read at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How often a request is made again after the network failed.
const TRIES: u32 = 4;

pub(super) fn read(
    spec: &Spec,
    export: Option<&Path>,
    now: Timestamp,
    pepper: &Pepper,
    rows: &mut Runs<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut taking = Taking { frame: &spec.frame, pepper, rows, report };
    match (export, &spec.api, &spec.credentials) {
        (Some(path), ..) => taking.export(spec, path),
        (None, Some(api), Some(credentials)) => {
            let mut lists = SuppressionApi::new(api, now).map_err(refused)?;
            taking.lists(&mut lists, credentials)
        }
        (None, ..) => Err(Failure::new(
            ExitCode::Usage,
            "give an export with --list, or `api` and `credentials` in the spec",
        )),
    }
}

fn refused(problem: ListProblem) -> Failure {
    Failure::new(ExitCode::TryAgain, problem)
}

struct Taking<'t, 'd> {
    frame: &'t Frame,
    pepper: &'t Pepper,
    rows: &'t mut Runs<'d>,
    report: &'t mut Report,
}

impl Taking<'_, '_> {
    fn entries(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            self.report.n_entries += 1;
            let key = |canonical: &CanonicalAddress| self.pepper.address(canonical);
            match Row::there(self.frame, entry, key) {
                Some(row) => self.rows.push(row)?,
                None => self.report.n_unusable += 1,
            }
        }
        Ok(())
    }

    fn export(&mut self, spec: &Spec, path: &Path) -> Result<(), Failure> {
        let at = || format!("`{}`", path.display());
        let (mut file, _) = files::open_regular(path).or_fail_at(ExitCode::Usage, at)?;
        let wrong = |problem: ListProblem| Failure::new(ExitCode::Usage, problem);
        let mut list = FileList::new(&path.display().to_string(), spec.columns.clone());
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let n = file.read(&mut piece).or_fail_at(ExitCode::Storage, at)?;
            if n == 0 {
                break;
            }
            let entries = list.push(piece.get(..n).unwrap_or_default()).map_err(wrong)?;
            self.entries(&entries)?;
        }
        let entries = list.finish().map_err(wrong)?;
        self.entries(&entries)?;
        let counts = list.counts();
        self.report.n_skipped += counts.n_skipped;
        self.report.n_problems += counts.n_problems;
        for problem in &counts.problems {
            output::note(&format!("{}: line {}: {}", path.display(), problem.line, problem.reason));
        }
        for (n, what) in [
            (counts.n_problems, "lines cannot be used"),
            (
                counts.n_unknown_kinds,
                "kinds are known to nobody and count as refusals of everything; name them in `columns.words`",
            ),
            (counts.n_unknown_times, "times cannot be read: these entries have none"),
        ] {
            if n > 0 {
                output::note(&format!("{}: {n} {what}", path.display()));
            }
        }
        Ok(())
    }

    fn lists(
        &mut self,
        lists: &mut SuppressionApi,
        credentials: &Credentials,
    ) -> Result<(), Failure> {
        let runtime = runtime()?;
        let client = client()?;
        let spinner = output::spinner("reading the provider's lists");
        while let Some(request) = lists.request().cloned() {
            let (status, later, body) = runtime.block_on(asked(&client, &request, credentials))?;
            let answer = Answer { status, retry_after: later.as_deref(), body: &body };
            let page = lists.next(&answer).map_err(refused)?;
            self.entries(&page.entries)?;
            self.report.n_skipped += page.n_skipped;
            spinner.set_message(format!(
                "reading the provider's lists: {} entries",
                self.report.n_entries
            ));
            if let Some(wait) = page.wait {
                std::thread::sleep(wait);
            }
        }
        spinner.finish_and_clear();
        Ok(())
    }
}

/// A client that follows no redirect: the secret is for one host.
pub(super) fn client() -> Result<Client, Failure> {
    let client = Client::builder().timeout(ANSWER_MAX).redirect(reqwest::redirect::Policy::none());
    client.build().map_err(|_| Failure::new(ExitCode::Internal, "TLS cannot be set up"))
}

type Answered = (u16, Option<String>, Vec<u8>);

/// The answer to a request, made again a few times when the network fails.
pub(super) async fn asked(
    client: &Client,
    request: &HttpRequest,
    credentials: &Credentials,
) -> Result<Answered, Failure> {
    let mut n_tries = 0;
    loop {
        n_tries += 1;
        match once(client, request, credentials).await? {
            Some(answered) => return Ok(answered),
            // its own text holds the address that was asked for, and that may hold a person's
            None if n_tries == TRIES => {
                return Err(Failure::new(
                    ExitCode::TryAgain,
                    "the provider cannot be reached; try again",
                ));
            }
            None => tokio::time::sleep(Duration::from_secs(1 << n_tries)).await,
        }
    }
}

async fn once(
    client: &Client,
    request: &HttpRequest,
    credentials: &Credentials,
) -> Result<Option<Answered>, Failure> {
    let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes())
        .or_fail(ExitCode::Internal)?;
    let mut building = client.request(method, &request.url);
    let headers = request.headers(credentials, crate::clock::now());
    for (name, value) in headers.map_err(|problem| Failure::new(ExitCode::Usage, problem))? {
        let wrong = || {
            Failure::new(
                ExitCode::Usage,
                format!("header `{name}`: the secret has characters that no header may have"),
            )
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        building =
            building.header(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    }
    let Ok(mut response) = building.body(request.body.clone()).send().await else {
        return Ok(None);
    };
    let status = response.status().as_u16();
    let later = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(part)) if body.len() + part.len() <= request.answer_bytes_max => {
                body.extend_from_slice(&part)
            }
            Ok(Some(_)) => {
                return Err(Failure::new(
                    ExitCode::TryAgain,
                    "the provider's answer is too long; read an export",
                ));
            }
            Ok(None) => return Ok(Some((status, later, body))),
            Err(_) => return Ok(None),
        }
    }
}
