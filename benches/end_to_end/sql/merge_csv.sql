-- The same from CSV. Run in the folder of orders.csv.
begin;
create temporary table stage (like orders) on commit drop;
\copy stage from 'orders.csv' (format csv, header)
\ir upsert_orders.sql
commit;
