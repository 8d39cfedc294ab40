//! Parts that runbooks are put together from: steps, notices, and what their names stand for, under `include = "NAME"`.
//!
//! Comes in: a step that includes a part, and what its placeholders stand for. Goes out: the part's steps in that step's place;
//! or the text of a runbook with its parts' texts in it.
//! Never: a part within a part, a part from a file.

use toml_edit::Document;

use super::vars::Vars;
use crate::config::Var;
use crate::error::Result;
use crate::policy::keys::{Section, Source, nearest};

/// The key of a step that stands for a part's.
pub(super) const INCLUDE: &str = "include";

/// The parts, by name.
const PARTS: [(&str, &str); 7] = [
    ("old-is-ready", include_str!("runbooks/parts/old-is-ready.toml")),
    ("new-is-quiet", include_str!("runbooks/parts/new-is-quiet.toml")),
    ("names-move", include_str!("runbooks/parts/names-move.toml")),
    ("names-settled", include_str!("runbooks/parts/names-settled.toml")),
    ("old-serves", include_str!("runbooks/parts/old-serves.toml")),
    ("rows", include_str!("runbooks/parts/rows.toml")),
    ("end", include_str!("runbooks/parts/end.toml")),
];

/// A part.
#[derive(Clone, Debug)]
pub(super) struct Part {
    text: &'static str,
    file: String,
}

