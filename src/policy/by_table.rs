//! Settings for one table, in every database or in one: `[tables."public.orders"]` and
//! `[databases.shop.tables."public.orders"]`.

use std::collections::BTreeMap;
use std::fmt;

use super::keys::{Entry, Section, nearest, spell};
use crate::error::Result;

/// Where a setting stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// `[defaults]`: every table.
    Defaults,
    /// `[tables."schema.table"]`: this table in every database.
    Table {
        /// The table as [`crate::name::QualifiedName`] prints it.
        table: String,
    },
    /// `[databases.name.tables."schema.table"]`: this table in one database.
    DatabaseTable {
        /// Whose tables are meant; the database's name.
        database: String,
        /// The table as [`crate::name::QualifiedName`] prints it.
        table: String,
    },
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => f.write_str("[defaults]"),
            Self::Table { table } => write!(f, "[tables.{}]", spell(table)),
            Self::DatabaseTable { database, table } => write!(f, "[databases.{}.tables.{}]", spell(database), spell(table)),
        }
    }
}

/// One value per table, some for one database only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByTable<T> {
    tables: BTreeMap<String, T>,
    databases: BTreeMap<String, BTreeMap<String, T>>,
}

impl<T> Default for ByTable<T> {
    fn default() -> Self {
        Self { tables: BTreeMap::new(), databases: BTreeMap::new() }
    }
}

impl<T> ByTable<T> {
    /// Reads the entries `tables` and `databases` of a section; `read` reads one table's section.
    ///
    /// An entry of `databases` that is no table is left to the caller.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Config`] if a table's name lacks its schema or its quotes, a key is unknown, or `read` fails.
    pub fn read(root: &Section<'_>, read: impl Fn(&Section<'_>) -> Result<T>) -> Result<Self> {
        let mut found = Self::default();
        if let Some(tables) = root.section("tables")? {
            found.tables = read_tables(&tables, &read)?;
        }
        let Some(databases) = root.entry("databases").filter(Entry::is_section) else { return Ok(found) };
        for entry in databases.section()?.entries().filter(Entry::is_section) {
            let database = entry.section()?;
            database.check(&["tables"])?;
            if let Some(tables) = database.section("tables")? {
                found.databases.insert(entry.key().to_owned(), read_tables(&tables, &read)?);
            }
        }
        Ok(found)
    }

    /// Returns what is set for a table in every database.
    #[must_use]
    pub fn table(&self, table: &str) -> Option<&T> {
        self.tables.get(table)
    }

    /// Returns what is set for a table in this database only.
    #[must_use]
    pub fn database_table(&self, database: &str, table: &str) -> Option<&T> {
        self.databases.get(database)?.get(table)
    }

    /// Lists everything with its place: tables first, then databases, each in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (Scope, &T)> {
        let tables = self.tables.iter().map(|(table, value)| (Scope::Table { table: table.clone() }, value));
        let databases = self.databases.iter().flat_map(|(database, tables)| {
            tables
                .iter()
                .map(|(table, value)| (Scope::DatabaseTable { database: database.clone(), table: table.clone() }, value))
        });
        tables.chain(databases)
    }

    /// Lays another set over this one; `lay` joins what both have, the second argument being the one on top.
    #[must_use]
    pub fn under(mut self, over: Self, lay: impl Fn(T, T) -> T) -> Self {
        lay_tables(&mut self.tables, over.tables, &lay);
        for (database, tables) in over.databases {
            lay_tables(self.databases.entry(database).or_default(), tables, &lay);
        }
        self
    }

    /// Says of every section that matches none of the known tables, each with its database, which one was probably meant.
    pub fn unmatched<D: AsRef<str>, N: AsRef<str>>(&self, known: &[(D, N)]) -> Vec<String> {
        self.unmatched_scopes(known).into_iter().map(|(_, sentence)| sentence).collect()
    }

    /// As [`unmatched`](Self::unmatched), each with its section.
    pub fn unmatched_scopes<D: AsRef<str>, N: AsRef<str>>(&self, known: &[(D, N)]) -> Vec<(Scope, String)> {
        self.iter().filter_map(|(scope, _)| complain(&scope, known).map(|sentence| (scope, sentence))).collect()
    }
}

fn read_tables<T>(section: &Section<'_>, read: &impl Fn(&Section<'_>) -> Result<T>) -> Result<BTreeMap<String, T>> {
    let mut tables = BTreeMap::new();
    for entry in section.entries() {
        if !entry.key().contains('.') {
            let cause = format!("`{}` is no table: a table is written with its schema, in quotes: ", entry.key());
            let example = format!("[{}.\"public.orders\"]", section.path());
            return Err(entry.key_error(cause + &example));
        }
        tables.insert(entry.key().to_owned(), read(&entry.section()?)?);
    }
    Ok(tables)
}

