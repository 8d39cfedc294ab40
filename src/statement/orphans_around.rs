//! Children without a parent, looked for around some rows alone: those that may have lost theirs, or never had one.

use super::RowSource;
use super::by_place::at_places;
use super::check::{children, missing, parents, refers};
use super::read::{found_by_keys, given_keys};
use crate::name::QualifiedName;
use crate::schema::ForeignKey;
use crate::statement::Place;

/// Asks whether a child among the rows that lie at some places of a leaf has no parent.
#[must_use]
pub fn orphan_at(key: &ForeignKey, leaf: &QualifiedName, places: &[Place]) -> String {
    let parents = format!("{} p", parents(key));
    format!(
        "select exists (select from only {} t where {} and {} and {})",
        leaf.sql(),
        at_places(places),
        refers(key, "t"),
        missing(key, &parents, "t")
    )
}

/// Asks whether a child among the rows under some keys has no parent.
#[must_use]
pub fn orphan_under(key: &ForeignKey, source: RowSource<'_>, keys: &[Vec<String>]) -> String {
    let (given, found) = found_by_keys(source, keys);
    let parents = format!("{} p", parents(key));
    format!(
        "select exists (select from {given} join {} on {found} where {} and {})",
        source.from_item(),
        refers(key, "t"),
        missing(key, &parents, "t")
    )
}

/// Asks whether a child still refers to a parent that went, of parents that are given by the keys under which they are known;
/// `None` where a key that is referred to is none of these.
#[must_use]
pub fn orphan_of(key: &ForeignKey, source: RowSource<'_>, keys: &[Vec<String>]) -> Option<String> {
    let (given, values) = given_keys(source, keys);
    let columns = source.key.columns();
    let mut tests = Vec::new();
    for ((referenced, referring), equals) in key.parent_columns.iter().zip(&key.child_columns).zip(&key.operators) {
        let at = columns.iter().position(|column| column.name == *referenced)?;
        let is_plain = columns[at].on(source.side).source.is_plain();
        tests.push(is_plain.then(|| format!("{} {equals} c.{}", values[at], referring.sql()))?);
    }
    let (tests, parents) = (tests.join(" and "), format!("{} p", parents(key)));
    Some(format!(
        "select exists (select from {given} join {} c on {tests} where {} and {})",
        children(key),
        refers(key, "c"),
        missing(key, &parents, "c")
    ))
}
