//! Check and exclusion constraints.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::schema::{Check, Exclusion};

const SQL: &str = include_str!("../../sql/catalog/constraint.sql");

/// A constraint of either sort.
pub(super) enum Constraint {
    Check(Check),
    Exclusion(Exclusion),
}

/// Reads the check and exclusion constraints of every table, by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<Constraint>> {
    fact::by_table(&fact::list(client, "list the constraints", SQL).await?, constraint)
}

fn constraint(row: &Row) -> Result<Constraint> {
    let name = fact::get_ident(row, "name")?;
    Ok(if fact::get(row, "exclusion")? {
        let (definition, deferrable) = (fact::get(row, "definition")?, fact::get(row, "deferrable")?);
        Constraint::Exclusion(Exclusion { name, definition, deferrable })
    } else {
        let (expression, validated) = (fact::get(row, "expression")?, fact::get(row, "validated")?);
        Constraint::Check(Check { name, expression, validated })
    })
}

/// Parts the two sorts, keeping their order.
pub(super) fn split(constraints: Vec<Constraint>) -> (Vec<Check>, Vec<Exclusion>) {
    let (mut checks, mut exclusions) = (Vec::new(), Vec::new());
    for constraint in constraints {
        match constraint {
            Constraint::Check(check) => checks.push(check),
            Constraint::Exclusion(exclusion) => exclusions.push(exclusion),
        }
    }
    (checks, exclusions)
}
