//! The entries of one step, with their placeholders replaced: each error has the entry's line.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::vars::Vars;
use crate::config::Var;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::{Entry, Section, nearest};
use crate::words::Word;

/// One table of a runbook, read with what its placeholders stand for.
pub struct Fields<'a> {
    section: Section<'a>,
    vars: &'a Vars,
}

impl<'a> Fields<'a> {
    /// Reads a table of a runbook.
    #[must_use]
    pub fn new(section: Section<'a>, vars: &'a Vars) -> Self {
        Self { section, vars }
    }

    /// # Errors
    /// `Config` at the first key that is not among these.
    pub fn check(&self, known: &[&str]) -> Result<()> {
        self.section.check(known)
    }

    /// Returns a text, if there is one.
    ///
    /// # Errors
    /// `Config` where it is something else, or a placeholder is not known.
    pub fn text(&self, key: &str) -> Result<Option<String>> {
        self.section.entry(key).map(|entry| self.fill(&entry, entry.text()?)).transpose()
    }

    /// Returns a text that has to be there.
    ///
    /// # Errors
    /// As [`Fields::text`], and where there is none.
    pub fn required(&self, key: &str) -> Result<String> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// Returns the value that a word stands for; the word has to be there.
    ///
    /// # Errors
    /// As [`Fields::required`], and where no value has that word, with the nearest one.
    pub fn word<W: Word>(&self, key: &str) -> Result<W> {
        let word = self.required(key)?;
        W::read(&word).map_err(|_| {
            let known: Vec<_> = W::ALL.iter().map(|value| value.word()).collect();
            let rest = match nearest(&word, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known are {}", known.join(", ")),
            };
            self.error(key, format!("`{key}` cannot be `{word}`; {rest}"))
        })
    }

