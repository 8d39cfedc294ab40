//! How one table is to be treated.

use super::new_name::NewName;
use crate::error::Result;
use crate::policy::keys::{Entry, Section, nearest};
use crate::schema::{CompareBy, Method};

/// Reads the name of a method; the error says what was probably meant.
fn read_method(word: &str) -> Result<Method, String> {
    const USE: &str = "use xid, blocks, blocks_only, timestamps, timestamps_only, compare or skip";
    if let Ok(found) = word.parse() {
        return Ok(found);
    }
    if word == "log" {
        return Err(format!("the method `{word}` is not supported by this version; {USE}"));
    }
    Err(match nearest(word, Method::ALL.iter().map(|known| known.word())) {
        Some(name) => format!("unknown method `{word}`; did you mean `{name}`?"),
        None => format!("unknown method `{word}`; {USE}"),
    })
}

/// Reads `compare_by = "hashes"`, `"values"` or `"rows"`.
fn read_compare_by(entry: &Entry<'_>) -> Result<CompareBy> {
    entry.text()?.parse().map_err(|_| entry.wants("`hashes`, `values` or `rows`"))
}

fn read_new_name(entry: &Entry<'_>) -> Result<NewName> {
    Ok(NewName { name: entry.text()?.to_owned(), place: entry.place() })
}

/// Reads `renamed = { olds_name = "news_name" }`.
fn read_renamed(section: &Section<'_>) -> Result<Vec<(String, String)>> {
    section.entries().map(|entry| Ok((entry.key().to_owned(), entry.text()?.to_owned()))).collect()
}

/// Names under which a time column may be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTimeColumns {
    /// The names, best first; empty: the table has no such column, whatever its columns are called.
    pub names: Vec<String>,
    /// Whether they were stated for this very table. If so, a table without any of them is a mistake; if not, it only has no
    /// such column.
    pub stated: bool,
}

/// What the configuration says about one table, everything laid over everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSettings {
    /// How its changed rows are found; `None`: failback chooses.
    pub method: Option<Method>,
    /// Its comparison key; `None`: primary key, else a unique index.
    pub key: Option<Vec<String>>,
    /// Where the time of creation is.
    pub created: NamedTimeColumns,
    /// Where the time of the last change is.
    pub updated: NamedTimeColumns,
    /// How rows are compared where whole tables are.
    pub compare_by: CompareBy,
    /// What NEW calls the table, as [`crate::name::QualifiedName`] prints it; `None`: the same as OLD.
    pub new_name: Option<String>,
    /// Columns that NEW calls otherwise: OLD's name and NEW's.
    pub renamed: Vec<(String, String)>,
    /// The reason given for this treatment.
    pub why: Option<String>,
}

/// One section about a table.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct TableRule {
    pub(super) method: Option<Method>,
    pub(super) key: Option<Vec<String>>,
    pub(super) created: Option<Vec<String>>,
    pub(super) updated: Option<Vec<String>>,
    pub(super) compare_by: Option<CompareBy>,
    pub(super) new_name: Option<NewName>,
    pub(super) renamed: Option<Vec<(String, String)>>,
    pub(super) why: Option<String>,
}

impl TableRule {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        section.check(&["method", "key", "created", "updated", "compare_by", "new_name", "renamed", "why"])?;
        let method = section.entry("method").map(|entry| read_method(entry.text()?).map_err(|cause| entry.value_error(cause)));
        let key = section.texts("key")?;
        if let Some(entry) = section.entry("key").filter(|_| key.as_ref().is_some_and(Vec::is_empty)) {
            return Err(entry.value_error("`key` lists no column"));
        }
        Ok(Self {
            method: method.transpose()?,
            key,
            created: section.texts("created")?,
            updated: section.texts("updated")?,
            compare_by: section.entry("compare_by").map(|entry| read_compare_by(&entry)).transpose()?,
            new_name: section.entry("new_name").as_ref().map(read_new_name).transpose()?,
            renamed: section.section("renamed")?.as_ref().map(read_renamed).transpose()?,
            why: section.text("why")?,
        })
    }

    /// Lays this rule over `base`, setting by setting.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            method: self.method.or(base.method),
            key: self.key.or(base.key),
            created: self.created.or(base.created),
            updated: self.updated.or(base.updated),
            compare_by: self.compare_by.or(base.compare_by),
            new_name: self.new_name.or(base.new_name),
            renamed: self.renamed.or(base.renamed),
            why: self.why.or(base.why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_read_back() {
        for method in Method::ALL.iter().copied() {
            assert_eq!(read_method(method.word()).unwrap(), method);
            assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{}\"", method.word()));
        }
    }

    #[test]
    fn other_methods_are_refused() {
        const USE: &str = "use xid, blocks, blocks_only, timestamps, timestamps_only, compare or skip";
        let cases = [
            ("log", format!("the method `log` is not supported by this version; {USE}")),
            ("timestamp", "unknown method `timestamp`; did you mean `timestamps`?".to_owned()),
            ("magic", format!("unknown method `magic`; {USE}")),
        ];
        for (word, sentence) in cases {
            assert_eq!(read_method(word).unwrap_err(), sentence);
        }
    }
}
