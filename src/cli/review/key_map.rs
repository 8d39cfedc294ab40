//! Which key does what, on which screen. The overlay of keys is made from this, and nothing else says what a key does.

use super::key::Key;
use crate::policy::{Resolution, ValueOf};

/// Where the reviewer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// All tables with differences.
    Tables,
    /// The rows of one.
    Rows,
    /// What the rows of a table have in common, beside them.
    Facets,
    /// One row, column by column.
    Row,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Enter,
    Back,
    Facets,
    Next,
    Previous,
    Filter,
    /// Decide about the row.
    Decide(Resolution),
    /// Decide about all rows of the filter.
    All,
    Rule,
    Why,
    Undo,
    Redo,
    /// Give the column the value of one image.
    Take(ValueOf),
    /// Give it a text that is typed.
    SetText,
    /// Give it NULL.
    SetNull,
    /// Give it what the row's resolution says.
    Release,
    Alike,
    Keys,
    Quit,
}

impl Command {
    /// Whether it may lead to a decision.
    pub(super) const fn decides(self) -> bool {
        matches!(self, Self::Decide(_) | Self::All | Self::Rule | Self::Why | Self::Undo | Self::Redo) || self.chooses()
    }

    /// Whether it is about one column.
    pub(super) const fn chooses(self) -> bool {
        matches!(self, Self::Take(_) | Self::SetText | Self::SetNull | Self::Release)
    }
}

/// One line of the map.
pub(super) struct Binding {
    pub(super) keys: &'static [Key],
    pub(super) command: Command,
    pub(super) places: &'static [Place],
    /// What it does, for people.
    pub(super) does: &'static str,
    /// The same in a word, for the line at the bottom; empty where it has no room there.
    pub(super) word: &'static str,
}

const ROWS: &[Place] = &[Place::Rows, Place::Row];
const TABLE: &[Place] = &[Place::Rows, Place::Facets];
const OPEN: &[Place] = &[Place::Rows, Place::Facets, Place::Row];
const ALL: &[Place] = &[Place::Tables, Place::Rows, Place::Facets, Place::Row];

/// The map.
const MAP: &[Binding] = &[
    line(&[Key::Char('?')], Command::Keys, ALL, "these keys", "keys"),
    line(&[Key::Char('q')], Command::Quit, ALL, "end the review", "quit"),
    line(&[Key::Down, Key::Char('j')], Command::Down, ALL, "one down", ""),
    line(&[Key::Up, Key::Char('k')], Command::Up, ALL, "one up", ""),
    line(&[Key::PageDown, Key::Char(' ')], Command::PageDown, ALL, "a page down", ""),
    line(&[Key::PageUp], Command::PageUp, ALL, "a page up", ""),
    line(&[Key::Home, Key::Char('g')], Command::First, ALL, "to the first", ""),
    line(&[Key::End, Key::Char('G')], Command::Last, ALL, "to the last", ""),
    line(&[Key::Enter, Key::Right, Key::Char('l')], Command::Enter, &[Place::Tables], "open the table", "open"),
    line(&[Key::Enter, Key::Right, Key::Char('l')], Command::Enter, &[Place::Rows], "open the row", "open"),
    line(
        &[Key::Enter, Key::Right, Key::Char('l')],
        Command::Enter,
        &[Place::Facets],
        "only such rows; once more: all of them again",
        "only these",
    ),
    line(&[Key::Enter, Key::Right, Key::Char('l')], Command::Enter, &[Place::Row], "the column's values, whole", "whole"),
    line(&[Key::Esc, Key::Left, Key::Char('h')], Command::Back, OPEN, "back", "back"),
    line(&[Key::Char('2')], Command::Decide(Resolution::KeepOld), ROWS, "this row stays as OLD has it", "OLD"),
    line(&[Key::Char('3')], Command::Decide(Resolution::ApplyNew), ROWS, "this row becomes as NEW has it", "NEW"),
    line(&[Key::Char('s')], Command::Decide(Resolution::Hold), ROWS, "this row waits", ""),
    line(&[Key::Char('x')], Command::Decide(Resolution::Skip), ROWS, "this row is left aside", ""),
    line(&[Key::Char('4')], Command::Take(ValueOf::Old), &[Place::Row], "this column as OLD has it", ""),
    line(&[Key::Char('5')], Command::Take(ValueOf::New), &[Place::Row], "this column as NEW has it", ""),
    line(&[Key::Char('6')], Command::Take(ValueOf::Base), &[Place::Row], "this column as it was at the cutover", ""),
    line(&[Key::Char('=')], Command::SetText, &[Place::Row], "this column gets a text, as PostgreSQL prints it", ""),
    line(&[Key::Char('0')], Command::SetNull, &[Place::Row], "this column gets NULL", ""),
    line(&[Key::Char('.')], Command::Release, &[Place::Row], "this column as the row", ""),
    line(&[Key::Char('A')], Command::All, TABLE, "decide about all rows of the filter, by a rule", "all"),
    line(&[Key::Char('r')], Command::Rule, TABLE, "the same, by a rule with a name", "rule"),
    line(&[Key::Char('w')], Command::Why, OPEN, "the reason of the decisions that follow", ""),
    line(&[Key::Char('u')], Command::Undo, ALL, "take the last decision back", ""),
    line(&[Key::Char('U')], Command::Redo, ALL, "decide it again", ""),
    line(&[Key::Char('n')], Command::Next, ALL, "the next that nobody has decided", "undecided"),
    line(&[Key::Char('N')], Command::Previous, ALL, "the one before", ""),
    line(
        &[Key::Tab],
        Command::Facets,
        &[Place::Rows, Place::Facets],
        "between the rows and what they have in common",
        "facets",
    ),
    line(&[Key::Char('/')], Command::Filter, &[Place::Tables], "only tables whose names hold a text", "find"),
    line(&[Key::Char('/')], Command::Filter, TABLE, "only rows that a filter asks for", "filter"),
    line(&[Key::Char('a')], Command::Alike, &[Place::Row], "with the columns that are alike, or without", "all columns"),
];

const fn line(
    keys: &'static [Key],
    command: Command,
    places: &'static [Place],
    does: &'static str,
    word: &'static str,
) -> Binding {
    Binding { keys, command, places, does, word }
}

/// What the keys that decide about one row decide.
pub(super) fn resolution(key: Key) -> Option<Resolution> {
    match command(Place::Row, key) {
        Some(Command::Decide(resolution)) => Some(resolution),
        _ => None,
    }
}

/// Returns what a key asks for at a place.
pub(super) fn command(place: Place, key: Key) -> Option<Command> {
    bindings(place).find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

/// Lists what a reader can ask for at a place, and whoever decides.
pub(super) fn bindings_of(place: Place, reads_only: bool) -> impl Iterator<Item = &'static Binding> {
    bindings(place).filter(move |binding| !(reads_only && binding.command.decides()))
}

/// Lists what can be asked for at a place.
fn bindings(place: Place) -> impl Iterator<Item = &'static Binding> {
    MAP.iter().filter(move |binding| binding.places.contains(&place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_at_one_place() {
        for place in ALL {
            let keys: Vec<_> = bindings(*place).flat_map(|binding| binding.keys).collect();
            for (number, key) in keys.iter().enumerate() {
                assert!(!keys[..number].contains(key), "{place:?} {key:?}");
            }
            assert!(keys.contains(&&Key::Char('?')) && keys.contains(&&Key::Char('q')), "{place:?}");
        }
    }
}
