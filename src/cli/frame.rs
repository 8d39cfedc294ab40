//! A picture on a terminal, shown as a whole.

use std::io::{self, Write};

use ratatui_core::terminal::{Frame, Terminal};
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui_crossterm::crossterm::{execute, queue};

/// Draws a picture. A terminal that knows of synchronized updates (mode 2026) shows nothing of it before it is whole; others
/// pass the two marks over.
pub(super) fn draw<W: Write>(
    terminal: &mut Terminal<CrosstermBackend<W>>,
    picture: impl FnOnce(&mut Frame<'_>),
) -> io::Result<()> {
    queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    terminal.draw(picture)?;
    execute!(terminal.backend_mut(), EndSynchronizedUpdate)
}
