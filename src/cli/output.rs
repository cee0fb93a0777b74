//! Standard output for all commands: whole texts, tables, and the clock as people read it.
//!
//! Nothing here uses `println!`, which panics when the reader has gone.

use crate::exit::OrFail as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

/// Writes a text; adds the line end if it has none.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// A remark beside the answer, on standard error; one that nobody can read is no failure.
pub(super) fn note(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// An object as one line of JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), super::Failure> {
    let text = serde_json::to_string(value).or_fail(super::ExitCode::Internal)?;
    Ok(print(&text)?)
}

/// A table without borders, as `kubectl` and `docker` print: cut, awk and eyes can read it.
pub(super) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    table_of(header.map(str::to_owned).into(), rows.into_iter().map(Vec::from))
}

/// The same with as many columns as the header has.
pub(super) fn table_of(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Shown on a terminal while something takes longer than people like to wait without a sign.
pub(super) fn spinner(what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// Shown on a terminal while so many bytes are worked through: how far it is, how fast, and how long it still takes.
pub(super) fn bar(what: &'static str, n_bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(n_bytes).with_message(what);
    // a template of ours is one
    if let Ok(style) = ProgressStyle::with_template("{msg} {percent} % {bytes_per_sec} {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

pub(super) use crate::clock::{now_millis, utc};

/// A span as a person would say it, in its largest whole unit.
pub(super) fn span(millis: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    for (length, unit) in UNITS {
        if millis >= length {
            let n = millis / length;
            return format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
        }
    }
    format!("{millis} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_times_read_well() {
        assert_eq!(
            [span(0), span(999), span(1_000), span(604_800_000), span(7_200_000)],
            ["0 ms", "999 ms", "1 second", "7 days", "2 hours"]
        );
        assert_eq!(utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(i64::MAX), "-");
    }

    #[test]
    fn a_table_has_no_borders_and_no_trailing_spaces() {
        let text = table(
            ["topic", "result"],
            [["a".to_owned(), "made".to_owned()], ["longer".to_owned(), String::new()]],
        );
        assert_eq!(
            text.lines().map(str::trim).collect::<Vec<_>>(),
            ["topic   result", "a       made", "longer"]
        );
        assert!(text.lines().all(|line| line.trim_end() == line));
    }
}
