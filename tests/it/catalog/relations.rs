//! Every relation, leaves and sequences included.

use std::collections::BTreeMap;

use failback::catalog::{self, Catalog};
use failback::name::{Ident, QualifiedName};
use failback::schema::{RelationKind, Sequence, Table};

use super::{AWKWARD, WEIRD, server, table};

fn sequence<'a>(catalog: &'a Catalog, name: &str) -> &'a Sequence {
    let name = QualifiedName::new("app", name);
    catalog.sequences.iter().find(|sequence| sequence.name == name).unwrap_or_else(|| panic!("{name} is no sequence"))
}

#[tokio::test]
async fn every_relation_is_accounted_for_exactly_once() {
    let (_, client) = server::database(AWKWARD).await;
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
    let (_, client) = server::database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let names: Vec<_> = catalog.tables.iter().map(|table| table.name.to_string()).collect();
    let own = "failback.unit".to_owned();
    let rest = [
        own,
        "information_schema_2.t".to_owned(),
        "public.pg_temp_1".to_owned(),
        QualifiedName::new(WEIRD, "or\"der.s\nx").to_string(),
    ];
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
        ("failback.latest", RelationKind::View),
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
async fn leaves_hold_the_rows() {
    let (_, client) = server::database(AWKWARD).await;
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
    assert_eq!(events.row_estimate, Some(50));
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
    let (_, client) = server::database(AWKWARD).await;
    let catalog = catalog::read(&client).await.expect("read");
    let owner = |column: &str| Some((QualifiedName::new("app", "kinds"), Ident::from(column)));
    let identity = sequence(&catalog, "kinds_id_seq");
    assert_eq!((identity.last_value, identity.increment, identity.owner.clone()), (Some(2), 1, owner("id")));
    assert_eq!(sequence(&catalog, "kinds_serial_no_seq").owner, owner("serial_no"));
    let downward = sequence(&catalog, "downward");
    assert_eq!((downward.last_value, downward.increment, downward.owner.clone()), (Some(-4), -3, None));
    assert_eq!(sequence(&catalog, "idle").last_value, None);
    assert_eq!(sequence(&catalog, "set_only").last_value, None);
    let theirs = QualifiedName::new("failback", "unit_id_seq");
    assert!(catalog.sequences.iter().any(|sequence| sequence.name == theirs), "a schema of that name is nothing special");
}
