//! Hashes of rows that the servers compute, so that two whole tables can be compared without sending them.
//!
//! A type's own hash function may call different values equal that are not the same bytes: `1.0` and `1.00`, `-0.0` and `0.0`,
//! a day and 24 hours, texts under a collation that ignores case. So each value is hashed in a form that leaves nothing out. Two
//! rows that differ hash alike with a probability of 2^-64.

use super::{PgType, TypeKind};

/// Returns the SQL expression that is hashed for a value of a type.
#[must_use]
pub fn hashed(data_type: &PgType, value: &str) -> String {
    let sent = |function: &str| format!("pg_catalog.{function}({value})");
    let text = || format!("{value}::text collate \"C\"");
    if !data_type.builtin {
        return text();
    }
    if data_type.kind == TypeKind::Array {
        // Some elements have no binary form; floats are why it matters, as a text has lost the sign of NaN.
        return if matches!(data_type.base.as_str(), "_float4" | "_float8") { sent("array_send") } else { text() };
    }
    match data_type.base.as_str() {
        // Equal values are the same bytes.
        "bool" | "int2" | "int4" | "int8" | "oid" | "uuid" | "bytea" | "date" | "time" | "timestamp" | "timestamptz" => {
            value.to_owned()
        }
        "text" | "varchar" => format!("{value} collate \"C\""),
        "bpchar" => sent("bpcharsend"),
        "float4" => sent("float4send"),
        "float8" => sent("float8send"),
        "numeric" => sent("numeric_send"),
        "interval" => sent("interval_send"),
        "timetz" => sent("timetz_send"),
        _ => text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_out_of_a_hash() {
        let of = |base: &str| hashed(&PgType::builtin(base, -1), "t.x");
        assert_eq!(of("int8"), "t.x");
        assert_eq!(of("text"), "t.x collate \"C\"");
        assert_eq!(of("numeric"), "pg_catalog.numeric_send(t.x)");
        assert_eq!(of("jsonb"), "t.x::text collate \"C\"");
        let array = |base| PgType { kind: TypeKind::Array, ..PgType::builtin(base, -1) };
        assert_eq!(hashed(&array("_float8"), "t.x"), "pg_catalog.array_send(t.x)");
        assert_eq!(hashed(&array("_aclitem"), "t.x"), "t.x::text collate \"C\"");
        let label = PgType { kind: TypeKind::Enum, builtin: false, ..PgType::builtin("mood", -1) };
        assert_eq!(hashed(&label, "t.x"), "t.x::text collate \"C\"");
    }
}
