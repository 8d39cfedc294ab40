//! What servers of newer versions brought.

use failback::catalog;
use failback::name::Side;
use failback::schema::TypeKind;
use tokio_postgres::Client;

use super::{index, table};
use crate::support::{self, Majors, block_on};

#[test]
fn what_newer_servers_brought_is_understood() {
    for majors in [Majors::installed(), Majors { old: 14, new: 16 }, Majors { old: 13, new: 18 }] {
        let pair = support::pair_on("newer", majors);
        for side in Side::BOTH {
            block_on(async { what_is_new_is_understood(&support::connect(pair.url(side)).await, majors.of(side)).await });
        }
    }
}

/// Creates what a server of this version knows, and reads it.
async fn what_is_new_is_understood(client: &Client, version: u32) {
    client.batch_execute("create schema s; create table s.parent (id int primary key)").await.expect("create");
    if version >= 15 {
        let sql = "create table s.t15 (a int, constraint one unique nulls not distinct (a), constraint two unique (a))";
        client.batch_execute(sql).await.expect("create");
        let catalog = catalog::read(client).await.expect("read");
        let t = table(&catalog, "s", "t15");
        assert!(index(t, "one").nulls_not_distinct && !index(t, "two").nulls_not_distinct);
    }
    if version >= 14 {
        client.batch_execute("create table s.t14 (a int4multirange)").await.expect("create");
        let catalog = catalog::read(client).await.expect("read");
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
        let catalog = catalog::read(client).await.expect("read");
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
