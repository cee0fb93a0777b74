//! Points in time as people type them.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// An instant as people and logs write it, with its offset from UTC.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        "must be an instant with its offset (RFC 3339), such as 2026-11-20T18:30:00Z".to_owned()
    })
}

/// An instant, or one told from now: `14:00` is the last time it was that in UTC, `90m`, `2h`, `3d` ago.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    from_now(text, Timestamp::now())
}

fn from_now(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || {
        "must be an instant with its offset (2026-11-20T18:30:00Z), a time of day in UTC (14:00), or how long ago (90m, 2h, 3d)"
            .to_owned()
    };
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    if let Some(ago) = ago(text) {
        return now.checked_sub(ago).map_err(|_| wrong());
    }
    // jiff reads more than is meant here: a date would be midnight
    let is_time = text.contains(':') && text.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let time: Time = text.parse().ok().filter(|_| is_time).ok_or_else(wrong)?;
    let today = TimeZone::UTC.to_datetime(now).date();
    let at = |date: jiff::civil::Date| TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok();
    let last = at(today).filter(|at| *at <= now);
    last.or_else(|| today.yesterday().ok().and_then(at)).ok_or_else(wrong)
}

/// A whole number and its unit.
fn ago(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = number.parse().ok().filter(|_| is_number)?;
    number.checked_mul(seconds).map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_an_offset() {
        let utc = instant("2026-11-20T18:30:00Z").unwrap();
        assert_eq!(instant("2026-11-20T19:30:00+01:00").unwrap(), utc);
        for wrong in ["2026-11-20", "2026-11-20T18:30:00", "yesterday", ""] {
            assert!(instant(wrong).unwrap_err().contains("RFC 3339"), "{wrong:?}");
        }
    }

    #[test]
    fn a_time_of_day_is_the_last_one_and_an_age_is_before_now() {
        let now: Timestamp = "2026-11-20T14:30:00Z".parse().unwrap();
        let at = |text: &str| from_now(text, now).map(|at| at.to_string());
        for (text, wanted) in [
            ("14:00", "2026-11-20T14:00:00Z"),
            ("14:30", "2026-11-20T14:30:00Z"),
            ("14:31", "2026-11-19T14:31:00Z"),
            ("00:00:01", "2026-11-20T00:00:01Z"),
            ("90m", "2026-11-20T13:00:00Z"),
            (" 3d ", "2026-11-17T14:30:00Z"),
            ("2026-11-20T19:30:00+01:00", "2026-11-20T18:30:00Z"),
        ] {
            assert_eq!(at(text).unwrap(), wanted, "{text}");
        }
        for wrong in
            ["", "m", "-2h", "+2h", "1.5h", "2026-11-20", "25:00", "14", "99999999999999999d"]
        {
            assert!(at(wrong).unwrap_err().contains("UTC"), "{wrong:?}");
        }
    }
}
