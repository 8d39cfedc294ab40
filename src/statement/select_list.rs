//! The select list of a COPY query: a layout's columns as one side sends them.

use crate::codec::{Lane, RowLayout, StagedColumn};
use crate::name::Side;

use super::value::travelling_value;

/// What is sent in the place of a column that is not there. The type may not exist on this side; NULL is sent alike in every
/// type.
pub(super) const NOTHING: &str = "null::text";

/// Returns the expression that reads a column on a side, as it is sent.
fn sent(column: &StagedColumn, side: Side, alias: &str) -> String {
    match (travelling_value(column.source(side), alias, &column.name), column.lane) {
        (Some(value), Lane::Typed(_)) => value,
        // `format` prints with the output function; it prints NULL as nothing. `is null` is also true of a row of NULLs.
        (Some(value), Lane::Text) if column.casts_text => {
            format!("case when num_nulls({value}) = 0 then format('%s', {value}) end")
        }
        (Some(value), Lane::Text) if column.own_form_of.is_some() => value,
        (Some(value), Lane::Text) => format!("{value}::text"),
        (None, _) => NOTHING.to_owned(),
    }
}

/// Returns some columns one by one, as OLD sends them of its row `t`.
#[must_use]
pub fn sent_by_old<'a>(columns: impl Iterator<Item = &'a StagedColumn>) -> Vec<String> {
    columns.map(|column| sent(column, Side::Old, "t")).collect()
}

/// Returns a layout's columns as a side sends them, `a."x", a."y"::text`. `alias` is the row's, ready for SQL.
#[must_use]
pub fn select_list(layout: &RowLayout, side: Side, alias: &str) -> String {
    layout.columns.iter().map(|column| sent(column, side, alias)).collect::<Vec<_>>().join(", ")
}

/// Returns the select list by which whole rows are compared: as [`select_list`], but what only OLD has is NULL there too.
#[must_use]
pub fn compared_list(layout: &RowLayout, side: Side, alias: &str) -> String {
    let column = |column: &StagedColumn| {
        if column.new.is_present() { sent(column, side, alias) } else { NOTHING.to_owned() }
    };
    layout.columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::name::Ident;
    use crate::schema::{Conversion, Source};

    #[test]
    fn the_list_follows_the_lanes() {
        let columns = vec![
            StagedColumn::plain("id", "uuid", Lane::Typed(Codec::Uuid)),
            StagedColumn::plain("Tags \"x\"", "text[]", Lane::Text),
            StagedColumn { casts_text: true, ..StagedColumn::plain("b", "app.bits", Lane::Text) },
        ];
        let expected = "a.\"id\", a.\"Tags \"\"x\"\"\"::text, case when num_nulls(a.\"b\") = 0 then format('%s', a.\"b\") end";
        assert_eq!(select_list(&RowLayout { columns }, Side::Old, "a"), expected);
    }

    #[test]
    fn each_side_is_read_in_its_own_way() {
        let mapped = Source::Mapped { column: Ident::new("amount"), conversions: vec![Conversion::Cast("bigint".into())] };
        let total = StagedColumn { new: mapped, ..StagedColumn::plain("total", "bigint", Lane::Typed(Codec::Int8)) };
        let extra = StagedColumn { old: Source::Absent, ..StagedColumn::plain("extra", "app.mood", Lane::Typed(Codec::Enum)) };
        let kept = StagedColumn { new: Source::Absent, ..StagedColumn::plain("kept", "text", Lane::Text) };
        let layout = RowLayout { columns: vec![total, extra, kept] };
        assert_eq!(select_list(&layout, Side::Old, "t"), "t.\"total\", null::text, t.\"kept\"::text");
        assert_eq!(select_list(&layout, Side::New, "t"), "(t.\"amount\")::bigint, t.\"extra\", null::text");
        assert_eq!(compared_list(&layout, Side::Old, "t"), "t.\"total\", null::text, null::text");
    }
}
