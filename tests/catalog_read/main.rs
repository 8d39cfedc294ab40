//! The catalog, read from a real server with awkward schemas.
//!
//! Needs the server's binaries: `/usr/lib/postgresql/15/bin`, or the folder that `FAILBACK_TEST_PG_BIN` names.

mod access;
mod cluster;

use std::collections::BTreeMap;
use std::path::Path;

use failback::catalog::{self, Catalog};
use failback::name::{Ident, QualifiedName};
use failback::schema::{FkAction, Identity, RelationKind, Sequence, Table, TypeKind, UniqueIndex};
use tokio_postgres::Client;

use crate::cluster::Cluster;

const AWKWARD: &str = include_str!("../../fixtures/schemas/awkward.sql");
const WEIRD: &str = "we\"ird.Schema\ntwo";

async fn version(client: &Client) -> i32 {
    let row = client.query_one("select current_setting('server_version_num')::int4 / 10000", &[]).await.expect("it has one");
    row.get(0)
}

fn table<'a>(catalog: &'a Catalog, schema: &str, name: &str) -> &'a Table {
    let name = QualifiedName::new(schema, name);
    catalog.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("{name} is no table"))
}

fn sequence<'a>(catalog: &'a Catalog, name: &str) -> &'a Sequence {
    let name = QualifiedName::new("app", name);
    catalog.sequences.iter().find(|sequence| sequence.name == name).unwrap_or_else(|| panic!("{name} is no sequence"))
}

fn index<'a>(table: &'a Table, name: &str) -> &'a UniqueIndex {
    table.unique_indexes.iter().find(|index| index.name.as_str() == name).unwrap_or_else(|| panic!("{name} is not listed"))
}

fn idents(names: &[&str]) -> Vec<Ident> {
    names.iter().copied().map(Ident::from).collect()
}

#[tokio::test]
async fn every_relation_is_accounted_for_exactly_once() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let mut found = BTreeMap::new();
    let tables = catalog.tables.iter().map(|table| &table.name);
    let relations = catalog.relations.iter().filter(|entry| entry.kind != RelationKind::LargeObjects).map(|entry| &entry.name);
    for name in tables.chain(relations).chain(catalog.sequences.iter().map(|sequence| &sequence.name)) {
        *found.entry((name.schema.to_string(), name.name.to_string())).or_insert(0) += 1;
    }
    let sql = "select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not pg_is_other_temp_schema(n.oid)
                  and n.oid <> pg_my_temp_schema() and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')";
    let rows = client.query(sql, &[]).await.expect("list");
    let expected: BTreeMap<_, _> = rows.iter().map(|row| ((row.get(0), row.get(1)), 1)).collect();
    assert!(expected.len() > 35, "the schema is not empty");
    assert_eq!(found, expected);
}

#[tokio::test]
async fn relations_are_what_they_are() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let names: Vec<_> = catalog.tables.iter().map(|table| table.name.to_string()).collect();
    let rest = ["information_schema_2.t".to_owned(), "public.pg_temp_1".to_owned(), format!("{WEIRD}.or\"der.s\nx")];
    let expected = [
        "Orders",
        "bookings",
        "child",
        "empty_root",
        "events",
        "keyless",
        "kinds",
        "no_columns",
        "notes",
        "orders",
        "parent",
        "scratch",
        "uniques",
    ];
    assert_eq!(names, expected.iter().map(|name| format!("app.{name}")).chain(rest).collect::<Vec<_>>());
    let kinds: BTreeMap<_, _> = catalog.relations.iter().map(|entry| (entry.name.to_string(), entry.kind)).collect();
    let expected = [
        ("app.derived", RelationKind::MaterializedView),
        ("app.elsewhere", RelationKind::ForeignTable),
        ("app.events_high", RelationKind::Partition),
        ("app.events_low", RelationKind::Partition),
        ("app.events_low_rest", RelationKind::Partition),
        ("app.events_none", RelationKind::Partition),
        ("app.events_unlogged", RelationKind::Partition),
        ("app.of_extension", RelationKind::ExtensionTable),
        ("app.of_extension_leaf", RelationKind::ExtensionTable),
        ("app.of_extension_root", RelationKind::ExtensionTable),
        ("app.shown", RelationKind::View),
        ("failback.latest", RelationKind::Ledger),
        ("failback.unit", RelationKind::Ledger),
        ("failback.unit_id_seq", RelationKind::Ledger),
        ("other.events_low_eu", RelationKind::Partition),
        ("pg_catalog.pg_largeobject", RelationKind::LargeObjects),
    ];
    assert_eq!(kinds, expected.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect());
    let last = catalog.relations.last().expect("there are some");
    assert_eq!((last.kind, last.row_estimate), (RelationKind::LargeObjects, 2));
    let derived = catalog.relations.iter().find(|entry| entry.kind == RelationKind::MaterializedView).expect("listed");
    assert_eq!(derived.row_estimate, 10);
    assert!(derived.size_bytes > 0);
}

