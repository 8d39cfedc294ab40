//! What a runbook's placeholders stand for: `${name}` in a text, or a whole list in a place for texts.
//!
//! Values that are only known once a step is done are written `${step.key}`: they stay as they are here, and are filled in
//! from the journal when the step that needs them runs ([`fill_facts`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Var, unknown_secret};
use crate::policy::keys::nearest;

/// Names and what they stand for, and the names of secrets, whose values are none of a runbook's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vars(BTreeMap<String, Var>, BTreeSet<String>);

impl Vars {
    /// Sets a name.
    #[must_use]
    pub fn with(mut self, name: &str, value: Var) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Adds the names of secrets that steps may take.
    #[must_use]
    pub fn with_secrets<'a>(mut self, names: impl IntoIterator<Item = &'a String>) -> Self {
        self.1.extend(names.into_iter().cloned());
        self
    }

    /// # Errors
    /// A sentence, where no secret is called so, with the nearest name.
    pub fn expect_secret(&self, name: &str) -> Result<(), String> {
        if self.1.contains(name) { Ok(()) } else { Err(unknown_secret(name, self.1.iter().map(String::as_str))) }
    }

    /// Sets a name to one text.
    #[must_use]
    pub fn with_text(self, name: &str, text: impl Into<String>) -> Self {
        self.with(name, Var::Text(text.into()))
    }

    /// Sets a name unless it is set.
    #[must_use]
    pub fn or(mut self, name: &str, value: Var) -> Self {
        self.0.entry(name.to_owned()).or_insert(value);
        self
    }

    /// Replaces the placeholders within the texts themselves, once.
    ///
    /// # Errors
    /// A sentence, where one names nothing that is known, or a list, or a text that has placeholders itself.
    pub fn settled(self) -> Result<Self, String> {
        let filled = |text: &String| match self.fill(text)? {
            again if again.contains("${") => Err(format!("`{text}` names a text that has placeholders itself")),
            filled => Ok(filled),
        };
        let value = |value: &Var| match value {
            Var::Text(text) => filled(text).map(Var::Text),
            Var::List(list) => list.iter().map(filled).collect::<Result<_, _>>().map(Var::List),
        };
        let settled = self.0.iter().map(|(name, var)| Ok((name.clone(), value(var)?))).collect::<Result<_, String>>()?;
        Ok(Self(settled, self.1))
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.0.get(name)
    }

    /// Replaces the placeholders of a text. `$${` is a dollar sign and a brace; `${step.key}` stays as it is.
    ///
    /// # Errors
    /// A sentence, where a name is not known, stands for a list, or a brace does not close.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        replace(text, &mut |name: &str| match self.0.get(name) {
            Some(Var::Text(value)) => Ok(Some(value.clone())),
            Some(Var::List(_)) => Err(format!("`{name}` is a list: it fits where a list is wanted, or under `for_each`")),
            None if name.contains('.') => Ok(None),
            None => Err(self.unknown(name)),
        })
    }

    /// Replaces the placeholders of one text in a list: a text that is nothing but the name of a list becomes all of it.
    ///
    /// # Errors
    /// As [`Vars::fill`].
    pub fn fill_into(&self, text: &str, list: &mut Vec<String>) -> Result<(), String> {
        let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        match whole.and_then(|name| self.0.get(name)) {
            Some(Var::List(values)) => list.extend(values.iter().cloned()),
            _ => list.push(self.fill(text)?),
        }
        Ok(())
    }

    /// Lists the names of a text that nothing is said of; those that a step finds out are none.
    #[must_use]
    pub fn unset(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        // A text that cannot be read is refused elsewhere.
        let _ = replace(text, &mut |name: &str| {
            if !name.contains('.') && self.get(name).is_none() {
                found.push(name.to_owned());
            }
            Ok(None)
        });
        found
    }

    fn unknown(&self, name: &str) -> String {
        let known = self.0.keys().map(String::as_str);
        match nearest(name, known) {
            Some(meant) => {
                format!("nothing is called `{name}`; did you mean `{meant}`? Names are set under [vars] in failback.toml")
            }
            None => format!("nothing is called `{name}`; set it under [vars] in failback.toml"),
        }
    }
}

/// Replaces `${step.key}` by what the steps that are done have found out.
///
/// # Errors
/// A sentence, where a step has not told it.
pub fn fill_facts(text: &str, facts: &impl Fn(&str, &str) -> Option<String>) -> Result<String, String> {
    replace(text, &mut |name: &str| {
        let (step, key) = name.rsplit_once('.').ok_or_else(|| format!("`{name}` is no step's"))?;
        facts(step, key).map(Some).ok_or_else(|| format!("step {step} has not found out `{key}`"))
    })
}

/// Lists the steps and keys that a text waits for.
#[must_use]
pub fn awaited(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // A text that cannot be read is refused elsewhere.
    let _ = replace(text, &mut |name: &str| {
        found.extend(name.rsplit_once('.').map(|(step, key)| (step.to_owned(), key.to_owned())));
        Ok(None)
    });
    found
}

/// Calls `value` for each placeholder, the innermost first; `None` leaves it as it is.
fn replace(text: &str, value: &mut impl FnMut(&str) -> Result<Option<String>, String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let before = &rest[..at];
        if let Some(escaped) = before.strip_suffix('$') {
            filled.push_str(escaped);
            filled.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        filled.push_str(before);
        let inside = &rest[at + 2..];
        let end = closing(inside).ok_or_else(|| format!("a brace does not close in `{text}`"))?;
        let name = replace(&inside[..end], value)?;
        match value(&name)? {
            Some(value) => filled.push_str(&value),
            None => filled.extend(["${", name.as_str(), "}"]),
        }
        rest = &inside[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Finds the brace that closes a placeholder, past those of placeholders within it.
fn closing(inside: &str) -> Option<usize> {
    let mut open = 0;
    for (at, c) in inside.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars() -> Vars {
        let list = vec!["publisher".to_owned(), "chain".to_owned()];
        Vars::default().with_text("env", "dev").with("services", Var::List(list))
    }

    #[test]
    fn names_are_replaced_and_facts_wait() {
        assert_eq!(vars().fill("mys-${env}-rg").unwrap(), "mys-dev-rg");
        assert_eq!(vars().fill("${flip/${env}.ttl}").unwrap(), "${flip/dev.ttl}");
        assert_eq!(vars().fill("$${env}: ${address.ip}").unwrap(), "${env}: ${address.ip}");
        assert_eq!(
            awaited("to ${address.ip} of ${flip/a.before}"),
            [("address".to_owned(), "ip".to_owned()), ("flip/a".to_owned(), "before".to_owned()),]
        );
        let facts = |step: &str, key: &str| (step == "address" && key == "ip").then(|| "192.0.2.1".to_owned());
        assert_eq!(fill_facts("to ${address.ip}", &facts).unwrap(), "to 192.0.2.1");
        assert!(fill_facts("${address.name}", &facts).is_err());
    }

    #[test]
    fn lists_fill_lists_alone() {
        let mut list = Vec::new();
        vars().fill_into("${services}", &mut list).unwrap();
        vars().fill_into("${env}.x", &mut list).unwrap();
        assert_eq!(list, ["publisher", "chain", "dev.x"]);
        assert!(vars().fill("a ${services}").unwrap_err().contains("is a list"));
    }

    #[test]
    fn what_is_not_known_is_told_with_the_nearest_name() {
        assert!(vars().fill("${evn}").unwrap_err().contains("did you mean `env`"));
        assert!(vars().fill("${env").unwrap_err().contains("does not close"));
    }
}
