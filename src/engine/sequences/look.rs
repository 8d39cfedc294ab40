//! One side's sequences under one look: where they stand, and how far the columns go that they number.

use std::collections::{BTreeMap, BTreeSet};

use super::pairs::Column;
use super::position::Position;
use super::room::Room;
use crate::catalog;
use crate::engine::rows::finding_names;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Ident, QualifiedName, Side};
use crate::pg::Transaction;
use crate::schema::{MissingPrivilege, NumberedColumn, Privilege, PrivilegeObject, Sequence, SequenceUse};
use crate::statement::{number_reach, sequence_positions};

/// So many sequences are asked for in one statement.
const AT_ONCE: usize = 200;

/// One side of a database.
pub(super) struct Look {
    side: Side,
    read: Transaction,
    role: Ident,
    pub(super) sequences: Vec<Sequence>,
    uses: BTreeMap<QualifiedName, SequenceUse>,
    positions: BTreeMap<QualifiedName, Position>,
}

/// What could not be read, and what would let it be.
pub(super) struct Unread {
    pub(super) why: String,
    pub(super) grants: Vec<String>,
}

impl Look {
    /// Looks at one side. All of it is of the moment of the transaction, but for where sequences stand, which no snapshot
    /// holds: they are read later, so no row of that moment has a number that they do not cover.
    pub(super) async fn at(side: Side, read: Transaction) -> Result<Self> {
        let (sequences, uses) = (catalog::sequences(read.client()).await?, catalog::sequence_uses(read.client()).await?);
        let role = catalog::role(read.client()).await?;
        let mut look = Self { side, read, role, sequences, uses, positions: BTreeMap::new() };
        let names: Vec<_> = look.sequences.iter().map(|one| &one.name).filter(|name| look.reads(name)).cloned().collect();
        for names in names.chunks(AT_ONCE) {
            let rows = look.read.query(&sequence_positions(names), &[]).await?;
            let malformed = |_| Error::new(ErrorKind::Malformed, "read where sequences stand");
            for row in &rows {
                let at: i64 = row.try_get("at").map_err(malformed)?;
                let stands = Position {
                    last_value: row.try_get("last_value").map_err(malformed)?,
                    is_called: row.try_get("is_called").map_err(malformed)?,
                };
                let name = usize::try_from(at).ok().and_then(|at| names.get(at));
                look.positions.extend(name.map(|name| (name.clone(), stands)));
            }
        }
        Ok(look)
    }

    /// Ends the look.
    pub(super) async fn close(self) -> Result<()> {
        self.read.rollback().await?.close().await;
        Ok(())
    }

    fn reads(&self, name: &QualifiedName) -> bool {
        self.uses.get(name).is_some_and(|held| held.schema_open && held.may_read)
    }

    /// Returns what this user may do with a sequence.
    pub(super) fn usage(&self, name: &QualifiedName) -> Option<&SequenceUse> {
        self.uses.get(name)
    }

    /// Returns where a sequence stands. The right to draw from it lets the last number be known, too, where there is one.
    pub(super) fn position(&self, sequence: &Sequence) -> Option<Position> {
        let known = sequence.last_value.map(|last_value| Position { last_value, is_called: true });
        self.positions.get(&sequence.name).copied().or(known)
    }

    /// Says that a sequence could not be read.
    pub(super) fn unread(&self, sequence: &Sequence) -> Unread {
        let open = self.usage(&sequence.name).is_some_and(|held| held.schema_open);
        self.lacking(&sequence.name.schema, open, PrivilegeObject::Sequence(sequence.name.clone()), Privilege::Select)
    }

    /// Says that this user may not raise a sequence.
    pub(super) fn unraised(&self, sequence: &Sequence) -> Unread {
        let open = self.usage(&sequence.name).is_some_and(|held| held.schema_open);
        self.lacking(&sequence.name.schema, open, PrivilegeObject::Sequence(sequence.name.clone()), Privilege::Update)
    }

    fn lacking(&self, schema: &Ident, open: bool, object: PrivilegeObject, privilege: Privilege) -> Unread {
        let missing = MissingPrivilege { object, privilege };
        let schema = MissingPrivilege { object: PrivilegeObject::Schema(schema.clone()), privilege: Privilege::Usage };
        let missing: Vec<_> = (!open).then_some(schema).into_iter().chain([missing]).collect();
        let lacks: Vec<_> = missing.iter().map(ToString::to_string).collect();
        let grants = missing.iter().map(|one| format!("on {}: {}", self.side, one.grant(&self.role))).collect();
        Unread { why: format!("{}'s user {} lacks {}", self.side, self.role, lacks.join(", ")), grants }
    }

    /// Looks columns up, each where it is.
    pub(super) async fn columns(&self, wanted: &BTreeSet<Column>) -> Result<Vec<(Column, NumberedColumn)>> {
        let wanted: Vec<_> = wanted.iter().cloned().collect();
        let found = catalog::numbered_columns(self.read.client(), &wanted).await?;
        Ok(found.into_iter().filter_map(|one| Some((wanted.get(one.at)?.clone(), one))).collect())
    }

    /// Reads how far a column goes: the furthest number that the room has, and the furthest of all.
    pub(super) async fn reach(
        &self,
        (table, column): &Column,
        known: &NumberedColumn,
        room: Room,
    ) -> Result<std::result::Result<(Option<i64>, Option<i64>), Unread>> {
        let aside = |why: &str| Unread { why: format!("{table}.{column} on {}: {why}", self.side), grants: Vec::new() };
        if !known.schema_open || !known.may_read {
            let object = PrivilegeObject::Column(table.clone(), column.clone());
            return Ok(Err(self.lacking(&table.schema, known.schema_open, object, Privilege::Select)));
        }
        if known.shielded {
            return Ok(Err(aside("row-level security hides rows from this user: use one with BYPASSRLS, or the owner")));
        }
        let Some(form) = known.form else {
            return Ok(Err(aside("its values are no numbers that could be compared")));
        };
        let query = number_reach(table, column, form, room.is_past(0, 1), room.to_go_on());
        let rows = finding_names(&self.read, true, self.read.query(&query, &[])).await.place(|| format!("{table}.{column}"))?;
        let value = |at| rows.first().and_then(|row| row.get::<_, Option<i64>>(at));
        Ok(Ok((value(0), value(1))))
    }
}
