//! Conditions on the transaction that wrote a row last. A row has the lowest 32 bits of its number (`xmin`).

use crate::delta::{FIRST_NORMAL, YoungXids};

/// Returns a transaction's number as a row's `xmin` has it: its lowest 32 bits.
pub(super) fn xid(transaction: i64) -> String {
    format!("'{}'::pg_catalog.xid", transaction.rem_euclid(1 << 32))
}

/// Returns an expression that is true for a row, under the alias `t`, that another transaction than the given one wrote last.
#[must_use]
fn is_written_by_another(transaction: i64) -> String {
    format!("t.xmin <> {}", xid(transaction))
}

/// As `is_written_by_another`, of all transactions of a merge; true without any.
#[must_use]
pub fn is_written_by_none(transactions: &[i64]) -> String {
    match transactions {
        [] => "true".to_owned(),
        [one] => is_written_by_another(*one),
        several => is_written_by_others(several),
    }
}

/// As `is_written_by_another`, of several transactions.
#[must_use]
pub fn is_written_by_others(transactions: &[i64]) -> String {
    let numbers: Vec<_> = transactions.iter().map(|number| number.rem_euclid(1 << 32).to_string()).collect();
    format!("t.xmin <> all ('{{{}}}'::pg_catalog.xid[])", numbers.join(","))
}

/// Returns an expression that is true for a row, under an alias, whose last transaction began to write later than the given
/// one.
pub(super) fn is_written_after(alias: &str, transaction: i64) -> String {
    format!("pg_catalog.age({alias}.xmin) < pg_catalog.age({})", xid(transaction))
}

/// As [`is_written_after`], of all transactions of a merge, in their order: by none of them, and later than the first. Without
/// any it is true for every row.
pub(super) fn is_written_since(alias: &str, transactions: &[i64]) -> String {
    match transactions {
        [] => "true".to_owned(),
        [one] => is_written_after(alias, *one),
        [first, ..] => format!("{} and not {}", is_written_after(alias, *first), is_written_in(alias, transactions)),
    }
}

/// Returns a condition that is true for a row under an alias that no transaction has written since a horizon, and false where
/// that is not known. A row bears its transaction's lowest 32 bits alone: what has begun since the horizon is a range of these,
/// and one that is older by whole turns of them counts as new if it lies in it.
#[must_use]
pub fn is_older(alias: &str, horizon: Option<i64>) -> String {
    let Some(horizon) = horizon else { return "false".to_owned() };
    let xmin = format!("{alias}.xmin::pg_catalog.text::pg_catalog.int8");
    format!(
        "({xmin} >= {FIRST_NORMAL} and (({xmin} - {horizon}) & 4294967295) >= \
         (select case when n.next < {horizon} then 4294967296 else n.next - {horizon} end from (select \
         pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 as next) n))"
    )
}

/// Returns a condition that is true for a row under an alias that stands in one of these relations. A row keeps its transaction
/// when the relation around it takes another name, or becomes a partition of another table.
#[must_use]
pub fn is_in(alias: &str, relations: &[u32]) -> String {
    if relations.is_empty() {
        return "false".to_owned();
    }
    let numbers: Vec<_> = relations.iter().map(u32::to_string).collect();
    format!("{alias}.tableoid in ({})", numbers.join(", "))
}

/// Returns a condition that is true for a row under an alias whose relation has had its name, and its place among partitions,
/// since before a horizon. Other changes of the relation, as of its rights, make it false too.
#[must_use]
pub fn is_in_place(alias: &str, horizon: Option<i64>) -> String {
    let (relation, place) = (is_older("k", horizon), is_older("i", horizon));
    format!(
        "(exists (select from pg_catalog.pg_class k where k.oid = {alias}.tableoid and {relation}) \
         and not exists (select from pg_catalog.pg_partition_ancestors({alias}.tableoid::pg_catalog.regclass) a \
         join pg_catalog.pg_inherits i on i.inhrelid = a.relid where not {place}))"
    )
}

/// Returns a condition that is true for a row under an alias that one of these transactions wrote last.
#[must_use]
pub fn is_written_in(alias: &str, transactions: &[i64]) -> String {
    if transactions.is_empty() {
        return "false".to_owned();
    }
    let numbers: Vec<_> = transactions.iter().map(|number| (number & 0xffff_ffff).to_string()).collect();
    format!("{alias}.xmin::pg_catalog.text::pg_catalog.int8 in ({})", numbers.join(", "))
}

/// Returns a predicate on a column that holds a transaction id: whether it may be one of these, or stands for no transaction.
/// `xid` is the column, ready for SQL, as `t.xmin`.
///
/// Its bytes are compared as they are sent, the highest first: `xid` itself has no order, and a cast to a number goes by way of
/// text. The function is safe in parallel plans, which `age` is not.
#[must_use]
pub fn young(xid: &str, xids: YoungXids) -> String {
    let bytes = |value: u32| format!("'\\x{value:08x}'::pg_catalog.bytea");
    let sent = format!("pg_catalog.xidsend({xid})");
    let within = if xids.first <= xids.last {
        format!("{sent} between {} and {}", bytes(xids.first), bytes(xids.last))
    } else {
        format!("{sent} >= {} or {sent} <= {}", bytes(xids.first), bytes(xids.last))
    };
    format!("({within} or {sent} < {})", bytes(FIRST_NORMAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_spelled_as_the_bytes_that_are_sent() {
        let near = young("t.xmin", YoungXids { first: 700, last: 0x1_0000 });
        assert_eq!(
            near,
            "(pg_catalog.xidsend(t.xmin) between '\\x000002bc'::pg_catalog.bytea and '\\x00010000'::pg_catalog.bytea or \
             pg_catalog.xidsend(t.xmin) < '\\x00000003'::pg_catalog.bytea)"
        );
        let around = young("t.xmin", YoungXids { first: u32::MAX, last: 9 });
        assert!(around.contains("(t.xmin) >= '\\xffffffff'::pg_catalog.bytea or "), "{around}");
    }
}
