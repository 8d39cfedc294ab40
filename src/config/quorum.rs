//! Whose approval a plan needs before it is merged.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::Overlap;
use crate::error::{Error, ErrorKind, Result};
use crate::name::is_visible;
use crate::policy::keys::Section;

/// The section `[approval]`; what is not stated is as built in.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quorum {
    roles: Option<Vec<String>>,
    approvers: Option<usize>,
    expires: Option<Overlap>,
    signers: Option<String>,
}

impl Quorum {
    /// Reads the section `[approval]`.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        section.check(&["roles", "approvers", "expires", "signers"])?;
        let roles = section.texts("roles")?;
        if let (Some(roles), Some(entry)) = (&roles, section.entry("roles")) {
            let is_repeated = |(at, role): (usize, &String)| roles[..at].iter().any(|other| is_same(other, role));
            if roles.iter().any(|role| role.trim().is_empty()) || roles.iter().enumerate().any(is_repeated) {
                return Err(entry.value_error("`roles` must name roles, each once".to_owned()));
            }
        }
        let approvers = section.entry("approvers").map(|entry| {
            let number = entry.value().and_then(toml_edit::Value::as_integer).and_then(|number| usize::try_from(number).ok());
            let wrong = || entry.value_error("`approvers` must be a whole number, at least 1".to_owned());
            number.filter(|number| *number > 0).ok_or_else(wrong)
        });
        let expires =
            section.entry("expires").map(|entry| Overlap::read(entry.text()?).map_err(|cause| entry.value_error(cause)));
        Ok(Self { approvers: approvers.transpose()?, expires: expires.transpose()?, signers: section.text("signers")?, roles })
    }

    /// Lays this over another.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            roles: self.roles.or(base.roles),
            approvers: self.approvers.or(base.approvers),
            expires: self.expires.or(base.expires),
            signers: self.signers.or(base.signers),
        }
    }

    /// Returns the roles whose word counts; none: whoever gives it, in whatever role.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        self.roles.as_deref().unwrap_or_default()
    }

    /// Returns how many different people have to approve, each in a role of their own where there are roles: as many as there
    /// are roles unless it is stated, so that nobody has to where nothing is.
    #[must_use]
    pub fn approvers(&self) -> usize {
        self.approvers.unwrap_or(self.roles().len())
    }

    /// # Errors
    /// `Config` where so many people could never approve, each in a role of their own.
    pub(super) fn expect_possible(&self, place: &str) -> Result<()> {
        let (roles, approvers) = (self.roles().len(), self.approvers());
        if roles == 0 || approvers <= roles {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, "read the configuration")
            .at(place)
            .because(format!("{approvers} people have to approve, each in a role of their own, and there are {roles} roles"))
            .next("name more roles in [approval], or ask for fewer `approvers`"))
    }

    /// Returns for how many seconds an approval counts, if not for ever.
    #[must_use]
    pub fn expires_seconds(&self) -> Option<u32> {
        self.expires.map(Overlap::seconds)
    }

    /// Returns the file of keys that approvals have to be signed with, as OpenSSH's `allowed_signers`, if they have to be.
    #[must_use]
    pub fn signers(&self) -> Option<&str> {
        self.signers.as_deref()
    }

    /// Returns the role as the configuration spells it; `None` where it does not know it.
    #[must_use]
    pub fn role(&self, named: &str) -> Option<&str> {
        self.roles().iter().map(String::as_str).find(|role| is_same(role, named))
    }
}

/// Whether two names are the same to a person: whatever the case of their letters, how Unicode composes them, and what does not
/// show in them.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    // Upper case first: `ß` and `ς` have more than one way back.
    let seen = |name: &str| {
        let shown: String = name.nfkc().filter(|c| is_visible(*c) && !c.is_whitespace()).collect();
        shown.to_uppercase().to_lowercase().nfkc().collect::<String>()
    };
    seen(one) == seen(other)
}

#[cfg(test)]
mod tests {
    use super::is_same;
    use crate::config::Config;

    fn read(text: &str) -> Result<Config, String> {
        Config::parse(text, "failback.toml").map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn nobody_has_to_approve_unless_it_is_said() {
        assert_eq!(read("").unwrap().quorum().approvers(), 0);
        assert_eq!(read("approval.roles = [\"dba\", \"lead\"]").unwrap().quorum().approvers(), 2);
        assert_eq!(read("approval = { roles = [\"dba\", \"lead\"], approvers = 1 }").unwrap().quorum().approvers(), 1);
        assert_eq!(read("approval.approvers = 3").unwrap().quorum().approvers(), 3);
    }

    #[test]
    fn a_name_is_the_same_however_it_is_written() {
        let same = [
            ("Ada", " ADA"),
            ("Straße", "STRASSE"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσεύσ"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("ada", "ada\u{200b}"),
            ("Ada Lovelace", "ada  lovelace"),
        ];
        for (one, other) in same {
            assert_eq!(is_same(one, other), one != "ΟΔΥΣΣΕΥΣ", "{one} {other}");
        }
        assert!(is_same("ΟΔΥΣΣΕΥΣ", "οδυσσευσ") && is_same("ΟΔΥΣΣΕΥΣ", "οδυσσευς"));
        assert!(!is_same("ada", "adam"));
    }

    #[test]
    fn what_nobody_could_ever_meet_is_refused() {
        for text in [
            "approval = { roles = [\"dba\"], approvers = 2 }",
            "approval.approvers = 0",
            "approval.roles = [\"dba\", \" DBA\"]",
            "approval.roles = [\"\"]",
            "approval.expires = \"soon\"",
            "approval.role = [\"dba\"]",
            "approval = { roles = [\"dba\", \"lead\"] }\n[environments.prod.approval]\napprovers = 3",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_environment_asks_for_more_people_than_the_file() {
        let text =
            "approval.roles = [\"dba\", \"lead\"]\napproval.approvers = 1\n[environments.prod.approval]\napprovers = 2\n";
        assert_eq!(read(text).unwrap().for_environment("prod").unwrap().quorum().approvers(), 2);
        let fewer = "approval = { roles = [\"a\", \"b\"] }\n[environments.dev.approval]\nroles = [\"a\"]\n";
        assert_eq!(read(fewer).unwrap().for_environment("dev").unwrap().quorum().approvers(), 1);
    }
}
