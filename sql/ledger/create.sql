-- Makes the ledger on OLD, in the transaction of the first merge, unless it exists. One row of it records one committed
-- transaction: one plan's part for this database carried out, or taken back, wholly or but for rows that were written since.
-- Needs the schema of create_schema.sql. Its columns are those by which catalog/ledger.sql knows it.
-- A batch.
-- Parameters: none.
-- Columns: none.
-- Server: 13.
create table if not exists "failback".ledger (
    id bigint generated always as identity primary key,
    plan_digest pg_catalog.text not null,
    run_id pg_catalog.text not null,
    action pg_catalog.text not null check (action in ('merge', 'undo', 'undo_part')),
    tables pg_catalog.json not null,
    tool_version pg_catalog.text not null,
    transaction_id bigint not null default (pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8),
    recorded_at timestamp with time zone not null default pg_catalog.clock_timestamp()
);
