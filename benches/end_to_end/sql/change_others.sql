-- What NEW's other tables went through: as orders, but for events, whose updates leave no stamp. :customers :events :blobs
insert into customers
select i, 'Customer ' || i, md5(i::text) || '@example.net', '2026-11-01 00:30+00', '2026-11-01 00:30+00'
from generate_series(:customers + 1::bigint, :customers + :customers / 20) i;
update customers set email = 'moved-' || email, updated_at = '2026-11-01 02:00+00' where id <= :customers and id % 20 = 3;
-- Nobody's orders are theirs; without this, the server looks through all orders for each of them.
set session_replication_role = replica;
delete from customers where id > :customers / 100 * 99 and id <= :customers and id % 10 = 0;
reset session_replication_role;

insert into events
select i, i % 50, i, timestamptz '2026-11-01 00:00+00' + (i - :events) * interval '20 ms'
from generate_series(:events + 1::bigint, :events + :events / 20) i;
update events set value = -value where id <= :events and id % 200 = 3;
delete from events where id <= :events and id % 1000 = 500;

insert into blobs
select i, 'blob-' || i,
    (select string_agg(sha512(convert_to(i || ':' || part, 'UTF8')), '') from generate_series(1, 128) part), t, t
from (select i, timestamptz '2026-11-01 00:40+00' as t from generate_series(:blobs + 1::bigint, :blobs + :blobs / 20) i) made;
update blobs set content = sha512(content) || content, updated_at = '2026-11-01 01:00+00' where id <= :blobs and id % 20 = 3;
delete from blobs where id <= :blobs and id % 1000 = 500;
