//! NEW newer than OLD, and older: whole recoveries on real servers of other major versions, and what failback does otherwise on
//! the oldest of them. Equal versions are what every other test has.

use failback::catalog;
use failback::delta::Class;
use failback::demo;
use failback::engine::{self, MergeOptions};
use failback::name::{Side, Sided};
use failback::schema::{Table, UniqueIndex};
use jiff::{SignedDuration, Timestamp};

use super::recovery::{Recovery, comes_home_and_goes_back, outcomes};
use super::refusals::access::owner_merges_with_triggers_disabled;
use super::support::{self, Majors, block_on};

/// Schemas that trip up tools which read catalogs carelessly.
const AWKWARD: &str = include_str!("../../fixtures/schemas/awkward.sql");

/// Recovers the whole estate from NEW to OLD: what is found, what is written, and what OLD is in the end, byte for byte, are
/// the same as between equal versions.
fn estate(majors: Majors) {
    for database in demo::databases() {
        let pair = support::pair_on(&format!("{database}_{}_to_{}", majors.new, majors.old), majors);
        for side in Side::BOTH {
            let version = support::value(pair.url(side), "select current_setting('server_version_num')::int / 10000");
            assert_eq!(version, Some(majors.of(side).to_string()));
        }
        assert_eq!(comes_home_and_goes_back(pair, database), outcomes()[database], "{database}");
    }
}

#[test]
fn the_estate_comes_home_from_17_to_13() {
    estate(Majors { new: 17, old: 13 });
}

#[test]
fn the_estate_comes_home_from_18_to_15() {
    estate(Majors { new: 18, old: 15 });
}

#[test]
fn the_estate_comes_home_from_16_to_14() {
    estate(Majors { new: 16, old: 14 });
}

#[test]
fn the_estate_comes_home_from_13_to_18() {
    estate(Majors { new: 13, old: 18 });
}

/// The tables of the awkward schemas, without what an estimate says.
fn awkward(side: Side, major: u32) -> Vec<Table> {
    let majors = if side == Side::Old { Majors { old: major, new: 17 } } else { Majors { old: 13, new: major } };
    let pair = support::pair_on(&format!("awkward_{major}"), majors);
    let read = async {
        let client = support::connect(pair.url(side)).await;
        client.batch_execute(AWKWARD).await.expect("the awkward schemas");
        catalog::read(&client).await.expect("a catalog").tables
    };
    let mut tables = block_on(read);
    for table in &mut tables {
        (table.row_estimate, table.size_bytes) = (None, 0);
        for leaf in &mut table.leaves {
            (leaf.oid, leaf.size_bytes, leaf.blocks) = (0, 0, 0);
        }
    }
    tables
}

#[test]
fn every_version_says_the_same_of_the_same_schemas() {
    let newest = awkward(Side::Old, 18);
    assert!(newest.iter().any(|table| table.unique_indexes.len() > 3), "the schemas have unique indexes");
    for (side, major) in [(Side::Old, 13), (Side::Old, 14), (Side::Old, 15), (Side::New, 16), (Side::New, 17)] {
        let tables = awkward(side, major);
        assert_eq!(tables.len(), newest.len(), "{major}");
        for (found, expected) in tables.iter().zip(&newest) {
            assert_eq!(found, expected, "{major}: {}", found.name);
        }
    }
}

/// 13 and 14 do not know NULLS NOT DISTINCT, and are asked by a statement of their own.
#[test]
fn unique_indexes_are_read_from_servers_without_nulls_not_distinct() {
    let table = "create table t (a int not null, b int, c text, d int, constraint later unique (a) deferrable);
        create unique index plain on t (a, b);
        create unique index partial on t (c) where d > 0;
        create unique index expression on t (lower(c));
        create unique index including on t (a) include (c);
        create index not_unique on t (d)";
    for major in [13, 14] {
        let pair = support::pair_on("unique", Majors { old: major, new: 13 });
        support::sql(&pair.old, table);
        let found = block_on(async { catalog::read(&support::connect(&pair.old).await).await }).expect("a catalog");
        let facts = |index: &UniqueIndex| {
            let columns: Vec<_> = index.columns.iter().map(ToString::to_string).collect();
            let flags =
                [(index.not_null, " not null"), (index.deferrable, " deferrable"), (index.nulls_not_distinct, " nulls")];
            let flags: String = flags.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            let predicate = index.predicate.as_deref().map(|text| format!(" where {text}"));
            format!("{} ({}){}{flags}", index.name, columns.join(" "), predicate.unwrap_or_default())
        };
        let found: Vec<_> = found.tables[0].unique_indexes.iter().map(facts).collect();
        let expected = [
            "expression ()",
            "including (a) not null",
            "later (a) not null deferrable",
            "partial (c) where (d > 0)",
            "plain (a b)",
        ];
        assert_eq!(found, expected, "{major}");
    }
}

/// Before 15, partitions' copies of a trigger pass for internal ones.
#[test]
fn triggers_of_partitions_stay_quiet_and_come_back_on_other_versions() {
    for majors in [Majors { new: 17, old: 13 }, Majors { new: 16, old: 14 }, Majors { new: 13, old: 18 }] {
        owner_merges_with_triggers_disabled(support::pair_on(&format!("owner_on_{}", majors.old), majors));
    }
}

/// A table of which one chunk would be too large: 13 reads it whole, since its scans cannot start at a ctid; from 14 on it is
/// cut.
#[test]
fn a_large_table_is_cut_into_ranges_where_the_server_can_seek_them() {
    let table = "create table facts (id int primary key, body bytea, updated_at timestamptz not null default '2020-01-01Z')
                     with (fillfactor = 10, autovacuum_enabled = false, toast.autovacuum_enabled = false);
                 alter table facts alter body set storage external;
                 insert into facts select n, 'small' from generate_series(1, 3000) n";
    // Most of it is what deleted rows left in TOAST, which is quickly made; there are enough blocks to cut.
    let work = "insert into facts select n, convert_to(repeat('x', 10 << 20), 'UTF8') from generate_series(5001, 5004) n;
                delete from facts where id > 5000;
                update facts set body = 'changed', updated_at = now() where id % 3 = 0";
    for (majors, pieces) in [(Majors { new: 13, old: 18 }, 1), (Majors { new: 17, old: 13 }, 3)] {
        let pair = support::pair_on("pieces", majors);
        let cutover = Timestamp::now() - SignedDuration::from_hours(1);
        support::sql(&pair.old, table);
        support::sql(&pair.new, table);
        support::sql(&pair.new, work);
        let recovery = Recovery::of(pair, cutover, "");
        let counts = recovery.up_to_plan();
        assert_eq!(counts.get(&("public.facts".to_owned(), Class::Update)), Some(&1000), "{majors:?}: {counts:?}");
        let staged = std::fs::read_dir(recovery.folder().join("run").join(&recovery.pair.database).join("stage/t0001"));
        let names =
            staged.expect("the staged files").map(|entry| entry.expect("a file").file_name().into_string().expect("a name"));
        assert_eq!(names.filter(|name| name.starts_with("new-")).count(), pieces, "{majors:?}");
        block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
        let content = "select md5(string_agg(t::text, ',' order by id)) from facts t";
        let Sided { old, new } = Sided::of(|side| support::value(recovery.pair.url(side), content));
        assert_eq!(old, new, "{majors:?}");
    }
}
