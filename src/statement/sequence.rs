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

/// Sets what a sequence has handed out last.
#[must_use]
pub fn raise_sequence(sequence: &QualifiedName, to: i64) -> String {
    format!("select pg_catalog.setval({}::pg_catalog.regclass, {to}, true)", literal(&sequence.sql()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_named_as_a_literal() {
        let sequence = QualifiedName::new("app", "it's");
        assert_eq!(
            raise_sequence(&sequence, -5),
            "select pg_catalog.setval('\"app\".\"it''s\"'::pg_catalog.regclass, -5, true)"
        );
        let floor = sequence_floor(&QualifiedName::new("app", "t"), &Ident::new("id"), true, (-9, -1));
        assert!(floor.starts_with("select min(\"id\")::pg_catalog.int8 from \"app\".\"t\" where"), "{floor}");
    }
}
