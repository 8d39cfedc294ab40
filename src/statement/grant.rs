//! Scripts that give a role what failback needs, and no more. They are for an administrator to read and to run, with `psql`; no
//! step sends them.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::in_ledger;
use crate::name::{Ident, QualifiedName, Side};
use crate::schema::{LedgerPlace, Memory};

const CREATE_SCHEMA: &str = include_str!("../../sql/ledger/create_schema.sql");
const CREATE_BROUGHT: &str = include_str!("../../sql/ledger/create_brought.sql");

/// The first major version that lets a role set `session_replication_role` by a grant.
const GRANTS_ON_PARAMETERS: u32 = 150_000;

/// What a role needs on one server.
#[derive(Clone, Debug)]
pub struct ServerGrants {
    /// Which server it is.
    pub side: Side,
    /// Where it is, for the reader.
    pub address: String,
    /// The role.
    pub role: Ident,
    /// Whether there is such a role already.
    pub role_exists: bool,
    /// `server_version_num`; nothing where the server was not asked.
    pub version_num: Option<u32>,
    /// The schema of the ledger.
    pub ledger_schema: Ident,
    /// What is needed in each database.
    pub databases: Vec<DatabaseGrants>,
}

/// What a role needs in one database.
#[derive(Clone, Debug)]
pub struct DatabaseGrants {
    /// The database.
    pub name: Ident,
    /// What is known of it.
    pub objects: GrantedObjects,
}

/// On what privileges are needed.
#[derive(Clone, Debug)]
pub enum GrantedObjects {
    /// On everything in these schemas: the database was not asked.
    WholeSchemas(BTreeSet<Ident>),
    /// On these objects.
    Listed(Box<ListedObjects>),
}

/// The objects of a database on which privileges are needed.
#[derive(Clone, Debug)]
pub struct ListedObjects {
    /// Schemas that are looked into.
    pub schemas: BTreeSet<Ident>,
    /// Types that not everybody may use: a merge makes temporary tables of them.
    pub types: BTreeSet<QualifiedName>,
    /// Functions that not everybody may call, with the types of their arguments: writing rows, or finding them, calls them.
    pub functions: BTreeSet<(QualifiedName, String)>,
    /// Tables and partitions that are read.
    pub read: BTreeSet<QualifiedName>,
    /// Tables that a merge writes.
    pub written: BTreeSet<QualifiedName>,
    /// Columns of parents that are not written: the right to set one lets a row be locked.
    pub locked: BTreeMap<QualifiedName, Vec<Ident>>,
    /// Sequences that are read, and raised by a merge.
    pub sequences: BTreeSet<QualifiedName>,
    /// Tables whose policies would hide rows from the role.
    pub shielded: BTreeSet<QualifiedName>,
    /// Where the ledger is.
    pub ledger: LedgerPlace,
}

