//! A filter as it is typed, in the words of `failback show`: `class=conflict changed=status,total evidence=column held`.

use crate::delta::Evidence;
use crate::engine::Filter;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;
use crate::policy::{Glob, Selector, Setting, read_evidence};

/// A filter in the words of whoever typed it, so that a rule is written down with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FilterText {
    /// Classes, or what stands for several.
    pub(super) classes: Vec<String>,
    /// Kinds of evidence.
    pub(super) evidence: Vec<String>,
    /// Columns, with `*` for any text.
    pub(super) changed: Vec<String>,
    /// Only rows that the plan holds.
    pub(super) held: bool,
}

const WORDS: [&str; 4] = ["class", "changed", "evidence", "held"];

impl FilterText {
    /// Reads what was typed.
    ///
    /// # Errors
    /// `Usage` with the word that was probably meant.
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut filter = Self::default();
        for part in text.split_whitespace() {
            let (word, values) = part.split_once('=').unwrap_or((part, ""));
            let values = || values.split(',').filter(|value| !value.is_empty()).map(str::to_owned);
            match word {
                "class" => filter.classes.extend(values()),
                "changed" => filter.changed.extend(values()),
                "evidence" => filter.evidence.extend(values()),
                "held" => filter.held = true,
                _ => return Err(unknown(word)),
            }
        }
        filter.filter()?;
        Ok(filter)
    }

    /// Returns what it means for the rows of one table.
    ///
    /// # Errors
    /// `Usage` where a class or a kind of evidence is none.
    pub(super) fn filter(&self) -> Result<Filter> {
        let mut classes = Vec::new();
        for word in &self.classes {
            let setting: Setting = word.parse()?;
            classes.extend_from_slice(setting.classes());
        }
        let evidence =
            self.evidence.iter().map(|word| read_evidence(word).map_err(usage)).collect::<Result<Vec<Evidence>>>()?;
        let changed = self.changed.iter().map(Glob::new).collect();
        let selector = Selector { classes, evidence, changed, ..Selector::default() };
        Ok(Filter { selector, held: self.held, key: Vec::new() })
    }

    /// Returns it as it is typed.
    pub(super) fn text(&self) -> String {
        let list = |word: &str, values: &[String]| (!values.is_empty()).then(|| format!("{word}={}", values.join(",")));
        let lists = [list("class", &self.classes), list("changed", &self.changed), list("evidence", &self.evidence)];
        lists.into_iter().flatten().chain(self.held.then(|| "held".to_owned())).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Asks for a value of a word alone; for all again where it was asked for already.
    pub(super) fn toggle(&mut self, word: &str, value: &str) {
        let list = match word {
            "class" => &mut self.classes,
            "changed" => &mut self.changed,
            "evidence" => &mut self.evidence,
            _ => return,
        };
        let was = list.len() == 1 && list[0] == value;
        list.clear();
        if !was {
            list.push(value.to_owned());
        }
    }

    /// Whether a value of a word is asked for.
    pub(super) fn has(&self, word: &str, value: &str) -> bool {
        let list = match word {
            "class" => &self.classes,
            "changed" => &self.changed,
            _ => &self.evidence,
        };
        list.iter().any(|one| one == value)
    }
}

fn unknown(word: &str) -> Error {
    let error = usage(format!("`{word}` is no word of a filter"));
    match nearest(word, WORDS) {
        Some(meant) => error.next(format!("did you mean `{meant}`?")),
        None => error.next("write class=, changed= or evidence=, with commas between, or held"),
    }
}

fn usage(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, "read the filter").because(cause.into())
}

#[cfg(test)]
mod tests {
    use super::super::told::told;
    use super::*;

    #[test]
    fn what_is_typed_reads_back() {
        for text in ["", "class=conflict", "class=update,drift changed=status,tot* evidence=column held"] {
            assert_eq!(FilterText::read(text).unwrap().text(), text);
        }
        let spread = FilterText::read("  changed=a  changed=b ").unwrap();
        assert_eq!(spread.text(), "changed=a,b");
        let filter = FilterText::read("class=conflict").unwrap().filter().unwrap();
        assert_eq!(filter.selector.classes.len(), 5);
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let fault = |text: &str| told(&FilterText::read(text).unwrap_err());
        assert!(fault("clas=update").contains("did you mean `class`?"), "{}", fault("clas=update"));
        assert!(fault("class=updte").contains("did you mean `update`?"), "{}", fault("class=updte"));
        assert!(fault("evidence=colum").contains("did you mean `column`?"));
    }

    #[test]
    fn a_facet_is_asked_for_alone_and_let_go_again() {
        let mut filter = FilterText::read("class=update,drift").unwrap();
        filter.toggle("class", "drift");
        assert!(filter.has("class", "drift") && !filter.has("class", "update"));
        filter.toggle("class", "drift");
        assert!(filter.is_empty());
    }
}
