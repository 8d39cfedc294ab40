-- The file of every table and partition that holds rows. A rewrite gives a table another one: TRUNCATE, VACUUM FULL, CLUSTER
-- and most changes of a column's type.
-- Parameters: none.
-- Columns: schema text, name text, filenode oid.
-- Server: 13.
-- Filters: the system's schemas. A file's number says nothing of the table's content; it is only held against an earlier one.
select n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name,
       pg_catalog.pg_relation_filenode(c.oid) as filenode
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relkind = 'r'
   and pg_catalog.pg_relation_filenode(c.oid) is not null
   and n.nspname !~ '^(information_schema|pg_catalog|pg_toast|pg_(toast_)?temp_[0-9]+)$'
 order by n.nspname collate "C", c.relname collate "C"
