//! The words that a rollback's journal and status use.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// What a step may do to the world, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It only looks, or waits.
    Read,
    /// It asks people, or tells them something.
    People,
    /// It changes something that does not decide where traffic goes.
    Write,
    /// It decides where traffic goes.
    Traffic,
    /// It removes something.
    Destructive,
}

words!(Effect {
    Read => "read",
    People => "people",
    Write => "write",
    Traffic => "traffic",
    Destructive => "destructive",
});

/// How a step's work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The world is as the step wants it.
    Done,
    /// It was before the step did anything.
    AlreadyDone,
    /// It is not.
    Failed,
    /// Nobody can tell.
    Unknown,
    /// What it did was taken back.
    Undone,
}

words!(Verdict {
    Done => "done",
    AlreadyDone => "already_done",
    Failed => "failed",
    Unknown => "unknown",
    Undone => "undone",
});

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its turn has not come.
    Pending,
    /// Somebody has to approve of it or answer first.
    Waiting,
    /// It began to act, and nothing says how that ended.
    Running,
    /// It began to act, and nobody could tell how that ended.
    Unknown,
    /// The world is as it wants it.
    Done,
    /// The world was so before it did anything.
    AlreadyDone,
    /// It is not.
    Failed,
    /// Somebody left it out.
    Skipped,
    /// What it did was taken back.
    Undone,
}

words!(State {
    Pending => "pending",
    Waiting => "waiting",
    Running => "running",
    Unknown => "unknown",
    Done => "done",
    AlreadyDone => "already_done",
    Failed => "failed",
    Skipped => "skipped",
    Undone => "undone",
});

impl State {
    /// Whether the step stands behind the rollback: nothing more is to be done for it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::AlreadyDone | Self::Skipped)
    }
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done => Self::Done,
            Verdict::AlreadyDone => Self::AlreadyDone,
            Verdict::Failed => Self::Failed,
            Verdict::Unknown => Self::Unknown,
            Verdict::Undone => Self::Undone,
        }
    }
}

/// What a look at a step said that is not carried out, or at an item of a validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It is as it has to be.
    Ready,
    /// It is not.
    NotReady,
    /// It is not, and a step before it was left alone that may make it so.
    NotYet,
    /// It cannot be looked at.
    CannotLook,
    /// What the step would do is done already.
    AlreadyDone,
    /// It would have changed something.
    LeftAlone,
    /// There is nothing that could be looked at: people are asked, or time passes.
    NotLooked,
}

words!(Finding {
    Ready => "ready",
    NotReady => "not_ready",
    NotYet => "not_yet",
    CannotLook => "cannot_look",
    AlreadyDone => "already_done",
    LeftAlone => "left_alone",
    NotLooked => "not_looked",
});

/// What a journal is of that carries nothing out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A phase is rehearsed.
    Drill,
    /// A list is gone through.
    Validation,
}

words!(Purpose {
    Drill => "drill",
    Validation => "validation",
});

/// What a person says of an item of a checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not.
    No,
}

words!(Answer {
    Yes => "yes",
    No => "no",
});

/// What became of a message that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// It was sent in time.
    Sent,
    /// It was sent, and too late.
    Late,
    /// It could not be sent.
    Failed,
    /// Nobody was there to send it in time, and it has lost its sense.
    Missed,
}

words!(Sent {
    Sent => "sent",
    Late => "late",
    Failed => "failed",
    Missed => "missed",
});
