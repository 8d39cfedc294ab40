//! Every screen as it looks. `FAILBACK_BLESS=1 cargo test --lib review` writes them anew; look at them before they are kept.

use std::path::Path;

use super::super::event::Event;
use super::super::key::Key;
use super::super::state::State;
use super::made::{press, review, row, screen, supply};
use crate::cli::environment::Environment;
use crate::cli::paint::is_unsafe;
use crate::delta::Evidence;
use crate::policy::{Origin, Resolution};
use crate::store::{LocalStore, Store as _};

/// Holds a screen against the one that is kept.
fn expect(name: &str, state: &State) {
    let shown = screen(state);
    assert!(!shown.chars().any(|character| character != '\n' && is_unsafe(character)), "{shown}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/review/tests/screens");
    let (screens, file) = (LocalStore::open(&folder).unwrap(), format!("{name}.txt"));
    if Environment::of_process().get("FAILBACK_BLESS").is_some() {
        screens.write(&file, shown.as_bytes()).unwrap();
    }
    let kept = String::from_utf8(screens.read(&file).unwrap()).unwrap();
    assert!(kept == shown, "{name} is another now:\n{shown}\nit was:\n{kept}");
}

fn sized(columns: u16, lines: u16) -> State {
    let mut state = review();
    state.on(Event::Size(columns, lines));
    state
}

#[test]
fn tables() {
    let mut state = sized(80, 24);
    expect("tables", &state);
    press(&mut state, &[Key::Char('/'), Key::Char('x')]);
    expect("tables_find", &state);
    press(&mut state, &[Key::Enter]);
    expect("tables_none", &state);
    state.read_only = Some("read-only: process 4711 is at work on this run, since 2026-01-14T10:31:00Z".to_owned());
    state.on(Event::Size(120, 30));
    press(&mut state, &[Key::Char('/'), Key::Backspace, Key::Enter, Key::Down]);
    expect("tables_wide", &state);
}

#[test]
fn rows() {
    let mut state = sized(80, 24);
    press(&mut state, &[Key::Enter, Key::Down]);
    expect("rows", &state);
    press(&mut state, &[Key::Tab, Key::Down, Key::Down, Key::Enter]);
    expect("rows_facet", &state);
    press(&mut state, &[Key::Char('/')]);
    expect("rows_filter", &state);
    press(&mut state, &[Key::Char('x'), Key::Enter]);
    expect("rows_filter_wrong", &state);
    press(&mut state, &[Key::Esc, Key::Tab, Key::End]);
    state.on(Event::Size(140, 20));
    supply(&mut state);
    expect("rows_wide", &state);
}

/// Whatever a person decides about is before his eyes.
#[test]
fn the_row_that_is_chosen_is_always_drawn() {
    for lines in 16..60 {
        let mut state = sized(100, lines);
        press(&mut state, &[Key::Enter]);
        supply(&mut state);
        for _ in 0..80 {
            assert!(screen(&state).contains('▸'), "{lines} lines:\n{}", screen(&state));
            press(&mut state, &[Key::Down]);
            supply(&mut state);
        }
        press(&mut state, &[Key::End]);
        supply(&mut state);
        assert!(screen(&state).contains('▸'), "{lines} lines:\n{}", screen(&state));
    }
}

#[test]
fn one_row() {
    let mut state = sized(80, 24);
    press(&mut state, &[Key::Enter, Key::Enter]);
    expect("row", &state);
    press(&mut state, &[Key::Char('a'), Key::End]);
    expect("row_all", &state);
    press(&mut state, &[Key::Enter]);
    expect("row_whole", &state);
    press(&mut state, &[Key::Down, Key::Down, Key::Down]);
    expect("row_whole_scrolled", &state);
    press(&mut state, &[Key::Esc, Key::Up, Key::Enter]);
    expect("row_masked", &state);
}

#[test]
fn a_rule() {
    let mut state = sized(80, 24);
    press(&mut state, &[Key::Enter, Key::Char('/')]);
    press(&mut state, &"class=conflict".chars().map(Key::Char).collect::<Vec<_>>());
    expect("rule_count", &state);
    press(&mut state, &[Key::Enter, Key::Char('w'), Key::Char('x'), Key::Enter, Key::Char('r')]);
    expect("rule_name", &state);
    press(&mut state, &[Key::Char('f'), Key::Enter]);
    expect("rule_choice", &state);
    press(&mut state, &[Key::Char('3')]);
    expect("rule_question", &state);
    press(&mut state, &[Key::Enter]);
    expect("rule_dropped", &state);
}

#[test]
fn a_row_that_stays_held_says_what_it_lacks() {
    let mut state = sized(120, 24);
    press(&mut state, &[Key::Enter]);
    let mut view = row(0, Resolution::ApplyNew, Origin::Table);
    view.lacks = Some(Evidence::Xid);
    state.on(Event::Window(0, vec![view]));
    expect("rows_lacking", &state);
}

#[test]
fn keys() {
    let mut state = sized(80, 24);
    press(&mut state, &[Key::Char('?')]);
    expect("keys_tables", &state);
    press(&mut state, &[Key::Esc, Key::Enter, Key::Char('?')]);
    expect("keys_rows", &state);
    press(&mut state, &[Key::Esc, Key::Enter, Key::Char('?')]);
    expect("keys_row", &state);
}

#[test]
fn no_size_is_too_small_to_be_drawn() {
    for (columns, lines) in [(1, 1), (2, 3), (59, 15), (60, 16), (300, 100)] {
        let mut state = sized(columns, lines);
        for keys in [&[][..], &[Key::Enter], &[Key::Enter], &[Key::Enter], &[Key::Esc, Key::Char('?')]] {
            press(&mut state, keys);
            let shown = screen(&state);
            assert_eq!(shown.lines().count(), usize::from(lines), "{columns}x{lines}");
        }
    }
}
