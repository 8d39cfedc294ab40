//! Foreign keys of the tables that a transaction writes, checked before COMMIT, since their triggers may have been silent:
//! children of what was written, and parents that lost rows. Keys of tables that are not carried are among them.

use crate::engine::plan::{Direction, Proof};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::schema::ForeignKey;
use crate::statement::{
    LoadTable, affected_children, children_left_behind, children_of_strangers, lock_and_check_parents, lock_parents,
    orphans_of_load, orphans_of_lost, orphans_of_table,
};

/// What a transaction did to both ends of a foreign key.
pub(crate) struct Ends<'a> {
    /// The load that wrote children.
    pub(crate) children: Option<&'a LoadTable<'a>>,
    /// The load that took parents away.
    pub(crate) parents: Option<&'a LoadTable<'a>>,
    /// Whether no trigger of OLD's can have altered what was written.
    pub(crate) unaltered: bool,
    /// What must be true of the children's parents.
    pub(crate) proof: Option<Proof<'a>>,
    /// The number of the note of which children keep OLD's own parents.
    pub(crate) kept: Option<usize>,
}

impl Ends<'_> {
    /// Locks the parents of new children, and checks that each child has one, and its own.
    ///
    /// # Errors
    /// `Refused` where a child would have no parent, or another one than its own.
    pub(crate) async fn check(&self, old: &Session, key: &ForeignKey, direction: Direction) -> Result<()> {
        // What a key that is NOT VALID did not hold of before comes back as it was.
        let holds = key.validated || direction == Direction::Forward;
        if let Some(children) = self.children {
            if let Some(lock_and_check_parents) = lock_and_check_parents(key, children).filter(|_| self.unaltered) {
                expect_no_orphans(old, key, &lock_and_check_parents).await?;
            } else {
                old.execute_all(&lock_parents(key, children)).await?;
                if holds {
                    expect_no_orphans(old, key, &orphans_of_load(key, children)).await?;
                }
            }
            self.expect_no_strangers(old, key, children, direction).await?;
        }
        if let Some(parents) = self.parents.filter(|_| holds) {
            // Of periods a parent may lose a part, and of a partition a row, which no row of the load tells.
            let told = !key.period && key.parent_part.is_none();
            match orphans_of_lost(key, parents).filter(|_| told || !key.validated) {
                Some(query) => expect_no_orphans(old, key, &query).await?,
                None if key.validated => expect_no_orphans(old, key, &orphans_of_table(key)).await?,
                None => {}
            }
        }
        Ok(())
    }

    /// Asks what the plan has asked once more, now that the parents are locked: in a statement of its own, which sees whoever
    /// came before the lock.
    async fn expect_no_strangers(
        &self,
        old: &Session,
        key: &ForeignKey,
        children: &LoadTable<'_>,
        direction: Direction,
    ) -> Result<()> {
        let Some(proof) = self.proof else { return Ok(()) };
        let query = children_of_strangers(key, children, proof.condition, self.kept, self.unaltered);
        let found = old.query(&query, &[]).await?;
        let (rows, one) = found.first().map_or((0, None), |row| (row.get::<_, i64>(0), row.get::<_, Option<String>>(1)));
        if rows == 0 {
            return Ok(());
        }
        let refused = Error::new(ErrorKind::Refused, "look whether children find their own parents")
            .at(&key.name)
            .at(&key.child)
            .because(format!(
                "{rows} rows of {} would refer to rows of {} of which nothing says that they are theirs, as to {}: it {}",
                key.child,
                key.parent,
                one.unwrap_or_default(),
                proof.why
            ));
        Err(match direction {
            Direction::Forward => refused.next("run `failback plan` again: it holds such children"),
            Direction::Back => refused.next("run the same command again: such rows are left as they are"),
        })
    }
}

/// Checks that no action of a foreign key would change rows that the plan does not name. Only where such actions fire: the
/// replica role silences them. All parents must be locked by now.
///
/// # Errors
/// `Refused` where OLD has such children.
pub(crate) async fn expect_no_affected_children(
    old: &Session,
    key: &ForeignKey,
    parents: &LoadTable<'_>,
    own: Option<&LoadTable<'_>>,
) -> Result<()> {
    let fires = (key.on_delete.changes_children(), key.on_update.changes_children());
    if fires == (false, false) {
        return Ok(());
    }
    let rows = count(old, &affected_children(key, parents, own, fires)).await?;
    if rows == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "look for children that a foreign key would change")
        .at(&key.name)
        .at(&key.child)
        .because(format!(
            "fk_child_exists: {rows} rows of {} refer to rows of {} that go or get another key, and ON DELETE or ON UPDATE \
             would change or delete them: they are not part of the plan",
            key.child, key.parent
        ))
        .next("run `failback diff` and `failback plan` again: a child that came since holds its parent")
        .next("or merge as a user who may set session_replication_role, which keeps the actions of foreign keys from firing"))
}

/// Checks that no child is left behind whose parent changes what it is referred to by. Where the replica role keeps the
/// server's own check silent. All parents must be locked by now.
///
/// # Errors
/// `Refused` where OLD has such children.
pub(crate) async fn expect_no_children_left_behind(
    old: &Session,
    key: &ForeignKey,
    parents: &LoadTable<'_>,
    own: Option<&LoadTable<'_>>,
) -> Result<()> {
    let Some(query) = children_left_behind(key, parents, own) else { return Ok(()) };
    let rows = count(old, &query).await?;
    if rows == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "look for children of rows that change what they are referred to by")
        .at(&key.name)
        .at(&key.child)
        .because(format!(
            "fk_child_exists: {rows} rows of {} refer to values that rows of {} have and are to give up: they are not part of \
             the plan",
            key.child, key.parent
        ))
        .next("run `failback diff` and `failback plan` again: a child that came since holds its parent"))
}

async fn expect_no_orphans(old: &Session, key: &ForeignKey, query: &str) -> Result<()> {
    let orphans = count(old, query).await?;
    if orphans == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "check a foreign key")
        .at(&key.name)
        .at(&key.child)
        .because(format!(
            "fk_parent_missing: {orphans} rows of {} would refer to rows that {} does not have, or that were \
             replaced while this waited for them",
            key.child, key.parent
        ))
        .next("run the same command again: where a parent was replaced meanwhile, that is seen then")
        .next("or run `failback plan` again, which holds such children, or decide for their parents with `failback decide`"))
}

async fn count(old: &Session, query: &str) -> Result<i64> {
    Ok(old.query(query, &[]).await?.first().map_or(0, |row| row.get(0)))
}
