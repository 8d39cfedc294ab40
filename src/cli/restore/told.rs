//! What a restore has made, told.

use super::super::page::Page;
use super::super::table::Table;
use super::super::{Exit, amount};
use crate::staging::{RestoreState, Restored, RestoredDatabase};

/// How a restore ended, by what it has made.
pub(super) fn exit(restored: &Restored) -> Exit {
    let any = |is: fn(&RestoredDatabase) -> bool| restored.databases.iter().any(is);
    if any(|one| one.state == RestoreState::Differs) {
        Exit::NotVerified
    } else if any(|one| !one.remarks.is_empty() || !one.less.is_empty() || !written_since(one).is_empty()) {
        Exit::LeftAside
    } else {
        Exit::Done
    }
}

/// What was written into what stood in the place, after its dump had begun.
fn written_since(one: &RestoredDatabase) -> &[String] {
    one.former.as_ref().filter(|_| one.state == RestoreState::Swapped).map_or(&[], |former| &former.written_since)
}

/// Says what was made.
pub(super) fn tell(page: &mut Page, restored: &Restored) {
    let mut table = Table::new(&["database", "state", "beside, as", "#tables", "#rows", "counted", "backup ended"]);
    for one in &restored.databases {
        let rows = one.tables.iter().filter_map(|table| table.restored).sum();
        let tables = one.tables.len().to_string();
        let beside = if one.state == RestoreState::Swapped { "-" } else { &one.scratch };
        let counted = one.counted.as_deref().map_or_else(|| "-".to_owned(), amount::moment);
        let counted = counted.as_str();
        let cells = [&one.name, one.state.word(), beside, &tables, &amount::count(rows), counted, &one.backup.ended];
        table.row(cells);
    }
    page.table(&table);
    let each = |what: fn(&RestoredDatabase) -> &Vec<String>| {
        restored.databases.iter().flat_map(move |one| what(one).iter().map(move |said| format!("{}: {said}", one.name)))
    };
    page.list("not what the backup holds:", each(|one| &one.differences).map(|line| format!("! {line}")));
    page.list("less, when it was counted for the swap:", each(|one| &one.less).map(|line| format!("! {line}")));
    page.list("remarks:", each(|one| &one.remarks));
    for one in restored.databases.iter().filter(|one| !written_since(one).is_empty()) {
        let kept_as = one.former.as_ref().map(|former| former.kept_as.as_str()).unwrap_or_default();
        let lead = format!("{}: written since its dump began, not in the dump, and kept in {kept_as} alone:", one.name);
        page.list(&lead, written_since(one).iter().map(|line| format!("! {line}")));
    }
    let compared = |one: &RestoredDatabase| {
        one.tables.iter().filter(|table| table.archived.is_some() && table.archived == table.restored).count()
    };
    let count: usize = restored.databases.iter().map(compared).sum();
    page.line("");
    page.line(format!(
        "{} hold as many rows as in their backup, when they were counted",
        amount::plural(count as u64, "table was found to", "tables were found to")
    ));
}
