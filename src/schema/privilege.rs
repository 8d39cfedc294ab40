//! Privileges that a recovery needs and a user lacks.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Table;
use crate::name::{Ident, QualifiedName};
use crate::words::words;

/// One privilege on a table that a recovery needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPrivilege {
    /// The table or partition.
    pub table: QualifiedName,
    /// How much of it.
    pub reach: Reach,
    /// Which.
    pub privilege: Privilege,
}

/// How much of a table a privilege must cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The table as a whole.
    Whole,
    /// Any of its columns: enough to lock rows.
    Any,
    /// One column.
    Column(Ident),
}

impl Reach {
    /// Returns the column's name; nothing for the whole table, an empty text for any column.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        match self {
            Self::Whole => None,
            Self::Any => Some(""),
            Self::Column(name) => Some(name.as_str()),
        }
    }
}

impl WantedPrivilege {
    /// Lists what reading a table takes, and its leaves, from which rows are read directly. SELECT on single columns is not
    /// enough, as it does not cover what says which row is which.
    pub fn to_read(table: &Table) -> impl Iterator<Item = Self> {
        let leaves = table.leaves.iter().map(|leaf| &leaf.name).filter(|name| **name != table.name);
        let select = |name: &QualifiedName| Self { table: name.clone(), reach: Reach::Whole, privilege: Privilege::Select };
        std::iter::once(&table.name).chain(leaves).map(select)
    }
}

/// Says why a user who lacks some privileges cannot read a table, and what to grant; `None` where nothing needed is missing.
#[must_use]
pub fn unreadable(table: &Table, missing: &[MissingPrivilege], role: &Ident) -> Option<String> {
    let needed: Vec<_> = WantedPrivilege::to_read(table).map(|wanted| wanted.table).collect();
    let stands_in_the_way = |one: &&MissingPrivilege| match &one.object {
        PrivilegeObject::Schema(schema) => one.needed_to_read() && needed.iter().any(|name| name.schema == *schema),
        PrivilegeObject::Table(name) => one.needed_to_read() && needed.contains(name),
        _ => false,
    };
    let found: Vec<_> = missing.iter().filter(stands_in_the_way).collect();
    if found.is_empty() {
        return None;
    }
    let hidden: Vec<_> = missing
        .iter()
        .filter_map(|one| match &one.object {
            PrivilegeObject::Column(name, column) if *name == table.name => Some(column.as_str()),
            _ => None,
        })
        .collect();
    let what: Vec<_> = found.iter().map(ToString::to_string).collect();
    let mend: Vec<_> = found.iter().map(|one| one.grant(role)).collect();
    let columns = if hidden.is_empty() { String::new() } else { format!(" (hidden columns: {})", hidden.join(", ")) };
    Some(format!("this user lacks {}{columns}: {}", what.join(", "), mend.join(" ")))
}

/// One privilege that the user of a connection lacks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MissingPrivilege {
    /// On what.
    pub object: PrivilegeObject,
    /// Which.
    pub privilege: Privilege,
}

/// What a privilege is granted on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivilegeObject {
    /// The database that the session is in.
    Database(Ident),
    /// Asked for with USAGE.
    Schema(Ident),
    /// A table or partition.
    Table(QualifiedName),
    /// A column of a table.
    Column(QualifiedName, Ident),
    /// Asked for with SELECT, UPDATE or USAGE.
    Sequence(QualifiedName),
    /// Asked for with USAGE.
    Type(QualifiedName),
    /// A function, with the types of its arguments. Asked for with EXECUTE.
    Function(QualifiedName, String),
    /// The schema of the ledger: asked for with USAGE, and with CREATE where it lacks a table.
    LedgerSchema(Ident),
    /// A table of the ledger.
    LedgerTable(QualifiedName),
}

