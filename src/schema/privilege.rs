//! Privileges that a recovery needs and a user lacks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{Ident, QualifiedName};

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
    /// The database.
    Database(Ident),
    /// A schema.
    Schema(Ident),
    /// A table or partition.
    Table(QualifiedName),
    /// A sequence.
    Sequence(QualifiedName),
}

/// A privilege, by its word in GRANT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
}

impl Privilege {
    /// Returns the word used in GRANT.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Usage => "USAGE",
            Self::Create => "CREATE",
            Self::Temporary => "TEMPORARY",
        }
    }

    /// Returns the privilege of that word, if it is one of those that matter here.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        use Privilege::{Create, Delete, Insert, Select, Temporary, Update, Usage};
        [Select, Insert, Update, Delete, Usage, Create, Temporary].into_iter().find(|privilege| privilege.word() == word)
    }
}

impl MissingPrivilege {
    /// Whether the privilege is needed to read, so on NEW as well; the others are needed only where rows are written.
    #[must_use]
    pub fn needed_to_read(&self) -> bool {
        match (&self.object, self.privilege) {
            (_, Privilege::Select) => true,
            (PrivilegeObject::Schema(schema), Privilege::Usage) => schema.as_str() != super::LEDGER_SCHEMA,
            _ => false,
        }
    }

    /// Returns the statement that would mend it.
    #[must_use]
    pub fn grant(&self, role: &Ident) -> String {
        let object = match &self.object {
            PrivilegeObject::Database(name) => format!("database {}", name.sql()),
            PrivilegeObject::Schema(name) => format!("schema {}", name.sql()),
            PrivilegeObject::Table(name) => format!("table {}", name.sql()),
            PrivilegeObject::Sequence(name) => format!("sequence {}", name.sql()),
        };
        format!("grant {} on {object} to {};", self.privilege.word().to_lowercase(), role.sql())
    }
}

impl fmt::Display for MissingPrivilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.privilege.word();
        match &self.object {
            PrivilegeObject::Database(name) => write!(f, "{word} on database {name}"),
            PrivilegeObject::Schema(name) => write!(f, "{word} on schema {name}"),
            PrivilegeObject::Table(name) => write!(f, "{word} on table {name}"),
            PrivilegeObject::Sequence(name) => write!(f, "{word} on sequence {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_there_and_back() {
        for word in ["SELECT", "INSERT", "UPDATE", "DELETE", "USAGE", "CREATE", "TEMPORARY"] {
            assert_eq!(Privilege::of_word(word).map(Privilege::word), Some(word));
        }
        assert_eq!(Privilege::of_word("TRUNCATE"), None);
    }

    #[test]
    fn grants_are_quoted_and_the_ledger_is_for_writers_only() {
        let table = PrivilegeObject::Table(QualifiedName::new("s", "a\"b"));
        let missing = MissingPrivilege { object: table, privilege: Privilege::Select };
        assert_eq!(missing.grant(&Ident::new("Bob")), "grant select on table \"s\".\"a\"\"b\" to \"Bob\";");
        assert!(missing.needed_to_read());
        let usage =
            |schema| MissingPrivilege { object: PrivilegeObject::Schema(Ident::new(schema)), privilege: Privilege::Usage };
        assert!(usage("public").needed_to_read());
        assert!(!usage("failback").needed_to_read());
    }
}
