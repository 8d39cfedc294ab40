//! The schema of OLD's ledger in the statements about it: the only place that puts it there.

use crate::name::Ident;

/// What the statements of `sql/ledger/` call the schema.
const STANDS_FOR_IT: &str = "\"failback\"";

/// Returns a statement of `sql/ledger/` for the schema in which the ledger is. Their comments and texts never name it so.
#[must_use]
pub fn in_ledger(statement: &str, schema: &Ident) -> String {
    statement.replace(STANDS_FOR_IT, &schema.sql())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_names_the_schema_that_is_meant() {
        let schema = Ident::new("the \"failback\" ledger");
        assert_eq!(
            in_ledger("select l.id from \"failback\".ledger as l", &schema),
            "select l.id from \"the \"\"failback\"\" ledger\".ledger as l"
        );
    }
}
