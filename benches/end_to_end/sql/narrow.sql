-- A narrow table of any size, for the cost of a row as their number grows; stamped within half a year. :rows
create table narrow (
    id bigint primary key,
    kind int not null,
    value float8,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
insert into narrow
select i, i % 50, i * 0.5, t, t
from (select i, timestamptz '2026-01-01 00:00+00' + i * (interval '180 days' / :rows) as t
      from generate_series(1::bigint, :rows) i) made;
