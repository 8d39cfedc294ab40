//! `[[rule]]`: a decision about rows by what they are. The first that means a row decides it.

use toml_edit::Value;

use super::choice::{self, CHOICES};
use super::decision::Signature;
use super::keys::{Entry, Section};
use super::resolution::words;
use super::selector::read_classes;
use super::{Choices, Glob, Resolution, Selector, Setting, read_evidence};
use crate::delta::Class;
use crate::error::Result;

/// A decision about rows by what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands, as `decisions.toml:12:1`.
    pub place: String,
    /// What people call it.
    pub name: Option<String>,
    /// Which rows are meant.
    pub selector: Selector,
    /// What a row has to meet beside that; nothing where there is no condition.
    pub when: Option<Condition>,
    /// What is to be done with them.
    pub resolution: Resolution,
    /// What single columns get, where that is not what the resolution says.
    pub choices: Choices,
    /// How many rows it has to mean, or there is no plan.
    pub expect: Option<u64>,
    /// Who said so, when and why.
    pub signature: Signature,
}

/// A condition on a row, in OLD's own SQL: of `old.*`, `new.*` and `base.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// As it was written.
    pub sql: String,
    /// Where it stands, as `decisions.toml:12:8`.
    pub place: String,
}

const KEYS: [&str; 16] = [
    "name",
    "database",
    "table",
    "class",
    "evidence",
    "changed",
    "when",
    "resolution",
    "columns",
    "set",
    "set_null",
    "compute",
    "expect",
    "why",
    "by",
    "at",
];

impl Rule {
    /// Reads the file's rules, in its order.
    pub(super) fn read_all(root: &Section<'_>) -> Result<Vec<Self>> {
        let Some(entry) = root.entry("rule") else { return Ok(Vec::new()) };
        entry.sections()?.iter().map(|section| Self::read(&entry, section)).collect()
    }

    fn read(all: &Entry<'_>, section: &Section<'_>) -> Result<Self> {
        section.check(&KEYS)?;
        let said = section.entry("resolution").ok_or_else(|| {
            let first = section.entries().next();
            first.as_ref().unwrap_or(all).key_error("a rule has no `resolution`")
        })?;
        let changed = section.texts("changed")?.unwrap_or_default();
        let selector = Selector {
            databases: section.texts("database")?.unwrap_or_default(),
            tables: tables(section)?,
            classes: classes(section)?,
            evidence: evidence(section)?,
            changed: changed.into_iter().map(Glob::new).collect(),
        };
        let resolution = resolution(&said)?;
        let choices = Choices::read(section, resolution)?;
        check(&selector, resolution).map_err(|cause| said.value_error(cause))?;
        if let Some(entry) = CHOICES.iter().find_map(|key| section.entry(key)) {
            check_choices(&selector, resolution, &choices).map_err(|cause| entry.key_error(cause))?;
        }
        Ok(Self {
            place: said.place(),
            name: section.text("name")?,
            selector,
            when: section.entry("when").map(|entry| condition(&entry)).transpose()?,
            resolution,
            choices,
            expect: section.entry("expect").map(|entry| count(&entry)).transpose()?,
            signature: Signature::read(section)?,
        })
    }

    /// Names the rule for people.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("rule \"{name}\" ({})", self.place),
            None => format!("rule at {}", self.place),
        }
    }

    /// Lists the classes in which it deletes, where it does not delete in all of them.
    pub(super) fn deleting(&self) -> Vec<&'static str> {
        let classes = &self.selector.classes;
        let deletes = |class: &&Class| self.resolution == Resolution::ApplyNew && class.applying_deletes();
        let deleting: Vec<_> = classes.iter().filter(deletes).map(|class| class.word()).collect();
        if deleting.len() == classes.len() { Vec::new() } else { deleting }
    }

    /// Says what is to be done, for people.
    #[must_use]
    pub fn said(&self) -> String {
        choice::said(self.resolution, &self.choices)
    }

    /// Whether it names its tables by their whole names, as some decisions ask of whoever makes them.
    #[must_use]
    pub fn is_by_name(&self) -> bool {
        is_by_name(&self.selector)
    }
}

