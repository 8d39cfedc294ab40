//! What a user may see and do, and which databases there are.

use failback::catalog::{self, Catalog};
use failback::name::Ident;
use failback::schema::{Privilege, PrivilegeObject, Reach, Table, WantedPrivilege};

use super::server;

#[tokio::test]
async fn row_security_counts_for_those_it_binds() {
    let schema = "create role rls_owner login; create role rls_reader login; create role rls_free login bypassrls;
        create schema s; grant usage on schema s to public;
        create table s.plain (id int); create table s.shielded (id int); create table s.forced (id int);
        create table s.root (id int) partition by list (id); create table s.leaf partition of s.root default;
        alter table s.shielded enable row level security; alter table s.leaf enable row level security;
        alter table s.forced enable row level security; alter table s.forced force row level security;
        alter table s.shielded owner to rls_owner; alter table s.forced owner to rls_owner;
        alter table s.root owner to rls_owner;
        alter table s.leaf owner to rls_owner; grant select on all tables in schema s to public";
    let (database, client) = server::database(schema).await;
    let secured = |catalog: Catalog| -> Vec<String> {
        catalog.tables.into_iter().filter(|table| table.row_security).map(|table| table.name.name.to_string()).collect()
    };
    for (user, expected) in [
        (server::superuser(), vec![]),
        ("rls_free", vec![]),
        ("rls_owner", vec!["forced"]),
        ("rls_reader", vec!["forced", "root", "shielded"]),
    ] {
        let client = server::connect(user, &database).await;
        client.batch_execute("set row_security = off").await.expect("as every session of ours");
        assert_eq!(secured(catalog::read(&client).await.expect("read")), expected, "{user}");
    }
    drop(client);
}

/// To read tables and their leaves, and to write tables.
fn everything(tables: &[Table]) -> Vec<WantedPrivilege> {
    let write = |table: &Table| {
        let name = table.name.clone();
        [Privilege::Insert, Privilege::Update, Privilege::Delete].map(|privilege| WantedPrivilege {
            table: name.clone(),
            reach: Reach::Whole,
            privilege,
        })
    };
    tables.iter().flat_map(|table| WantedPrivilege::to_read(table).chain(write(table))).collect()
}

#[tokio::test]
async fn missing_privileges_are_named() {
    let schema = "create role priv_none login; create role priv_reader login; create role priv_writer login;
        create schema s; create schema closed; create table closed.t (id int primary key); create sequence s.seq;
        create table s.t (id int primary key); create table s.root (id int) partition by list (id);
        create table s.leaf partition of s.root default;
        revoke all on schema public from public; grant usage on schema s to priv_reader, priv_writer;
        grant select on s.t, s.root, s.seq to priv_reader;
        grant usage on schema closed to priv_writer;
        grant select, insert, update, delete on s.t, s.root, closed.t to priv_writer; grant select on s.leaf to priv_writer;
        grant select, update on s.seq to priv_writer";
    let (database, client) = server::database(schema).await;
    let grants = format!(
        "revoke temporary on database {database} from public; grant create, temporary on database {database} to priv_writer"
    );
    client.batch_execute(&grants).await.expect("grant");
    let catalog = catalog::read(&client).await.expect("read");
    let ledger = Ident::from("failback");
    assert!(
        catalog::privileges(&client, &everything(&catalog.tables), &ledger).await.expect("check").is_empty(),
        "a superuser lacks nothing"
    );

    let writer = server::connect("priv_writer", &database).await;
    assert!(catalog::privileges(&writer, &everything(&catalog.tables), &ledger).await.expect("check").is_empty());
    client.batch_execute("create schema failback").await.expect("create");
    let missing = catalog::privileges(&writer, &[], &ledger).await.expect("check");
    let words: Vec<_> = missing.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["CREATE on schema failback", "USAGE on schema failback"]);
    assert!(missing.iter().all(|missing| !missing.needed_to_read()));
    client.batch_execute("drop schema failback").await.expect("drop");

    let reader = server::connect("priv_reader", &database).await;
    let missing = catalog::privileges(&reader, &everything(&catalog.tables), &ledger).await.expect("check");
    let to_read: Vec<_> = missing.iter().filter(|missing| missing.needed_to_read()).map(ToString::to_string).collect();
    assert_eq!(to_read, ["USAGE on schema closed", "SELECT on table closed.t", "SELECT on table s.leaf"]);
    assert_eq!(missing.len(), 3 + 2 + 3 + 3 + 3 + 1, "besides: the database, and writing three tables and the sequence");

    let nobody = server::connect("priv_none", &database).await;
    let missing = catalog::privileges(&nobody, &everything(&catalog.tables), &ledger).await.expect("check");
    assert!(
        missing.iter().any(|missing| matches!(&missing.object, PrivilegeObject::Sequence(name) if name.name == "seq".into()))
    );
    for missing in &missing {
        client.batch_execute(&missing.grant(&Ident::from("priv_none"))).await.expect("the statement that is offered runs");
    }
    assert!(catalog::privileges(&nobody, &everything(&catalog.tables), &ledger).await.expect("check").is_empty());
}

#[tokio::test]
async fn the_replica_role_is_tried_and_given_back() {
    let (database, client) = server::database("create role replica_none login").await;
    assert!(catalog::replica_role_allowed(&client).await.expect("try"));
    let role: String = client.query_one("show session_replication_role", &[]).await.expect("show").get(0);
    assert_eq!(role, "origin");
    let plain = server::connect("replica_none", &database).await;
    assert!(!catalog::replica_role_allowed(&plain).await.expect("try"));
    plain.batch_execute("create temporary table still_usable (id int)").await.expect("no transaction was left open");
}

#[tokio::test]
async fn databases_say_why_they_cannot_be_read() {
    let (database, client) = server::database("select 1").await;
    client.batch_execute("create database \"Odd \"\"name\"").await.expect("create");
    client.batch_execute("create database shut allow_connections false").await.expect("create");
    client.batch_execute("create database mould is_template true").await.expect("create");
    let found = catalog::databases(&client).await.expect("list");
    let of = |name: &str| found.iter().find(|one| one.name == name).map(|one| (one.is_open, one.is_template));
    for open in [database.as_str(), "Odd \"name", "postgres"] {
        assert_eq!(of(open), Some((true, false)), "{open}");
    }
    assert_eq!((of("shut"), of("mould")), (Some((false, false)), Some((true, true))));
    assert_eq!((of("template0"), of("template1")), (None, None));
    assert!(!catalog::has_relations(&client).await.expect("look"));
    client.batch_execute("create table public.t ()").await.expect("create");
    assert!(catalog::has_relations(&client).await.expect("look"));
}
