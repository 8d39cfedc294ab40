//! What a sequence must cover, and how it is raised.

use crate::name::{Ident, QualifiedName, literal};

/// Reads the greatest (for sequences that count down: the least) value of a column that a sequence feeds, of those in `room`.
#[must_use]
pub fn sequence_floor(table: &QualifiedName, column: &Ident, descending: bool, room: (i64, i64)) -> String {
    let aggregate = if descending { "min" } else { "max" };
    let ((least, greatest), column) = (room, column.sql());
    format!(
        "select {aggregate}({column})::pg_catalog.int8 from {} where {column} between '{least}'::pg_catalog.int8 and \
         '{greatest}'::pg_catalog.int8",
        table.sql()
    )
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
        let floor = sequence_floor(&QualifiedName::new("app", "t"), &Ident::new("id"), true, (-9, -1));
        assert!(floor.starts_with("select min(\"id\")::pg_catalog.int8 from \"app\".\"t\" where"), "{floor}");
    }
}
