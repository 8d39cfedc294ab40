//! Where something was decided.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// Where a resolution, or the evidence that it needs, was said, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nobody decided; see [`crate::delta::Class::builtin`].
    Builtin,
    /// `[defaults]`, or `[evidence]`.
    Default,
    /// `[tables."schema.table"]`.
    Table,
    /// `[databases.name.tables."schema.table"]`.
    DatabaseTable,
    /// `[[rule]]`.
    Rule,
    /// `[[row]]`.
    Row,
    /// `[[row]]`, as the row was when it was picked, and is no more.
    Outdated,
    /// Not known: OLD's server was not asked what a rule's condition means of the row.
    NotEvaluated,
}

words!(Origin {
    Builtin => "builtin",
    Default => "default",
    Table => "table",
    DatabaseTable => "database_table",
    Rule => "rule",
    Row => "row",
    Outdated => "outdated",
    NotEvaluated => "not_evaluated",
});
