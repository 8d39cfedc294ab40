-- The seed's way in, in its best mode: a staging table and ON CONFLICT DO UPDATE for each table, parents first.
begin;
create temporary table stage_customers (like customers) on commit drop;
\copy stage_customers from 'customers.csv' (format csv, header)
insert into customers select * from stage_customers
on conflict (id) do update set (name, email, created_at, updated_at)
    = row(excluded.name, excluded.email, excluded.created_at, excluded.updated_at);
commit;
\ir merge_csv.sql
begin;
create temporary table stage_events (like events) on commit drop;
\copy stage_events from 'events.csv' (format csv, header)
insert into events select * from stage_events
on conflict (id) do update set (kind, value, created_at) = row(excluded.kind, excluded.value, excluded.created_at);
commit;
begin;
create temporary table stage_blobs (like blobs) on commit drop;
\copy stage_blobs from 'blobs.csv' (format csv, header)
insert into blobs select * from stage_blobs
on conflict (id) do update set (name, content, created_at, updated_at)
    = row(excluded.name, excluded.content, excluded.created_at, excluded.updated_at);
commit;
