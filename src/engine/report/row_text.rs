//! One row as JSON for a page: short, since there may be thousands, and with nothing in it that plays tricks.

use serde::{Serialize, Serializer};

use crate::engine::review::{Cell, ShownColumn, ShownRow, common, excerpt};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Sided;
use crate::policy::Action;
use crate::text::tame_json;

/// So many characters of a value are taken along.
const SHOWN: usize = 1_000;

/// A row: its key, its class, what that rests on, and its values.
#[derive(Serialize)]
struct RowText<'a> {
    /// The key's values as they are shown.
    k: Vec<Spelt>,
    /// The key's values as they are, where they are otherwise: `false` where one is masked, or has no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    r: Option<RawKey<'a>>,
    /// The class.
    c: &'static str,
    /// What is known of OLD's and of NEW's row.
    e: [&'static str; 2],
    /// Where the row at the cutover was found.
    b: &'a str,
    /// When OLD's and NEW's row were written.
    w: [Option<i64>; 2],
    /// What the plan does.
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<&'static str>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<&'a str>,
    /// Set where nothing is known of the row at the cutover: then no column has a value for BASE.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    u: bool,
    /// The positions of the columns that differ.
    d: Vec<usize>,
    /// The values, column by column; nothing where none are taken along.
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<Vec<ColumnText>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RawKey<'a> {
    None(bool),
    Texts(Vec<&'a str>),
}

/// One column: what all sides have, or OLD, NEW, BASE where it is known, and RESULT where there is a plan.
#[derive(Serialize)]
#[serde(untagged)]
enum ColumnText {
    Alike(Spelt),
    Each(Vec<Spelt>),
}

/// A value as it is shown: a text, null, or a number that says why there is neither.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spelt {
    Null,
    Text(String),
    /// 0 no row, 1 not known, 2 no such column, 3 masked, 4 OLD's default.
    Other(u8),
}

impl Serialize for Spelt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Other(number) => serializer.serialize_u8(*number),
        }
    }
}

fn spelt(cell: &Cell, from: usize) -> Spelt {
    match cell {
        Cell::Null => Spelt::Null,
        Cell::Text(text) => Spelt::Text(excerpt(text, from, SHOWN)),
        Cell::Wire { pg_type, hex } => Spelt::Text(format!("({pg_type} {})", excerpt(hex, from, SHOWN))),
        Cell::NoRow => Spelt::Other(0),
        Cell::Unknown => Spelt::Other(1),
        Cell::NoColumn => Spelt::Other(2),
        Cell::Masked => Spelt::Other(3),
        Cell::Default => Spelt::Other(4),
    }
}

/// Returns a row as JSON.
///
/// # Errors
/// None in practice: a row holds nothing that JSON cannot.
pub(super) fn text(row: &ShownRow, values: bool) -> Result<String> {
    let Sided { old, new } = row.written_us;
    let differing = row.columns.iter().enumerate().filter(|(_, column)| column.differs);
    let k: Vec<_> = row.key.iter().map(|(_, cell)| spelt(cell, 0)).collect();
    let is_bare = row.columns.iter().all(|column| column.base == Cell::Unknown);
    let text = RowText {
        r: raw(row, &k),
        k,
        c: row.class.word(),
        e: [row.evidence.old.word(), row.evidence.new.word()],
        b: row.base,
        w: [old, new],
        a: row.action.map(Action::word),
        y: row.why.as_deref(),
        u: is_bare,
        d: differing.map(|(index, _)| index).collect(),
        v: values.then(|| row.columns.iter().map(|one| column(one, is_bare)).collect()),
    };
    let json = serde_json::to_string(&text).map_err(|error| Error::new(ErrorKind::Storage, "write a row").because(error))?;
    Ok(tame_json(&json))
}

/// The key as it is written in a decision, where that is not how it is shown.
fn raw<'a>(row: &'a ShownRow, shown: &[Spelt]) -> Option<RawKey<'a>> {
    let texts: Option<Vec<&str>> = row
        .key
        .iter()
        .map(|(_, cell)| match cell {
            Cell::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let Some(texts) = texts else { return Some(RawKey::None(false)) };
    let is_as_shown = texts.iter().zip(shown).all(|(text, shown)| matches!(shown, Spelt::Text(shown) if shown == text));
    (!is_as_shown).then_some(RawKey::Texts(texts))
}

fn column(column: &ShownColumn, is_bare: bool) -> ColumnText {
    let from = common(&column.old, &column.new);
    let cells = [Some(&column.old), Some(&column.new), (!is_bare).then_some(&column.base), column.result.as_ref()];
    let each: Vec<_> = cells.into_iter().flatten().map(|cell| spelt(cell, from)).collect();
    match each.first() {
        Some(first) if each.iter().all(|other| other == first) => ColumnText::Alike(first.clone()),
        _ => ColumnText::Each(each),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::{Class, Evidence};
    use crate::engine::review::PickedBy;

    fn cell(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    fn row(key: Cell) -> ShownRow {
        let column = ShownColumn {
            name: "note".to_owned(),
            pg_type: "text".to_owned(),
            old_type: None,
            is_key: false,
            differs: true,
            masked_by: None,
            base: Cell::Unknown,
            old: Cell::Null,
            new: cell("</script>\u{202e}"),
            result: Some(Cell::Masked),
        };
        ShownRow {
            database: "shop".to_owned(),
            table: "public.t".to_owned(),
            key: vec![("id".to_owned(), key)],
            class: Class::Update,
            evidence: Sided { old: Evidence::Column, new: Evidence::TwoWay },
            rests_on: Evidence::Column,
            base: "old",
            written_us: Sided { old: None, new: Some(5) },
            action: Some(Action::Hold),
            why: Some("because".to_owned()),
            columns: vec![column],
            statements: Vec::new(),
            picked_by: PickedBy::default(),
        }
    }

    #[test]
    fn a_row_is_short_and_tells_null_from_text() {
        let json = text(&row(cell("7")), true).unwrap();
        assert_eq!(
            json,
            r#"{"k":["7"],"c":"update","e":["column","two_way"],"b":"old","w":[null,5],"a":"hold","y":"because","u":true,"#
                .to_owned()
                + r#""d":[0],"v":[[null,"E'</script>\\u202E'",3]]}"#
        );
        assert!(!text(&row(cell("7")), false).unwrap().contains("script"), "no value");
    }

    #[test]
    fn a_key_is_kept_as_it_is_where_it_is_shown_otherwise() {
        assert!(text(&row(cell(" x")), true).unwrap().starts_with(r#"{"k":["' x'"],"r":[" x"],"#));
        assert!(text(&row(Cell::Masked), true).unwrap().starts_with(r#"{"k":[3],"r":false,"#));
        assert!(!text(&row(cell("a\u{202e}")), true).unwrap().contains('\u{202e}'));
    }
}
