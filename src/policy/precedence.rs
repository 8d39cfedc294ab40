//! A row is decided by its pick, else by the first rule that means it, else by its table, else by the defaults.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{By, Decisions, Origin};
use crate::delta::{Class, Evidence};
use crate::name::Ident;

const TABLES: [&str; 2] = ["a.one", "b.two"];
const GLOBS: [&str; 4] = ["a.one", "b.*", "*", "*.one"];
const CLASSES: [Class; 3] = [Class::Insert, Class::UpdateOriginDiffers, Class::Delete];
const EVIDENCE: [Evidence; 2] = [Evidence::Xid, Evidence::Column];
const WORDS: [&str; 3] = ["keep_old", "hold", "skip"];

#[derive(Clone, Debug)]
struct SomeRule {
    glob: Option<usize>,
    class: Option<usize>,
    evidence: Option<usize>,
    changed: Option<bool>,
    /// What OLD says of its condition, if it says anything; `Some(true)` stands for none as well.
    met: Option<bool>,
    word: usize,
}

fn some_rule() -> impl Strategy<Value = SomeRule> {
    let maybe = |below: usize| proptest::option::of(0..below);
    let some = || proptest::option::of(any::<bool>());
    (maybe(4), maybe(3), maybe(2), some(), some(), 0..3_usize)
        .prop_map(|(glob, class, evidence, changed, met, word)| SomeRule { glob, class, evidence, changed, met, word })
}

impl SomeRule {
    /// What the rule means, told without the code that reads it.
    fn means(&self, table: &str, class: Class, evidence: Evidence, changed: &[&str]) -> bool {
        let by_table = match self.glob.map(|glob| GLOBS[glob]) {
            None | Some("*") => true,
            Some("b.*") => table.starts_with("b."),
            Some("*.one") => table == "a.one",
            Some(name) => name == table,
        };
        by_table
            && self.class.is_none_or(|one| CLASSES[one] == class)
            && self.evidence.is_none_or(|one| EVIDENCE[one] == evidence)
            && self.changed.is_none_or(|one| changed.contains(&if one { "x" } else { "y" }))
    }

    fn write(&self, text: &mut String) {
        text.push_str("[[rule]]\n");
        let mut add = |key: &str, value: &str| text.extend([key, " = \"", value, "\"\n"]);
        if let Some(glob) = self.glob {
            add("table", GLOBS[glob]);
        }
        if let Some(class) = self.class {
            add("class", CLASSES[class].word());
        }
        if let Some(evidence) = self.evidence {
            add("evidence", EVIDENCE[evidence].word());
        }
        if let Some(changed) = self.changed {
            add("changed", if changed { "x" } else { "y" });
        }
        add("resolution", WORDS[self.word]);
    }
}

proptest! {
    #[test]
    fn the_strongest_that_means_a_row_decides_it(
        rules in proptest::collection::vec(some_rule(), 0..5),
        pick in proptest::option::of((0..2_usize, 0..3_usize)),
        by_table in proptest::option::of(0..3_usize),
        default in proptest::option::of(0..3_usize),
        (table, class, evidence, key) in (0..2_usize, 0..3_usize, 0..2_usize, 6..9_u8),
        changed in proptest::sample::subsequence(vec!["x", "y"], 0..=2),
    ) {
        let (table, class, evidence, key) = (TABLES[table], CLASSES[class], EVIDENCE[evidence], key.to_string());
        let mut text = String::new();
        for (section, word) in [("[defaults]", default), ("[tables.\"a.one\"]", by_table)] {
            if let Some(word) = word {
                text.push_str(section);
                for class in CLASSES {
                    let _ = write!(text, "\n{class} = \"{}\"", WORDS[word]);
                }
                text.push('\n');
            }
        }
        for rule in &rules {
            rule.write(&mut text);
        }
        if let Some((table, word)) = pick {
            let (table, word) = (TABLES[table], WORDS[word]);
            let _ = write!(text, "[[row]]\ntable = \"{table}\"\nkey = {{ id = 7 }}\nresolution = \"{word}\"\n");
        }
        let decisions = Decisions::parse(&text, "decisions.toml").unwrap();
        let rows = decisions.of_rows("shop", table, &[Ident::new("id")]).unwrap();
        let by = rows.by((class, evidence), &changed, Some((&[key.as_str()], "f")), |rule| rules[rule].met);
        let decided = decisions.decided(&rows, class, by).unwrap().unwrap();
        let picked = pick.filter(|(of, _)| TABLES[*of] == table && key == "7");
        let first = rules.iter().position(|rule| rule.met != Some(false) && rule.means(table, class, evidence, &changed));
        let (expected, origin) = match (picked, first, by_table.filter(|_| table == "a.one"), default) {
            (Some((_, word)), ..) => (WORDS[word], Origin::Row),
            (None, Some(rule), ..) if rules[rule].met.is_none() => ("hold", Origin::NotEvaluated),
            (None, Some(rule), ..) => (WORDS[rules[rule].word], Origin::Rule),
            (None, None, Some(word), _) => (WORDS[word], Origin::Table),
            (None, None, None, Some(word)) => (WORDS[word], Origin::Default),
            (None, None, None, None) => (class.builtin().word(), Origin::Builtin),
        };
        prop_assert_eq!((decided.resolution.word(), decided.origin), (expected, origin), "{}", text);
        if let By::Rule(number) = by {
            prop_assert_eq!(Some(number), first);
        }
        let meaning: Vec<_> = rows.meaning(class, evidence, &changed).collect();
        let expected: Vec<_> =
            (0..rules.len()).filter(|rule| rules[*rule].means(table, class, evidence, &changed)).collect();
        prop_assert_eq!(meaning, expected);
    }
}
