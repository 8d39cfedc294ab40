//! How things look. What is told by colour is told by a letter or a sign as well.

use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::{Line, Span};

/// How things look.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::review) struct Look {
    /// Whether colour is wanted.
    pub(in crate::cli::review) colour: bool,
}

impl Look {
    fn paint(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// Something waits for a person.
    pub(super) fn waits(self) -> Style {
        self.paint(Color::Yellow)
    }

    /// Something is decided.
    pub(super) fn decided(self) -> Style {
        self.paint(Color::Green)
    }

    /// What differs.
    pub(super) fn differs(self) -> Style {
        self.paint(Color::Cyan)
    }

    /// What is beside the point.
    pub(super) fn aside(self) -> Style {
        self.paint(Color::DarkGray)
    }
}

/// A line that heads something.
pub(super) fn heading(text: impl Into<String>) -> Line<'static> {
    Line::styled(text.into(), Style::new().add_modifier(Modifier::BOLD))
}

/// A line, turned around where it is the one that keys are about. A sign at its front says the same.
pub(super) fn chosen(is_chosen: bool, spans: Vec<Span<'static>>) -> Line<'static> {
    let line = Line::from(spans);
    if is_chosen { line.patch_style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
}
