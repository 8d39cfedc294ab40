//! What a server's log has of a row that was changed or deleted, table by table.

use super::young;
use crate::delta::YoungXids;

/// Lists the tables and partitions that hold rows: schema, name, whether the log has all of a row that was changed or deleted
/// (`whole`), the columns that it has of one (`columns`; NULL where it has none, or all), and whether that may have been
/// otherwise since a horizon (`altered`).
///
/// What identifies a row stands in the table's row of `pg_class`, and in that of the index. Both bear transaction ids as all
/// rows do; a GRANT writes the first too.
#[must_use]
pub fn replica_identities(xids: &YoungXids) -> String {
    let young = |alias: &str| young(&format!("{alias}.xmin"), *xids);
    format!(
        "select n.nspname::text, c.relname::text, c.relreplident = 'f' as whole,
                (select pg_catalog.array_agg(a.attname::text)
                   from pg_catalog.pg_attribute a
                  where a.attrelid = i.indrelid and a.attnum = any (i.indkey::pg_catalog.int2[])) as columns,
                ({} or coalesce({}, false)) as altered
           from pg_catalog.pg_class c
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           left join pg_catalog.pg_index i
             on i.indrelid = c.oid
            and (c.relreplident = 'd' and i.indisprimary or c.relreplident = 'i' and i.indisreplident)
          where c.relkind = 'r'
            and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'",
        young("c"),
        young("i")
    )
}
