-- How many rows of this database's own tables have been written, and how many of its transactions have ended, as far as they
-- are counted yet: a session tells of them about once a second, and upkeep writes none of these rows.
-- Parameters: none.
-- Columns: rows int8, commits int8.
-- Server: 13.
select (select coalesce(pg_catalog.sum(t.n_tup_ins + t.n_tup_upd + t.n_tup_del), 0)::pg_catalog.int8
          from pg_catalog.pg_stat_user_tables as t) as rows,
       (select coalesce(pg_catalog.sum(d.xact_commit), 0)::pg_catalog.int8
          from pg_catalog.pg_stat_database as d
         where d.datname = pg_catalog.current_database()) as commits