fn is_by_name(selector: &Selector) -> bool {
    !selector.tables.is_empty() && selector.tables.iter().all(Glob::is_exact)
}

fn tables(section: &Section<'_>) -> Result<Vec<Glob>> {
    let Some(entry) = section.entry("table") else { return Ok(Vec::new()) };
    let names = entry.texts()?;
    if let Some(name) = names.iter().find(|name| !name.contains('.') && !name.contains('*')) {
        return Err(entry.value_error(format!("`{name}` is no table: a table is written with its schema, as in \"*.{name}\"")));
    }
    Ok(names.into_iter().map(Glob::new).collect())
}

fn classes(section: &Section<'_>) -> Result<Vec<Class>> {
    let Some(entry) = section.entry("class") else { return Ok(Vec::new()) };
    read_classes(&entry.texts()?).map_err(|cause| entry.value_error(cause))
}

fn evidence(section: &Section<'_>) -> Result<Vec<crate::delta::Evidence>> {
    let Some(entry) = section.entry("evidence") else { return Ok(Vec::new()) };
    entry.texts()?.iter().map(|word| read_evidence(word).map_err(|cause| entry.value_error(cause))).collect()
}

/// Reads what is to be done.
pub(super) fn resolution(entry: &Entry<'_>) -> Result<Resolution> {
    let word = entry.value().and_then(Value::as_str).ok_or_else(|| entry.wants("a resolution, in quotes"))?;
    Resolution::read(word).map_err(|cause| entry.value_error(cause))
}

fn condition(entry: &Entry<'_>) -> Result<Condition> {
    let sql = entry.text()?.to_owned();
    if sql.contains('\0') {
        return Err(entry.value_error("`when` holds a null character"));
    }
    Ok(Condition { sql, place: entry.place() })
}

fn count(entry: &Entry<'_>) -> Result<u64> {
    let number = entry.value().and_then(Value::as_integer).and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| entry.wants("a number of rows"))
}

/// Checks that a resolution makes sense for every class that a rule may mean; the error is a sentence.
fn check(selector: &Selector, resolution: Resolution) -> Result<(), String> {
    if selector.classes.is_empty() {
        let everywhere = |one: &Resolution| Class::DECIDABLE.iter().all(|class| class.allowed().contains(one));
        let allowed: Vec<_> = Resolution::ALL.into_iter().filter(everywhere).collect();
        if !allowed.contains(&resolution) {
            let words = words(&allowed);
            return Err(format!("`{resolution}` makes no sense for every class: name some with `class`, or use {words}"));
        }
    }
    for class in &selector.classes {
        Setting::One(*class).check(resolution)?;
    }
    let by_name = is_by_name(selector);
    if resolution == Resolution::ApplyNew && selector.classes.contains(&Class::Drift) && !by_name {
        return Err("`apply_new` for `drift` is decided for tables by their whole names, without `*`".to_owned());
    }
    Ok(())
}

/// Checks that what single columns get makes sense for every row that a rule may mean; the error is a sentence.
fn check_choices(selector: &Selector, resolution: Resolution, choices: &Choices) -> Result<(), String> {
    if selector.tables.len() != 1 || !is_by_name(selector) {
        return Err("columns are one table's: name it with `table`, without `*`".to_owned());
    }
    let all = Class::DECIDABLE.to_vec();
    let classes = if selector.classes.is_empty() { &all } else { &selector.classes };
    classes.iter().try_for_each(|class| choices.check(*class, resolution))
}

#[cfg(test)]
mod tests {
    use super::super::Decisions;

    fn fault(text: &str) -> String {
        format!("{:?}", Decisions::parse(text, "decisions.toml").unwrap_err())
    }

