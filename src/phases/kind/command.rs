//! `kind = "command"`: a program of the operator's own, with an argument list and no shell.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::{Ended, Facts, Seen};
use crate::phases::state::Effect;
use crate::phases::work::Work;
use crate::text::shell_line;

/// Runs a program. Exit code 0 is done; of a probe 0 is "done before" and 1 "not done", all else "cannot tell".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    run: Vec<String>,
    probe: Vec<String>,
    verify: Vec<String>,
    undo: Vec<String>,
    effect: Effect,
}

impl Command {
    pub(super) const KEYS: &[&str] = &["run", "probe", "verify", "undo", "effect"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        Ok(Self {
            run: fields.some_texts("run")?,
            probe: fields.texts("probe")?,
            verify: fields.texts("verify")?,
            undo: fields.texts("undo")?,
            effect: fields.word("effect")?,
        })
    }

    pub(super) const fn effect(&self) -> Effect {
        self.effect
    }

    pub(super) fn show(&self) -> Vec<String> {
        let named = [("probe", &self.probe), ("run", &self.run), ("verify", &self.verify), ("undo", &self.undo)];
        let shown = |(name, argv): (&str, &Vec<String>)| {
            if name == "run" { shell_line(argv) } else { format!("{}  # {name}", shell_line(argv)) }
        };
        named.into_iter().filter(|(_, argv)| !argv.is_empty()).map(shown).collect()
    }

    pub(super) fn programs(&self) -> impl Iterator<Item = &str> {
        let all = [&self.run, &self.probe, &self.verify, &self.undo];
        all.into_iter().filter_map(|argv| argv.first().map(String::as_str))
    }

    pub(super) const fn has_probe(&self) -> bool {
        !self.probe.is_empty()
    }

    pub(super) const fn has_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    pub(super) async fn probe(&self, work: &Work<'_>) -> Result<Seen> {
        let ran = work.run(&work.fill_all(&self.probe)?).await?;
        Ok(match ran.code {
            Some(0) => Seen::Done(Facts::new()),
            Some(1) => Seen::NotDone,
            _ => Seen::Unknown(ran.said(&self.probe[0])),
        })
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&work.fill_all(&self.run)?).await?;
        // Who only looks, once, and is killed at it has not seen that it is not so.
        if ran.code.is_none() && (self.effect >= Effect::Write || work.once) {
            return Ok(Ended::Unknown(ran.said(&self.run[0])));
        }
        if !ran.is_fine() {
            return Ok(Ended::Failed(ran.said(&self.run[0])));
        }
        if self.verify.is_empty() {
            return Ok(Ended::done());
        }
        let checked = work.run(&work.fill_all(&self.verify)?).await?;
        if checked.code.is_none() && work.once {
            return Ok(Ended::Unknown(checked.said(&self.verify[0])));
        }
        Ok(if checked.is_fine() { Ended::done() } else { Ended::Failed(format!("verify: {}", checked.said(&self.verify[0]))) })
    }

    pub(super) async fn undo(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&work.fill_all(&self.undo)?).await?;
        Ok(if ran.is_fine() { Ended::done() } else { Ended::Unknown(ran.said(&self.undo[0])) })
    }
}