#[tokio::test]
async fn columns_say_what_they_hold() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let kinds = table(&catalog, "app", "kinds");
    let got: Vec<_> = kinds
        .columns
        .iter()
        .map(|c| {
            let t = &c.data_type;
            (c.name.as_str(), t.sql.as_str(), t.base.as_str(), t.builtin, t.kind, t.typmod)
        })
        .collect();
    let expected = [
        ("id", "bigint", "int8", true, TypeKind::Base, -1),
        ("nick", "other.citext", "citext", false, TypeKind::Base, -1),
        ("feeling", "other.mood", "mood", false, TypeKind::Enum, -1),
        ("price", "other.positive", "numeric", true, TypeKind::Base, (12 << 16 | 2) + 4),
        ("moods", "other.mood[]", "_mood", false, TypeKind::Array, -1),
        ("tags", "text[]", "_text", true, TypeKind::Array, -1),
        ("pair", "other.pair", "pair", false, TypeKind::Composite, -1),
        ("during", "tstzrange", "tstzrange", true, TypeKind::Range, -1),
        ("vector", "int2vector", "int2vector", true, TypeKind::Base, -1),
        ("code", "character(5)", "bpchar", true, TypeKind::Base, 9),
        ("label", "character varying(20)", "varchar", true, TypeKind::Base, 24),
        ("doubled", "integer", "int4", true, TypeKind::Base, -1),
        ("dup", "integer", "int4", true, TypeKind::Base, -1),
        ("serial_no", "integer", "int4", true, TypeKind::Base, -1),
        ("alt", "integer", "int4", true, TypeKind::Base, -1),
        ("late_add", "integer", "int4", true, TypeKind::Base, -1),
    ];
    assert_eq!(got, expected);
    let named = |wanted: &dyn Fn(&failback::schema::Column) -> bool| -> Vec<&str> {
        kinds.columns.iter().filter(|column| wanted(column)).map(|column| column.name.as_str()).collect()
    };
    assert_eq!(named(&|c| c.not_null), ["id", "feeling", "price", "serial_no", "alt"]);
    assert_eq!(named(&|c| c.generated), ["doubled"]);
    assert_eq!(named(&|c| c.has_default), ["feeling", "price", "label", "serial_no"]);
    assert_eq!(named(&|c| c.identity == Some(Identity::Always)), ["id"]);
    assert_eq!(named(&|c| c.identity == Some(Identity::ByDefault)), ["alt"]);
    assert_eq!(kinds.columns[2].data_type.labels, ["sad", "ok", "happy"]);
    assert!(kinds.columns[4].data_type.labels.is_empty());
    let weird = table(&catalog, WEIRD, "or\"der.s\nx");
    assert_eq!(weird.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["select", "a\"b.c", "Ünï"]);
    assert!(table(&catalog, "app", "no_columns").columns.is_empty());
}

