//! `kind = "engine"`: a verb of failback's own, in a process of its own: it is the command that a person may type, with the
//! same exit code, and it can be looked at, stopped and run again like one.
//!
//! Every verb of the engine may be run again after a crash: it asks its files and OLD's ledger what is done. So no probe stands
//! before it.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::{Ended, Facts};
use crate::phases::state::Effect;
use crate::phases::tools::{OWN, Ran};
use crate::phases::work::Work;
use crate::text::shell_line;

/// What an exit code of failback's means, as far as a step has to know it (README, "Exit codes").
const MEANINGS: [(i32, &str); 8] = [
    (1, "failed"),
    (2, "was called wrongly"),
    (3, "found differences or rows that nobody has decided"),
    (4, "refused, and wrote nothing"),
    (5, "found a mismatch"),
    (6, "was not let in or timed out; a retry is safe"),
    (7, "found its files damaged"),
    (9, "finished with rows held, skipped or not looked at"),
];

/// OLD is partly changed; the same command goes on.
const PARTLY: i32 = 8;

/// The verbs that take rows of NEW.
const MOVERS: [&str; 3] = ["recover", "export", "merge"];

/// Runs a verb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    run: Vec<String>,
    #[serde(default)]
    look: Vec<String>,
    undo: Vec<String>,
    effect: Effect,
    accept: Vec<i32>,
}

impl Engine {
    pub(super) const KEYS: &[&str] = &["run", "look", "undo", "effect", "accept"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let whole = |words: Vec<String>| -> Result<Vec<String>> {
            if words.is_empty() {
                return Ok(words);
            }
            let configured = ["--config".to_owned(), fields.given("config")?, "--env".to_owned(), fields.given("env")?];
            Ok(std::iter::once(OWN.to_owned()).chain(words).chain(configured).collect())
        };
        let codes = fields.texts("accept")?;
        let code = |text: &String| text.parse().map_err(|_| fields.error("accept", "`accept` lists exit codes, as in [\"9\"]"));
        Ok(Self {
            run: whole(fields.some_texts("run")?)?,
            look: whole(fields.texts("look")?)?,
            undo: whole(fields.texts("undo")?)?,
            effect: fields.word("effect")?,
            accept: codes.iter().map(code).collect::<Result<_>>()?,
        })
    }

    pub(super) const fn effect(&self) -> Effect {
        self.effect
    }

    /// The command lines that it may run.
    pub fn commands(&self) -> impl Iterator<Item = &[String]> {
        [self.run.as_slice(), self.look.as_slice(), self.undo.as_slice()].into_iter().filter(|words| !words.is_empty())
    }

    pub(super) const fn has_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// What takes back by hand what the verb did, where no runbook has it taken back: rows of a merge that OLD has changed
    /// since are for a person to look at.
    pub(super) fn by_hand(&self) -> Option<String> {
        let is_merge = self.run.get(1).is_some_and(|verb| ["recover", "merge"].contains(&verb.as_str()));
        let kept = ["--run", "--confirm", "--config", "--env"];
        let given = self.run.windows(2).filter(|pair| kept.contains(&pair[0].as_str())).flatten().cloned();
        let words: Vec<_> = [OWN.to_owned(), "undo".to_owned()].into_iter().chain(given).collect();
        (is_merge && !self.has_undo()).then(|| shell_line(&words))
    }

    /// Whether the verb takes rows of NEW; one with `--look` only looks whether there are any.
    pub(super) fn moves_rows(&self) -> bool {
        let is_mover = self.run.get(1).is_some_and(|verb| MOVERS.contains(&verb.as_str()));
        is_mover && !self.run.iter().any(|word| word == "--look")
    }

    pub(super) fn show(&self) -> Vec<String> {
        let undo = (!self.undo.is_empty()).then(|| format!("{}  # undo", shell_line(&self.undo)));
        std::iter::once(shell_line(&self.run)).chain(undo).collect()
    }

    /// Runs the verb that only looks at what this one would do, where there is one.
    ///
    /// # Errors
    /// As [`super::Kind::act`].
    pub async fn look(&self, work: &Work<'_>) -> Result<Option<Ended>> {
        if self.look.is_empty() {
            return Ok(None);
        }
        let ran = work.run(&work.fill_all(&self.look)?).await?;
        Ok(Some(self.judge(&ran)))
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&work.fill_all(&self.run)?).await?;
        Ok(self.judge(&ran))
    }

    pub(super) async fn undo(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&work.fill_all(&self.undo)?).await?;
        Ok(self.judge(&ran))
    }

    fn judge(&self, ran: &Ran) -> Ended {
        let verb = self.run.get(1).map(String::as_str).unwrap_or_default();
        let program = format!("failback {verb}");
        match ran.code {
            Some(0) => Ended::Done(Facts::from([("exit".to_owned(), "0".to_owned())])),
            Some(code) if self.accept.contains(&code) => Ended::found("exit", code.to_string()),
            Some(PARTLY) | None => Ended::Unknown(ran.said(&program)),
            Some(code) => {
                let meaning = MEANINGS.iter().find(|(known, _)| *known == code).map_or("failed", |(_, meaning)| *meaning);
                Ended::Failed(format!("{program} {meaning}; {}", ran.said(&program)))
            }
        }
    }
}
