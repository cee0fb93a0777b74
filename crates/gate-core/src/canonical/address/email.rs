//! E-mail addresses as the world writes them, in one form.
//!
//! Wider than RFC 5321: what is delivered somewhere is an address. Japanese carriers gave out local parts with
//! dots in any place, mailing services make local parts of hundreds of bytes, and host names bear underscores. So
//! the syntax is checked here and by UTS 46 for domains, not by a crate that keeps to the RFC.

use super::AddressError;
use crate::canonical::{clean, fold, is_blank_char};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::borrow::Cow;

/// Longest canonical e-mail address, in bytes: 64 of the local part, `@` and 255 of the domain are 320 by RFC
/// 5321; here the local part may take what the domain leaves.
const EMAIL_BYTES_MAX: usize = 320;
/// Longest label of a domain, in bytes (RFC 1035).
const LABEL_BYTES_MAX: usize = 63;
/// Longest domain, in bytes (RFC 1035).
const DOMAIN_BYTES_MAX: usize = 253;

/// The canonical form: comments gone, the local part folded and without quotation marks it does not need, the
/// domain as A-labels in lower case without trailing dot. No folding by provider.
pub(super) fn email(text: &str) -> Result<String, AddressError> {
    let text = without_comments(text)?;
    let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Email)?;
    let domain = domain_of(domain.trim())?;
    let local = local_of(local.trim())?;
    let canonical = format!("{local}@{domain}");
    if canonical.len() > EMAIL_BYTES_MAX {
        return Err(AddressError::TooLong);
    }
    Ok(canonical)
}

/// The text without RFC 5322 comments, which may stand within each other but not within quotation marks.
fn without_comments(text: &str) -> Result<Cow<'_, str>, AddressError> {
    if !text.contains('(') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for c in text.chars() {
        let is_plain = std::mem::take(&mut is_escaped);
        match c {
            '\\' if !is_plain => is_escaped = true,
            '"' if !is_plain && depth == 0 => is_quoted = !is_quoted,
            '(' if !is_plain && !is_quoted => depth += 1,
            ')' if !is_plain && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(c);
        }
    }
    if depth == 0 { Ok(Cow::Owned(out)) } else { Err(AddressError::Email) }
}

fn local_of(written: &str) -> Result<Cow<'_, str>, AddressError> {
    let quoted = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else {
        let local = fold(written);
        return if is_atom(&local) { Ok(local) } else { Err(AddressError::Email) };
    };
    let mut plain = String::with_capacity(quoted.len());
    let mut is_escaped = false;
    for c in quoted.chars() {
        match c {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => return Err(AddressError::Email),
            c => {
                plain.push(c);
                is_escaped = false;
            }
        }
    }
    let local = fold(&plain);
    if local.is_empty() || is_escaped {
        return Err(AddressError::Email);
    }
    if is_atom(&local) {
        return Ok(Cow::Owned(local.into_owned()));
    }
    let escaped = local.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(Cow::Owned(format!("\"{escaped}\"")))
}

/// A local part that needs no quotation marks; dots may stand anywhere.
fn is_atom(local: &str) -> bool {
    let is_special = |c: char| is_blank_char(c) || c.is_control() || "()<>[]:;@\\,\"".contains(c);
    !local.is_empty() && !local.contains(is_special)
}

fn domain_of(written: &str) -> Result<Cow<'_, str>, AddressError> {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    let written = written.trim_end_matches(|c: char| ".;,:!?".contains(c) || is_blank_char(c));
    let domain = if written.bytes().all(is_plain) && !written.contains("xn--") {
        Cow::Borrowed(written)
    } else {
        Cow::Owned(to_ascii(written)?)
    };
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(is_plain)
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    let is_host = domain.contains('.')
        && domain.len() <= DOMAIN_BYTES_MAX
        && domain.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit());
    if is_host { Ok(domain) } else { Err(AddressError::Domain) }
}

/// A-labels (UTS 46, non-transitional). Read through Unicode first, so that a joiner nobody sees counts in
/// neither form.
fn to_ascii(domain: &str) -> Result<String, AddressError> {
    let uts46 = Uts46::new();
    let (unicode, read) = uts46.to_unicode(domain.as_bytes(), AsciiDenyList::URL, Hyphens::Allow);
    read.map_err(|_| AddressError::Domain)?;
    let visible = clean(&unicode);
    let ascii = uts46
        .to_ascii(visible.as_bytes(), AsciiDenyList::URL, Hyphens::Allow, DnsLength::Ignore)
        .map_err(|_| AddressError::Domain)?;
    Ok(ascii.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_quotation_marks_that_nobody_needs() {
        for (written, canonical) in [
            ("ben(at work)@example.com", "ben@example.com"),
            ("ben((a) b)@example.com(home)", "ben@example.com"),
            (r"ben(a\)b)@example.com", "ben@example.com"),
            (r"ben(a\\)@example.com", "ben@example.com"),
            ("ben(a\"b)@example.com", "ben@example.com"),
            ("\"ben(b)\"@example.com", "\"ben(b)\"@example.com"),
            (r#""a\"(b"@example.com"#, r#""a\"(b"@example.com"#),
            (r#""b\en"@example.com"#, "ben@example.com"),
            (r#""b\\n"@example.com"#, r#""b\\n"@example.com"#),
            ("ben@Example.COM.", "ben@example.com"),
            ("ben@example.com:", "ben@example.com"),
            ("ben@xn--bcher-kva.example", "ben@xn--bcher-kva.example"),
            ("ben@1.example.c0m", "ben@1.example.c0m"),
        ] {
            assert_eq!(email(written).as_deref(), Ok(canonical), "{written}");
        }
        for written in [
            "ben(at work@example.com",
            "ben)@example.com",
            r"ben\(x)@example.com",
            r#""a"b"@example.com"#,
            r#""ab\"@example.com"#,
            "\"@example.com",
            "ben@example-.com",
            "ben@example.123",
            "ben@exa$mple.com",
            "ben@xn--a.example",
        ] {
            assert!(email(written).is_err(), "{written}");
        }
    }

    /// Each bound is the last length that is an address.
    #[test]
    fn lengths() {
        let label = |n: usize| "a".repeat(n);
        let at_labels = |last: usize| {
            let (long, last) = (label(LABEL_BYTES_MAX), label(last));
            email(&format!("ben@{long}.{long}.{long}.{last}"))
        };
        assert!(at_labels(DOMAIN_BYTES_MAX - 3 * (LABEL_BYTES_MAX + 1)).is_ok());
        let longer = at_labels(DOMAIN_BYTES_MAX - 3 * (LABEL_BYTES_MAX + 1) + 1);
        assert_eq!(longer, Err(AddressError::Domain));
        assert!(email(&format!("ben@{}.com", label(LABEL_BYTES_MAX))).is_ok());
        let long_label = email(&format!("ben@{}.com", label(LABEL_BYTES_MAX + 1)));
        assert_eq!(long_label, Err(AddressError::Domain));
        let of_local = |n| email(&format!("{}@example.com", label(n)));
        let n_max = EMAIL_BYTES_MAX - "@example.com".len();
        assert!(of_local(n_max).is_ok());
        assert_eq!(of_local(n_max + 1), Err(AddressError::TooLong));
    }
}
