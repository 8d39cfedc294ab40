//! Types that write different values alike: the digits of a number and bits, the bytes of a text and a text, an empty object
//! and an empty array. That one text stands on both sides says nothing of the values then.

use super::{PgType, TypeKind};

/// What the text of a type's values means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Bits, the digits of no number.
    Bits,
    /// Bytes in hexadecimal digits.
    Bytes,
    /// One byte, which a cast makes a number of by its code.
    Byte,
    /// A number.
    Number,
    /// A JSON document.
    Document,
    /// Characters as they are.
    Text,
    /// Whatever is none of these, and looks like none.
    Other,
}

impl Meaning {
    /// Reads it off the name of a type of `pg_catalog`, in `pg_type` or in SQL.
    fn of(name: &str) -> Self {
        match name.split('(').next().unwrap_or(name) {
            "bit" | "varbit" | "bit varying" => Self::Bits,
            "bytea" => Self::Bytes,
            "char" | "\"char\"" => Self::Byte,
            "int2" | "int4" | "int8" | "smallint" | "integer" | "bigint" | "numeric" | "float4" | "float8" | "real"
            | "double precision" | "oid" => Self::Number,
            "json" | "jsonb" => Self::Document,
            "text" | "varchar" | "character varying" | "bpchar" | "character" | "name" => Self::Text,
            _ => Self::Other,
        }
    }

    fn of_type(own: &PgType) -> Self {
        match own.kind {
            TypeKind::Base if own.builtin => Self::of(&own.base),
            _ => Self::Other,
        }
    }

    /// Whether one text may stand for another value of the other.
    fn is_unlike(self, other: Self) -> bool {
        match (self, other) {
            (one, other) if one == other => false,
            (Self::Bytes, _)
            | (_, Self::Bytes)
            | (Self::Bits | Self::Byte | Self::Number, Self::Bits | Self::Byte | Self::Number) => true,
            _ => false,
        }
    }
}

/// Whether equal texts of two types may be different values. Of composite types on both sides their attributes are compared
/// elsewhere.
pub(super) fn are_unlike(old: &PgType, new: &PgType) -> bool {
    let meanings = [old, new].map(Meaning::of_type);
    let lists = [old, new].map(|own| own.kind == TypeKind::Array);
    let is_document = |side: usize| meanings[side] == Meaning::Document;
    // By which place an attribute would go, nothing says.
    let composites = [old, new].map(|own| !own.attributes.is_empty());
    let is_other = |side: usize, own: &PgType| own.builtin && meanings[side] != Meaning::Text;
    match (lists, composites) {
        (_, [true, false]) => is_other(1, new),
        (_, [false, true]) => is_other(0, old),
        ([true, true], _) if old.builtin && new.builtin => are_names_unlike(element(old), element(new)),
        ([true, false], _) if is_document(1) => true,
        ([false, true], _) if is_document(0) => true,
        _ => meanings[0].is_unlike(meanings[1]),
    }
}

/// As [`are_unlike`], of types that stand within others, by their names.
pub(super) fn are_names_unlike(old: &str, new: &str) -> bool {
    Meaning::of(old).is_unlike(Meaning::of(new))
}

/// The name of an array's element, which `pg_type` puts a stroke before.
fn element(list: &PgType) -> &str {
    list.base.strip_prefix('_').unwrap_or(&list.base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(base: &str) -> PgType {
        let kind = if base.starts_with('_') { TypeKind::Array } else { TypeKind::Base };
        PgType { kind, ..PgType::builtin(base, -1) }
    }

    #[test]
    fn types_that_write_different_values_alike_are_known() {
        for (one, other) in [
            ("bit", "int4"),
            ("varbit", "int8"),
            ("varbit", "numeric"),
            ("_bit", "_int4"),
            ("bytea", "text"),
            ("bytea", "uuid"),
            ("_bytea", "_text"),
            ("char", "int2"),
            ("jsonb", "_text"),
        ] {
            assert!(are_unlike(&of(one), &of(other)) && are_unlike(&of(other), &of(one)), "{one} and {other}");
        }
        for (one, other) in [
            ("bit", "varbit"),
            ("bit", "text"),
            ("int4", "numeric"),
            ("char", "text"),
            ("char", "bool"),
            ("json", "jsonb"),
            ("_int4", "_int8"),
            ("text", "_text"),
            ("uuid", "int4"),
            ("bytea", "bytea"),
        ] {
            assert!(!are_unlike(&of(one), &of(other)) && !are_unlike(&of(other), &of(one)), "{one} and {other}");
        }
    }
}
