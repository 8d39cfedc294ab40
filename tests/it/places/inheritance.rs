//! Inheritance in the old way: parents with rows of their own, children with more columns, keys that are unique in each alone.

use failback::engine::State;
use failback::policy::Action;

use super::{Story, texts};
use crate::support;

/// A tree in which one number stands once in each table.
const TREE: &str = "
    create table places (id int primary key, name text not null, size int default 7);
    create table cities (mayor text, primary key (id)) inherits (places);
    create table capitals (state char(2) unique, primary key (id)) inherits (cities);
    insert into places select i, 'place ' || i from generate_series(1, 6) i;
    insert into cities select i, 'city ' || i, i, 'mayor ' || i from generate_series(1, 6) i;
    insert into capitals select i, 'capital ' || i, i, null, 'S' || i from generate_series(1, 6) i";

#[test]
fn every_table_of_a_tree_is_a_table_of_its_own() {
    let story = Story::both(
        "tree",
        TREE,
        "update only places set name = 'changed place' where id = 1;
         update only cities set name = 'changed city' where id = 2;
         update only capitals set name = 'changed capital', state = 'X3' where id = 3;
         delete from only places where id = 4; delete from only cities where id = 5; delete from only capitals where id = 6;
         insert into places values (10, 'new place'); insert into cities values (10, 'new city', 1, 'm');
         insert into capitals values (10, 'new capital', 1, 'm', 'NW')",
    );
    let found = story.discover();
    assert_eq!(found.databases[0].tables.len(), 3, "{:#?}", found.databases[0].left_out);
    assert!(found.notes.iter().any(|note| note.contains("places: on OLD has inheritance children")), "{:#?}", found.notes);
    story.comes_home();
}

#[test]
fn rows_are_found_by_their_stamps_in_each_table_alone() {
    let stamped = "
        create table notes (id int primary key, body text, created_at timestamptz not null, updated_at timestamptz not null);
        create table mails (sender text, primary key (id)) inherits (notes);
        insert into notes select i, 'note', '2020-01-01', '2020-01-01' from generate_series(1, 5) i;
        insert into mails select i, 'mail', '2020-01-01', '2020-01-01', 's' from generate_series(1, 5) i";
    let story = Story::both(
        "stamped",
        stamped,
        "update only notes set body = 'changed', updated_at = now() where id = 1;
         update only mails set body = 'changed too', updated_at = now() where id = 1;
         insert into notes values (9, 'new', now(), now()); insert into mails values (9, 'new mail', now(), now(), 's')",
    );
    let planned = story.plan();
    assert_eq!((planned.actions.get(Action::Update), planned.actions.get(Action::Insert)), (2, 2), "{planned:#?}");
    story.merge_check_undo(State::Verified, |pair| assert_eq!(super::own_rows(&pair.old), super::own_rows(&pair.new)));
}

#[test]
fn a_table_with_two_parents_and_a_row_that_moves_down_the_tree() {
    let story = Story::both(
        "two_parents",
        "create table named (name text); create table numbered (id int not null);
         create table things (extra jsonb, primary key (id)) inherits (named, numbered);
         insert into named values ('a'), ('a'), (null); insert into numbered values (1), (1), (2);
         insert into things values ('t', 1, '{}'), ('t', 2, '{}')",
        "insert into named values ('b'), ('a'); delete from only numbered where id = 2;
         insert into things values ('u', 3, '[1]');
         update things set name = 'v' where id = 1",
    );
    story.comes_home();
}

#[test]
fn foreign_keys_of_a_tree_see_the_parent_alone() {
    // The key of the parent is what children refer to; a city's number is no place's number.
    let story = Story::both(
        "tree_keys",
        &format!(
            "{TREE};
             create table visits (id int primary key, place int not null references places, day date);
             create table paid_visits (price numeric(8,2), primary key (id)) inherits (visits);
             insert into visits select i, i, '2026-01-01' from generate_series(1, 3) i;
             insert into paid_visits select i, 99, '2026-01-01', 1.50 from generate_series(1, 3) i"
        ),
        "insert into places values (20, 'visited'); insert into visits values (20, 20, '2026-02-02');
         insert into cities values (77, 'only a city'); insert into paid_visits values (20, 12345, '2026-02-02', 2);
         delete from only visits where id = 3; delete from only places where id = 3",
    );
    story.comes_home();
}

#[test]
fn a_parent_that_new_deletes_is_held_while_old_has_children_of_it() {
    let story = Story::of(
        "tree_held",
        &format!(
            "{TREE}; create table visits (id int primary key, place int references places); insert into visits values (1, 5)"
        ),
        &format!(
            "{TREE}; create table visits (id int primary key, place int references places); \
             delete from only places where id = 5"
        ),
    );
    // The row on OLD stays, so its parent must; the city of the same number is nobody's parent.
    story.recovery.decide(
        "[defaults]\nambiguous_missing_on_new = \"apply_new\"\n[tables.\"public.visits\"]\n\
                           ambiguous_missing_on_new = \"keep_old\"\n",
    );
    let planned = story.plan();
    assert_eq!((planned.held, planned.actions.get(Action::Delete)), (1, 0), "{planned:#?}");
    story.merge_check_undo(State::VerifiedWithHeld, |pair| {
        assert_eq!(texts(&pair.old, "select count(*) from only places"), ["6"]);
    });
}

#[test]
fn the_sequence_of_a_parent_covers_its_children() {
    let tree =
        "create table parent (id serial primary key, note text); create table child (primary key (id)) inherits (parent);
                insert into parent (note) values ('p'); insert into child (note) values ('c')";
    let story = Story::both("tree_sequence", tree, "insert into child (note) select 'c' from generate_series(1, 40)");
    let planned = story.plan();
    assert_eq!(planned.held, 0, "{planned:#?}");
    story.merge_check_undo(State::Verified, |pair| {
        assert_eq!(support::value(&pair.old, "select nextval('parent_id_seq')").as_deref(), Some("43"));
    });
}
