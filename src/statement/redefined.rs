//! Tables whose definition is another than it was.

use super::young;
use crate::delta::YoungXids;

/// Lists the tables whose definition may have changed behind a horizon, as schema and name: columns that were added, dropped,
/// renamed or retyped; for those with a column of a user's own type also where any such type changed. The rows of the catalog
/// bear transaction ids as all rows do. Partitions that were attached are told by [`super::rearranged_tables`].
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
