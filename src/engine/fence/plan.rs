//! What has to be changed to keep writers out, as things are.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::schema::{ConnectGrant, FenceChange, Guards, Rung};
use crate::statement::{fence, lift};

/// What a fence changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FencePlan {
    /// By which ways.
    pub rungs: Vec<Rung>,
    /// Around which databases.
    pub databases: Vec<String>,
    /// What is changed, in this order, in one transaction.
    pub changes: Vec<FenceChange>,
    /// The statements.
    pub statements: Vec<String>,
    /// Those that take them back, the last change first.
    pub lifts: Vec<String>,
    /// Roles that are left alone: the user who makes the fence, and those that were asked for.
    pub spared: Vec<String>,
    /// What it does not keep out.
    pub holes: Vec<String>,
}

/// Works out what has to be changed.
///
/// # Errors
/// `Usage` where a role that is to be left alone, or a database, is not there; `Permission` where the user may not change what
/// has to be.
pub(super) fn plan(side: Side, guards: &Guards, databases: &[String], rungs: &[Rung], except: &[String]) -> Result<FencePlan> {
    let case = Case::new(side, guards, rungs, except)?;
    case.expect_databases(databases)?;
    case.expect_rights()?;
    let mut changes = Vec::new();
    if case.has(Rung::Readonly) {
        let open = guards.databases.iter().filter(|database| database.read_only.as_deref() != Some("on"));
        changes.extend(open.map(|one| FenceChange::ReadOnly { database: one.name.clone(), before: one.read_only.clone() }));
    }
    if case.has(Rung::Connect) {
        changes.extend(case.gives());
        changes.extend(case.takes());
    }
    if case.has(Rung::Limit) {
        changes.extend(case.limits());
    }
    Ok(FencePlan {
        rungs: rungs.to_vec(),
        databases: databases.to_vec(),
        statements: changes.iter().map(fence).collect(),
        lifts: changes.iter().rev().map(lift).collect(),
        changes,
        holes: case.holes(),
        spared: case.spared.into_iter().map(str::to_owned).collect(),
    })
}

struct Case<'a> {
    side: Side,
    guards: &'a Guards,
    rungs: &'a [Rung],
    except: &'a [String],
    /// Roles that are left alone.
    spared: BTreeSet<&'a str>,
    /// Whether the user who asks is a superuser.
    is_superuser: bool,
}

impl<'a> Case<'a> {
    fn new(side: Side, guards: &'a Guards, rungs: &'a [Rung], except: &'a [String]) -> Result<Self> {
        let own = guards.roles.iter().filter(|role| role.is_own);
        if let Some(unknown) = except.iter().find(|name| guards.roles.iter().all(|role| role.name != **name)) {
            return Err(Error::new(ErrorKind::Usage, "leave a role alone")
                .at(side)
                .because(format!("there is no role {unknown}"))
                .next("correct --except"));
        }
        Ok(Self {
            side,
            guards,
            rungs,
            except,
            spared: own.clone().map(|role| role.name.as_str()).chain(except.iter().map(String::as_str)).collect(),
            is_superuser: own.into_iter().any(|role| role.superuser),
        })
    }

    fn has(&self, rung: Rung) -> bool {
        self.rungs.contains(&rung)
    }

    fn expect_databases(&self, wanted: &[String]) -> Result<()> {
        match wanted.iter().find(|name| self.guards.databases.iter().all(|database| database.name != **name)) {
            None => Ok(()),
            Some(gone) => Err(Error::new(ErrorKind::Usage, "fence a database")
                .at(self.side)
                .because(format!("there is no database {gone}"))
                .next("correct --databases")),
        }
    }

