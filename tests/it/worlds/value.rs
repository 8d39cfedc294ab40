//! The column `x`: values of types in which equal and alike are two things, or of which NEW has another type than OLD.

use crate::support::Dice;

/// The types of the column on either side, and what is written into it.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) old: &'static str,
    pub(super) new: &'static str,
    /// What to compare the sides by, where their texts differ for equal values.
    common: Option<&'static str>,
    /// What users write.
    literals: &'static [&'static str],
    /// What NEW alone can hold.
    only_new: &'static [&'static str],
}

const fn alike(data_type: &'static str, literals: &'static [&'static str]) -> Value {
    Value { old: data_type, new: data_type, common: None, literals, only_new: &[] }
}

const VALUES: [Value; 13] = [
    alike("json", &[r#"{"a": 1}"#, r#"{"a":1}"#, r#"{"b": 2, "a": 1}"#, "null"]),
    alike("jsonb", &[r#"{"a": 1}"#, r#"{"a":1.0}"#, r#"{"b": 2, "a": 1}"#, "null"]),
    alike("numeric", &["1.5", "1.50", "NaN", "0", "-0.00"]),
    alike("float8", &["0.1", "NaN", "-0", "0", "Infinity", "1e-300"]),
    alike("timestamptz", &["infinity", "-infinity", "2024-02-29 23:59:59.999999+00"]),
    alike("int[]", &["{1,2}", "{}", "{NULL}", "[2:3]={1,2}", "{{1},{2}}"]),
    alike("numrange", &["[1,2)", "[1.0,2.0)", "empty", "(,5]"]),
    alike("interval", &["1 mon", "30 days", "720 hours", "-1 day"]),
    Value { common: None, ..pair("char(3)", "char(3)", &["a", "a  ", "abc"]) },
    Value { only_new: &["3000000000"], ..pair("int", "bigint", &["1", "2", "-3"]) },
    Value { only_new: &["longer than eight"], ..pair("varchar(8)", "text", &["a", "b ", ""]) },
    Value {
        common: Some("trim_scale(x::numeric)"),
        only_new: &["99999", "NaN"],
        ..pair("numeric(6,2)", "numeric", &["1.5", "1.50", "-7"])
    },
    Value { common: Some("x::jsonb"), ..pair("json", "jsonb", &[r#"{"a": 1}"#, r#"{"a":1}"#, r#"{"b": 2, "a": 1}"#]) },
];

/// The first so many have one type on both sides, whose text is one way to write each value.
const FIT_FOR_WHOLE_ROWS: usize = 8;

const fn pair(old: &'static str, new: &'static str, literals: &'static [&'static str]) -> Value {
    Value { old, new, common: None, literals, only_new: &[] }
}

impl Value {
    /// Draws the column's types; mostly there is none. In a table without a key the text of the whole row is a row's name.
    pub(super) fn draw(dice: &mut Dice, is_keyed: bool) -> Option<&'static Self> {
        let count = if is_keyed { VALUES.len() } else { FIT_FOR_WHOLE_ROWS };
        (dice.below(2) == 0).then(|| &VALUES[dice.below(count)])
    }

    /// Draws a literal for one side's column.
    pub(super) fn literal(&self, dice: &mut Dice, on_new: bool) -> String {
        let own = if on_new { self.only_new } else { &[] };
        let number = dice.below(self.literals.len() + own.len());
        format!("'{}'", self.literals.iter().chain(own).nth(number).expect("a literal"))
    }

    /// Whether the sides may spell one value in two ways.
    pub(super) const fn is_spelt_by_side(&self) -> bool {
        self.common.is_some()
    }

    /// What the column is read as.
    pub(super) fn shown(&self) -> &'static str {
        self.common.unwrap_or("x")
    }
}
