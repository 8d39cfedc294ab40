//! The columns of a staged table, in the order in which they travel.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{Field, Fields, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::exact;
use super::lane::{Codec, Lane};
use crate::name::{Ident, Side};
use crate::schema::{MappedColumn, Source};

/// One column of a staged table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedColumn {
    /// The column's name: OLD's, or NEW's where OLD has no such column.
    pub name: Ident,
    /// The type that travels as `format_type` prints it, ready for a cast.
    pub pg_type: String,
    /// The type's modifier, -1 where there is none.
    pub typmod: i32,
    /// The way the column travels.
    pub lane: Lane,
    /// Whether the text lane must ask for the type's output, since a cast to text may be something else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub casts_text: bool,
    /// Where OLD's value comes from.
    #[serde(default, skip_serializing_if = "is_same")]
    pub old: Source,
    /// Where NEW's value comes from.
    #[serde(default, skip_serializing_if = "is_same")]
    pub new: Source,
    /// The column of which this has OLD's own text, wherever the type that travels does not hold its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_form_of: Option<Ident>,
}

fn is_same(source: &Source) -> bool {
    *source == Source::Same
}

impl StagedColumn {
    /// Makes the staged column of a pair of columns.
    #[must_use]
    pub fn of(pair: &MappedColumn) -> Self {
        let data_type = &pair.data_type;
        Self {
            name: pair.name.clone(),
            pg_type: data_type.sql.clone(),
            typmod: data_type.typmod,
            casts_text: data_type.casts_text,
            // What only OLD has is put back as its text, which needs no companion column beside NEW's.
            lane: if pair.new.is_present() { super::lane_of(data_type) } else { Lane::Text },
            old: pair.old.clone(),
            new: pair.new.clone(),
            own_form_of: None,
        }
    }

    /// Makes the column that has OLD's own text of another one's values, under a name of its own.
    #[must_use]
    pub fn own_form(of: &Ident, name: Ident, old: Source) -> Self {
        Self { old, new: Source::Absent, own_form_of: Some(of.clone()), ..Self::plain(name, "text", Lane::Text) }
    }

    /// Makes a column that both sides have under one name and in one type.
    pub fn plain(name: impl Into<Ident>, pg_type: impl Into<String>, lane: Lane) -> Self {
        let (name, pg_type) = (name.into(), pg_type.into());
        Self { name, pg_type, typmod: -1, lane, casts_text: false, old: Source::Same, new: Source::Same, own_form_of: None }
    }

    /// Returns where a side's value comes from.
    #[must_use]
    pub const fn source(&self, side: Side) -> &Source {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// Whether both sides have the column: NEW's value has a place on OLD, and is compared with OLD's.
    #[must_use]
    pub const fn is_carried(&self) -> bool {
        self.old.is_present() && self.new.is_present()
    }

    fn field(&self) -> Field {
        let mut metadata = HashMap::from([
            ("pg.type".to_owned(), self.pg_type.clone()),
            ("pg.typmod".to_owned(), self.typmod.to_string()),
            ("pg.lane".to_owned(), self.lane.word().to_owned()),
        ]);
        if self.lane == Lane::Typed(Codec::Uuid) {
            metadata.insert("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
        }
        Field::new(self.name.as_str(), self.lane.data_type(), true).with_metadata(metadata)
    }
}

/// The columns of a staged table, in the order of the COPY query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowLayout {
    /// In the order in which they are staged and sent.
    pub columns: Vec<StagedColumn>,
}

impl RowLayout {
    /// Returns one nullable field for each column, and `fb_exact` behind them: the form in which rows lie in a batch, or in a
    /// struct column of a diff.
    #[must_use]
    pub fn fields(&self) -> Fields {
        self.columns.iter().map(|column| Arc::new(column.field())).chain([exact::field()]).collect()
    }

    /// Returns the schema of a batch: [`Self::fields`] and nothing else.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.fields()))
    }

    /// Returns how many bytes a row has in binary COPY, the lengths of its fields among them and its own head apart; `None`
    /// where that differs from row to row. A NULL has fewer.
    #[must_use]
    pub fn fixed_width(&self) -> Option<usize> {
        const LENGTH: usize = 4;
        self.columns.iter().map(|column| Some(LENGTH + column.lane.fixed_width()?)).sum()
    }

    /// Finds a column by its common name.
    #[must_use]
    pub fn column(&self, name: &Ident) -> Option<&StagedColumn> {
        self.columns.iter().find(|column| column.name == *name)
    }

    /// Returns every name by which either side calls a column; of one that has OLD's own text of another's values, that
    /// other's too.
    #[must_use]
    pub fn names<'a>(&'a self, column: &'a StagedColumn) -> Vec<&'a str> {
        let of = column.own_form_of.as_ref().and_then(|of| self.column(of)).unwrap_or(column);
        let sides = [&of.old, &of.new].map(|source| source.column(&of.name));
        [&column.name, &of.name].into_iter().chain(sides).map(Ident::as_str).collect()
    }

    /// Finds the column with OLD's own text of a column's values.
    #[must_use]
    pub fn own_form_of(&self, name: &Ident) -> Option<&StagedColumn> {
        self.columns.iter().find(|column| column.own_form_of.as_ref() == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_the_lanes() {
        let layout = RowLayout {
            columns: vec![
                StagedColumn::plain("id", "uuid", Lane::Typed(Codec::Uuid)),
                StagedColumn::plain("Tags \"x\"", "text[]", Lane::Text),
            ],
        };
        let schema = layout.arrow_schema();
        let metadata = |index: usize, key: &str| schema.field(index).metadata().get(key).cloned().unwrap_or_default();
        assert_eq!(metadata(0, "ARROW:extension:name"), "arrow.uuid");
        assert_eq!(metadata(1, "pg.type"), "text[]");
        assert_eq!(metadata(1, "pg.lane"), "text");
        assert_eq!(metadata(1, "pg.typmod"), "-1");
        assert_eq!(schema.field(2).name(), "fb_exact");
    }

    #[test]
    fn what_one_side_alone_has_is_not_carried() {
        let extra = StagedColumn { old: Source::Absent, ..StagedColumn::plain("extra", "app.mood", Lane::Typed(Codec::Enum)) };
        assert!(!extra.is_carried() && StagedColumn::plain("total", "bigint", Lane::Text).is_carried());
        let layout = RowLayout { columns: vec![extra] };
        assert_eq!(layout.column(&Ident::new("extra")).map(|column| column.pg_type.as_str()), Some("app.mood"));
    }
}