fn lay_tables<T>(under: &mut BTreeMap<String, T>, over: BTreeMap<String, T>, lay: &impl Fn(T, T) -> T) {
    for (table, value) in over {
        let value = match under.remove(&table) {
            Some(below) => lay(below, value),
            None => value,
        };
        under.insert(table, value);
    }
}

fn complain<D: AsRef<str>, N: AsRef<str>>(scope: &Scope, known: &[(D, N)]) -> Option<String> {
    let (database, table) = match scope {
        Scope::Defaults => return None,
        Scope::Table { table } => (None, table),
        Scope::DatabaseTable { database, table } => (Some(database), table),
    };
    let here = |of: &str| database.is_none_or(|database| database == of);
    if known.iter().any(|(of, name)| here(of.as_ref()) && name.as_ref() == table) {
        return None;
    }
    if let Some(database) = database.filter(|database| known.iter().all(|(of, _)| of.as_ref() != database.as_str())) {
        let meant = nearest(database, known.iter().map(|(of, _)| of.as_ref()));
        return Some(format!("{scope} matches no database{}", did_you_mean(meant)));
    }
    let names = known.iter().filter(|(of, _)| here(of.as_ref())).map(|(_, name)| name.as_ref());
    Some(format!("{scope} matches no table{}", did_you_mean(nearest(table, names))))
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::keys::Source;

    fn read(text: &str) -> Result<ByTable<Option<String>>> {
        let source = Source::new("read the file", "some.toml", text);
        let document = source.parse()?;
        ByTable::read(&Section::root(&source, &document), |section| {
            section.check(&["why"])?;
            section.text("why")
        })
    }

    #[test]
    fn headers_inline_tables_and_dotted_keys_are_the_same() {
        let texts = [
            "[tables.\"public.a\"]\nwhy = \"x\"\n[databases.shop.tables.\"public.a\"]\nwhy = \"y\"",
            "tables = { \"public.a\" = { why = \"x\" } }\ndatabases.shop.tables.\"public.a\".why = \"y\"",
        ];
        for text in texts {
            let read = read(text).unwrap();
            assert_eq!(read.table("public.a"), Some(&Some("x".to_owned())));
            assert_eq!(read.database_table("shop", "public.a"), Some(&Some("y".to_owned())));
            assert_eq!(read.database_table("other", "public.a"), None);
        }
    }

    #[test]
    fn names_without_schema_or_quotes_are_told() {
        let cases = [
            (
                "[tables.public.orders]\nwhy = \"x\"",
                "Config: read the file (some.toml:1:9); `public` is no table: a table is written with its schema, in quotes: \
                 [tables.\"public.orders\"]",
            ),
            (
                "[databases.shop.tables.orders]",
                "Config: read the file (some.toml:1:24); `orders` is no table: a table is written with its schema, in quotes: \
                 [databases.shop.tables.\"public.orders\"]",
            ),
            ("[tables]\n\"a.b\" = 1", "Config: read the file (some.toml:2:9); `a.b` must be a table; found an integer"),
            ("tables = 1", "Config: read the file (some.toml:1:10); `tables` must be a table; found an integer"),
            (
                "[databases.shop.table.\"a.b\"]",
                "Config: read the file (some.toml:1:17); unknown key `table` in [databases.shop]; did you mean `tables`?",
            ),
            (
                "[tables.\"a.b\"]\nwyh = 1",
                "Config: read the file (some.toml:2:1); unknown key `wyh` in [tables.\"a.b\"]; did you mean `why`?",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(format!("{:?}", read(text).unwrap_err()), expected, "{text}");
        }
    }

    #[test]
    fn what_matches_nothing_is_told_with_the_nearest() {
        let text = "[tables.\"public.ordres\"]\n[tables.\"public.orders\"]\n[tables.\"audit.log\"]\n\
                    [databases.shop.tables.\"public.orders\"]\n[databases.shpo.tables.\"public.orders\"]\n\
                    [databases.shop.tables.\"public.users\"]";
        let known = [("shop", "public.orders"), ("chain", "public.users")];
        assert_eq!(
            read(text).unwrap().unmatched(&known),
            [
                "[tables.\"audit.log\"] matches no table",
                "[tables.\"public.ordres\"] matches no table; did you mean `public.orders`?",
                "[databases.shop.tables.\"public.users\"] matches no table",
                "[databases.shpo.tables.\"public.orders\"] matches no database; did you mean `shop`?",
            ]
        );
    }
}
