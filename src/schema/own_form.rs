//! What of OLD's own values the common type does not hold: duplicate keys of a `json` that is compared as `jsonb`, blanks at
//! the end of a `char`, a wall clock that no clock showed, digits that NEW has rounded away.
//!
//! Beside such a column travels another one, which has the value's own text wherever it would not come back. So OLD's rows are
//! compared under lock as they are, a column that NEW left alone keeps its value, and an undo has it to put back.

use super::{Conversion, MappedColumn, PgType, Source};

/// Describes what the common type loses of OLD's values of a column; `None` where it loses nothing. `own` is OLD's type.
#[must_use]
pub fn own_form(pair: &MappedColumn, own: &PgType) -> Option<Source> {
    let Source::Mapped { column, conversions } = &pair.old else { return None };
    if !pair.is_carried() || conversions.iter().all(|step| step.keeps_all_of(own)) {
        return None;
    }
    Some(Source::OwnForm {
        column: column.clone(),
        back: pair.old.back_to(own),
        conversions: conversions.clone(),
        sql_type: own.base_sql.clone(),
        // With a scale of its own every number is written in one way, and to read one again might be one digit too many.
        by_value: own.base == "numeric" && own.typmod != -1,
    })
}

impl Conversion {
    /// Whether a value of OLD's always comes back from it as it was.
    fn keeps_all_of(&self, own: &PgType) -> bool {
        match self {
            // `json` forgets its spelling in `jsonb`, and `char` its blanks; what a function makes of a value is its affair.
            Self::Cast(_) => !own.casts_text && !matches!(own.base.as_str(), "json" | "bpchar"),
            Self::Input(_)
            | Self::AtZone(_)
            | Self::Shown(_)
            | Self::OnlyAt(_)
            | Self::Document
            | Self::Rearranged(_)
            | Self::Foreign
            | Self::Rounded { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Column, Renaming, map_columns, sample};
    use super::*;

    fn form(old: &str, new: &str) -> Option<Source> {
        let column = |base| Column { ..sample::column("x", PgType::builtin(base, -1)) };
        let (old, new) = (sample::table(vec![column(old)]), sample::table(vec![column(new)]));
        own_form(&map_columns(&old, &new, &Renaming::default(), "Europe/Berlin")[0], &old.columns[0].data_type)
    }

    #[test]
    fn only_what_a_type_loses_travels_beside_it() {
        for (old, new) in [("int4", "int8"), ("jsonb", "json"), ("varchar", "text"), ("uuid", "text"), ("json", "json")] {
            assert_eq!(form(old, new), None, "{old} and {new}");
        }
        for (old, new) in [("json", "jsonb"), ("bpchar", "text"), ("timestamp", "timestamptz")] {
            assert!(form(old, new).is_some(), "{old} and {new}");
        }
    }
}
