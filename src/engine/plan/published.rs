//! Rows of OLD's tables that a publication publishes and that have no replica identity: the server takes new ones, and neither
//! changes nor deletes any. A merge that brought one could not be taken back.

use super::direction::Direction;
use super::draft::Draft;
use crate::catalog;
use crate::engine::run::Servers;
use crate::error::Result;
use crate::name::Side;
use crate::schema::Unidentified;
use crate::statement::Operation;

/// Holds rows that OLD's server would not change or delete, and those that an undo could not take away again. What somebody has
/// decided for a row, or for a table by its name, is decided, as far as it can be done.
pub(crate) async fn hold_unidentified(
    servers: &Servers,
    database: &str,
    drafts: &mut [Draft<'_>],
    direction: Direction,
) -> Result<()> {
    let old = servers.connect(Side::Old, database).await?;
    let unidentified = catalog::unidentified(old.client()).await?;
    for draft in drafts {
        let Some(found) = unidentified.get(&draft.record.name) else { continue };
        let (mut refused, mut lasting) = (Vec::new(), Vec::new());
        for (row, action) in draft.actions.iter().enumerate() {
            let Some(operation) = direction.operation(*action) else { continue };
            if found.refuses(operation) {
                refused.push(row);
            } else if direction == Direction::Forward
                && operation == Operation::Insert
                && found.deletes
                && !draft.is_by_name(row)
            {
                lasting.push(row);
            }
        }
        let is = format!("publication {} publishes them, and it has no REPLICA IDENTITY", found.publication);
        draft.hold_written(refused, &format!("{}: OLD takes no such writes in the table, as {is}", direction.aside()));
        draft.hold_written(lasting, &format!("held: an undo could not delete it again, as {is}"));
    }
    Ok(())
}

impl Unidentified {
    const fn refuses(&self, operation: Operation) -> bool {
        match operation {
            Operation::Update | Operation::Move => self.updates,
            Operation::Delete | Operation::Replace => self.deletes,
            Operation::Insert | Operation::Stay | Operation::Lack => false,
        }
    }
}