    /// Returns a list of texts, empty if there is none. Placeholders of lists bring all of theirs.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn texts(&self, key: &str) -> Result<Vec<String>> {
        let mut filled = Vec::new();
        let Some(entry) = self.section.entry(key) else { return Ok(filled) };
        let items = match entry.value().and_then(toml_edit::Value::as_array) {
            Some(array) => {
                let text = |value: &'a toml_edit::Value| value.as_str().ok_or_else(|| entry.wants("a list of strings"));
                array.iter().map(text).collect::<Result<Vec<_>>>()?
            }
            None => vec![entry.text()?],
        };
        for item in items {
            self.vars.fill_into(item, &mut filled).map_err(|cause| entry.value_error(cause))?;
        }
        Ok(filled)
    }

    /// Returns a list of texts that has to be there, with at least one.
    ///
    /// # Errors
    /// As [`Fields::texts`], and where there is none.
    pub fn some_texts(&self, key: &str) -> Result<Vec<String>> {
        let texts = self.texts(key)?;
        if texts.is_empty() { Err(self.missing(key)) } else { Ok(texts) }
    }

    /// Returns a text, if there is one; a runbook may leave to the configuration whether there is: then its placeholder is of
    /// an empty list.
    ///
    /// # Errors
    /// As [`Fields::texts`], and where there are several.
    pub fn text_or_none(&self, key: &str) -> Result<Option<String>> {
        match self.texts(key)?.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            _ => Err(self.error(key, format!("`{key}` is one text"))),
        }
    }

    /// Returns the name of a secret, if there is one, which `[secrets]` has to know.
    ///
    /// # Errors
    /// As [`Fields::text_or_none`], and where no secret is called so, with the nearest name.
    pub fn secret(&self, key: &str) -> Result<Option<String>> {
        let name = self.text_or_none(key)?;
        name.map(|name| self.vars.expect_secret(&name).map(|()| name).map_err(|cause| self.error(key, cause))).transpose()
    }

    /// Returns names of secrets by what they are taken as, empty if there are none; `expect` says what is wrong with the
    /// latter.
    ///
    /// # Errors
    /// As [`Fields::secret`].
    pub fn secrets(&self, key: &str, expect: impl Fn(&str) -> Result<(), String>) -> Result<BTreeMap<String, String>> {
        let Some(section) = self.section.section(key)? else { return Ok(BTreeMap::new()) };
        let read = |entry: Entry<'_>| {
            expect(entry.key()).map_err(|cause| entry.key_error(cause))?;
            let name = self.fill(&entry, entry.text()?)?;
            self.vars.expect_secret(&name).map_err(|cause| entry.value_error(cause))?;
            Ok((entry.key().to_owned(), name))
        };
        section.entries().map(read).collect()
    }

    /// Returns what a name stands for that every rollback has, such as the environment's.
    ///
    /// # Errors
    /// `Config` where nothing has that name.
    pub fn given(&self, name: &str) -> Result<String> {
        self.vars
            .fill(&format!("${{{name}}}"))
            .map_err(|cause| Error::new(ErrorKind::Config, "read the runbook").because(cause))
    }

    /// Returns whether something is set to true.
    ///
    /// # Errors
    /// `Config` where it is something else.
    pub fn flag(&self, key: &str) -> Result<bool> {
        let Some(entry) = self.section.entry(key) else { return Ok(false) };
        entry.value().and_then(toml_edit::Value::as_bool).ok_or_else(|| entry.wants("true or false"))
    }

    /// Returns a number that is not negative.
    ///
    /// # Errors
    /// `Config` where it is something else.
    pub fn count(&self, key: &str) -> Result<Option<u32>> {
        let Some(entry) = self.section.entry(key) else { return Ok(None) };
        let number = match entry.value() {
            Some(toml_edit::Value::Integer(number)) => Some(*number.value()),
            Some(toml_edit::Value::String(_)) => self.fill(&entry, entry.text()?)?.parse().ok(),
            _ => None,
        };
        number.and_then(|number| u32::try_from(number).ok()).map(Some).ok_or_else(|| entry.wants("a number, not negative"))
    }

    /// Returns a number with a point, in no unit.
    ///
    /// # Errors
    /// `Config` where it is something else.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        let Some(entry) = self.section.entry(key) else { return Ok(None) };
        if let Some(text) = entry.value().and_then(toml_edit::Value::as_str) {
            let number = self.fill(&entry, text)?.parse().ok().filter(|value: &f64| value.is_finite());
            return number.map(Some).ok_or_else(|| entry.wants("a number"));
        }
        let value = entry.value().and_then(|value| {
            value.as_float().or_else(|| value.as_integer().and_then(|whole| i32::try_from(whole).ok()).map(f64::from))
        });
        value.filter(|value| value.is_finite()).map(Some).ok_or_else(|| entry.wants("a number"))
    }

    /// Returns how long something takes, as `90s`, `5m` or `1h 30m`.
    ///
    /// # Errors
    /// `Config` where it is something else.
    pub fn duration(&self, key: &str) -> Result<Option<Duration>> {
        let Some(entry) = self.section.entry(key) else { return Ok(None) };
        let text = self.fill(&entry, entry.text()?)?;
        let wants = || entry.wants("a length of time, as in \"90s\" or \"5m\"");
        let length: SignedDuration = text.parse().map_err(|_| wants())?;
        Duration::try_from(length).map(Some).map_err(|_| wants())
    }

    /// Returns texts by name, empty if there are none.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn names(&self, key: &str) -> Result<BTreeMap<String, String>> {
        let Some(section) = self.section.section(key)? else { return Ok(BTreeMap::new()) };
        section.entries().map(|entry| Ok((entry.key().to_owned(), self.fill(&entry, entry.text()?)?))).collect()
    }

    /// Whether something is said of a name.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.vars.get(name).is_some()
    }

    /// Reads the table once, or once for each name of the list that its `for_each` names.
    ///
    /// # Errors
    /// `Config` where there is no such list; what `read` returns.
    pub fn for_each<T>(&self, read: impl Fn(&Fields<'_>, Option<&str>) -> Result<T>) -> Result<Vec<T>> {
        let Some(entry) = self.section.entry("for_each") else { return Ok(vec![read(self, None)?]) };
        let name = entry.text()?;
        let Some(Var::List(values)) = self.vars.get(name) else {
            return Err(entry.value_error(format!("`{name}` is no list under [vars]")));
        };
        let of = |each: &String| {
            let vars = self.vars.clone().with_text("each", each);
            read(&Fields { section: self.section.clone(), vars: &vars }, Some(each))
        };
        values.iter().map(of).collect()
    }

    /// Opens a table below, if there is one.
    ///
    /// # Errors
    /// `Config` where it is something else.
    pub fn below(&self, key: &str) -> Result<Option<Fields<'a>>> {
        Ok(self.section.section(key)?.map(|section| Fields { section, vars: self.vars }))
    }

    /// Opens a list of tables below, empty if there is none.
    ///
    /// # Errors
    /// `Config` where it is something else.
    pub fn each_below(&self, key: &str) -> Result<Vec<Fields<'a>>> {
        let Some(entry) = self.section.entry(key) else { return Ok(Vec::new()) };
        Ok(entry.sections()?.into_iter().map(|section| Fields { section, vars: self.vars }).collect())
    }

    /// Makes an error at an entry, or where there is none at the table's first.
    #[must_use]
    pub fn error(&self, key: &str, cause: impl Into<String>) -> Error {
        match self.section.entry(key).or_else(|| self.section.entries().next()) {
            Some(entry) => entry.value_error(cause),
            None => Error::new(ErrorKind::Config, "read the runbook").because(cause.into()),
        }
    }

    fn missing(&self, key: &str) -> Error {
        self.error(key, format!("`{key}` is missing"))
    }

    fn fill(&self, entry: &Entry<'_>, text: &str) -> Result<String> {
        self.vars.fill(text).map_err(|cause| entry.value_error(cause))
    }
}
