//! What a line of a rollback's journal says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::outcome::Facts;
use super::state::{Answer, Finding, Purpose, Sent, Verdict};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// Somebody began the rollback, with a plan of this digest.
    Declared {
        /// The environment's name.
        environment: String,
        /// The runbook's name.
        runbook: String,
        /// The plan's digest.
        plan: String,
        /// What happened, in the words of who declared it.
        incident: String,
        /// Who leads.
        commander: String,
        /// Who began it.
        by: String,
        /// The failback that wrote it.
        tool_version: String,
    },
    /// Somebody began to look at the steps of a plan, and will carry none out.
    Looking {
        /// What for.
        purpose: Purpose,
        /// The environment's name.
        environment: String,
        /// The runbook's name.
        runbook: String,
        /// The plan's digest.
        plan: String,
        /// Who began it.
        by: String,
        /// The failback that wrote it.
        tool_version: String,
    },
    /// A step, or an item of a list, was looked at.
    Looked {
        /// The step's id, or the item's.
        step: String,
        /// What the look said.
        finding: Finding,
        /// What it found out.
        #[serde(default, skip_serializing_if = "Facts::is_empty")]
        facts: Facts,
        /// Why it is not as it has to be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
        /// How long it took.
        milliseconds: u64,
    },
    /// A step is about to act.
    Intent {
        /// The step's id.
        step: String,
    },
    /// A program was run.
    Command {
        /// The step's id.
        step: String,
        /// Its arguments, secrets taken out.
        argv: Vec<String>,
        /// Its exit code; none where a signal ended it.
        exit: Option<i32>,
        /// How long it took.
        milliseconds: u64,
        /// Files with what it printed, each with its digest.
        evidence: BTreeMap<String, String>,
    },
    /// A step's work is over.
    Ended {
        /// The step's id.
        step: String,
        /// How.
        verdict: Verdict,
        /// What it found out.
        #[serde(default, skip_serializing_if = "Facts::is_empty")]
        facts: Facts,
        /// Why it is not done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
    },
    /// A step's effect is about to be taken back.
    UndoIntent {
        /// The step's id.
        step: String,
    },
    /// Somebody said what became of a step that nobody could tell.
    Settled {
        /// The step's id.
        step: String,
        /// What became of it.
        verdict: Verdict,
        /// Who says so.
        by: String,
        /// Why.
        why: String,
    },
    /// Somebody left a step out.
    Skipped {
        /// The step's id.
        step: String,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// Somebody approved of a step, or denied it.
    Voted {
        /// The step's id.
        step: String,
        /// Whether it was approved.
        approved: bool,
        /// In which role.
        role: String,
        /// Who.
        by: String,
        /// What was said with it.
        comment: String,
    },
    /// Somebody answered an item of a checklist.
    Answered {
        /// The step's id.
        step: String,
        /// The item's id.
        item: String,
        /// What was said.
        answer: Answer,
        /// Who.
        by: String,
        /// What was said with it.
        comment: String,
    },
    /// A message was due.
    Notified {
        /// The notice's id.
        notice: String,
        /// Where it was to go.
        channel: String,
        /// When it was due at the latest.
        due: Timestamp,
        /// What became of it.
        sent: Sent,
        /// Why it was not sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
    },
    /// Somebody wrote something down.
    Noted {
        /// Who.
        by: String,
        /// What.
        text: String,
    },
    /// No further step is to begin until somebody resumes.
    Paused {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A process goes on with the rollback.
    Resumed {
        /// Who.
        by: String,
    },
    /// Somebody ended the rollback before its end.
    Aborted {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// All steps are over.
    Finished {
        /// Whether steps were skipped or failed that may.
        exceptions: bool,
    },
    /// Something that a newer failback wrote.
    #[serde(other)]
    Unknown,
}
