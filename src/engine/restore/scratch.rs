//! The database that a backup is restored into: a new one, beside what is there, and removed where it does not become whole.

use super::backup::Backup;
use crate::catalog;
use crate::engine::run::{Reporter, Servers};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::schema::DatabaseFacts;
use crate::statement::{create_database, drop_own_database};
use crate::store::backup_files;
use crate::text::amount;

/// PostgreSQL cuts longer names off.
const NAME_MAX: usize = 63;

/// Joins a database's name and what is added to it, so that all of it is a name.
pub(super) fn name_beside(database: &str, suffix: &str) -> String {
    let mut end = database.len().min(NAME_MAX.saturating_sub(suffix.len()));
    while !database.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &database[..end])
}

/// Looks at one database by its name.
pub(super) async fn facts(session: &Session, name: &str) -> Result<Option<DatabaseFacts>> {
    let found = catalog::database_facts(session.client(), &[name.to_owned()], &[]).await.place(|| session.place())?;
    Ok(found.into_iter().next())
}

/// Makes it, like the database whose place it is for, where there is one; returns its OID.
///
/// # Errors
/// `Contention` where there is one of that name, which is a retry's to remove; what the server said.
pub(super) async fn create(servers: &Servers, session: &Session, name: &str, like: Option<&DatabaseFacts>) -> Result<u32> {
    if facts(session, name).await?.is_some() {
        // The name is of this restore alone: a call that was killed had its CREATE DATABASE under way, and the server ended it.
        return Err(Error::new(ErrorKind::Contention, "make a database to restore into")
            .at(session.place())
            .because(format!("there is a database {name}: a call of this restore that was cut off has just made it"))
            .next("run the same command again: it removes it, and begins anew"));
    }
    servers.old_writes().besides(&format!("a database {name} may have been made beside those that were there"));
    let statement = create_database(name, like.map(|like| like.owner.as_str()), like.map(|like| &like.locale));
    session.execute_all(&statement).await.map_err(|error| {
        error.next("this user needs CREATEDB, and, where the database is to belong to another role, membership in it")
    })?;
    let made = facts(session, name).await?;
    made.map(|made| made.oid).ok_or_else(|| {
        Error::new(ErrorKind::Contention, "make a database to restore into")
            .at(session.place())
            .because(format!("{name} was made, and is gone"))
    })
}

/// Removes one that did not become whole. What keeps it from that is told, and hides no failure.
pub(super) async fn remove(servers: &Servers, reporter: &Reporter, maintenance: &str, name: &str) {
    let removed = async {
        let session = servers.connect_to_take_back(Side::Old, maintenance).await?;
        session.execute_all(&drop_own_database(name)).await?;
        session.close().await;
        Ok::<_, Error>(())
    };
    if let Err(error) = removed.await {
        reporter.tell(crate::engine::run::Event::Note(format!("{name} is left behind, and may be dropped: {error}")));
    }
}

/// # Errors
/// `Refused` where the server has less room than what is to be restored takes, as far as that can be asked; otherwise returns
/// what could not be.
pub(super) async fn expect_room(
    servers: &Servers,
    session: &Session,
    wanted: &[(String, &Backup, Option<u64>)],
) -> Result<Option<String>> {
    let unknown = |why: &str| Ok(Some(format!("whether the server has room for it is not known: {why}")));
    let old = servers.endpoint(Side::Old);
    if !old.is_on_this_machine() {
        return unknown("it is on another machine");
    }
    let Some(folder) = session.data_folder().await? else { return unknown("this user may not ask where its data are") };
    let Some(free) = backup_files::free_bytes(folder.as_ref()) else {
        return unknown("its folder is not on this machine");
    };
    // What a database takes now says more than its dump, which may be packed.
    let bytes: u64 = wanted.iter().map(|(_, backup, present)| present.unwrap_or(backup.bytes).max(backup.bytes)).sum();
    if free >= bytes {
        return Ok(None);
    }
    let names: Vec<_> = wanted.iter().map(|(name, ..)| name.as_str()).collect();
    Err(Error::new(ErrorKind::Refused, "look for room to restore")
        .at(format!("{folder} on {}", session.place()))
        .because(format!("{} are free, and {} may take {}", amount::bytes(free), names.join(", "), amount::bytes(bytes)))
        .next("free room there, restore one database at a time, or go on with --any-room"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_where_a_character_ends() {
        assert_eq!(name_beside("chain_db", "_restore_x"), "chain_db_restore_x");
        let long = name_beside(&"ä".repeat(31), "_restore_20261130t190000z_ab12");
        assert!(long.len() <= NAME_MAX && long.ends_with("ä_restore_20261130t190000z_ab12"), "{long}");
    }
}
