-- Whether this database has a ledger. No parameters. Columns: boolean. Least version: 13.
select pg_catalog.to_regclass('failback.ledger') is not null
