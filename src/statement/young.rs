//! Conditions on the transaction that wrote a row.

use crate::delta::YoungXids;

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
    format!("({within} or {sent} < {})", bytes(3))
}

/// Lists the tables whose definition may have changed behind a horizon, as schema and name: columns that were added, dropped,
/// renamed or retyped; for those with a column of a user's own type also where any such type changed. The rows of the catalog
/// bear transaction ids as all rows do.
#[must_use]
pub fn young_definitions(xids: &YoungXids) -> String {
    let young = |alias: &str| young(&format!("{alias}.xmin"), *xids);
    format!(
        "select n.nspname::text, c.relname::text
           from pg_catalog.pg_class c
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p')
            and not c.relispartition
            and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
            and (exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and {})
                 or exists (select from pg_catalog.pg_attribute a
                              join pg_catalog.pg_type y on y.oid = a.atttypid
                             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                               and y.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace)
                and (exists (select from pg_catalog.pg_enum e where {})
                     or exists (select from pg_catalog.pg_type d
                                 where d.typtype in ('d', 'e', 'r', 'm')
                                   and d.typnamespace not in ('pg_catalog'::pg_catalog.regnamespace,
                                                              'information_schema'::pg_catalog.regnamespace)
                                   and {})
                     or exists (select from pg_catalog.pg_attribute a
                                  join pg_catalog.pg_class k on k.oid = a.attrelid
                                 where k.relkind = 'c' and a.attnum > 0 and {})))",
        young("a"),
        young("e"),
        young("d"),
        young("a")
    )
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