    #[test]
    fn a_rule_is_read_with_its_place() {
        let text = "# agreed\n[[rule]]\nname = \"OLD's payments stand\"\ntable = \"billing.*\"\nclass = [\"conflict\"]\n\
                    evidence = [\"xid\", \"column\"]\nchanged = \"status\"\nresolution = \"keep_old\"\n\
                    expect = 21\nby = \"ada\"\n";
        let decisions = Decisions::parse(text, "decisions.toml").unwrap();
        let [rule] = decisions.rules() else { panic!("one rule") };
        assert_eq!((rule.place.as_str(), rule.expect), ("decisions.toml:8:1", Some(21)));
        assert_eq!(rule.title(), "rule \"OLD's payments stand\" (decisions.toml:8:1)");
        assert_eq!((rule.selector.classes.len(), rule.selector.evidence.len()), (5, 2));
        assert!(!rule.is_by_name() && rule.signature.by.as_deref() == Some("ada"));
    }

    #[test]
    fn a_rule_that_also_deletes_says_so() {
        let notes = |classes: &str| {
            let text = format!("[[rule]]\nclass = {classes}\nresolution = \"apply_new\"\n");
            Decisions::parse(&text, "decisions.toml").unwrap().notes()
        };
        let also = "rule at decisions.toml:3:1: apply_new also deletes rows of OLD (delete_origin_differs)";
        assert_eq!(notes("\"conflict\""), [also]);
        assert_eq!(notes("[\"delete\", \"delete_origin_differs\"]"), [""; 0]);
        assert_eq!(notes("\"update\""), [""; 0]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let cases = [
            ("[[rule]]\ntabel = \"a.b\"", "2:1", "unknown key `tabel` in [rule]; did you mean `table`?"),
            ("[[rule]]\ntable = \"a.b\"", "2:1", "a rule has no `resolution`"),
            (
                "[[rule]]\ntable = \"b\"\nresolution = \"hold\"",
                "2:9",
                "`b` is no table: a table is written with its schema, as in \"*.b\"",
            ),
            (
                "[[rule]]\nresolution = \"apply_new\"",
                "2:14",
                "`apply_new` makes no sense for every class: name some with `class`, or use keep_old, hold or skip",
            ),
            (
                "[[rule]]\nclass = \"insert\"\nresolution = \"last_update_wins\"",
                "3:14",
                "`last_update_wins` makes no sense for `insert`; use apply_new, keep_old, hold or skip",
            ),
            ("[[rule]]\nclass = \"inser\"\nresolution = \"hold\"", "2:9", "unknown class `inser`; did you mean `insert`?"),
            ("[[rule]]\nevidence = \"xidd\"\nresolution = \"hold\"", "2:12", "unknown evidence `xidd`; did you mean `xid`?"),
            ("[[rule]]\nexpect = -1\nresolution = \"hold\"", "2:10", "`expect` must be a number of rows; found an integer"),
            (
                "[[rule]]\ntable = \"a.*\"\nclass = \"drift\"\nresolution = \"apply_new\"",
                "4:14",
                "`apply_new` for `drift` is decided for tables by their whole names, without `*`",
            ),
            (
                "[[rule]]\ntable = \"a.*\"\nresolution = \"keep_old\"\nset = { b = \"1\" }",
                "4:1",
                "columns are one table's: name it with `table`, without `*`",
            ),
            (
                "[[rule]]\ntable = \"a.b\"\nclass = \"delete\"\nresolution = \"apply_new\"\nset = { b = \"1\" }",
                "5:1",
                "with apply_new there is no row of `delete` whose columns could be chosen",
            ),
            ("rule = 1", "1:8", "`rule` must be tables, each under [[rule]]; found an integer"),
        ];
        for (text, place, cause) in cases {
            assert_eq!(fault(text), format!("Config: read the decisions (decisions.toml:{place}); {cause}"), "{text}");
        }
    }
}