#[tokio::test]
async fn collations_that_call_different_texts_equal_are_flagged() {
    let cluster = Cluster::shared();
    let schema =
        "create schema s; create collation s.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        create domain s.word as text collate s.loose;
        create table s.t (a text collate s.loose primary key, b text, c text collate \"C\", d int, e s.word)";
    let (_, client) = cluster.database(schema).await;
    let catalog = catalog::read(&client).await.expect("read");
    let flags: Vec<_> =
        table(&catalog, "s", "t").columns.iter().map(|c| (c.nondeterministic, c.equal_prints_alike())).collect();
    assert_eq!(flags, [(true, false), (false, true), (false, true), (false, true), (true, false)]);
}

#[tokio::test]
async fn unique_indexes_tell_keys_from_look_alikes() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let uniques = table(&catalog, "app", "uniques");
    let names: Vec<_> = uniques.unique_indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(names, ["uniques_pkey", "u_deferrable", "u_expression", "u_include", "u_nullable", "u_partial"]);
    let primary = &uniques.unique_indexes[0];
    assert!(primary.primary && primary.not_null && !primary.deferrable);
    assert_eq!(primary.columns, idents(&["b", "a"]));
    assert_eq!(index(uniques, "u_include").columns, idents(&["a"]));
    assert_eq!(index(uniques, "u_partial").predicate.as_deref(), Some("(c > 0)"));
    let expression = index(uniques, "u_expression");
    assert!(expression.columns.is_empty() && !expression.not_null);
    assert!(!index(uniques, "u_nullable").not_null);
    let deferrable: Vec<_> = uniques.unique_indexes.iter().filter(|index| index.deferrable).map(|i| i.name.as_str()).collect();
    assert_eq!(deferrable, ["u_deferrable"]);
    let events = table(&catalog, "app", "events");
    assert_eq!(events.unique_indexes.len(), 1);
    let bookings = table(&catalog, "app", "bookings");
    assert!(bookings.unique_indexes.is_empty());
    let exclusion = &bookings.exclusives[0];
    assert!(exclusion.overlap && !exclusion.deferrable);
    let parts: Vec<_> = exclusion.parts.iter().map(|part| (part.expression.as_str(), part.operator.as_str())).collect();
    assert_eq!(parts.iter().map(|part| part.0).collect::<Vec<_>>(), ["room", "during"]);
    assert_eq!(parts[1].1, "operator(pg_catalog.&&)");
    assert_eq!(exclusion.uses, idents(&["during", "room"]));
    let checks: Vec<_> =
        table(&catalog, "app", "kinds").checks.iter().map(|c| (c.name.as_str(), c.expression.as_str(), c.validated)).collect();
    assert_eq!(checks, [("kinds_dup_check", "(dup < 1000)", true), ("later", "(dup > '-1000'::integer)", false)]);
}

#[tokio::test]
async fn an_invalid_index_promises_nothing() {
    let cluster = Cluster::shared();
    let schema = "create table public.t (a int not null); insert into public.t values (1), (1);
        create table public.root (a int not null) partition by list (a); create table public.leaf partition of public.root default;
        create unique index lacking on only public.root (a)";
    let (_, client) = cluster.database(schema).await;
    client.batch_execute("create unique index concurrently broken on public.t (a)").await.expect_err("there are duplicates");
    let catalog = catalog::read(&client).await.expect("read");
    assert!(table(&catalog, "public", "t").unique_indexes.is_empty());
    assert!(table(&catalog, "public", "root").unique_indexes.is_empty(), "a partition lacks the index");
}

#[tokio::test]
async fn foreign_keys_name_roots_and_leave_copies_out() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let notes = table(&catalog, "app", "notes");
    let got: Vec<_> = notes.foreign_keys.iter().map(|key| (key.name.as_str(), key.parent.to_string())).collect();
    let expected = [("notes_reply_to_fkey", "app.notes"), ("to_leaf", "app.events"), ("to_root", "app.events")];
    assert_eq!(got, expected.map(|(name, parent)| (name, parent.to_owned())));
    let [reply, leaf, root] = notes.foreign_keys.as_slice() else { panic!("three keys") };
    assert_eq!((reply.on_delete, &reply.child), (FkAction::Cascade, &reply.parent));
    assert_eq!(leaf.child_columns, idents(&["region", "at"]));
    assert_eq!(leaf.parent_columns, idents(&["region", "at"]));
    assert!(root.deferrable && root.match_full && root.validated && !reply.deferrable && !reply.match_full);
    let events = table(&catalog, "app", "events");
    let got: Vec<_> = events.foreign_keys.iter().map(|key| (key.name.as_str(), key.on_delete, key.validated)).collect();
    assert_eq!(got, [("events_kind_fkey", FkAction::SetNull, true), ("on_leaf", FkAction::NoAction, false)]);
    assert!(events.foreign_keys.iter().all(|key| key.child == events.name));
}

#[tokio::test]
async fn leaves_hold_the_rows() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let events = table(&catalog, "app", "events");
    assert!(events.partitioned);
    let leaves: Vec<_> = events.leaves.iter().map(|leaf| (leaf.name.to_string(), leaf.blocks, leaf.heap)).collect();
    let expected = [
        ("app.events_high", 1, true),
        ("app.events_low_rest", 0, true),
        ("app.events_unlogged", 0, true),
        ("other.events_low_eu", 1, true),
    ];
    assert_eq!(leaves, expected.map(|(name, blocks, heap)| (name.to_owned(), blocks, heap)));
    assert_eq!(events.row_estimate, 50);
    assert_eq!(events.size_bytes, events.leaves.iter().map(|leaf| leaf.size_bytes).sum::<u64>());
    assert!(events.size_bytes >= 2 * 8192);
    assert!(table(&catalog, "app", "empty_root").leaves.is_empty());
    let parent = table(&catalog, "app", "parent");
    assert_eq!(parent.leaves.iter().map(|leaf| &leaf.name).collect::<Vec<_>>(), [&parent.name]);
    assert!(!parent.partitioned && parent.inherited && !parent.inherits);
    let child = table(&catalog, "app", "child");
    assert!(child.inherits && !child.inherited && !child.unlogged);
    assert!(table(&catalog, "app", "scratch").unlogged && events.unlogged, "an unlogged leaf counts for its root");
    let triggers = |table: &Table| -> Vec<_> { table.triggers.iter().map(|t| (t.name.to_string(), t.enabled)).collect() };
    assert_eq!(triggers(table(&catalog, "app", "notes")), [("a_always".to_owned(), 'A'), ("z_plain".to_owned(), 'O')]);
    assert_eq!(triggers(events), [("on_root".to_owned(), 'O')]);
}

