//! What to do next.

/// A step that a person may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A command, to be copied and run.
    Run(String),
    /// Something else, in words.
    Say(String),
}
