//! What a feedback report is: RFC 5965 (abuse reports) with the types that IANA registers, and what mail providers
//! call them. A report without a type, or of a type nobody knows, is a complaint.

/// What a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// The person reported spam, fraud or the like.
    Complaint,
    /// The person asked to be taken from the list.
    OptOut,
    /// Nothing against the sender: the person took mail out of the spam folder, or a machine checked signatures.
    None,
}

/// Longest word that is told apart, in letters.
const WORD_CHARS_MAX: usize = 24;

/// The meaning of `format`: a type (`not-spam`), `arf`, or both (`arf; not-spam`, `Feedback-Type: abuse`), whatever the
/// case, blanks and separators. The gravest part counts.
pub(crate) fn feedback(format: Option<&str>) -> Feedback {
    let mut heard = None;
    for part in format.unwrap_or_default().split([';', ':', '/', ',', '\n']) {
        match part_of(part) {
            Some(Feedback::Complaint) => return Feedback::Complaint,
            Some(Feedback::OptOut) => heard = Some(Feedback::OptOut),
            Some(Feedback::None) => heard = heard.or(Some(Feedback::None)),
            None => {}
        }
    }
    heard.unwrap_or(Feedback::Complaint)
}

/// One part; `None` for what says only that it is a report.
fn part_of(part: &str) -> Option<Feedback> {
    let mut letters = part.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase());
    let word: String = letters.by_ref().take(WORD_CHARS_MAX).collect();
    if letters.next().is_some() {
        return Some(Feedback::Complaint);
    }
    match word.as_str() {
        "" | "arf" | "marf" | "xarf" | "feedbacktype" | "reporttype" | "feedbackreport"
        | "multipart" | "report" | "message" | "type" => None,
        "notspam" | "notjunk" | "nospam" | "ham" => Some(Feedback::None),
        // RFC 6591, 6652, 7489, 8460: machines report what failed to authenticate
        "authfailure"
        | "authfail"
        | "authenticationfailure"
        | "dkim"
        | "dkimfailure"
        | "spf"
        | "spffailure"
        | "dmarc"
        | "dmarcaggregate"
        | "dmarcforensic"
        | "dmarcfailure"
        | "aggregate"
        | "tlsrpt" => Some(Feedback::None),
        "optout" | "optoutlist" | "unsubscribe" | "unsubscribed" | "listunsubscribe" => {
            Some(Feedback::OptOut)
        }
        _ => Some(Feedback::Complaint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_reports() {
        for (format, expected) in [
            (None, Feedback::Complaint),
            (Some(" "), Feedback::Complaint),
            (Some("arf"), Feedback::Complaint),
            (Some("ARF"), Feedback::Complaint),
            (Some("abuse"), Feedback::Complaint),
            (Some("fraud"), Feedback::Complaint),
            (Some("virus"), Feedback::Complaint),
            (Some("other"), Feedback::Complaint),
            (Some("x-new-type"), Feedback::Complaint),
            (Some("не спам"), Feedback::Complaint),
            (Some("a type with a name longer than any of ours: not-spam"), Feedback::Complaint),
            (Some("not-spam"), Feedback::None),
            (Some(" Not-Spam\n"), Feedback::None),
            (Some("NOT_SPAM"), Feedback::None),
            (Some("not spam"), Feedback::None),
            (Some("notspam"), Feedback::None),
            (Some("arf; not-spam"), Feedback::None),
            (Some("Feedback-Type: not-spam"), Feedback::None),
            (Some("auth-failure"), Feedback::None),
            (Some("Auth Failure"), Feedback::None),
            (Some("dmarc"), Feedback::None),
            (Some("DMARC aggregate"), Feedback::None),
            (Some("opt-out"), Feedback::OptOut),
            (Some("Unsubscribe"), Feedback::OptOut),
            (Some("not-spam, opt-out"), Feedback::OptOut),
            // the gravest part counts
            (Some("not-spam; abuse"), Feedback::Complaint),
            (Some("abuse/not-spam"), Feedback::Complaint),
        ] {
            assert_eq!(feedback(format), expected, "{format:?}");
        }
    }
}
