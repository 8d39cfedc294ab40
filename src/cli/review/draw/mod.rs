//! What a review looks like: from its state alone, into a terminal's cells.
//!
//! Comes in: the state, whether colour is wanted. Goes out: cells, of which none holds a character that a terminal obeys.
//! Never: reads a file, or changes the state.

mod keys;
mod look;
mod question;
mod row;
mod rows;
mod tables;
mod text;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};
use ratatui_core::text::{Line, Span};

pub(super) use self::look::Look;
pub(in crate::cli) use self::text::{cut, fit, wrap};
use super::key_map::{self, Place};
use super::state::{Over, State};
use crate::cli::amount;
use crate::cli::paint::tame;

/// Less room than this shows nothing that anybody could decide by.
const LEAST: (u16, u16) = (60, 16);

/// Draws a review.
pub(super) fn draw(state: &State, look: Look, area: Rect, buffer: &mut Buffer) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut lines = if area.width < LEAST.0 || area.height < LEAST.1 {
        vec![Line::raw(format!("this needs {} columns and {} lines", LEAST.0, LEAST.1))]
    } else {
        screen(state, look, width)
    };
    if height > 2 {
        let bottom = [told(state, look, width), Line::styled(keys(state, width), look.aside())];
        lines.resize(height - bottom.len(), Line::default());
        lines.extend(bottom);
    }
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        buffer.set_line(area.left(), y, line, area.width);
    }
}

fn screen(state: &State, look: Look, width: usize) -> Vec<Line<'static>> {
    match (&state.over, state.place()) {
        (Some(Over::Keys(from)), place) => keys::lines(place, state.read_only.is_some(), *from),
        (Some(Over::Question(question)), _) => question::lines(state, question, width),
        (Some(Over::Whole(from)), _) => row::whole(state, *from, width),
        (_, Place::Tables) => tables::lines(state, look, width),
        (_, Place::Rows | Place::Facets) => rows::lines(state, look, width),
        (_, Place::Row) => row::lines(state, look, width),
    }
}

/// What there is to tell, or what is being typed.
fn told(state: &State, look: Look, width: usize) -> Line<'static> {
    if let Some(Over::Prompt(prompt)) = &state.over {
        let typed = format!(" {} {}", prompt.asks.label(), tame(&prompt.text));
        let room = width.saturating_sub(text::columns(&typed) + 4);
        let means = prompt.means.map(|rows| format!("means {}", amount::rows(rows)));
        let help = state.said.as_deref().or(means.as_deref()).unwrap_or_else(|| prompt.asks.help());
        let cursor = Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED));
        let help = Span::styled(format!("  {}", text::cut(&tame(help), room)), look.aside());
        return Line::from(vec![Span::raw(typed), cursor, help]);
    }
    let said = match (&state.said, &state.read_only) {
        (Some(said), Some(_)) => format!("read-only; {said}"),
        (Some(said), None) | (None, Some(said)) => said.clone(),
        (None, None) => String::new(),
    };
    Line::styled(text::cut(&format!(" {}", tame(&said)), width), Style::new().add_modifier(Modifier::BOLD))
}

/// The most useful keys here.
fn keys(state: &State, width: usize) -> String {
    if let Some(over) = &state.over {
        return match over {
            Over::Choice(_) => {
                let all = state.rows.as_ref().map_or(0, |rows| rows.list.len);
                let all = amount::rows(all);
                text::cut(&format!(" {all}: 2 keep_old · 3 apply_new · s hold · x skip · any other key leaves them"), width)
            }
            Over::Question(_) => " y writes it · Enter, or any other key, leaves it".to_owned(),
            Over::Prompt(_) => " Enter take it · Esc leave it".to_owned(),
            Over::Keys(_) | Over::Whole(_) => " ↑↓ scroll · any other key goes back".to_owned(),
        };
    }
    let named = key_map::bindings_of(state.place(), state.read_only.is_some()).filter(|binding| !binding.word.is_empty());
    let words: Vec<_> = named.map(|binding| format!("{} {}", binding.keys[0].label(), binding.word)).collect();
    text::cut(&format!(" {}", words.join(" · ")), width)
}
