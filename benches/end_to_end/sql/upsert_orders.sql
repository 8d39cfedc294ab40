-- Rows of stage into orders, in one statement, as anybody would by hand.
insert into orders
select * from stage
on conflict (id) do update set (order_uuid, customer_id, status, amount, tax, note, reference, paid, attrs, created_at,
    updated_at, shipped_on, tags)
    = row(excluded.order_uuid, excluded.customer_id, excluded.status, excluded.amount, excluded.tax, excluded.note,
        excluded.reference, excluded.paid, excluded.attrs, excluded.created_at, excluded.updated_at, excluded.shipped_on,
        excluded.tags);
