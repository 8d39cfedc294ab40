//! Rows that were picked on the run's page, taken over as any other picks.

use std::collections::BTreeMap;
use std::path::Path;

use super::addition::{Added, add_rows};
use super::amount;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{Addition, Fragment, PickedRow, Resolution, RowPick};
use crate::staging::DiffIndex;
use crate::store::{Store, host_files};

/// Adds the picks of a fragment, all or none.
///
/// # Errors
/// `Refused` where they were made on the page of another diff; whatever reading the file or adding its rows can give.
pub(super) fn import(
    store: &dyn Store,
    (path, why): (&Path, Option<&String>),
    text: &str,
    sign: &dyn Fn(Resolution) -> Addition,
) -> Result<Added> {
    let file = path.display().to_string();
    let fragment = Fragment::read(&host_files::read_text(path)?, &file)?;
    if fragment.diff_blake3 != DiffIndex::read(store)?.own_blake3() {
        return Err(Error::new(ErrorKind::Refused, "take over the picks")
            .at(&file)
            .because("they were made on the page of another diff than the run has now")
            .next("open the run's report.html as it is now, and pick there; nothing was decided"));
    }
    if fragment.picks.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "take over the picks").at(&file).because("it picks no row"));
    }
    let picked: Vec<_> = fragment.picks.into_iter().map(|pick| signed(pick, why, sign)).collect();
    let added = add_rows(store, text, &picked)?;
    Ok(Added { journal: counted(&picked), ..added })
}

/// What the page says of who decided goes; what it leaves out, the command line says.
fn signed(pick: RowPick, why: Option<&String>, sign: &dyn Fn(Resolution) -> Addition) -> (PickedRow, Addition) {
    let said = sign(pick.resolution);
    let signature = pick.signature;
    let addition = Addition {
        resolution: pick.resolution,
        choices: pick.choices,
        fingerprint: None,
        why: signature.why.or_else(|| why.cloned()),
        by: signature.by.unwrap_or(said.by),
        at: signature.at.unwrap_or(said.at),
    };
    ((pick.database, pick.table, pick.key.into_iter().collect()), addition)
}

/// How many rows of each table are picked for what: a journal holds no keys.
fn counted(picked: &[(PickedRow, Addition)]) -> Vec<String> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for ((_, table, _), said) in picked {
        *counts.entry((table, said.resolution.word())).or_default() += 1;
    }
    counts.into_iter().map(|((table, word), rows)| format!("{} of {table} {word}", amount::rows(rows))).collect()
}