#[tokio::test]
async fn sequences_know_their_column_and_how_far_they_came() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let owner = |column: &str| Some((QualifiedName::new("app", "kinds"), Ident::from(column)));
    let identity = sequence(&catalog, "kinds_id_seq");
    assert_eq!((identity.last_value, identity.increment, identity.owner.clone()), (Some(2), 1, owner("id")));
    assert_eq!(sequence(&catalog, "kinds_serial_no_seq").owner, owner("serial_no"));
    let downward = sequence(&catalog, "downward");
    assert_eq!((downward.last_value, downward.increment, downward.owner.clone()), (Some(-4), -3, None));
    assert_eq!(sequence(&catalog, "idle").last_value, None);
    assert_eq!(sequence(&catalog, "set_only").last_value, None);
    assert!(catalog.sequences.iter().all(|sequence| sequence.name.schema.as_str() != "failback"));
}

#[tokio::test]
async fn what_newer_servers_brought_is_understood() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database("create schema s; create table s.parent (id int primary key)").await;
    let version = version(&client).await;
    if version >= 15 {
        let sql = "create table s.t15 (a int, constraint one unique nulls not distinct (a), constraint two unique (a))";
        client.batch_execute(sql).await.expect("create");
        let catalog = catalog::read(&client).await.expect("read");
        let t = table(&catalog, "s", "t15");
        assert!(index(t, "one").nulls_not_distinct && !index(t, "two").nulls_not_distinct);
    }
    if version >= 14 {
        client.batch_execute("create table s.t14 (a int4multirange)").await.expect("create");
        let catalog = catalog::read(&client).await.expect("read");
        assert_eq!(table(&catalog, "s", "t14").columns[0].data_type.kind, TypeKind::Range);
    }
    if version >= 18 {
        let sql = "create extension btree_gist schema s;
            create table s.t18 (a int, b int generated always as (a * 2) virtual, c int, d int4range, e int,
                constraint quiet foreign key (a) references s.parent (id) not enforced,
                constraint quiet_check check (a > 0) not enforced,
                constraint loud foreign key (a) references s.parent (id),
                constraint \"x NOT ENFORCED\" check (c > 0),
                constraint spans unique (c, d without overlaps),
                constraint maybe unique (e));
            alter table s.t18 add constraint later not null e not valid";
        client.batch_execute(sql).await.expect("create");
        let catalog = catalog::read(&client).await.expect("read");
        let t = table(&catalog, "s", "t18");
        assert!(t.columns[1].generated && !t.columns[1].has_default);
        assert_eq!(t.foreign_keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["loud"]);
        assert_eq!(t.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["x NOT ENFORCED"]);
        assert_eq!(t.unique_indexes.iter().map(|index| index.name.as_str()).collect::<Vec<_>>(), ["maybe"]);
        assert!(!index(t, "maybe").not_null, "NULLs may be there under NOT VALID");
        assert!(t.columns[4].not_null, "new NULLs are refused");
        assert_eq!(t.exclusives.iter().filter(|one| one.overlap).map(|one| one.name.as_str()).collect::<Vec<_>>(), ["spans"]);
    }
}

#[tokio::test]
async fn every_statement_prepares_and_has_its_header() {
    let cluster = Cluster::shared();
    let (_, client) = cluster.database("select 1").await;
    let version = version(&client).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/catalog");
    let mut prepared = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        let sql = std::fs::read_to_string(&path).expect("readable");
        for part in ["-- Parameters: ", "Columns: ", "-- Server: "] {
            assert!(sql.contains(part), "{} lacks `{part}`", path.display());
        }
        let least = sql.split("-- Server: ").nth(1).expect("just looked");
        let least: i32 = least.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a version");
        if version >= least {
            client.prepare(&sql).await.unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
            prepared += 1;
        }
    }
    assert!(prepared >= 12);
}
