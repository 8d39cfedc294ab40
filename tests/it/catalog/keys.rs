//! What rows may not share, and what they refer to.

use failback::catalog;
use failback::schema::FkAction;

use super::{AWKWARD, idents, index, server, table};

#[tokio::test]
async fn unique_indexes_tell_keys_from_look_alikes() {
    let (_, client) = server::database(AWKWARD).await;
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
    let schema = "create table public.t (a int not null); insert into public.t values (1), (1);
        create table public.root (a int not null) partition by list (a);
        create table public.leaf partition of public.root default;
        create unique index lacking on only public.root (a)";
    let (_, client) = server::database(schema).await;
    client.batch_execute("create unique index concurrently broken on public.t (a)").await.expect_err("there are duplicates");
    let catalog = catalog::read(&client).await.expect("read");
    assert!(table(&catalog, "public", "t").unique_indexes.is_empty());
    assert!(table(&catalog, "public", "root").unique_indexes.is_empty(), "a partition lacks the index");
}

#[tokio::test]
async fn foreign_keys_name_roots_and_leave_copies_out() {
    let (_, client) = server::database(AWKWARD).await;
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
