//! What rules and row picks mean, as text for the digest of decisions.

use std::fmt::Write as _;

use super::{Glob, RowPick, Rule, keys};

/// Writes one rule for the digest.
pub(super) fn describe_rule(meaning: &mut String, rule: &Rule) {
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
}

/// Writes one pick for the digest.
pub(super) fn describe_pick(pick: &RowPick) -> String {
    let key: Vec<_> = pick.key.iter().map(|(name, value)| format!("{}={}", keys::spell(name), keys::spell(value))).collect();
    let database = pick.database.as_deref().map(keys::spell).unwrap_or_default();
    format!("[[row]] {database}|{}|{} {}\n", keys::spell(&pick.table), key.join(","), pick.resolution)
}
