-- What NEW's orders went through after the cutover: 5 % inserted, 5 % updated (half all over the table, half in its newest
-- tenth), 0.1 % deleted; in some two hundred transactions. :orders :customers
select format('insert into orders select i, md5(''u'' || i)::uuid, 1 + (i * 7919) %% (%s * 99 / 100), ''new'',
        ((i * 7919) %% 10000000) / 100.0, ((i * 104729) %% 100000) / 100.0, ''Order note '' || md5(''n'' || i),
        md5(''r'' || i), false,
        jsonb_build_object(''channel'', ''web'', ''coupon'', md5(''c'' || i), ''weight'', (i %% 5000) / 10.0, ''gift'', false,
            ''lines'', i %% 9, ''source'', ''campaign-'' || i %% 1000),
        t, t, null, array[1, i %% 100]::int[]
    from (select i, timestamptz ''2026-11-01 00:10+00'' + (i - %s) * interval ''100 ms'' as t
          from generate_series(%s::bigint, %s::bigint) i) made',
    :customers, :orders, :orders + part * (:orders / 2000) + 1, :orders + (part + 1) * (:orders / 2000))
from generate_series(0, 99) part
\gexec
select format('update orders set amount = amount + 1, status = ''paid'', updated_at = ''2026-11-01 03:00+00''
    where id > %s and id <= %s and (id %% 40 = 7 or (id > %s and id %% 4 = 1))',
    part * (:orders / 100), (part + 1) * (:orders / 100), :orders / 10 * 9)
from generate_series(0, 99) part
\gexec
select format('delete from orders where id %% 1000 = 500 and id > %s and id <= %s',
    part * (:orders / 10), (part + 1) * (:orders / 10))
from generate_series(0, 9) part
\gexec
select setval(pg_get_serial_sequence('orders', 'id'), (select max(id) from orders));
