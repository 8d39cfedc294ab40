-- The hash of a row that has a value of every sort that is hashed: two servers that agree on it hash rows alike.
-- Parameters: none.
-- Columns: hash int8.
-- Server: 14.
select pg_catalog.hash_record_extended(
         row(true, 7::pg_catalog.int2, 70000::pg_catalog.int4, pg_catalog.int8send(7000000000), 7::pg_catalog.oid,
             '00112233-4455-6677-8899-aabbccddeeff'::pg_catalog.uuid, '\x00ff'::pg_catalog.bytea,
             '2026-11-22'::pg_catalog.date, pg_catalog.time_send('23:59:59.999999'),
             pg_catalog.timestamp_send('2026-11-22 08:00'), pg_catalog.timestamptz_send('2026-11-22 08:00+02'),
             'Grüße, 世界'::pg_catalog.text collate "C", ''::pg_catalog.text collate "C", null::pg_catalog.text,
             pg_catalog.float8send('-0'), pg_catalog.numeric_send(1.10), pg_catalog.array_send(array[1, null, 3]),
             pg_catalog.numeric_send(pg_catalog.trim_scale(1.10)), pg_catalog.numeric_send('NaN'),
             pg_catalog.float8send('-0'::pg_catalog.float4 + '0'::pg_catalog.float8), pg_catalog.float8send('NaN')),
         0) as hash
