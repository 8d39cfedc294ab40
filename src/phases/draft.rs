//! A runbook as far as it can be read: what is wrong with each step, and every name that nothing is said of, all of it in one
//! go instead of the first alone.

use toml_edit::{Item, TableLike, Value};

use super::parts::{INCLUDE, Part};
use super::runbook::{KEYS, Runbook, read_step};
use super::step::Step;
use super::vars::Vars;
use crate::config::Var;
use crate::error::{Error, Result};
use crate::policy::keys::{Section, Source};

/// A runbook with its flaws.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What of it can be read.
    pub runbook: Runbook,
    /// Its steps in order: those that can be read by their place in the runbook, and those that cannot.
    pub steps: Vec<Drafted>,
    /// What is wrong with it besides.
    pub flaws: Vec<Flaw>,
}

/// One step of a draft.
#[derive(Clone, Debug, PartialEq)]
pub enum Drafted {
    /// It can be read.
    Step(Box<Step>),
    /// It cannot.
    Broken {
        /// Its id, or what stands for it.
        id: String,
        /// Why.
        cause: String,
    },
}

/// Something that is wrong before any step is taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Flaw {
    /// What it is about: a variable, a program, a channel, the runbook.
    pub about: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub cause: String,
}

impl Draft {
    /// Reads a runbook as far as that can be; arguments as those of [`Runbook::parse`].
    ///
    /// # Errors
    /// `Config` where the file is no TOML, or has keys at its top that no runbook has.
    pub fn read(text: &str, file: &str, vars: &Vars) -> Result<Self> {
        let source = Source::new("read the runbook", file, text);
        let document = source.parse()?;
        let root = Section::root(&source, &document);
        root.check(KEYS)?;
        let mut vars = with_own(&root, vars.clone())?;
        // A part that is not known is told with the step that includes it.
        let parts = Part::known(&root);
        for part in &parts {
            vars = part.with_vars(vars)?;
        }
        let mut flaws = Vec::new();
        names(document.as_table(), &vars, &source, &mut flaws);
        for part in &parts {
            part.read(|source, document, _| {
                names(document.as_table(), &vars, source, &mut flaws);
                Ok(())
            })?;
        }
        let (mut steps, mut read) = (Vec::new(), Vec::new());
        steps_of(&root, &vars, &mut steps, &mut read)?;
        let is_whole = steps.iter().all(|step| matches!(step, Drafted::Step(_)));
        let runbook = match Runbook::of_root(&root, &vars, read.clone()) {
            Ok(runbook) => runbook,
            Err(error) => {
                flaws.push(Flaw { about: "runbook", name: file.to_owned(), cause: told(&error) });
                let text = |key: &str| root.text(key).ok().flatten().unwrap_or_default();
                let (name, title, summary) = (text("runbook"), text("title"), text("summary"));
                let options = root.texts("options")?.unwrap_or_default();
                Runbook { name, title, summary, options, steps: read, notices: Vec::new() }
            }
        };
        // Where a step is missing, what names it makes no sense for that alone.
        if let (true, Err(cause)) = (is_whole, runbook.expect_sense()) {
            flaws.push(Flaw { about: "runbook", name: file.to_owned(), cause });
        }
        flaws.sort();
        flaws.dedup();
        Ok(Self { runbook, steps, flaws })
    }

    /// Leaves out the steps of other options.
    ///
    /// # Errors
    /// As [`Runbook::with_option`].
    pub fn with_option(mut self, option: Option<&str>) -> Result<Self> {
        self.runbook = self.runbook.with_option(option)?;
        let left = &self.runbook.steps;
        self.steps.retain(|step| step.step().is_none_or(|step| left.iter().any(|other| other.id == step.id)));
        Ok(self)
    }
}

impl Drafted {
    /// The step, where it can be read.
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        match self {
            Self::Step(step) => Some(step),
            Self::Broken { .. } => None,
        }
    }
}

/// Reads the steps of a runbook or a part: one that cannot be read leaves those beside it as they are.
fn steps_of(root: &Section<'_>, vars: &Vars, steps: &mut Vec<Drafted>, read: &mut Vec<Step>) -> Result<()> {
    for section in root.entry("step").map_or_else(|| Ok(Vec::new()), |entry| entry.sections())? {
        if let Ok(Some(part)) = Part::of(&section) {
            part.read(|_, _, root| steps_of(root, vars, steps, read))?;
            continue;
        }
        let mut found = Vec::new();
        match read_step(&section, vars, &mut found) {
            Ok(()) => steps.extend(found.iter().map(|step| Drafted::Step(Box::new(step.clone())))),
            Err(error) => {
                let name = |key: &str| section.text(key).ok().flatten();
                let id = name("id").or_else(|| name(INCLUDE)).unwrap_or_else(|| "(a step without an id)".to_owned());
                steps.push(Drafted::Broken { id, cause: told(&error) });
                found.clear();
            }
        }
        read.extend(found);
    }
    Ok(())
}

fn told(error: &Error) -> String {
    let causes = error.causes().join(": ");
    if error.places().is_empty() { causes } else { format!("{}: {causes}", error.places().join(" ")) }
}

/// As [`Runbook::parse`] does it, but that what cannot be filled in is passed over: it is named elsewhere.
fn with_own(root: &Section<'_>, mut vars: Vars) -> Result<Vars> {
    let Some(own) = root.section("vars")? else { return Ok(vars) };
    for entry in own.entries() {
        let value = match entry.value() {
            Some(Value::Array(_)) => Some(Var::List(entry.texts()?)),
            _ => vars.fill(entry.text()?).ok().map(Var::Text),
        };
        if let Some(value) = value {
            vars = vars.or(entry.key(), value);
        }
    }
    Ok(vars)
}

