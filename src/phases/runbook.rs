//! A runbook: the steps of one phase of a rollback, as TOML that people read, copy and edit.

use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::kind::Kind;
use super::notice::Notice;
use super::parts::Part;
use super::state::Effect;
use super::step::Step;
use super::vars::{Vars, awaited};
use crate::config::Var;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::{Section, Source, nearest};

/// What stands at the top of a runbook.
pub(super) const KEYS: &[&str] = &["runbook", "title", "summary", "options", "vars", "step", "notice"];

/// The runbook, with every placeholder replaced that is known before it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Runbook {
    /// Its name.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What it does and for whom, in a few sentences.
    pub summary: String,
    /// Ways through it, of which one is chosen; none if it has one way.
    pub options: Vec<String>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Who is told what, and by when.
    #[serde(default)]
    pub notices: Vec<Notice>,
}

impl Runbook {
    /// Reads a runbook. `file` is how errors call it; `vars` is what its placeholders stand for, over what it says itself under
    /// `[vars]`.
    ///
    /// # Errors
    /// `Config` at `file:line:column` for what makes no sense.
    pub fn parse(text: &str, file: &str, vars: &Vars) -> Result<Self> {
        let source = Source::new("read the runbook", file, text);
        let document = source.parse()?;
        let root = Section::root(&source, &document);
        root.check(KEYS)?;
        let vars = with_parts(&root, with_own(&root, vars.clone())?)?;
        let mut steps = Vec::new();
        for section in root.entry("step").map_or_else(|| Ok(Vec::new()), |entry| entry.sections())? {
            read_step(&section, &vars, &mut steps)?;
        }
        let runbook = Self::of_root(&root, &vars, steps)?;
        runbook.expect_sense().map_err(|cause| {
            Error::new(ErrorKind::Config, "read the runbook")
                .at(file)
                .because(cause)
                .next("correct the runbook; `failback rollback runbook lint FILE` looks at it alone")
        })?;
        Ok(runbook)
    }

    /// Reads what stands around the steps.
    pub(super) fn of_root(root: &Section<'_>, vars: &Vars, steps: Vec<Step>) -> Result<Self> {
        let fields = Fields::new(root.clone(), vars);
        Ok(Self {
            name: fields.required("runbook")?,
            title: fields.required("title")?,
            summary: fields.required("summary")?,
            options: fields.texts("options")?,
            steps,
            notices: notices(root, vars)?,
        })
    }

    /// Returns the runbook with those steps alone that belong to one of its options.
    ///
    /// # Errors
    /// `Usage` where an option is wanted and none is chosen, or one that it does not have.
    pub fn with_option(mut self, option: Option<&str>) -> Result<Self> {
        let wrong = |cause: String| Error::new(ErrorKind::Usage, "choose an option").because(cause);
        match option {
            None if self.options.is_empty() => return Ok(self),
            None => return Err(wrong(format!("{} wants --option, one of {}", self.name, self.options.join(", ")))),
            Some(option) if !self.options.iter().any(|known| known == option) => {
                let known = if self.options.is_empty() { "none".to_owned() } else { self.options.join(", ") };
                return Err(wrong(format!("{} has no option `{option}`; it has {known}", self.name)));
            }
            Some(option) => self.steps.retain(|step| step.only.is_empty() || step.only.iter().any(|only| only == option)),
        }
        Ok(self)
    }

    pub(super) fn expect_sense(&self) -> Result<(), String> {
        if self.steps.is_empty() {
            return Err("it has no steps, each under [[step]]".to_owned());
        }
        for (at, step) in self.steps.iter().enumerate() {
            let before = &self.steps[..at];
            if before.iter().any(|other| other.id == step.id) {
                return Err(format!("two steps are called `{}`", step.id));
            }
            if let Some(option) = step.only.iter().find(|only| !self.options.contains(only)) {
                return Err(format!("step {} is only for `{option}`, which is not among `options`", step.id));
            }
            let named = step.needs.iter().map(String::as_str).chain(step.kind.follows());
            if let Some(need) = named.into_iter().find(|need| !before.iter().any(|other| is_called(other, need))) {
                let known = before.iter().map(|other| other.id.as_str());
                let meant = nearest(need, known).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
                return Err(format!("step {} needs `{need}`, and no step before it is called so{meant}", step.id));
            }
            expect_known_facts(step, before)?;
        }
        for (at, notice) in self.notices.iter().enumerate() {
            let is_step = self.steps.iter().any(|step| step.id == notice.on);
            if !is_step && !matches!(notice.on.as_str(), "declared" | "finished") {
                return Err(format!(
                    "notice {} follows `{}`, which is neither a step nor declared or finished",
                    notice.id, notice.on
                ));
            }
            if self.notices[..at].iter().any(|other| other.id == notice.id) {
                return Err(format!("two notices are called `{}`", notice.id));
            }
        }
        Ok(())
    }
}

