-- Begins a transaction that sees one moment and cannot write: for the holder of a snapshot and for those who join it.
-- Least server version: 13.
begin isolation level repeatable read read only;
