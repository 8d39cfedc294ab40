//! The type in which a column travels when OLD and NEW do not type it alike.
//!
//! Where one of the two types holds every value of the other, both sides' values are read as that wider type and compared in
//! it; otherwise they are compared as text. Either way a value is written only if OLD's own column gives it back unchanged,
//! which the plan tries out: a type that is wider here promises nothing about a single value.

use serde::{Deserialize, Serialize};

use super::attribute::Alike;
use super::unlike::are_unlike;
use super::{PgType, TypeKind};
use crate::name::Side;

/// How a column's values are brought to one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommonType {
    /// Both sides have one type.
    Same,
    /// In the type of one side, which holds every value of the other's.
    As(Side),
    /// As `timestamp with time zone`, which this side has; the other has a wall clock, read in the configured zone.
    Instant(Side),
    /// As each server's text.
    Text,
    /// In NEW's type, which rounds or cuts what OLD's holds.
    Rounded,
    /// As the text of OLD's `jsonb`; what that would leave out of NEW's `json` stays in it.
    Document,
    /// In OLD's composite type: each attribute is NEW's of the same name, which stands elsewhere there.
    ByAttribute,
    /// As each server's text, although composite types do not have the same attributes: equal texts may mean other things, so
    /// that no two are called equal.
    Apart,
    /// Likewise, as the two types write different values alike.
    Unlike,
}

/// Chooses how a column travels.
#[must_use]
pub fn common_type(old: &PgType, new: &PgType) -> CommonType {
    if !old.attributes.is_empty() && !new.attributes.is_empty() {
        match Alike::of(old, new) {
            Alike::Same => {}
            Alike::Retyped => return CommonType::Text,
            Alike::Rearranged { .. } => return CommonType::ByAttribute,
            Alike::Apart => return CommonType::Apart,
        }
    } else if are_unlike(old, new) {
        return CommonType::Unlike;
    }
    if same(old, new) {
        return CommonType::Same;
    }
    if old.kind == TypeKind::Base && new.kind == TypeKind::Base && old.builtin && new.builtin {
        match (old.base.as_str(), new.base.as_str()) {
            ("timestamptz", "timestamp") => return CommonType::Instant(Side::Old),
            ("timestamp", "timestamptz") => return CommonType::Instant(Side::New),
            ("jsonb", "json") => return CommonType::Document,
            _ => {}
        }
    }
    if holds(old, new) {
        CommonType::As(Side::Old)
    } else if holds(new, old) {
        CommonType::As(Side::New)
    } else {
        CommonType::Text
    }
}

/// Whether the two are one type, domains and the schema of an extension's or user's type apart. An enum of NEW with labels
/// that OLD's lacks is another type: OLD could not even read them to compare.
fn same(old: &PgType, new: &PgType) -> bool {
    let known = |label: &String| old.labels.contains(label);
    old.base == new.base
        && old.builtin == new.builtin
        && old.kind == new.kind
        && old.typmod == new.typmod
        && new.labels.iter().all(known)
}

/// Whether `wide` holds every value of `narrow`, so that a cast to it loses nothing.
pub(super) fn holds(wide: &PgType, narrow: &PgType) -> bool {
    if !wide.builtin || wide.kind != TypeKind::Base {
        return false;
    }
    let narrow_is = |names: &[&str]| narrow.builtin && narrow.kind == TypeKind::Base && names.contains(&narrow.base.as_str());
    let any_length = wide.typmod == -1;
    match wide.base.as_str() {
        "text" => true,
        "varchar" => narrow_is(&["varchar"]) && (any_length || (narrow.typmod != -1 && narrow.typmod <= wide.typmod)),
        "int4" => narrow_is(&["int2"]),
        "int8" => narrow_is(&["int2", "int4"]),
        "float8" => narrow_is(&["float4"]),
        "numeric" => match whole_digits(narrow) {
            Some(digits) => {
                any_length || precision_and_scale(wide).is_some_and(|(precision, scale)| precision - scale >= digits)
            }
            None => narrow.base == "numeric" && narrow.builtin && holds_numeric(wide, narrow),
        },
        "timestamp" | "timestamptz" | "time" | "interval" if narrow.base == wide.base => any_length,
        "timestamp" => narrow_is(&["date"]),
        "jsonb" => narrow_is(&["json"]),
        _ => false,
    }
}

/// Whether values of OLD's may have become others in a column of NEW's type: rounded, cut, or spelt as that type spells them.
#[must_use]
pub fn may_lose(new: &PgType, old: &PgType) -> bool {
    match common_type(old, new) {
        // Of types that do not answer to each other, whatever NEW has is held.
        CommonType::Same
        | CommonType::Rounded
        | CommonType::Document
        | CommonType::Apart
        | CommonType::Unlike
        | CommonType::As(Side::New) => false,
        CommonType::ByAttribute => matches!(Alike::of(old, new), Alike::Rearranged { is_retyped: true, .. }),
        CommonType::Instant(_) => new.typmod != -1 && new.typmod != old.typmod,
        CommonType::As(Side::Old) | CommonType::Text => !takes_as_it_is(new, old),
    }
}

/// Whether a type that does not hold every value of another has each that it does hold as it was.
fn takes_as_it_is(new: &PgType, old: &PgType) -> bool {
    let whole = |own: &PgType| own.builtin && matches!(own.base.as_str(), "int2" | "int4" | "int8");
    let is_text = |own: &PgType| own.builtin && matches!(own.base.as_str(), "text" | "varchar" | "bpchar");
    match new.base.as_str() {
        _ if new.kind == TypeKind::Enum => true,
        "citext" => is_text(old),
        "text" | "varchar" | "json" => new.typmod == -1,
        _ => whole(new) && whole(old),
    }
}

