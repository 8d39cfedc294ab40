//! The screen of all tables with differences.

use std::cmp::Reverse;

use super::key_map::Command;
use super::list::List;
use crate::delta::Class;
use crate::words::Counts;

/// One table.
#[derive(Clone, Debug)]
pub(super) struct TableLine {
    pub(super) database: String,
    pub(super) name: String,
    pub(super) counts: Counts<Class>,
    /// How many rows wait for a decision; nothing where that is not known yet.
    pub(super) waiting: Option<u64>,
}

/// The screen of all tables with differences.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub(super) lines: Vec<TableLine>,
    /// How many tables are alike on both sides.
    pub(super) alike: usize,
    /// What their names have to hold.
    pub(super) find: String,
    /// The lines that are shown, by their numbers.
    pub(super) shown: Vec<usize>,
    pub(super) list: List,
}

impl Tables {
    /// Begins with what needs a person most.
    pub(super) fn of(mut lines: Vec<TableLine>, alike: usize) -> Self {
        lines.sort_by_key(|line| Reverse(line.waiting.unwrap_or(0)));
        let shown: Vec<_> = (0..lines.len()).collect();
        Self { list: List::of(shown.len() as u64), lines, alike, find: String::new(), shown }
    }

    /// The table that is chosen.
    pub(super) fn chosen(&self) -> Option<usize> {
        usize::try_from(self.list.at).ok().and_then(|at| self.shown.get(at)).copied()
    }

    /// What a table is called here: with its database, where there are several.
    pub(super) fn label(&self, line: &TableLine) -> String {
        let several = self.lines.iter().any(|other| other.database != line.database);
        if several { format!("{}: {}", line.database, line.name) } else { line.name.clone() }
    }

    /// Shows only tables whose names hold a text.
    pub(super) fn find(&mut self, text: &str) {
        text.clone_into(&mut self.find);
        let holds = |line: &TableLine| format!("{}: {}", line.database, line.name).contains(text);
        self.shown = (0..self.lines.len()).filter(|number| holds(&self.lines[*number])).collect();
        self.list.resize(self.shown.len() as u64);
    }

    /// Goes to the next table with rows that wait, or the one before; says whether there is one.
    pub(super) fn undecided(&mut self, command: Command) -> bool {
        let waits = |place: &usize| self.lines[self.shown[*place]].waiting.is_some_and(|rows| rows > 0);
        let at = usize::try_from(self.list.at).unwrap_or(0);
        let found = match command {
            Command::Previous => (0..at.min(self.shown.len())).rev().find(waits),
            _ => (at + 1..self.shown.len()).find(waits),
        };
        if let Some(place) = found {
            self.list.to(place as u64);
        }
        found.is_some()
    }

    /// How many rows differ in all, by class.
    pub(super) fn counts(&self) -> Counts<Class> {
        self.lines.iter().map(|line| &line.counts).sum()
    }

    /// How many rows wait in all, as far as that is known.
    pub(super) fn waiting(&self) -> u64 {
        self.lines.iter().filter_map(|line| line.waiting).sum()
    }
}
