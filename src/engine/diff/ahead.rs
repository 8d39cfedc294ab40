//! Stamps of a time that has not come.

use crate::name::Sided;
use crate::staging::TableDiff;

/// Says how many of a table's staged rows bear stamps that prove nothing.
pub(super) fn note(database: &str, table: &TableDiff, ahead: Sided<u64>) -> Option<String> {
    let Sided { old, new } = ahead;
    (old + new > 0).then(|| {
        format!(
            "! {database}: {}: {new} of NEW's rows and {old} of OLD's are stamped later than their server's clock shows: such \
             a stamp proves nothing",
            table.name
        )
    })
}
