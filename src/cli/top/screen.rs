//! How it looks: a [`View`] as lines, for a terminal of any size or for a page of text. Pure.
//!
//! Sections give way when there is little room: first their later lines, then whole ones, the promise and holds last.
//! Colour never carries a meaning alone.

use super::figures::{Figures, Standing};
use super::ink::{Ink, Section, Tone, plain};
use super::number::{UNKNOWN, age, span};
use super::{View, sections};
use ratatui::text::{Line, Span};

/// The whole screen.
pub(super) fn lines(view: &View, width: u16, height: u16) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(width), usize::from(height));
    let ink = Ink { has_colour: view.has_colour, is_stale: false };
    let mut out = vec![header(view, ink)];
    out.extend(notices(view, ink).into_iter().take((height / 8).max(1)));
    let room = height.saturating_sub(out.len() + 1);
    match &view.figures {
        None => out.push(ink.line([("no figures yet".to_owned(), Tone::Quiet)])),
        Some(figures) => {
            let ink = Ink { is_stale: view.stale.is_some(), ..ink };
            let old = view.stale.map(|age| format!("{} old", span(age.as_secs_f64())));
            for section in fitted(sections(view, figures, ink), room) {
                let aside = match &old {
                    Some(old) => old.clone(),
                    None => section.aside,
                };
                out.push(title(section.title, &aside, width, ink));
                out.extend(section.lines);
            }
        }
    }
    if !view.is_page {
        out.truncate(height.saturating_sub(1));
        out.push(footer(view, ink));
    }
    out.into_iter().map(|line| cut(line, width)).collect()
}

fn sections(view: &View, figures: &Figures, ink: Ink) -> Vec<Section> {
    vec![
        sections::promise(view, figures, ink),
        sections::decisions(view, figures, ink),
        sections::intake(view, figures, ink),
        sections::stream(figures, ink),
        sections::holds(figures, ink),
        sections::state(figures, ink),
    ]
}

/// As much of the sections as there is room for, titles included.
fn fitted(mut sections: Vec<Section>, room: usize) -> Vec<Section> {
    let n_least = |sections: &[Section]| sections.iter().map(|s| 1 + s.n_min).sum::<usize>();
    while n_least(&sections) > room && sections.len() > 1 {
        let last = sections.iter().enumerate().max_by_key(|(_, section)| section.rank);
        let Some((index, _)) = last else { break };
        sections.remove(index);
    }
    let mut left = room.saturating_sub(n_least(&sections));
    let mut by_rank: Vec<&mut Section> = sections.iter_mut().collect();
    by_rank.sort_by_key(|section| section.rank);
    for section in by_rank {
        let n_more = section.lines.len().saturating_sub(section.n_min).min(left);
        left -= n_more;
        section.lines.truncate(section.n_min + n_more);
    }
    sections
}

fn title(title: &str, aside: &str, width: usize, ink: Ink) -> Line<'static> {
    let aside = if aside.is_empty() { String::new() } else { format!(" {aside}") };
    let used = title.chars().count() + aside.chars().count() + 1;
    let rule = format!(" {}", "─".repeat(width.saturating_sub(used)));
    ink.line([(title.to_owned(), Tone::Strong), (aside, Tone::Plain), (rule, Tone::Quiet)])
}

