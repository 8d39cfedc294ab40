//! Rows by the places where they lie: which blocks of a file, and which of the rows there. A place says nothing of a row but
//! where to look, so what lies there is proven by a digest of the bytes that the server would send of it.

use super::RowSource;
use super::read::own_rows;
use crate::name::{QualifiedName, array_literal};

/// Where a row lies in its relation, as the server sends a `ctid`: block, and number within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The block.
    pub block: u32,
    /// The row's number there.
    pub number: u16,
}

impl Place {
    /// Reads what the server sends.
    #[must_use]
    pub fn read(sent: &[u8]) -> Option<Self> {
        let (block, number) = sent.split_first_chunk()?;
        Some(Self { block: u32::from_be_bytes(*block), number: u16::from_be_bytes(number.try_into().ok()?) })
    }
}

/// Where a row `t` of a table with a key lies: its relation, and its place as it is sent.
pub const LANDED: &str = "t.tableoid, pg_catalog.tidsend(t.ctid)";

/// Makes the planner look at places one by one; it would rather read a table of a few thousand pages as a whole, for every list
/// of places anew.
pub const BY_PLACE: &str = "set local enable_seqscan = off";

/// Takes [`BY_PLACE`] back.
pub const BY_PLAN: &str = "set local enable_seqscan to default";

/// Reads of the rows of one leaf that lie at some places: the place, and the digest of what a select list sends, as
/// `record_send` puts it together.
#[must_use]
pub fn rows_at(leaf: &QualifiedName, select_list: &str, places: &[Place]) -> String {
    format!("select t.ctid, {} from only {} t where {}", sent_digest(select_list), leaf.sql(), at_places(places))
}

/// The digest of what a select list sends of a row.
#[must_use]
pub fn sent_digest(select_list: &str) -> String {
    format!("pg_catalog.sha256(pg_catalog.record_send(row({select_list})))")
}

/// The condition under which a row `t` lies at one of some places.
pub(super) fn at_places(places: &[Place]) -> String {
    let texts: Vec<_> = places.iter().map(|place| format!("({},{})", place.block, place.number)).collect();
    format!("t.ctid = any ({}::pg_catalog.tid[])", array_literal(texts.iter().map(String::as_str)))
}

/// Asks for the types of what some expressions on a table's row `t` send, in one row.
#[must_use]
pub fn sent_types(source: RowSource<'_>, expressions: &[String]) -> String {
    let types: Vec<_> =
        expressions.iter().map(|expression| format!("pg_catalog.pg_typeof({expression})::pg_catalog.oid")).collect();
    format!(
        "select array[{}] from (values (0)) one left join {} t on false",
        types.join(", "),
        own_rows(source.table, source.partitioned)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_sent_and_asked_for_as_they_are_written() {
        let place = Place::read(&[0, 1, 0, 2, 0, 7]).expect("a place");
        assert_eq!(place, Place { block: 65_538, number: 7 });
        assert_eq!((Place::read(&[0; 5]), Place::read(&[0; 7])), (None, None));
        assert_eq!(
            rows_at(&QualifiedName::new("app", "t"), "t.\"a\", t.\"b\"::text", &[place]),
            "select t.ctid, pg_catalog.sha256(pg_catalog.record_send(row(t.\"a\", t.\"b\"::text))) from only \"app\".\"t\" t \
             where t.ctid = any ('{\"(65538,7)\"}'::pg_catalog.tid[])"
        );
    }
}