/// Whether a step has this id, or was made of the step of this id.
#[must_use]
pub fn is_called(step: &Step, name: &str) -> bool {
    step.id == name || step.group.as_deref() == Some(name)
}

/// Lists the steps and keys that a step waits for.
pub(super) fn awaits(step: &Step) -> Vec<(String, String)> {
    let mut wanted = Vec::new();
    // What a step does can always be written down.
    collect(&serde_json::to_value(&step.kind).unwrap_or_default(), &mut wanted);
    wanted
}

/// Facts come from steps that are done before.
fn expect_known_facts(step: &Step, before: &[Step]) -> Result<(), String> {
    let wanted = awaits(step);
    let is_known = |name: &str| name == "rollback" || before.iter().any(|other| other.id == name);
    match wanted.into_iter().find(|(name, _)| !is_known(name)) {
        Some((name, key)) => Err(format!("step {} wants `{key}` of `{name}`, and no step before it is called so", step.id)),
        None => Ok(()),
    }
}

fn collect(value: &serde_json::Value, wanted: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::String(text) => wanted.extend(awaited(text)),
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, wanted)),
        serde_json::Value::Object(entries) => entries.values().for_each(|value| collect(value, wanted)),
        _ => {}
    }
}

fn with_own(root: &Section<'_>, mut vars: Vars) -> Result<Vars> {
    let Some(own) = root.section("vars")? else { return Ok(vars) };
    for entry in own.entries() {
        let value = match entry.value() {
            Some(toml_edit::Value::Array(_)) => Var::List(entry.texts()?),
            _ => Var::Text(vars.fill(entry.text()?).map_err(|cause| entry.value_error(cause))?),
        };
        vars = vars.or(entry.key(), value);
    }
    Ok(vars)
}

/// Adds what the names of its parts stand for.
pub(super) fn with_parts(root: &Section<'_>, vars: Vars) -> Result<Vars> {
    Part::all(root)?.iter().try_fold(vars, |vars, part| part.with_vars(vars))
}

/// Reads its notices, and those of its parts.
fn notices(root: &Section<'_>, vars: &Vars) -> Result<Vec<Notice>> {
    let below = |root: &Section<'_>| -> Result<Vec<Notice>> {
        Fields::new(root.clone(), vars).each_below("notice")?.iter().map(Notice::read).collect()
    };
    let mut all = below(root)?;
    for part in Part::all(root)? {
        all.extend(part.read(|_, _, root| below(root))?);
    }
    Ok(all)
}

/// Reads a step: the one that it is, one for each of some names, or those of the part that it includes.
pub(super) fn read_step(section: &Section<'_>, vars: &Vars, steps: &mut Vec<Step>) -> Result<()> {
    if let Some(part) = Part::of(section)? {
        return part.read(|_, _, root| {
            let sections = root.entry("step").map_or_else(|| Ok(Vec::new()), |entry| entry.sections())?;
            sections.iter().try_for_each(|section| read_step(section, vars, steps))
        });
    }
    let Some(entry) = section.entry("for_each") else {
        steps.push(Step::read(&Fields::new(section.clone(), vars), None)?);
        return Ok(());
    };
    let name = entry.text()?;
    let Some(Var::List(values)) = vars.get(name) else {
        return Err(entry.value_error(format!("`{name}` is no list under [vars]")));
    };
    for each in values {
        let vars = vars.clone().with_text("each", each);
        steps.push(Step::read(&Fields::new(section.clone(), &vars), Some(each))?);
    }
    Ok(())
}

