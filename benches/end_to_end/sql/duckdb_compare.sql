-- DuckDB's way: hashes of all columns from both servers, joined in full on the key.
with o as (
    select id, hash(order_uuid, customer_id, status, amount, tax, note, reference, paid, attrs, created_at, updated_at,
        shipped_on, tags) as row_hash
    from old.public.orders
), n as (
    select id, hash(order_uuid, customer_id, status, amount, tax, note, reference, paid, attrs, created_at, updated_at,
        shipped_on, tags) as row_hash
    from new.public.orders
)
select count(*) filter (o.id is null) as inserted, count(*) filter (o.row_hash <> n.row_hash) as updated,
    count(*) filter (n.id is null) as deleted
from o full join n on o.id = n.id;
