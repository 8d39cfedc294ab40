//! The phases that can be played: what each is begun with, who approves of it, and what is told of it.

use std::path::PathBuf;

use super::binaries::Binaries;

/// How to play a phase.
#[derive(Clone, Debug)]
pub struct PhaseOptions {
    /// Which.
    pub phase: PlayedPhase,
    /// PostgreSQL's server programs.
    pub binaries: Binaries,
    /// The failback program whose verbs are run.
    pub program: PathBuf,
    /// Where other programs are looked for.
    pub path: String,
    /// Leave the servers, the stand-ins and the rollback's files in place.
    pub keep: bool,
    /// Options for every verb beside its own.
    pub besides: Vec<String>,
}

/// The phases that can be played. Another one is a word here, who approves of it, and what is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayedPhase {
    /// Within the first hour after the cutover.
    Quick,
    /// Within the first day.
    Evaluated,
    /// What OLD held is lost, and comes back from backups.
    Emergency,
}

impl PlayedPhase {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Evaluated => "evaluated",
            Self::Emergency => "emergency",
        }
    }

    /// What it is begun with beside its word.
    pub(super) const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Quick => &["--incident", "orders lose lines"],
            Self::Evaluated => &["--option", "partial", "--incident", "orders lose lines"],
            Self::Emergency => &["--option", "blobs", "--incident", "OLD lost what it held"],
        }
    }

    /// Who approves of its declaration, in which role.
    pub(super) const fn approvers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Quick | Self::Emergency => &[("commander", "ada")],
            Self::Evaluated => {
                &[("commander", "ada"), ("engineering_lead", "bob"), ("product_owner", "eve"), ("on_call", "tim")]
            }
        }
    }

    /// What is told of its beginning.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Quick => {
                "Half an hour after the cutover orders lose lines, and traffic is to go back. The runbook is begun; it looks \
                 at nothing and changes nothing before the incident commander has said so: exit code 4 says that it waits."
            }
            Self::Evaluated => {
                "Some hours after the cutover traffic is to go back, and the rows that NEW took are to come along. That is for \
                 a committee of four to decide: until all of them have, nothing is looked at and nothing changed, and exit \
                 code 4 says that it waits."
            }
            Self::Emergency => {
                "OLD is to go back to the moment of the cutover. The runbook is begun; it looks at nothing and changes nothing \
                 before the incident commander has said so: exit code 4 says that it waits."
            }
        }
    }

    /// What the demo's check looks at, said where it passed.
    #[must_use]
    pub const fn checked(self) -> &'static str {
        match self {
            Self::Quick | Self::Evaluated => "all names lead to OLD, rows came home, and none of OLD's was overwritten",
            Self::Emergency => "OLD's tables are row by row what they were at the moment, and what NEW took since came home",
        }
    }

    /// Whether traffic is moved in it.
    pub(super) const fn moves_traffic(self) -> bool {
        matches!(self, Self::Quick | Self::Evaluated)
    }
}
