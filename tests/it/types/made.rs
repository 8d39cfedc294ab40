//! Types that a test database makes for itself, with values of theirs.

use super::values::{Case, declared};

/// Types of the tests' own: what users make, and an extension type of which nothing is known but its name.
pub(super) const MADE: &[Case] = &[
    declared("a Label", "made.\"a Label\"", &["''", "'a, \"b\"'", "'NULL'", "E'\\\\'", "'grün'", "repeat('x', 63)"]),
    declared("pair", "made.pair", &["row(1, '')", "row(null, null)", "row(2, E' \"quoted\", \\\\ (x)\\n')"]),
    declared(
        "row_of_a_table",
        "made.row_of_a_table",
        &["row('a', array[1, null])", "row(null, '[0:1][2:2]={{1},{2}}'::int[])"],
    ),
    declared("span", "made.span", &["'empty'", "'(,)'", "'[0.1,Infinity]'", "'[-0,0.30000000000000004)'"]),
    declared("words", "made.words", &["'empty'", "'[\"\",\"a,b\"]'", "'[\"(\",\"\\\\\\\\\")'", "'[a,)'"]),
    declared("span_multirange", "made.span_multirange", &["'{}'", "'{[0.1,1],(2,Infinity]}'"]),
    declared("words_multirange", "made.words_multirange", &["'{}'", "'{[\"\",\"a,b\"],(\"x\\\\\\\\\",)}'"]),
    declared("scores", "made.scores", &["'{}'", "'{1,NULL}'", "'[-1:0]={1,2}'"]),
    declared("short", "made.short", &["'abc'", "''"]),
    declared("of_short", "made.of_short", &["'abc'"]),
    declared("mystery", "made.mystery", &["'one'", "''", "E'\\n\"'"]),
    declared("guarded", "made.guarded", &["'one'", "''", "E'\\n\"\\\\ {}'", "'NULL'"]),
    declared("sealed", "made.sealed", &["'1'", "'-2147483648'"]),
];

/// What [`MADE`] needs, and what the `reg…` values name. `mystery`, `guarded` and `sealed` stand for an extension type that
/// failback has never heard of: one with and two without send and receive functions. Casts between `guarded` and text do not
/// what its output and input functions do.
pub(super) const MAKING: &str = r#"
create schema made;
create schema typed;
create type made."a Label" as enum (
    '', 'a, "b"', 'NULL', E'\\', 'grün', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx');
create type made.pair as (number int, label text);
create table made.row_of_a_table (label text, numbers int[]);
create type made.span as range (subtype = float8, subtype_diff = float8mi);
create type made.words as range (subtype = text, collation = "C");
create domain made.scores as int[];
create domain made.short as varchar(3) default 'x' check (length(value) < 4);
create domain made.of_short as made.short check (value <> 'no');
create table made."Quoted, ""name""" (id int primary key);
create function made."Some fn"(text, numeric) returns int language sql as 'select 1';
create type made.mystery;
create function made.mystery_in(cstring) returns made.mystery language internal immutable strict as 'textin';
create function made.mystery_out(made.mystery) returns cstring language internal immutable strict as 'textout';
create function made.mystery_recv(internal) returns made.mystery language internal immutable strict as 'textrecv';
create function made.mystery_send(made.mystery) returns bytea language internal immutable strict as 'textsend';
create type made.mystery (
    input = made.mystery_in, output = made.mystery_out, receive = made.mystery_recv, send = made.mystery_send);
create type made.sealed;
create function made.sealed_in(cstring) returns made.sealed language internal immutable strict as 'int4in';
create function made.sealed_out(made.sealed) returns cstring language internal immutable strict as 'int4out';
create type made.guarded;
create function made.guarded_in(cstring) returns made.guarded language internal immutable strict as 'textin';
create function made.guarded_out(made.guarded) returns cstring language internal immutable strict as 'textout';
create type made.guarded (input = made.guarded_in, output = made.guarded_out);
create function made.redacted(made.guarded) returns text language sql immutable strict as $$ select 'redacted' $$;
create function made.refused(text) returns made.guarded language plpgsql immutable strict as $$
    begin raise 'not by a cast'; end $$;
create cast (made.guarded as text) with function made.redacted(made.guarded) as implicit;
create cast (text as made.guarded) with function made.refused(text);
create function made.redacted(made.pair) returns text language sql immutable strict as $$ select 'redacted' $$;
create cast (made.pair as text) with function made.redacted(made.pair) as assignment;
create type made.sealed (input = made.sealed_in, output = made.sealed_out, internallength = 4, passedbyvalue, alignment = int4);
"#;
