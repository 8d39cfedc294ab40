-- Makes the table of the keys that merges brought to OLD, in the transaction of the first merge, unless it exists, and adds
-- what an earlier failback did not write down. The rows of the table `relation`, whose OID was `relation_id`, in the order of
-- `id`: `keys` holds digests of keys, 16 bytes each, of rows that the transaction left on OLD (`stands`) or took away; `key`
-- says by which columns. Needs the schema of create_schema.sql.
-- A batch.
-- Parameters: none.
-- Columns: none.
-- Server: 13.
create table if not exists "failback".brought (
    id bigint generated always as identity primary key,
    relation pg_catalog.text not null,
    stands pg_catalog.bool not null,
    keys pg_catalog.bytea not null,
    transaction_id bigint not null default (pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8)
);
alter table "failback".brought
    add column if not exists relation_id pg_catalog.oid,
    add column if not exists key pg_catalog.text;
