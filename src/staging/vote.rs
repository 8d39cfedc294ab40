//! What people said of a plan: one record a line, only ever added to. It is about the plan of the digest that it names, and of
//! no other: whatever changes the plan makes it void.

use serde::{Deserialize, Serialize};

use super::index_file::{line, read_line};
use super::layout;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::store::Store;
use crate::words::words;

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// It may not.
    Denied,
}

words!(Verdict { Approved => "approved", Denied => "denied" });

/// One person's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The plan's digest.
    pub plan: String,
    /// What was said.
    pub verdict: Verdict,
    /// In which role.
    pub role: String,
    /// Who.
    pub by: String,
    /// When, RFC 3339 in UTC, by that person's machine.
    pub at: String,
    /// What was added in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// A signature by an SSH key over [`signed_text`](Self::signed_text), as `ssh-keygen -Y sign` prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl Vote {
    /// Returns what is signed: the record as one line of JSON, without a signature.
    ///
    /// # Errors
    /// None in practice: the record holds nothing that JSON cannot.
    pub fn signed_text(&self) -> Result<String> {
        let bare = Self { signature: None, ..self.clone() };
        serde_json::to_string(&bare).map_err(|error| Error::new(ErrorKind::Storage, "write an approval").because(error))
    }

    /// Adds the record to the run; it is safe when the call returns.
    ///
    /// # Errors
    /// `Storage` where it cannot be written.
    pub fn append(&self, store: &dyn Store) -> Result<()> {
        store.append_line(layout::APPROVALS, &line(layout::APPROVALS, self)?).place(|| layout::APPROVALS)
    }

    /// Reads what was said of a run's plans, in the order in which it was said.
    ///
    /// # Errors
    /// `Damaged` where a line is not what was written: it might have been a denial.
    pub fn read_all(store: &dyn Store) -> Result<Vec<Self>> {
        if !store.exists(layout::APPROVALS)? {
            return Ok(Vec::new());
        }
        let bytes = store.read(layout::APPROVALS)?;
        let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let votes: Vec<Option<Self>> = lines.iter().map(|line| read_line(line)).collect();
        if votes.iter().any(Option::is_none) {
            return Err(Error::new(ErrorKind::Damaged, "read the approvals")
                .at(store.location())
                .at(layout::APPROVALS)
                .because("a line is not what was written: it was edited, damaged, or torn by a crash")
                .next("put the file back, or take it away and have the plan approved again"));
        }
        Ok(votes.into_iter().flatten().collect())
    }
}
