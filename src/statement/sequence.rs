//! What a sequence must cover, and how it is raised.

use crate::name::{Ident, QualifiedName, literal};
use crate::schema::NumberForm;

/// Reads the greatest (for sequences that count down: the least) number of a column that a sequence feeds, of those in `room`.
/// The room is within what the column's type holds.
#[must_use]
pub fn sequence_floor(table: &QualifiedName, column: &Ident, form: NumberForm, descending: bool, room: (i64, i64)) -> String {
    let aggregate = if descending { "min" } else { "max" };
    let (numbers, (least, greatest)) = (numbers(table, column, form), room);
    format!(
        "select {aggregate}(n.number)::pg_catalog.int8 from {numbers} where n.number between '{least}'::pg_catalog.int8 and \
         '{greatest}'::pg_catalog.int8"
    )
}

/// Reads how far the numbers of a column reach that a sequence numbers: the furthest of those in `room`, and the furthest of
/// all. What no sequence can hand out counts as the furthest that one can.
#[must_use]
pub fn number_reach(table: &QualifiedName, column: &Ident, form: NumberForm, descending: bool, room: (i64, i64)) -> String {
    let aggregate = if descending { "min" } else { "max" };
    let floor = sequence_floor(table, column, form, descending, room);
    let numbers = numbers(table, column, form);
    let [least, greatest] = [i64::MIN, i64::MAX].map(|end| format!("'{end}'::pg_catalog.int8"));
    format!(
        "select ({floor}), (select case when a.number >= {greatest} then {greatest} when a.number <= {least} then {least} else \
         a.number::pg_catalog.int8 end from (select {aggregate}(n.number) as number from {numbers}) as a)"
    )
}

/// The numbers of a column, as `n.number`. A column of numbers is compared as it is, so that an index finds the furthest.
fn numbers(table: &QualifiedName, column: &Ident, form: NumberForm) -> String {
    let (table, column) = (table.sql(), column.sql());
    match form {
        NumberForm::Whole => format!("(select {column} as number from {table}) as n"),
        NumberForm::Fractional => format!("(select {column} as number from {table} where {column} <> 'NaN') as n"),
        NumberForm::Text => format!(
            "(select case when {column}::pg_catalog.text ~ '^-?[0-9]{{1,{DIGITS}}}$' then \
             {column}::pg_catalog.text::pg_catalog.numeric end as number from {table}) as n"
        ),
    }
}

/// A text of more digits is no number of a sequence's: none has more than nineteen, and a few may be zeros before it.
const DIGITS: usize = 60;

/// Reads where sequences stand, in their order: the last value, and whether it was handed out.
#[must_use]
pub fn sequence_positions<'a>(sequences: impl IntoIterator<Item = &'a QualifiedName>) -> String {
    let one = |(at, name): (usize, &QualifiedName)| {
        format!("select {at}::pg_catalog.int8 as at, q.last_value, q.is_called from {} q", name.sql())
    };
    let all: Vec<_> = sequences.into_iter().enumerate().map(one).collect();
    format!("{} order by 1", all.join(" union all "))
}

/// Draws so many numbers.
#[must_use]
pub fn draw(sequence: &QualifiedName, count: i64) -> String {
    let name = literal(&sequence.sql());
    format!(
        "select count(pg_catalog.nextval({name}::pg_catalog.regclass)) \
         from pg_catalog.generate_series(1, {count}::pg_catalog.int8)"
    )
}

/// Reads what the sequence has handed out last; NULL if nothing yet.
#[must_use]
pub fn last_drawn(sequence: &QualifiedName) -> String {
    format!("select case when q.is_called then q.last_value end from {} q", sequence.sql())
}

/// Sets what the sequence has handed out last to `near`, unless it has got as far as `limit` meanwhile. Not safe against
/// others that draw more than lies between the two in the time of one statement.
#[must_use]
pub fn skip_ahead(sequence: &QualifiedName, near: i64, limit: i64, descending: bool) -> String {
    let name = literal(&sequence.sql());
    let before = if descending { ">" } else { "<" };
    format!(
        "select pg_catalog.setval({name}::pg_catalog.regclass, {near}, true) from {} q where q.last_value {before} {limit}",
        sequence.sql()
    )
}

/// Sets what the sequence has handed out last to `to`, unless it has got there, in one transaction with a change of nothing
/// that keeps everybody else from drawing meanwhile and makes sessions forget the numbers that they hold. Waits `wait_ms` at
/// most for transactions that have drawn.
#[must_use]
pub fn raise_alone(sequence: &QualifiedName, cache: i64, to: i64, descending: bool, wait_ms: u64) -> String {
    let (name, before) = (sequence.sql(), if descending { ">" } else { "<" });
    let literal = literal(&name);
    format!(
        "set local lock_timeout = {wait_ms}; alter sequence {name} cache {cache}; \
         select pg_catalog.setval({literal}::pg_catalog.regclass, {to}, true) from {name} q \
         where q.last_value {before} {to} or q.last_value = {to} and not q.is_called"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_named_as_a_literal() {
        let sequence = QualifiedName::new("app", "it's");
        assert_eq!(
            draw(&sequence, 5),
            "select count(pg_catalog.nextval('\"app\".\"it''s\"'::pg_catalog.regclass)) \
             from pg_catalog.generate_series(1, 5::pg_catalog.int8)"
        );
    }

    #[test]
    fn numbers_are_compared_as_the_column_holds_them() {
        let floor = |form| sequence_floor(&QualifiedName::new("app", "t"), &Ident::new("id"), form, true, (-9, -1));
        let whole = floor(NumberForm::Whole);
        assert!(
            whole.starts_with("select min(n.number)::pg_catalog.int8 from (select \"id\" as number from \"app\".\"t\")"),
            "{whole}"
        );
        assert!(whole.ends_with("where n.number between '-9'::pg_catalog.int8 and '-1'::pg_catalog.int8"), "{whole}");
        assert!(floor(NumberForm::Fractional).contains("where \"id\" <> 'NaN'"));
        assert!(floor(NumberForm::Text).contains("~ '^-?[0-9]{1,60}$'"));
    }
}
