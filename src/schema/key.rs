//! Unique indexes, and the comparison key chosen among them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::common_type::{CommonType, common_type};
use super::{MappedColumn, PgType, Source, Table};
use crate::name::{Ident, Side, Sided};

/// One unique index, primary keys included. Indexes on expressions are listed with `columns` empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "facts of the catalog, each independent of the others")]
pub struct UniqueIndex {
    /// The index's name.
    pub name: Ident,
    /// Key columns in index order; empty if any of them is an expression.
    pub columns: Vec<Ident>,
    /// Whether it backs the primary key.
    pub primary: bool,
    /// The predicate of a partial index, as the server prints it.
    pub predicate: Option<String>,
    /// Whether the constraint is DEFERRABLE: checked at the end of the statement or transaction, not row by row.
    pub deferrable: bool,
    /// Whether NULLs count as equal (`NULLS NOT DISTINCT`, PostgreSQL 15).
    pub nulls_not_distinct: bool,
    /// Whether every key column is NOT NULL.
    pub not_null: bool,
}

/// One column of a comparison key, and how both servers are asked to order it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    /// The column, by its common name.
    pub name: Ident,
    /// How it is ordered and sent.
    pub order: KeyOrder,
    /// How it is named and compared on OLD.
    pub old: KeySide,
    /// How it is named and compared on NEW.
    pub new: KeySide,
}

/// A key column on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySide {
    /// Where the value comes from.
    pub source: Source,
    /// The type that literals of it are cast to there, ready for SQL.
    pub cast: String,
    /// The operator that compares two values there.
    pub equals: String,
}

impl KeyColumn {
    /// Returns how the column is named and compared on a side.
    #[must_use]
    pub const fn on(&self, side: Side) -> &KeySide {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// A column that both sides have under one name, in a type of `pg_catalog`.
    #[must_use]
    pub fn plain(name: Ident, order: KeyOrder, cast: &str) -> Self {
        let side = KeySide { source: Source::Same, cast: cast.to_owned(), equals: "=".to_owned() };
        Self { name, order, old: side.clone(), new: side }
    }
}

/// An order that two servers, and this program, agree on whatever their collations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOrder {
    /// int2, int4 or int8: sent as `int8`, ordered as a number; the index serves the order.
    Integer,
    /// uuid: ordered by its 16 bytes; the index serves the order.
    Uuid,
    /// Everything else: sent as the server's text, ordered by its bytes (`COLLATE "C"`); the server sorts.
    Text,
}

/// Why a table has no comparison key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeyProblem {
    /// No unique index serves on both sides.
    NoKey,
    /// A configured column does not exist.
    ConfiguredColumnMissing {
        /// The column, by OLD's name.
        column: Ident,
        /// The side that lacks it; OLD if both do.
        side: Side,
    },
    /// A column is of a composite type whose attributes are others, or in another order, on NEW; or of a type that writes
    /// different values alike.
    Attributes {
        /// The column, by OLD's name.
        column: Ident,
    },
    /// A configured column is computed by OLD, so that nothing can be written under its value.
    Computed {
        /// The column, by OLD's name.
        column: Ident,
    },
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str(
                "the table has no primary key, and no other unique index over NOT NULL columns, that both sides share; \
                 name the columns that identify a row in the configuration",
            ),
            Self::ConfiguredColumnMissing { column, side } => {
                write!(f, "the configured key names column {column}, which {side} does not have")
            }
            Self::Attributes { column } => {
                write!(
                    f,
                    "its key names column {column}, whose type has other attributes on NEW, or has them in another order, or \
                     writes other values alike: name another key in failback.toml"
                )
            }
            Self::Computed { column } => {
                write!(f, "the configured key names column {column}, which OLD computes from others")
            }
        }
    }
}

impl std::error::Error for KeyProblem {}

/// Chooses the columns that identify a row on both sides: the configured ones, else OLD's primary key if NEW keeps it unique
/// too, else the smallest unique index that both sides share. `new` speaks OLD's words; `pairs` are the columns of both.
///
/// Configured columns are taken at their word: nothing here proves that they are unique or never NULL. An empty list of them
/// counts as none.
///
/// # Errors
/// A sentence for people; there is no sensible default.
pub fn comparison_key(
    old: &Table,
    new: &Table,
    pairs: &[MappedColumn],
    configured: Option<&[Ident]>,
) -> Result<Vec<KeyColumn>, KeyProblem> {
    let Some(names) = configured.filter(|names| !names.is_empty()).or_else(|| shared_unique_columns(old, new)) else {
        return Err(KeyProblem::NoKey);
    };
    names.iter().map(|name| key_column(old, new, pairs, name)).collect()
}

