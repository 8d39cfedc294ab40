//! Foreign keys of the tables that a unit writes, checked before COMMIT, since their triggers may have been silent: children of what was
//! written, and parents that lost rows. Keys of tables that are not carried are among them.

use super::unit::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::pg::statement::{Stage, adopt, lock_parents, orphans_of_lost, orphans_of_stage, orphans_of_table};
use crate::schema::ForeignKey;

/// What a unit did to both ends of a foreign key.
pub(super) struct Ends<'a> {
    /// The stage that wrote children.
    pub(super) children: Option<&'a Stage<'a>>,
    /// The stage that took parents away.
    pub(super) parents: Option<&'a Stage<'a>>,
    /// Whether no trigger of OLD's can have altered what was written.
    pub(super) unaltered: bool,
}

impl Ends<'_> {
    /// Locks the parents of new children, and checks that nobody is left without one.
    ///
    /// # Errors
    /// `Refused` where somebody is.
    pub(super) async fn check(&self, old: &Session, key: &ForeignKey, direction: Direction) -> Result<()> {
        // What a key that is NOT VALID did not hold of before comes back as it was.
        if !key.validated && direction == Direction::Back {
            return Ok(());
        }
        if let Some(children) = self.children {
            if let Some(adopt) = adopt(key, children).filter(|_| self.unaltered) {
                expect_no_orphans(old, key, &adopt).await?;
            } else {
                old.execute_all(&lock_parents(key, children)).await?;
                expect_no_orphans(old, key, &orphans_of_stage(key, children)).await?;
            }
        }
        if let Some(parents) = self.parents {
            match orphans_of_lost(key, parents) {
                Some(query) => expect_no_orphans(old, key, &query).await?,
                None if key.validated => expect_no_orphans(old, key, &orphans_of_table(key)).await?,
                None => {}
            }
        }
        Ok(())
    }
}

async fn expect_no_orphans(old: &Session, key: &ForeignKey, query: &str) -> Result<()> {
    let found = old.query(query, &[]).await?;
    let orphans: i64 = found.first().map_or(0, |row| row.get(0));
    if orphans == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "check a foreign key")
        .at(&key.name)
        .at(&key.child)
        .because(format!(
            "fk_parent_missing: {orphans} rows of {} would refer to rows that {} does not have",
            key.child, key.parent
        ))
        .next("hold the children, or decide for their parents too, with `failback decide`; then plan again"))
}
