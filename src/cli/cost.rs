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
        page.line(format!("table locks until COMMIT: {}", locks(estimate.locks.iter())));
    }
}

/// Says what a merge has cost, beside what was expected.
pub(super) fn compared(page: &mut Page, report: &MergeReport, estimate: Option<&Estimate>) {
    let measured: Vec<_> = report.databases.iter().filter_map(|database| database.measured.as_ref()).collect();
    if measured.is_empty() {
        return;
    }
    let sum = |of: fn(&Measured) -> Option<u64>| measured.iter().map(|one| of(one)).sum::<Option<u64>>();
    let cost = Estimate {
        rows: report.rows(),
        milliseconds: sum(|one| Some(one.milliseconds)).map(|sum| [sum; 2]),
        wal_bytes: sum(|one| one.wal_bytes).map(|sum| [sum; 2]),
        room_bytes: sum(|one| one.room_bytes).map(|sum| [sum; 2]),
        ..Estimate::default()
    };
    page.line("");
    page.line(format!("cost up to COMMIT, others' writes included: {} for {}", said(&cost), amount::rows(cost.rows)));
    match estimate {
        Some(estimate) if estimate.not_known.is_none() => {
            page.line(format!("estimated: {}, by {}", said(estimate), tame(&estimate.by)));
        }
        _ => {}
    }
    let held = measured.iter().flat_map(|one| &one.locks);
    page.line(format!("table locks: {}", locks(held)));
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

fn locks<'a>(locks: impl Iterator<Item = (&'a String, &'a u64)>) -> String {
    let mut sums = BTreeMap::<&str, u64>::new();
    for (mode, tables) in locks {
        *sums.entry(mode).or_insert(0) += tables;
    }
    let each = sums.into_iter().map(|(mode, tables)| format!("{} on {}", mode, amount::plural(tables, "table", "tables")));
    let each: Vec<_> = each.collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}
