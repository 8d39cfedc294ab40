//! One decision of `decisions.toml`: what is to be done, and who said so, when and why. Each is signed by itself, so that a
//! later one signs no earlier one; those that were replaced stay in the file as its history.

use serde::{Deserialize, Serialize};

use super::choice::said;
use super::keys::{Entry, Section, spell};
use super::{Choices, Resolution, Setting};
use crate::error::Result;

/// Who decided, when and why, as far as the file says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The reason.
    pub why: Option<String>,
    /// Who decided.
    pub by: Option<String>,
    /// When, in RFC 3339 with an offset.
    pub at: Option<String>,
}

/// A decision about one class, or about those of a shorthand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) resolution: Resolution,
    pub(super) signature: Signature,
}

/// A decision that was replaced by a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The section that it stood in, with its brackets.
    pub section: String,
    /// The class or shorthand.
    pub class: String,
    /// What was to be done, as it was written; nothing where the decision was about evidence.
    pub resolution: String,
    /// The evidence that was needed, as it was written, where the decision was about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who had decided that.
    #[serde(flatten)]
    pub signature: Signature,
    /// When it was replaced.
    pub until: String,
}

/// The keys of a signature.
pub(super) const SIGNATURE: [&str; 3] = ["why", "by", "at"];

impl Signature {
    /// Reads it from a section, or from a decision's own table.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        Ok(Self { why: section.text("why")?, by: section.text("by")?, at: time(section, "at")? })
    }
}

impl Decision {
    /// Reads a resolution, which its section signs, or a table with a signature of its own.
    pub(super) fn read(entry: &Entry<'_>, setting: Setting, section: &Signature) -> Result<Self> {
        if !entry.is_section() {
            return Ok(Self { resolution: resolution(entry, setting)?, signature: section.clone() });
        }
        let own = entry.section()?;
        own.check(&["resolution", "why", "by", "at"])?;
        let word =
            own.entry("resolution").ok_or_else(|| entry.value_error(format!("`{}` has no `resolution`", entry.key())))?;
        Ok(Self { resolution: resolution(&word, setting)?, signature: Signature::read(&own)? })
    }
}

impl Past {
    /// Reads the file's history, oldest first.
    pub(super) fn read(root: &Section<'_>) -> Result<Vec<Self>> {
        let Some(entry) = root.entry("history") else { return Ok(Vec::new()) };
        entry.sections()?.iter().map(Self::read_one).collect()
    }

    fn read_one(section: &Section<'_>) -> Result<Self> {
        section.check(&[
            "section",
            "class",
            "resolution",
            "columns",
            "set",
            "set_null",
            "compute",
            "evidence",
            "why",
            "by",
            "at",
            "until",
        ])?;
        let text = |key| section.text(key).map(Option::unwrap_or_default);
        Ok(Self {
            section: text("section")?,
            class: text("class")?,
            resolution: with_choices(text("resolution")?, section)?,
            evidence: section.text("evidence")?,
            signature: Signature::read(section)?,
            until: time(section, "until")?.unwrap_or_default(),
        })
    }
}

/// What was to be done, with what single columns got.
fn with_choices(resolution: String, section: &Section<'_>) -> Result<String> {
    match Resolution::read(&resolution) {
        Ok(known) => Ok(said(known, &Choices::read(section, known)?)),
        Err(_) => Ok(resolution),
    }
}

fn resolution(entry: &Entry<'_>, setting: Setting) -> Result<Resolution> {
    let word = entry.value().and_then(toml_edit::Value::as_str).ok_or_else(|| entry.wants("a resolution, in quotes"))?;
    let resolution = Resolution::read(word).map_err(|cause| entry.value_error(cause))?;
    setting.check(resolution).map_err(|cause| entry.value_error(cause))?;
    Ok(resolution)
}

/// Reads a time, which is kept for people: a string or a TOML date and time, both with an offset.
fn time(section: &Section<'_>, key: &str) -> Result<Option<String>> {
    let Some(entry) = section.entry(key) else { return Ok(None) };
    let text = match entry.value() {
        Some(toml_edit::Value::Datetime(time)) => time.value().to_string(),
        _ => entry.text()?.to_owned(),
    };
    if text.parse::<jiff::Timestamp>().is_err() {
        let cause = format!("`{}` must be a date and time with an offset, as in 2026-11-22T10:00:00+02:00", spell(key));
        return Err(entry.value_error(cause));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::super::Decisions;
    use super::*;
    use crate::delta::Class;

    fn fault(text: &str) -> String {
        Decisions::parse(text, "decisions.toml").unwrap_err().causes().join("; ")
    }

    #[test]
    fn a_decision_of_its_own_signature_takes_nothing_from_its_section() {
        let text = "[defaults]\ndelete = { resolution = \"apply_new\", by = \"ada\", at = 2026-11-22T10:00:00Z }\n\
                    insert = \"hold\"\nwhy = \"agreed\"\nby = \"bob\"\n";
        let decisions = Decisions::parse(text, "decisions.toml").unwrap();
        let of = |class| decisions.resolve("shop", "public.t", class);
        let text = |text: &str| Some(text.to_owned());
        let (delete, insert) = (of(Class::Delete), of(Class::Insert));
        let own = Signature { why: None, by: text("ada"), at: text("2026-11-22T10:00:00Z") };
        assert_eq!((delete.resolution, delete.signature), (Resolution::ApplyNew, own));
        let sections = Signature { why: text("agreed"), by: text("bob"), at: None };
        assert_eq!((insert.resolution, insert.signature), (Resolution::Hold, sections));
    }

    #[test]
    fn mistakes_in_a_signed_decision_and_in_the_history_are_told() {
        let cases = [
            ("[defaults]\ndelete = { why = \"x\" }", "`delete` has no `resolution`"),
            (
                "[defaults]\ndelete = { resolution = \"hold\", wyh = \"x\" }",
                "unknown key `wyh` in [defaults.delete]; did you mean `why`?",
            ),
            (
                "[defaults]\nold_only = { resolution = \"apply_new\" }",
                "`apply_new` makes no sense for `old_only`; use keep_old, hold or skip",
            ),
            (
                "[defaults]\ndelete = { resolution = \"hold\", at = \"noon\" }",
                "`at` must be a date and time with an offset, as in 2026-11-22T10:00:00+02:00",
            ),
            ("history = \"long\"", "`history` must be tables, each under [[history]]; found a string"),
            (
                "[[history]]\nwhen = 1",
                "unknown key `when` in [history]; known are section, class, resolution, columns, set, set_null, compute, \
                 evidence, why, by, at, until",
            ),
        ];
        for (text, cause) in cases {
            assert_eq!(fault(text), cause, "{text}");
        }
    }
}
