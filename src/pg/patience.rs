//! How long a session's statements may take.

use std::time::Duration;

use super::Session;
use crate::error::Result;

const PATIENCE: &str = include_str!("../../sql/session/count_patience.sql");

impl Session {
    /// Has the server end every later statement of this session that takes longer.
    ///
    /// # Errors
    /// What the server said.
    pub async fn limit_statements(&self, within: Duration) -> Result<()> {
        // 0 would be no limit.
        let limit = format!("{}ms", within.as_millis().clamp(1, 2_147_483_647));
        self.query(PATIENCE, &[&limit]).await.map(|_| ())
    }
}
