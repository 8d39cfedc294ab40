//! `[mask]`: columns whose values no view shows.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::policy::Glob;
use crate::policy::keys::{Section, nearest};

/// The section.
const MASK: &str = "mask";

/// Which columns' values no view shows. A rule means too many names rather than too few: the case of letters does not count,
/// and neither does which side calls a table or a column so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    rules: Vec<Rule>,
}

/// Columns of some tables. Who says so is in no file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "(Glob, Vec<Glob>)", into = "(Glob, Vec<Glob>)")]
struct Rule {
    table: Glob,
    columns: Vec<Glob>,
    origin: Origin,
}

/// Who says what is hidden.
#[derive(Clone, Debug)]
enum Origin {
    /// A section of a configuration, without brackets, and where it stands.
    Section { name: String, place: String },
    /// Whoever asks, by an option as it was given.
    Option(String),
}

impl From<(Glob, Vec<Glob>)> for Rule {
    fn from((table, columns): (Glob, Vec<Glob>)) -> Self {
        Self { table, columns, origin: Origin::Section { name: MASK.to_owned(), place: "failback.toml".to_owned() } }
    }
}

impl From<Rule> for (Glob, Vec<Glob>) {
    fn from(rule: Rule) -> Self {
        (rule.table, rule.columns)
    }
}

/// What is hidden counts, and not who says so.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (&self.table, &self.columns) == (&other.table, &other.columns)
    }
}

impl Eq for Rule {}

impl Rule {
    /// Says by what a column is hidden.
    fn said(&self, column: &Glob) -> String {
        match &self.origin {
            Origin::Section { name, place } => format!("[{name}] \"{}\" = \"{column}\" ({place})", self.table),
            Origin::Option(option) => option.clone(),
        }
    }
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
            rules.push(Rule {
                table: Glob::new(entry.key()),
                columns: entry.texts()?.into_iter().map(Glob::new).collect(),
                origin: Origin::Section { name: entry.section_name().to_owned(), place: entry.place() },
            });
        }
        Ok(Self { rules })
    }

    /// Says where the configuration is that all of it stands in.
    #[must_use]
    pub fn of(mut self, configuration: &str) -> Self {
        for rule in &mut self.rules {
            rule.origin = Origin::Section { name: MASK.to_owned(), place: configuration.to_owned() };
        }
        self
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
        let origin = Origin::Option(format!("--redact {column}"));
        let (table, column) = column.rsplit_once('.').unwrap_or(("*", column));
        let table = if table.contains(['.', '*']) { table.to_owned() } else { format!("*.{table}") };
        self.rules.push(Rule { table: Glob::new(table), columns: vec![Glob::new(column)], origin });
        self
    }

    /// Returns the mask of one table, by all its names.
    #[must_use]
    pub fn of_table(&self, names: &[&str]) -> TableMask {
        let means = |table: &Glob| names.iter().any(|name| table.matches_any_case(name));
        let said = |rule: &Rule| rule.columns.iter().map(|column| (column.clone(), rule.said(column))).collect::<Vec<_>>();
        TableMask { columns: self.rules.iter().filter(|rule| means(&rule.table)).flat_map(said).collect() }
    }

    /// Says of every rule that hides no column of the known tables, each with all its names and columns, what was probably
    /// meant.
    #[must_use]
    pub fn unmatched(&self, known: &[(Vec<String>, Vec<String>)]) -> Vec<String> {
        let mut found = Vec::new();
        for Rule { table, columns, .. } in &self.rules {
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
    /// With what each is hidden by.
    columns: Vec<(Glob, String)>,
}

impl TableMask {
    /// Whether a column's values are hidden, by any of its names.
    #[must_use]
    pub fn hides(&self, names: &[&str]) -> bool {
        self.hidden_by(names).is_some()
    }

    /// By what a column's values are hidden, by any of its names: the first rule that hides it, and where that stands.
    #[must_use]
    pub fn hidden_by(&self, names: &[&str]) -> Option<&str> {
        let hides = |column: &Glob| names.iter().any(|name| column.matches_any_case(name));
        self.columns.iter().find(|(column, _)| hides(column)).map(|(_, origin)| origin.as_str())
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
    fn a_column_is_hidden_by_the_first_rule_that_means_it() {
        let mask = read("\"public.users\" = [\"email\", \"phone*\"]\n\"*\" = \"*mail\"").unwrap();
        let by = |mask: &Mask, column: &str| mask.of_table(&["public.users"]).hidden_by(&[column]).map(str::to_owned);
        assert_eq!(by(&mask, "phone_home").unwrap(), "[] \"public.users\" = \"phone*\" (failback.toml:1:1)");
        assert_eq!(by(&mask, "gmail").unwrap(), "[] \"*\" = \"*mail\" (failback.toml:2:1)");
        assert_eq!(by(&mask, "name"), None);
        let kept: Mask = serde_json::from_str(&serde_json::to_string(&mask).unwrap()).unwrap();
        assert_eq!(kept, mask, "who says so makes no other mask");
        let kept = kept.of("the failback.toml with which this run was made");
        let said = "[mask] \"*\" = \"*mail\" (the failback.toml with which this run was made)";
        assert_eq!(by(&kept, "gmail").unwrap(), said);
        assert_eq!(by(&kept.hiding("users.name"), "name").unwrap(), "--redact users.name");
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
