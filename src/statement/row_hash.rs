//! Hashes of rows that the servers compute, so that two whole tables can be compared without sending them.
//!
//! A type's own hash function may call different values equal that are not the same bytes: `1.0` and `1.00`, `-0.0` and `0.0`,
//! a day and 24 hours, texts under a collation that ignores case. It may also have fewer values than there are: that of `int8`
//! and of all times folds its two halves into 32 bits, `numeric` leaves its sign out, `jsonb` where arrays and objects end, and
//! zero, NaN or infinity may share theirs with NULL. So each value is hashed in a form that leaves nothing out, by the hash of
//! its bytes. Two rows that differ hash alike with a probability of 2^-64. Comparing by values gives up no more than how a
//! number is written.

use crate::codec::{Codec, Lane, RowLayout, StagedColumn};
use crate::name::{Side, Sided};
use crate::schema::{CompareBy, PgType, Table, TypeKind};

use super::select_list::NOTHING;
use super::value::travelling_value;

/// Array types whose elements are sent as they are stored. The element type is sent too: a built-in one is the same everywhere.
const SENT_ARRAYS: [&str; 17] = [
    "_bool",
    "_bytea",
    "_date",
    "_float4",
    "_float8",
    "_int2",
    "_int4",
    "_int8",
    "_interval",
    "_numeric",
    "_text",
    "_time",
    "_timestamp",
    "_timestamptz",
    "_timetz",
    "_uuid",
    "_varchar",
];

/// Returns the expression for the hash of a row `t` on one side, of the values as they travel.
#[must_use]
pub fn row_hash(layout: &RowLayout, tables: Sided<&Table>, side: Side, compare_by: CompareBy) -> String {
    let value = |column: &StagedColumn| {
        let plain = Side::BOTH.into_iter().find(|side| column.source(*side).is_plain());
        let own = plain.and_then(|side| tables.get(side).column(&column.name)).map(|column| &column.data_type);
        let value = travelling_value(column.source(side), "t", &column.name)?;
        Some(match own {
            Some(own) => hashed(own, &value, compare_by),
            // Where neither side's own value travels, it is an instant, or text.
            None if column.lane == Lane::Typed(Codec::TimestampTz) => format!("pg_catalog.timestamptz_send({value})"),
            None => format!("{value} collate \"C\""),
        })
    };
    // What only OLD has is compared with nothing.
    let compared = layout.columns.iter().filter(|column| column.new.is_present());
    let values: Vec<_> = compared.map(|column| value(column).unwrap_or_else(|| NOTHING.to_owned())).collect();
    format!("pg_catalog.hash_record_extended(row({}), 0)", values.join(", "))
}

/// Returns the expression that is hashed for a value of a type.
fn hashed(data_type: &PgType, value: &str, compare_by: CompareBy) -> String {
    let sent = |function: &str| format!("pg_catalog.{function}({value})");
    let text = || format!("{value}::text collate \"C\"");
    let base = data_type.base.as_str();
    if !data_type.builtin {
        return text();
    }
    if data_type.kind == TypeKind::Array {
        // A text takes longer to make, and has lost the sign of NaN. Other elements may have no binary form.
        return if SENT_ARRAYS.contains(&base) { sent("array_send") } else { text() };
    }
    match base {
        // Equal values are the same bytes, all of which are hashed.
        "bool" | "int2" | "int4" | "oid" | "uuid" | "bytea" | "date" => value.to_owned(),
        // The sum has no sign where it is zero.
        "float4" | "float8" if compare_by == CompareBy::Values => {
            format!("pg_catalog.float8send({value} + '0'::pg_catalog.float8)")
        }
        "numeric" if compare_by == CompareBy::Values => format!("pg_catalog.numeric_send(pg_catalog.trim_scale({value}))"),
        "int8" => sent("int8send"),
        "time" => sent("time_send"),
        "timestamp" => sent("timestamp_send"),
        "timestamptz" => sent("timestamptz_send"),
        "text" | "varchar" => format!("{value} collate \"C\""),
        "bpchar" => sent("bpcharsend"),
        "float4" => sent("float4send"),
        "float8" => sent("float8send"),
        "numeric" => sent("numeric_send"),
        "interval" => sent("interval_send"),
        "timetz" => sent("timetz_send"),
        // The text, with nothing made of it that a cast makes: a tenth less of the server's time for the whole row.
        "json" => sent("json_send"),
        "jsonb" => sent("jsonb_send"),
        _ => text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_out_of_a_hash() {
        let of = |base: &str| hashed(&PgType::builtin(base, -1), "t.x", CompareBy::Hashes);
        assert_eq!(of("int4"), "t.x");
        for wide in ["int8", "time", "timestamp", "timestamptz"] {
            assert!(of(wide).contains("send(t.x)"), "{wide}: its own hash has 32 bits");
        }
        assert_eq!(of("text"), "t.x collate \"C\"");
        assert_eq!(of("numeric"), "pg_catalog.numeric_send(t.x)");
        assert_eq!(of("jsonb"), "pg_catalog.jsonb_send(t.x)");
        let array = |base| PgType { kind: TypeKind::Array, ..PgType::builtin(base, -1) };
        assert_eq!(hashed(&array("_float8"), "t.x", CompareBy::Hashes), "pg_catalog.array_send(t.x)");
        assert_eq!(hashed(&array("_aclitem"), "t.x", CompareBy::Hashes), "t.x::text collate \"C\"");
        let label = PgType { kind: TypeKind::Enum, builtin: false, ..PgType::builtin("mood", -1) };
        assert_eq!(hashed(&label, "t.x", CompareBy::Hashes), "t.x::text collate \"C\"");
    }

    #[test]
    fn values_leave_out_how_a_number_is_written_and_nothing_else() {
        let of = |base: &str| hashed(&PgType::builtin(base, -1), "t.x", CompareBy::Values);
        assert_eq!(of("numeric"), "pg_catalog.numeric_send(pg_catalog.trim_scale(t.x))");
        assert_eq!(of("float4"), "pg_catalog.float8send(t.x + '0'::pg_catalog.float8)");
        for base in ["jsonb", "int8", "text", "interval", "bpchar", "timetz", "json", "inet"] {
            assert_eq!(of(base), hashed(&PgType::builtin(base, -1), "t.x", CompareBy::Hashes));
        }
    }
}
