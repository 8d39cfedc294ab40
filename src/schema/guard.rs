//! What keeps users out of a server's databases, or from writing to them.

/// A database, as far as who may enter and write goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedDatabase {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// Whether this user may act as the owner.
    pub may_alter: bool,
    /// How many users may be connected at once; -1 where any number may.
    pub connection_limit: i32,
    /// What it sets `default_transaction_read_only` to, for all roles.
    pub read_only: Option<String>,
}

/// A right to connect to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectGrant {
    /// The database.
    pub database: String,
    /// Who has it; nothing where everybody does.
    pub role: Option<String>,
    /// Whether it may be handed on.
    pub grantable: bool,
    /// Whether the role is a superuser, whom it does not concern.
    pub superuser: bool,
    /// Whether the database's owner gave it.
    pub by_owner: bool,
    /// Who did.
    pub grantor: Option<String>,
}

/// A role.
#[expect(clippy::struct_excessive_bools, reason = "facts of the catalog, each independent of the others")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedRole {
    /// Its name.
    pub name: String,
    /// Whether it can log in.
    pub logs_in: bool,
    /// Whether nothing keeps it out.
    pub superuser: bool,
    /// Whether it may read the server's log, as standbys do.
    pub replication: bool,
    /// How many sessions it may have at once; -1 where any number.
    pub connection_limit: i32,
    /// Whether it is the user who asks.
    pub is_own: bool,
    /// The databases that it may connect to, of those that were asked about.
    pub connects: Vec<String>,
    /// Whether its own settings let it write where a database is read-only.
    pub writes: bool,
}
