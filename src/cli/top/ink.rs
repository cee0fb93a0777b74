//! Words with a tone, as styled text; lines with a title.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// What a piece of text says beside its words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Quiet,
    Strong,
    Good,
    Bad,
    Odd,
}

/// With what styles lines are written.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub(super) has_colour: bool,
    pub(super) is_stale: bool,
}

impl Ink {
    pub(super) fn style(self, tone: Tone) -> Style {
        let colour = |style: Style, colour| if self.has_colour { style.fg(colour) } else { style };
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match tone {
            // nothing old may look good
            _ if self.is_stale => Style::new().add_modifier(Modifier::DIM),
            Tone::Plain => Style::new(),
            Tone::Quiet => Style::new().add_modifier(Modifier::DIM),
            Tone::Strong => bold,
            Tone::Good => colour(bold, Color::Green),
            Tone::Bad => colour(bold.add_modifier(Modifier::REVERSED), Color::Red),
            Tone::Odd => colour(bold, Color::Yellow),
        }
    }

    pub(super) fn span(self, text: impl Into<String>, tone: Tone) -> Span<'static> {
        let mut text = text.into();
        // it may have come from anybody's server: what could move the cursor is not shown
        text.retain(|c| !c.is_control());
        Span::styled(text, self.style(tone))
    }

    pub(super) fn line(self, parts: impl IntoIterator<Item = (String, Tone)>) -> Line<'static> {
        Line::from(parts.into_iter().map(|(text, tone)| self.span(text, tone)).collect::<Vec<_>>())
    }
}

pub(super) fn plain(text: impl Into<String>) -> (String, Tone) {
    (text.into(), Tone::Plain)
}

/// A titled part of the screen.
pub(super) struct Section {
    pub(super) title: &'static str,
    /// What stands beside the title.
    pub(super) aside: String,
    pub(super) lines: Vec<Line<'static>>,
    /// Lines it is worth showing with.
    pub(super) n_min: usize,
    /// Who gives way last has the lowest.
    pub(super) rank: u8,
}
