//! A review as it stands: what happens goes in, what it looks like and what it asks for can be read off. No file is read here,
//! and nothing is drawn.

use std::ops::Range;

use super::event::{Event, Request};
use super::filter_text::FilterText;
use super::key::Key;
use super::key_map::{self, Command, Place};
use super::list::List;
use super::prompt::{Asks, Prompt, Step};
use super::question::Question;
use super::rows::Rows;
use super::tables::Tables;
use super::told::why;
use crate::policy::{Choice, Origin, Resolution};

/// The least room for lists, beside headings and the lines at the bottom.
const AROUND_ROWS: u16 = 7;
const AROUND_TABLES: u16 = 8;
const AROUND_ROW: u16 = 10;

/// A review as it stands.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Where the run is.
    pub(super) run: String,
    /// Why nothing can be decided, where it cannot.
    pub(super) read_only: Option<String>,
    /// Whether there is a plan, which may hold rows.
    is_planned: bool,
    /// Columns and lines of the terminal.
    pub(super) size: (u16, u16),
    pub(super) tables: Tables,
    /// The table that is open.
    pub(super) rows: Option<Rows>,
    /// The row that is open, column by column.
    pub(super) row: Option<Columns>,
    /// What lies over the screen.
    pub(super) over: Option<Over>,
    /// What there is to tell.
    pub(super) said: Option<String>,
    /// The reason of the decisions that follow.
    pub(super) why: Option<String>,
}

/// The columns of the row that is open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Columns {
    /// Whether those that are alike are shown too.
    pub(super) alike: bool,
    pub(super) list: List,
}

/// What lies over the screen.
#[derive(Clone, Debug)]
pub(super) enum Over {
    /// What each key does, from this line on.
    Keys(u64),
    /// A column's values, whole, from this line on.
    Whole(u64),
    /// Something is typed.
    Prompt(Prompt),
    /// What is to be done with all rows of the filter, by a rule of this name.
    Choice(Option<String>),
    /// Whether a rule is to be written.
    Question(Box<Question>),
}

impl State {
    pub(super) fn of(run: String, tables: Tables, is_planned: bool) -> Self {
        Self {
            run,
            read_only: None,
            is_planned,
            size: (80, 24),
            tables,
            rows: None,
            row: None,
            over: None,
            said: None,
            why: None,
        }
    }

    /// Where the reviewer is.
    pub(super) fn place(&self) -> Place {
        match (&self.row, &self.rows) {
            (Some(_), _) => Place::Row,
            (None, Some(rows)) if rows.in_facets => Place::Facets,
            (None, Some(_)) => Place::Rows,
            (None, None) => Place::Tables,
        }
    }

    /// The rows that are looked at and not at hand, by their places among those that are shown.
    pub(super) fn wants(&self) -> Option<Range<u64>> {
        self.rows.as_ref().and_then(Rows::wants)
    }

    /// Takes in what happens, and says what is asked for.
    pub(super) fn on(&mut self, event: Event) -> Option<Request> {
        match event {
            Event::Key(key) => return self.on_key(key),
            Event::Size(columns, lines) => self.size = (columns, lines),
            Event::Opened(table, rows) => {
                self.said = None;
                self.rows = Some(Rows::of(table, rows));
            }
            Event::Window(from, window) => self.with_rows(|rows| rows.take(from, window)),
            Event::Unreadable(places, said) => {
                self.with_rows(|rows| rows.miss(places));
                self.said = Some(said);
            }
            Event::Pasted(text) => {
                // Only where something is typed: a text is no row of commands.
                if let Some(Over::Prompt(prompt)) = &mut self.over {
                    prompt.text.extend(text.chars().filter(|character| !character.is_control()));
                }
            }
            Event::Counting(rows) => self.with_rows(|open| open.counting = Some(rows)),
            Event::Counted(rows, facets) => self.with_rows(|open| open.count(rows, facets)),
            Event::Waiting(table, rows) => {
                if let Some(line) = self.tables.lines.get_mut(table) {
                    line.waiting = Some(rows);
                }
            }
            Event::Found(Some(place)) => self.with_rows(|rows| rows.list.to(place)),
            Event::Found(None) => self.said = Some("no more undecided row here; Esc, then n: the next table".to_owned()),
            Event::Means(rows) => {
                if let Some(Over::Prompt(prompt)) = &mut self.over {
                    prompt.means = Some(rows);
                }
            }
            Event::Asked(question) => self.over = Some(Over::Question(question)),
            Event::Decided(said) => {
                self.with_rows(Rows::forget);
                self.said = Some(said);
            }
            Event::Said(said) => self.said = Some(said),
        }
        self.settle();
        None
    }

