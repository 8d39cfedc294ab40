//! What a merge will cost, and what it has cost, for people.

use std::collections::BTreeMap;

use super::page::Page;
use super::paint::tame;
use crate::engine::{Estimate, MergeReport};
use crate::staging::Measured;
use crate::text::amount;

/// Says what a plan will cost, and by what that is known.
pub(super) fn estimated(page: &mut Page, estimate: &Estimate) {
    if let Some(why) = &estimate.not_known {
        let more = if estimate.rows > 0 { "; `failback merge --dry-run` measures this plan" } else { "" };
        page.line(format!("cost: not known: {}{more}", tame(why)));
        return;
    }
    page.line(format!("cost: {}, by {}", said(estimate), tame(&estimate.by)));
    if !estimate.locks.is_empty() {
        page.line(format!("table locks until COMMIT: {}", locks(&estimate.locks)));
    }
}

/// Says what a merge has cost, beside what was expected.
pub(super) fn compared(page: &mut Page, report: &MergeReport, estimate: Option<&Estimate>) {
    let measured: Vec<_> = report.databases.iter().filter_map(|database| database.measured.as_ref()).collect();
    if measured.is_empty() {
        return;
    }
    let cost = Estimate { rows: report.rows(), ..Estimate::of(Measured::of_all(measured)) };
    page.line("");
    page.line(format!("cost up to COMMIT, others' writes included: {} for {}", said(&cost), amount::rows(cost.rows)));
    match estimate {
        Some(estimate) if estimate.not_known.is_none() => {
            page.line(format!("estimated: {}, by {}", said(estimate), tame(&estimate.by)));
        }
        _ => {}
    }
    page.line(format!("table locks: {}", locks(&cost.locks)));
}

fn said(estimate: &Estimate) -> String {
    let range = |range: Option<[u64; 2]>, of: fn(u64) -> String| match range {
        None => "not known".to_owned(),
        Some([least, most]) if of(least) == of(most) => of(least),
        Some([least, most]) => format!("{} to {}", of(least), of(most)),
    };
    format!(
        "{}, {} of write-ahead log, {} of room",
        range(estimate.milliseconds, seconds),
        range(estimate.wal_bytes, amount::bytes),
        range(estimate.room_bytes, amount::bytes)
    )
}

fn seconds(milliseconds: u64) -> String {
    if milliseconds < 10_000 {
        return format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100);
    }
    format!("{} s", amount::count(milliseconds / 1000))
}

fn locks(locks: &BTreeMap<String, u64>) -> String {
    let each = locks.iter().map(|(mode, tables)| format!("{mode} on {}", amount::plural(*tables, "table", "tables")));
    let each: Vec<_> = each.collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}
