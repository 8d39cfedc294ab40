//! Reading a slot.

use crate::name::literal;

/// Takes the next changes out of a slot, at most about so many (a transaction is never cut), of transactions that committed
/// before a place in the log: one column, a line of `test_decoding` each. What replication brought is left out: it is not what
/// this server's own users wrote.
#[must_use]
pub fn slot_changes(slot: &str, until: &str, at_most: u32) -> String {
    format!(
        "select s.data from pg_catalog.pg_logical_slot_get_changes({}, {}, {at_most}, 'include-xids', 'on', \
         'include-timestamp', 'on', 'only-local', 'on', 'skip-empty-xacts', 'on') s",
        literal(slot),
        literal(until)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_literal() {
        assert!(slot_changes("it's", "0/1", 7).contains("get_changes('it''s', '0/1', 7, "));
    }
}
