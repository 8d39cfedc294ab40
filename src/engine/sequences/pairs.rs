//! Which sequences of NEW answer to one of OLD: all that number a column that OLD's numbers; else the one of the same name.

use std::collections::BTreeSet;

use crate::name::{Ident, QualifiedName};
use crate::schema::Sequence;

/// A table and one of its columns.
pub(super) type Column = (QualifiedName, Ident);

/// Lists the columns that a sequence numbers, and the one that owns it.
pub(super) fn numbers(sequence: &Sequence) -> BTreeSet<&Column> {
    sequence.feeds.iter().chain(&sequence.owner).collect()
}

/// For each sequence of OLD, the positions of NEW's that answer to it; and NEW's that answer to none. `on_new` says where NEW
/// has a column of OLD's.
pub(super) fn pair(old: &[Sequence], new: &[Sequence], on_new: impl Fn(&Column) -> Column) -> (Vec<Vec<usize>>, Vec<usize>) {
    let by_column = |on_old: &Sequence| -> Vec<usize> {
        let wanted: BTreeSet<_> = numbers(on_old).into_iter().map(&on_new).collect();
        let answers = |sequence: &Sequence| numbers(sequence).into_iter().any(|column| wanted.contains(column));
        new.iter().enumerate().filter(|(_, sequence)| answers(sequence)).map(|(at, _)| at).collect()
    };
    let mut pairs: Vec<_> = old.iter().map(by_column).collect();
    let taken: BTreeSet<_> = pairs.iter().flatten().copied().collect();
    for (on_old, answering) in old.iter().zip(&mut pairs) {
        // One of the same name that numbers another sequence's column is that one's.
        let is_namesake = |(at, sequence): &(usize, &Sequence)| sequence.name == on_old.name && !taken.contains(at);
        if answering.is_empty() {
            answering.extend(new.iter().enumerate().find(is_namesake).map(|(at, _)| at));
        }
    }
    let answering: BTreeSet<_> = pairs.iter().flatten().copied().collect();
    let alone = (0..new.len()).filter(|at| !answering.contains(at)).collect();
    (pairs, alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(name: &str, feeds: &[&str]) -> Sequence {
        let column = |table: &&str| (QualifiedName::new("public", *table), Ident::new("id"));
        Sequence {
            name: QualifiedName::new("public", name),
            last_value: None,
            unreadable: false,
            increment: 1,
            bounds: None,
            cycle: false,
            feeds: feeds.iter().map(column).collect(),
            worked_into: Vec::new(),
            owner: None,
        }
    }

    #[test]
    fn columns_go_before_names_and_one_may_be_many() {
        let old = [sequence("shared", &["a", "b"]), sequence("c_seq", &["c"]), sequence("tickets", &[])];
        let new = [sequence("a_id", &["a"]), sequence("b_id", &["b"]), sequence("c_seq", &["d"]), sequence("tickets", &[])];
        let same = |column: &Column| column.clone();
        assert_eq!(pair(&old, &new, same), (vec![vec![0, 1], vec![2], vec![3]], vec![]));
        let renamed = |(_, column): &Column| (QualifiedName::new("public", "d"), column.clone());
        assert_eq!(pair(&old[1..2], &new, renamed), (vec![vec![2]], vec![0, 1, 3]));
        let both = [sequence("c_seq", &["x"]), sequence("other", &["d"])];
        assert_eq!(pair(&both, &new[2..3], same), (vec![vec![], vec![0]], vec![]), "its name is another's");
    }
}
