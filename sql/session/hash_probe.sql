-- The hash of a row that has a value of every sort that is hashed: two servers that agree on it hash rows alike.
-- Columns: hash int8.
-- Least server version: 14.
select pg_catalog.hash_record_extended(
         row(true, 7::int2, 70000::int4, 7000000000::int8, 7::oid,
             '00112233-4455-6677-8899-aabbccddeeff'::uuid, '\x00ff'::bytea,
             '2026-11-22'::date, '23:59:59.999999'::time, '2026-11-22 08:00'::timestamp, '2026-11-22 08:00+02'::timestamptz,
             'Grüße, 世界'::text collate "C", ''::text collate "C", null::text,
             pg_catalog.float8send('-0'), pg_catalog.numeric_send(1.10), pg_catalog.array_send(array[1, null, 3]),
             1.10, 'NaN'::numeric, 0.5::float4, '-0'::float8, 'NaN'::float8, '{"a": [1.0, null, {"b": "x"}]}'::jsonb),
         0) as hash
