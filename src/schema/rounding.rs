//! Columns whose values on OLD NEW's type cannot all hold: `numeric` and `double precision`, a `timestamp` and one in whole
//! seconds, `text` and `varchar(10)`. The migration has rounded or cut what it brought there.
//!
//! Such a column is compared as NEW's type has it, so that a value which NEW only rounded is not taken for one that NEW wrote.
//! Never a column that tells rows apart: two of OLD's may be one value there.

use super::common_type::{holds, precision_and_scale};
use super::{Column, CommonType, Conversion, Drift, MappedColumn, PgType, Source, Table, TypeKind};
use crate::name::Ident;

/// Compares the columns that NEW's type rounds as that type has them, and says so in the table's drift; `kept` columns are
/// compared as before.
pub fn round_as_new_does(
    pairs: &mut [MappedColumn],
    drift: &mut [Drift],
    old: &Table,
    new: &Table,
    kept: &[Ident],
    zone: &str,
) {
    for pair in pairs.iter_mut().filter(|pair| pair.is_carried() && !kept.contains(&pair.name)) {
        let (Some(on_old), Some(on_new)) = (old.column(&pair.name), new.column(&pair.name)) else { continue };
        if tells_rows_apart(old, new, on_old) {
            continue;
        }
        let Some(rounding) = Rounding::of(&on_old.data_type, &on_new.data_type, zone) else { continue };
        pair.old = Source::Mapped { column: pair.name.clone(), conversions: rounding.read };
        if let Some(travelling) = rounding.travelling {
            pair.new = unconverted(pair);
            pair.data_type = travelling;
        }
        for drift in drift.iter_mut() {
            if let Drift::TypeDiffers { column, travel, .. } = drift
                && *column == pair.name
            {
                *travel = CommonType::Rounded;
            }
        }
    }
}

/// Compares instants of OLD's by the wall clocks that NEW has of them, in columns that are compared as NEW's type has them: one
/// that no clock showed, or that it showed twice, is then seen for what it is. Not so `times`, which say when a row was
/// written.
pub fn keep_wall_clocks(pairs: &mut [MappedColumn], new: &Table, times: &[Ident]) {
    for pair in pairs.iter_mut().filter(|pair| !times.contains(&pair.name)) {
        let (Source::Mapped { conversions, .. }, Some(on_new)) = (&pair.old, new.column(&pair.name)) else { continue };
        let [Conversion::AtZone(zone), Conversion::AtZone(_)] = conversions.as_slice() else { continue };
        pair.old = Source::Mapped { column: pair.name.clone(), conversions: vec![Conversion::Shown(zone.clone())] };
        pair.new = unconverted(pair);
        pair.data_type = PgType { sql: on_new.data_type.base_sql.clone(), ..on_new.data_type.clone() };
    }
}

/// NEW's own column.
fn unconverted(pair: &MappedColumn) -> Source {
    let own = pair.new.column(&pair.name).clone();
    if own == pair.name { Source::Same } else { Source::Mapped { column: own, conversions: Vec::new() } }
}

/// Whether a column is part of what no two rows may share, or of what one row refers to another by.
fn tells_rows_apart(old: &Table, new: &Table, column: &Column) -> bool {
    let name = &column.name;
    let unique = |table: &Table| {
        table.unique_indexes.iter().any(|index| index.columns.contains(name))
            || table.exclusives.iter().any(|exclusive| exclusive.uses.contains(name))
            || table.foreign_keys.iter().any(|key| key.child_columns.contains(name) || key.parent_columns.contains(name))
    };
    unique(old) || unique(new)
}

/// How OLD's values become what NEW's type has of them.
struct Rounding {
    read: Vec<Conversion>,
    /// NEW's type, without a domain; none where the type that travels stays as it is.
    travelling: Option<PgType>,
}

