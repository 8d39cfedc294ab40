//! Foreign keys of the tables that a unit writes, checked before COMMIT, since their triggers may have been silent: children of what was
//! written, and parents that lost rows. Keys of tables that are not carried are among them.

use super::unit::Direction;
use crate::codec::{BatchView, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::pg::statement::{Stage, adopt, lock_parents, orphans_of_lost, orphans_of_stage, orphans_of_table};
use crate::schema::ForeignKey;

/// Which of a table's columns decide what its rows refer to.
pub(super) enum Referring {
    /// These, by their positions in the layout.
    Columns(Vec<usize>),
    /// Any may: a key stands on one partition only, or on a column that is not staged.
    Unknown,
}

impl Referring {
    /// Collects the columns of a table's foreign keys.
    pub(super) fn of(keys: &[ForeignKey], table: &QualifiedName, layout: &RowLayout) -> Self {
        let mut found = Vec::new();
        for key in keys.iter().filter(|key| key.child == *table) {
            if key.child_part.is_some() {
                return Self::Unknown;
            }
            for name in &key.child_columns {
                let Some(position) = layout.columns.iter().position(|column| column.name == *name) else {
                    return Self::Unknown;
                };
                found.push(position);
            }
        }
        Self::Columns(found)
    }

    /// Whether a row refers to others after its update than before: as the server's own triggers do, only such updates are checked.
    pub(super) fn moves(&self, before: &BatchView<'_>, after: &BatchView<'_>, row: usize) -> Result<bool> {
        let Self::Columns(columns) = self else { return Ok(true) };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for column in columns {
            ours.clear();
            theirs.clear();
            let damaged = |error| Error::new(ErrorKind::Damaged, "read the diff").because(error);
            let there = before.field(row, *column, &mut ours).map_err(damaged)?;
            if there != after.field(row, *column, &mut theirs).map_err(damaged)? || ours != theirs {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

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
