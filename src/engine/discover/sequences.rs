//! Which sequence of NEW answers to which of OLD: the one that feeds the same column, whatever it is called; else the one of
//! the same name.

use std::collections::BTreeMap;

use crate::name::{Ident, QualifiedName, Side};
use crate::schema::Sequence;
use crate::staging::{LeftOut, TableRecord};

/// Gives NEW's sequences the name of the sequence that feeds the same column on OLD, where the migration renamed them. One that
/// bears such a name and feeds the column no more, as where a serial column became an identity one, is left out, and so is one
/// that OLD has not.
pub(super) fn in_olds_words(
    tables: &[TableRecord],
    on_old: &[Sequence],
    on_new: Vec<Sequence>,
) -> (Vec<Sequence>, Vec<LeftOut>) {
    let fed_on_old = |owner: &(QualifiedName, Ident)| {
        let record = tables.iter().find(|table| table.new.name == owner.0)?;
        let column = record.layout.columns.iter().find(|column| column.new.column(&column.name) == &owner.1)?;
        let feeds =
            |known: &&Sequence| known.owner.as_ref().is_some_and(|(table, name)| *table == record.name && *name == column.name);
        on_old.iter().find(feeds).map(|known| known.name.clone())
    };
    let names: Vec<_> = on_new.iter().map(|sequence| sequence.owner.as_ref().and_then(fed_on_old)).collect();
    let renamed: BTreeMap<_, _> =
        names.iter().zip(&on_new).filter_map(|(name, sequence)| Some((name.clone()?, sequence.clone()))).collect();
    let (mut answering, mut aside) = (Vec::new(), Vec::new());
    for (name, sequence) in names.into_iter().zip(on_new) {
        match (name, renamed.get(&sequence.name)) {
            (Some(name), _) => answering.push(Sequence { name, ..sequence }),
            (None, Some(used)) => aside.push(replaced(sequence.name, used)),
            (None, None) if on_old.iter().any(|known| known.name == sequence.name) => answering.push(sequence),
            (None, None) => aside.push(left_out(sequence.name, "OLD has no such sequence: nothing is raised".to_owned())),
        }
    }
    (answering, aside)
}

/// Names the sequences of OLD's that cannot be raised as far as NEW's have come.
pub(super) fn left_behind(on_old: &[Sequence], on_new: &[Sequence]) -> impl Iterator<Item = String> {
    on_new.iter().filter_map(|on_new| {
        let on_old = on_old.iter().find(|on_old| on_old.name == on_new.name)?;
        on_old.left_behind(on_new).map(|why| format!("{}: {why}", on_new.name))
    })
}

fn replaced(name: QualifiedName, used: &Sequence) -> LeftOut {
    let table = used.owner.as_ref().map_or_else(String::new, |(table, _)| table.to_string());
    left_out(name, format!("{table} takes its numbers from {} there: OLD's is raised to cover that one", used.name))
}

const fn left_out(name: QualifiedName, reason: String) -> LeftOut {
    LeftOut { side: Side::New, name, reason, blocker: false, by_choice: false, unreadable: false }
}
