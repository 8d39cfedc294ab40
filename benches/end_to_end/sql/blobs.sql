-- The blobs at the cutover: 8 kB each, that no compression makes smaller. :blobs
create table blobs (
    id bigint primary key,
    name text not null,
    content bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
insert into blobs
select i, 'blob-' || i,
    (select string_agg(sha512(convert_to(i || ':' || part, 'UTF8')), '') from generate_series(1, 128) part), t, t
from (select i, timestamptz '2026-01-01 00:00+00' + i * interval '60 s' as t from generate_series(1::bigint, :blobs) i) made;