    fn with_rows(&mut self, change: impl FnOnce(&mut Rows)) {
        if let Some(rows) = &mut self.rows {
            change(rows);
        }
    }

    fn on_key(&mut self, key: Key) -> Option<Request> {
        if key == Key::Stop {
            return Some(Request::Quit);
        }
        self.said = None;
        let asked = match self.over.take() {
            Some(over) => self.on_over(over, key),
            None => key_map::command(self.place(), key).and_then(|command| self.on_command(command)),
        };
        self.settle();
        asked
    }

    fn on_over(&mut self, over: Over, key: Key) -> Option<Request> {
        match over {
            Over::Keys(from) => self.over = scrolled(from, key).map(Over::Keys),
            Over::Whole(from) => self.over = scrolled(from, key).map(Over::Whole),
            Over::Prompt(prompt) => return self.on_typed(prompt, key),
            Over::Choice(name) => {
                let filter = self.rows.as_ref()?.filter.clone();
                return key_map::resolution(key).map(|resolution| Request::Weigh { filter, name, resolution });
            }
            Over::Question(question) => {
                let Question { draft, resolution, .. } = *question;
                if key == Key::Char('y') {
                    return Some(Request::Rule { draft, resolution, why: self.why.clone() });
                }
                self.said = Some("nothing is written".to_owned());
            }
        }
        None
    }

    fn on_typed(&mut self, mut prompt: Prompt, key: Key) -> Option<Request> {
        match prompt.on(key) {
            Step::More => {
                prompt.means = None;
                let filter = if prompt.asks == Asks::Filter { FilterText::read(&prompt.text).ok() } else { None };
                self.over = Some(Over::Prompt(prompt));
                filter.map(Request::Count)
            }
            Step::Dropped => None,
            Step::Done => self.on_answer(prompt),
        }
    }

    fn on_answer(&mut self, prompt: Prompt) -> Option<Request> {
        let text = || Some(prompt.text.trim().to_owned()).filter(|text| !text.is_empty());
        match prompt.asks {
            Asks::TableName => self.tables.find(prompt.text.trim()),
            Asks::Why => self.why = text(),
            Asks::Value => return self.choose(Some(Choice::Text(prompt.text))),
            Asks::RuleName => self.over = Some(Over::Choice(text())),
            Asks::Filter => match FilterText::read(&prompt.text) {
                Ok(filter) if filter.held && !self.is_planned => {
                    self.said = Some("there is no plan that holds rows: run `failback plan`".to_owned());
                    self.over = Some(Over::Prompt(prompt));
                }
                Ok(filter) => return Some(self.filter(filter)),
                Err(error) => {
                    self.said = Some(why(&error));
                    self.over = Some(Over::Prompt(prompt));
                }
            },
        }
        None
    }

    fn filter(&mut self, filter: FilterText) -> Request {
        self.with_rows(|rows| rows.filter(filter.clone()));
        Request::Filter(filter)
    }

    fn on_command(&mut self, command: Command) -> Option<Request> {
        if self.list().go(command) {
            return None;
        }
        match command {
            Command::Quit => return Some(Request::Quit),
            Command::Keys => self.over = Some(Over::Keys(0)),
            Command::Back => self.back(),
            Command::Enter => return self.enter(),
            Command::Next | Command::Previous => return self.undecided(command),
            Command::Facets => self.with_rows(|rows| rows.in_facets = !rows.in_facets),
            Command::Filter => self.over = Some(Over::Prompt(self.asked_filter())),
            Command::Decide(resolution) => return self.decide(resolution),
            _ if command.chooses() => return self.on_choice(command),
            Command::All | Command::Rule | Command::Why | Command::Undo | Command::Redo => return self.write(command),
            Command::Alike => {
                if let Some(columns) = &mut self.row {
                    columns.alike = !columns.alike;
                }
            }
            _ => {}
        }
        None
    }

