//! `[mask]`: columns whose values no view shows.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::policy::Glob;
use crate::policy::keys::{Section, nearest};

/// Which columns' values no view shows. A rule means too many names rather than too few: the case of letters does not count,
/// and neither does which side calls a table or a column so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    rules: Vec<(Glob, Vec<Glob>)>,
}

impl Mask {
    /// Reads `"public.users" = ["email", "phone*"]`, a table or glob a key.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut rules = Vec::new();
        for entry in section.entries() {
            if !entry.key().contains('.') && entry.key() != "*" {
                let cause =
                    format!("`{}` is no table: a table is written with its schema, in quotes, as in \"*.users\"", entry.key());
                return Err(entry.key_error(cause));
            }
            rules.push((Glob::new(entry.key()), entry.texts()?.into_iter().map(Glob::new).collect()));
        }
        Ok(Self { rules })
    }

    /// Adds another set of rules: what either hides is hidden.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    /// Returns how many rules there are.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Adds one column, as `schema.table.column`, `table.column` or `column`, with `*` for any text. What is said without a
    /// schema or a table means every one.
    #[must_use]
    pub fn hiding(mut self, column: &str) -> Self {
        let (table, column) = column.rsplit_once('.').unwrap_or(("*", column));
        let table = if table.contains(['.', '*']) { table.to_owned() } else { format!("*.{table}") };
        self.rules.push((Glob::new(table), vec![Glob::new(column)]));
        self
    }

    /// Returns the mask of one table, by all its names.
    #[must_use]
    pub fn of_table(&self, names: &[&str]) -> TableMask {
        let means = |table: &Glob| names.iter().any(|name| table.matches_any_case(name));
        let columns = self.rules.iter().filter(|(table, _)| means(table)).flat_map(|(_, columns)| columns.clone());
        TableMask { columns: columns.collect() }
    }

    /// Says of every rule that hides no column of the known tables, each with all its names and columns, what was probably
    /// meant.
    #[must_use]
    pub fn unmatched(&self, known: &[(Vec<String>, Vec<String>)]) -> Vec<String> {
        let mut found = Vec::new();
        for (table, columns) in &self.rules {
            let is_meant = |names: &[String]| names.iter().any(|name| table.matches_any_case(name));
            let tables: Vec<_> = known.iter().filter(|(names, _)| is_meant(names)).collect();
            if tables.is_empty() {
                let names = known.iter().flat_map(|(names, _)| names).map(String::as_str);
                found.push(format!("[mask] \"{table}\" matches no table{}", did_you_mean(nearest(table.as_str(), names))));
                continue;
            }
            for column in columns {
                let mut names = tables.iter().flat_map(|(_, columns)| columns).map(String::as_str);
                if !names.clone().any(|name| column.matches_any_case(name)) {
                    let near = nearest(column.as_str(), names.by_ref());
                    found.push(format!("[mask] \"{table}\": \"{column}\" matches no column{}", did_you_mean(near)));
                }
            }
        }
        found
    }
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// Which columns of one table no view shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableMask {
    columns: Vec<Glob>,
}

impl TableMask {
    /// Whether a column's values are hidden, by any of its names.
    #[must_use]
    pub fn hides(&self, names: &[&str]) -> bool {
        self.columns.iter().any(|column| names.iter().any(|name| column.matches_any_case(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::keys::Source;

    fn read(text: &str) -> Result<Mask> {
        let source = Source::new("read the configuration", "failback.toml", text);
        let document = source.parse()?;
        Mask::read(&Section::root(&source, &document))
    }

    #[test]
    fn a_rule_means_too_many_rather_than_too_few() {
        let mask = read("\"public.users\" = [\"email\", \"phone*\"]\n\"*\" = \"*password*\"").unwrap();
        let users = mask.of_table(&["public.users", "public.people"]);
        for hidden in [["email"], ["EMAIL"], ["phone_home"], ["old_Password_hash"]] {
            assert!(users.hides(&hidden), "{hidden:?}");
        }
        assert!(users.hides(&["mail", "email"]), "NEW's name is one too");
        assert!(!users.hides(&["emails"]) && !users.hides(&["name"]));
        assert!(!mask.of_table(&["app.users"]).hides(&["email"]) && mask.of_table(&["app.users"]).hides(&["password"]));
    }

    #[test]
    fn a_column_is_added_by_as_much_of_its_name_as_is_said() {
        for said in ["public.users.email", "users.email", "email", "*.users.em*", "*.*.email", "*.email"] {
            let users = Mask::default().hiding(said).of_table(&["public.users"]);
            assert!(users.hides(&["email"]) && !users.hides(&["name"]), "{said}");
        }
        assert!(!Mask::default().hiding("users.email").of_table(&["public.orders"]).hides(&["email"]));
    }

    #[test]
    fn a_rule_that_hides_nothing_is_told() {
        let text = |text: &str| text.to_owned();
        let known = [(vec![text("public.users")], vec![text("id"), text("email")])];
        let mask = read("\"public.user\" = [\"email\"]\n\"public.users\" = [\"emial\", \"email\"]\n\"*\" = \"*\"").unwrap();
        assert_eq!(
            mask.unmatched(&known),
            [
                "[mask] \"public.user\" matches no table; did you mean `public.users`?",
                "[mask] \"public.users\": \"emial\" matches no column; did you mean `email`?",
            ]
        );
        let error = read("users = \"email\"").unwrap_err();
        assert_eq!(error.places(), ["failback.toml:1:1"]);
        assert!(format!("{error:?}").contains("`users` is no table"), "{error:?}");
    }
}
