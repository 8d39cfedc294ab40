//! What columns hold.

use failback::catalog;
use failback::schema::{Identity, TypeKind};

use super::{AWKWARD, WEIRD, server, table};

#[tokio::test]
async fn columns_say_what_they_hold() {
    let (_, client) = server::database(AWKWARD).await;
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
    let schema =
        "create schema s; create collation s.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        create domain s.word as text collate s.loose;
        create table s.t (a text collate s.loose primary key, b text, c text collate \"C\", d int, e s.word)";
    let (_, client) = server::database(schema).await;
    let catalog = catalog::read(&client).await.expect("read");
    let flags: Vec<_> =
        table(&catalog, "s", "t").columns.iter().map(|c| (c.nondeterministic, c.equal_prints_alike())).collect();
    assert_eq!(flags, [(true, false), (false, true), (false, true), (false, true), (true, false)]);
}