    /// A user who may not act as the owner is told by the server, of rights, with a warning alone.
    fn expect_rights(&self) -> Result<()> {
        let by_roles_alone = self.rungs == [Rung::Limit] && !self.limits_databases();
        let others = self.guards.databases.iter().filter(|database| !database.may_alter && !by_roles_alone);
        let others: Vec<_> = others.map(|database| format!("{} (its owner is {})", database.name, database.owner)).collect();
        if others.is_empty() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Permission, "fence the databases").at(self.side);
        Err(error
            .because(format!("this user may not act as the owner of {}", others.join(", ")))
            .next("GRANT the owner's role TO this user, connect as the owner, or as a superuser")
            .next("or --by limit, which needs CREATEROLE, and the roles' ADMIN OPTION from PostgreSQL 16 on"))
    }

    /// Whether a database can be closed as a whole: that spares superusers alone.
    fn limits_databases(&self) -> bool {
        self.is_superuser && self.except.is_empty()
    }

    fn is_superuser(&self, name: &str) -> bool {
        self.guards.roles.iter().any(|role| role.name == name && role.superuser)
    }

    /// Who is left alone, and had what everybody has, gets it as his own.
    fn gives(&self) -> impl Iterator<Item = FenceChange> {
        self.guards.databases.iter().flat_map(move |database| {
            let has_own = move |role: &str| {
                let grants = self.guards.grants.iter().filter(|grant| grant.database == database.name && grant.by_owner);
                grants.into_iter().any(|grant| grant.role.as_deref() == Some(role))
            };
            let lacking = self.spared.iter().filter(move |role| !self.is_superuser(role) && !has_own(role));
            lacking.map(move |role| FenceChange::Give { database: database.name.clone(), role: (*role).to_owned() })
        })
    }

    fn takes(&self) -> impl Iterator<Item = FenceChange> {
        let is_spared = move |role: &Option<String>| role.as_deref().is_some_and(|role| self.spared.contains(role));
        let taken = self.guards.grants.iter().filter(move |grant| {
            grant.by_owner && !grant.superuser && !is_spared(&grant.role) && self.passed_on(grant).is_empty()
        });
        taken.map(|grant| FenceChange::Take {
            database: grant.database.clone(),
            role: grant.role.clone(),
            grantable: grant.grantable,
        })
    }

    /// Who has a right to connect from the one who has this one. The server takes this one with theirs alone, which could not
    /// be put back as it was.
    fn passed_on(&self, grant: &ConnectGrant) -> Vec<&'a str> {
        let is_by = |other: &&ConnectGrant| {
            other.database == grant.database && !other.by_owner && other.grantor.is_some() && other.grantor == grant.role
        };
        self.guards.grants.iter().filter(is_by).map(|other| other.role.as_deref().unwrap_or("everybody")).collect()
    }

    fn limits(&self) -> Vec<FenceChange> {
        if self.limits_databases() {
            let open = self.guards.databases.iter().filter(|database| database.connection_limit != 0);
            let limit = |one: &crate::schema::GuardedDatabase| FenceChange::DatabaseLimit {
                database: one.name.clone(),
                before: one.connection_limit,
            };
            return open.map(limit).collect();
        }
        let roles = self.guards.roles.iter().filter(|role| {
            let gets_in = role.logs_in && !role.superuser && !role.connects.is_empty() && role.connection_limit != 0;
            gets_in && !role.replication && !self.spared.contains(role.name.as_str())
        });
        roles.map(|role| FenceChange::RoleLimit { role: role.name.clone(), before: role.connection_limit }).collect()
    }

    /// Says what gets in, or writes, all the same.
    fn holes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let named = |names: Vec<&str>| names.join(", ");
        let superusers = self.guards.roles.iter().filter(|role| role.superuser && role.logs_in);
        let superusers: Vec<_> = superusers.map(|role| role.name.as_str()).collect();
        if !superusers.is_empty() {
            found.push(format!("superusers get in, and write: {}", named(superusers)));
        }
        if !self.except.is_empty() {
            found.push(format!("left alone, as asked for: {}", self.except.join(", ")));
        }
        if self.rungs == [Rung::Readonly] {
            found.push(
                "a session can switch it off (SET default_transaction_read_only = off): it stops who does not insist".into(),
            );
            let writes = self.guards.roles.iter().filter(|role| role.writes && role.logs_in && !role.superuser);
            let writes: Vec<_> = writes.map(|role| role.name.as_str()).collect();
            if !writes.is_empty() {
                found.push(format!("set to write by their own settings: {}", named(writes)));
            }
        }
        let others = self.guards.grants.iter().filter(|grant| !grant.by_owner && !grant.superuser && self.has(Rung::Connect));
        found.extend(others.map(|grant| {
            let (whose, by) = (grant.role.as_deref().unwrap_or("everybody"), grant.grantor.as_deref().unwrap_or("somebody"));
            format!("{whose} may connect to {} by a grant of {by}'s, who alone can take it", grant.database)
        }));
        let owned = self.guards.grants.iter().filter(|grant| grant.by_owner && !grant.superuser && self.has(Rung::Connect));
        found.extend(owned.filter(|grant| !self.passed_on(grant).is_empty()).map(|grant| {
            let (whose, to) = (grant.role.as_deref().unwrap_or("everybody"), self.passed_on(grant).join(", "));
            format!(
                "{whose} may connect to {}, and has passed that right on, to {to}: it is left, as it goes with theirs",
                grant.database
            )
        }));
        if self.has(Rung::Limit) && !self.limits_databases() {
            let replicating = self.guards.roles.iter().filter(|role| role.replication && role.logs_in && !role.superuser);
            let replicating: Vec<_> = replicating.map(|role| role.name.as_str()).collect();
            if !replicating.is_empty() {
                found.push(format!("not limited, as standbys may depend on them: {}", named(replicating)));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{GuardedDatabase, GuardedRole};

    fn role(name: &str) -> GuardedRole {
        GuardedRole {
            name: name.to_owned(),
            logs_in: true,
            superuser: name == "root",
            replication: name == "standby",
            connection_limit: -1,
            is_own: name == "dba",
            connects: vec!["shop".to_owned()],
            writes: name == "job",
        }
    }

    fn grant(role: Option<&str>) -> ConnectGrant {
        ConnectGrant {
            database: "shop".to_owned(),
            role: role.map(str::to_owned),
            grantable: false,
            superuser: role == Some("root"),
            by_owner: true,
            grantor: Some("dba".to_owned()),
        }
    }

    fn guards() -> Guards {
        Guards {
            databases: vec![GuardedDatabase {
                name: "shop".to_owned(),
                owner: "owners".to_owned(),
                may_alter: true,
                connection_limit: -1,
                read_only: None,
            }],
            grants: vec![grant(None), grant(Some("app")), grant(Some("root"))],
            roles: ["app", "dba", "job", "monitor", "root", "standby"].map(role).to_vec(),
        }
    }

    fn statements(guards: &Guards, rungs: &[Rung], except: &[&str]) -> Vec<String> {
        let except: Vec<_> = except.iter().map(|role| (*role).to_owned()).collect();
        plan(Side::New, guards, &["shop".to_owned()], rungs, &except).expect("a plan").statements
    }

    #[test]
    fn who_is_left_alone_keeps_what_everybody_had() {
        let expected = [
            "grant connect on database \"shop\" to \"dba\"",
            "grant connect on database \"shop\" to \"monitor\"",
            "revoke connect on database \"shop\" from public",
            "revoke connect on database \"shop\" from \"app\"",
        ];
        assert_eq!(statements(&guards(), &[Rung::Connect], &["monitor"]), expected);
    }

    #[test]
    fn roles_are_limited_one_by_one_where_somebody_must_get_in() {
        let limited = statements(&guards(), &[Rung::Limit], &["monitor"]);
        assert_eq!(limited, ["alter role \"app\" connection limit 0", "alter role \"job\" connection limit 0"]);
        let mut of_superuser = guards();
        of_superuser.roles[1].superuser = true;
        assert_eq!(statements(&of_superuser, &[Rung::Limit], &[]), ["alter database \"shop\" connection limit 0"]);
        assert_eq!(statements(&of_superuser, &[Rung::Limit], &["monitor"]), limited, "a database spares superusers alone");
    }

    #[test]
    fn a_user_without_the_owners_rights_is_refused_before_anything_is_sent() {
        let mut others = guards();
        others.databases[0].may_alter = false;
        let refused = plan(Side::New, &others, &["shop".to_owned()], &[Rung::Connect], &[]).expect_err("no plan");
        assert_eq!(refused.kind(), ErrorKind::Permission);
        assert_eq!(statements(&others, &[Rung::Limit], &[]).len(), 3);
        let unknown = plan(Side::New, &guards(), &["shop".to_owned()], &[Rung::Limit], &["nobody".to_owned()]);
        assert_eq!(unknown.expect_err("no plan").kind(), ErrorKind::Usage);
    }

    #[test]
    fn what_gets_in_all_the_same_is_named() {
        let holes = |rungs: &[Rung]| plan(Side::New, &guards(), &[], rungs, &[]).expect("a plan").holes.join("; ");
        let read_only = holes(&[Rung::Readonly]);
        assert!(read_only.contains("superusers get in, and write: root"), "{read_only}");
        assert!(read_only.contains("can switch it off") && read_only.contains("own settings: job"), "{read_only}");
        assert!(holes(&[Rung::Limit]).contains("depend on them: standby"));
        let mut handed = guards();
        handed.grants[1].by_owner = false;
        let holes = plan(Side::New, &handed, &[], &[Rung::Connect], &[]).expect("a plan").holes.join("; ");
        assert!(holes.contains("app may connect to shop by a grant of dba's"), "{holes}");
    }

    #[test]
    fn a_right_that_was_passed_on_is_left_and_named() {
        let mut passed_on = guards();
        passed_on.grants.push(ConnectGrant { by_owner: false, grantor: Some("app".to_owned()), ..grant(Some("job")) });
        assert!(!statements(&passed_on, &[Rung::Connect], &[]).iter().any(|statement| statement.contains("from \"app\"")));
        let holes = plan(Side::New, &passed_on, &[], &[Rung::Connect], &[]).expect("a plan").holes.join("; ");
        assert!(holes.contains("app may connect to shop, and has passed that right on, to job"), "{holes}");
    }
}
