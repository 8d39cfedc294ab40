//! The order in which tables depend on each other through foreign keys.

use std::collections::{BTreeMap, BTreeSet};

use super::ForeignKey;
use crate::name::QualifiedName;

/// Tables with every parent before its children, as far as that is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependencies {
    /// All tables, parents first; members of a cycle stand together, by name.
    pub order: Vec<QualifiedName>,
    /// The tables that lie on, or behind, a cycle of foreign keys between different tables. Self-references are no cycle.
    pub cyclic: BTreeSet<QualifiedName>,
}

/// Orders tables by their foreign keys. Keys that point outside the set are ignored. Ties are broken by name, so the same
/// input always gives the same order.
#[must_use]
pub fn depend<'a>(
    tables: impl IntoIterator<Item = &'a QualifiedName>,
    foreign_keys: impl IntoIterator<Item = &'a ForeignKey>,
) -> Dependencies {
    let mut waiting: BTreeMap<QualifiedName, BTreeSet<QualifiedName>> =
        tables.into_iter().map(|table| (table.clone(), BTreeSet::new())).collect();
    for key in foreign_keys {
        if key.child != key.parent
            && waiting.contains_key(&key.parent)
            && let Some(parents) = waiting.get_mut(&key.child)
        {
            parents.insert(key.parent.clone());
        }
    }
    let mut order = Vec::with_capacity(waiting.len());
    let mut cyclic = BTreeSet::new();
    while !waiting.is_empty() {
        let ready: Vec<_> = waiting.iter().filter(|(_, parents)| parents.is_empty()).map(|(table, _)| table.clone()).collect();
        // Nothing is free of parents: take the table with the fewest, by name, and go on behind it.
        let next = if ready.is_empty() {
            let stuck = waiting.iter().min_by_key(|(table, parents)| (parents.len(), *table)).map(|(table, _)| table.clone());
            cyclic.extend(waiting.keys().cloned());
            stuck.into_iter().collect()
        } else {
            ready
        };
        for table in next {
            waiting.remove(&table);
            for parents in waiting.values_mut() {
                parents.remove(&table);
            }
            order.push(table);
        }
    }
    Dependencies { order, cyclic }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Ident;
    use crate::schema::FkAction;

    fn table(name: &str) -> QualifiedName {
        QualifiedName::new("public", name)
    }

    fn key(child: &str, parent: &str) -> ForeignKey {
        ForeignKey {
            name: Ident::new(format!("{child}_{parent}_fkey")),
            child: table(child),
            child_columns: vec![Ident::new("p")],
            parent: table(parent),
            parent_columns: vec![Ident::new("id")],
            deferrable: false,
            match_full: false,
            child_partitioned: false,
            parent_partitioned: false,
            validated: true,
            operators: Vec::new(),
            period: false,
            child_part: None,
            child_bound: None,
            parent_bound: None,
            parent_part: None,
            on_delete: FkAction::NoAction,
            on_update: FkAction::NoAction,
        }
    }

    #[test]
    fn parents_come_first_and_self_references_do_not_matter() {
        let tables = [table("a"), table("b"), table("c")];
        let keys = [key("a", "b"), key("b", "c"), key("b", "b"), key("a", "elsewhere")];
        let found = depend(&tables, &keys);
        assert_eq!(found.order, [table("c"), table("b"), table("a")]);
        assert!(found.cyclic.is_empty());
    }

    #[test]
    fn cycles_are_named_and_still_ordered() {
        let tables = [table("a"), table("b"), table("c")];
        let found = depend(&tables, &[key("a", "b"), key("b", "a")]);
        assert_eq!(found.order, [table("c"), table("a"), table("b")]);
        assert_eq!(found.cyclic, BTreeSet::from([table("a"), table("b")]));
    }
}
