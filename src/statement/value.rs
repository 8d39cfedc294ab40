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
        Conversion::AtZone(zone) | Conversion::Shown(zone) => format!("({expression} at time zone {})", literal(zone)),
        Conversion::OnlyAt(zone) => only_at(expression, &literal(zone)),
        Conversion::Document => document(expression),
        Conversion::Foreign => format!("('on NEW: ' || ({expression})::pg_catalog.text)"),
        Conversion::Rearranged(order) => {
            let attributes: Vec<_> = order.iter().map(|name| format!("({expression}).{}", name.sql())).collect();
            // `is null` is also true of a row of NULLs.
            let row = format!("row({})::pg_catalog.text", attributes.join(", "));
            format!("(case when pg_catalog.num_nulls({expression}) = 0 then {row} end)")
        }
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

/// The instant at which a clock in a zone shows a wall clock, unless it shows it at another instant too: by how far it is from
/// UTC a day before or after. Times of which no clock's changes are known are taken as they are.
fn only_at(shown: &str, zone: &str) -> String {
    let at = format!("({shown} at time zone {zone})");
    let again = |day: &str| {
        let near = format!("({at} {day} '1 day'::pg_catalog.interval)");
        let ahead = format!("(({near} at time zone {zone}) - ({near} at time zone 'UTC'))");
        let other = format!("(({shown} - {ahead}) at time zone 'UTC')");
        format!("{other} <> {at} and ({other} at time zone {zone}) = {shown}")
    };
    let known = format!("{shown} between '1800-01-01'::pg_catalog.timestamp and '9000-01-01'::pg_catalog.timestamp");
    format!("(case when {known} then case when not ({} or {}) then {at} end else {at} end)", again("-"), again("+"))
}

/// The text of a `json` as `jsonb` would have it, where it has no null character, no half of a character, no number that may be
/// too great for a `numeric`, and no key twice in one object: then there are as many keys in both. Else its own text, which the
/// server that has the `jsonb` will not take, or give back changed.
fn document(expression: &str) -> String {
    let without = |text: &str, pattern: &str, by: &str| format!("pg_catalog.regexp_replace({text}, '{pattern}', '{by}', 'g')");
    let own = format!("({expression})::pg_catalog.text");
    let normal = format!("({expression})::pg_catalog.jsonb::pg_catalog.text");
    // Without escaped characters, what stands between two quotes is a text.
    let unescaped = |text: &str| without(text, r"\\.", "");
    let numbers = without(&unescaped(&own), "\"[^\"]*\"", "");
    let halves = without(&without(&own, r"\\\\", ""), r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..", "");
    let is_taken = format!(
        r"{halves} !~ '\\u(0000|[dD][89a-fA-F])' and {numbers} !~ '[eE][+-]?[0-9]{{3}}|[0-9]{{255}}'
          and ({own} !~ '\\u' or pg_catalog.current_setting('server_encoding') = 'UTF8')"
    );
    let keys =
        |text: &str| format!(r#"(select count(*) from pg_catalog.regexp_matches({}, '"[^"]*"\s*:', 'g'))"#, unescaped(text));
    let is_whole = format!("{} = {}", keys(&own), keys(&normal));
    format!("(case when {is_taken} then case when {is_whole} then {normal} else {own} end else {own} end)")
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
