//! Looks at the world outside of a rollback, in a drill or a validation: each once, in bounded time, with what the looks before
//! it found out. What cannot be looked at is an answer; only what ends the whole is an error.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::outcome::Facts;
use super::tools::Tools;
use super::work::Work;
use crate::engine::Servers;
use crate::error::{Error, ErrorKind, Result};

/// What looks work with.
pub(super) struct Glances<'a> {
    tools: &'a Tools,
    servers: Option<&'a Servers>,
    /// What each step found out, by the step and the fact's name.
    found: BTreeMap<(String, String), String>,
}

impl<'a> Glances<'a> {
    /// Nothing has been found out yet.
    pub(super) const fn new(tools: &'a Tools, servers: Option<&'a Servers>) -> Self {
        Self { tools, servers, found: BTreeMap::new() }
    }

    /// Keeps what a step found out.
    pub(super) fn learn(&mut self, step: &str, facts: &Facts) {
        self.found.extend(facts.iter().map(|(key, value)| ((step.to_owned(), key.clone()), value.clone())));
    }

    /// Looks at something, for at most so long; `Err` within says why it could not be looked at.
    ///
    /// # Errors
    /// `Interrupted` where the user asks to stop, what keeps evidence from being kept.
    pub(super) async fn look<T>(
        &self,
        step: &str,
        timeout: Duration,
        look: impl AsyncFnOnce(Work<'_>) -> Result<T>,
    ) -> Result<Result<T, String>> {
        let folder = self.tools.folder().display().to_string();
        let facts = |of: &str, key: &str| match (of, key) {
            ("rollback", "folder") => Some(folder.clone()),
            _ => self.found.get(&(of.to_owned(), key.to_owned())).cloned(),
        };
        let work = Work {
            tools: self.tools,
            facts: &facts,
            answers: &|_| None,
            servers: self.servers,
            step,
            secrets: &BTreeMap::new(),
            begun: SystemTime::now(),
            timeout,
            once: true,
        };
        match look(work).await {
            Ok(seen) => Ok(Ok(seen)),
            Err(error) if ends_all(&error) => Err(error),
            Err(error) => Ok(Err(error.in_full())),
        }
    }
}

/// Whether an error is no answer.
fn ends_all(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Storage | ErrorKind::StorageFull | ErrorKind::Damaged)
}