impl ServerGrants {
    /// Writes the script.
    #[must_use]
    pub fn script(&self) -> String {
        let role = self.role.visible_sql();
        let mut lines = vec![
            format!("-- What failback's user needs on {}, and no more.", self.side),
            format!("-- For psql, by an administrator of {}.", comment(&self.address)),
            "-- Before `failback mark` and `failback arm`: what is granted on after one of them, it proves less of.".to_owned(),
        ];
        if !self.role_exists {
            lines.push(format!("create role {role} login;"));
        }
        if self.side == Side::Old {
            lines.extend(self.quiet_triggers(&role));
        }
        for database in &self.databases {
            let name = database.name.visible_sql();
            lines.push(String::new());
            lines.push(connect(&database.name));
            let more = if self.side == Side::Old { ", temporary" } else { "" };
            lines.push(format!("grant connect{more} on database {name} to {role};"));
            match &database.objects {
                GrantedObjects::WholeSchemas(schemas) => lines.extend(self.whole(&role, schemas)),
                GrantedObjects::Listed(objects) => lines.extend(self.listed(&role, objects)),
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// How a merge keeps OLD's triggers from firing.
    fn quiet_triggers(&self, role: &str) -> Vec<String> {
        let grant = format!("grant set on parameter session_replication_role to {role};");
        match self.version_num {
            Some(version) if version < GRANTS_ON_PARAMETERS => vec![
                "-- Before PostgreSQL 15 no grant keeps triggers quiet: merge and undo need a superuser, the owner of the \
                 tables, or --fire-triggers."
                    .to_owned(),
            ],
            _ => vec!["-- For merge and undo, as a superuser (PostgreSQL 15 or newer):".to_owned(), grant],
        }
    }

    fn whole(&self, role: &str, schemas: &BTreeSet<Ident>) -> Vec<String> {
        let mut lines = vec!["-- The server was not asked what there is: repeat this for every schema.".to_owned()];
        for schema in schemas {
            let schema = schema.visible_sql();
            let writes = if self.side == Side::Old { ", insert, update, delete" } else { "" };
            let raises = if self.side == Side::Old { ", update" } else { "" };
            lines.push(format!("grant usage on schema {schema} to {role};"));
            lines.push(format!("grant select{writes} on all tables in schema {schema} to {role};"));
            lines.push(format!("grant select{raises} on all sequences in schema {schema} to {role};"));
        }
        if self.side == Side::Old {
            lines.push(
                "-- Types and functions that not everybody may use: usage on type …, execute on function … as well.".to_owned(),
            );
            lines.extend(self.make_ledger(role, true));
        }
        lines
    }

    fn listed(&self, role: &str, objects: &ListedObjects) -> Vec<String> {
        let mut lines = Vec::new();
        let mut grant = |privileges: &str, sort: &str, names: Vec<String>| {
            for some in names.chunks(10) {
                lines.push(format!("grant {privileges} on {sort} {} to {role};", some.join(", ")));
            }
        };
        let names = |set: &BTreeSet<QualifiedName>| set.iter().map(QualifiedName::visible_sql).collect::<Vec<_>>();
        grant("usage", "schema", objects.schemas.iter().map(Ident::visible_sql).collect());
        grant("select", "table", names(&objects.read));
        grant("execute", "function", objects.functions.iter().map(|(name, types)| signature(name, types)).collect());
        if self.side == Side::Old {
            grant("usage", "type", names(&objects.types));
            grant("insert, update, delete", "table", names(&objects.written));
            for (table, columns) in &objects.locked {
                let columns: Vec<_> = columns.iter().map(Ident::visible_sql).collect();
                // Rows of parents are locked, which the right to set any column allows.
                grant(&format!("update ({})", columns.join(", ")), "table", vec![table.visible_sql()]);
            }
            grant("select, update", "sequence", names(&objects.sequences));
        } else {
            grant("select", "sequence", names(&objects.sequences));
        }
        for table in &objects.shielded {
            lines.push(format!(
                "-- {} is under row-level security, and left out unless: alter role {role} bypassrls;",
                comment(&table.to_string())
            ));
        }
        if self.side == Side::Old {
            lines.extend(self.ledger(role, &objects.ledger));
        }
        lines
    }

    fn ledger(&self, role: &str, place: &LedgerPlace) -> Vec<String> {
        let schema = self.ledger_schema.visible_sql();
        match place {
            LedgerPlace::Absent => self.make_ledger(role, true),
            LedgerPlace::Empty => self.make_ledger(role, false),
            LedgerPlace::Ledger { memory } => {
                let (more, tables) = match memory {
                    Memory::Nothing => (", create", format!("{schema}.ledger")),
                    Memory::ByName | Memory::ByIdentity => ("", format!("{schema}.ledger, {schema}.brought")),
                };
                let mut lines = Vec::new();
                if *memory == Memory::ByName {
                    lines.extend(self.made(CREATE_BROUGHT));
                }
                lines.push(format!("grant usage{more} on schema {schema} to {role};"));
                lines.push(format!("grant select, insert on table {tables} to {role};"));
                lines
            }
            LedgerPlace::Newer { .. } | LedgerPlace::Elsewhere(_) | LedgerPlace::Taken(_) => {
                vec![format!(
                    "-- The schema {} is not the ledger's: see `failback discover`.",
                    comment(self.ledger_schema.as_str())
                )]
            }
        }
    }

    /// A batch of `sql/ledger/` as lines of the script.
    fn made(&self, batch: &str) -> Vec<String> {
        let made = in_ledger(batch, &self.ledger_schema);
        made.lines().filter(|line| !line.starts_with("--")).map(str::to_owned).collect()
    }

    /// The schema of the ledger, in which the role makes its tables with the first merge: less than to let it make schemas.
    fn make_ledger(&self, role: &str, is_absent: bool) -> Vec<String> {
        let schema = self.ledger_schema.visible_sql();
        let mut lines = Vec::new();
        if is_absent {
            lines.extend(self.made(CREATE_SCHEMA));
        }
        lines.push(format!("grant usage, create on schema {schema} to {role};"));
        lines
    }
}

/// The line on which psql goes to another database, unless it would take the name for something else.
fn connect(database: &Ident) -> String {
    let name = database.as_str();
    if name.chars().all(crate::name::is_visible) && !name.contains(['=', '\\', ':']) {
        format!("\\connect {}", database.sql())
    } else {
        format!("-- Now connect to the database {}.", comment(name))
    }
}

/// Names a function by its arguments, unless their types' names would play tricks on a terminal: then by its name, which is
/// nearly always enough.
fn signature(name: &QualifiedName, types: &str) -> String {
    let name = name.visible_sql();
    if types.chars().all(crate::name::is_visible) { format!("{name}({types})") } else { name }
}

/// Makes a text fit for the rest of a line behind `--`.
fn comment(text: &str) -> String {
    text.chars().map(|c| if crate::name::is_visible(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(side: Side, objects: GrantedObjects) -> ServerGrants {
        ServerGrants {
            side,
            address: "old\nhost:5432".to_owned(),
            role: Ident::new("fail\"back"),
            role_exists: false,
            version_num: Some(140_000),
            ledger_schema: Ident::new("failback"),
            databases: vec![DatabaseGrants { name: Ident::new("shop"), objects }],
        }
    }

    fn listed() -> GrantedObjects {
        let table = |name| QualifiedName::new("public", name);
        GrantedObjects::Listed(Box::new(ListedObjects {
            schemas: [Ident::new("public")].into(),
            types: [table("mood")].into(),
            functions: [(table("fits"), "text, \"Odd\"".to_owned()), (table("odd"), "\u{202e}".to_owned())].into(),
            read: [table("a"), table("a_1"), table("p")].into(),
            written: [table("a")].into(),
            locked: [(table("p"), vec![Ident::new("id")])].into(),
            sequences: [table("a_id_seq")].into(),
            shielded: [table("a")].into(),
            ledger: LedgerPlace::Ledger { memory: Memory::ByIdentity },
        }))
    }

    #[test]
    fn the_script_for_old_grants_what_each_step_needs() {
        let text = grants(Side::Old, listed()).script();
        let expected = "-- What failback's user needs on OLD, and no more.\n\
                        -- For psql, by an administrator of old?host:5432.\n\
                        -- Before `failback mark` and `failback arm`: what is granted on after one of them, it proves less \
                        of.\n\
                        create role \"fail\"\"back\" login;\n\
                        -- Before PostgreSQL 15 no grant keeps triggers quiet: merge and undo need a superuser, the owner of \
                        the tables, or --fire-triggers.\n\n\
                        \\connect \"shop\"\n\
                        grant connect, temporary on database \"shop\" to \"fail\"\"back\";\n\
                        grant usage on schema \"public\" to \"fail\"\"back\";\n\
                        grant select on table \"public\".\"a\", \"public\".\"a_1\", \"public\".\"p\" to \"fail\"\"back\";\n\
                        grant execute on function \"public\".\"fits\"(text, \"Odd\"), \"public\".\"odd\" to \"fail\"\"back\";\n\
                        grant usage on type \"public\".\"mood\" to \"fail\"\"back\";\n\
                        grant insert, update, delete on table \"public\".\"a\" to \"fail\"\"back\";\n\
                        grant update (\"id\") on table \"public\".\"p\" to \"fail\"\"back\";\n\
                        grant select, update on sequence \"public\".\"a_id_seq\" to \"fail\"\"back\";\n\
                        -- public.a is under row-level security, and left out unless: alter role \"fail\"\"back\" bypassrls;\n\
                        grant usage on schema \"failback\" to \"fail\"\"back\";\n\
                        grant select, insert on table \"failback\".ledger, \"failback\".brought to \"fail\"\"back\";\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_script_for_new_writes_nothing() {
        for objects in [listed(), GrantedObjects::WholeSchemas([Ident::new("public")].into())] {
            let text = grants(Side::New, objects).script();
            for word in ["insert", "update", "delete", "temporary", "create schema", "parameter", "usage on type"] {
                assert!(!text.contains(word), "{word}: {text}");
            }
        }
    }
}
