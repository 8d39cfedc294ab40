//! Who fills which role.

use std::collections::BTreeMap;

use super::is_same;
use crate::error::Result;
use crate::policy::keys::{Section, nearest};

/// The section `[roles]`: people by role.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Roles(BTreeMap<String, Vec<String>>);

impl Roles {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut roles = Self::default();
        for entry in section.entries() {
            if roles.people(entry.key()).is_some() {
                return Err(entry.key_error(format!("the role `{}` stands there twice", entry.key())));
            }
            roles.0.insert(entry.key().to_owned(), entry.texts()?);
        }
        Ok(roles)
    }

    /// Lays these over others, role by role.
    pub(super) fn over(self, base: Self) -> Self {
        let others = base.0.into_iter().filter(|(role, _)| self.people(role).is_none()).collect::<Vec<_>>();
        Self(self.0.into_iter().chain(others).collect())
    }

    /// Whether two spellings are of one role.
    pub(super) fn is_one(one: &str, other: &str) -> bool {
        let plain = |role: &str| role.replace(['_', '-'], " ");
        is_same(&plain(one), &plain(other))
    }

    /// Returns who fills a role, in whatever case, and with blanks, hyphens or underscores; `None` where it is not known.
    #[must_use]
    pub fn people(&self, role: &str) -> Option<&[String]> {
        self.0.iter().find(|(known, _)| Self::is_one(known, role)).map(|(_, people)| people.as_slice())
    }

    /// Says of a role that is not known which one was probably meant; nothing where no role is named at all.
    pub(super) fn objection(&self, role: &str) -> Option<String> {
        if self.0.is_empty() || self.people(role).is_some() {
            return None;
        }
        let known = || format!("known are {}", self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
        let rest = nearest(role, self.0.keys().map(String::as_str));
        let rest = rest.map_or_else(known, |meant| format!("did you mean `{meant}`?"));
        Some(format!("the matrix wants the approval of `{role}`, and [roles] names nobody of that role; {rest}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_role_is_found_however_it_is_spelt_and_an_environment_may_change_it() {
        let text = "[roles]\nincident_commander = [\"ada\"]\nlegal = []\n[environments.prod.roles]\n\
                    \"Incident Commander\" = [\"grace\"]\n";
        let config = Config::parse(text, "failback.toml").unwrap();
        assert_eq!(config.roles().people("incident commander"), Some(&["ada".to_owned()][..]));
        let prod = config.for_environment("prod").unwrap();
        assert_eq!(prod.roles().people("incident-commander"), Some(&["grace".to_owned()][..]));
        assert_eq!((prod.roles().people("legal"), prod.roles().people("cto")), (Some(&[][..]), None));
    }

    #[test]
    fn a_matrix_of_ones_own_wants_roles_that_are_known() {
        let matrix = "[[matrix]]\nphase = \"quick\"\nfrom = \"0h\"\napprovals = [\"comander\"]\n[roles]\ncommander = []\n";
        let told = format!("{:?}", Config::parse(matrix, "failback.toml").unwrap_err());
        assert!(told.contains("did you mean `commander`?"), "{told}");
        assert!(Config::parse(&matrix.replace("comander", "Commander"), "failback.toml").is_ok());
        assert!(Config::parse("[roles]\ndba = []", "failback.toml").is_ok(), "what is built in may ask for others");
        assert!(Config::parse("[roles]\ndba = []\nDBA = []", "failback.toml").is_err());
    }
}
