//! The types whose arrays are lists.

use serde::{Deserialize, Serialize};

use super::lane::{self, Codec};

macro_rules! elements {
    ($($variant:ident => $base:literal $oid:literal),+ $(,)?) => {
        /// A builtin type whose arrays take the typed lane. Unlike [`Codec`] it tells `text` from `varchar`, since an array
        /// names its elements' type on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Element {
            $(#[doc = concat!("`", $base, "`.")] $variant,)+
            /// `numeric(precision, scale)` with 0 <= scale <= precision <= 38.
            Numeric {
                /// Total digits.
                precision: u8,
                /// Digits behind the point.
                scale: i8,
            },
            /// Every other `numeric`.
            NumericText,
        }

        impl Element {
            /// Every element type but the two sorts of `numeric`.
            pub const PLAIN: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the element type of that name in `pg_catalog`, if its arrays are lists.
            #[must_use]
            pub fn of(base: &str, typmod: i32) -> Option<Self> {
                match base {
                    $($base => Some(Self::$variant),)+
                    "numeric" => match lane::builtin(base, typmod)? {
                        Codec::Numeric { precision, scale } => Some(Self::Numeric { precision, scale }),
                        _ => Some(Self::NumericText),
                    },
                    _ => None,
                }
            }

            /// Returns the type's name in `pg_catalog`.
            #[must_use]
            pub const fn base(self) -> &'static str {
                match self {
                    $(Self::$variant => $base,)+
                    Self::Numeric { .. } | Self::NumericText => "numeric",
                }
            }

            /// Returns the type's OID, the same on every server (`pg_type.dat`).
            pub(super) const fn oid(self) -> u32 {
                match self {
                    $(Self::$variant => $oid,)+
                    Self::Numeric { .. } | Self::NumericText => 1700,
                }
            }
        }
    };
}

elements! {
    Bool => "bool" 16,
    Bytea => "bytea" 17,
    Char => "char" 18,
    Name => "name" 19,
    Int8 => "int8" 20,
    Int2 => "int2" 21,
    Int4 => "int4" 23,
    Text => "text" 25,
    Oid => "oid" 26,
    Xid => "xid" 28,
    Cid => "cid" 29,
    Json => "json" 114,
    Cidr => "cidr" 650,
    Float4 => "float4" 700,
    Float8 => "float8" 701,
    Macaddr8 => "macaddr8" 774,
    Money => "money" 790,
    Macaddr => "macaddr" 829,
    Inet => "inet" 869,
    Bpchar => "bpchar" 1042,
    Varchar => "varchar" 1043,
    Date => "date" 1082,
    Time => "time" 1083,
    Timestamp => "timestamp" 1114,
    Timestamptz => "timestamptz" 1184,
    Interval => "interval" 1186,
    Timetz => "timetz" 1266,
    Uuid => "uuid" 2950,
    Jsonb => "jsonb" 3802,
    Xid8 => "xid8" 5069,
}

impl Element {
    /// Returns the way in which the elements travel.
    pub(super) fn codec(self) -> Codec {
        match self {
            Self::Numeric { precision, scale } => Codec::Numeric { precision, scale },
            Self::NumericText => Codec::NumericText,
            // Every name of the table is one that the typed lane knows; a test holds the two together.
            plain => lane::builtin(plain.base(), -1).unwrap_or(Codec::Bytea),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_a_type_of_the_typed_lane() {
        for element in Element::PLAIN {
            let codec = lane::builtin(element.base(), -1);
            assert_eq!(codec, Some(element.codec()), "{element:?}");
            assert_eq!(Element::of(element.base(), -1), Some(*element));
            assert!(!matches!(codec, Some(Codec::List(_) | Codec::Enum)), "lists of lists are not on the wire");
        }
        assert_eq!(Element::of("numeric", -1), Some(Element::NumericText));
        assert_eq!(Element::of("numeric", ((12 << 16) | 2) + 4), Some(Element::Numeric { precision: 12, scale: 2 }));
        assert_eq!(Element::of("xml", -1), None);
    }
}
