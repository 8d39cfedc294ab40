-- Binary COPY into a staging table and one INSERT ... ON CONFLICT, in one transaction. Run in the folder of orders.bin.
begin;
create temporary table stage (like orders) on commit drop;
\copy stage from 'orders.bin' (format binary)
\ir upsert_orders.sql
commit;