fn key_column(old: &Table, new: &Table, pairs: &[MappedColumn], name: &Ident) -> Result<KeyColumn, KeyProblem> {
    let missing = |side| KeyProblem::ConfiguredColumnMissing { column: name.clone(), side };
    let tables = Sided { old, new };
    let own_type = |side| tables.get(side).column(name).map(|column| &column.data_type).ok_or_else(|| missing(side));
    let own = Sided::of(own_type).transpose()?;
    let pair = pairs
        .iter()
        .find(|pair| pair.name == *name && pair.is_carried())
        .ok_or_else(|| KeyProblem::Computed { column: name.clone() })?;
    if matches!(common_type(own.old, own.new), CommonType::ByAttribute | CommonType::Apart | CommonType::Unlike) {
        return Err(KeyProblem::Attributes { column: name.clone() });
    }
    let order = if own.into_iter().all(PgType::is_integer) {
        KeyOrder::Integer
    } else if own.into_iter().all(PgType::is_uuid) {
        KeyOrder::Uuid
    } else {
        // Also numeric, citext and whatever else has an equality of its own: two spellings of one value then count as two keys,
        // and the unique index on OLD says no before anything is written. `Column::equal_prints_alike` tells where that can
        // happen.
        KeyOrder::Text
    };
    let side = |source: &Source, own: &PgType| {
        // Without conversions the side's own type is the one that travels, though its schema may be another there.
        let compared = if source.is_plain() { own } else { &pair.data_type };
        let cast = if order == KeyOrder::Integer { "bigint".to_owned() } else { compared.bare_sql.clone() };
        KeySide { source: source.clone(), cast, equals: compared.equals() }
    };
    Ok(KeyColumn { name: name.clone(), order, old: side(&pair.old, own.old), new: side(&pair.new, own.new) })
}

fn shared_unique_columns<'a>(old: &'a Table, new: &Table) -> Option<&'a [Ident]> {
    // A row cannot be written under a value that OLD computes.
    let written = |name: &Ident| old.column(name).is_none_or(|column| !column.generated);
    let usable = |index: &UniqueIndex| index.identifies_rows() && index.columns.iter().all(written);
    let shared = |index: &&UniqueIndex| usable(index) && new.unique_indexes.iter().any(|other| other.same_key(index));
    let primary = old.unique_indexes.iter().filter(|index| index.primary).find(shared);
    // A deferrable index is left out: OLD would learn only at COMMIT that a row collides. A primary key is taken even so, as
    // nothing else says better what a row is; on NEW it does not matter, as committed rows never break it.
    let others = old.unique_indexes.iter().filter(|index| !index.deferrable).filter(shared);
    let chosen = primary.or_else(|| others.min_by_key(|index| (index.columns.len(), &index.name)))?;
    Some(&chosen.columns)
}

impl UniqueIndex {
    /// Whether every row has exactly one value under the index, and no two rows the same.
    fn identifies_rows(&self) -> bool {
        self.not_null && self.predicate.is_none() && !self.columns.is_empty()
    }

    /// Whether the index identifies rows by the same columns as another one, in whatever order.
    fn same_key(&self, other: &Self) -> bool {
        self.identifies_rows()
            && self.columns.len() == other.columns.len()
            && self.columns.iter().all(|column| other.columns.contains(column))
    }
}

impl PgType {
    fn is_integer(&self) -> bool {
        self.builtin && matches!(self.base.as_str(), "int2" | "int4" | "int8")
    }

    fn is_uuid(&self) -> bool {
        self.builtin && self.base == "uuid"
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Column, Renaming, map_columns, sample};
    use super::*;

    fn column(name: &str, base: &str, typmod: i32) -> Column {
        let mut data_type = PgType::builtin(base, typmod);
        if base == "citext" {
            let sql = "public.citext".to_owned();
            data_type = PgType {
                bare_sql: sql.clone(),
                base_sql: sql.clone(),
                sql,
                schema: "public".into(),
                builtin: false,
                ..data_type
            };
        }
        Column { not_null: true, ..sample::column(name, data_type) }
    }

    fn index(name: &str, columns: &[&str]) -> UniqueIndex {
        UniqueIndex {
            name: Ident::new(name),
            columns: columns.iter().copied().map(Ident::from).collect(),
            primary: name.ends_with("pkey"),
            predicate: None,
            deferrable: false,
            nulls_not_distinct: false,
            not_null: true,
        }
    }

    fn table(columns: &[(&str, &str)], unique_indexes: Vec<UniqueIndex>) -> Table {
        let columns = columns.iter().map(|(name, base)| column(name, base, -1)).collect();
        Table { unique_indexes, ..sample::table(columns) }
    }

