//! `[contacts]`: who is called in an emergency, in which role, and how they are reached.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Roles, is_same};
use crate::error::Result;
use crate::policy::keys::Section;

/// Somebody who can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// The role that somebody is looked for in.
    pub role: String,
    /// Their name; `None` where nobody is named.
    pub name: Option<String>,
    /// How they are reached, as it was written; `None` where that is not said.
    pub reach: Option<String>,
}

impl Contact {
    /// Says it in a line.
    #[must_use]
    pub fn told(&self) -> String {
        let (name, reach) = (self.name.as_deref().unwrap_or("nobody is named"), self.reach.as_deref());
        let reach = reach.map_or_else(String::new, |reach| format!(", {reach}"));
        format!("{}: {name}{reach}", self.role)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Person {
    roles: Vec<String>,
    reach: String,
}

/// The section `[contacts]`: people by name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contacts(BTreeMap<String, Person>);

impl Contacts {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut contacts = Self::default();
        for entry in section.entries() {
            let person = entry.section()?;
            person.check(&["roles", "reach"])?;
            let reach = person.text("reach")?.filter(|reach| !reach.trim().is_empty());
            let reach = reach.ok_or_else(|| entry.value_error("say how they are reached: `reach = \"…\"`"))?;
            if contacts.0.keys().any(|known| is_same(known, entry.key())) {
                return Err(entry.key_error(format!("`{}` stands there twice", entry.key())));
            }
            let roles = person.texts("roles")?.unwrap_or_default();
            contacts.0.insert(entry.key().to_owned(), Person { roles, reach });
        }
        Ok(contacts)
    }

    /// Lays these over others, person by person.
    pub(super) fn over(self, base: Self) -> Self {
        let is_new = |name: &String| !self.0.keys().any(|known| is_same(known, name));
        let others: Vec<_> = base.0.into_iter().filter(|(name, _)| is_new(name)).collect();
        Self(self.0.into_iter().chain(others).collect())
    }

    /// Lists who can be asked in a role: whom `[contacts]` or `[roles]` names for it; one without a name where others are, and
    /// nobody for it.
    #[must_use]
    pub fn of_role(&self, role: &str, roles: &Roles) -> Vec<Contact> {
        let contact = |name: Option<&str>, reach: Option<&str>| Contact {
            role: role.to_owned(),
            name: name.map(str::to_owned),
            reach: reach.map(str::to_owned),
        };
        let named = roles.people(role).unwrap_or_default();
        let fills = |name: &str, person: &Person| {
            named.iter().any(|one| is_same(one, name)) || person.roles.iter().any(|one| Roles::is_one(one, role))
        };
        let known = self.0.iter().filter(|(name, person)| fills(name, person));
        let known = known.map(|(name, person)| contact(Some(name), Some(&person.reach)));
        let is_unknown = |name: &&String| !self.0.keys().any(|known| is_same(known, name));
        let others = named.iter().filter(is_unknown).map(|name| contact(Some(name), None));
        let found: Vec<_> = known.chain(others).collect();
        // Where nobody at all can be reached, that a role has nobody says nothing.
        if found.is_empty() && !self.0.is_empty() { vec![contact(None, None)] } else { found }
    }

    /// Lists everybody, in each role that they are named in; under "contact" who has none.
    #[must_use]
    pub fn all(&self) -> Vec<Contact> {
        let of = |(name, person): (&String, &Person)| {
            let none = ["contact".to_owned()];
            let roles = if person.roles.is_empty() { &none[..] } else { &person.roles };
            let contact =
                |role: &String| Contact { role: role.clone(), name: Some(name.clone()), reach: Some(person.reach.clone()) };
            roles.iter().map(contact).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn people_are_found_by_their_role_however_it_is_spelt_and_an_environment_may_change_them() {
        let text = "[roles]\nlegal = [\"eve\"]\n[contacts]\nAda = { roles = [\"on_call\"], reach = \"+49 1\" }\n\
                    Eve = { reach = \"+49 2\" }\n\
                    [environments.prod.contacts]\nada = { roles = [\"on_call\"], reach = \"+49 3\" }\n";
        let config = Config::parse(text, "failback.toml").unwrap();
        let told = |config: &Config, role: &str| config.contacts().of_role(role, config.roles())[0].told();
        assert_eq!(told(&config, "On-Call"), "On-Call: Ada, +49 1");
        assert_eq!((told(&config, "legal"), told(&config, "cto")), ("legal: Eve, +49 2".into(), "cto: nobody is named".into()));
        let prod = config.for_environment("prod").unwrap();
        assert_eq!((told(&prod, "on call"), prod.contacts().all().len()), ("on call: ada, +49 3".into(), 2));
    }

    #[test]
    fn a_contact_that_cannot_be_reached_is_none() {
        for text in ["ada = { roles = [\"dba\"] }", "ada = { reach = \" \" }", "ada = { reach = \"1\", phone = \"2\" }"] {
            assert!(Config::parse(&format!("[contacts]\n{text}\n"), "failback.toml").is_err(), "{text}");
        }
        assert!(Config::parse("[contacts]\nada = { reach = \"1\" }\nAda = { reach = \"2\" }\n", "failback.toml").is_err());
    }
}
