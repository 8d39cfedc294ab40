//! Which lane a type takes, and which Arrow type it becomes.

use serde::{Deserialize, Serialize};

use super::element::Element;
use crate::schema::{PgType, TypeKind};

/// The way a column travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// In binary, as the Arrow type that holds it exactly.
    Typed(Codec),
    /// As the server's own text output, cast back on load.
    Text,
}

/// The types of the typed lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// `bool`.
    Bool,
    /// `int2`.
    Int2,
    /// `int4`.
    Int4,
    /// `int8`.
    Int8,
    /// `oid`, `xid`, `cid`: exact as a number; what it points to is another server's affair.
    Oid,
    /// `float4`.
    Float4,
    /// `float8`.
    Float8,
    /// `text`, `varchar`, `bpchar` (blanks kept) and `name`.
    Text,
    /// `bytea`.
    Bytea,
    /// `uuid`.
    Uuid,
    /// `date`.
    Date,
    /// `time` without time zone.
    Time,
    /// `timestamp` without time zone.
    Timestamp,
    /// `timestamp` with time zone.
    TimestampTz,
    /// `json`: text, untouched.
    Json,
    /// `jsonb`: its text without the version byte.
    Jsonb,
    /// An enum's label.
    Enum,
    /// `numeric(precision, scale)` with 0 <= scale <= precision <= 38.
    Numeric {
        /// Total digits.
        precision: u8,
        /// Digits behind the point.
        scale: i8,
    },
    /// Every other `numeric`: the server's digits, display scale and all.
    NumericText,
    /// `money`.
    Money,
    /// `interval`: months, days and microseconds.
    Interval,
    /// `time` with time zone.
    TimeTz,
    /// `inet`.
    Inet,
    /// `cidr`.
    Cidr,
    /// `macaddr`.
    Macaddr,
    /// `macaddr8`.
    Macaddr8,
    /// `"char"`: one byte.
    Char,
    /// `xid8`.
    Xid8,
    /// An array of a builtin type.
    List(Element),
}

impl Lane {
    /// Returns how many bytes each value has in binary COPY; `None` where that differs from value to value.
    pub(super) const fn fixed_width(self) -> Option<usize> {
        let Self::Typed(codec) = self else { return None };
        match codec {
            Codec::Bool | Codec::Char => Some(1),
            Codec::Int2 => Some(2),
            Codec::Int4 | Codec::Oid | Codec::Float4 | Codec::Date => Some(4),
            Codec::Macaddr => Some(6),
            Codec::Int8
            | Codec::Float8
            | Codec::Time
            | Codec::Timestamp
            | Codec::TimestampTz
            | Codec::Money
            | Codec::Macaddr8
            | Codec::Xid8 => Some(8),
            Codec::TimeTz => Some(12),
            Codec::Uuid | Codec::Interval => Some(16),
            Codec::Text
            | Codec::Bytea
            | Codec::Json
            | Codec::Jsonb
            | Codec::Enum
            | Codec::Numeric { .. }
            | Codec::NumericText
            | Codec::Inet
            | Codec::Cidr
            | Codec::List(_) => None,
        }
    }
}

/// Chooses the lane of a type. Domains take their base type's lane: they travel as its bytes.
#[must_use]
pub fn lane_of(t: &PgType) -> Lane {
    match t.kind {
        TypeKind::Enum => Lane::Typed(Codec::Enum),
        TypeKind::Base if t.builtin => builtin(&t.base, t.typmod).map_or(Lane::Text, Lane::Typed),
        // An array's wire form holds the OID of its element type, which only for builtin types is the same on every server.
        TypeKind::Array if t.builtin => {
            let element = t.base.strip_prefix('_').and_then(|base| Element::of(base, t.typmod));
            element.map_or(Lane::Text, |element| Lane::Typed(Codec::List(element)))
        }
        TypeKind::Base | TypeKind::Array | TypeKind::Composite | TypeKind::Range => Lane::Text,
    }
}

pub(super) fn builtin(base: &str, typmod: i32) -> Option<Codec> {
    Some(match base {
        "bool" => Codec::Bool,
        "int2" => Codec::Int2,
        "int4" => Codec::Int4,
        "int8" => Codec::Int8,
        "oid" | "xid" | "cid" => Codec::Oid,
        "float4" => Codec::Float4,
        "float8" => Codec::Float8,
        "text" | "varchar" | "bpchar" | "name" => Codec::Text,
        "bytea" => Codec::Bytea,
        "uuid" => Codec::Uuid,
        "date" => Codec::Date,
        "time" => Codec::Time,
        "timestamp" => Codec::Timestamp,
        "timestamptz" => Codec::TimestampTz,
        "json" => Codec::Json,
        "jsonb" => Codec::Jsonb,
        "numeric" => numeric(typmod).unwrap_or(Codec::NumericText),
        "money" => Codec::Money,
        "interval" => Codec::Interval,
        "timetz" => Codec::TimeTz,
        "inet" => Codec::Inet,
        "cidr" => Codec::Cidr,
        "macaddr" => Codec::Macaddr,
        "macaddr8" => Codec::Macaddr8,
        "char" => Codec::Char,
        "xid8" => Codec::Xid8,
        _ => return None,
    })
}

