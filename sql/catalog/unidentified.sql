-- The tables and partitions whose updates or deletes a publication sends, and that have nothing to tell their rows apart by for
-- that (no replica identity): the server refuses such statements on them.
-- Parameters: none.
-- Columns: schema text, name text.
-- Server: 13.
with published as materialized (
    select c.oid
      from pg_catalog.pg_publication_tables as t
      join pg_catalog.pg_publication as p on p.pubname = t.pubname
      join pg_catalog.pg_namespace as n on n.nspname = t.schemaname
      join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = t.tablename
     where p.pubupdate or p.pubdelete
)
select n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name
  from (select oid from published
         union
        -- pg_partition_tree knows partitioned tables and partitions alone.
        select p.relid
          from published
         cross join lateral pg_catalog.pg_partition_tree(published.oid) as p) as t
  join pg_catalog.pg_class as c on c.oid = t.oid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relkind = 'r'
   and case c.relreplident
           when 'f' then false
           when 'n' then true
           else not exists (
               select
                 from pg_catalog.pg_index as i
                where i.indrelid = c.oid
                  and i.indislive
                  and case c.relreplident when 'd' then i.indisprimary else i.indisreplident end)
       end
 order by n.nspname collate "C", c.relname collate "C"