    fn names(key: Result<Vec<KeyColumn>, KeyProblem>) -> Result<Vec<String>, KeyProblem> {
        key.map(|columns| columns.into_iter().map(|column| column.name.to_string()).collect())
    }

    fn key(old: &Table, new: &Table, configured: Option<&[Ident]>) -> Result<Vec<KeyColumn>, KeyProblem> {
        comparison_key(old, new, &map_columns(old, new, &Renaming::default(), "UTC"), configured)
    }

    const COLUMNS: [(&str, &str); 3] = [("a", "int4"), ("b", "uuid"), ("c", "text")];

    #[test]
    fn the_primary_key_wins_if_new_keeps_it_unique() {
        let old = table(&COLUMNS, vec![index("t_pkey", &["b", "a"]), index("small", &["c"])]);
        let same = table(&COLUMNS, vec![index("other", &["a", "b"]), index("small", &["c"])]);
        assert_eq!(names(key(&old, &same, None)), Ok(vec!["b".into(), "a".into()]));
        let without = table(&COLUMNS, vec![index("t_pkey", &["a"]), index("small", &["c"])]);
        assert_eq!(names(key(&old, &without, None)), Ok(vec!["c".into()]));
    }

    #[test]
    fn the_smallest_shared_index_is_next_and_odd_ones_do_not_count() {
        let odd = vec![
            UniqueIndex { predicate: Some("(a > 0)".into()), ..index("a_partial", &["a"]) },
            UniqueIndex { deferrable: true, ..index("b_deferrable", &["b"]) },
            UniqueIndex { not_null: false, ..index("c_nullable", &["c"]) },
            UniqueIndex { not_null: false, ..index("d_expression", &[]) },
        ];
        let old = table(&COLUMNS, odd.clone());
        assert_eq!(key(&old, &old, None), Err(KeyProblem::NoKey));
        let more = [odd, vec![index("y", &["c"]), index("w", &["a", "b"]), index("x", &["b"])]].concat();
        let old = table(&COLUMNS, more);
        assert_eq!(names(key(&old, &old, None)), Ok(vec!["b".into()]));
    }

    #[test]
    fn configured_columns_must_exist_on_both_sides() {
        let old = table(&COLUMNS, vec![index("t_pkey", &["a"])]);
        let new = table(&COLUMNS[..2], vec![index("t_pkey", &["a"])]);
        let configured = [Ident::new("b"), Ident::new("c")];
        assert_eq!(names(key(&old, &new, Some(&configured[..1]))), Ok(vec!["b".into()]));
        let problem = KeyProblem::ConfiguredColumnMissing { column: Ident::new("c"), side: Side::New };
        assert_eq!(problem.to_string(), "the configured key names column c, which NEW does not have");
        assert_eq!(key(&old, &new, Some(&configured)), Err(problem));
        assert_eq!(names(key(&old, &new, Some(&[]))), Ok(vec!["a".into()]));
    }

    #[test]
    fn the_order_follows_the_types_of_both_sides() {
        let columns = |types: [&'static str; 4]| {
            let named: Vec<_> = ["a", "b", "c", "d"].into_iter().zip(types).collect();
            table(&named, vec![index("t_pkey", &["a", "b", "c", "d"])])
        };
        let old = columns(["int4", "uuid", "int2", "citext"]);
        let new = columns(["int8", "uuid", "text", "citext"]);
        let key = key(&old, &new, None).expect("both have the key");
        let orders: Vec<_> =
            key.iter().map(|column| (column.order, column.old.cast.as_str(), column.old.equals.as_str())).collect();
        let expected = [
            (KeyOrder::Integer, "bigint", "="),
            (KeyOrder::Uuid, "uuid", "="),
            (KeyOrder::Text, "text", "="),
            (KeyOrder::Text, "public.citext", "operator(\"public\".=)"),
        ];
        assert_eq!(orders, expected);
    }

    #[test]
    fn types_with_an_equality_of_their_own_are_told_apart() {
        for (base, typmod, alike) in [
            ("int4", -1, true),
            ("text", -1, true),
            ("uuid", -1, true),
            ("timestamptz", -1, true),
            ("numeric", -1, false),
            ("numeric", 786_438, true),
            ("bpchar", -1, false),
            ("bpchar", 9, true),
            ("float8", -1, false),
            ("interval", -1, false),
            ("citext", -1, false),
        ] {
            assert_eq!(column("k", base, typmod).equal_prints_alike(), alike, "{base} {typmod}");
        }
        assert!(!Column { nondeterministic: true, ..column("k", "text", -1) }.equal_prints_alike());
    }
}
