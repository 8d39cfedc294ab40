//! Sequences on OLD are raised, never lowered, to cover OLD, NEW and the merged rows.

use std::collections::BTreeMap;

use tracing::info;

use crate::catalog;
use crate::engine::rows::finding_names;
use crate::engine::sequences::draw_up_to;
use crate::error::{Place, Result};
use crate::name::{Ident, QualifiedName};
use crate::pg::Session;
use crate::policy::Action;
use crate::schema::Sequence;
use crate::staging::{DatabasePlan, Raise};
use crate::statement::sequence_floor;

/// Lists the sequences of OLD that lag behind NEW or behind the data.
pub(crate) async fn lagging(old: &Session, plan: &DatabasePlan) -> Result<Vec<(Sequence, Raise)>> {
    let on_new: BTreeMap<_, _> = plan.new_sequences.iter().map(|sequence| (&sequence.name, sequence)).collect();
    let mut found = Vec::new();
    for on_old in catalog::sequences(old.client()).await?.into_iter().filter(|sequence| is_in_scope(sequence, plan)) {
        let last_on_new = on_new.get(&on_old.name).and_then(|sequence| sequence.last_value);
        let room = on_old.room();
        let data = furthest(old, &on_old, plan, room).await.place(|| &on_old.name)?;
        if let Some(to) = target(&on_old, last_on_new.filter(|value| (room.0..=room.1).contains(value)), data) {
            let raise = Raise { sequence: on_old.name.to_string(), from: on_old.last_value, to };
            found.push((on_old, raise));
        }
    }
    Ok(found)
}

/// Reads the furthest number of each column that a sequence feeds and that gets rows.
async fn furthest(old: &Session, sequence: &Sequence, plan: &DatabasePlan, room: (i64, i64)) -> Result<Vec<i64>> {
    // A sequence that begins again at its end promises no new number, whatever the data hold.
    let fed: Vec<_> = sequence.feeds.iter().filter(|_| !sequence.cycle).filter(|fed| gets_rows(plan, fed)).cloned().collect();
    let mut data = Vec::new();
    for known in catalog::numbered_columns(old.client(), &fed).await? {
        let (Some((table, column)), Some(form)) = (fed.get(known.at), known.form) else { continue };
        let room = (room.0.max(known.range.0), room.1.min(known.range.1));
        let query = sequence_floor(table, column, form, sequence.increment < 0, room);
        let found = finding_names(old, true, old.query(&query, &[])).await?;
        data.extend(found.first().and_then(|row| row.get::<_, Option<i64>>(0)));
    }
    Ok(data)
}

fn gets_rows(plan: &DatabasePlan, (table, _): &(QualifiedName, Ident)) -> bool {
    plan.tables.iter().any(|planned| planned.name == *table && planned.actions.get(Action::Insert) > 0)
}

/// Says of sequences of OLD's that they cannot be raised as far as NEW's have come, or that the rows do not tell how far they
/// have to be.
pub(crate) async fn left_behind(old: &Session, plan: &DatabasePlan) -> Result<Vec<(String, String)>> {
    let mut said = Vec::new();
    for on_old in catalog::sequences(old.client()).await?.iter().filter(|sequence| is_in_scope(sequence, plan)) {
        let on_new = plan.new_sequences.iter().find(|on_new| on_new.name == on_old.name);
        said.extend(on_new.and_then(|on_new| on_old.left_behind(on_new)).map(|why| (on_old.name.to_string(), why)));
        if on_old.cycle {
            continue;
        }
        let fed: Vec<_> = on_old.feeds.iter().filter(|fed| gets_rows(plan, fed)).cloned().collect();
        let known = catalog::numbered_columns(old.client(), &fed).await?;
        let unlike = known.iter().filter(|known| known.form.is_none()).filter_map(|known| fed.get(known.at));
        let worked_into = on_old.worked_into.iter().filter(|column| gets_rows(plan, column));
        for (table, column) in unlike.chain(worked_into) {
            let why = format!(
                "{table}.{column} holds something else than its numbers: they are not compared, and it is raised as far as \
                 NEW's has come"
            );
            said.push((on_old.name.to_string(), why));
        }
    }
    Ok(said)
}

/// Whether a sequence numbers rows of the tables that are carried, or of none at all: those of other tables are not touched.
fn is_in_scope(sequence: &Sequence, plan: &DatabasePlan) -> bool {
    let mut tables = sequence.feeds.iter().chain(&sequence.owner).map(|(table, _)| table).peekable();
    tables.peek().is_none() || tables.any(|table| plan.tables.iter().any(|planned| planned.name == *table))
}

/// Returns the value that a sequence must have handed out; `None` where it already has.
fn target(on_old: &Sequence, last_on_new: Option<i64>, data: impl IntoIterator<Item = i64>) -> Option<i64> {
    let further = |left: i64, right: i64| if on_old.increment < 0 { left.min(right) } else { left.max(right) };
    let wanted = last_on_new.into_iter().chain(data).reduce(further)?;
    match on_old.last_value {
        Some(last) if further(last, wanted) == last => None,
        _ => Some(wanted),
    }
}

/// Raises them by drawing numbers, as any INSERT does: a number that others have drawn in the meantime is never given out
/// again, which setting a value that was read before could not promise. Drawn numbers stay drawn if the transaction rolls
/// back; the gap harms nothing.
pub(crate) async fn raise(old: &Session, plan: &DatabasePlan) -> Result<Vec<Raise>> {
    let mut raised = Vec::new();
    for (sequence, raise) in lagging(old, plan).await? {
        draw_up_to(old, &sequence.name, (sequence.last_value, raise.to), sequence.increment).await.place(|| &sequence.name)?;
        info!(sequence = raise.sequence, from = raise.from, to = raise.to, "raised");
        raised.push(raise);
    }
    Ok(raised)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(last_value: Option<i64>, increment: i64) -> Sequence {
        Sequence {
            name: QualifiedName::new("public", "s"),
            last_value,
            unreadable: false,
            increment,
            bounds: Some((-50, 50)),
            cycle: false,
            feeds: Vec::new(),
            worked_into: Vec::new(),
            owner: None,
        }
    }

    #[test]
    fn sequences_are_raised_to_the_furthest_of_all_and_never_lowered() {
        assert_eq!(target(&sequence(Some(10), 1), Some(20), Some(15)), Some(20));
        assert_eq!(target(&sequence(Some(10), 1), Some(20), Some(25)), Some(25));
        assert_eq!(target(&sequence(Some(30), 1), Some(20), Some(25)), None);
        assert_eq!(target(&sequence(Some(20), 1), Some(20), None), None);
        assert_eq!(target(&sequence(None, 1), None, None), None);
        assert_eq!(target(&sequence(None, 1), Some(1), None), Some(1));
        assert_eq!(target(&sequence(Some(-10), -1), Some(-20), Some(-5)), Some(-20));
    }
}
