//! A column's value on its way: the expression that makes of what a side stores what travels, and the other way round.

use crate::name::{Ident, literal};
use crate::schema::{Conversion, Source};

/// Applies a conversion to an SQL expression.
fn converted(conversion: &Conversion, expression: &str) -> String {
    match conversion {
        Conversion::Cast(sql_type) | Conversion::Rounded { sql_type, limits: None, .. } => {
            format!("({expression})::{sql_type}")
        }
        // An array's input function hands each element to the input function of its type.
        Conversion::Input(sql_type) => {
            format!("(('{{\"' || replace(replace({expression}, '\\', '\\\\'), '\"', '\\\"') || '\"}}')::{sql_type}[])[1]")
        }
        Conversion::AtZone(zone) => format!("({expression} at time zone {})", literal(zone)),
        Conversion::Rounded { sql_type, limits: Some([least, most]), .. } => {
            let size = format!("pg_catalog.abs({expression})");
            // A `numeric` with a scale takes no infinity on any server.
            let special = if sql_type.starts_with("numeric") { "'NaN'" } else { "'NaN', 'Infinity', '-Infinity'" };
            let within = format!("{size} < {most} and ({size} >= {least} or {expression} = 0)");
            let fits = format!("({within} or ({expression})::text in ({special})) is not false");
            format!("case when {fits} then ({expression})::{sql_type} else 'NaN'::{sql_type} end")
        }
    }
}

/// Applies several conversions to an SQL expression, one after the other.
pub(super) fn convert(conversions: &[Conversion], expression: String) -> String {
    conversions.iter().fold(expression, |inner, conversion| converted(conversion, &inner))
}

/// Returns the expression for the value that travels; `alias` is the row's, ready for SQL, and `common` the column's common
/// name. `None` where the side has no such column.
#[must_use]
pub fn travelling_value(source: &Source, alias: &str, common: &Ident) -> Option<String> {
    match source {
        Source::Same => Some(format!("{alias}.{}", common.sql())),
        Source::Absent => None,
        Source::Mapped { column, conversions } => Some(convert(conversions, format!("{alias}.{}", column.sql()))),
        Source::OwnForm { column, conversions, back, sql_type, by_value } => {
            let own = format!("{alias}.{}", column.sql());
            let again = convert(back, convert(conversions, own.clone()));
            Some(own_form(&own, &again, sql_type, *by_value))
        }
    }
}

/// The text of a value, as its type prints it, where it is not printed alike once it came back.
fn own_form(own: &str, again: &str, sql_type: &str, by_value: bool) -> String {
    let printed = |value: &str| format!("pg_catalog.format('%s', {value})");
    let differs = if by_value {
        format!("{own} is distinct from {again}")
    } else {
        format!("{} collate \"C\" <> {} collate \"C\"", printed(own), printed(&format!("({again})::{sql_type}")))
    };
    format!("case when pg_catalog.num_nulls({own}) = 0 and {differs} then {} end", printed(own))
}

/// Returns, with ` and ` before it, a condition that is true where a time is earlier than another by no more than so many
/// microseconds.
#[must_use]
pub fn is_no_earlier(time: &str, than: &str, by_us: i64) -> String {
    format!(" and {time} >= {than} - '{by_us} microseconds'::pg_catalog.interval")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_wrap_the_sides_own_column() {
        let common = Ident::new("at");
        assert_eq!(travelling_value(&Source::Same, "t", &common).as_deref(), Some("t.\"at\""));
        assert_eq!(travelling_value(&Source::Absent, "t", &common), None);
        let mapped = Source::Mapped {
            column: Ident::new("When"),
            conversions: vec![Conversion::AtZone("Europe/Berlin".into()), Conversion::Cast("text".into())],
        };
        let expected = "((t.\"When\" at time zone 'Europe/Berlin'))::text";
        assert_eq!(travelling_value(&mapped, "t", &common).as_deref(), Some(expected));
        let form = Source::OwnForm {
            column: Ident::new("doc"),
            conversions: vec![Conversion::Cast("jsonb".into())],
            back: vec![Conversion::Cast("json".into())],
            sql_type: "json".into(),
            by_value: false,
        };
        let expected = "case when pg_catalog.num_nulls(t.\"doc\") = 0 and pg_catalog.format('%s', t.\"doc\") collate \"C\" <> \
                        pg_catalog.format('%s', (((t.\"doc\")::jsonb)::json)::json) collate \"C\" \
                        then pg_catalog.format('%s', t.\"doc\") end";
        assert_eq!(travelling_value(&form, "t", &common).as_deref(), Some(expected));
    }
}