fn whole_digits(narrow: &PgType) -> Option<i32> {
    Some(match narrow.base.as_str() {
        "int2" => 5,
        "int4" => 10,
        "int8" => 19,
        _ => return None,
    })
}

fn holds_numeric(wide: &PgType, narrow: &PgType) -> bool {
    match (precision_and_scale(wide), precision_and_scale(narrow)) {
        // Without a modifier a value keeps the scale it came with, so `1.00` stays `1.00`.
        (None, _) => true,
        (Some(_), None) => false,
        (Some((wide, wide_scale)), Some((narrow, scale))) => wide_scale >= scale && wide - wide_scale >= narrow - scale,
    }
}

/// Reads numeric's modifier (`numeric_typmod_precision` and `_scale`, utils/adt/numeric.c of PostgreSQL 15).
pub(super) fn precision_and_scale(data_type: &PgType) -> Option<(i32, i32)> {
    let packed = data_type.typmod.checked_sub(4).filter(|packed| *packed >= 0)?;
    Some(((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builtin(base: &str, typmod: i32) -> PgType {
        PgType::builtin(base, typmod)
    }

    fn numeric(precision: i32, scale: i32) -> PgType {
        builtin("numeric", ((precision << 16) | (scale & 0x7ff)) + 4)
    }

    fn enumeration(name: &str) -> PgType {
        PgType { builtin: false, kind: TypeKind::Enum, schema: "public".into(), ..builtin(name, -1) }
    }

    #[test]
    fn the_wider_type_is_taken() {
        let cases = [
            (builtin("int4", -1), builtin("int8", -1), CommonType::As(Side::New)),
            (builtin("int8", -1), builtin("int2", -1), CommonType::As(Side::Old)),
            (builtin("varchar", 14), builtin("text", -1), CommonType::As(Side::New)),
            (builtin("varchar", 14), builtin("varchar", 24), CommonType::As(Side::New)),
            (builtin("varchar", -1), builtin("varchar", 24), CommonType::As(Side::Old)),
            (builtin("text", -1), enumeration("mood"), CommonType::As(Side::Old)),
            (enumeration("mood"), builtin("text", -1), CommonType::As(Side::New)),
            (builtin("float4", -1), builtin("float8", -1), CommonType::As(Side::New)),
            (numeric(12, 2), numeric(12, 4), CommonType::Text),
            (numeric(12, 2), numeric(14, 4), CommonType::As(Side::New)),
            (numeric(12, 2), builtin("numeric", -1), CommonType::As(Side::New)),
            (builtin("int4", -1), numeric(12, 2), CommonType::As(Side::New)),
            (builtin("int8", -1), numeric(12, 2), CommonType::Text),
            (builtin("date", -1), builtin("timestamp", -1), CommonType::As(Side::New)),
            (builtin("timestamp", 3), builtin("timestamp", -1), CommonType::As(Side::New)),
            (builtin("timestamptz", -1), builtin("timestamp", -1), CommonType::Instant(Side::Old)),
            (builtin("timestamp", -1), builtin("timestamptz", -1), CommonType::Instant(Side::New)),
            (builtin("json", -1), builtin("jsonb", -1), CommonType::As(Side::New)),
            (builtin("jsonb", -1), builtin("json", -1), CommonType::Document),
            (builtin("uuid", -1), builtin("int4", -1), CommonType::Text),
            (enumeration("mood"), enumeration("state"), CommonType::Text),
            (builtin("bit", 3), builtin("int4", -1), CommonType::Unlike),
            (builtin("bytea", -1), builtin("text", -1), CommonType::Unlike),
        ];
        for (old, new, expected) in cases {
            assert_eq!(common_type(&old, &new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn what_a_type_loses_is_known() {
        let lossy = [
            (builtin("numeric", -1), builtin("int8", -1)),
            (builtin("float8", -1), numeric(10, 2)),
            (builtin("interval", -1), builtin("interval", 0)),
            (builtin("timestamptz", -1), builtin("timestamp", 0)),
            (builtin("text", -1), builtin("uuid", -1)),
            (builtin("text", -1), builtin("name", -1)),
        ];
        for (old, new) in lossy {
            assert!(may_lose(&new, &old), "{old:?} {new:?}");
        }
        let whole = [
            (builtin("int8", -1), builtin("int4", -1)),
            (builtin("int4", -1), builtin("int8", -1)),
            (builtin("text", -1), enumeration("mood")),
            (builtin("jsonb", -1), builtin("json", -1)),
            (builtin("timestamp", -1), builtin("timestamptz", -1)),
            (builtin("varchar", 8), builtin("text", -1)),
        ];
        for (old, new) in whole {
            assert!(!may_lose(&new, &old), "{old:?} {new:?}");
        }
    }

    #[test]
    fn domains_and_moved_schemas_are_the_same_type() {
        let domain = PgType { sql: "public.positive".into(), ..builtin("int4", -1) };
        assert_eq!(common_type(&domain, &builtin("int4", -1)), CommonType::Same);
        let moved = PgType { sql: "app.mood".into(), schema: "app".into(), ..enumeration("mood") };
        assert_eq!(common_type(&enumeration("mood"), &moved), CommonType::Same);
        let more = PgType { labels: vec!["sad".into()], ..enumeration("mood") };
        assert_eq!(common_type(&more, &enumeration("mood")), CommonType::Same);
        assert_eq!(common_type(&enumeration("mood"), &more), CommonType::Text);
        let pretender = PgType { builtin: false, ..builtin("int4", -1) };
        assert_eq!(common_type(&pretender, &builtin("int4", -1)), CommonType::Text);
    }
}
