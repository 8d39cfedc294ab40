//! Clocks of OLD and NEW that disagree, where stamps are evidence.

use crate::name::Sided;
use crate::pg::{ClockReading, ClockSkew};
use crate::staging::TableRecord;

/// Says how far the clocks are apart, if that is certain and a table's stamps are read against the cutover.
pub(super) fn skew_note(tables: &[TableRecord], clocks: Sided<&ClockReading>) -> Option<String> {
    let skew = ClockSkew::between(clocks.old, clocks.new);
    let stamped = tables.iter().filter(|table| table.stamps_prove && !table.times.is_empty()).count();
    if stamped == 0 || !skew.matters() {
        return None;
    }
    let direction = if skew.old_ahead_us > 0 { "ahead of" } else { "behind" };
    Some(format!(
        "! OLD's clock is {} {direction} NEW's (give or take {}), and the time columns of {stamped} tables are evidence: rows \
         that were stamped this close to the cutover may be taken for older or newer than they are. Set `overlap` in \
         failback.toml to more than that, and the cutover to the earlier of what both clocks showed then",
        seconds(skew.old_ahead_us),
        seconds(skew.uncertainty_us),
    ))
}

/// Spells a span of time, its direction apart, rounded up to milliseconds.
fn seconds(us: i64) -> String {
    let ms = us.unsigned_abs().div_ceil(1_000);
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}
