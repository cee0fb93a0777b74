//! Forms: `application/x-www-form-urlencoded` and the part of `multipart/form-data` that text fields need.

use crate::limits::FORM_FIELDS_MAX;
use crate::request::Request;

/// Names and values in order; a `+` is a blank.
pub(crate) fn urlencoded(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body)
        .take(FORM_FIELDS_MAX)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The first value of a name.
pub(crate) fn value<'f>(form: &'f [(String, String)], name: &str) -> Option<&'f str> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The fields of a request in whichever of both forms it comes; of another media type, as urlencoded.
pub(crate) fn of_request(request: &Request) -> Vec<(String, String)> {
    if request.media_type() != "multipart/form-data" {
        return urlencoded(&request.body);
    }
    let whole = request.text("content-type").unwrap_or_default();
    boundary(whole).map(|boundary| multipart(&request.body, boundary)).unwrap_or_default()
}

fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|part| part.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    Some(value.trim().trim_matches('"')).filter(|value| !value.is_empty() && value.len() <= 70)
}

/// Text fields; files and what is no UTF-8 are passed over.
fn multipart(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let line = format!("--{boundary}");
    let parts = text.split(line.as_str()).skip(1).take(FORM_FIELDS_MAX);
    parts.filter_map(field).collect()
}

fn field(part: &str) -> Option<(String, String)> {
    let part = part.strip_prefix("\r\n").or_else(|| part.strip_prefix('\n'))?;
    let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
    let disposition =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let mut parameters = disposition.split(';').skip(1).filter_map(|part| part.split_once('='));
    let (_, name) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("name"))?;
    let value = value.strip_suffix("\r\n").or_else(|| value.strip_suffix('\n')).unwrap_or(value);
    Some((name.trim().trim_matches('"').to_owned(), value.to_owned()))
}
