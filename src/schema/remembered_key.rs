//! What a key is to OLD's memory of the rows that merges brought: by which columns rows were remembered, and what makes two
//! spellings one key there.

use super::{ComparisonKey, Conversion, KeyColumn, KeyOrder, Table};

/// What a table's key is to OLD's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedKey {
    /// The key in words, with OLD's types: rows that were remembered under another one cannot be found under this.
    pub name: String,
    /// One for each of the key's columns.
    pub columns: Vec<RememberedColumn>,
}

/// One column of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedColumn {
    /// What makes of a key that travels a value of OLD's own column.
    pub conversions: Vec<Conversion>,
    /// Whether OLD may call values equal that are spelt otherwise, and hashes them alike.
    pub hashed: bool,
}

impl RememberedKey {
    /// Describes the key of a table as OLD has it.
    #[must_use]
    pub fn of(old: &Table, key: &ComparisonKey) -> Self {
        let columns = key.columns().iter().map(|column| remembered(old, column)).collect();
        let name = match key {
            ComparisonKey::Columns { columns } => list(columns.iter().map(|column| in_words(old, column))),
            ComparisonKey::WholeRow { columns } => {
                format!("the whole row of {}", list(columns.iter().map(ToString::to_string)))
            }
        };
        Self { name, columns }
    }
}

fn remembered(old: &Table, key: &KeyColumn) -> RememberedColumn {
    let own = old.column(&key.name);
    RememberedColumn {
        conversions: own.map(|own| key.old.source.back_to(&own.data_type)).unwrap_or_default(),
        hashed: own.is_some_and(super::Column::is_known_by_hash),
    }
}

/// Says a column with its type, as far as another type would spell the same values otherwise.
fn in_words(old: &Table, key: &KeyColumn) -> String {
    let own = old.column(&key.name).map(|column| column.data_type.base.as_str());
    let base = match (key.order, own) {
        (_, Some("int2" | "int4" | "int8")) | (KeyOrder::Integer, _) => "integer",
        (_, Some("varchar")) => "text",
        (_, Some(other)) => other,
        (_, None) => "unknown",
    };
    format!("{} {base}", key.name)
}

fn list(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::PgType;
    use super::super::sample::{column, table};
    use super::*;
    use crate::name::Ident;

    #[test]
    fn a_key_is_another_one_where_its_columns_or_their_types_are() {
        let name = |base: &str, typmod: i32| {
            let old = table(vec![column("k", PgType::builtin(base, typmod))]);
            let columns = vec![KeyColumn::plain(Ident::new("k"), KeyOrder::Text, base)];
            RememberedKey::of(&old, &ComparisonKey::Columns { columns }).name
        };
        assert_eq!(name("varchar", 9), name("text", -1));
        assert_eq!(name("int4", -1), name("int8", -1));
        assert_eq!(name("numeric", 655_366), "k numeric");
        let whole = ComparisonKey::WholeRow { columns: vec![Ident::new("a"), Ident::new("b")] };
        assert_eq!(RememberedKey::of(&table(Vec::new()), &whole).name, "the whole row of a, b");
    }
}
