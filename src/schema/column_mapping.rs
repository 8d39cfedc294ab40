//! Which columns of OLD and NEW answer to each other, and in which type their values travel.

use super::attribute::Alike;
use super::common_type::{CommonType, common_type};
use super::{Column, Conversion, PgType, Renaming, Source, Table};
use crate::name::{Ident, Side};

/// One column of either side, with where each side has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedColumn {
    /// The common name: OLD's, or NEW's for a column that only NEW has.
    pub name: Ident,
    /// The type in which the value travels.
    pub data_type: PgType,
    /// How the value is read on OLD.
    pub old: Source,
    /// How the value is read on NEW.
    pub new: Source,
}

impl MappedColumn {
    /// Whether NEW's value has a place on OLD.
    #[must_use]
    pub const fn is_carried(&self) -> bool {
        self.old.is_present() && self.new.is_present()
    }
}

/// Pairs the columns of two tables: OLD's in their order, then those that only NEW has. `new` speaks OLD's words already.
///
/// Left out are columns that OLD computes and NEW lacks or computes too. A column that OLD alone computes counts as one that
/// only NEW has: its value cannot be written. One that NEW alone computes is read like any other.
#[must_use]
pub fn map_columns(old: &Table, new: &Table, renaming: &Renaming, zone: &str) -> Vec<MappedColumn> {
    let of_old = old.columns.iter().filter_map(|column| match new.column(&column.name) {
        Some(on_new) if column.generated && on_new.generated => None,
        Some(on_new) if column.generated => Some(new_only(on_new, renaming)),
        Some(on_new) => Some(both(column, on_new, renaming, zone)),
        None if column.generated => None,
        None => Some(MappedColumn {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            old: Source::Same,
            new: Source::Absent,
        }),
    });
    let of_new = new.columns.iter().filter(|column| !column.generated && old.column(&column.name).is_none());
    of_old.chain(of_new.map(|column| new_only(column, renaming))).collect()
}

fn new_only(column: &Column, renaming: &Renaming) -> MappedColumn {
    let new = source(&column.name, renaming.on_new(&column.name), Vec::new());
    MappedColumn { name: column.name.clone(), data_type: column.data_type.clone(), old: Source::Absent, new }
}

fn both(old: &Column, new: &Column, renaming: &Renaming, zone: &str) -> MappedColumn {
    let way = common_type(&old.data_type, &new.data_type);
    let data_type = match way {
        CommonType::Same | CommonType::ByAttribute | CommonType::Apart => old.data_type.clone(),
        CommonType::As(Side::Old) => undomained(&old.data_type),
        CommonType::As(Side::New) | CommonType::Rounded => undomained(&new.data_type),
        CommonType::Instant(_) => PgType { sql: "timestamp with time zone".to_owned(), ..PgType::builtin("timestamptz", -1) },
        CommonType::Text | CommonType::Document | CommonType::Unlike => PgType::builtin("text", -1),
    };
    let conversions = |side: Side, own: &PgType| match way {
        CommonType::Same => Vec::new(),
        CommonType::As(wide) if wide == side => Vec::new(),
        CommonType::As(_) | CommonType::Rounded => vec![Conversion::Cast(data_type.sql.clone())],
        CommonType::Instant(holder) if holder == side => Vec::new(),
        CommonType::Instant(_) => vec![Conversion::AtZone(zone.to_owned())],
        CommonType::Apart | CommonType::Unlike if side == Side::New => vec![Conversion::Foreign],
        CommonType::Text | CommonType::Unlike if own.builtin && own.base == "text" => Vec::new(),
        CommonType::Document if side == Side::New => vec![Conversion::Document],
        // What travels is the text of a value of OLD's type.
        CommonType::ByAttribute | CommonType::Apart if side == Side::Old => Vec::new(),
        CommonType::Text | CommonType::Document | CommonType::Apart | CommonType::Unlike => {
            vec![Conversion::Cast("text".to_owned())]
        }
        CommonType::ByAttribute => match Alike::of(&old.data_type, &new.data_type) {
            Alike::Rearranged { order, .. } => vec![Conversion::Rearranged(order)],
            _ => Vec::new(),
        },
    };
    MappedColumn {
        name: old.name.clone(),
        old: source(&old.name, &old.name, conversions(Side::Old, &old.data_type)),
        new: source(&old.name, renaming.on_new(&old.name), conversions(Side::New, &new.data_type)),
        data_type,
    }
}

/// A domain's rules are OLD's affair when the value is written; what travels is the type beneath.
fn undomained(data_type: &PgType) -> PgType {
    PgType { sql: data_type.base_sql.clone(), ..data_type.clone() }
}

fn source(common: &Ident, own: &Ident, conversions: Vec<Conversion>) -> Source {
    if common == own && conversions.is_empty() { Source::Same } else { Source::Mapped { column: own.clone(), conversions } }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, table};
    use super::*;

    fn column(name: &str, base: &str, generated: bool) -> Column {
        Column { generated, ..sample::column(name, PgType::builtin(base, -1)) }
    }

    fn pairs(old: Vec<Column>, new: Vec<Column>, renaming: &Renaming) -> Vec<MappedColumn> {
        let (old, new) = (table(old), table(new));
        let new = renaming.translate(&old, &new).expect("a renaming that fits");
        map_columns(&old, &new, renaming, "Europe/Berlin")
    }

    #[test]
    fn every_column_is_accounted_for() {
        let old = vec![column("id", "int4", false), column("gone", "text", false), column("sum", "int4", true)];
        let new = vec![column("id", "int8", false), column("sum", "int4", false), column("extra", "text", false)];
        let found = pairs(old, new, &Renaming::default());
        let names: Vec<_> = found.iter().map(|pair| (pair.name.as_str(), pair.is_carried())).collect();
        assert_eq!(names, [("id", true), ("gone", false), ("sum", false), ("extra", false)]);
        assert_eq!(found[0].data_type.base, "int8");
        let cast = Source::Mapped { column: Ident::new("id"), conversions: vec![Conversion::Cast("int8".into())] };
        assert_eq!(found[0].old, cast);
        assert_eq!(found[0].new, Source::Same);
        assert!(found[1].old.is_present() && !found[2].old.is_present() && !found[3].old.is_present());
    }

    #[test]
    fn clocks_are_read_in_the_zone_and_renamed_columns_under_their_own_name() {
        let renaming = Renaming::new([(Ident::new("at"), Ident::new("moment"))]);
        let found = pairs(vec![column("at", "timestamp", false)], vec![column("moment", "timestamptz", false)], &renaming);
        assert_eq!(found[0].data_type.base, "timestamptz");
        let read = vec![Conversion::AtZone("Europe/Berlin".into())];
        assert_eq!(found[0].old, Source::Mapped { column: Ident::new("at"), conversions: read });
        assert_eq!(found[0].new, Source::Mapped { column: Ident::new("moment"), conversions: Vec::new() });
    }

    #[test]
    fn what_only_one_side_computes_is_read_where_it_can_be_written() {
        let found = pairs(vec![column("x", "int4", false)], vec![column("x", "int4", true)], &Renaming::default());
        assert!(found[0].is_carried(), "OLD stores what NEW computes");
        let both = pairs(vec![column("x", "int4", true)], vec![column("x", "int4", true)], &Renaming::default());
        assert!(both.is_empty());
    }
}
