//! Which databases are looked at, and why others are not.

use std::collections::BTreeSet;

use crate::engine::run::{Estate, Place};
use crate::name::Side;
use crate::staging::DatabaseAside;

/// Which databases are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Those that are, by name.
    pub(crate) names: Vec<String>,
    /// Those that NEW has and that cannot be, although nobody left them out: their rows may be missing on OLD.
    pub(crate) aside: Vec<DatabaseAside>,
    /// Of others, what a person should know.
    pub(super) remarks: Vec<String>,
}

impl Chosen {
    /// Those that somebody named.
    pub(super) fn named(names: &[String]) -> Self {
        Self { names: names.to_vec(), ..Self::default() }
    }

    /// All that both sides have, templates apart, and `postgres` where nobody has made anything in it.
    pub(super) fn of(old: &Estate, new: &Estate) -> Self {
        let mut chosen = Self::default();
        for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            match (old.get(name), new.get(name)) {
                (Some(Place::Empty) | None, Some(Place::Empty) | None) => {}
                (Some(Place::Open | Place::Empty), Some(Place::Open | Place::Empty)) => chosen.names.push(name.clone()),
                (Some(Place::Template), _) | (_, Some(Place::Template)) => {
                    chosen.remarks.push(format!("database {name} is a template: left out unless --databases names it"));
                }
                (Some(_), None) => chosen.remarks.push(format!("database {name} exists on OLD only: left out")),
                (_, Some(Place::Closed(why))) => chosen.set_aside(name, format!("{why}, on {}", Side::New)),
                (Some(Place::Closed(why)), _) => chosen.set_aside(name, format!("{why}, on {}", Side::Old)),
                (None, Some(_)) => chosen.set_aside(name, "it exists on NEW only".to_owned()),
            }
        }
        chosen
    }

    fn set_aside(&mut self, name: &str, reason: String) {
        self.aside.push(DatabaseAside { name: name.to_owned(), reason });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estate(databases: &[(&str, Place)]) -> Estate {
        databases.iter().map(|(name, place)| ((*name).to_owned(), place.clone())).collect()
    }

    fn closed() -> Place {
        Place::Closed("it takes no connections".to_owned())
    }

    #[test]
    fn what_cannot_be_looked_at_is_set_aside_with_its_reason() {
        let old = [("a", Place::Open), ("b", closed()), ("c", Place::Open), ("e", Place::Open), ("t", Place::Template)];
        let new = [("a", Place::Open), ("b", Place::Open), ("c", closed()), ("d", Place::Open), ("t", Place::Template)];
        let chosen = Chosen::of(&estate(&old), &estate(&new));
        assert_eq!(chosen.names, ["a"]);
        let aside: Vec<_> = chosen.aside.iter().map(|one| (one.name.as_str(), one.reason.as_str())).collect();
        let expected = [
            ("b", "it takes no connections, on OLD"),
            ("c", "it takes no connections, on NEW"),
            ("d", "it exists on NEW only"),
        ];
        assert_eq!(aside, expected);
        assert_eq!(chosen.remarks.len(), 2, "{:?}", chosen.remarks);
    }

    #[test]
    fn postgres_is_looked_at_where_either_side_has_something_in_it() {
        let of = |old, new| Chosen::of(&estate(&[("postgres", old)]), &estate(&[("postgres", new)]));
        assert_eq!(of(Place::Empty, Place::Empty), Chosen::default());
        for (old, new) in [(Place::Empty, Place::Open), (Place::Open, Place::Empty), (Place::Open, Place::Open)] {
            assert_eq!(of(old, new).names, ["postgres"]);
        }
        assert_eq!(of(Place::Empty, closed()).aside.len(), 1);
    }
}
