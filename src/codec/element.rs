//! The types whose arrays are lists.

use serde::{Deserialize, Serialize};

macro_rules! elements {
    ($($variant:ident => $base:literal $oid:literal),+ $(,)?) => {
        /// A builtin type whose arrays take the typed lane. Unlike [`super::Codec`] it tells `text` from `varchar`, since an
        /// array names its elements' type on the wire.
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

            /// Returns the element type of that name in `pg_catalog` that has no modifier, if its arrays are lists.
            pub(super) fn plain(base: &str) -> Option<Self> {
                match base {
                    $($base => Some(Self::$variant),)+
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