    /// Decides about the row that is chosen. What is decided so already is not decided once more.
    fn decide(&mut self, resolution: Resolution) -> Option<Request> {
        if self.read_only.is_some() {
            return None;
        }
        let view = self.rows.as_ref().and_then(Rows::chosen)?;
        let class = view.seen.row.class;
        let decided = &view.decided;
        let known = decided.origin == Origin::Row && decided.resolution == resolution && decided.choices.is_empty();
        if known {
            self.said = Some(format!("already {resolution}: nothing is written"));
            return None;
        }
        if !class.allowed().contains(&resolution) {
            let allowed: Vec<_> = class.allowed().iter().map(|one| one.word()).collect();
            self.said = Some(format!("{resolution} makes no sense for {class}; there are {}", allowed.join(", ")));
            return None;
        }
        Some(Request::Pick { position: view.seen.position, resolution, why: self.why.clone() })
    }

    /// Begins what is written about more than a row.
    fn write(&mut self, command: Command) -> Option<Request> {
        if self.read_only.is_some() {
            return None;
        }
        match command {
            Command::Undo => return Some(Request::Undo),
            Command::Redo => return Some(Request::Redo),
            Command::Why => {
                let known = self.why.clone().unwrap_or_default();
                self.over = Some(Over::Prompt(Prompt::of(Asks::Why, &known)));
            }
            _ if self.rows.as_ref().is_some_and(|rows| rows.counting.is_some()) => {
                self.said = Some("the rows are still being counted".to_owned());
            }
            Command::All => self.over = Some(Over::Choice(None)),
            _ => self.over = Some(Over::Prompt(Prompt::of(Asks::RuleName, ""))),
        }
        None
    }

    fn asked_filter(&self) -> Prompt {
        match &self.rows {
            Some(rows) => Prompt::of(Asks::Filter, &rows.filter.text()),
            None => Prompt::of(Asks::TableName, &self.tables.find),
        }
    }

    /// The list that keys go through.
    fn list(&mut self) -> &mut List {
        if let Some(columns) = &mut self.row {
            return &mut columns.list;
        }
        match &mut self.rows {
            Some(rows) => {
                if rows.in_facets {
                    &mut rows.facet
                } else {
                    &mut rows.list
                }
            }
            None => &mut self.tables.list,
        }
    }

    fn back(&mut self) {
        if self.row.take().is_some() {
            return;
        }
        match &mut self.rows {
            Some(rows) if rows.in_facets => rows.in_facets = false,
            _ => self.rows = None,
        }
    }

    fn enter(&mut self) -> Option<Request> {
        match self.place() {
            Place::Tables => return self.tables.chosen().map(Request::Open),
            Place::Rows => {
                if self.rows.as_ref().is_some_and(|rows| rows.chosen().is_some()) {
                    self.row = Some(Columns::default());
                }
            }
            Place::Facets => {
                let rows = self.rows.as_ref()?;
                let (facet, mut filter) = (rows.chosen_facet()?, rows.filter.clone());
                filter.toggle(facet.word, &facet.value);
                return Some(self.filter(filter));
            }
            Place::Row => self.over = Some(Over::Whole(0)),
        }
        None
    }

    fn undecided(&mut self, command: Command) -> Option<Request> {
        if let Some(rows) = &self.rows {
            return Some(Request::Undecided { from: rows.list.at, back: command == Command::Previous });
        }
        if !self.tables.undecided(command) {
            self.said = Some("no more table with undecided rows there".to_owned());
        }
        None
    }

    /// Lists are as high as the screen has room for, and columns as many as the row shows.
    fn settle(&mut self) {
        let room = |around: u16| u64::from(self.size.1.saturating_sub(around));
        self.tables.list.see(room(AROUND_TABLES));
        let (beside, below) = (room(AROUND_ROWS), room(AROUND_ROW));
        self.with_rows(|rows| {
            rows.list.see(beside);
            // Two more of the lines are heads.
            rows.facet.see(beside.saturating_sub(2));
        });
        let shown = self.rows.as_ref().and_then(Rows::chosen);
        if let (Some(columns), Some(view)) = (&mut self.row, shown) {
            let count = view.seen.row.columns.iter().filter(|column| columns.alike || column.differs).count();
            columns.list.resize(count as u64);
            columns.list.see(below);
        }
    }
}

/// Where a text that lies over the screen begins after a key; any that does not go anywhere takes it away.
fn scrolled(from: u64, key: Key) -> Option<u64> {
    match key {
        Key::Down | Key::Char('j') => Some(from + 1),
        Key::Up | Key::Char('k') => Some(from.saturating_sub(1)),
        Key::PageDown | Key::Char(' ') => Some(from + 10),
        Key::PageUp => Some(from.saturating_sub(10)),
        Key::Home => Some(0),
        _ => None,
    }
}
