-- What NEW's orders go through behind a mark: of so many rows one is updated and one inserted, all over the table and without
-- regard to stamps, and of fifty times as many one is deleted. :orders :each
update orders set status = 'marked', amount = amount + 1 where id % :each = 3;
insert into orders
select id + :orders, order_uuid, customer_id, status, amount, tax, note, reference, paid, attrs, created_at, updated_at,
    shipped_on, tags
from orders where id % :each = 7;
delete from orders where id <= :orders and id % (50 * :each) = 500;
