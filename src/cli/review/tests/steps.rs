//! What keys ask for.

use super::super::event::{Event, Request};
use super::super::key::Key;
use super::super::key_map::Place;
use super::made::{press, review, row};
use crate::policy::{Origin, Resolution};

#[test]
fn from_tables_to_columns_and_back() {
    let mut state = review();
    assert_eq!(state.place(), Place::Tables);
    let asked = press(&mut state, &[Key::Down, Key::Enter]);
    assert_eq!(asked, [Request::Open(1)]);
    assert_eq!(state.place(), Place::Rows);
    press(&mut state, &[Key::PageDown, Key::Char('l')]);
    assert_eq!(state.place(), Place::Row);
    press(&mut state, &[Key::Esc]);
    assert_eq!(state.place(), Place::Rows);
    press(&mut state, &[Key::Tab]);
    assert_eq!(state.place(), Place::Facets);
    press(&mut state, &[Key::Esc, Key::Esc]);
    assert_eq!(state.place(), Place::Tables);
    press(&mut state, &[Key::Esc]);
    assert_eq!(state.place(), Place::Tables);
    assert_eq!(press(&mut state, &[Key::Char('q')]), [Request::Quit]);
}

#[test]
fn what_needs_a_person_stands_first_and_is_gone_to() {
    let mut state = review();
    let waiting: Vec<_> = state.tables.lines.iter().filter_map(|line| line.waiting).collect();
    assert_eq!(waiting, [37, 12, 0]);
    press(&mut state, &[Key::Char('n')]);
    assert_eq!(state.tables.list.at, 1);
    press(&mut state, &[Key::Char('n')]);
    assert_eq!((state.tables.list.at, state.said.is_some()), (1, true), "no more");
    press(&mut state, &[Key::Char('N')]);
    assert_eq!(state.tables.list.at, 0);
    let asked = press(&mut state, &[Key::Enter, Key::Down, Key::Char('n'), Key::Char('N')]);
    let at = |back| Request::Undecided { from: 1, back };
    assert_eq!(asked, [Request::Open(0), at(false), at(true)]);
    state.on(Event::Found(Some(777)));
    assert_eq!(state.rows.as_ref().map(|rows| rows.list.at), Some(777));
    state.on(Event::Found(None));
    assert!(state.said.is_some());
}

#[test]
fn only_the_rows_that_are_seen_are_asked_for() {
    let mut state = review();
    state.on(Event::Key(Key::Down));
    state.on(Event::Opened(1, 10_000_000));
    let asked = state.wants().unwrap();
    assert_eq!((asked.start, asked.end), (0, 17));
    press(&mut state, &[Key::Char('G')]);
    assert_eq!(state.rows.as_ref().map(|rows| rows.list.at), Some(9_999_999));
    assert_eq!(state.wants(), None, "all that is seen is at hand");
    state.on(Event::Key(Key::Up));
    assert_eq!(state.wants(), None);
}

#[test]
fn rows_that_cannot_be_read_are_asked_for_once() {
    let mut state = review();
    state.on(Event::Opened(0, 100));
    let places = state.wants().unwrap();
    state.on(Event::Unreadable(places, "the file was altered".to_owned()));
    assert_eq!((state.wants(), state.said.as_deref()), (None, Some("the file was altered")));
    state.on(Event::Key(Key::End));
    assert!(state.wants().is_some(), "others are");
}

fn pick(position: u64, resolution: Resolution, why: Option<&str>) -> Request {
    Request::Pick { position, resolution, why: why.map(str::to_owned) }
}

#[test]
fn a_row_is_decided_once_however_often_the_key_is_pressed() {
    let mut state = review();
    let asked = press(&mut state, &[Key::Enter, Key::Down, Key::Char('2')]);
    assert_eq!(asked[1..], [pick(1, Resolution::KeepOld, None)]);
    state.on(Event::Decided("written".to_owned()));
    assert_eq!(state.wants().map(|places| places.start), Some(0), "what is decided is read anew");
    let rows = (0..18).map(|place| row(place, Resolution::KeepOld, Origin::Row)).collect();
    state.on(Event::Window(0, rows));
    assert_eq!(press(&mut state, &[Key::Char('2'), Key::Char('2')]), []);
    assert!(state.said.as_deref().is_some_and(|said| said.contains("already")), "{:?}", state.said);
    let asked =
        press(&mut state, &[Key::Char('w'), Key::Char('y'), Key::Enter, Key::Char('3'), Key::Char('u'), Key::Char('U')]);
    assert_eq!(asked, [pick(1, Resolution::ApplyNew, Some("y")), Request::Undo, Request::Redo]);
}

#[test]
fn a_rule_is_written_by_another_key_than_asks_for_it() {
    let open = [Key::Enter, Key::Char('A'), Key::Char('2')];
    for (keys, writes) in [
        (&[Key::Char('y')][..], true),
        (&[Key::Enter], false),
        (&[Key::Char('2')], false),
        (&[Key::Char('A')], false),
        (&[Key::Esc], false),
        (&[Key::Char('n'), Key::Char('y')], false),
    ] {
        let mut state = review();
        let asked = press(&mut state, &open);
        assert!(matches!(asked[..], [Request::Open(0), Request::Weigh { .. }]), "{asked:?}");
        let asked = press(&mut state, keys);
        let written = asked.iter().any(|one| matches!(one, Request::Rule { draft, .. } if draft.means == 37));
        assert_eq!(written, writes, "{keys:?}: {asked:?}");
    }
    let mut state = review();
    assert_eq!(press(&mut state, &[Key::Enter, Key::Char('A'), Key::Enter]), [Request::Open(0)], "no resolution is meant");
}

#[test]
fn a_reader_decides_nothing() {
    let mut state = review();
    state.read_only = Some("read-only".to_owned());
    let keys = ['2', '3', 's', 'x', 'A', 'y', 'r', 'w', 'u', 'U'].map(Key::Char);
    assert_eq!(press(&mut state, &[&[Key::Enter][..], &keys].concat()), [Request::Open(0)]);
    assert!(state.over.is_none());
}

#[test]
fn what_is_held_is_asked_of_a_plan() {
    let mut state = review();
    let typed: Vec<_> = "held".chars().map(Key::Char).collect();
    let asked = press(&mut state, &[&[Key::Enter, Key::Char('/')][..], &typed, &[Key::Enter]].concat());
    assert!(!asked.iter().any(|one| matches!(one, Request::Filter(_))), "{asked:?}");
    assert!(state.said.as_deref().is_some_and(|said| said.contains("failback plan")));
}

#[test]
fn what_is_pasted_is_no_row_of_commands() {
    let mut state = review();
    state.on(Event::Pasted("q\u{1b}".to_owned()));
    assert!(state.over.is_none());
    press(&mut state, &[Key::Enter, Key::Char('/')]);
    state.on(Event::Pasted("class=conflict\n".to_owned()));
    let asked = press(&mut state, &[Key::Enter]);
    assert!(matches!(&asked[..], [Request::Filter(filter)] if filter.text() == "class=conflict"), "{asked:?}");
}
