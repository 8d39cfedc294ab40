//! Where failback's own records are, or would be, in a database: nobody else's schema is taken for theirs.

use crate::name::Ident;

/// The schema of the ledger, unless the configuration names another.
pub const LEDGER_SCHEMA: &str = "failback";

/// The newest format of the ledger that is understood.
const LEDGER_FORMAT: u32 = 2;

/// The format of a ledger that does not say it.
const FIRST_FORMAT: u32 = 1;

/// What is in the schema that the configuration means for the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerPlace {
    /// There is no such schema.
    Absent,
    /// Nothing, so it may have been made for the ledger.
    Empty,
    /// The ledger.
    Ledger {
        /// What it remembers of the keys that were brought, which it learnt later.
        memory: Memory,
    },
    /// A ledger that a newer failback made.
    Newer {
        /// Its format.
        format: u32,
    },
    /// Not the ledger, which is in this other schema.
    Elsewhere(Ident),
    /// Something of somebody else's: what.
    Taken(String),
}

/// What a ledger remembers of the keys that merges brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Nothing: it has no table of keys.
    Nothing,
    /// The table's name alone: renamed, it is not known again.
    ByName,
    /// Which table it was, and by which columns its rows were known.
    ByIdentity,
}

/// What the catalog says of that schema.
#[expect(clippy::struct_excessive_bools, reason = "facts of the catalog, each independent of the others")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerFacts {
    /// Whether the schema exists.
    pub exists: bool,
    /// The schema's comment.
    pub comment: Option<String>,
    /// One thing that is in it, with its sort.
    pub holds: Option<String>,
    /// Whether the ledger's table is in it, with exactly its columns.
    pub has_ledger: bool,
    /// Whether the table of keys is in it, with exactly its columns.
    pub has_brought: bool,
    /// Whether anything is called as the table of keys.
    pub has_name_of_brought: bool,
    /// Whether that has the columns by which tables are known again.
    pub has_identity: bool,
    /// Another schema that holds a ledger.
    pub elsewhere: Option<Ident>,
}

impl LedgerPlace {
    /// Judges a schema by what is in it. A ledger is known by its tables' columns; its comment tells only how old a failback
    /// understands it, and one without a comment is of the first format.
    #[must_use]
    pub fn judge(facts: LedgerFacts) -> Self {
        let format = facts.comment.as_deref().and_then(format_of).unwrap_or(FIRST_FORMAT);
        match facts {
            _ if format > LEDGER_FORMAT => Self::Newer { format },
            LedgerFacts { has_ledger: true, has_brought: false, has_name_of_brought: true, .. } => {
                Self::Taken("something called brought that is not failback's".to_owned())
            }
            LedgerFacts { has_ledger: true, has_brought: false, .. } => Self::Ledger { memory: Memory::Nothing },
            LedgerFacts { has_ledger: true, has_identity: false, .. } => Self::Ledger { memory: Memory::ByName },
            LedgerFacts { has_ledger: true, .. } => Self::Ledger { memory: Memory::ByIdentity },
            LedgerFacts { elsewhere: Some(schema), .. } => Self::Elsewhere(schema),
            LedgerFacts { exists: false, .. } => Self::Absent,
            LedgerFacts { holds: None, .. } => Self::Empty,
            LedgerFacts { holds: Some(what), .. } => Self::Taken(what),
        }
    }
}

/// Reads the format off the comment that `create_schema.sql` sets.
fn format_of(comment: &str) -> Option<u32> {
    let rest = comment.strip_prefix("failback ledger, format ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> LedgerFacts {
        LedgerFacts { exists: true, holds: Some("relation t".to_owned()), ..LedgerFacts::default() }
    }

    #[test]
    fn a_schema_of_somebody_else_is_not_taken_for_the_ledgers() {
        assert_eq!(LedgerPlace::judge(facts()), LedgerPlace::Taken("relation t".to_owned()));
        assert_eq!(LedgerPlace::judge(LedgerFacts::default()), LedgerPlace::Absent);
        assert_eq!(LedgerPlace::judge(LedgerFacts { holds: None, ..facts() }), LedgerPlace::Empty);
        let elsewhere = LedgerFacts { elsewhere: Some(Ident::new("other")), ..facts() };
        assert_eq!(LedgerPlace::judge(elsewhere), LedgerPlace::Elsewhere(Ident::new("other")));
    }

    #[test]
    fn a_ledger_is_known_by_its_tables_with_a_comment_or_without() {
        let ledger = LedgerFacts { has_ledger: true, ..facts() };
        assert_eq!(LedgerPlace::judge(ledger.clone()), LedgerPlace::Ledger { memory: Memory::Nothing });
        let whole = LedgerFacts { has_brought: true, has_name_of_brought: true, ..ledger.clone() };
        assert_eq!(LedgerPlace::judge(whole.clone()), LedgerPlace::Ledger { memory: Memory::ByName });
        let whole = LedgerFacts { has_identity: true, ..whole };
        assert_eq!(LedgerPlace::judge(whole.clone()), LedgerPlace::Ledger { memory: Memory::ByIdentity });
        let clash = LedgerFacts { has_name_of_brought: true, ..ledger };
        assert!(matches!(LedgerPlace::judge(clash), LedgerPlace::Taken(_)));
        let said = |comment: &str| LedgerPlace::judge(LedgerFacts { comment: Some(comment.to_owned()), ..whole.clone() });
        assert_eq!(said("failback ledger, format 1: x"), LedgerPlace::Ledger { memory: Memory::ByIdentity });
        assert_eq!(said("failback ledger, format 2: x"), LedgerPlace::Ledger { memory: Memory::ByIdentity });
        assert_eq!(said("failback ledger, format 3: x"), LedgerPlace::Newer { format: 3 });
        assert_eq!(said("anything"), LedgerPlace::Ledger { memory: Memory::ByIdentity });
    }
}
