-- The customers at the cutover. :customers
-- Nobody's orders belong to the last hundredth of them, so that some can be deleted.
create table customers (
    id bigint primary key,
    name text not null,
    email text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
insert into customers
select i, 'Customer ' || i, md5(i::text) || '@example.net', t, t
from (select i, timestamptz '2026-01-01 00:00+00' + i * interval '20 s' as t
      from generate_series(1::bigint, :customers) i) made;
