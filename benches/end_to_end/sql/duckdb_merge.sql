-- DuckDB's way that works for jsonb and arrays: the change set staged in DuckDB, then delete and insert in one transaction.
create table stage as
from postgres_query('new',
    'select * from orders where created_at > ''2026-11-01 00:00:00+00'' or updated_at > ''2026-11-01 00:00:00+00''');
begin;
delete from old.public.orders where id in (select id from stage);
insert into old.public.orders from stage;
commit;