impl Rounding {
    fn of(old: &PgType, new: &PgType, zone: &str) -> Option<Self> {
        let plain = |own: &PgType| own.builtin && own.kind == TypeKind::Base;
        if !plain(old) || !plain(new) || holds(new, old) {
            return None;
        }
        let limits = match (old.base.as_str(), new.base.as_str()) {
            // An hour that the clock showed twice.
            ("timestamptz", "timestamp") if new.typmod == -1 => {
                let there_and_back = vec![Conversion::AtZone(zone.to_owned()); 2];
                return Some(Self { read: there_and_back, travelling: None });
            }
            ("numeric" | "float8", "float4") => Some(limits("1e-37", "3e38")),
            ("numeric", "float8") => Some(limits("1e-307", "1e308")),
            ("numeric", "numeric") => Some(limits("0", &greatest(new)?)),
            ("timestamp", "timestamp" | "date") | ("timestamptz", "timestamptz") | ("time", "time") => None,
            ("text" | "varchar" | "bpchar", "varchar" | "bpchar") if new.typmod != -1 => None,
            _ => return None,
        };
        let by_text = old.base == "numeric" && new.base != "numeric";
        let step = Conversion::Rounded { sql_type: new.base_sql.clone(), limits, by_text };
        Some(Self { read: vec![step], travelling: Some(PgType { sql: new.base_sql.clone(), ..new.clone() }) })
    }
}

fn limits(least: &str, most: &str) -> [String; 2] {
    [least.to_owned(), most.to_owned()]
}

/// The number from which on a `numeric(precision, scale)` does not take a rounded number.
fn greatest(new: &PgType) -> Option<String> {
    let (precision, scale) = precision_and_scale(new)?;
    let whole = usize::try_from(precision - scale).ok()?;
    let scale = usize::try_from(scale).ok()?;
    Some(format!("{}.{}5", "9".repeat(whole), "9".repeat(scale)))
}

#[cfg(test)]
mod tests {
    use super::super::{Renaming, drift, map_columns, sample};
    use super::*;

    fn rounded(old: PgType, new: PgType, kept: &[Ident]) -> MappedColumn {
        let table = |own| sample::table(vec![sample::column("x", own)]);
        let (old, new) = (table(old), table(new));
        let renaming = Renaming::default();
        let mut pairs = map_columns(&old, &new, &renaming, "Europe/Berlin");
        let mut found = drift(&old, &new, &renaming);
        round_as_new_does(&mut pairs, &mut found, &old, &new, kept, "Europe/Berlin");
        pairs.remove(0)
    }

    #[test]
    fn what_new_rounds_is_compared_as_new_has_it() {
        let number = PgType::builtin("numeric", -1);
        let two_digits = PgType { base_sql: "numeric(4,2)".into(), ..PgType::builtin("numeric", ((4 << 16) | 2) + 4) };
        let found = rounded(number.clone(), two_digits, &[]);
        let limits = Some(["0".to_owned(), "99.995".to_owned()]);
        let step = Conversion::Rounded { sql_type: "numeric(4,2)".into(), limits, by_text: false };
        assert_eq!((found.new, found.data_type.sql.as_str()), (Source::Same, "numeric(4,2)"));
        assert_eq!(found.old, Source::Mapped { column: Ident::new("x"), conversions: vec![step] });
        let float = PgType::builtin("float8", -1);
        assert_eq!(rounded(number.clone(), float.clone(), &[]).data_type.base, "float8");
        assert_eq!(rounded(number, float, &[Ident::new("x")]).data_type.base, "text", "a key stays exact");
    }

    #[test]
    fn what_new_holds_is_not_rounded() {
        for (old, new) in [("int4", "int8"), ("date", "timestamp"), ("varchar", "text"), ("json", "jsonb"), ("numeric", "int8")]
        {
            let (old, new) = (PgType::builtin(old, -1), PgType::builtin(new, -1));
            let exact = match rounded(old, new, &[]).old {
                Source::Mapped { conversions, .. } => !matches!(conversions[..], [Conversion::Rounded { .. }]),
                _ => true,
            };
            assert!(exact);
        }
    }
}
