-- Makes the ledger on OLD, in the transaction of the first merge. Idempotent.
-- Least version: 13. One row records one committed unit: one plan carried out on one database, forward or back.
create schema if not exists failback;
create table if not exists failback.ledger (
    id bigint generated always as identity primary key,
    plan_digest text not null,
    run_id text not null,
    action text not null check (action in ('merge', 'undo')),
    tables json not null,
    tool_version text not null,
    transaction_id bigint not null default (pg_catalog.txid_current()),
    recorded_at timestamp with time zone not null default pg_catalog.clock_timestamp()
);
