//! Whose consent a step waits for, and whether it is there.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use crate::config::is_same;
use crate::error::Result;

/// Whose consent a step needs: each of these roles, by as many different people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The roles.
    pub roles: Vec<String>,
    /// How many different people, at least.
    pub approvers: u32,
    /// For how many seconds what was said counts.
    pub expires: u64,
}

/// What somebody said of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Whether it was approved.
    pub approved: bool,
    /// In which role.
    pub role: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Whether a step may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Given,
    /// Somebody denied it, in this role.
    Denied {
        /// Who.
        by: String,
        /// In which role.
        role: String,
    },
    /// These roles are missing, or this many more people.
    Missing {
        /// The roles that nobody has spoken for.
        roles: Vec<String>,
        /// How many different people more.
        people: usize,
    },
}

/// How long an approval counts where the runbook does not say.
const EXPIRES: Duration = Duration::from_hours(4);

impl Consent {
    pub(super) const KEYS: &[&str] = &["roles", "approvers", "expires"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        fields.check(Self::KEYS)?;
        let roles = fields.some_texts("roles")?;
        let most = u32::try_from(roles.len()).unwrap_or(u32::MAX);
        let approvers = fields.count("approvers")?.unwrap_or(most);
        if approvers == 0 || approvers > most {
            return Err(fields.error("approvers", format!("`approvers` must be 1 to {most}, one a role")));
        }
        Ok(Self { roles, approvers, expires: fields.duration("expires")?.unwrap_or(EXPIRES).as_secs() })
    }

    /// Whether the consent is there. Of each person and role the latest word counts; one person counts once, in however many
    /// roles and spellings.
    #[must_use]
    pub fn standing(&self, votes: &[Vote], now: Timestamp) -> Standing {
        let mut latest: Vec<&Vote> = Vec::new();
        for vote in votes {
            latest.retain(|other| !(is_same(&other.role, &vote.role) && is_same(&other.by, &vote.by)));
            latest.push(vote);
        }
        // A denial does not grow old: whoever said no is asked again.
        if let Some(vote) = latest.iter().find(|vote| !vote.approved) {
            return Standing::Denied { by: vote.by.clone(), role: vote.role.clone() };
        }
        let is_fresh = |vote: &&&Vote| now.as_second() - vote.at.as_second() <= self.expires.cast_signed();
        let fresh: Vec<_> = latest.iter().filter(is_fresh).collect();
        let missing: Vec<_> =
            self.roles.iter().filter(|role| !fresh.iter().any(|vote| is_same(&vote.role, role))).cloned().collect();
        let mut people: Vec<&str> = Vec::new();
        for vote in fresh.iter().filter(|vote| self.roles.iter().any(|role| is_same(role, &vote.role))) {
            if !people.iter().any(|known| is_same(known, &vote.by)) {
                people.push(&vote.by);
            }
        }
        let more = (self.approvers as usize).saturating_sub(people.len());
        if missing.is_empty() && more == 0 { Standing::Given } else { Standing::Missing { roles: missing, people: more } }
    }

    /// Says what is waited for.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} by {} different people", self.roles.join(", "), self.approvers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(role: &str, by: &str, approved: bool, minute: i64) -> Vote {
        Vote { approved, role: role.to_owned(), by: by.to_owned(), at: Timestamp::from_second(minute * 60).unwrap() }
    }

    fn standing(votes: &[Vote]) -> Standing {
        let consent = Consent { roles: vec!["commander".to_owned(), "lead".to_owned()], approvers: 2, expires: 3600 };
        consent.standing(votes, Timestamp::from_second(60 * 60).unwrap())
    }

    #[test]
    fn each_role_and_enough_people_are_needed() {
        let missing =
            |roles: &[&str], people| Standing::Missing { roles: roles.iter().map(|role| (*role).to_owned()).collect(), people };
        assert_eq!(standing(&[]), missing(&["commander", "lead"], 2));
        assert_eq!(standing(&[vote("commander", "ada", true, 30)]), missing(&["lead"], 1));
        let one_person = [vote("commander", "ada", true, 30), vote("lead", "Ada ", true, 31)];
        assert_eq!(standing(&one_person), missing(&[], 1), "one person in two roles is one person");
        assert_eq!(standing(&[vote("commander", "ada", true, 30), vote("lead", "bob", true, 31)]), Standing::Given);
        assert_eq!(standing(&[vote("commander", "ada", true, -1), vote("lead", "bob", true, 31)]), missing(&["commander"], 1));
    }

    #[test]
    fn a_denial_stands_until_the_same_person_says_otherwise() {
        let votes = [vote("commander", "ada", true, 30), vote("lead", "bob", false, -500)];
        assert_eq!(standing(&votes), Standing::Denied { by: "bob".to_owned(), role: "lead".to_owned() });
        let later = [votes[0].clone(), votes[1].clone(), vote("lead", "bob", true, 40)];
        assert_eq!(standing(&later), Standing::Given);
    }
}
