//! Who a server says it is.
//!
//! Comes in: a session. Goes out: a [`ServerIdentity`] that a manifest can keep and a later run can compare.
//! Never: asks for anything that needs a privilege without asking first whether it has it: a refusal would end the caller's
//! transaction.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

const IDENTITY: &str = include_str!("../../sql/session/identity.sql");
const CONTROL: &str = include_str!("../../sql/session/control.sql");

/// What a server says about itself and the database of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerIdentity {
    /// The cluster's system identifier; nothing where the user may not ask. Text, because JSON numbers end at 2^53.
    pub system_identifier: Option<String>,
    /// The timeline of the last checkpoint; nothing where the user may not ask.
    pub timeline: Option<u32>,
    /// The database's name.
    pub database: String,
    /// The database's OID.
    pub database_oid: u32,
    /// `server_version_num`, as 150004.
    pub version_num: u32,
    /// `server_version`, as "15.4 (Debian 15.4-1)".
    pub version: String,
    /// The database's encoding, as "UTF8".
    pub encoding: String,
    /// Whether the server is a standby.
    pub in_recovery: bool,
    /// Whether this user's transactions are read-only unless they say otherwise (`default_transaction_read_only`).
    #[serde(default)]
    pub read_only_default: bool,
    /// The address on which the server took the connection; nothing on a Unix socket.
    pub address: Option<String>,
    /// The port on which the server took the connection; nothing on a Unix socket.
    pub port: Option<u16>,
    /// When the server was started, microseconds since 1970-01-01 UTC; changes with every restart.
    pub started_us: i64,
}

/// Returns whether two identities are of one database: same system identifier, database OID and timeline. A standby is the same
/// database as its primary. Where a system identifier is hidden, the same start, OID and name count.
///
/// A copy made from a disk snapshot keeps all three until it is promoted: see [`super::lead_to_one_database`] and
/// [`super::is_old`].
#[must_use]
pub fn same_database(left: &ServerIdentity, right: &ServerIdentity) -> bool {
    if left.database_oid != right.database_oid {
        return false;
    }
    match (&left.system_identifier, &right.system_identifier) {
        (Some(a), Some(b)) => a == b && left.timeline == right.timeline,
        _ => left.started_us == right.started_us && left.database == right.database,
    }
}

/// Says what a person should know about the encodings of two databases whose texts are compared and carried.
#[must_use]
pub fn encoding_remarks(old: &ServerIdentity, new: &ServerIdentity) -> Vec<String> {
    let mut found = Vec::new();
    if old.encoding != new.encoding {
        found.push(format!(
            "OLD is in {}, NEW in {}: texts are compared and carried by their characters (of SQL_ASCII by their bytes); rows \
             with characters that OLD has not are held",
            old.encoding, new.encoding
        ));
    }
    if [old, new].iter().any(|side| side.encoding == "EUC_JP") {
        found.push("PostgreSQL's own conversion gives 23 codes of EUC_JP (NEC row 13, IBM) back as their twins".to_owned());
    }
    found
}

impl Session {
    /// Asks the server who it is.
    ///
    /// # Errors
    /// What the server said.
    pub async fn identity(&self) -> Result<ServerIdentity> {
        let row = one_row(self, IDENTITY).await?;
        let mut identity = from_row(&row).map_err(|error| self.fault("read the server's identity", error))?;
        if row.try_get("may_read_control").unwrap_or(false) {
            let control = one_row(self, CONTROL).await?;
            identity.system_identifier = control.try_get("system_identifier").ok();
            identity.timeline = control.try_get("timeline").ok().and_then(|timeline: i32| u32::try_from(timeline).ok());
        }
        Ok(identity)
    }
}

async fn one_row(session: &Session, sql: &str) -> Result<Row> {
    let rows = session.query(sql, &[]).await?;
    rows.into_iter().next().ok_or_else(|| Error::new(ErrorKind::Malformed, "read the server's identity").at(session.place()))
}

fn from_row(row: &Row) -> Result<ServerIdentity, tokio_postgres::Error> {
    Ok(ServerIdentity {
        system_identifier: None,
        timeline: None,
        database: row.try_get("database")?,
        database_oid: row.try_get("database_oid")?,
        version_num: row.try_get::<_, i32>("version_num")?.unsigned_abs(),
        version: row.try_get("version")?,
        encoding: row.try_get("encoding")?,
        in_recovery: row.try_get("in_recovery")?,
        read_only_default: row.try_get("read_only_default")?,
        address: row.try_get("address")?,
        port: row.try_get::<_, Option<i32>>("port")?.and_then(|port| u16::try_from(port).ok()),
        started_us: row.try_get("started_us")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> ServerIdentity {
        ServerIdentity {
            system_identifier: Some("7000000000000000001".to_owned()),
            timeline: Some(1),
            database: "shop".to_owned(),
            database_oid: 16384,
            version_num: 150_004,
            version: "15.4".to_owned(),
            encoding: "UTF8".to_owned(),
            in_recovery: false,
            read_only_default: false,
            address: None,
            port: None,
            started_us: 1,
        }
    }

    #[test]
    fn one_database_under_two_addresses_is_one() {
        let other = ServerIdentity { address: Some("::1".to_owned()), in_recovery: true, started_us: 2, ..identity() };
        assert!(same_database(&identity(), &other));
    }

    #[test]
    fn another_database_timeline_or_cluster_is_another() {
        assert!(!same_database(&identity(), &ServerIdentity { database_oid: 1, ..identity() }));
        assert!(!same_database(&identity(), &ServerIdentity { timeline: Some(2), ..identity() }));
        assert!(!same_database(&identity(), &ServerIdentity { system_identifier: Some("8".to_owned()), ..identity() }));
    }

    #[test]
    fn encodings_are_remarked_on_where_they_matter() {
        let in_encoding = |word: &str| ServerIdentity { encoding: word.to_owned(), ..identity() };
        assert!(encoding_remarks(&identity(), &identity()).is_empty());
        assert!(encoding_remarks(&in_encoding("LATIN1"), &identity())[0].starts_with("OLD is in LATIN1, NEW in UTF8"));
        assert_eq!(encoding_remarks(&in_encoding("EUC_JP"), &in_encoding("EUC_JP")).len(), 1);
    }

    #[test]
    fn a_hidden_identifier_falls_back_to_the_start() {
        let hidden = ServerIdentity { system_identifier: None, timeline: None, ..identity() };
        assert!(same_database(&identity(), &hidden));
        assert!(!same_database(&identity(), &ServerIdentity { started_us: 2, ..hidden }));
    }
}
