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
    /// What all spellings of one value have in common.
    pub common: Common,
}

/// What all spellings have in common of a value that OLD calls one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Common {
    /// There is one spelling, or nothing is known that others share.
    Spelling,
    /// A number without the zeros at its end. The hash of `numeric` leaves out the sign.
    Number,
    /// The hash of OLD's own type.
    Hash,
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
        common: match own {
            Some(own) if own.data_type.builtin && own.data_type.base == "numeric" => Common::Number,
            Some(own) if own.is_known_by_hash() => Common::Hash,
            _ => Common::Spelling,
        },
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
