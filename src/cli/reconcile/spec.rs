//! The file that says what is compared: a source as the door has it, the provider's API, its secret, the columns of an export.

use std::path::Path;

use gate_intake::{Secret, Source, SourceSpec};
use gate_reconcile::{Allowed, ApiSpec, AwsKey, Columns, Credentials, Frame};
use serde::Deserialize;

use crate::cli::{ExitCode, Failure};
use crate::exit::OrFail as _;
use crate::files;

/// Bytes of the file, and of a secret.
const FILE_BYTES_MAX: u64 = 256 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecFile {
    source: SourceSpec,
    api: Option<ApiSpec>,
    credentials: Option<CredentialsSpec>,
    #[serde(default)]
    columns: Columns,
    #[serde(default)]
    allowed: Allowed,
}

/// Files of secrets, looked for beside the spec.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialsSpec {
    token_file: Option<String>,
    user: Option<String>,
    password_file: Option<String>,
    access_key_id_file: Option<String>,
    secret_access_key_file: Option<String>,
    session_token_file: Option<String>,
}

/// What is compared.
pub(super) struct Spec {
    pub(super) source: Source,
    pub(super) frame: Frame,
    pub(super) api: Option<ApiSpec>,
    pub(super) credentials: Option<Credentials>,
    pub(super) columns: Columns,
    pub(super) allowed: Allowed,
}

impl Spec {
    /// # Errors
    /// Everything that is wrong with the file.
    pub(super) fn load(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let wrong = |why: String| Failure::new(ExitCode::Usage, format!("{name}: {why}"));
        let text = files::read_text(path, FILE_BYTES_MAX)
            .or_fail_at(ExitCode::Usage, || format!("`{name}`"))?;
        // a snippet could show a secret
        let file: SpecFile = serde_saphyr::from_str(&text).map_err(|error| {
            wrong(format!("{}; docs/reconcile.md shows one", error.without_snippet()))
        })?;
        let beside = path.parent().unwrap_or(Path::new("."));
        let read = |file: &str| {
            files::read_text(&beside.join(file), FILE_BYTES_MAX)
                .map_err(|error| format!("`{file}` cannot be read: {error}"))
        };
        let source = Source::for_lists(file.source, &read).map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            wrong(all.join("; "))
        })?;
        let frame = Frame::of(&source).map_err(|problem| wrong(problem.to_string()))?;
        let credentials = match &file.credentials {
            None => None,
            Some(spec) => Some(credentials(spec, &read).map_err(wrong)?),
        };
        let SpecFile { api, columns, allowed, .. } = file;
        // before anything is sent there, read or written
        if let Some(api) = &api {
            api.check().map_err(|problem| wrong(problem.to_string()))?;
        }
        Ok(Self { source, frame, api, credentials, columns, allowed })
    }
}

fn credentials(
    spec: &CredentialsSpec,
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Credentials, String> {
    let secret = |file: &str| read(file).map(|text| Secret::new(&text));
    let CredentialsSpec {
        token_file,
        user,
        password_file,
        access_key_id_file,
        secret_access_key_file,
        session_token_file,
    } = spec;
    let credentials = match (
        token_file,
        user,
        password_file,
        access_key_id_file,
        secret_access_key_file,
    ) {
        (Some(token), None, None, None, None) => Credentials::Token(secret(token)?),
        (None, Some(user), Some(password), None, None) => {
            Credentials::Basic { user: user.clone(), password: secret(password)? }
        }
        (None, None, None, Some(id), Some(key)) => Credentials::Aws(AwsKey {
            access_key_id: secret(id)?,
            secret_access_key: secret(key)?,
            session_token: session_token_file.as_deref().map(secret).transpose()?,
        }),
        _ => {
            return Err("`credentials`: give `token_file`, or `user` and `password_file`, or `access_key_id_file` and \
                        `secret_access_key_file`"
                .to_owned());
        }
    };
    if credentials.is_empty() {
        Err("`credentials`: the secret is empty".to_owned())
    } else {
        Ok(credentials)
    }
}
