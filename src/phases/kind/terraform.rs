//! `kind = "terraform"`: what a configuration has made is destroyed by a saved plan whose deletions were looked at, and by
//! nothing else.
//!
//! Facts that this rests on (terraform 1.11, tried): `plan -destroy -detailed-exitcode` ends with 0 where there is nothing to
//! destroy, 2 where there is, 1 on failure, and a blocked plan leaves its file behind; a plan whose state has moved is refused
//! ("Saved plan is stale"); `destroy` in a wrong folder ends with 0 and destroys nothing; the state decides what goes, not the
//! variables.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::parse;
use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::{Ended, Facts, Seen};
use crate::phases::state::Effect;
use crate::phases::work::Work;
use crate::policy::Glob;
use crate::store::host_files;
use crate::text::shell_line;
use crate::words::words;

/// What is asked of terraform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terraform {
    #[serde(rename = "do")]
    ask: Ask,
    folder: String,
    variables: Vec<String>,
    allow: Vec<String>,
    never: Vec<String>,
    most: u32,
    plan: Option<String>,
}

/// The questions, and the one thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// That the state holds nothing.
    Empty,
    /// Saves a plan to destroy everything, and holds its deletions against what may go.
    PlanDestroy,
    /// Carries out that saved plan.
    Destroy,
}

words!(Ask {
    Empty => "empty",
    PlanDestroy => "plan_destroy",
    Destroy => "destroy",
});

impl Terraform {
    pub(super) const KEYS: &[&str] = &["do", "folder", "variables", "allow", "never", "most", "plan"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let ask: Ask = fields.word("do")?;
        let is_plan = ask == Ask::PlanDestroy;
        Ok(Self {
            ask,
            folder: fields.required("folder")?,
            variables: fields.texts("variables")?,
            allow: if is_plan { fields.some_texts("allow")? } else { fields.texts("allow")? },
            never: fields.texts("never")?,
            most: fields.count("most")?.unwrap_or(100),
            plan: if ask == Ask::Destroy { Some(fields.required("plan")?) } else { None },
        })
    }

    pub(super) const fn effect(&self) -> Effect {
        if matches!(self.ask, Ask::Destroy) { Effect::Destructive } else { Effect::Read }
    }

    /// The step whose plan it carries out.
    pub(super) fn follows(&self) -> Option<&str> {
        self.plan.as_deref()
    }

    pub(super) fn show(&self) -> Vec<String> {
        let shown = |words: &[&str]| shell_line(&self.call(words));
        match (self.ask, &self.plan) {
            (Ask::Destroy, Some(plan)) => vec![shown(&["apply", "-input=false", &format!("<rollback>/{}", file(plan))])],
            (Ask::Empty, _) => vec![shown(&["show", "-json"])],
            _ => vec![
                shell_line(&self.plan_call("<rollback>/STEP.tfplan")),
                shown(&["show", "-json", "<rollback>/STEP.tfplan"]),
                format!("# goes on only if every name matches {}, at most {} resources", self.allow.join(" or "), self.most),
            ],
        }
    }

    fn call(&self, words: &[&str]) -> Vec<String> {
        let chdir = format!("-chdir={}", self.folder);
        ["terraform", &chdir].iter().chain(words).map(|word| (*word).to_owned()).collect()
    }

    fn plan_call(&self, file: &str) -> Vec<String> {
        let out = format!("-out={file}");
        let mut argv = self.call(&["plan", "-destroy", "-input=false", "-detailed-exitcode", "-lock-timeout=60s", &out]);
        argv.extend(self.variables.iter().map(|variable| format!("-var={variable}")));
        argv
    }

    pub(super) async fn probe(&self, work: &Work<'_>) -> Result<Seen> {
        // An empty state is what a wrong folder looks like too: only a destroy that began may find it done.
        Ok(match self.ask {
            Ask::Destroy => match self.resources(work).await? {
                Ok(0) => Seen::Done(Facts::new()),
                Ok(_) => Seen::NotDone,
                Err(cause) => Seen::Unknown(cause),
            },
            _ => Seen::NotDone,
        })
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        match self.ask {
            Ask::Empty => self.empty(work).await,
            Ask::PlanDestroy => self.plan_destroy(work).await,
            Ask::Destroy => self.destroy(work).await,
        }
    }

    /// How many resources the state holds.
    async fn resources(&self, work: &Work<'_>) -> Result<Result<usize, String>> {
        let ran = work.run(&self.call(&["show", "-json"])).await?;
        if !ran.is_fine() {
            return Ok(Err(ran.said("terraform")));
        }
        // An absent state is shown without `values`.
        Ok(Ok(resources(&parse("terraform show", &ran.out)?["values"]["root_module"])))
    }

    async fn empty(&self, work: &Work<'_>) -> Result<Ended> {
        Ok(match self.resources(work).await? {
            Ok(0) => Ended::done(),
            Ok(some) => Ended::Failed(format!("the state in {} holds {some} resources", self.folder)),
            Err(cause) => Ended::Unknown(cause),
        })
    }

    async fn plan_destroy(&self, work: &Work<'_>) -> Result<Ended> {
        let path = work.file(&file(work.step)).display().to_string();
        let ran = work.run(&self.plan_call(&path)).await?;
        match ran.code {
            Some(2) => {}
            Some(0) => {
                return Ok(Ended::Failed(format!(
                    "there is nothing to destroy in {}: the wrong folder or state?",
                    self.folder
                )));
            }
            _ => return Ok(Ended::Failed(ran.said("terraform"))),
        }
        let shown = work.run(&self.call(&["show", "-json", &path])).await?;
        if !shown.is_fine() {
            return Ok(Ended::Failed(shown.said("terraform")));
        }
        let plan = parse("terraform show", &shown.out)?;
        Ok(match self.review(&plan) {
            Ok(names) => Ended::Done(Facts::from([
                ("deletions".to_owned(), names.len().to_string()),
                ("names".to_owned(), names.join(" ")),
                ("digest".to_owned(), digest(&path)?),
            ])),
            Err(cause) => Ended::Failed(cause),
        })
    }

