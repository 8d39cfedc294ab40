-- The events at the cutover: a narrow table without updated_at. :events
create table events (
    id bigint primary key,
    kind int not null,
    value float8,
    created_at timestamptz not null
);
insert into events
select i, i % 50, i * 0.5, timestamptz '2026-01-01 00:00+00' + i * interval '2500 ms'
from generate_series(1::bigint, :events) i;
