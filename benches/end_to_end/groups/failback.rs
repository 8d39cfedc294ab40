//! failback's command lines.

use std::fs;

use crate::Outcome;
use crate::bench::{Bench, Place};
use crate::data::{CUTOVER, DATABASE};

/// Returns the command line of one verb for the case's run. The configuration is the case's own.
pub(super) fn call(verb: &str, options: &str) -> String {
    let spaced = if options.is_empty() { "" } else { " " };
    let servers = match verb {
        "decide" => "",
        "discover" | "export" => r#" --old "$OLD_URL" --new "$NEW_URL""#,
        _ => r#" --old "$OLD_URL""#,
    };
    format!(r#""$FAILBACK" {verb}{servers} --config failback.toml --run run --json --quiet{spaced}{options}"#)
}

/// Exports the given tables of the database.
pub(super) fn export(tables: &str) -> String {
    call("export", &format!("--tables '{tables}'"))
}

/// Merges into the database, or takes it back.
pub(super) fn write(verb: &str) -> String {
    let leave = if verb == "merge" { " --leave-held" } else { "" };
    call(verb, &format!(r#"--confirm "${{OLD_URL##*/}}"{leave}"#))
}

/// Writes the configuration into the case's folder: cutover, database, and what is said about tables.
pub(super) fn configure(tables: impl Into<String>) -> impl Fn(&Bench, &Place) -> Outcome<()> + 'static {
    configure_at(CUTOVER, tables)
}

/// The same with a cutover of its own.
pub(super) fn configure_at(
    cutover: impl Into<String>,
    tables: impl Into<String>,
) -> impl Fn(&Bench, &Place) -> Outcome<()> + 'static {
    let (cutover, tables) = (cutover.into(), tables.into());
    move |_, place| {
        let database = place.database;
        let text = format!("cutover = \"{cutover}\"\ndatabases = [\"{database}\"]\n\n{tables}");
        Ok(fs::write(place.folder.join("failback.toml"), text)?)
    }
}

/// How the scopes of the bench's tables are called.
pub(super) fn scope(table: &str) -> String {
    format!("public.{table}")
}

/// The database of all groups but the one that grows.
pub(super) const SHOP: &str = DATABASE;
