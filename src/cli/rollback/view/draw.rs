//! What a rollback looks like while it is carried out: from the scene alone, into a terminal's cells.
//!
//! Never: draws a character that a terminal obeys, tells by colour what no sign or word tells.

use std::time::Duration;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::{Line, Span};

use super::scene::{Row, Scene};
use crate::cli::paint::tame;
use crate::cli::review::{cut, fit, wrap};
use crate::phases::state::State;

/// The lines of a program's output that are shown, and of the command itself, where there is room.
const SAID: usize = 4;
const COMMAND: usize = 2;

/// The lines around the steps: two at the top, a rule, the command, its output, what is told, and the keys.
const AROUND: usize = 2 + 1 + COMMAND + SAID + 2;

/// Draws a scene as it is so long after its beginning.
pub(super) fn draw(scene: &Scene, now: Duration, colour: bool, area: Rect, buffer: &mut Buffer) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut lines = vec![head(scene, now, width), about(scene, width)];
    let room = height.saturating_sub(AROUND).max(1);
    lines.extend(steps(scene, now, colour, room, width));
    lines.resize(2 + room, Line::default());
    lines.extend(bottom(scene, now, colour, width));
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        buffer.set_line(area.left(), y, line, area.width);
    }
}

/// Spells a length of time as a clock does.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

fn head(scene: &Scene, now: Duration, width: usize) -> Line<'static> {
    let time = clock(now);
    let title = fit(&format!(" {}", tame(&scene.title)), width.saturating_sub(time.len() + 1));
    Line::styled(cut(&format!("{title}{time} "), width), Style::new().add_modifier(Modifier::BOLD))
}

fn about(scene: &Scene, width: usize) -> Line<'static> {
    let text = format!(" {} of {} steps are over · {}", scene.over(), scene.steps.len(), tame(&scene.about));
    Line::raw(cut(&text, width))
}

/// The steps around the one that it is at, as many as there is room for.
fn steps(scene: &Scene, now: Duration, colour: bool, room: usize, width: usize) -> Vec<Line<'static>> {
    let at = scene.at.unwrap_or(0);
    let last = scene.steps.len().saturating_sub(room);
    let from = at.saturating_sub(room / 2).min(last);
    let rows = scene.steps.iter().enumerate().skip(from).take(room);
    rows.map(|(place, row)| step(row, scene.at == Some(place), now, colour, width)).collect()
}

fn step(row: &Row, is_at: bool, now: Duration, colour: bool, width: usize) -> Line<'static> {
    let (sign, paint) = match row.state {
        State::Done => ("✓", Color::Green),
        State::AlreadyDone => ("=", Color::Green),
        State::Running => ("▸", Color::Cyan),
        State::Waiting => ("?", Color::Yellow),
        State::Failed | State::Unknown => ("!", Color::Red),
        State::Skipped | State::Undone => ("-", Color::Yellow),
        State::Pending => ("·", Color::DarkGray),
    };
    let took = match (row.state, row.began, row.took) {
        (State::Running, Some(began), _) => clock(now.saturating_sub(began)),
        (_, _, Some(took)) => clock(took),
        _ => String::new(),
    };
    // What is named in full is the id; titles have what is left.
    let id = width.saturating_sub(30).clamp(8, 24);
    let text = format!("{} {:<12} {took:>8}  {}", fit(&tame(&row.id), id), row.state.to_string(), tame(&row.title));
    let style = if colour { Style::new().fg(paint) } else { Style::new() };
    let weight = if is_at { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
    Line::from(vec![Span::styled(format!(" {sign} "), style), Span::styled(cut(&text, width.saturating_sub(3)), weight)])
}

/// What runs, what it says, and what is to be told.
fn bottom(scene: &Scene, now: Duration, colour: bool, width: usize) -> Vec<Line<'static>> {
    let aside = if colour { Style::new().fg(Color::DarkGray) } else { Style::new() };
    let label =
        scene.runs.as_ref().map_or_else(String::new, |(_, since)| format!(" now, for {} ", clock(now.saturating_sub(*since))));
    let rule = "─".repeat(width.saturating_sub(3 + label.chars().count()));
    let mut lines = vec![Line::styled(cut(&format!(" ─{label}{rule}"), width), aside)];
    let command = scene.runs.as_ref().map_or_else(String::new, |(line, _)| tame(line));
    let mut pieces = wrap(&command, width.saturating_sub(2));
    if pieces.len() > COMMAND {
        pieces = vec![pieces[0].clone(), cut(&pieces[1..].concat(), width.saturating_sub(2))];
    }
    pieces.resize(COMMAND, String::new());
    lines.extend(pieces.into_iter().map(|piece| Line::raw(format!(" {piece}"))));
    let said = scene.said.iter().skip(scene.said.len().saturating_sub(SAID));
    let mut said: Vec<_> = said.map(|line| Line::styled(cut(&format!("   {}", tame(line)), width), aside)).collect();
    said.resize(SAID, Line::default());
    lines.extend(said);
    let told = scene.told.as_deref().unwrap_or_default();
    lines.push(Line::styled(cut(&format!(" {}", tame(told)), width), Style::new().add_modifier(Modifier::BOLD)));
    lines.push(Line::styled(cut(" Ctrl-C ends in good order, and `failback rollback resume` goes on", width), aside));
    lines
}
