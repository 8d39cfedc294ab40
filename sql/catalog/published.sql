-- Tables of which a publication publishes updates or deletes although their rows, or those of one of their partitions, have no
-- replica identity: the server refuses such statements.
-- Parameters: none.
-- Columns: schema text and name text (of the root of a partition tree), publication text (one of them), updates bool and
-- deletes bool (whether they are refused).
-- Server: 13.
-- Filters: unlogged tables are not published. A primary key that is DEFERRABLE identifies nothing.
select n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name,
       pg_catalog.min(p.pubname::pg_catalog.text) as publication,
       pg_catalog.bool_or(p.pubupdate) as updates,
       pg_catalog.bool_or(p.pubdelete) as deletes
  from pg_catalog.pg_class as l
  join pg_catalog.pg_class as c on c.oid = coalesce(pg_catalog.pg_partition_root(l.oid), l.oid)
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_publication as p on p.pubupdate or p.pubdelete
 where l.relkind = 'r'
   and l.relpersistence = 'p'
   and l.relreplident <> 'f'
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
   and not exists (select from pg_catalog.pg_index as i
                    where i.indrelid = l.oid
                      and i.indisvalid
                      and case l.relreplident when 'd' then i.indisprimary and i.indimmediate
                                              when 'i' then i.indisreplident
                                              else false end)
   and exists (select from pg_catalog.pg_publication_tables as v
                 join pg_catalog.pg_namespace as vn on vn.nspname = v.schemaname
                 join pg_catalog.pg_class as vc on vc.relnamespace = vn.oid and vc.relname = v.tablename
                where v.pubname = p.pubname
                  and (vc.oid = l.oid
                       or vc.oid in (select a.relid from pg_catalog.pg_partition_ancestors(l.oid) as a)))
 group by 1, 2
 order by 1, 2
