-- A twentieth updated, a twentieth inserted, a thousandth deleted. :rows
update narrow set value = -value, updated_at = '2026-11-01 01:00+00' where id % 20 = 3;
insert into narrow
select i, i % 50, i, '2026-11-01 02:00+00', '2026-11-01 02:00+00' from generate_series(:rows + 1::bigint, :rows + :rows / 20) i;
delete from narrow where id % 1000 = 500 and id <= :rows;