/// A privilege, by its word in GRANT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Privilege {
    /// SELECT: read rows, or a sequence's last value.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE: change rows, or raise a sequence.
    Update,
    /// DELETE.
    Delete,
    /// USAGE: look inside a schema.
    Usage,
    /// CREATE: make the ledger's schema, or its tables.
    Create,
    /// TEMPORARY: make temporary tables.
    Temporary,
    /// EXECUTE: call a function.
    Execute,
}

words!(Privilege {
    Select => "SELECT",
    Insert => "INSERT",
    Update => "UPDATE",
    Delete => "DELETE",
    Usage => "USAGE",
    Create => "CREATE",
    Temporary => "TEMPORARY",
    Execute => "EXECUTE",
});

impl MissingPrivilege {
    /// Whether the privilege is needed to read, so on NEW as well; the others are needed only where rows are written.
    #[must_use]
    pub fn needed_to_read(&self) -> bool {
        match (&self.object, self.privilege) {
            (PrivilegeObject::LedgerSchema(_) | PrivilegeObject::LedgerTable(_), _) => false,
            (_, Privilege::Select) | (PrivilegeObject::Schema(_), Privilege::Usage) => true,
            _ => false,
        }
    }

    /// Returns the statement that grants it.
    #[must_use]
    pub fn grant(&self, role: &Ident) -> String {
        let object = match &self.object {
            PrivilegeObject::Database(name) => format!("database {}", name.sql()),
            PrivilegeObject::Schema(name) | PrivilegeObject::LedgerSchema(name) => format!("schema {}", name.sql()),
            PrivilegeObject::Table(name) | PrivilegeObject::LedgerTable(name) | PrivilegeObject::Column(name, _) => {
                format!("table {}", name.sql())
            }
            PrivilegeObject::Sequence(name) => format!("sequence {}", name.sql()),
            PrivilegeObject::Type(name) => format!("type {}", name.sql()),
            PrivilegeObject::Function(name, types) => format!("function {}({types})", name.sql()),
        };
        let columns = match &self.object {
            PrivilegeObject::Column(_, column) => format!(" ({})", column.sql()),
            _ => String::new(),
        };
        format!("grant {}{columns} on {object} to {};", self.privilege.word().to_lowercase(), role.sql())
    }
}

impl fmt::Display for MissingPrivilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.privilege.word();
        match &self.object {
            PrivilegeObject::Database(name) => write!(f, "{word} on database {name}"),
            PrivilegeObject::Schema(name) | PrivilegeObject::LedgerSchema(name) => write!(f, "{word} on schema {name}"),
            PrivilegeObject::Table(name) | PrivilegeObject::LedgerTable(name) => write!(f, "{word} on table {name}"),
            PrivilegeObject::Column(name, column) => write!(f, "{word} on column {column} of table {name}"),
            PrivilegeObject::Sequence(name) => write!(f, "{word} on sequence {name}"),
            PrivilegeObject::Type(name) => write!(f, "{word} on type {name}"),
            PrivilegeObject::Function(name, types) => write!(f, "{word} on function {name}({types})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_there_and_back() {
        for word in ["SELECT", "INSERT", "UPDATE", "DELETE", "USAGE", "CREATE", "TEMPORARY", "EXECUTE"] {
            assert_eq!(word.parse().map(Privilege::word), Ok(word));
        }
        assert!("TRUNCATE".parse::<Privilege>().is_err());
    }

    #[test]
    fn grants_are_quoted_and_the_ledger_is_for_writers_only() {
        let table = PrivilegeObject::Table(QualifiedName::new("s", "a\"b"));
        let missing = MissingPrivilege { object: table, privilege: Privilege::Select };
        assert_eq!(missing.grant(&Ident::new("Bob")), "grant select on table \"s\".\"a\"\"b\" to \"Bob\";");
        assert!(missing.needed_to_read());
        let usage = |object: fn(Ident) -> PrivilegeObject| MissingPrivilege {
            object: object(Ident::new("failback")),
            privilege: Privilege::Usage,
        };
        assert!(usage(PrivilegeObject::Schema).needed_to_read());
        assert!(!usage(PrivilegeObject::LedgerSchema).needed_to_read());
    }
}
