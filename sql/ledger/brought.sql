-- Which keys of a table merges brought here and undos or later merges took away again, in the order in which they did.
-- Parameters: $1 text the table, as schema.name.
-- Columns: stands bool, keys bytea (16 bytes a key).
-- Server: 13.
select b.stands,
       b.keys
  from "failback".brought as b
 where b.relation = $1
 order by b.id
