//! `kind = "approval"`: named people say yes before the rollback goes on. The step itself does nothing: what it waits for is
//! its consent, as any other step may.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;

/// A question to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    question: String,
}

impl Approval {
    pub(super) const KEYS: &[&str] = &["question"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        Ok(Self { question: fields.required("question")? })
    }

    pub(super) fn show(&self) -> Vec<String> {
        vec![self.question.clone()]
    }

    pub(super) fn act() -> Ended {
        Ended::done()
    }
}
