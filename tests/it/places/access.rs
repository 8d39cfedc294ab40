//! Who may see rows, and who may write them: whatever is missing is named, table by table, and the other tables still work.

use failback::engine::{self, MergeOptions, State};
use failback::error::ErrorKind;
use failback::name::Side;
use failback::pg::Endpoint;

use super::{Story, own_rows};
use crate::support::{self, block_on};

const PASSWORD: &str = "0pen-s3same";

const TABLES: &str = "
    create table a (id int primary key, v text, secret text); create table b (id int primary key, v text);
    insert into a values (1, 'one', 's'), (2, 'two', 's'); insert into b values (1, 'one'), (2, 'two')";

const WORK: &str = "update a set v = 'changed' where id = 1; insert into a values (3, 'new', 's');
    update b set v = 'changed' where id = 1; insert into b values (3, 'new'); delete from b where id = 2";

impl Story {
    /// Makes a role on both sides and goes on as that role. `{role}` and `{database}` in the statements are its name and the
    /// database's.
    fn becomes(&mut self, attributes: &str, on_old: &str, on_new: &str) {
        let database = &self.recovery.pair.database;
        let role = format!("{database}_role");
        for (side, statements) in [(Side::Old, on_old), (Side::New, on_new)] {
            let url = self.recovery.pair.url(side);
            let own = format!("create role {role} login password '{PASSWORD}' {attributes}");
            support::sql(url, &own);
            support::sql(url, &statements.replace("{role}", &role).replace("{database}", database));
            let (_, server) = url.split_once('@').expect("a user");
            let login = format!("postgresql://{role}:{PASSWORD}@{server}");
            let endpoint = Endpoint::resolve(side, Some(&login), &|_| None).expect("an endpoint");
            let servers = self.recovery.context.servers().clone().with_endpoint(side, endpoint);
            self.recovery.context = self.recovery.context.clone().with_servers(servers);
        }
    }
}

const OWNER: &str =
    "alter table a owner to {role}; alter table b owner to {role}; grant create on database {database} to {role}";

#[test]
fn a_column_that_may_not_be_read_leaves_out_its_table_alone() {
    let mut story = Story::both("columns", TABLES, WORK);
    story.becomes("", OWNER, "grant select (id, v) on a to {role}; grant select on b to {role}");
    let (reason, blocker) = story.left_out("public.a");
    assert!(
        blocker && reason.contains("on NEW: this user lacks SELECT on table public.a (hidden columns: secret)"),
        "{reason}"
    );
    assert!(reason.contains("grant select on table \"public\".\"a\" to"), "{reason}");
    let planned = story.plan();
    assert_eq!(planned.tables.len(), 1, "{planned:#?}");
    story.merge_check_undo(State::Verified, |pair| {
        assert_eq!(own_rows(&pair.old)[1..], own_rows(&pair.new)[1..], "b came home");
        assert_ne!(own_rows(&pair.old)[0], own_rows(&pair.new)[0], "a stayed");
    });
}

#[test]
fn a_schema_that_may_not_be_used_leaves_out_its_tables_alone() {
    let closed = "create schema closed; create table closed.t (id int primary key); insert into closed.t values (1);
                  create table closed.lonely (id int)";
    let mut story = Story::both("usage", &format!("{TABLES}; {closed}"), WORK);
    support::sql(&story.recovery.pair.old, "drop table closed.lonely");
    story.becomes(
        "",
        &format!("{OWNER}; grant usage on schema closed to {{role}}; grant select on closed.t to {{role}}"),
        "grant select on all tables in schema public, closed to {role}",
    );
    let (reason, _) = story.left_out("closed.t");
    assert!(reason.contains("on NEW: this user lacks USAGE on schema closed: grant usage on schema"), "{reason}");
    assert!(story.left_out("closed.lonely").0.contains("USAGE on schema closed"));
    story.plan();
    story.merge_check_undo(State::Verified, |_| ());
}