/// Cuts a line at the screen's edge and says so.
fn cut(line: Line<'static>, width: usize) -> Line<'static> {
    if line.width() <= width {
        return line;
    }
    let mut left = width.saturating_sub(1);
    let mut spans = Vec::new();
    for span in line.spans {
        let text: String = span.content.chars().take(left).collect();
        left -= text.chars().count();
        spans.push(Span::styled(text, span.style));
    }
    spans.push(Span::raw("…"));
    Line::from(spans)
}

fn header(view: &View, ink: Ink) -> Line<'static> {
    let n_of = |wanted: fn(&Standing) -> bool| {
        view.standings.iter().filter(|(_, standing)| wanted(standing)).count()
    };
    let n_unreachable = n_of(|s| matches!(s, Standing::Unreachable { .. }));
    let n_unready = n_of(|s| matches!(s, Standing::NotReady(_)));
    let n_older = n_of(|s| matches!(s, Standing::Older(_)));
    let n_unknown = n_of(|s| matches!(s, Standing::Unknown));
    let (state, tone) = match (n_unreachable, n_unready + n_older, n_unknown) {
        (0, 0, 0) => ("READY".to_owned(), Tone::Good),
        (0, 0, _) => ("asking".to_owned(), Tone::Quiet),
        _ if view.standings.len() == 1 && n_older == 1 => ("OLDER VERSION".to_owned(), Tone::Bad),
        _ if view.standings.len() == 1 && n_unreachable == 1 => {
            ("UNREACHABLE".to_owned(), Tone::Bad)
        }
        _ if view.standings.len() == 1 => ("NOT READY".to_owned(), Tone::Bad),
        _ => {
            let n_ready = n_of(|s| *s == Standing::Ready);
            let parts = [
                (n_ready, "ready"),
                (n_unready, "NOT READY"),
                (n_older, "OLDER VERSION"),
                (n_unreachable, "UNREACHABLE"),
            ];
            let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
            (parts.collect::<Vec<_>>().join(", "), Tone::Bad)
        }
    };
    let who = match view.standings.as_slice() {
        [(name, _)] => name.clone(),
        all => format!("{} instances", all.len()),
    };
    let figures = view.figures.as_ref();
    let version = figures.map_or_else(|| UNKNOWN.to_owned(), |f| f.version.clone());
    let mut parts = vec![
        (state, tone),
        plain(format!("  {who}  ")),
        (format!("consent-gate {version}"), Tone::Strong),
    ];
    if let Some(figures) = figures.filter(|_| view.stale.is_none()) {
        let up = age(view.now_unix - figures.started);
        let revision = figures.policy_revision.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        parts.push(plain(format!("  up {up}  policies {revision}")));
        if figures.policy_is_rejected {
            parts.push(("  NEW POLICIES REJECTED".to_owned(), Tone::Bad));
        }
    }
    ink.line(parts)
}

/// What is wrong with instances, one line each.
fn notices(view: &View, ink: Ink) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let has_others = view.standings.len() > 1;
    for (name, standing) in &view.standings {
        let name = if has_others { format!("{name}: ") } else { String::new() };
        match standing {
            Standing::Unknown | Standing::Ready => {}
            Standing::NotReady(reasons) => {
                for reason in reasons {
                    out.push(ink.line([(format!("{name}{reason}"), Tone::Odd)]));
                }
            }
            Standing::Older(reasons) => {
                let text = format!(
                    "{name}an older version, which has no /status: its figures are left out, its /metrics has them"
                );
                out.push(ink.line([(text, Tone::Bad)]));
                for reason in reasons {
                    out.push(ink.line([(format!("{name}{reason}"), Tone::Odd)]));
                }
            }
            Standing::Unreachable { why, silent, age } => {
                let left = match (view.stale, age) {
                    (None, Some(_)) => "; its figures are left out".to_owned(),
                    (None, None) => String::new(),
                    (Some(_), Some(age)) => {
                        format!("; what it said last is {} old", span(age.as_secs_f64()))
                    }
                    (Some(_), None) => String::new(),
                };
                let silent = span(silent.as_secs_f64());
                let text = format!("{name}no answer for {silent}: {why}{left}");
                out.push(ink.line([(text, Tone::Bad)]));
            }
        }
    }
    out
}

fn footer(view: &View, ink: Ink) -> Line<'static> {
    match view.paused {
        Some(since) => ink.line([
            (format!("PAUSED for {}", span(since.as_secs_f64())), Tone::Odd),
            ("   p go on   q quit".to_owned(), Tone::Quiet),
        ]),
        None => ink.line([("q quit   p pause".to_owned(), Tone::Quiet)]),
    }
}
