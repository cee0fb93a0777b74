//! Evidence of what stood on a page: the text, the page's address, the language.

use core::net::IpAddr;
use gate_codec::EvidenceRecord;
use std::borrow::Cow;

/// An approved text, as a page showed it or will show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeShown<'a> {
    /// The purpose it asks for.
    pub purpose: &'a str,
    /// `evidence.notice_version`.
    pub version: &'a str,
    /// `evidence.notice_text_sha256`: of the text to the letter.
    pub sha256: &'a str,
}

/// Evidence of a text that was seen.
pub(crate) fn seen(method: &'static str, notice: &NoticeShown<'_>) -> EvidenceRecord<'static> {
    EvidenceRecord {
        method: Some(method.into()),
        notice_version: Some(Cow::Owned(notice.version.to_owned())),
        notice_text_sha256: Some(Cow::Owned(notice.sha256.to_owned())),
        ..EvidenceRecord::default()
    }
}

/// Where and in which language.
pub(crate) fn at_page(
    evidence: &mut EvidenceRecord<'static>,
    page: &str,
    locale: &str,
    ip: Option<IpAddr>,
) {
    let page = page.split(['?', '#']).next().unwrap_or_default();
    evidence.source = Some(Cow::Owned(page.to_owned()));
    evidence.locale = Some(Cow::Owned(locale.to_owned()));
    evidence.further.extend(ip.map(|ip| ("ip".into(), Cow::Owned(ip.to_canonical().to_string()))));
}
