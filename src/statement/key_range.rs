//! Ranges of a key, so that several connections can walk through one table.
//!
//! Only the key's first column is cut, and only where both servers and an index order it alike: integers and uuids. Where the
//! cuts are decides how even the shares are, and nothing else: every value lies in exactly one range.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::Side;
use crate::schema::{ComparisonKey, KeyColumn, KeyOrder};

/// A value of a key's first column at which a table can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyCut {
    /// An integer of any width.
    Integer(i64),
    /// A uuid, as a number of 128 bits, most significant first; 32 hexadecimal digits in files.
    Uuid(#[serde(serialize_with = "write_uuid", deserialize_with = "read_uuid")] u128),
}

fn write_uuid<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{value:032x}"))
}

fn read_uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    u128::from_str_radix(&String::deserialize(deserializer)?, 16).map_err(D::Error::custom)
}

impl KeyCut {
    /// Reads what a server's statistics say, in the server's text. `None` if the key has no such column.
    #[must_use]
    pub fn read(order: KeyOrder, text: &str) -> Option<Self> {
        match order {
            KeyOrder::Integer => text.parse().ok().map(Self::Integer),
            KeyOrder::Uuid => u128::from_str_radix(&text.replace('-', ""), 16).ok().map(Self::Uuid),
            KeyOrder::Text => None,
        }
    }

    /// Reads a key as it is sent.
    #[must_use]
    pub fn of_wire(order: KeyOrder, wire: &[u8]) -> Option<Self> {
        match order {
            KeyOrder::Integer => wire.try_into().ok().map(i64::from_be_bytes).map(Self::Integer),
            KeyOrder::Uuid => wire.try_into().ok().map(u128::from_be_bytes).map(Self::Uuid),
            KeyOrder::Text => None,
        }
    }

    /// Returns the value behind it, if there is one.
    const fn next(self) -> Option<Self> {
        match self {
            Self::Integer(value) => match value.checked_add(1) {
                Some(next) => Some(Self::Integer(next)),
                None => None,
            },
            Self::Uuid(value) => match value.checked_add(1) {
                Some(next) => Some(Self::Uuid(next)),
                None => None,
            },
        }
    }

    fn literal(self) -> String {
        match self {
            Self::Integer(value) => format!("'{value}'::pg_catalog.int8"),
            Self::Uuid(value) => format!("'{value:032x}'::pg_catalog.uuid"),
        }
    }
}

/// The rows whose key begins with a value of a half-open range. The first range of a table is open below, the last one above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    from: Option<KeyCut>,
    to: Option<KeyCut>,
}

impl KeyRange {
    /// The whole table.
    pub const ALL: Self = Self { from: None, to: None };

    /// The rows from one value to another, both included.
    #[must_use]
    pub const fn between(first: KeyCut, last: KeyCut) -> Self {
        Self { from: Some(first), to: last.next() }
    }

    /// Cuts a table into at most so many ranges, at some of the given values.
    #[must_use]
    pub fn cut(mut at: Vec<KeyCut>, wanted: usize) -> Vec<Self> {
        at.sort_unstable();
        at.dedup();
        let wanted = wanted.clamp(1, at.len() + 1);
        let inner = (1..wanted).map(|index| Some(at[index * at.len() / wanted]));
        let mut edges: Vec<_> = std::iter::once(None).chain(inner).collect();
        edges.dedup();
        edges.push(None);
        edges.windows(2).map(|pair| Self { from: pair[0], to: pair[1] }).collect()
    }

    /// Whether a value lies in the range.
    #[must_use]
    pub fn contains(self, value: KeyCut) -> bool {
        self.from.is_none_or(|from| from <= value) && self.to.is_none_or(|to| value < to)
    }

    /// Returns the condition, with `where` before it, on the rows of one side under the alias `t`; nothing for the whole table.
    pub(super) fn condition(self, key: &ComparisonKey, side: Side) -> String {
        let columns = key.columns();
        let Some(first) = columns.first() else { return String::new() };
        let column = own(first, side);
        let from = self.from.map(|from| format!("{column} >= {}", from.literal()));
        let to = self.to.map(|to| format!("{column} < {}", to.literal()));
        let tests: Vec<_> = from.into_iter().chain(to).collect();
        if tests.is_empty() { String::new() } else { format!(" where {}", tests.join(" and ")) }
    }
}

/// A key column on one side, as it is stored.
pub(super) fn own(column: &KeyColumn, side: Side) -> String {
    format!("t.{}", column.on(side).source.column(&column.name).sql())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::Ident;

    fn cuts() -> impl Strategy<Value = Vec<KeyCut>> {
        let edge = prop_oneof![any::<i64>(), -3_i64..3, Just(i64::MIN), Just(i64::MAX)];
        let integers = prop::collection::vec(edge.prop_map(KeyCut::Integer), 0..120);
        prop_oneof![integers, prop::collection::vec(any::<u128>().prop_map(KeyCut::Uuid), 0..120)]
    }

    proptest! {
        #[test]
        fn every_key_lies_in_exactly_one_range(at in cuts(), wanted in 0_usize..150, other: i64, wide: u128) {
            let ranges = KeyRange::cut(at.clone(), wanted);
            prop_assert!(!ranges.is_empty() && ranges.len() <= wanted.max(1));
            let uuid = matches!(at.first(), Some(KeyCut::Uuid(_)));
            let near = at.iter().flat_map(|cut| match *cut {
                KeyCut::Integer(value) => [-1, 0, 1].map(|step| KeyCut::Integer(value.saturating_add(step))),
                KeyCut::Uuid(value) => [value.saturating_sub(1), value, value.saturating_add(1)].map(KeyCut::Uuid),
            });
            let far = if uuid { KeyCut::Uuid(wide) } else { KeyCut::Integer(other) };
            for key in near.chain([far]) {
                prop_assert_eq!(ranges.iter().filter(|range| range.contains(key)).count(), 1);
            }
        }
    }

    #[test]
    fn conditions_say_what_contains_says() {
        let key = |order| ComparisonKey::Columns { columns: vec![KeyColumn::plain(Ident::new("Id"), order, "bigint")] };
        let ranges = KeyRange::cut(vec![KeyCut::Integer(5)], 2);
        let conditions: Vec<_> = ranges.iter().map(|range| range.condition(&key(KeyOrder::Integer), Side::Old)).collect();
        assert_eq!(conditions, [" where t.\"Id\" < '5'::pg_catalog.int8", " where t.\"Id\" >= '5'::pg_catalog.int8"]);
        assert_eq!(KeyRange::ALL.condition(&key(KeyOrder::Text), Side::New), "");
        let cut = KeyCut::read(KeyOrder::Uuid, "00112233-4455-6677-8899-aabbccddeeff").unwrap();
        assert_eq!(cut.literal(), "'00112233445566778899aabbccddeeff'::pg_catalog.uuid");
        assert_eq!(KeyCut::read(KeyOrder::Text, "5"), None);
        assert_eq!(KeyCut::read(KeyOrder::Integer, "-7"), Some(KeyCut::Integer(-7)));
    }
}
