//! What is decided about each row of one table: a pick of the row, else the first rule that means it, else what is decided
//! about its class.

use std::collections::{BTreeMap, HashMap};

use super::{Decided, Decisions, Minimum, Origin, Resolution, RowPick, Rule, Signature};
use crate::delta::{Class, Evidence};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;

/// By what a row is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// By its class, in the sections for tables and in `[defaults]`.
    Class,
    /// By a rule: its position in the file.
    Rule(usize),
    /// By itself: the position of the pick in the file.
    Row(usize),
    /// By nobody: it was picked, at this position in the file, when it was another row.
    Outdated(usize),
    /// By this rule or by what comes after it: whether the row meets the rule's condition is not known.
    NotEvaluated(usize),
}

/// What is decided about the rows of one table.
pub struct RowDecisions<'a> {
    by_class: BTreeMap<Class, (Decided, Minimum)>,
    rules: Vec<(usize, &'a Rule)>,
    picks: HashMap<Vec<&'a str>, (usize, &'a RowPick)>,
}

impl<'a> RowDecisions<'a> {
    /// Gathers what is decided about a table, whose key has these columns.
    ///
    /// # Errors
    /// `Config` where a row of the table is picked by columns that are not its key.
    pub(super) fn of(decisions: &'a Decisions, database: &str, table: &str, key: &[Ident]) -> Result<Self> {
        let both =
            |class: &Class| (*class, (decisions.resolve(database, table, *class), decisions.minimum(database, table, *class)));
        let rules = decisions.rules().iter().enumerate();
        let rules = rules.filter(|(_, rule)| rule.selector.means_table(database, table)).collect();
        let mut picks: HashMap<Vec<&str>, (usize, &RowPick)> = HashMap::new();
        for (number, pick) in decisions.picks().iter().enumerate() {
            let is_here = pick.database.as_deref().is_none_or(|name| name == database);
            if pick.table != table || !is_here {
                continue;
            }
            let values: Option<Vec<_>> = key.iter().map(|name| pick.key.get(name.as_str()).map(String::as_str)).collect();
            let values = values.filter(|values| values.len() == pick.key.len()).ok_or_else(|| another_key(pick, key))?;
            // One that names the database is stronger, but a list's weaker than any in the file.
            let is_listed = decisions.is_listed(number);
            let is_stronger =
                |(other, pick): &(usize, &RowPick)| pick.database.is_some() || is_listed && !decisions.is_listed(*other);
            let known = picks.get(&values).is_some_and(is_stronger);
            if !known {
                picks.insert(values, (number, pick));
            }
        }
        Ok(Self { by_class: Class::ALL.iter().map(both).collect(), rules, picks })
    }

    /// Whether rows are decided by their class alone.
    #[must_use]
    pub fn is_by_class(&self) -> bool {
        self.rules.is_empty() && self.picks.is_empty()
    }

    /// Whether rows are picked by their keys.
    #[must_use]
    pub fn asks_keys(&self) -> bool {
        !self.picks.is_empty()
    }

    /// Lists the rules that may mean rows of the table.
    pub fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().map(|(_, rule)| *rule)
    }

    /// Whether a row with this key is picked.
    #[must_use]
    pub fn is_picked(&self, key: &[&str]) -> bool {
        self.picks.contains_key(key)
    }

    /// Returns by what a row is decided. `changed` are the columns in which its sides differ, `key` its key's values and the
    /// row's fingerprint; `meets` says of a rule, by its position, whether the row meets its condition, and nothing where that
    /// is not known.
    #[must_use]
    pub fn by(
        &self,
        (class, rests_on): (Class, Evidence),
        changed: &[&str],
        key: Option<(&[&str], &str)>,
        meets: impl Fn(usize) -> Option<bool>,
    ) -> By {
        if let Some((is, (number, pick))) = key.and_then(|(key, is)| Some((is, self.picks.get(key)?))) {
            // What was decided about one row is not said of another one.
            let is_other = pick.fingerprint.as_deref().is_some_and(|was| was != is);
            return if is_other { By::Outdated(*number) } else { By::Row(*number) };
        }
        let deciding = self.meaning(class, rests_on, changed).find_map(|number| match meets(number) {
            Some(true) => Some(By::Rule(number)),
            Some(false) => None,
            None => Some(By::NotEvaluated(number)),
        });
        deciding.unwrap_or(By::Class)
    }

    /// Lists the rules that mean a row, conditions apart, whether or not they decide it.
    pub fn meaning(&self, class: Class, rests_on: Evidence, changed: &[&str]) -> impl Iterator<Item = usize> {
        let means = move |rule: &&(usize, &Rule)| rule.1.selector.means_row(class, rests_on, changed.iter().copied());
        self.rules.iter().filter(means).map(|(number, _)| *number)
    }

    /// Returns what is decided about a class, and what its rows need.
    #[must_use]
    pub fn of_class(&self, class: Class) -> Option<&(Decided, Minimum)> {
        self.by_class.get(&class)
    }
}

