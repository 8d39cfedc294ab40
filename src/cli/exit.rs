//! How a command that did not fail ends; failures have their codes in [`crate::error::ErrorKind::exit_code`].

/// The documentation of all exit codes, at the end of `failback --help`.
pub(super) const TABLE: &str = "\
Exit codes:
    0  done
    1  failed
    2  usage or configuration
    3  differences, rows undecided, or a rollback due (diff, plan, assess: only with --exit-code)
    4  refused, nothing written: preflight, stale plan, no confirmation; or waits for people
    5  verify, or a validation, found a mismatch
    6  cannot connect, not permitted, timed out, deadlock, no room on a server: a retry is safe
    7  staging damaged
    8  OLD partly changed, resume possible; a rollback stopped between its steps
    9  finished, with rows held or left on purpose, or with gaps in what was looked at
  130  interrupted (Ctrl-C, SIGTERM), resumable";

/// The exit code of a process that was interrupted.
pub(super) const INTERRUPTED: u8 = 130;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything was done, and nothing waits.
    Done,
    /// There are differences, or rows wait for a decision.
    Undecided,
    /// A rollback is due, or people have to weigh one.
    RollbackDue,
    /// OLD is not what the plan promised.
    NotVerified,
    /// Nothing more is done before a person has said something.
    Waiting,
    /// A step failed, before anything was changed.
    Failed,
    /// What was read is not what was written, or not all of it.
    Damaged,
    /// A step failed, or nobody can tell how it ended; what came before it stands.
    Partly,
    /// Everything was done but for rows that were held or left on purpose, or that could not be looked at.
    LeftAside,
}

impl Exit {
    /// Returns the exit code.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Undecided | Self::RollbackDue => 3,
            Self::NotVerified => 5,
            Self::Waiting => 4,
            Self::Failed => 1,
            Self::Damaged => 7,
            Self::Partly => 8,
            Self::LeftAside => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn every_code_is_documented() {
        let ends = [Exit::Done, Exit::Undecided, Exit::RollbackDue, Exit::NotVerified, Exit::LeftAside].map(Exit::code);
        let fails = ErrorKind::ALL.iter().map(|kind| kind.exit_code());
        assert_eq!(ErrorKind::Interrupted.exit_code(), INTERRUPTED);
        for code in ends.into_iter().chain(fails) {
            assert!(TABLE.contains(&format!("\n{code:>5}  ")), "{code}");
        }
    }
}