    /// Holds a plan against what may go.
    fn review(&self, plan: &Value) -> Result<Vec<String>, String> {
        if plan["errored"] == true || plan["applyable"] == false || plan["complete"] == false {
            return Err("terraform says that the plan cannot be carried out as a whole".to_owned());
        }
        let changes = plan["resource_changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let touched: Vec<_> =
            changes.iter().filter(|change| change["change"]["actions"] != serde_json::json!(["no-op"])).collect();
        if touched.is_empty() {
            return Err("the plan destroys nothing".to_owned());
        }
        if touched.len() > self.most as usize {
            return Err(format!("the plan destroys {} resources, and at most {} may go", touched.len(), self.most));
        }
        touched.into_iter().map(|change| self.may_go(change)).collect()
    }

    fn may_go(&self, change: &Value) -> Result<String, String> {
        let address = change["address"].as_str().unwrap_or_default();
        let kind = change["type"].as_str().unwrap_or_default();
        if change["change"]["actions"] != serde_json::json!(["delete"]) {
            return Err(format!("the plan does something else than to destroy {address}"));
        }
        let before = &change["change"]["before"];
        // What has no name of its own is named by its address.
        let name = ["name", "input", "id"].into_iter().find_map(|key| before[key].as_str()).unwrap_or(address);
        let matches = |patterns: &[String]| {
            patterns.iter().any(|pattern| [name, address, kind].iter().any(|text| Glob::new(pattern).matches(text)))
        };
        if matches(&self.never) {
            return Err(format!("{address} ({name}) may never be destroyed"));
        }
        if !self.allow.iter().any(|pattern| Glob::new(pattern).matches(name)) {
            return Err(format!("{address} is called {name}, which matches none of {}", self.allow.join(", ")));
        }
        Ok(name.to_owned())
    }

    async fn destroy(&self, work: &Work<'_>) -> Result<Ended> {
        let plan = self.plan.as_deref().unwrap_or_default();
        let path = work.file(&file(plan)).display().to_string();
        if Some(digest(&path)?) != (work.facts)(plan, "digest") {
            return Ok(Ended::Failed(format!("the saved plan of {plan} is not the one that was looked at")));
        }
        let ran = work.run(&self.call(&["apply", "-input=false", "-lock-timeout=60s", &path])).await?;
        Ok(match self.resources(work).await? {
            Ok(0) if ran.is_fine() => Ended::done(),
            Ok(0) => Ended::Failed(format!("the state is empty, and yet {}", ran.said("terraform"))),
            Ok(left) => Ended::Failed(format!("{left} resources are left; {}", ran.said("terraform"))),
            Err(cause) => Ended::Unknown(cause),
        })
    }
}

/// The file of a step's saved plan. It may hold secrets, as a state does.
fn file(step: &str) -> String {
    format!("{}.tfplan", step.replace('/', "-"))
}

fn digest(path: &str) -> Result<String> {
    Ok(blake3::hash(&host_files::read_bytes(path.as_ref())?).to_hex().to_string())
}

fn resources(module: &Value) -> usize {
    let list = |key: &str| module[key].as_array().map(Vec::as_slice).unwrap_or_default();
    list("resources").len() + list("child_modules").iter().map(resources).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terraform() -> Terraform {
        Terraform {
            ask: Ask::PlanDestroy,
            folder: "infra".to_owned(),
            variables: Vec::new(),
            allow: vec!["mys-dev-*".to_owned()],
            never: vec!["azurerm_dns_zone".to_owned(), "*-kv-*".to_owned()],
            most: 2,
            plan: None,
        }
    }

    fn change(kind: &str, name: &str, actions: &[&str]) -> Value {
        let address = format!("{kind}.it");
        serde_json::json!({ "address": address, "type": kind, "change": { "actions": actions, "before": { "name": name } } })
    }

    fn review(changes: &[Value]) -> Result<Vec<String>, String> {
        terraform().review(&serde_json::json!({ "applyable": true, "complete": true, "resource_changes": changes }))
    }

    #[test]
    fn only_what_may_go_goes() {
        let group = change("azurerm_resource_group", "mys-dev-core-rg", &["delete"]);
        let kept = change("azurerm_resource_group", "mys-prod-core-rg", &["no-op"]);
        assert_eq!(review(&[group.clone(), kept]).unwrap(), ["mys-dev-core-rg"]);
        let wrong = [
            (vec![], "destroys nothing"),
            (vec![change("azurerm_resource_group", "mys-prod-core-rg", &["delete"])], "matches none"),
            (vec![change("azurerm_dns_zone", "mys-dev-zone", &["delete"])], "never"),
            (vec![change("azurerm_key_vault", "mys-dev-kv-san", &["delete"])], "never"),
            (vec![change("azurerm_resource_group", "mys-dev-core-rg", &["delete", "create"])], "something else"),
            (vec![group.clone(), group.clone(), group], "at most 2"),
        ];
        for (changes, cause) in wrong {
            assert!(review(&changes).unwrap_err().contains(cause), "{cause}");
        }
        assert!(terraform().review(&serde_json::json!({ "errored": true })).is_err());
    }

    #[test]
    fn resources_of_modules_count() {
        let module = serde_json::json!({ "resources": [1], "child_modules": [{ "resources": [1, 2] }, {}] });
        assert_eq!((resources(&module), resources(&Value::Null)), (3, 0));
    }
}
