//! The columns of a staged table, in the order in which they travel.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Field, Fields, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::exact;
use super::lane::{Codec, Lane};
use crate::name::Ident;
use crate::schema::Column;

/// One column of a staged table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedColumn {
    /// The column's name.
    pub name: Ident,
    /// The type as `format_type` prints it, ready for a cast.
    pub pg_type: String,
    /// The type's modifier, -1 where there is none.
    pub typmod: i32,
    /// The way the column travels.
    pub lane: Lane,
}

impl StagedColumn {
    /// Makes the staged column of a table's column.
    #[must_use]
    pub fn of(column: &Column) -> Self {
        let data_type = &column.data_type;
        Self {
            name: column.name.clone(),
            pg_type: data_type.sql.clone(),
            typmod: data_type.typmod,
            lane: super::lane_of(data_type),
        }
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
    /// The columns.
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

    /// Returns the select list of the COPY query, `a."x", a."y"::text`. `alias` must be ready for SQL.
    #[must_use]
    pub fn select_list(&self, alias: &str) -> String {
        let column = |column: &StagedColumn| match column.lane {
            Lane::Typed(_) => format!("{alias}.{}", column.name.sql()),
            Lane::Text => format!("{alias}.{}::text", column.name.sql()),
        };
        self.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_select_list_follow_the_lanes() {
        let column =
            |name: &str, pg_type: &str, lane| StagedColumn { name: name.into(), pg_type: pg_type.into(), typmod: -1, lane };
        let layout = RowLayout {
            columns: vec![column("id", "uuid", Lane::Typed(Codec::Uuid)), column("Tags \"x\"", "text[]", Lane::Text)],
        };
        assert_eq!(layout.select_list("a"), "a.\"id\", a.\"Tags \"\"x\"\"\"::text");
        let schema = layout.arrow_schema();
        let metadata = |index: usize, key: &str| schema.field(index).metadata().get(key).cloned().unwrap_or_default();
        assert_eq!(metadata(0, "ARROW:extension:name"), "arrow.uuid");
        assert_eq!(metadata(1, "pg.type"), "text[]");
        assert_eq!(metadata(1, "pg.lane"), "text");
        assert_eq!(metadata(1, "pg.typmod"), "-1");
        assert_eq!(schema.field(2).name(), "fb_exact");
    }
}