/// Reads numeric's modifier as PostgreSQL 15 and newer pack it: precision above scale, the scale an 11-bit signed number
/// (`numeric_typmod_scale`, utils/adt/numeric.c). Older servers allow scales of 0 to 1000, for which both readings agree.
fn numeric(typmod: i32) -> Option<Codec> {
    let packed = typmod.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = u8::try_from((packed >> 16) & 0xffff).ok()?;
    let scale = i8::try_from(((packed & 0x7ff) ^ 1024) - 1024).ok()?;
    let fits = (1..=38).contains(&precision) && u8::try_from(scale).is_ok_and(|scale| scale <= precision);
    fits.then_some(Codec::Numeric { precision, scale })
}

impl Element {
    /// Returns the element type of that name in `pg_catalog`, if its arrays are lists.
    #[must_use]
    pub fn of(base: &str, typmod: i32) -> Option<Self> {
        match base {
            "numeric" => match builtin(base, typmod)? {
                Codec::Numeric { precision, scale } => Some(Self::Numeric { precision, scale }),
                _ => Some(Self::NumericText),
            },
            plain => Self::plain(plain),
        }
    }

    /// Returns the way in which the elements travel.
    pub(super) fn codec(self) -> Codec {
        match self {
            Self::Numeric { precision, scale } => Codec::Numeric { precision, scale },
            Self::NumericText => Codec::NumericText,
            // Every name of the table is one that the typed lane knows; a test holds the two together.
            plain => builtin(plain.base(), -1).unwrap_or(Codec::Bytea),
        }
    }
}

impl Lane {
    /// Returns the word used in a file's metadata.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Typed(_) => "typed",
            Self::Text => "text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(base: &str, typmod: i32, builtin: bool, kind: TypeKind) -> Lane {
        lane_of(&PgType { builtin, kind, ..PgType::builtin(base, typmod) })
    }

    fn numeric_lane(precision: i32, scale: i32) -> Lane {
        lane("numeric", ((precision << 16) | (scale & 0x7ff)) + 4, true, TypeKind::Base)
    }

    #[test]
    fn a_name_alone_does_not_make_a_builtin_type() {
        assert_eq!(lane("int4", -1, true, TypeKind::Base), Lane::Typed(Codec::Int4));
        assert_eq!(lane("text", -1, false, TypeKind::Base), Lane::Text);
        assert_eq!(lane("mood", -1, false, TypeKind::Enum), Lane::Typed(Codec::Enum));
        assert_eq!(lane("_int4", -1, true, TypeKind::Array), Lane::Typed(Codec::List(Element::Int4)));
        assert_eq!(lane("_int4", -1, false, TypeKind::Array), Lane::Text);
        for base in ["_xml", "_mood", "int4"] {
            assert_eq!(lane(base, -1, true, TypeKind::Array), Lane::Text, "{base}");
        }
        for base in ["xml", "bit", "pg_lsn", "regclass", "int2vector", "tid"] {
            assert_eq!(lane(base, -1, true, TypeKind::Base), Lane::Text, "{base}");
        }
    }

    #[test]
    fn numeric_is_typed_where_decimal128_holds_it() {
        assert_eq!(numeric_lane(12, 2), Lane::Typed(Codec::Numeric { precision: 12, scale: 2 }));
        assert_eq!(numeric_lane(38, 38), Lane::Typed(Codec::Numeric { precision: 38, scale: 38 }));
        for (precision, scale) in [(39, 0), (5, -2), (2, 5), (0, 0), (1000, 1000)] {
            assert_eq!(numeric_lane(precision, scale), Lane::Typed(Codec::NumericText), "{precision}, {scale}");
        }
    }

    #[test]
    fn lanes_are_stored_as_words() {
        let json = |lane| serde_json::to_string(&lane).unwrap_or_default();
        assert_eq!(json(Lane::Text), r#""text""#);
        assert_eq!(json(Lane::Typed(Codec::Int8)), r#"{"typed":"int8"}"#);
        let decimal = r#"{"typed":{"numeric":{"precision":12,"scale":2}}}"#;
        assert_eq!(json(numeric_lane(12, 2)), decimal);
        assert_eq!(serde_json::from_str::<Lane>(decimal).ok(), Some(numeric_lane(12, 2)));
        assert_eq!(json(Lane::Typed(Codec::List(Element::Timestamptz))), r#"{"typed":{"list":"timestamptz"}}"#);
    }

    #[test]
    fn every_element_is_a_type_of_the_typed_lane() {
        for element in Element::PLAIN {
            let codec = builtin(element.base(), -1);
            assert_eq!(codec, Some(element.codec()), "{element:?}");
            assert_eq!(Element::of(element.base(), -1), Some(*element));
            assert!(!matches!(codec, Some(Codec::List(_) | Codec::Enum)), "lists of lists are not on the wire");
        }
        assert_eq!(Element::of("numeric", -1), Some(Element::NumericText));
        assert_eq!(Element::of("numeric", ((12 << 16) | 2) + 4), Some(Element::Numeric { precision: 12, scale: 2 }));
        assert_eq!(Element::of("xml", -1), None);
    }
}
