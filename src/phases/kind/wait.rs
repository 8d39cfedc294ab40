//! `kind = "wait"`: a length of time passes. The instant at which it is over is known from when it began, so that a process
//! that takes over waits for the rest of it alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;
use crate::phases::work::Work;

/// Waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    seconds: u64,
}

impl Wait {
    pub(super) const KEYS: &[&str] = &["for"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let length = fields.duration("for")?.ok_or_else(|| fields.error("for", "`for` is missing"))?;
        Ok(Self { seconds: length.as_secs() })
    }

    pub(super) const fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub(super) fn show(&self) -> Vec<String> {
        vec![format!("wait {}", self.length_text())]
    }

    fn length_text(&self) -> String {
        format!("{:#}", jiff::SignedDuration::from_secs(self.seconds.cast_signed()))
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        let left = self.length().saturating_sub(work.begun.elapsed().unwrap_or_default());
        work.tools.stop().or(tokio::time::sleep(left)).await?;
        Ok(Ended::done())
    }
}
