//! The columns of a comparison key on their way from a server.

use crate::codec::{Codec, Lane, RowLayout, StagedColumn};
use crate::schema::{ComparisonKey, KeyColumn, KeyOrder};

/// Returns the layout of a key as ordered statements send it.
pub(crate) fn key_layout(key: &ComparisonKey) -> RowLayout {
    let column = |column: &KeyColumn| {
        let lane = match column.order {
            KeyOrder::Integer => Lane::Typed(Codec::Int8),
            KeyOrder::Uuid => Lane::Typed(Codec::Uuid),
            KeyOrder::Text => Lane::Text,
        };
        StagedColumn::plain(column.name.clone(), column.old.cast.clone(), lane)
    };
    RowLayout { columns: key.columns().iter().map(column).collect() }
}
