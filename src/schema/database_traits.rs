//! What a database has around its tables: extensions, and settings that give values their meaning.

use std::collections::BTreeMap;

/// The traits of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseTraits {
    /// Version by name of every extension.
    pub extensions: BTreeMap<String, String>,
    /// The locale that says how many digits of `money` stand behind the point.
    pub lc_monetary: String,
    /// The zone in which sessions of this user begin: what `now()` becomes in a `timestamp without time zone`, unless an
    /// application sets another one.
    pub time_zone: String,
    /// The zones in which sessions of other users begin, by the user, where they have one of their own.
    pub role_zones: BTreeMap<String, String>,
}

impl DatabaseTraits {
    /// Says what differs between OLD's and NEW's, and what follows. `has_money`: whether a table with a `money` column is
    /// carried.
    #[must_use]
    pub fn remarks(old: &Self, new: &Self, has_money: bool) -> Vec<String> {
        let mut found = Vec::new();
        for (name, version) in &new.extensions {
            match old.extensions.get(name) {
                None => found.push(format!(
                    "extension {name} exists on NEW only: columns of its types are carried as far as OLD has them in another \
                     type"
                )),
                Some(on_old) if on_old != version => {
                    found.push(format!(
                        "extension {name} is {on_old} on OLD and {version} on NEW: rows that \
                         OLD's does not take are held"
                    ));
                }
                Some(_) => {}
            }
        }
        if has_money && old.lc_monetary != new.lc_monetary {
            found.push(format!(
                "lc_monetary is {} on OLD and {} on NEW: money is carried as the number that is stored, which may be read as \
                 another amount where the two have another number of decimals",
                old.lc_monetary, new.lc_monetary
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database_traits(extensions: &[(&str, &str)], lc_monetary: &str) -> DatabaseTraits {
        let extensions = extensions.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect();
        DatabaseTraits { extensions, lc_monetary: lc_monetary.to_owned(), ..DatabaseTraits::default() }
    }

    #[test]
    fn what_new_has_more_of_is_named() {
        let old = database_traits(&[("citext", "1.6"), ("ltree", "1.2"), ("hstore", "1.8")], "C");
        let new = database_traits(&[("citext", "1.6"), ("ltree", "1.3"), ("cube", "1.5")], "ja_JP.UTF-8");
        let said = DatabaseTraits::remarks(&old, &new, true);
        assert_eq!(said.len(), 3, "what only OLD has is no loss: {said:?}");
        assert!(said[0].starts_with("extension cube exists on NEW only"), "{said:?}");
        assert!(said[1].contains("1.2 on OLD and 1.3 on NEW"), "{said:?}");
        assert!(said[2].starts_with("lc_monetary is C on OLD and ja_JP.UTF-8 on NEW"), "{said:?}");
        assert_eq!(DatabaseTraits::remarks(&old, &new, false).len(), 2);
    }
}