#[test]
fn what_may_not_be_written_is_told_by_the_plan_and_refused_by_the_merge() {
    let mut story = Story::both("write", TABLES, WORK);
    let rights = "grant select on a, b to {role}; grant update (id), insert (id, v) on a to {role};
                  grant insert, delete, update on b to {role};
                  grant create on database {database} to {role}";
    story.becomes("", rights, "grant select on all tables in schema public to {role}");
    let planned = story.plan();
    let told = |what: &str| planned.notes.iter().any(|note| note.contains(what));
    let lacking = [
        "INSERT on column secret of table public.a",
        "UPDATE on column v of table public.a",
        "UPDATE on column secret of table public.a",
    ];
    for what in lacking {
        assert!(told(what), "{what}: {:#?}", planned.notes);
    }
    assert!(!told("public.b") && !told("INSERT on column v"), "{:#?}", planned.notes);
    let before = own_rows(&story.recovery.pair.old);
    let options = MergeOptions { fire_triggers: true, ..MergeOptions::default() };
    let refused = block_on(engine::merge(&story.recovery.context, options)).expect_err("privileges are missing");
    assert_eq!(refused.kind(), ErrorKind::Permission);
    let said = format!("{refused:?}");
    assert!(lacking.iter().all(|what| said.contains(what)), "{said}");
    assert_eq!(own_rows(&story.recovery.pair.old), before);
    // The rows of that table are held, and the other one comes home.
    story.recovery.decide(&format!(
        "{}[tables.\"public.a\"]\nambiguous_missing_on_old = \"hold\"\nambiguous_differs = \"hold\"\n",
        super::NEW_WINS
    ));
    let planned = block_on(engine::plan(&story.recovery.context)).expect("a plan");
    // Nor may this user keep triggers quiet: it has to let them fire.
    assert_eq!((planned.held, planned.notes.len()), (2, 1), "{planned:#?}");
    assert!(planned.notes[0].contains("lacks a way to keep the triggers of public.a quiet"), "{planned:#?}");
    let options = MergeOptions { leave_held: true, ..options };
    block_on(engine::merge(&story.recovery.context, options)).expect("a merge");
    assert_eq!(own_rows(&story.recovery.pair.old)[1], own_rows(&story.recovery.pair.new)[1]);
}

#[test]
fn the_database_types_and_sequences_are_looked_at_too() {
    let both = "create type mood as enum ('ok', 'sad'); create table t (id serial primary key, m mood); \
                insert into t (m) values ('ok')";
    let mut story = Story::both("others", both, "insert into t (m) values ('sad')");
    let rights = "alter table t owner to {role}; revoke temporary on database {database} from public;
                  revoke usage on type mood from public;
                  alter sequence t_id_seq owned by none; alter sequence t_id_seq owner to postgres_or_so";
    let superuser = support::value(&story.recovery.pair.old, "select current_user").expect("a user");
    story.becomes("", &rights.replace("postgres_or_so", &superuser), "grant select on t to {role}");
    let found = story.discover();
    assert!(
        found.notes.iter().any(|note| note.contains("t_id_seq: NEW's user lacks SELECT on sequence")),
        "{:#?}",
        found.notes
    );
    let planned = story.plan();
    for what in
        ["TEMPORARY on database", "CREATE on database", "USAGE on type public.mood", "SELECT on sequence public.t_id_seq"]
    {
        assert!(planned.notes.iter().any(|note| note.contains(what)), "{what}: {:#?}", planned.notes);
    }
    let refused =
        block_on(engine::merge(&story.recovery.context, MergeOptions::default())).expect_err("privileges are missing");
    assert_eq!(refused.kind(), ErrorKind::Permission, "{refused}");
    // Every statement that was offered is run; then it comes home.
    for note in &planned.notes {
        let grant = &note[note.find(": grant ").expect("a statement") + 2..];
        support::sql(&story.recovery.pair.old, grant);
    }
    story.merge_check_undo(State::Verified, |pair| assert_eq!(own_rows(&pair.old), own_rows(&pair.new)));
}

/// A table that shows this user only some rows is refused; whoever sees all of them carries it.
#[test]
fn row_security_is_refused_where_it_hides_and_carried_where_it_does_not() {
    let shield = "alter table a enable row level security; create policy few on a using (id < 2)";
    let both = format!("{TABLES}; {shield}");
    let reader = "grant select on all tables in schema public to {role}";
    let mut story = Story::both("rls_reader", &both, WORK);
    story.becomes(
        "",
        "alter table b owner to {role}; grant create on database {database} to {role}; grant select on a to {role}",
        reader,
    );
    let (reason, blocker) = story.left_out("public.a");
    assert!(blocker && reason.contains("on OLD: row-level security") && reason.contains("BYPASSRLS"), "{reason}");
    let planned = story.plan();
    assert_eq!(planned.tables.len(), 1, "{planned:#?}");
    story.merge_check_undo(State::Verified, |_| ());

    let mut story = Story::both("rls_owner", &both, WORK);
    story.becomes("", OWNER, OWNER);
    story.comes_home();

    let mut story = Story::both("rls_forced", &format!("{both}; alter table a force row level security"), WORK);
    story.becomes("", OWNER, OWNER);
    assert!(story.left_out("public.a").0.contains("row-level security"));

    let mut story = Story::both("rls_bypass", &format!("{both}; alter table a force row level security"), WORK);
    story.becomes("bypassrls", OWNER, reader);
    story.comes_home();
}
