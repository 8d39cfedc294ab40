//! What write-ahead log says of transactions.

use crate::name::Ident;

/// Reads a part of the log, by functions of the extension `pg_walinspect` in this schema. Parameters: where it begins and where
/// it ends, and an instant, all as text. One row of: where the first transaction committed that did so later than the instant
/// (`late`); where, before that, the last list of running transactions stands (`listed`), and the oldest of them, of which it
/// has the lowest 32 bits (`running`); whether before that one committed earlier (`early`); whether the time of one is not
/// understood (`unread`); and where the last record ends (`reached`).
///
/// The text of a COMMIT begins with its time, that of a COMMIT PREPARED with an id, a colon, and its time.
#[must_use]
pub fn wal_commits(schema: &Ident) -> String {
    format!(
        "with record as materialized (
           select r.start_lsn, r.end_lsn, r.resource_manager = 'Transaction' and r.record_type like 'COMMIT%' as commits,
                  case when r.resource_manager <> 'Transaction' then null
                       when r.record_type = 'COMMIT' then pg_catalog.split_part(r.description, ';', 1)
                       when r.record_type = 'COMMIT_PREPARED'
                       then pg_catalog.split_part(pg_catalog.split_part(r.description, ';', 1), ': ', 2)
                   end::pg_catalog.timestamptz as at,
                  case when r.resource_manager = 'Standby' and r.record_type = 'RUNNING_XACTS'
                       then pg_catalog.substring(r.description, 'oldestRunningXid ([0-9]+)')::pg_catalog.int8 end as running
             from {}.pg_get_wal_records_info($1::pg_catalog.text::pg_catalog.pg_lsn,
                                             $2::pg_catalog.text::pg_catalog.pg_lsn) r),
         late as (select pg_catalog.min(start_lsn) as at from record
                   where commits and at > $3::pg_catalog.text::pg_catalog.timestamptz),
         before as (select record.* from record, late where late.at is null or record.start_lsn < late.at),
         list as (select start_lsn, running from before where running is not null order by start_lsn desc limit 1)
         select (select at from late)::pg_catalog.text as late,
                (select start_lsn from list)::pg_catalog.text as listed,
                (select running from list) as running,
                exists (select from before where commits) as early,
                exists (select from before where commits and at is null) as unread,
                (select pg_catalog.max(end_lsn) from record)::pg_catalog.text as reached",
        schema.sql()
    )
}