impl Runbook {
    /// Whether any step moves traffic or destroys.
    #[must_use]
    pub fn most_effect(&self) -> Effect {
        self.steps.iter().map(|step| step.kind.effect()).max().unwrap_or(Effect::Read)
    }

    /// The checklists among the steps.
    pub fn checklists(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.kind, Kind::Checklist(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "runbook = \"t\"\ntitle = \"t\"\nsummary = \"s\"\n";

    fn vars() -> Vars {
        let services = Var::List(vec!["a".to_owned(), "b".to_owned()]);
        Vars::default().with_text("env", "dev").with_text("config", "failback.toml").with("services", services)
    }

    fn parse(steps: &str) -> Result<Runbook> {
        Runbook::parse(&format!("{HEAD}{steps}"), "t.toml", &vars())
    }

    fn wrong(steps: &str) -> String {
        let error = parse(steps).unwrap_err();
        format!("{} {}", error.places().join(" "), error.causes().join(": "))
    }

    #[test]
    fn a_step_for_each_of_some_names_is_many() {
        let steps = "[[step]]\nid = \"flip\"\ntitle = \"${each} of ${env}\"\nkind = \"command\"\nfor_each = \"services\"\n\
                     run = [\"flip\", \"${each}\", \"${services}\"]\nundo = [\"back\"]\neffect = \"write\"\n\
                     compensate = true\n";
        let runbook = parse(steps).unwrap();
        let ids: Vec<_> = runbook.steps.iter().map(|step| (step.id.as_str(), step.title.as_str())).collect();
        assert_eq!(ids, [("flip/a", "a of dev"), ("flip/b", "b of dev")]);
        assert_eq!(runbook.steps[1].kind.show()[0], "flip b a b");
        assert!(is_called(&runbook.steps[0], "flip"));
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_line() {
        let wait = "[[step]]\nid = \"w\"\ntitle = \"w\"\nkind = \"wait\"\nfor = \"5m\"\n";
        let cases = [
            (String::new(), "no steps"),
            (wait.replace("wait\"\n", "wiat\"\n"), "did you mean `wait`"),
            (wait.replace("for =", "fro ="), "unknown key `fro`"),
            (wait.replace("5m", "soon"), "length of time"),
            (wait.replace("\"w\"\nkind", "\"${evn}\"\nkind"), "did you mean `env`"),
            (format!("{wait}{wait}"), "two steps are called `w`"),
            (format!("{wait}needs = [\"x\"]\n"), "needs `x`"),
            (format!("{wait}retries = 1\nonly = [\"a\"]\n"), "not among `options`"),
        ];
        for (steps, cause) in cases {
            assert!(wrong(&steps).contains(cause), "{cause}: {}", wrong(&steps));
        }
        assert!(wrong(&wait.replace("5m", "soon")).starts_with("t.toml:8:7"), "{}", wrong(&wait.replace("5m", "soon")));
    }

    #[test]
    fn what_destroys_needs_consent_and_what_changes_is_not_retried() {
        let command = |more: &str| {
            format!("[[step]]\nid = \"c\"\ntitle = \"c\"\nkind = \"command\"\nrun = [\"rm\"]\neffect = \"destructive\"\n{more}")
        };
        assert!(wrong(&command("")).contains("needs `approval"));
        assert!(parse(&command("approval = { roles = [\"commander\"] }\n")).is_ok());
        assert!(wrong(&command("approval = { roles = [\"c\"] }\nretries = 2\n")).contains("blindly"));
        assert!(wrong(&command("approval = { roles = [\"c\"] }\noptional = true\n")).contains("cannot be optional"));
        assert!(wrong(&command("approval = { roles = [\"c\"], approvers = 2 }\n")).contains("1 to 1"));
    }

    #[test]
    fn facts_come_from_steps_before() {
        let command = "[[step]]\nid = \"c\"\ntitle = \"c\"\nkind = \"command\"\nrun = [\"${x.ip}\"]\neffect = \"read\"\n";
        assert!(wrong(command).contains("wants `ip` of `x`"));
        let before = "[[step]]\nid = \"x\"\ntitle = \"x\"\nkind = \"wait\"\nfor = \"1s\"\n";
        assert!(parse(&format!("{before}{command}")).is_ok());
    }
}
