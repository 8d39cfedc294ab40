//! Sessions against a real server: TLS in every mode, passwords, certificates, COPY, snapshots, lost connections.

mod certificates;
mod copy;
mod errors;
mod poolers;
mod server;
mod sessions;
mod tls;

pub(crate) use certificates::CERTIFICATES;
use failback::pg::Session;

async fn is_encrypted(session: &Session) -> bool {
    let sql = "select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()";
    session.query(sql, &[]).await.unwrap()[0].get(0)
}
