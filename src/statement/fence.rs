//! What makes a fence, and takes it down.

use crate::name::{Ident, literal};
use crate::schema::FenceChange;

/// Makes a change.
#[must_use]
pub fn fence(change: &FenceChange) -> String {
    match change {
        FenceChange::ReadOnly { database, .. } => {
            format!("alter database {} set default_transaction_read_only = on", name(database))
        }
        FenceChange::Give { database, role } => format!("grant connect on database {} to {}", name(database), name(role)),
        FenceChange::Take { database, role, .. } => {
            format!("revoke connect on database {} from {}", name(database), grantee(role.as_deref()))
        }
        FenceChange::DatabaseLimit { database, .. } => format!("alter database {} connection limit 0", name(database)),
        FenceChange::RoleLimit { role, .. } => format!("alter role {} connection limit 0", name(role)),
    }
}

/// Takes a change back.
#[must_use]
pub fn lift(change: &FenceChange) -> String {
    match change {
        FenceChange::ReadOnly { database, before: None } => {
            format!("alter database {} reset default_transaction_read_only", name(database))
        }
        FenceChange::ReadOnly { database, before: Some(before) } => {
            format!("alter database {} set default_transaction_read_only = {}", name(database), literal(before))
        }
        FenceChange::Give { database, role } => format!("revoke connect on database {} from {}", name(database), name(role)),
        FenceChange::Take { database, role, grantable } => {
            let more = if *grantable { " with grant option" } else { "" };
            format!("grant connect on database {} to {}{more}", name(database), grantee(role.as_deref()))
        }
        FenceChange::DatabaseLimit { database, before } => {
            format!("alter database {} connection limit {before}", name(database))
        }
        FenceChange::RoleLimit { role, before } => format!("alter role {} connection limit {before}", name(role)),
    }
}

/// Puts statements into one message, which is one transaction.
#[must_use]
pub fn all_at_once(statements: &[String]) -> String {
    statements.join(";\n")
}

fn name(name: &str) -> String {
    Ident::new(name).sql()
}

fn grantee(role: Option<&str>) -> String {
    role.map_or_else(|| "public".to_owned(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_taken_back_to_what_was_there() {
        let (database, role) = (|| "it's \"mine\"".to_owned(), || "App".to_owned());
        let both = |change: FenceChange| (fence(&change), lift(&change));
        let own = "\"it's \"\"mine\"\"\"";
        let (there, back) = both(FenceChange::ReadOnly { database: database(), before: Some("off".to_owned()) });
        assert_eq!(there, format!("alter database {own} set default_transaction_read_only = on"));
        assert_eq!(back, format!("alter database {own} set default_transaction_read_only = 'off'"));
        let (_, back) = both(FenceChange::ReadOnly { database: database(), before: None });
        assert_eq!(back, format!("alter database {own} reset default_transaction_read_only"));
        let (there, back) = both(FenceChange::Take { database: database(), role: None, grantable: false });
        assert_eq!(there, format!("revoke connect on database {own} from public"));
        assert_eq!(back, format!("grant connect on database {own} to public"));
        let (_, back) = both(FenceChange::Take { database: database(), role: Some(role()), grantable: true });
        assert_eq!(back, format!("grant connect on database {own} to \"App\" with grant option"));
        let (there, back) = both(FenceChange::Give { database: database(), role: role() });
        assert_eq!(there, format!("grant connect on database {own} to \"App\""));
        assert_eq!(back, format!("revoke connect on database {own} from \"App\""));
        let limit = both(FenceChange::RoleLimit { role: role(), before: -1 });
        assert_eq!(limit, ("alter role \"App\" connection limit 0".into(), "alter role \"App\" connection limit -1".into()));
        let (_, back) = both(FenceChange::DatabaseLimit { database: database(), before: 5 });
        assert_eq!(back, format!("alter database {own} connection limit 5"));
    }
}
