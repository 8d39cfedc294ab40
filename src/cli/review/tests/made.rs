//! A review that is made up, and its screen as text.

use std::sync::Arc;

use ratatui_core::backend::TestBackend;
use ratatui_core::terminal::Terminal;

use super::super::draw::{Look, draw};
use super::super::event::{Event, Facet, Request, RowView};
use super::super::key::Key;
use super::super::question::{Draft, Question};
use super::super::state::State;
use super::super::tables::{TableLine, Tables};
use crate::cli::show::title;
use crate::delta::{Class, Evidence};
use crate::engine::{Cell, Kind, PickedBy, SeenRow, ShownColumn, ShownRow};
use crate::name::Sided;
use crate::policy::{Decided, Origin, Resolution, Signature};
use crate::words::Counts;

/// A table with so many rows of some classes.
fn table(name: &str, counts: &[(Class, u64)], waiting: u64) -> TableLine {
    let counts: Counts<Class> = counts.iter().copied().collect();
    TableLine { database: "shop".to_owned(), name: name.to_owned(), counts, waiting: Some(waiting) }
}

/// A review of three tables.
pub(super) fn review() -> State {
    use Class::{AmbiguousMissingOnOld, Delete, Drift, Insert, InsertExists, Update, UpdateOriginDiffers};
    let tables = vec![
        table("app.sessions", &[(Insert, 91_004), (Update, 30_220)], 0),
        table("billing.invoices", &[(Insert, 12_881), (Update, 4_102), (UpdateOriginDiffers, 35), (InsertExists, 2)], 37),
        table("app.events\u{1b}[2J", &[(Insert, 12_345_678_901), (Delete, 6), (AmbiguousMissingOnOld, 3), (Drift, 9)], 12),
    ];
    State::of(".runs/20260114-1031-7f3a".to_owned(), Tables::of(tables, 371), false)
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn column(name: &str, is_key: bool, base: Cell, old: Cell, new: Cell) -> ShownColumn {
    let (differs, result) = (old != new, Some(old.clone()));
    let masked_by = (old == Cell::Masked).then(|| "[mask] \"billing.*\" = \"email\" (failback.toml:7:1)".to_owned());
    let (name, pg_type) = (name.to_owned(), "text".to_owned());
    ShownColumn { name, pg_type, old_type: None, is_key, differs, masked_by, base, old, new, result }
}

/// The row at a place of the made up table.
pub(super) fn row(place: u64, resolution: Resolution, origin: Origin) -> RowView {
    let id = (918_273 + place).to_string();
    let long = "x".repeat(120);
    let columns = vec![
        column("id", true, text(&id), text(&id), text(&id)),
        column("status", false, text("open"), text("paid"), text("void\u{202e}\u{7}")),
        column("total", false, text("1204.00"), text("1204.00"), text("1180.00")),
        column("note", false, Cell::Null, Cell::Null, text("")),
        column("email", false, Cell::Masked, Cell::Masked, Cell::Masked),
        column("remark", false, text(&long), text(&format!("{long} old")), text(&format!("{long} new 日本"))),
    ];
    let row = ShownRow {
        database: "shop".to_owned(),
        table: "billing.invoices".to_owned(),
        key: vec![("id".to_owned(), text(&id))],
        class: Class::UpdateOriginDiffers,
        evidence: Sided { old: Evidence::Column, new: Evidence::Xid },
        rests_on: Evidence::Column,
        base: "other",
        written_us: Sided { old: Some(1_768_385_460_000_000), new: None },
        action: None,
        why: Some("update_origin_differs: hold (builtin)".to_owned()),
        columns,
        statements: Vec::new(),
        picked_by: PickedBy::default(),
    };
    let changed = Some(["status", "total", "note", "remark"].map(str::to_owned).to_vec());
    let kind = Kind { class: row.class, rests_on: row.rests_on, changed, action: None };
    let (why, by) = (Some("asked".to_owned()), Some("ada".to_owned()));
    let signature =
        if origin == Origin::Builtin { Signature::default() } else { Signature { why, by, ..Signature::default() } };
    RowView {
        seen: Arc::new(SeenRow { position: place, row, kind }),
        decided: Decided::bare(resolution, origin, signature),
        lacks: None,
    }
}

/// What the made up table's rows have in common.
pub(super) fn facets() -> Vec<Facet> {
    let facet = |word: &'static str, value: &str, rows: u64| Facet { word, value: value.to_owned(), rows };
    vec![
        facet("class", "insert", 12_881),
        facet("class", "update", 4_102),
        facet("class", "update_origin_differs", 35),
        facet("class", "insert_exists", 2),
        facet("changed", "status", 21),
        facet("changed", "total", 14),
        facet("evidence", "column", 17_020),
    ]
}

/// Answers what a review asks for, as a run would whose every row is alike but for its key; returns what was asked.
pub(super) fn press(state: &mut State, keys: &[Key]) -> Vec<Request> {
    let mut asked = Vec::new();
    for key in keys {
        let request = state.on(Event::Key(*key));
        match &request {
            Some(Request::Open(table)) => {
                let total = state.tables.lines[*table].counts.sum();
                state.on(Event::Opened(*table, total));
                state.on(Event::Counted(total, facets()));
            }
            Some(Request::Filter(filter)) => {
                let total = if filter.is_empty() { 17_020 } else { 37 };
                state.on(Event::Counted(total, facets()));
            }
            Some(Request::Weigh { filter, name, resolution }) => {
                let classes = vec!["update_origin_differs".to_owned()];
                let draft = Draft { name: name.clone(), filter: filter.clone(), classes, means: 37 };
                let sample = (0..3).map(|place| title(&row(place, Resolution::Hold, Origin::Builtin).seen.row)).collect();
                let question =
                    Question { draft, resolution: *resolution, before: 2, not_evaluated: 0, picks: 1, deletes: 4, sample };
                state.on(Event::Asked(Box::new(question)));
            }
            Some(Request::Count(_)) => drop(state.on(Event::Means(37))),
            _ => {}
        }
        asked.extend(request);
        supply(state);
    }
    asked
}

/// Hands over the rows that are looked at: every third is decided, every fifth nobody had to decide.
pub(super) fn supply(state: &mut State) {
    if let Some(places) = state.wants() {
        let row = |place: u64| match place {
            place if place % 5 == 4 => row(place, Resolution::ApplyNew, Origin::Builtin),
            place if place % 3 == 2 => row(place, Resolution::KeepOld, Origin::Rule),
            _ => row(place, Resolution::Hold, Origin::Builtin),
        };
        state.on(Event::Window(places.start, places.map(row).collect()));
    }
}

/// The screen as text, without blanks at the ends of its lines.
pub(super) fn screen(state: &State) -> String {
    let (columns, lines) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| draw(state, Look { colour: false }, frame.area(), frame.buffer_mut())).unwrap();
    let buffer = terminal.backend().buffer();
    assert!(buffer.content().iter().all(|cell| cell.fg == ratatui_core::style::Color::Reset), "NO_COLOR is meant");
    let line = |line: u16| {
        let mut text = String::new();
        let mut column = 0;
        while column < columns {
            let symbol = buffer[(column, line)].symbol();
            text.push_str(symbol);
            column += u16::try_from(ratatui_core::text::Span::raw(symbol).width().max(1)).unwrap();
        }
        text.trim_end().to_owned() + "\n"
    };
    (0..lines).map(line).collect()
}
