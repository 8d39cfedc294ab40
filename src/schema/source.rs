//! Where each side's value of a column comes from, when the sides do not agree on name or type.

use serde::{Deserialize, Serialize};

use super::PgType;
use crate::name::Ident;

/// How one side's own column gives the value that travels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// The side has the column under the common name, in the type that travels.
    #[default]
    Same,
    /// The side has no such column.
    Absent,
    /// The side calls it otherwise, or keeps it in another type.
    Mapped {
        /// The side's own column.
        column: Ident,
        /// What is done to its value, in this order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conversions: Vec<Conversion>,
    },
    /// What the type that travels loses of the side's own value: the value's own text where it would not come back, else NULL.
    OwnForm {
        /// The side's own column.
        column: Ident,
        /// What makes the value that travels of it.
        conversions: Vec<Conversion>,
        /// What makes a value of the column of one that travels, as it is written.
        back: Vec<Conversion>,
        /// The column's type, its modifier included.
        sql_type: String,
        /// Whether two values that are equal are one: then they are not compared by their text.
        by_value: bool,
    },
}

/// One step of a conversion between two types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conversion {
    /// A cast to a type, ready for SQL.
    Cast(String),
    /// What a type's input function makes of a text, where a cast would do something else.
    Input(String),
    /// `AT TIME ZONE`: a wall clock becomes the instant at which it showed that, and the other way round.
    AtZone(String),
    /// What a clock in the zone shows at an instant. Taken back, it is the instant at which it shows that, if that is one; a
    /// wall clock that it shows twice is none.
    Shown(String),
    /// The instant at which a clock in the zone shows a wall clock, and nothing if it shows that twice.
    OnlyAt(String),
    /// The text that a `json` would have as `jsonb`, as far as that takes it and leaves nothing out; else its own.
    Document,
    /// The text of a composite value with its attributes in this order.
    Rearranged(Vec<Ident>),
    /// The text of a value that OLD's type would take for another one, behind words that make it equal to none of OLD's.
    Foreign,
    /// A cast to a type that rounds or cuts.
    Rounded {
        /// The type, its modifier included.
        sql_type: String,
        /// For numbers, the least but zero and the greatest that it takes; what is beyond becomes NaN.
        limits: Option<[String; 2]>,
        /// Whether a value of the type becomes one of the column through its text, as a cast would round once more.
        by_text: bool,
    },
}

impl Source {
    /// Whether the side has the column.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Returns the side's own name of a column whose common name is given.
    #[must_use]
    pub const fn column<'a>(&'a self, common: &'a Ident) -> &'a Ident {
        match self {
            Self::Mapped { column, .. } | Self::OwnForm { column, .. } => column,
            Self::Same | Self::Absent => common,
        }
    }

    /// Whether the side's own column is of the type that travels.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Same => true,
            Self::Absent | Self::OwnForm { .. } => false,
            Self::Mapped { conversions, .. } => conversions.is_empty(),
        }
    }

    /// Returns what makes of a value that travels one of the side's own column, whose type is given. No cast here has a
    /// modifier: a value that is too long is an error, not cut off.
    #[must_use]
    pub fn back_to(&self, own: &PgType) -> Vec<Conversion> {
        let Self::Mapped { conversions, .. } = self else { return Vec::new() };
        let to_own = || Conversion::Cast(own.bare_sql.clone());
        let back = |conversion: &Conversion| match conversion {
            Conversion::Rounded { by_text: true, .. } => vec![Conversion::Cast("text".to_owned()), to_own()],
            Conversion::Cast(_)
            | Conversion::Input(_)
            | Conversion::Document
            | Conversion::Rearranged(_)
            | Conversion::Foreign
            | Conversion::Rounded { .. } => {
                vec![to_own()]
            }
            Conversion::AtZone(zone) => vec![Conversion::AtZone(zone.clone())],
            Conversion::Shown(zone) => vec![Conversion::OnlyAt(zone.clone())],
            Conversion::OnlyAt(zone) => vec![Conversion::Shown(zone.clone())],
        };
        conversions.iter().rev().flat_map(back).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_source_is_the_sides_own_column() {
        let common = Ident::new("at");
        let mapped = Source::Mapped {
            column: Ident::new("When"),
            conversions: vec![Conversion::AtZone("Europe/Berlin".into()), Conversion::Cast("text".into())],
        };
        assert!(!mapped.is_plain() && mapped.is_present());
        assert_eq!(mapped.column(&common).as_str(), "When");
    }

    #[test]
    fn an_unmapped_source_takes_no_room_in_a_manifest() {
        assert_eq!(serde_json::to_string(&Source::Same).unwrap_or_default(), r#"{"kind":"same"}"#);
        let mapped = Source::Mapped { column: Ident::new("b"), conversions: Vec::new() };
        assert_eq!(serde_json::to_string(&mapped).unwrap_or_default(), r#"{"kind":"mapped","column":"b"}"#);
    }
}
