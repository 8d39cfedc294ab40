//! One value of a row, as a view may have it.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// One value of a row, as a view may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// There is no row.
    NoRow,
    /// Whether there was a row, or what was in it, nobody knows.
    Unknown,
    /// The table has no such column there.
    NoColumn,
    /// NULL.
    Null,
    /// As the server prints it.
    Text(String),
    /// A value that is not shown.
    Masked,
    /// Whatever OLD's default for the column gives.
    Default,
    /// Bytes for which there is no text.
    Wire {
        /// The type that they are of.
        pg_type: String,
        /// `\x` and hexadecimal digits.
        hex: String,
    },
}

/// A text or null in JSON; what is neither, an object whose one key says what it is.
impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, value) = match self {
            Self::Null => return serializer.serialize_none(),
            Self::Text(text) => return serializer.serialize_str(text),
            Self::NoRow => ("absent", "row"),
            Self::Unknown => ("unknown", "row"),
            Self::NoColumn => ("absent", "column"),
            Self::Masked => ("masked", "value"),
            Self::Default => ("default", "column"),
            Self::Wire { hex, .. } => ("wire", hex.as_str()),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(key, value)?;
        map.end()
    }
}