impl Part {
    /// Finds the part that a step includes, if it includes one.
    ///
    /// # Errors
    /// `Config` where no part is called so, with the nearest name, and where the step says anything else.
    pub(super) fn of(step: &Section<'_>) -> Result<Option<Self>> {
        let Some(entry) = step.entry(INCLUDE) else { return Ok(None) };
        step.check(&[INCLUDE])?;
        let name = entry.text()?;
        if let Some(text) = text(name) {
            return Ok(Some(Self { text, file: format!("part {name}") }));
        }
        let rest = nearest(name, names()).map_or_else(
            || format!("known are {}", names().collect::<Vec<_>>().join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        Err(entry.value_error(format!("no part is called `{name}`; {rest}")))
    }

    /// Lists the parts that a runbook's steps include.
    ///
    /// # Errors
    /// As [`Part::of`].
    pub(super) fn all(runbook: &Section<'_>) -> Result<Vec<Self>> {
        let steps = runbook.entry("step").map_or_else(|| Ok(Vec::new()), |entry| entry.sections())?;
        steps.iter().filter_map(|step| Self::of(step).transpose()).collect()
    }

    /// Lists those that there are, and leaves out what is none.
    pub(super) fn known(runbook: &Section<'_>) -> Vec<Self> {
        let steps = runbook.entry("step").and_then(|entry| entry.sections().ok()).unwrap_or_default();
        steps.iter().filter_map(|step| Self::of(step).ok().flatten()).collect()
    }

    /// Opens its text.
    ///
    /// # Errors
    /// What `read` returns.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Source<'_>, &Document<&str>, &Section<'_>) -> Result<T>) -> Result<T> {
        let source = Source::new("read the runbook", &self.file, self.text);
        let document = source.parse()?;
        read(&source, &document, &Section::root(&source, &document))
    }

    /// Adds what its names stand for, unless something else is said of them.
    ///
    /// # Errors
    /// `Config` where it makes no sense.
    pub(super) fn with_vars(&self, mut vars: Vars) -> Result<Vars> {
        self.read(|_, _, root| {
            for entry in root.section("vars")?.iter().flat_map(Section::entries) {
                let is_list = matches!(entry.value(), Some(toml_edit::Value::Array(_)));
                let value = if is_list { Var::List(entry.texts()?) } else { Var::Text(entry.text()?.to_owned()) };
                vars = vars.clone().or(entry.key(), value);
            }
            Ok(vars)
        })
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|(name, _)| *name)
}

fn text(name: &str) -> Option<&'static str> {
    PARTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Writes the texts of its parts into the text of a runbook of ours: what their names stand for below `[vars]`, their steps in
/// the place of those that include them.
pub(super) fn whole(runbook: &str) -> String {
    let (mut vars, mut steps, mut rest) = (String::new(), String::new(), runbook);
    while let Some((before, name, after)) = included(rest) {
        steps.push_str(before);
        let part = text(name).unwrap_or_default();
        let (head, own) = part.split_at(part.find("\n[[").map_or(part.len(), |at| at + 1));
        steps.push_str(own.trim_end());
        steps.push('\n');
        vars.extend(head.split_once("[vars]\n").map(|(_, lines)| lines.trim_end().to_owned() + "\n"));
        rest = after;
    }
    steps.push_str(rest);
    if vars.is_empty() {
        return steps;
    }
    let at = steps.find("\n[[step]]").unwrap_or(steps.len());
    let (head, below) = steps.split_at(at);
    let title = if head.contains("\n[vars]\n") { "" } else { "\n[vars]\n" };
    format!("{head}{title}{vars}{below}")
}

/// Splits a text at the first step that includes a part: what is before it, the part's name, what is behind it.
fn included(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("[[step]]\ninclude = \"")?;
    let (name, after) = rest.split_once("\"\n")?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::super::runbook::Runbook;
    use super::*;

    const HEAD: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Own.\"\n";

    fn vars() -> Vars {
        let names = ["subscription", "old_group", "old_cluster", "namespace", "ingress"];
        let vars = names.into_iter().fold(Vars::default(), |vars, name| vars.with_text(name, name));
        ["services", "databases"].into_iter().fold(vars, |vars, name| vars.with(name, Var::List(vec!["one".to_owned()])))
    }

    #[test]
    fn a_part_stands_where_it_is_included_and_its_errors_have_its_name() {
        let own = "[[step]]\nid = \"mine\"\ntitle = \"mine\"\nkind = \"wait\"\nfor = \"1s\"\nneeds = [\"pods\"]\n";
        let text = format!("{HEAD}[[step]]\ninclude = \"old-is-ready\"\n{own}");
        let runbook = Runbook::parse(&text, "own.toml", &vars()).unwrap();
        let ids: Vec<_> = runbook.steps.iter().map(|step| step.id.as_str()).collect();
        assert_eq!(ids, ["account", "credentials", "pods/one", "databases", "address", "mine"]);
        assert_eq!(Runbook::parse(&whole(&text), "own.toml", &vars()).unwrap(), runbook);
        let wrong = |text: &str, vars: &Vars| {
            let error = Runbook::parse(text, "own.toml", vars).unwrap_err();
            format!("{} {}", error.places().join(" "), error.causes().join(": "))
        };
        let told = wrong(&text, &Vars::default());
        assert!(told.starts_with("part old-is-ready:") && told.contains("`subscription`"), "{told}");
        let told = wrong(&text.replace("-ready", "-raedy"), &vars());
        assert!(told.starts_with("own.toml:5:") && told.contains("did you mean `old-is-ready`?"), "{told}");
        let told = wrong(&text.replace("ready\"\n", "ready\"\nid = \"x\"\n"), &vars());
        assert!(told.contains("unknown key `id`"), "{told}");
    }

    #[test]
    fn what_a_part_says_of_its_names_is_said_where_nobody_else_does() {
        let part = Part { text: text("new-is-quiet").unwrap(), file: String::new() };
        let watch = |vars: Vars| part.with_vars(vars).unwrap().fill("${watch}").unwrap();
        assert_eq!((watch(Vars::default()), watch(Vars::default().with_text("watch", "1s"))), ("20s".into(), "1s".into()));
        let own = format!("{HEAD}[vars]\nown = \"1\"\n\n[[step]]\ninclude = \"new-is-quiet\"\n");
        assert!(whole(&own).contains("own = \"1\"\nwatch = \"20s\"\n\n[[step]]\nid = \"fence\""), "{}", whole(&own));
    }
}
