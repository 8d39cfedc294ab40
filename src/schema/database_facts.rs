//! A database as a whole: what a copy of it has to be made like.

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its OID, which it keeps under whatever name.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// How it is made.
    pub locale: DatabaseLocale,
    /// What is said of it.
    pub comment: Option<String>,
    /// How many sessions it takes; -1 where any number.
    pub connection_limit: i32,
    /// Whether it takes connections at all.
    pub is_open: bool,
    /// Its size, where this user may ask.
    pub bytes: Option<u64>,
    /// Whether this user may act as its owner.
    pub may_alter: bool,
}

/// Encoding and order of a database's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseLocale {
    /// Its encoding, as "UTF8".
    pub encoding: String,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// Whose order it is: `c`, `i` or `b`.
    pub provider: String,
    /// The locale of ICU, or of PostgreSQL's own.
    pub locale: Option<String>,
}

/// A right on a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseGrant {
    /// Whose; nothing where everybody's.
    pub role: Option<String>,
    /// Which, as SQL spells it.
    pub privilege: String,
    /// Whether it may be handed on.
    pub grantable: bool,
}

/// A setting of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSetting {
    /// For which role; nothing where for all.
    pub role: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Something that an archive needs of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveNeed {
    /// The name of a role, or of an extension.
    pub name: String,
    /// Whether it is a role.
    pub is_role: bool,
    /// Whether the server has it.
    pub is_there: bool,
    /// Whether this user may give what he makes to the role.
    pub may_act: bool,
}
