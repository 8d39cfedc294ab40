//! What a type is made of, and whether two composite types are made alike.
//!
//! A composite value is written by the places of its attributes, not by their names. So two types of one name, and even two
//! that hold the same, may give one text two meanings.

use serde::{Deserialize, Serialize};

use super::PgType;
use super::unlike::are_names_unlike;
use crate::name::Ident;

/// One part of a type that has a composite type in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// The attribute of the column's own composite type that it belongs to, itself included; empty in an array or a range.
    pub name: Ident,
    /// The way to it: `.street`, `.geo.lat`, `[].street`.
    pub path: String,
    /// Its type, `record` and `array` for those that have parts of their own.
    pub sql: String,
}

/// How the attributes of two types answer to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alike {
    /// In one order, of one type each. Types without attributes are.
    Same,
    /// In one order; some are of other types.
    Retyped,
    /// Those of the columns' own types in another order: OLD's, by name. Whether some are of other types.
    Rearranged { order: Vec<Ident>, is_retyped: bool },
    /// Not at all: one type has an attribute that the other lacks, the order is another within, or the types of an attribute
    /// write different values alike.
    Apart,
}

impl Alike {
    /// Compares the attributes of OLD's type with those of NEW's.
    pub(super) fn of(old: &PgType, new: &PgType) -> Self {
        if old.attributes == new.attributes {
            return Self::Same;
        }
        let is_unlike = |a: &Attribute, b: &Attribute| a.path == b.path && are_names_unlike(&a.sql, &b.sql);
        if old.attributes.iter().any(|a| new.attributes.iter().any(|b| is_unlike(a, b))) {
            return Self::Apart;
        }
        let pairs_of = |new: &[&Attribute]| {
            let is_alike = new.len() == old.attributes.len() && old.attributes.iter().zip(new).all(|(a, b)| a.path == b.path);
            is_alike.then(|| old.attributes.iter().zip(new).any(|(a, b)| a.sql != b.sql))
        };
        match pairs_of(&new.attributes.iter().collect::<Vec<_>>()) {
            Some(true) => return Self::Retyped,
            Some(false) => return Self::Same,
            None => {}
        }
        let mut order: Vec<Ident> = old.attributes.iter().map(|attribute| attribute.name.clone()).collect();
        order.dedup();
        let of = |name: &Ident| new.attributes.iter().filter(|attribute| attribute.name == *name).collect::<Vec<_>>();
        match pairs_of(&order.iter().flat_map(of).collect::<Vec<_>>()) {
            Some(is_retyped) if new.attributes.len() == old.attributes.len() => Self::Rearranged { order, is_retyped },
            _ => Self::Apart,
        }
    }
}

impl PgType {
    /// The type for people: with what it is made of, where its name does not say it.
    #[must_use]
    pub fn described(&self) -> String {
        if self.attributes.is_empty() {
            return self.sql.clone();
        }
        let part = |attribute: &Attribute| format!("{} {}", attribute.path.trim_start_matches('.'), attribute.sql);
        format!("{}({})", self.sql, self.attributes.iter().map(part).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::TypeKind;
    use super::*;

    fn composite(parts: &[(&str, &str, &str)]) -> PgType {
        let part = |(name, path, sql): &(&str, &str, &str)| Attribute {
            name: Ident::new(*name),
            path: (*path).to_owned(),
            sql: (*sql).to_owned(),
        };
        let attributes = parts.iter().map(part).collect();
        PgType { builtin: false, kind: TypeKind::Composite, attributes, ..PgType::builtin("addr", -1) }
    }

    #[test]
    fn attributes_answer_to_each_other_by_name() {
        const A: (&str, &str, &str) = ("a", ".a", "text");
        const B: (&str, &str, &str) = ("b", ".b", "record");
        const X: (&str, &str, &str) = ("b", ".b.x", "integer");
        const Y: (&str, &str, &str) = ("b", ".b.y", "integer");
        let of = |old: &[_], new: &[_]| Alike::of(&composite(old), &composite(new));
        let order = || ["a", "b"].map(Ident::new).to_vec();
        assert_eq!(of(&[A, B, X], &[A, B, X]), Alike::Same);
        assert_eq!(of(&[A, B, X], &[A, B, ("b", ".b.x", "bigint")]), Alike::Retyped);
        assert_eq!(of(&[A, B, X, Y], &[B, X, Y, A]), Alike::Rearranged { order: order(), is_retyped: false });
        assert_eq!(of(&[A, B, X], &[B, X, ("a", ".a", "name")]), Alike::Rearranged { order: order(), is_retyped: true });
        assert_eq!(of(&[A, B, X, Y], &[A, B, Y, X]), Alike::Apart, "in another order within");
        assert_eq!(of(&[A, B, X], &[A, B, X, Y]), Alike::Apart);
        assert_eq!(of(&[A, B, X, Y], &[A, B, X]), Alike::Apart);
        assert_eq!(of(&[A], &[("b", ".b", "text")]), Alike::Apart, "a rename is not guessed");
        assert_eq!(of(&[A], &[("a", ".a", "bytea")]), Alike::Apart, "one text, two values");
        let list = |parts: &[_]| PgType { kind: TypeKind::Array, ..composite(parts) };
        let (one, other) = (("", "[].a", "text"), ("", "[].b", "text"));
        assert_eq!(Alike::of(&list(&[one, other]), &list(&[other, one])), Alike::Apart);
        assert_eq!(composite(&[A, B, X]).described(), "addr(a text, b record, b.x integer)");
    }
}
