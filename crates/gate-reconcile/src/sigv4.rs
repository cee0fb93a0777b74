//! AWS Signature Version 4 in headers, as a pure function of request, key and time.
//!
//! Own code over aws-lc-rs, which is in the tree: `aws-sigv4` brings some twenty crates and a second stack of hashes for these
//! lines. Checked against the vectors that AWS publishes (awslabs/aws-c-auth, aws-signing-test-suite, v4).

use crate::problem::ListProblem;
use crate::time;
use aws_lc_rs::{digest, hmac};
use gate_core::Timestamp;
use gate_intake::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write as _;

/// What RFC 3986 leaves as it is.
pub(crate) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Who asks. `Debug` shows no key.
#[derive(Clone, Debug)]
pub struct AwsKey {
    /// The access key's id.
    pub access_key_id: Secret,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// Of temporary keys: the session token.
    pub session_token: Option<Secret>,
}

/// A request to sign.
pub(crate) struct Signing<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    /// As it is sent, percent-encoded.
    pub(crate) path: &'a str,
    /// As it is sent: names and values percent-encoded, without `?`.
    pub(crate) query: &'a str,
    /// Further headers to cover: names in lower case.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// Whether the body's hash is a header of its own.
    pub(crate) names_hash: bool,
}

/// The headers that sign a request: `x-amz-date`, `authorization` and what belongs to them.
///
/// # Errors
/// When the time is none of the calendar.
pub(crate) fn sign(
    request: &Signing<'_>,
    key: &AwsKey,
    now: Timestamp,
) -> Result<Vec<(String, String)>, ListProblem> {
    let stamp = time::compact(now).ok_or_else(|| {
        ListProblem::new(
            "signature",
            "",
            "the clock shows no time of the calendar",
            "set the clock",
        )
    })?;
    let date = stamp.get(..8).unwrap_or_default();
    let hash = hex(&sha256(request.body));
    let mut out = vec![("x-amz-date".to_owned(), stamp.clone())];
    if request.names_hash {
        out.push(("x-amz-content-sha256".to_owned(), hash.clone()));
    }
    if let Some(token) = &key.session_token {
        out.push(("x-amz-security-token".to_owned(), token.expose().to_owned()));
    }
    let mut covered: Vec<(&str, &str)> = vec![("host", request.host)];
    covered.extend(request.headers);
    covered.extend(out.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    covered.sort_unstable();
    let names: Vec<&str> = covered.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical =
        format!("{}\n{}\n{}\n", request.method, path(request.path), query(request.query));
    for (name, value) in &covered {
        let value: Vec<&str> = value.split_whitespace().collect();
        line(&mut canonical, &[name, ":", &value.join(" ")]);
    }
    line(&mut canonical, &[""]);
    line(&mut canonical, &[&names]);
    canonical.push_str(&hash);
    let scope = format!("{date}/{}/{}/aws4_request", request.region, request.service);
    let string =
        format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
    let mut tag = format!("AWS4{}", key.secret_access_key.expose()).into_bytes();
    for part in [date, request.region, request.service, "aws4_request", &string] {
        tag = mac(&tag, part.as_bytes());
    }
    let id = key.access_key_id.expose();
    out.push((
        "authorization".to_owned(),
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={}",
            hex(&tag)
        ),
    ));
    Ok(out)
}

fn line(text: &mut String, parts: &[&str]) {
    text.extend(parts.iter().copied());
    text.push('\n');
}

/// The path, encoded once more: every service but S3 wants it so.
fn path(path: &str) -> String {
    let encoded: Vec<String> =
        path.split('/').map(|part| utf8_percent_encode(part, UNRESERVED).to_string()).collect();
    let path = encoded.join("/");
    if path.is_empty() { "/".to_owned() } else { path }
}

/// The pairs of the query in byte order.
fn query(query: &str) -> String {
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // a String takes whatever is written
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From aws-signing-test-suite/v4: name, method, path, query, headers, body, names the hash, token, signature.
    type Vector = (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
        bool,
        bool,
        &'static str,
    );
    const VECTORS: [Vector; 6] = [
        (
            "get-vanilla",
            "GET",
            "/",
            "",
            &[],
            "",
            false,
            false,
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-query-order-encoded",
            "GET",
            "/",
            "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            &[],
            "",
            false,
            false,
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        (
            "get-vanilla-with-session-token",
            "GET",
            "/",
            "",
            &[],
            "",
            false,
            true,
            "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        ),
        (
            "post-x-www-form-urlencoded",
            "POST",
            "/",
            "",
            &[("content-type", "application/x-www-form-urlencoded"), ("content-length", "13")],
            "Param1=value1",
            true,
            false,
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ),
        (
            "get-vanilla-query-unreserved",
            "GET",
            "/",
            "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            &[],
            "",
            false,
            false,
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        // the suite signs `/ሴ` encoded once, as a client sends it
        (
            "get-utf8",
            "GET",
            "/\u{1234}",
            "",
            &[],
            "",
            false,
            false,
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
    ];

    #[test]
    fn the_vectors_that_aws_publishes() {
        for (name, method, path, query, headers, body, names_hash, has_token, signature) in VECTORS
        {
            let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
            let key = AwsKey {
                access_key_id: Secret::new("AKIDEXAMPLE"),
                secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                session_token: has_token.then(|| Secret::new(token)),
            };
            let request = Signing {
                method,
                path,
                query,
                headers,
                names_hash,
                host: "example.amazonaws.com",
                body: body.as_bytes(),
                region: "us-east-1",
                service: "service",
            };
            let now = Timestamp::from_micros(1_440_938_160_000_000);
            let signed = sign(&request, &key, now).unwrap();
            let (_, authorization) = signed.last().unwrap();
            assert!(
                authorization.ends_with(&format!("Signature={signature}")),
                "{name}: {authorization}"
            );
        }
    }
}
