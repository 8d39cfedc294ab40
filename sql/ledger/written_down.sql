-- Which keys of a table a transaction wrote down: those of the rows that it left there, and of those that it took away.
-- Parameters: $1 int8 the transaction, $2 text the table, as schema.name.
-- Columns: key text or NULL (by which columns, in words), keys bytea (16 bytes a digest).
-- Server: 13.
select b.key,
       b.keys
  from "failback".brought as b
 where b.transaction_id = $1
   and b.relation = $2
 order by b.id
