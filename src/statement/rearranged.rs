//! Tables whose rows, name or place in a tree are others than they were.

use super::young;
use crate::delta::YoungXids;

/// Lists the tables and partitions that were there at a horizon and are not as they were: schema, name, whether all of the
/// rows may have been written anew since (`rewritten`), and whether it may have borne another name or not been part of its
/// tree (`moved`).
///
/// The rows of the catalog bear transaction ids as all rows do. A rewrite gives a table another file and writes that into its
/// row of `pg_class`, which VACUUM and ANALYZE leave as it is; a table in the file that it was created with was never
/// rewritten. A change of name or schema writes the row of its type too, which a GRANT does not. A table's own columns, as
/// `ctid`, are written when it is created, and never again.
#[must_use]
pub fn rearranged_tables(xids: &YoungXids) -> String {
    let young = |alias: &str| young(&format!("{alias}.xmin"), *xids);
    format!(
        "select * from (
           select n.nspname::text, c.relname::text,
                  c.relfilenode not in (0, c.oid) and {} as rewritten,
                  exists (select from pg_catalog.pg_type y where y.oid = c.reltype and {})
                  or exists (select from pg_catalog.pg_partition_ancestors(c.oid) p (relid)
                               join pg_catalog.pg_inherits i on i.inhrelid = p.relid
                              where {}) as moved
             from pg_catalog.pg_class c
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p')
              and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
              and not exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum = -1 and {})
         ) t
         where rewritten or moved",
        young("c"),
        young("y"),
        young("i"),
        young("a")
    )
}
