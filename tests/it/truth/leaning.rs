//! Tables whose own expressions call functions that find each other by the database's search path alone.

use failback::engine::State;

use super::*;
use crate::recovery::fingerprint;

const FUNCTIONS: &str = "
    create function longest() returns int language sql immutable as 'select 9';
    create function fits(text) returns boolean language sql immutable as 'select length($1) < longest()';
    create function short(text) returns text language sql immutable as 'select left($1, longest())';
    create function ended(text) returns text language plpgsql immutable as 'begin return left($1, longest()); end';";

/// Every way in which a table may call them.
const TABLES: [&str; 5] = [
    "create table t (id int primary key, body text check (fits(body)), created_at timestamptz, updated_at timestamptz)
         partition by range (id);
     create table t_low partition of t for values from (0) to (2);
     create table t_high partition of t for values from (2) to (99)",
    "create table t (id int primary key, body text, created_at timestamptz, updated_at timestamptz);
     create index on t (short(body)); create unique index on t (ended(body))",
    "create table t (id int primary key, body text, created_at timestamptz, updated_at timestamptz);
     create unique index on t (short(body)) where fits(body)",
    "create table t (id int primary key, body text, created_at timestamptz, updated_at timestamptz,
         s text generated always as (short(body)) stored, e text generated always as (ended(body)) stored)",
    "create table parent (id int primary key, body text); create index on parent (short(body));
     insert into parent values (1, 'p');
     create table t (id int primary key, body text, created_at timestamptz, updated_at timestamptz,
         p int default 1 references parent); create statistics s on (short(body)), id from t",
];

#[test]
fn they_are_found_from_the_export_to_the_undo() {
    for (number, table) in TABLES.into_iter().enumerate() {
        let both = format!(
            "{FUNCTIONS} {table};
             insert into t (id, body, created_at, updated_at) select n, 'o' || n, '2001-01-01', '2001-01-01'
                 from generate_series(1, 4) n"
        );
        let work = "update t set body = 'changed', updated_at = now() where id = 1; delete from t where id = 3;
                    insert into t (id, body, created_at, updated_at) values (5, 'new', now(), now())";
        let case = recovery(pair(&format!("leaning_{number}"), &both, work, ""), "");
        case.decide("[defaults]\ndelete = \"apply_new\"\nambiguous_missing_on_new = \"apply_new\"\n");
        assert_eq!(planned(&case).held, 0, "{table}");
        let before = fingerprint(&case.pair.old);
        block_on(engine::merge(&case.context, MergeOptions::default())).expect(table);
        assert_eq!(fingerprint(&case.pair.old), fingerprint(&case.pair.new), "{table}");
        let verified = block_on(engine::verify(&case.context)).expect(table);
        assert_eq!(verified.state_of_rows(), State::Verified, "{table}: {verified:#?}");
        block_on(engine::undo(&case.context, MergeOptions::default())).expect(table);
        assert_eq!(fingerprint(&case.pair.old), before, "{table}");
    }
}
