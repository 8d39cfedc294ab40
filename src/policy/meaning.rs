//! What decisions mean, as text, and its digest.

use std::fmt::Write as _;

use super::rules::{Effect, Rules};
use super::{Decisions, Glob, RowPick, Rule, Scope, keys};
use crate::delta::Class;

impl Decisions {
    /// Returns the blake3 digest, in hex, of what the decisions mean: two texts have the same digest if and only if they
    /// resolve every class of every table the same way, and ask for the same evidence. Comments, reasons, order and spelling
    /// do not count; but rules count as they are written, in their order, since what they come to depends on rows.
    #[must_use]
    pub fn digest(&self) -> String {
        let nothing = Rules::default();
        let base = self.defaults.over(Class::DECIDABLE.map(|class| (class.builtin(), class.least_evidence())));
        let mut meaning = String::from("failback decisions 2\n");
        describe(&mut meaning, &Scope::Defaults, base);
        for (scope, rules) in self.tables.iter() {
            let (below, effect) = match &scope {
                Scope::DatabaseTable { table, .. } => {
                    let below = self.tables.table(table).unwrap_or(&nothing).over(base);
                    (below, rules.over(below))
                }
                Scope::Table { .. } | Scope::Defaults => (base, rules.over(base)),
            };
            // A section that changes nothing means the same as no section.
            if effect != below {
                describe(&mut meaning, &scope, effect);
            }
        }
        for rule in self.rules() {
            describe_rule(&mut meaning, rule);
        }
        let described = |(number, pick)| if self.is_listed(number) { "listed " } else { "" }.to_owned() + &describe_pick(pick);
        let mut picks: Vec<_> = self.picks().iter().enumerate().map(described).collect();
        picks.sort();
        meaning.extend(picks);
        blake3::hash(meaning.as_bytes()).to_hex().to_string()
    }
}

/// Writes one section for the digest. Names are spelt as TOML keys: quoted and escaped, so none can pose as another line.
fn describe(meaning: &mut String, scope: &Scope, effect: Effect) {
    let _ = write!(meaning, "{scope}");
    for (class, (resolution, evidence)) in Class::DECIDABLE.iter().zip(effect) {
        let _ = write!(meaning, " {class}={resolution}/{evidence}");
    }
    meaning.push('\n');
}

/// Writes one rule for the digest.
fn describe_rule(meaning: &mut String, rule: &Rule) {
    let spelled = |texts: &mut dyn Iterator<Item = &str>| texts.map(keys::spell).collect::<Vec<_>>().join(",");
    let selector = &rule.selector;
    let _ = writeln!(
        meaning,
        "[[rule]] {}|{}|{}|{}|{} {}",
        spelled(&mut selector.databases.iter().map(String::as_str)),
        spelled(&mut selector.tables.iter().map(Glob::as_str)),
        spelled(&mut selector.classes.iter().map(|class| class.word())),
        spelled(&mut selector.evidence.iter().map(|evidence| evidence.word())),
        spelled(&mut selector.changed.iter().map(Glob::as_str)),
        rule.resolution
    );
    if !rule.choices.is_empty() {
        let _ = writeln!(meaning, "columns{}", rule.choices.meaning());
    }
    if let Some(when) = &rule.when {
        let _ = writeln!(meaning, "when {}", keys::spell(&when.sql));
    }
}

/// Writes one pick for the digest.
fn describe_pick(pick: &RowPick) -> String {
    let key: Vec<_> = pick.key.iter().map(|(name, value)| format!("{}={}", keys::spell(name), keys::spell(value))).collect();
    let database = pick.database.as_deref().map(keys::spell).unwrap_or_default();
    let (table, choices) = (keys::spell(&pick.table), pick.choices.meaning());
    let fingerprint = pick.fingerprint.as_deref().map_or_else(String::new, |text| format!(" of {}", keys::spell(text)));
    format!("[[row]] {database}|{table}|{} {}{choices}{fingerprint}\n", key.join(","), pick.resolution)
}
