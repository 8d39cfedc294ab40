//! Whether two connections lead to one database, and whether a database is the OLD that a run knows.
//!
//! A copy made from a disk snapshot or a cold copy of the files keeps its original's system identifier, timeline and database
//! OID: identities alone cannot tell the two apart. A lock can: it is seen through every connection to the same server, and
//! through no other.

use super::identity::{ServerIdentity, same_database};
use super::session::Session;
use crate::error::Result;

const LOCK: &str = include_str!("../../sql/session/lock_to_be_seen.sql");
const SEEN: &str = include_str!("../../sql/session/lock_seen.sql");
const UNLOCK: &str = include_str!("../../sql/session/unlock.sql");

/// Returns whether both sessions are in one database of one server, or in a primary's and its standby's. Needs no privilege.
///
/// # Errors
/// What either server said.
pub async fn lead_to_one_database(old: &Session, new: &Session) -> Result<bool> {
    let (on_old, on_new) = (old.identity().await?, new.identity().await?);
    // A standby keeps locks of its own, and has its primary's rows.
    if same_database(&on_old, &on_new) && (on_old.in_recovery || on_new.in_recovery) {
        return Ok(true);
    }
    are_in_one_server(old, new).await
}

/// Returns whether both sessions are in one database of one running server; a standby is another one than its primary.
///
/// # Errors
/// What either server said.
pub async fn are_in_one_server(left: &Session, right: &Session) -> Result<bool> {
    let taken = left.query(LOCK, &[]).await?;
    let Some(key) = taken.first().filter(|row| row.get(1)).map(|row| row.get::<_, i64>(0)) else { return Ok(false) };
    let seen = right.query(SEEN, &[&key]).await;
    left.query(UNLOCK, &[&key]).await?;
    Ok(seen?.first().is_some_and(|row| row.get(0)))
}

/// Returns whether a database is the OLD of a run, given what the run knows of both its sides. Where NEW is a copy of OLD's
/// files, the address or the start of the server must also be OLD's.
#[must_use]
pub fn is_old(found: &ServerIdentity, old: &ServerIdentity, new: &ServerIdentity) -> bool {
    let answers_as = |known: &ServerIdentity| {
        found.started_us == known.started_us
            || (found.address.is_some() && (&found.address, found.port) == (&known.address, known.port))
    };
    same_database(found, old) && (!same_database(old, new) || (answers_as(old) && !answers_as(new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(system_identifier: &str, port: u16, started_us: i64) -> ServerIdentity {
        ServerIdentity {
            system_identifier: Some(system_identifier.to_owned()),
            timeline: Some(1),
            database: "shop".to_owned(),
            database_oid: 16384,
            version_num: 150_004,
            version: "15.4".to_owned(),
            encoding: "UTF8".to_owned(),
            in_recovery: false,
            read_only_default: false,
            address: Some("10.0.0.1".to_owned()),
            port: Some(port),
            started_us,
        }
    }

    #[test]
    fn old_is_recognised_wherever_it_answers_now() {
        let (old, new) = (server("7", 5432, 1), server("8", 5433, 2));
        assert!(is_old(&server("7", 6000, 9), &old, &new), "moved and restarted");
        assert!(!is_old(&new, &old, &new));
    }

    #[test]
    fn a_copy_of_olds_files_is_not_taken_for_old() {
        let (old, new) = (server("7", 5432, 1), server("7", 5433, 2));
        assert!(is_old(&old, &old, &new));
        assert!(is_old(&server("7", 5432, 9), &old, &new), "restarted");
        assert!(!is_old(&new, &old, &new));
        assert!(!is_old(&server("7", 5433, 9), &old, &new), "NEW restarted");
        assert!(!is_old(&server("7", 6000, 9), &old, &new), "it could be either");
    }
}