impl Decisions {
    /// Gathers what is decided about each row of a table, whose key has these columns.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Config`] where a row of the table is picked by columns that are not its key.
    pub fn of_rows<'a>(&'a self, database: &str, table: &str, key: &[Ident]) -> Result<RowDecisions<'a>> {
        RowDecisions::of(self, database, table, key)
    }

    /// Returns what is to be done with rows of a class that are decided by something; `None` where the class has no rows.
    ///
    /// # Errors
    /// `Config` at the pick, where what it says makes no sense for the row's class.
    pub fn decided(&self, rows: &RowDecisions<'_>, class: Class, by: By) -> Result<Option<Decided>> {
        Ok(match by {
            By::Class => rows.of_class(class).map(|(decided, _)| decided.clone()),
            By::Rule(number) => self.rules().get(number).map(|rule| Decided {
                choices: rule.choices.clone(),
                ..Decided::bare(rule.resolution, Origin::Rule, rule.signature.clone())
            }),
            // Nothing is guessed: the row waits until the server has been asked.
            By::NotEvaluated(_) => Some(Decided::bare(Resolution::Hold, Origin::NotEvaluated, Signature::default())),
            By::Outdated(_) => Some(Decided::bare(Resolution::Hold, Origin::Outdated, Signature::default())),
            By::Row(number) => match self.picks().get(number) {
                Some(pick) if !class.allowed().contains(&pick.resolution) => return Err(senseless(pick, class)),
                Some(pick) => {
                    pick.choices.check(class, pick.resolution).map_err(|cause| refused(pick, cause))?;
                    Some(Decided {
                        choices: pick.choices.clone(),
                        ..Decided::bare(pick.resolution, Origin::Row, pick.signature.clone())
                    })
                }
                None => None,
            },
        })
    }

    /// Whether what decides a row names its table, as some decisions ask of whoever makes them.
    #[must_use]
    pub fn is_by_name(&self, decided: &Decided, by: By) -> bool {
        match by {
            By::Class => matches!(decided.origin, Origin::Table | Origin::DatabaseTable),
            By::Rule(number) => self.rules().get(number).is_some_and(Rule::is_by_name),
            By::Row(_) => true,
            By::NotEvaluated(_) | By::Outdated(_) => false,
        }
    }
}

fn another_key(pick: &RowPick, key: &[Ident]) -> Error {
    let key: Vec<_> = key.iter().map(ToString::to_string).collect();
    let given: Vec<_> = pick.key.keys().map(String::as_str).collect();
    Error::new(ErrorKind::Config, "read the decisions").at(&pick.place).because(format!(
        "the key of {} is {}, and the row is picked by {}",
        pick.table,
        key.join(", "),
        given.join(", ")
    ))
}

fn senseless(pick: &RowPick, class: Class) -> Error {
    let allowed = super::resolution::words(class.allowed());
    refused(pick, format!("`{}` makes no sense for the row, which is `{class}`; use {allowed}", pick.resolution))
}

fn refused(pick: &RowPick, cause: String) -> Error {
    Error::new(ErrorKind::Config, "read the decisions").at(&pick.place).because(cause)
}
