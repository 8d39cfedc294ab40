//! What a fence changes, one thing each, with what was there before.

use serde::{Deserialize, Serialize};

use super::guard::{ConnectGrant, GuardedDatabase, GuardedRole};
use crate::words::words;

/// A way to keep writers out, from the gentlest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Transactions are read-only unless they say otherwise: keeps out who does not insist.
    Readonly,
    /// Nobody may connect.
    Connect,
    /// Nobody may have a session.
    Limit,
}

words!(Rung { Readonly => "readonly", Connect => "connect", Limit => "limit" });

/// One thing that a fence changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum FenceChange {
    /// A database makes transactions read-only.
    ReadOnly {
        /// The database.
        database: String,
        /// What it had set before, if anything.
        before: Option<String>,
    },
    /// A right to connect is given to a role that is to stay, and that had it as everybody had.
    Give {
        /// The database.
        database: String,
        /// The role.
        role: String,
    },
    /// A right to connect is taken.
    Take {
        /// The database.
        database: String,
        /// Whose; nothing where everybody's.
        role: Option<String>,
        /// Whether it might be handed on.
        grantable: bool,
    },
    /// A database takes no sessions but superusers'.
    DatabaseLimit {
        /// The database.
        database: String,
        /// How many it took before; -1 where any number.
        before: i32,
    },
    /// A role has no sessions, in whichever database.
    RoleLimit {
        /// The role.
        role: String,
        /// How many it might have before; -1 where any number.
        before: i32,
    },
}

/// How things are, of what a fence changes.
#[derive(Clone, Debug)]
pub struct Guards {
    /// The databases.
    pub databases: Vec<GuardedDatabase>,
    /// Who may connect to them by a grant.
    pub grants: Vec<ConnectGrant>,
    /// The roles.
    pub roles: Vec<GuardedRole>,
}

/// What a change finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeState {
    /// It is made.
    Made,
    /// It is not: all is as before.
    Unmade,
    /// Neither: somebody has set something else since.
    Other(String),
}

/// What a read-only database sets.
const ON: &str = "on";

impl FenceChange {
    /// Says whether the change is made, as things are.
    #[must_use]
    pub fn state(&self, now: &Guards) -> ChangeState {
        let of = |is_made: bool, is_unmade: bool, other: String| match (is_made, is_unmade) {
            (true, _) => ChangeState::Made,
            (false, true) => ChangeState::Unmade,
            (false, false) => ChangeState::Other(other),
        };
        let gone = |what: &str, name: &str| ChangeState::Other(format!("there is no {what} {name} any more"));
        let database = |name: &str| now.databases.iter().find(|database| database.name == name);
        let grant = |name: &str, role: Option<&str>| {
            now.grants.iter().find(|one| one.database == name && one.role.as_deref() == role && one.by_owner)
        };
        match self {
            Self::ReadOnly { database: name, before } => match database(name) {
                None => gone("database", name),
                Some(now) => of(
                    now.read_only.as_deref() == Some(ON),
                    now.read_only == *before,
                    format!("default_transaction_read_only is {}", now.read_only.as_deref().unwrap_or("not set")),
                ),
            },
            Self::Give { database: name, .. } | Self::Take { database: name, .. } if database(name).is_none() => {
                gone("database", name)
            }
            Self::Give { role, .. } | Self::Take { role: Some(role), .. } if now.roles.iter().all(|one| one.name != *role) => {
                gone("role", role)
            }
            Self::Give { database: name, role } => match grant(name, Some(role)) {
                None => ChangeState::Unmade,
                Some(found) => of(!found.grantable, false, format!("{role} may hand the right to connect on")),
            },
            Self::Take { database: name, role, grantable } => match grant(name, role.as_deref()) {
                None => ChangeState::Made,
                Some(found) => of(false, found.grantable == *grantable, "the right to connect was given anew".to_owned()),
            },
            Self::DatabaseLimit { database: name, before } => match database(name) {
                None => gone("database", name),
                Some(now) => {
                    let limit = now.connection_limit;
                    of(limit == 0, limit == *before, format!("its connection limit is {limit}"))
                }
            },
            Self::RoleLimit { role, before } => match now.roles.iter().find(|known| known.name == *role) {
                None => gone("role", role),
                Some(now) => {
                    let limit = now.connection_limit;
                    of(limit == 0, limit == *before, format!("its connection limit is {limit}"))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guards() -> Guards {
        Guards {
            databases: vec![GuardedDatabase {
                name: "shop".to_owned(),
                owner: "o".to_owned(),
                may_alter: true,
                connection_limit: 0,
                read_only: Some("on".to_owned()),
            }],
            grants: vec![ConnectGrant {
                database: "shop".to_owned(),
                role: Some("dba".to_owned()),
                grantable: false,
                superuser: false,
                by_owner: true,
                grantor: Some("o".to_owned()),
            }],
            roles: vec![GuardedRole {
                name: "dba".to_owned(),
                logs_in: true,
                superuser: false,
                replication: false,
                connection_limit: -1,
                is_own: true,
                connects: vec!["shop".to_owned()],
                writes: false,
            }],
        }
    }

    #[test]
    fn what_others_have_set_since_is_told_from_what_is_as_before() {
        let database = || "shop".to_owned();
        let read_only = FenceChange::ReadOnly { database: database(), before: None };
        let limit = FenceChange::DatabaseLimit { database: database(), before: 50 };
        let taken = FenceChange::Take { database: database(), role: None, grantable: false };
        let given = FenceChange::Give { database: database(), role: "dba".to_owned() };
        for change in [&read_only, &limit, &taken, &given] {
            assert_eq!(change.state(&guards()), ChangeState::Made, "{change:?}");
        }
        let mut now = guards();
        now.databases[0].connection_limit = 50;
        now.databases[0].read_only = None;
        now.grants[0].role = None;
        for change in [&read_only, &limit, &taken, &given] {
            assert_eq!(change.state(&now), ChangeState::Unmade, "{change:?}");
        }
        now.databases[0].connection_limit = 7;
        now.databases[0].read_only = Some("off".to_owned());
        now.grants[0].grantable = true;
        for change in [&read_only, &limit, &taken] {
            assert!(matches!(change.state(&now), ChangeState::Other(_)), "{change:?}");
        }
        now.databases.clear();
        for change in [read_only, limit, taken, given] {
            assert!(matches!(change.state(&now), ChangeState::Other(why) if why.contains("no database shop")), "{change:?}");
        }
        let role = FenceChange::RoleLimit { role: "app".to_owned(), before: -1 };
        assert!(matches!(role.state(&now), ChangeState::Other(_)));
    }
}