/// Lists the names that nothing is said of, below a table.
fn names(table: &dyn TableLike, vars: &Vars, source: &Source<'_>, found: &mut Vec<Flaw>) {
    let with_each;
    let vars = if table.contains_key("for_each") {
        with_each = vars.clone().with_text("each", "each");
        &with_each
    } else {
        vars
    };
    let mut unset = |name: String, place: String| {
        let is_new = !found.iter().any(|flaw: &Flaw| flaw.name == name);
        if is_new {
            let cause = format!("it is not set under [vars] in failback.toml; {place} names it");
            found.push(Flaw { about: "variable", name, cause });
        }
    };
    if let Some(item) = table.get("for_each")
        && let Some(name) = item.as_str().filter(|name| !matches!(vars.get(name), Some(Var::List(_))))
    {
        unset(name.to_owned(), source.place(item.span().as_ref()));
    }
    for (key, item) in table.iter() {
        // A check that is not made names what nobody has to set.
        if key == "check" && !is_set(table, vars) {
            continue;
        }
        texts(item, &mut |text, span| vars.unset(text).into_iter().for_each(|name| unset(name, source.place(span))));
    }
    for (key, item) in table.iter() {
        if key == "check" && !is_set(table, vars) {
            continue;
        }
        if let Some(below) = item.as_table_like() {
            names(below, vars, source, found);
        }
        for below in item.as_array_of_tables().into_iter().flatten() {
            names(below, vars, source, found);
        }
    }
}

/// Whether an item's check is made: all that it needs is set.
fn is_set(table: &dyn TableLike, vars: &Vars) -> bool {
    let needed = table.get("if_set").and_then(Item::as_value);
    let texts: Vec<_> = match needed {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text.value().as_str()],
        _ => Vec::new(),
    };
    texts.into_iter().all(|name| vars.get(name).is_some())
}

/// Calls `seen` with the texts of an item itself, those of a list included, each with its place.
fn texts(item: &Item, seen: &mut dyn FnMut(&str, Option<&std::ops::Range<usize>>)) {
    let mut of_value = |value: &Value| {
        if let Some(text) = value.as_str() {
            seen(text, value.span().as_ref());
        }
    };
    match item.as_value() {
        Some(Value::Array(list)) => list.iter().for_each(&mut of_value),
        Some(value) => of_value(value),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "runbook = \"t\"\ntitle = \"t\"\nsummary = \"s\"\n[vars]\nown = \"1\"\n\
        [[step]]\nid = \"a\"\ntitle = \"a of ${zone}\"\nkind = \"redis\"\naddress = \"${host}:${own}\"\n\
        [[step]]\nid = \"b\"\ntitle = \"b\"\nkind = \"wait\"\nfor = \"1s\"\n\
        [[step]]\nid = \"c\"\ntitle = \"c\"\nkind = \"wait\"\nfor = \"soon\"\n\
        [[step]]\nid = \"d\"\ntitle = \"d ${each}\"\nkind = \"wait\"\nfor = \"1s\"\nfor_each = \"services\"\n\
        [[step]]\nid = \"e\"\ntitle = \"e\"\nkind = \"checklist\"\n\
        [[step.item]]\nid = \"i\"\ntext = \"i\"\nif_set = [\"prom\"]\n\
        check = { kind = \"redis\", address = \"${prom}\" }\n";

    #[test]
    fn every_name_that_is_not_set_and_every_step_that_makes_no_sense_is_told_at_once() {
        let draft = Draft::read(TEXT, "t.toml", &Vars::default()).unwrap();
        let unset: Vec<_> = draft.flaws.iter().map(|flaw| (flaw.about, flaw.name.as_str())).collect();
        assert_eq!(unset, [("variable", "host"), ("variable", "services"), ("variable", "zone")]);
        assert!(draft.flaws[0].cause.contains("t.toml:10:"), "{:?}", draft.flaws[0]);
        let steps: Vec<_> = draft
            .steps
            .iter()
            .map(|step| match step {
                Drafted::Step(step) => step.id.clone(),
                Drafted::Broken { id, .. } => format!("{id}!"),
            })
            .collect();
        assert_eq!(steps, ["a!", "b", "c!", "d!", "e"]);
        let whole = Vars::default().with_text("zone", "z").with_text("host", "h");
        let whole = whole.with("services", Var::List(vec!["x".to_owned(), "y".to_owned()]));
        let draft = Draft::read(&TEXT.replace("soon", "2s"), "t.toml", &whole).unwrap();
        assert!(draft.flaws.is_empty(), "{:?}", draft.flaws);
        assert_eq!(draft.steps.len(), 6);
    }

    #[test]
    fn what_makes_no_sense_as_a_whole_is_told_where_all_steps_do() {
        let text = TEXT.replace("${host}", "h").replace("${zone}", "z").replace("services", "own").replace("soon", "2s");
        let text = text.replace("for_each = \"own\"", "needs = [\"x\"]").replace("d ${each}", "d");
        let draft = Draft::read(&text, "t.toml", &Vars::default()).unwrap();
        assert!(draft.flaws.len() == 1 && draft.flaws[0].cause.contains("needs `x`"), "{:?}", draft.flaws);
    }
}
