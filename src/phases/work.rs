//! What a step works with: tools, what earlier steps found out, and how long it may take.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::outcome::Ended;
use super::state::Answer;
use super::tools::{Ran, Tools};
use super::vars::fill_facts;
use crate::engine::Servers;
use crate::error::{Error, ErrorKind, Result};

/// How often a look at the world is repeated, unless the step says otherwise.
pub const EVERY: Duration = Duration::from_secs(2);

/// What one step works with.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// Runs programs.
    pub tools: &'a Tools,
    /// Returns what a step found out.
    pub facts: &'a (dyn Fn(&str, &str) -> Option<String> + Send + Sync),
    /// Returns what a person has said of an item of the step's checklist.
    pub answers: &'a (dyn Fn(&str) -> Option<Answer> + Send + Sync),
    /// The servers, where the configuration names them.
    pub servers: Option<&'a Servers>,
    /// The step's id.
    pub step: &'a str,
    /// Which variables its programs see that are secrets: the secret's name by the variable's.
    pub secrets: &'a BTreeMap<String, String>,
    /// When the step first began, by the journal.
    pub begun: SystemTime,
    /// How long the step may take.
    pub timeout: Duration,
    /// Whether one look is enough, and nothing is waited for.
    pub once: bool,
}

impl<'a> Work<'a> {
    /// The same for what takes these secrets.
    #[must_use]
    pub const fn taking(self, secrets: &'a BTreeMap<String, String>) -> Self {
        Self { secrets, ..self }
    }

    /// Replaces `${step.key}` by what that step found out.
    ///
    /// # Errors
    /// `Refused` where no step that is done has found it out.
    pub fn fill(&self, text: &str) -> Result<String> {
        fill_facts(text, &self.facts)
            .map_err(|cause| Error::new(ErrorKind::Refused, "read what an earlier step found out").at(self.step).because(cause))
    }

    /// As [`Work::fill`], for a list.
    ///
    /// # Errors
    /// As [`Work::fill`].
    pub fn fill_all(&self, texts: &[String]) -> Result<Vec<String>> {
        texts.iter().map(|text| self.fill(text)).collect()
    }

    /// Runs a program to its end, for as long as the step may take.
    ///
    /// # Errors
    /// As [`Tools::run`], and what keeps its secrets from being read.
    pub async fn run(&self, argv: &[String]) -> Result<Ran> {
        let secrets = self.tools.secret_variables(self.secrets).await?;
        self.tools.run(self.step, argv, &secrets, self.timeout).await
    }

    /// Where the step may keep a file of its own, in the rollback's folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.tools.folder().join(name)
    }

    /// Looks at the world again and again, until it is as wanted or the step's time is over; the last answer counts. Dropping
    /// it between two looks loses nothing.
    ///
    /// # Errors
    /// `Interrupted` once the user asks to stop; what a look returns.
    pub async fn until<F>(&self, every: Duration, mut look: impl FnMut() -> F) -> Result<Ended>
    where
        F: Future<Output = Result<Ended>>,
    {
        let begun = Instant::now();
        loop {
            self.tools.stop().check()?;
            let ended = look().await?;
            let is_over = self.once || begun.elapsed() + every > self.timeout;
            if is_over || matches!(ended, Ended::Done(_) | Ended::Waiting(_)) {
                return Ok(ended);
            }
            self.tools.stop().or(tokio::time::sleep(every)).await?;
        }
    }
}
