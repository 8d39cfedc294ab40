//! The Mystira estate.

/// Returns the names of the estate's databases.
#[must_use]
pub fn databases() -> [&'static str; 3] {
    ["chain_db", "publisher_db", "story_generator_db"]
}
